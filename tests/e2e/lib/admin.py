# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libvirtd tells of its clients, by virt-admin."""

import re

from lib import shell


def clients():
    """Their numbers."""
    listed = shell.works("virt-admin", "-q", "client-list", "libvirtd")
    return set(re.findall(r"^ *(\d+) +unix", listed, re.MULTILINE))


def known_about(number):
    """The words of client-info: {word: what it is}."""
    return dict(re.findall(r"^(\S+) *: *(.*?) *$", shell.works(
        "virt-admin", "-q", "client-info", "libvirtd", number), re.MULTILINE))
