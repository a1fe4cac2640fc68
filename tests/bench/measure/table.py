# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results as text and as JSON."""

import dataclasses
import json
import textwrap

WIDTH = 120


def number(value):
    """Three digits that matter are what a benchmark can tell."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def ratio(spread):
    if spread is None:
        return "", ""
    return f"{spread.median:.3f}", f"{spread.low:.3f}-{spread.high:.3f}"


def target(row):
    if row.at_most is not None:
        return f"<= {row.at_most:g}"
    return f">= {row.at_least:g}" if row.at_least is not None else ""


def verdict(row):
    return {True: "met", False: "NOT MET", None: ""}[row.met]


def lines_of(part):
    head = ["", *part.columns, part.ratio, "quartiles", "target", ""]
    body = [[row.name, *map(number, row.values), *ratio(row.ratio), target(row), verdict(row)]
            for row in part.rows]
    used = [column for column in range(len(head)) if column == 0 or any(line[column] for line in body)]
    widths = [max(len(line[column]) for line in [head, *body]) for column in used]
    for line in [head, *body]:
        cells = [line[column].ljust(width) if column == 0 or column == len(head) - 1 else line[column].rjust(width)
                 for column, width in zip(used, widths)]
        yield "  ".join(cells).rstrip()


def summary(results):
    met = [row.met for part in results["parts"] for row in part.rows if row.met is not None]
    return f"{sum(met)} of {len(met)} targets met in this run"


def text_of(results):
    machine = results["machine"]
    yield (f"{machine['cpus']} x {machine['cpu']}, Linux {machine['kernel']}, "
           f"libvirt {machine['libvirt']}; load average at the start {machine['load']:.1f}")
    yield summary(results)
    for part in results["parts"]:
        yield ""
        yield from text_of_part(part)


def text_of_part(part):
    yield part.title
    yield from textwrap.wrap(part.about, WIDTH, initial_indent="  ", subsequent_indent="  ")
    yield from (f"  {line}" for line in lines_of(part))


def write(path, results):
    path.write_text("\n".join(text_of(results)) + "\n")


def write_json(path, results):
    parts = [dict(dataclasses.asdict(part), rows=[dict(dataclasses.asdict(row), met=row.met) for row in part.rows])
             for part in results["parts"]]
    path.write_text(json.dumps({"machine": results["machine"], "parts": parts}, indent=1) + "\n")
