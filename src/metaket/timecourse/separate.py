"""One pooled result per time point, never one diamond across them.

A study that gives several times enters each time's pool once. Adding its times up in one pool would count its
patients again and again (Cochrane Handbook 6.3, 23.3: unit-of-analysis errors); `select` refuses that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._notebook import ShownAsText
from metaket.errors import InputError
from metaket.measures.registry import MEASURES, Scale, scale_of
from metaket.outcomes import Rules, Selection, row_effects
from metaket.pooling.pool import pool_spec
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import PoolSpec

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TimeCourse", "TimePoint", "patients", "pool_complete", "pool_selection", "pool_time", "time_label"]


@dataclass(frozen=True, slots=True, eq=False)
class TimePoint:
    """One time of a course.

    Attributes
    ----------
    time_h : float
        Hours after treatment.
    results : tuple of (str, PooledResult)
        Empty where nothing can be pooled; two, an end each, where an input is printed as a range.
    n : int
        Patients, those of a crossover trial once; None where a row does not say.
    gap : str
        Why there is no result, else empty.
    selection : Selection
        The rows used and the studies left out.
    """

    time_h: float
    results: tuple[tuple[str, PooledResult], ...]
    n: int | None
    gap: str
    selection: Selection

    @property
    def label(self) -> str:
        """The time for people."""
        return time_label(self.time_h)

    @property
    def result(self) -> PooledResult | None:
        """The result, or the one at the low end of a range, or None."""
        return self.results[0][1] if self.results else None

    @property
    def k(self) -> int:
        """Number of studies."""
        return self.results[0][1].k if self.results else 0


@dataclass(frozen=True, slots=True, eq=False)
class TimeCourse(ShownAsText):
    """Pooled results at several times.

    Attributes
    ----------
    title, outcome, measure : str
    points : tuple of TimePoint
    complete : tuple of TimePoint
        The same on the studies that are present at every time that has any; empty where there is no such study.
    """

    title: str
    outcome: str
    measure: str
    points: tuple[TimePoint, ...]
    complete: tuple[TimePoint, ...]

    @property
    def label(self) -> str:
        """The measure's name."""
        return MEASURES[self.measure].label

    @property
    def scale(self) -> Scale:
        """How effects are shown to people."""
        return scale_of(self.measure)

    def to_frame(self, level: float = 0.95, *, transform: bool = True) -> pd.DataFrame:
        """A row for each time, end of range and set of studies (``all`` or ``present at every time``)."""
        import pandas as pd

        rows = []
        for name, points in (("all", self.points), ("present at every time", self.complete)):
            for point in points:
                n = math.nan if point.n is None else point.n
                head = {"time_h": point.time_h, "studies": name, "n": n, "gap": point.gap}
                if not point.results:
                    rows.append(head | {"k": 0})
                rows += [head | {"end": end} | r.fields(level, transform=transform) for end, r in point.results]
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        lines = [f"{self.title}: {self.label} by time"]
        for point in self.points:
            if not point.results:
                lines.append(f"{point.label:>8s}  no result: {point.gap}")
            for end, r in point.results:
                low, high = r.ci()
                size = f", N = {point.n}" if point.n else ""
                shown = f"{r.back(r.estimate):.2f} ({r.back(low):.2f} to {r.back(high):.2f})"
                lines.append(f"{point.label:>8s}  {shown}, k = {r.k}{size}{', ' + end if end else ''}")
        return "\n".join(lines)


def time_label(hours: float) -> str:
    """24 h, 72 h, day 7: hours up to three days, then days, then weeks from the fourth on."""
    if hours <= 72 or hours % 24:
        return f"{hours:g} h"
    if hours >= 28 * 24 and hours % 168 == 0:
        return f"week {hours / 168:g}"
    return f"day {hours / 24:g}"


def patients(rows: pd.DataFrame) -> int | None:
    """Patients in the rows, None where a row does not say.

    Of a crossover trial the larger of the two arms, since they are the same people.
    """
    total = 0.0
    for _, row in rows.iterrows():
        arms = [float(row[n]) for n in ("n_t", "n_c") if n in row and not np.isnan(row[n])]
        if not arms:
            return None
        total += max(arms) if str(row.get("design", "")).startswith("crossover") else sum(arms)
    return int(total) or None


def pool_selection(
    selection: Selection, rules: Rules, spec: PoolSpec
) -> tuple[tuple[tuple[str, PooledResult], ...], str]:
    """Results (one, or one an end of a range), and why there are none."""
    if len(selection.rows) == 0:
        return (), _gap(selection)
    try:
        effects = row_effects(selection, rules)
    except InputError as error:
        if len(selection.rows) and "no study left" in str(error):
            return (), str(error)
        raise
    if effects[0][1].k == 1 and spec.test != "z":
        return (), f"test {spec.test!r} needs at least 2 studies, there is 1"
    return tuple((end, pool_spec(e, spec)) for end, e in effects), ""


def _gap(selection: Selection) -> str:
    if not selection.left:
        return "no row"
    counts: dict[str, int] = {}
    for item in selection.left:
        counts[item.reason] = counts.get(item.reason, 0) + 1
    return "; ".join(f"{reason} ({n})" if n > 1 else reason for reason, n in counts.items())


def pool_time(time_h: float, selection: Selection, rules: Rules, spec: PoolSpec) -> TimePoint:
    results, gap = pool_selection(selection, rules, spec)
    used = results[0][1].effects.table if results else selection.rows.iloc[:0]
    return TimePoint(time_h, results, patients(selection.rows if used is None else used), gap, selection)


def pool_complete(points: Sequence[TimePoint], rules: Rules, spec: PoolSpec) -> tuple[TimePoint, ...]:
    """The same times on the studies whose effect enters at every time that has a result."""
    filled = [p for p in points if p.result is not None]
    if len(filled) < 2:
        return ()
    shared = set.intersection(*(set(p.results[0][1].effects.study) for p in filled))
    if not shared:
        return ()
    kept = ((p.time_h, p.selection.rows[p.selection.rows["study"].isin(shared)]) for p in filled)
    return tuple(pool_time(t, Selection(rows, ()), rules, spec) for t, rows in kept)
