# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lowering and raising alone, without any daemon."""

import json
import pathlib
import tempfile

from measure import documents
from measure.results import Part, Row, Spread

SIZES = (2, 20, 200)
# A document ten times as long may take this much more than ten times as long: caches end somewhere.
LINEAR = 1.25


def run(bench, texts, repeat=400):
    """What bench-translate says of each text, as {name: {operation: figures}}."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            (pathlib.Path(folder) / name).write_text(text)
        for line in bench.run("bench-translate", f"--repeat={repeat}",
                              *(f"{folder}/{name}" for name in texts)):
            entry = json.loads(line)
            found.setdefault(pathlib.Path(entry["file"]).name, {})[entry["operation"]] = entry
    return found


def measure(bench):
    texts = {f"{size} KiB, {'SPM' if spm else 'no SPM'}": documents.domain(size, spm)
             for spm in (False, True) for size in SIZES}
    found = run(bench, texts)
    rows = []
    for name, operations in found.items():
        for operation, entry in operations.items():
            rows.append(Row(f"{name}, {operation}", (
                entry["length"] / 1024, entry["least"], entry["median"],
                entry["least"] / entry["length"] * 1024, entry["allocations"],
                entry["allocated"] / 1024)))
    rows += [linear(found, operation, *sizes) for operation in ("lower", "raise")
             for sizes in zip(SIZES, SIZES[1:])]
    return Part(
        title="pure",
        about="One operation on a document in memory, in microseconds: the least of 400 runs, the "
              "median, and the least for each KiB; and what it takes from the heap. 'search' is what "
              "every document pays: is there anything to do? The last rows compare the least for "
              "each KiB: where it does not grow, time grows no faster than the document.",
        columns=("KiB", "least", "median", "per KiB", "allocations", "KiB allocated"),
        ratio="longer / shorter", rows=rows)


def linear(found, operation, short, long):
    def per_byte(size):
        entry = found[f"{size} KiB, SPM"][operation]
        return entry["least"] / entry["length"]
    return Row(f"{operation}, {long} KiB beside {short} KiB", (None,) * 6,
               ratio=Spread.of([per_byte(long) / per_byte(short)]), at_most=LINEAR)
