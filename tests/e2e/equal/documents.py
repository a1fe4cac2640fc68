# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents that name all that libvirt would make up: UUIDs, MAC addresses, ports."""

from equal import world
from lib import domains, shell

UUID = "7a5f0000-0000-4000-8000-0000000000{:02}"

POOL = (f"<pool type='dir'><name>p</name><uuid>{UUID.format(50)}</uuid>"
        f"<target><path>{world.FOLDER}/pool</path></target></pool>")


def domain(name="plain", number=1, **more):
    return domains.plain(name, UUID.format(number), **more)


def volume(name="v", capacity=1 << 20, allocation=None, kind="raw"):
    return (f"<volume><name>{name}</name><capacity>{capacity}</capacity>" +
            (f"<allocation>{allocation}</allocation>" if allocation is not None else "") +
            f"<target><format type='{kind}'/></target></volume>")


def pool(seen, connection):
    """An active pool of files."""
    (seen.folder / "pool").mkdir(exist_ok=True)
    return seen.does(connection.storagePoolCreateXML, POOL)


def disk(target="vda", path=None, kind="qcow2", extra=""):
    path = path or world.FOLDER / f"{target}.{kind}"
    return (f"<disk type='file'><driver name='qemu' type='{kind}'/><source file='{path}'/>"
            f"<target dev='{target}' bus='virtio'/>{extra}</disk>")


def image(target="vda", size="4M", kind="qcow2", backing=None):
    """The file of disk(); its path."""
    path = world.FOLDER / f"{target}.{kind}"
    more = ("-b", backing, "-F", kind) if backing else ()
    shell.works("qemu-img", "create", "-q", "-f", kind, *more, path, *(() if backing else (size,)))
    return path


def fill(path, kind="qcow2"):
    """Something to copy, the same each time."""
    shell.works("qemu-io", "-f", kind, "-c", "write -P 0x5a 0 1M", path)
