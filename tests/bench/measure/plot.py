# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results as a picture: how much of what its target allows each thing takes.

A bar goes from the lower to the upper quartile of the rounds' ratios, a dot is the
median.  Left of the line at 1 the target is met.
"""

import math
from xml.sax.saxutils import escape

LINE, LEFT, WIDTH, RIGHT, TOP = 18, 330, 460, 90, 56
# The axis is logarithmic, from a tenth to three times of what is allowed.
FROM, TO = 0.1, 3.0
GOOD, BAD, INK, FAINT = "#1b7f4d", "#b3261e", "#222", "#ccc"


def share(row, value):
    """How much of what the target allows `value` is."""
    return value / row.at_most if row.at_most is not None else row.at_least / max(value, 1e-9)


def x(value):
    clipped = min(max(value, FROM), TO)
    return LEFT + WIDTH * math.log(clipped / FROM) / math.log(TO / FROM)


def text(left, top, words, anchor="start", more=""):
    return f'<text x="{left:.1f}" y="{top:.1f}" text-anchor="{anchor}" {more}>{escape(words)}</text>'


def line(x1, y1, x2, y2, colour, width=1):
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{colour}" stroke-width="{width}"/>')


def bar(row, top):
    colour = GOOD if row.met else BAD
    ends = sorted((share(row, row.ratio.low), share(row, row.ratio.high)))
    middle = top - LINE / 4
    yield text(LEFT - 10, top, row.name, "end")
    yield line(x(ends[0]), middle, x(ends[1]), middle, colour, 5)
    yield f'<circle cx="{x(share(row, row.ratio.median)):.1f}" cy="{middle:.1f}" r="4" fill="{colour}"/>'
    yield text(LEFT + WIDTH + 10, top, f"{share(row, row.ratio.median):.2f}")


def draw(results):
    groups = [(part.title, [row for row in part.rows if row.met is not None]) for part in results["parts"]]
    groups = [(title, rows) for title, rows in groups if rows]
    height = TOP + LINE * sum(len(rows) + 2 for _, rows in groups)
    total = LEFT + WIDTH + RIGHT
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="{height}" '
           f'viewBox="0 0 {total} {height}" font-family="sans-serif" font-size="12" fill="{INK}">')
    yield f'<rect width="{total}" height="{height}" fill="#fff"/>'
    yield text(LEFT, 20, "share of what the target allows: median and quartiles of the rounds", more='font-size="13"')
    for value in (0.1, 0.2, 0.5, 1, 2, 3):
        yield line(x(value), TOP - 14, x(value), height - LINE, INK if value == 1 else FAINT)
        yield text(x(value), TOP - 18, f"{value:g}", "middle")
    top = TOP
    for title, rows in groups:
        top += LINE
        yield text(10, top, title, more='font-weight="bold"')
        for row in rows:
            top += LINE
            yield from bar(row, top)
        top += LINE
    yield "</svg>"


def write(path, results):
    path.write_text("\n".join(draw(results)) + "\n")
