# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looking into XML."""

import xml.etree.ElementTree as ElementTree

QEMU = "{http://libvirt.org/schemas/domain/qemu/1.0}"
RECORD = "{urn:virtspm:domain:1}"


def parse(text):
    return ElementTree.fromstring(text)


def all(text, path):
    """The attributes of the elements at the path, in document order."""
    return [dict(element.attrib) for element in parse(text).findall(path)]


def has(text, path):
    return parse(text).find(path) is not None


def content(text, path):
    """The text of the element at the path; None without one."""
    return parse(text).findtext(path)


def cells(text):
    return all(text, "cpu/numa/cell")


def same(text):
    """A form in which documents that say the same are equal: white space
    between elements and the order of attributes do not count."""
    return ElementTree.canonicalize(text, strip_text=True)
