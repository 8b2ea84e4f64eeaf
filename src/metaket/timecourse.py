"""Pooling over time: one result per time point, never one diamond across them.

A study that gives several times enters each time's pool once. Adding its times up in one pool would count its
patients again and again (Cochrane Handbook 6.3, 23.3: unit-of-analysis errors); `select` refuses that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket.errors import InputError
from metaket.measures.registry import MEASURES, Scale, scale_of
from metaket.outcomes import NUMBERS, Rules, Selection, join_trials, row_effects, select
from metaket.pooling.pool import pool_spec
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import PoolSpec
from metaket.tables import numeric

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TimeCourse", "TimePoint", "patients", "pool_over_time", "pool_selection", "time_label"]


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
        Patients, those of a crossover trial once; 0 where the rows do not say.
    gap : str
        Why there is no result, else empty.
    selection : Selection
        The rows used and the studies left out.
    """

    time_h: float
    results: tuple[tuple[str, PooledResult], ...]
    n: int
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
class TimeCourse:
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
                head = {"time_h": point.time_h, "studies": name, "n": point.n, "gap": point.gap}
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


def patients(rows: pd.DataFrame) -> int:
    """Patients in the rows; of a crossover trial the larger of the two arms, since they are the same people."""
    total = 0.0
    for _, row in rows.iterrows():
        arms = [float(row[n]) for n in ("n_t", "n_c") if n in row and not np.isnan(row[n])]
        if arms:
            total += max(arms) if str(row.get("design", "")).startswith("crossover") else sum(arms)
    return int(total)


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


def pool_over_time(
    data: Any,
    *,
    outcome: str | None = None,
    measure: str = "RR",
    times: Sequence[float] | None = None,
    where: Mapping[str, Any] | None = None,
    include: Sequence[str] = (),
    variants: Mapping[str, str] | None = None,
    model: str = "random",
    tau2: str | float = "REML",
    test: str = "z",
    crossover: str | float = "parallel",
    zero_cells: str = "only0",
    double_zero: str = "drop",
    title: str = "",
) -> TimeCourse:
    """Pool each time on its own.

    Parameters
    ----------
    data : Paper, DataFrame or mapping of columns
        A paper from `load`, or rows with ``study``, ``time_h`` and the measure's columns (optionally ``outcome``,
        ``status``, ``variant``, ``design``).
    outcome : str, optional
        The value of the column ``outcome``; needed where the data have several.
    measure : str
        RR, OR, RD, MD, SMD or GEN.
    times : sequence of float, optional
        Hours; by default those of the paper's analyses of the outcome, else all in the data.
    where : mapping, optional
        Further filter; for a paper the filter of its own analyses of the outcome unless given.
    include, variants
        As in `metaket.outcomes.select`.
    model, tau2, test
        As in `pool`.
    crossover, zero_cells, double_zero
        As in `effect_sizes`.
    title : str
        For figures and tables; the outcome by default.

    Returns
    -------
    TimeCourse
        One result per time with its own k, N, tau2, I2 and prediction interval, and the same on the studies
        present at every time. There is no result across times.

    Raises
    ------
    DataError
        A study with two rows at one time: it would count twice.
    InputError
        An unknown column, outcome or option.

    Examples
    --------
    >>> import metaket as mk
    >>> rows = {"study": ["A", "B", "A"], "time_h": [24, 24, 72], "y": [0.5, 0.3, 0.2], "v": [0.04, 0.05, 0.04]}
    >>> course = mk.pool_over_time(rows, measure="GEN")
    >>> [(p.label, p.k) for p in course.points]
    [('24 h', 2), ('72 h', 1)]
    """
    table, default_where, default_times = _table(data, outcome)
    code = MEASURES[measure].code
    chosen = dict(default_where if where is None else where)
    if outcome is not None:
        chosen["outcome"] = outcome
    elif "outcome" in table.columns and table["outcome"].nunique() > 1:
        raise InputError(f"outcome must be one of {', '.join(sorted(set(table['outcome'])))}")
    if "outcome" in chosen and chosen["outcome"] not in set(table["outcome"]):
        raise InputError(f"outcome {chosen['outcome']!r} is not one of {', '.join(sorted(set(table['outcome'])))}")
    rules = Rules(code, zero_cells, double_zero, crossover)
    spec = PoolSpec.of(model, tau2, test)
    if times is not None and len(times) == 0:
        raise InputError("times is empty; name at least one time, or leave it out for all of them")
    _require_columns(table, code)
    at = sorted(times if times is not None else default_times or {float(t) for t in table["time_h"].dropna()})
    picks = {t: select(table, chosen | {"time_h": t}, code, include=include, variants=variants) for t in at}
    points = tuple(_point(t, s, rules, spec) for t, s in picks.items())
    complete = _complete(points, rules, spec)
    return TimeCourse(title or outcome or "effect", outcome or "", code, points, complete)


def _require_columns(table: pd.DataFrame, measure: str) -> None:
    missing = [n for n in MEASURES[measure].needs if n not in table.columns]
    if missing and not {"y", "y_low"} & set(table.columns):
        raise InputError(f"measure {measure} needs column(s) {', '.join(missing)}, or effects in a column y")


def _point(time_h: float, selection: Selection, rules: Rules, spec: PoolSpec) -> TimePoint:
    results, gap = pool_selection(selection, rules, spec)
    used = results[0][1].effects.table if results else selection.rows.iloc[:0]
    return TimePoint(time_h, results, patients(selection.rows if used is None else used), gap, selection)


def _complete(points: Sequence[TimePoint], rules: Rules, spec: PoolSpec) -> tuple[TimePoint, ...]:
    """The same times on the studies whose effect enters at every time that has a result."""
    filled = [p for p in points if p.result is not None]
    if len(filled) < 2:
        return ()
    shared = set.intersection(*(set(p.results[0][1].effects.study) for p in filled))
    if not shared:
        return ()
    kept = ((p.time_h, p.selection.rows[p.selection.rows["study"].isin(shared)]) for p in filled)
    return tuple(_point(t, Selection(rows, ()), rules, spec) for t, rows in kept)


def _table(data: Any, outcome: str | None) -> tuple[pd.DataFrame, dict[str, Any], list[float]]:
    import pandas as pd

    if hasattr(data, "analyses"):
        mine = [a for a in data.analyses if not a.sensitivity_of and a.where.get("outcome") == outcome]
        where = {c: v for c, v in mine[0].where.items() if c not in ("outcome", "time_h")} if mine else {}
        times = [float(a.where["time_h"]) for a in mine if "time_h" in a.where]
        return join_trials(data.outcomes, data.trials), where, times
    frame = _frame(data)
    for column in ("study", "time_h"):
        if column not in frame.columns:
            raise InputError(f"pooling over time needs the column {column}; the table has {', '.join(frame.columns)}")
    if frame.index.name != "row" or not frame.index.is_unique:
        frame.index = pd.Index(range(1, len(frame) + 1), name="row")
    frame = numeric(frame, [c for c in NUMBERS if c in frame.columns])
    blank = frame["study"].isna() | (frame["study"].astype(str).str.strip() == "")
    if blank.any():
        raise InputError(f"row {frame.index[blank][0]}: the column study is blank; name the study")
    if "status" not in frame.columns:
        frame["status"] = "quoted"
    return frame, {}, []


def _frame(data: Any) -> pd.DataFrame:
    """A copy of the user's table; mappings of columns and lists of rows are tables, too."""
    import pandas as pd

    if isinstance(data, str) or data is None:
        hint = f"; a paper is loaded with mk.load({data!r})" if data else ""
        raise InputError(f"data must be a paper, a DataFrame or a mapping of columns, got {data!r}{hint}")
    try:
        return data.copy() if isinstance(data, pd.DataFrame) else pd.DataFrame(data)
    except (TypeError, ValueError) as error:
        raise InputError(f"data is not a table: {error}") from None
