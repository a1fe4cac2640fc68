# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a part of the benchmark found."""

import dataclasses
import statistics


@dataclasses.dataclass
class Spread:
    """A ratio, taken once in every round."""
    median: float
    low: float      # the lower and the upper quartile
    high: float
    rounds: int

    @classmethod
    def of(cls, values):
        values = list(values)
        if len(values) == 1:
            return cls(values[0], values[0], values[0], 1)
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high, len(values))

    @classmethod
    def of_ratios(cls, above, below):
        """Round by round."""
        return cls.of(a / b for a, b in zip(above, below, strict=True))


@dataclasses.dataclass
class Row:
    """One thing measured; `values` are in the part's columns and in its order."""
    name: str
    values: tuple
    ratio: Spread = None
    at_most: float = None       # what the ratio should be
    at_least: float = None

    @property
    def met(self):
        """Whether the target was met in this run; None: there is none."""
        if self.at_most is not None:
            return self.ratio.median <= self.at_most
        if self.at_least is not None:
            return self.ratio.median >= self.at_least
        return None


@dataclasses.dataclass
class Part:
    title: str
    about: str          # what the columns and the ratio are
    columns: tuple
    ratio: str          # what is divided by what
    rows: list
