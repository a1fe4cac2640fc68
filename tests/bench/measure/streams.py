# SPDX-License-Identifier: LGPL-2.1-or-later
"""Volumes: how fast they are uploaded and downloaded, beside direct."""

import tempfile

from lib import hypervisor, rpc, xdr
from measure.results import Part, Row

STORAGE_VOL_UPLOAD, STORAGE_VOL_DOWNLOAD = 208, 209
SIZE = 1 << 30
MIB = 1 << 20


def measure(bench):
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder, \
            hypervisor.connected(hypervisor.LIBVIRT_URI) as connection:
        pool = connection.storagePoolCreateXML(
            f"<pool type='dir'><name>bench</name><target><path>{folder}</path></target></pool>")
        try:
            volume = pool.createXML(
                f"<volume><name>v</name><capacity>{SIZE}</capacity>"
                "<target><format type='raw'/></target></volume>")
            arguments = (xdr.string("bench") + xdr.string("v") + xdr.string(volume.key()) +
                         xdr.u64(0) + xdr.u64(SIZE) + xdr.u32(0))
            # Uploads first: a download then has something to read.
            rows = [row(bench, "upload", STORAGE_VOL_UPLOAD, arguments),
                    row(bench, "download", STORAGE_VOL_DOWNLOAD, arguments)]
        finally:
            pool.destroy()
    return Part(
        title="streams",
        about="A volume of 1 GiB, in memory (tmpfs), in MiB a second.",
        columns=("direct", "socat", "virtspmd"), ratio="virtspmd / direct", rows=rows)


def row(bench, direction, procedure, arguments):
    samples = bench.streams(direction, SIZE, rpc.frame(procedure, arguments, serial=2))
    return Row(direction,
               tuple(samples.median(name, "rate") / MIB for name in ("direct", "socat", "virtspmd")),
               ratio=samples.ratio("rate", "virtspmd", "direct"), at_least=0.95)
