#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The clock is set back and forth, and nobody notices but the log.

libfaketime gives virtspmd another wall clock. The monotonic one, by which a kernel
counts what has really passed, stays as it is: that is what setting a clock does.
"""

import contextlib
import glob
import pathlib
import tempfile

from lib import daemon, domains, expect, hypervisor, rpc, tap, xml

JUMPS = ["-2y", "+2y", "-9y", "+0y"]


def preloaded():
    """Where the library is; every architecture has a folder of its own."""
    return glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0]


class Clock:
    def __init__(self, folder):
        self.file = pathlib.Path(folder) / "clock"
        self.set("+0y")

    def set(self, offset):
        self.file.write_text(f"{offset}\n")


@contextlib.contextmanager
def virtspmd(settings=""):
    """One with a clock of its own, and that clock."""
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock(folder)
        environment = {"LD_PRELOAD": preloaded(), "FAKETIME_TIMESTAMP_FILE": str(clock.file),
                       "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                       "DONT_FAKE_MONOTONIC": "1"}
        with daemon.running(pathlib.Path(folder) / "sock", settings=f"log-level=debug\n{settings}",
                            environment=environment) as instance:
            yield instance, clock


suite = tap.Suite()


def year_of_the_log(instance):
    return instance.log().splitlines()[-1][:4]


@suite.case("whoever is connected stays, whoever comes is served, in every year")
def _(_):
    with virtspmd() as (instance, clock), hypervisor.connected(instance.uri) as connection, \
            hypervisor.defined(connection, domains.spm("clock")) as domain:
        years = {year_of_the_log(instance)}
        for offset in JUMPS:
            clock.set(offset)
            with hypervisor.connected(instance.uri) as another:
                expect.equal(xml.cells(another.lookupByName("clock").XMLDesc())[1]["memmapType"], "spm")
            expect.equal(xml.cells(domain.XMLDesc())[1]["memmapType"], "spm")
            years.add(year_of_the_log(instance))
        # Otherwise the clock was never set.
        expect.true(len(years) == 4, f"the log is of four years: {years}")


@suite.case("a time-out ends when its time has passed, though the clock was set back")
def _(_):
    with virtspmd("handshake-timeout=1") as (instance, clock), \
            rpc.connected(str(instance.listen), opened=False) as opening:
        clock.set("-2y")
        try:
            opening.take(1)
        except rpc.Closed:
            return
        raise AssertionError("somebody who never opens was answered")


suite.main()
