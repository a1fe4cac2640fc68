# SPDX-License-Identifier: LGPL-2.1-or-later
"""A user without root, with domains of the user's own (qemu:///session)."""

import contextlib
import os
import pathlib

from lib import daemon, expect, shell


class Person:
    """A user of this machine, with a home and virtspmd's configuration in it."""

    def __init__(self, uid, name):
        self.uid, self.name = uid, name
        shell.works("groupadd", "--gid", str(uid), name)
        shell.works("useradd", "--uid", str(uid), "--gid", str(uid), "--create-home", name)
        self.home = pathlib.Path("/home") / name
        self.runtime = pathlib.Path("/run/user") / str(uid)
        self.socket = self.runtime / "virtspm/virtspm-sock"
        self.uri = f"qemu+unix:///session?socket={self.socket}"
        self.environment = {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(self.runtime), "USER": name}
        for variable in "XDG_CONFIG_HOME", "XDG_CACHE_HOME":
            os.environ.pop(variable, None)
        config = self.home / ".config/virtspm"
        shell.works("install", "-d", "-o", name, "-g", name, self.home / ".config", config)
        (config / "virtspm.conf").write_text(daemon.CONFIGURATION.read_text())

    def make_runtime(self):
        """The runtime folder, where no logind makes it."""
        self.runtime.mkdir(parents=True, mode=0o700)
        os.chown(self.runtime, self.uid, self.uid)

    @property
    def as_user(self):
        return {"user": self.uid, "group": self.uid, "extra_groups": []}

    def run(self, *words, status=0):
        """What the user's program prints, or says of its failure."""
        done = shell.run(*words, environment=self.environment, **self.as_user)
        expect.equal(done.status, status, f"the status of {done}")
        return done.out if status == 0 else done.err

    def virsh(self, *words, uri=None, **more):
        return self.run(*shell.virsh(*words, uri=uri or self.uri), **more)

    def emulator(self, domain):
        """Whose the emulator of a domain is: a list of user ids, one for each that runs."""
        users = []
        for entry in pathlib.Path("/proc").iterdir():
            # One that ends meanwhile is not it.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if entry.name.isdigit() and f"guest={domain}".encode() in (entry / "cmdline").read_bytes():
                    users.append(entry.stat().st_uid)
        return users
