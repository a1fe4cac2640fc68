# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a scenario sees of one side, in the order in which it sees it."""

import collections
import contextlib
import os
import subprocess

import libvirt

from equal import plain, world
from lib import hypervisor, shell

Side = collections.namedtuple("Side", "name socket")

SIDES = {"straight": Side("straight", hypervisor.LIBVIRT_SOCKET),
         "virtspmd": Side("virtspmd", hypervisor.VIRTSPM_SOCKET)}


def sides():
    """The two that are compared."""
    return [SIDES[name] for name in os.environ.get("EQUAL_SIDES", "straight,virtspmd").split(",")]


class Failed(AssertionError):
    """Something that a scenario depends on did not happen, on this side."""


class Seen:
    """One run of a scenario: where it connects to, and what it has seen."""

    def __init__(self, side):
        self.side = side
        self.steps = []
        self.folder = world.FOLDER
        self.held = contextlib.ExitStack()

    def uri(self, driver="qemu", path="/system"):
        return f"{driver}+unix://{path}?socket={self.side.socket}"

    def connect(self, *where, read_only=False):
        """A connection that is closed with the run."""
        return self.held.enter_context(hypervisor.connected(self.uri(*where), read_only))

    def restores(self):
        """Can this libvirtd restore what it has saved?  11.3 names a file in a way that
        QEMU 11.1 does not take."""
        return self.connect().getLibVersion() >= 12000000

    # ---- steps ----

    def add(self, step):
        """The side's own socket, which its client has named itself, is SOCKET."""
        self.steps.append(step.replace(self.side.socket, "SOCKET"))

    def note(self, what, value):
        """Something that was seen, under a name."""
        self.add(f"{what} -> {plain.plain(value)}")

    def does(self, call, /, *args, **more):
        """A call that has to succeed; its result."""
        return self.step(call, args, more, must=True)

    def tries(self, call, /, *args, **more):
        """A call that may fail; its result or None."""
        return self.step(call, args, more, must=False)

    def named(self, name, call, /, *args, **more):
        """A call that may fail, under a name of one's own."""
        return self.step(call, args, more, must=False, name=name)

    def step(self, call, args, more, must, name=None):
        name = name or label(call, args, more)
        try:
            result = call(*args, **more)
        except Exception as raised:
            words = plain.error(raised)
            self.add(f"{name} {words}")
            if must:
                raise Failed(f"{self.side.name}: {name} {words}") from raised
            return None
        self.note(name, result)
        return result

    def tool(self, *argv, must=True, shows=(), **more):
        """A program: its status and all that it prints; it succeeds unless told otherwise."""
        done = shell.run(*argv, **more)
        self.add(str(done))
        if must and done.status != 0:
            raise Failed(f"{self.side.name}: {done}")
        for part in shows:
            if part not in done.out:
                raise Failed(f"{self.side.name}: {part!r} is not shown by {done}")
        return done

    @contextlib.contextmanager
    def program(self, *argv):
        """A program that runs beside; what it prints, to be read."""
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process.stdout
            finally:
                process.terminate()

    def virsh(self, *words, must=True, **more):
        return self.tool("virsh", "-c", self.uri(), *words, must=must, **more)


def label(call, args, more):
    words = [plain.plain(arg) for arg in args]
    words += [f"{name}={plain.plain(value)}" for name, value in more.items()]
    return f"{plain.plain(call)}({', '.join(words)})"


def constants(prefix, module=libvirt):
    """{number: name} of the bindings' constants."""
    return {value: name.removeprefix(prefix) for name, value in sorted(vars(module).items())
            if name.startswith(prefix) and isinstance(value, int)}
