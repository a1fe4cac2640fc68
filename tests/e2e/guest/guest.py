#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Talk to the guest that tests/e2e/guest/init runs in.

As a program:

    guest.py report DOMAIN        wait for the guest's report and print it
    guest.py ask DOMAIN WORD...   send a line, print the guest's answer

As a module: Guest(domain).report() and Guest(domain).ask("ping", "1").

The domain has a serial console of type pty with <log file=LOG/>, LOG being
/var/log/libvirt/qemu/DOMAIN-serial.log: what the guest says is read from LOG,
what is said to it goes through the pty.  Waiting is for events: inotify for the
log, a pidfd for the death of QEMU.  The time limit only bounds a hang.

This goes around libvirtd and virtspmd, so that it can tell whether the guest is
alive while either of them is not.
"""

import ctypes
import os
import pathlib
import re
import select
import sys
import time

# Ten times what a boot takes under software emulation.
TIME_LIMIT = 300

IN_MODIFY = 0x2
IN_CREATE = 0x100
IN_MOVED_TO = 0x80


class GuestError(Exception):
    """The guest did not say what it should have, and why."""


class Log:
    """The console's log, line by line as it grows."""

    def __init__(self, path, pid):
        self.path = pathlib.Path(path)
        libc = ctypes.CDLL(None, use_errno=True)
        self.inotify = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        # The folder, as the file may not be there yet or may be replaced.
        mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO
        if self.inotify < 0 or libc.inotify_add_watch(
                self.inotify, os.fsencode(self.path.parent), mask) < 0:
            raise OSError(ctypes.get_errno(), f"inotify on {self.path.parent}")
        self.pidfd = os.pidfd_open(pid)

    def close(self):
        os.close(self.inotify)
        os.close(self.pidfd)

    def size(self):
        return self.path.stat().st_size if self.path.exists() else 0

    def lines(self, offset, deadline):
        """Yield whole lines from the offset on, waiting for more."""
        rest = b""
        while True:
            gone = bool(select.select([self.pidfd], [], [], 0)[0])
            if self.path.exists():
                with self.path.open("rb") as log:
                    log.seek(offset)
                    rest += log.read()
                    offset = log.tell()
            *whole, rest = rest.split(b"\n")
            for line in whole:
                yield line.decode(errors="replace").rstrip("\r")
            if gone:
                raise GuestError(f"QEMU ended; the console's last words: {self.last_words()}")
            left = deadline - time.monotonic()
            if left <= 0:
                raise GuestError(f"nothing more within {TIME_LIMIT} s; the console's last words: "
                                 + self.last_words())
            select.select([self.inotify, self.pidfd], [], [], left)
            try:
                os.read(self.inotify, 65536)
            except BlockingIOError:
                pass

    def last_words(self):
        if not self.path.exists():
            return f"(no {self.path})"
        lines = self.path.read_text(errors="replace").splitlines()[-10:]
        return "".join(f"\n    | {line}" for line in lines)


class Report:
    """What the guest's kernel made of its memory; see tests/e2e/guest/init."""

    def __init__(self):
        self.lines = []
        self.entries = {}       # first word -> list of {key: value}

    def add(self, line):
        self.lines.append(line)
        kind, *words = line.split()
        entry = {}
        for word in words:
            key, _, value = word.partition("=")
            entry[key] = int(value, 0) if re.fullmatch(r"0x[0-9a-f]+|[0-9]+", value) else value
        self.entries.setdefault(kind, []).append(entry)

    def all(self, kind, **wanted):
        """The entries of a kind that have these values."""
        return [entry for entry in self.entries.get(kind, [])
                if all(entry.get(key) == value for key, value in wanted.items())]

    def node(self, node, stage):
        found = self.all("node", node=node, stage=stage)
        return found[0] if found else None


class Guest:
    def __init__(self, domain):
        self.domain = domain
        self.log_path = f"/var/log/libvirt/qemu/{domain}-serial.log"

    def pid(self):
        """QEMU's process, from the file that libvirt keeps while it runs."""
        file = pathlib.Path(f"/run/libvirt/qemu/{self.domain}.pid")
        if not file.exists():
            raise GuestError(f"domain {self.domain} is not running")
        return int(file.read_text())

    def alive(self):
        try:
            os.kill(self.pid(), 0)
        except (GuestError, ProcessLookupError):
            return False
        return True

    def report(self, echo=None):
        """Wait for the report; `echo` is called with each line of it."""
        report = Report()
        log = Log(self.log_path, self.pid())
        try:
            for line in log.lines(0, time.monotonic() + TIME_LIMIT):
                _, said, text = line.partition("GUEST ")
                if not said:
                    continue
                report.add(text)
                if echo:
                    echo(text)
                if text == "REPORT-END":
                    return report
        finally:
            log.close()

    def ask(self, *words):
        """Send a line to the guest and return the first line it answers with."""
        tty = self.tty()
        log = Log(self.log_path, self.pid())
        try:
            offset = log.size()
            # Kept open until the answer: QEMU does not read a pty that nobody holds.
            pty = os.open(tty, os.O_RDWR | os.O_NOCTTY)
            try:
                os.write(pty, " ".join(words).encode() + b"\n")
                for line in log.lines(offset, time.monotonic() + TIME_LIMIT):
                    _, said, text = line.partition("GUEST ")
                    if said:
                        return text
            finally:
                os.close(pty)
        finally:
            log.close()

    def tty(self):
        """The pty, asked from QEMU's own open files, so without libvirtd."""
        for link in pathlib.Path(f"/proc/{self.pid()}/fd").iterdir():
            try:
                target = os.readlink(link)
            except FileNotFoundError: # closed meanwhile
                continue
            if target in ("/dev/ptmx", "/dev/pts/ptmx"):
                index = re.search(r"^tty-index:\s*(\d+)", (link.parent.parent / "fdinfo" / link.name)
                                  .read_text(), re.MULTILINE)
                if index:
                    return f"/dev/pts/{index[1]}"
        raise GuestError(f"domain {self.domain} has no console of type pty")


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("report", "ask"):
        print(__doc__, file=sys.stderr)
        return 2
    guest = Guest(sys.argv[2])
    try:
        if sys.argv[1] == "report":
            guest.report(echo=lambda line: print(line, flush=True))
        else:
            print(guest.ask(*sys.argv[3:]))
    except (GuestError, OSError) as error:
        print(f"guest.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
