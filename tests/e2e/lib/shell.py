# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs as a user runs them."""

import os
import subprocess

from lib import expect, hypervisor


class Done:
    def __init__(self, argv, done):
        self.argv = argv
        self.status = done.returncode
        self.out = done.stdout
        self.err = done.stderr

    def __str__(self):
        return (f"{' '.join(map(str, self.argv))}\nstatus {self.status}\n"
                f"--- output\n{self.out}--- errors\n{self.err}")


def run(*argv, input=None, environment=None, **more):
    done = subprocess.run(argv, input=input, env=dict(os.environ, **(environment or {})),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          stdin=None if input is not None else subprocess.DEVNULL, **more)
    return Done(argv, done)


def works(*argv, **more):
    """What it prints; it has to succeed."""
    done = run(*argv, **more)
    expect.equal(done.status, 0, f"the status of:\n{done}\n")
    return done.out


def fails(*argv, status=1, **more):
    """What it says about its failure."""
    done = run(*argv, **more)
    expect.equal(done.status, status, f"the status of:\n{done}\n")
    return done.err


def virsh(*words, uri=hypervisor.VIRTSPM_URI):
    return ("virsh", "-q", "-c", uri, *words)
