# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a case says about what it got.  Each raises with both sides shown."""

import difflib

import libvirt


def equal(got, wanted, what="result"):
    if got == wanted:
        return
    if isinstance(got, str) and isinstance(wanted, str) and "\n" in got + wanted:
        lines = difflib.unified_diff(wanted.splitlines(), got.splitlines(), "wanted", "got",
                                     lineterm="", n=2)
        raise AssertionError(f"{what} differs:\n" + "\n".join(lines))
    raise AssertionError(f"{what} is {got!r}, not {wanted!r}")


def true(value, what):
    if not value:
        raise AssertionError(f"not so: {what}")


def contains(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f"{part!r} is not in:\n{text}")


def lacks(text, *parts):
    for part in parts:
        if part in text:
            raise AssertionError(f"{part!r} is in:\n{text}")


def refused(call, *parts, code=None, domain=None):
    """The call ends in a libvirt error with these words and this code; the error."""
    try:
        result = call()
    except libvirt.libvirtError as error:
        contains(error.get_error_message(), *parts)
        if code is not None:
            equal(error.get_error_code(), code, f"the code of '{error}'")
        if domain is not None:
            equal(error.get_error_domain(), domain, f"the domain of '{error}'")
        equal(error.get_error_level(), libvirt.VIR_ERR_ERROR, f"the level of '{error}'")
        return error
    raise AssertionError(f"it was not refused, and gave {result!r}")
