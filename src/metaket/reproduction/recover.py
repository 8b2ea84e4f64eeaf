"""`recover`: every whole-number 2x2 table that agrees with what is printed about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from metaket._checks import Array
from metaket.errors import InputError
from metaket.reproduction.claims import Printed
from metaket.reproduction.recover_answer import Nearest, Recovered
from metaket.reproduction.recover_figures import Figure, Tables, figures_of
from metaket.reproduction.recover_tests import TABLE_TESTS
from metaket.reproduction.recover_text import Counts, agrees, read_count

__all__ = ["recover"]

LIMIT = 20_000_000  # tables that are tried: some 5 s
NEAREST_LIMIT = 2_000_000  # tables among which the nearest are looked for
SHOWN = 3  # nearest tables
BLOCK = 500_000


def recover(
    *,
    n_t: Any = None,
    n_c: Any = None,
    n_total: Any = None,
    events_t: Any = None,
    events_c: Any = None,
    events_total: Any = None,
    percent_t: str | None = None,
    percent_c: str | None = None,
    odds_ratio: str | None = None,
    risk_ratio: str | None = None,
    risk_difference: str | None = None,
    p: str | None = None,
    chi2: str | None = None,
    tests: Sequence[str] = TABLE_TESTS.codes,
    max_n: int = 100,
) -> Recovered:
    """All 2x2 tables of whole numbers that agree with the printed figures.

    Parameters
    ----------
    n_t, n_c, n_total, events_t, events_c, events_total : int or str or (int, int), optional
        Patients and events of the treatment arm, the control arm, both: a whole number, or a range such as
        ``"20 to 40"``. An arm of unknown size is tried from 1 to `max_n`, or to `n_total` less the other arm.
    percent_t, percent_c : str, optional
        As printed: "63.8%". The decimals decide which rates print like that; a tie may go either way.
    odds_ratio, risk_ratio, risk_difference : str, optional
        As printed, with or without an interval: "4.54 (1.58 to 13.05)", "4.5", "-12.1% (95% CI -20.0 to -4.2)".
        Intervals are those of Woolf (1955), Katz et al. (1978) and Wald. Where a cell is empty, as it is or with a half
        added.
    p : str, optional
        As printed: "0.04", "<0.001", "NS". It agrees where any of `tests` gives it; the answer says which.
    chi2 : str, optional
        Printed chi-square on 1 degree of freedom, with or without Yates' correction.
    tests : sequence of str
        Among chi2, yates, z, fisher.
    max_n : int
        Largest arm to try where neither its size nor a total is given.

    Returns
    -------
    Recovered
        The tables, whether they are one, several or none, and for none which figure excludes the nearest ones.

    Raises
    ------
    InputError
        Nothing is printed, a text that cannot be read, counts that contradict each other, or too many tables to try.

    Notes
    -----
    Every candidate is tried: nothing is estimated. That is what a reviewer does by hand with a printed odds ratio, for
    all tables at once; for means the same idea is the GRIM test (Brown & Heathers 2017), see `grim`.

    Examples
    --------
    >>> import metaket as mk
    >>> found = mk.recover(n_t=47, n_c=25, percent_t="63.8%", odds_ratio="4.54 (1.58 to 13.05)")
    >>> found.verdict, found.to_frame().iloc[0, :4].tolist()
    ('one', [30, 47, 7, 25])
    """
    if max_n < 1:
        raise InputError(f"max_n must be at least 1, got {max_n}")
    percents = {"percent_t": percent_t, "percent_c": percent_c}
    effects = {"odds_ratio": odds_ratio, "risk_ratio": risk_ratio, "risk_difference": risk_difference}
    figures = figures_of(percents, effects, p, chi2, tests)
    given = {"n_t": n_t, "n_c": n_c, "n_total": n_total, "events_t": events_t, "events_c": events_c}
    counts = {k: read_count(k, v) for k, v in (given | {"events_total": events_total}).items() if v is not None}
    if not figures and not counts:
        raise InputError("nothing to recover from: give arm sizes, events, percentages, an effect, a p-value or chi2")
    grid = _Grid(counts, max_n)
    _check_size(grid, figures)
    parts, tried = [], 0
    for tables in grid.blocks(figures):
        tried += len(tables.n_t)
        parts.append(_keep(tables, figures))
    found = Tables.join(parts)
    texts = _question(given | {"events_total": events_total} | percents | effects | {"p": p, "chi2": chi2})
    nearest, reason = ((), "") if len(found.n_t) else _nearest(grid, figures)
    return Recovered(texts, found, figures, tried, tuple(grid.assumed), nearest, reason)


def _question(values: Mapping[str, Any]) -> dict[str, str]:
    texts = {k: v for k, v in values.items() if v is not None}
    return {k: " to ".join(map(str, v)) if isinstance(v, tuple | list) else str(v) for k, v in texts.items()}


def _keep(tables: Tables, figures: Sequence[Figure]) -> Tables:
    """The tables with which every figure agrees."""
    for figure in figures:
        if len(tables.n_t) == 0:
            break
        tables = tables.take(figure.holds(tables))
    return tables


class _Grid:
    """The candidates: whole-number arms within the counts that are given."""

    __slots__ = ("assumed", "counts", "sizes", "total")

    def __init__(self, counts: Mapping[str, Counts], max_n: int) -> None:
        self.counts = dict(counts)
        self.total = self.counts.get("n_total")
        self.assumed: list[str] = []
        self.sizes = {arm: self._size(arm, max_n) for arm in "tc"}
        for arm in "tc":
            events = self.counts.get(f"events_{arm}")
            if events and events.low > self.sizes[arm].high:
                size = self.sizes[arm].high
                raise InputError(f"events_{arm} is {events.low} but n_{arm} is {size}; events cannot exceed the arm")

    def _size(self, arm: str, max_n: int) -> Counts:
        given = self.counts.get(f"n_{arm}")
        if given:
            if given.high < 1:
                raise InputError(f"n_{arm} must be at least 1, got {given.high}")
            return Counts(max(1, given.low), given.high)
        other = self.counts.get("n_c" if arm == "t" else "n_t")
        if self.total:
            low = self.total.low - other.high if other else 1
            high = self.total.high - (other.low if other else 1)
            if high < 1:
                raise InputError(f"n_total is {self.total.high}, which leaves nobody for the other arm")
            return Counts(max(1, low), high)
        self.assumed.append(f"n_{arm} is not known: tried from 1 to {max_n} (max_n)")
        return Counts(1, max_n)

    def arm(self, arm: str, printed: Printed | None) -> tuple[Array, Array]:
        """Sizes and events of every candidate of an arm, by size."""
        low, high = self.sizes[arm]
        sizes = np.arange(low, high + 1)
        n = np.repeat(sizes, sizes + 1).astype(np.float64)
        events = np.concatenate([np.arange(size + 1, dtype=np.float64) for size in sizes])
        keep = np.ones(n.shape, dtype=bool)
        if (given := self.counts.get(f"events_{arm}")) is not None:
            keep &= (events >= given.low) & (events <= given.high)
        if printed is not None:
            keep &= agrees(printed, 100.0 * events / n)
        return n[keep], events[keep]

    def pairs(self, figures: Sequence[Figure]) -> Iterator[tuple[Array, Array, Array, Array]]:
        """Blocks of n_t, events_t and of the n_c, events_c that go with every one of them."""
        printed = {f.name: f.printed for f in figures if f.name.startswith("percent")}
        n_t, a = self.arm("t", printed.get("percent_t"))
        n_c, c = self.arm("c", printed.get("percent_c"))
        for size in np.unique(n_t):
            mine = slice(*np.searchsorted(n_t, [size, size + 1]))
            part = slice(0, len(n_c))
            if self.total:
                part = slice(*np.searchsorted(n_c, [self.total.low - size, self.total.high - size + 1]))
            if part.stop > part.start:
                yield n_t[mine], a[mine], n_c[part], c[part]

    def count(self, figures: Sequence[Figure]) -> int:
        """How many tables there are to try."""
        return sum(len(a) * len(c) for _, a, _, c in self.pairs(figures))

    def blocks(self, figures: Sequence[Figure]) -> Iterator[Tables]:
        """All tables, a block at a time."""
        total = self.counts.get("events_total")
        for n_t, a, n_c, c in self.pairs(figures):
            step = max(1, BLOCK // len(c))
            for start in range(0, len(a), step):
                rows = slice(start, start + step)
                cells = np.broadcast_arrays(a[rows, None], n_t[rows, None], c[None, :], n_c[None, :])
                tables = Tables(*(cell.ravel() for cell in cells))
                if total is not None:
                    events = tables.events_t + tables.events_c
                    tables = tables.take((events >= total.low) & (events <= total.high))
                if len(tables.n_t):
                    yield tables


def _check_size(grid: _Grid, figures: Sequence[Figure]) -> None:
    count = grid.count(figures)
    if count > LIMIT:
        known = {f.name for f in figures} | set(grid.counts)
        wish = [n for n in ("n_t", "n_c", "n_total", "percent_t", "percent_c") if n not in known]
        raise InputError(
            f"{count:,} tables would have to be tried, more than {LIMIT:,}; narrow an arm's size, "
            f"lower max_n, or give {' or '.join(wish[:3]) or 'events'}"
        )


def _nearest(grid: _Grid, figures: Sequence[Figure]) -> tuple[tuple[Nearest, ...], str]:
    """The tables that break the fewest figures and, among these, miss them by the least."""
    if not figures:
        return (), "the counts that are given contradict each other"
    base: list[Figure] = []
    if grid.count(base) > NEAREST_LIMIT:
        base = [f for f in figures if f.name.startswith("percent")]
    if grid.count(base) > NEAREST_LIMIT:
        return (), "too many tables to look for the nearest; narrow an arm's size"
    tables = Tables.join(list(grid.blocks(base)))
    if not len(tables.n_t):
        what = " and the percentages" if base else ""
        return (), f"the counts{what} that are given contradict each other"
    broken = np.stack([~f.holds(tables) for f in figures])
    fewest = np.flatnonzero(broken.sum(axis=0) == broken.sum(axis=0).min())
    some = tables.take(fewest)
    gaps = np.where(broken[:, fewest], np.stack([f.gap(some) for f in figures]), 0.0)
    order = np.argsort(gaps.sum(axis=0), kind="stable")
    return _described(some.take(order[: 100 * SHOWN]), figures), ""


def _described(tables: Tables, figures: Sequence[Figure]) -> tuple[Nearest, ...]:
    """The first few, one for every set of values that differ from the printed ones."""
    out: dict[str, Nearest] = {}
    for i in range(len(tables.n_t)):
        table = tables.take(np.array([i]))
        failing = [f for f in figures if not f.holds(table)[0]]
        values = {f.name: {k: float(func(table)[0]) for k, func in f.readings.items()} for f in failing}
        a, n1, c, n2 = (int(x[0]) for x in table.cells)
        out.setdefault(str(values), Nearest(a, n1, c, n2, tuple(values), values))
        if len(out) == SHOWN:
            break
    return tuple(out.values())
