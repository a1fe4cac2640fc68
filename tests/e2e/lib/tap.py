# SPDX-License-Identifier: LGPL-2.1-or-later
"""A suite of cases that reports in TAP, the Test Anything Protocol.

    suite = tap.Suite(world)          # a context manager: what the cases share

    @suite.case("a domain comes back as it was defined")
    def _(world):
        ...

    suite.main()

Cases run in the order in which they are written.  A case fails by raising; one
that raises Skip is skipped, with the reason.  One that is marked vital ends the
suite when it fails, because what follows builds on it.  A case or the making of
the world that takes longer than its patience (seconds) ends the process with a
traceback, so that nothing hangs.

Words on the command line choose the cases whose names contain one of them;
vital ones always run.
"""

import contextlib
import faulthandler
import sys
import time
import traceback

PATIENCE = 120


class Skip(Exception):
    """A case that cannot be run here, and why."""


class Suite:
    def __init__(self, world=contextlib.nullcontext):
        self.world = world
        self.cases = []

    def case(self, name, vital=False, patience=PATIENCE):
        def add(function):
            self.cases.append((name, function, vital, patience))
            return function
        return add

    def main(self):
        words = sys.argv[1:]
        chosen = [case for case in self.cases
                  if case[2] or not words or any(word in case[0] for word in words)]
        say(f"1..{len(chosen)}")
        faulthandler.dump_traceback_later(PATIENCE, exit=True)
        try:
            with self.world() as world:
                failed = run(chosen, world)
                faulthandler.dump_traceback_later(PATIENCE, exit=True)
        except Exception:
            comment(traceback.format_exc())
            say("Bail out! what the cases share cannot be made or taken down")
            sys.exit(1)
        finally:
            faulthandler.cancel_dump_traceback_later()
        sys.exit(1 if failed else 0)


def run(cases, world):
    """Whether any failed."""
    failed = False
    for number, (name, function, vital, patience) in enumerate(cases, 1):
        start = time.monotonic()
        faulthandler.dump_traceback_later(patience, exit=True)
        try:
            function(world)
        except Skip as reason:
            say(f"ok {number} - {name} # SKIP {reason}")
        except Exception:
            failed = True
            say(f"not ok {number} - {name}")
            comment(traceback.format_exc())
            if vital:
                say(f"Bail out! nothing can be said without '{name}'")
                break
        else:
            say(f"ok {number} - {name}")
        comment(f"{time.monotonic() - start:.1f} s")
    return failed


def say(line):
    print(line, flush=True)


def comment(text):
    for line in text.splitlines():
        say(f"# {line}")
