# SPDX-License-Identifier: LGPL-2.1-or-later
"""The services under test, and connections to them.

scripts/hypervisor runs them, and puts the two URIs into the environment.
"""

import contextlib
import os
import pathlib
import subprocess
import urllib.parse

import libvirt

SCRIPTS = pathlib.Path(__file__).resolve().parents[3] / "scripts"

VIRTSPM_URI = os.environ["VIRTSPM_URI"]
LIBVIRT_URI = os.environ["LIBVIRT_URI"]
VIRTSPM_SOCKET = urllib.parse.parse_qs(urllib.parse.urlsplit(VIRTSPM_URI).query)["socket"][0]
LIBVIRT_SOCKET = "/run/libvirt/libvirt-sock"

# Errors are raised; libvirt would print them as well.
libvirt.registerErrorHandler(lambda *_: None, None)


def ctl(verb, service):
    """start, stop, restart, kill or pid; the service's process id (0: none)."""
    done = subprocess.run([SCRIPTS / "hypervisor", "ctl", verb, service],
                          stdout=subprocess.PIPE, text=True, check=True)
    if service == "libvirtd" and verb in ("start", "restart"):
        wait_for_libvirtd()
    return int(done.stdout)


def wait_for_libvirtd():
    """Its drivers are there: before that it accepts nobody, and ends badly when it is
    asked to end."""
    with connected(LIBVIRT_URI):
        pass


def sanitized(service):
    """Is there a sanitizer in it? That keeps what was freed for a while, so that memory
    says nothing; and looks for leaks itself."""
    return "san.so" in pathlib.Path(f"/proc/{ctl('pid', service)}/maps").read_text()


@contextlib.contextmanager
def connected(uri=VIRTSPM_URI, read_only=False):
    connection = libvirt.openReadOnly(uri) if read_only else libvirt.open(uri)
    try:
        yield connection
    finally:
        # One that the other side has ended may say so once more.
        with contextlib.suppress(libvirt.libvirtError):
            connection.close()


@contextlib.contextmanager
def defined(connection, xml):
    """A domain for as long as the block lasts."""
    domain = connection.defineXML(xml)
    uuid = domain.UUIDString()
    try:
        yield domain
    finally:
        remove(uuid)


@contextlib.contextmanager
def paused(domain):
    """It runs, paused, for as long as the block lasts."""
    domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
    try:
        yield
    finally:
        if domain.isActive():
            domain.destroy()


def remove(uuid):
    """Whatever has become of it, and through whomever it was made."""
    with connected(LIBVIRT_URI) as connection:
        try:
            domain = connection.lookupByUUIDString(uuid)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise
            return
        stays = domain.isPersistent()
        if domain.isActive():
            with contextlib.suppress(libvirt.libvirtError):
                # It may have ended by itself meanwhile.
                domain.destroy()
        if stays:
            domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
                                 libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
                                 libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA |
                                 libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
