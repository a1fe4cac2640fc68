# SPDX-License-Identifier: LGPL-2.1-or-later
"""A suite of scenarios, each run on both sides and compared."""

import difflib
import traceback

from equal import bound, seen, world
from lib import tap

# How much of a difference is shown.
LINES, WIDTH = 60, 1000


class Differs(AssertionError):
    def __init__(self, names, steps):
        lines = difflib.unified_diff(*steps, *names, lineterm="", n=3)
        shown = [line[:WIDTH] for _, line in zip(range(LINES), lines)]
        super().__init__("\n".join(["what was seen differs:", *shown]))


class Suite(tap.Suite):
    def scenario(self, name, bound=(), **more):
        """Add one; `bound` are rules of equal/bound.py beyond the common ones."""
        def add(scenario):
            self.case(name, **more)(lambda _: both(scenario, bound))
            return scenario
        return add


def both(scenario, rules=(), sides=None):
    """Run it on both sides; what was seen on them, which has to be equal."""
    sides = sides or seen.sides()
    steps = [look(scenario, side, rules) for side in sides]
    if steps[0] != steps[1]:
        raise Differs([side.name for side in sides],
                      ["\n".join(each).splitlines() for each in steps])
    if not steps[0]:
        raise AssertionError("the scenario saw nothing")
    return steps[0]


def look(scenario, side, rules):
    """What a scenario sees on a side, without what is bound to differ."""
    world.empty()
    run = seen.Seen(side)
    try:
        with run.held:
            scenario(run)
    except tap.Skip:
        raise
    except Exception as raised:
        # It ended here, and maybe not on the other side: both are to be seen.
        last = traceback.extract_tb(raised.__traceback__)[-1]
        raise AssertionError(
            f"{side.name}: ended by {type(raised).__name__} in line {last.lineno} of "
            f"{last.filename}: {raised}\nafter\n" +
            "\n".join(step[:WIDTH] for step in run.steps[-10:])) from raised
    finally:
        world.empty()
    return [bound.apply(step, (*bound.COMMON, *rules)) for step in run.steps]
