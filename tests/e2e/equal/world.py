# SPDX-License-Identifier: LGPL-2.1-or-later
"""The state that every run begins with: an empty libvirtd, and an empty folder."""

import pathlib
import shutil

from lib import hypervisor

# The same for both runs, as its path is in documents and messages.
FOLDER = pathlib.Path("/var/lib/libvirt/equal")


def empty():
    """Remove what an earlier run has left, whatever it was."""
    with hypervisor.connected(hypervisor.LIBVIRT_URI) as connection:
        for domain in connection.listAllDomains():
            hypervisor.remove(domain.UUIDString())
        for pool in connection.listAllStoragePools():
            remove_pool(pool)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(mode=0o755)


def remove_pool(pool):
    """But not its files."""
    stays = pool.isPersistent()
    if pool.isActive():
        pool.destroy()
    if stays:
        pool.undefine()
