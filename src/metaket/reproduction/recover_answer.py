"""What `recover` answers: the tables, how many they are, and why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._notebook import ShownAsText
from metaket.reproduction.recover_figures import Figure, Tables
from metaket.reproduction.recover_tests import TABLE_TESTS, log_effect, risk_difference

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Nearest", "Recovered"]

CELLS = ("events_t", "n_t", "events_c", "n_c")
SHOWN = 20  # rows of the summary; to_frame() has all


@dataclass(frozen=True, slots=True)
class Nearest:
    """A table that agrees with all printed figures but some.

    Attributes
    ----------
    events_t, n_t, events_c, n_c : int
    breaks : tuple of str
        The figures that exclude it.
    values : mapping
        For each of them what the table gives instead, by reading.
    """

    events_t: int
    n_t: int
    events_c: int
    n_c: int
    breaks: tuple[str, ...]
    values: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, eq=False)
class Recovered(ShownAsText):
    """Every table that agrees with what is printed.

    Attributes
    ----------
    question : mapping of str to str
        What was given, as given.
    tables : Tables
        The cells as arrays, one entry a table.
    figures : tuple of Figure
        The printed figures, as read.
    tried : int
        How many tables were tried.
    assumed : tuple of str
        Limits that were set because nothing was given.
    nearest : tuple of Nearest
        Where there is no table: the ones that break the fewest figures, the nearest first.
    reason : str
        Why no nearest table is named, else empty.
    """

    question: Mapping[str, str]
    tables: Tables
    figures: tuple[Figure, ...]
    tried: int
    assumed: tuple[str, ...] = ()
    nearest: tuple[Nearest, ...] = ()
    reason: str = ""

    @property
    def count(self) -> int:
        """Number of tables."""
        return len(self.tables.n_t)

    @property
    def verdict(self) -> str:
        """ "one", "several" or "none"."""
        return "none" if self.count == 0 else "one" if self.count == 1 else "several"

    @property
    def ranges(self) -> dict[str, tuple[int, int]]:
        """The smallest and the largest of each cell; empty without a table."""
        if not self.count:
            return {}
        return {name: (int(x.min()), int(x.max())) for name, x in zip(CELLS, self.tables.cells, strict=True)}

    @property
    def excluded_by(self) -> tuple[str, ...]:
        """The figures that exclude the nearest tables."""
        return tuple(dict.fromkeys(name for near in self.nearest for name in near.breaks))

    def readings(self) -> dict[str, list[str]]:
        """For each figure with more than one reading, table by table, those that give it; empty where all do."""
        out = {}
        for figure in self.figures:
            if len(figure.readings) > 1:
                hits = figure.by_reading(self.tables)
                told = [[label for label, hit in hits.items() if hit[i]] for i in range(self.count)]
                out[figure.name] = ["; ".join(labels) if len(labels) < len(hits) else "" for labels in told]
        return out

    def to_frame(self) -> pd.DataFrame:
        """One row a table: its cells, percentages, effects, p of every test, and which reading gives each figure."""
        import pandas as pd

        t = self.tables
        frame = pd.DataFrame({name: cell.astype(np.int64) for name, cell in zip(CELLS, t.cells, strict=True)})
        frame["percent_t"], frame["percent_c"] = 100.0 * t.events_t / t.n_t, 100.0 * t.events_c / t.n_c
        if self.count:
            frame["odds_ratio"] = np.exp(log_effect("OR", *t.cells)[0])
            frame["risk_ratio"] = np.exp(log_effect("RR", *t.cells)[0])
            frame["risk_difference"] = risk_difference(*t.cells)[0]
            for test in TABLE_TESTS:
                frame[f"p_{test.code}"] = test.func(*t.cells)
        for name, labels in self.readings().items():
            frame[f"{name}_by"] = labels
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        return {
            "question": dict(self.question),
            "verdict": self.verdict,
            "count": self.count,
            "tried": self.tried,
            "ranges": {name: list(ends) for name, ends in self.ranges.items()},
            "tables": self.to_frame().to_dict(orient="records"),
            "assumed": list(self.assumed),
            "excluded_by": list(self.excluded_by),
            "nearest": [
                {name: getattr(x, name) for name in CELLS}
                | {"breaks": list(x.breaks), "values": {k: dict(v) for k, v in x.values.items()}}
                for x in self.nearest
            ],
            "reason": self.reason,
        }

    def summary(self) -> str:
        """In words, with the tables."""
        lines = [f"{'; '.join(f'{k} {v}' for k, v in self.question.items())}"]
        lines += {"none": self._none, "one": self._one, "several": self._several}[self.verdict]()
        lines += [f"assumed: {text}" for text in self.assumed]
        return "\n".join(lines)

    __str__ = summary

    def _one(self) -> list[str]:
        a, n1, c, n2 = (int(x[0]) for x in self.tables.cells)
        by = [f"{name} by {labels[0]}" for name, labels in self.readings().items() if labels[0]]
        return [f"one table of {self.tried:,} agrees: {a}/{n1} against {c}/{n2}", *by]

    def _several(self) -> list[str]:
        spans = ", ".join(f"{k} {lo}" if lo == hi else f"{k} {lo} to {hi}" for k, (lo, hi) in self.ranges.items())
        lines = [f"{self.count:,} tables of {self.tried:,} agree: {spans}"]
        for a, n1, c, n2 in zip(*(x[:SHOWN].astype(int) for x in self.tables.cells), strict=True):
            lines.append(f"  {a}/{n1} against {c}/{n2}")
        return lines + ([f"  and {self.count - SHOWN:,} more"] if self.count > SHOWN else [])

    def _none(self) -> list[str]:
        lines = ["no table agrees with everything that is printed"]
        lines += [self.reason] if self.reason else []
        for near in self.nearest:
            what = []
            for name in near.breaks:
                values = dict.fromkeys(f"{x:.5g}" for x in near.values[name].values() if x == x)
                figure = next(f for f in self.figures if f.name == name)
                told = " or ".join(values) or "undefined"
                what.append(f"{figure.label} would be {told}, printed {figure.printed.text}")
            lines.append(f"  nearest: {near.events_t}/{near.n_t} against {near.events_c}/{near.n_c}: {'; '.join(what)}")
        return lines
