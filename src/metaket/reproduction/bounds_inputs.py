"""Studies with missing counts: every whole-number table that each of them may have, and what ties these together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.errors import DataError, InputError
from metaket.measures.counts import adjust_zero_cells, both_empty
from metaket.measures.registry import MEASURES
from metaket.reproduction.bounds_sums import COUNTED, Sums, sums_of
from metaket.reproduction.claims import Printed, read_printed
from metaket.reproduction.recover_text import Counts, agrees, read_count, read_percent

__all__ = ["MARGINS", "OUTCOMES", "Study", "Tie", "read_studies", "read_ties"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
MARGINS: dict[str, tuple[str, ...]] = {
    "events_t": ("events_t",),
    "events_c": ("events_c",),
    "events_total": ("events_t", "events_c"),
    "n_t": ("n_t",),
    "n_c": ("n_c",),
    "n_total": ("n_t", "n_c"),
    "rate_t": ("events_t", "n_t"),
    "rate_c": ("events_c", "n_c"),
}
OUTCOMES = ("estimate", "ci_low", "ci_high", "p_value", "decision", "significant", "heterogeneity")
CELLS = ("events_t", "n_t", "events_c", "n_c")
MOST = 4_000_000  # tables of one study that are held in memory
NO_EVENTS_MEASURES = ("RR", "OR", "RD", "AS", "PETO")


@dataclass(frozen=True, slots=True)
class Tie:
    """Something printed that all studies together have to give.

    Attributes
    ----------
    quantity : str
        A total of counts or a rate (`MARGINS`), or a pooled result (`OUTCOMES`).
    printed : Printed
    label : str
        For people; the id of a claim, for one.
    """

    quantity: str
    printed: Printed
    label: str = ""

    @property
    def margin(self) -> bool:
        """Whether it is about the counts, not about a pooled result."""
        return self.quantity in MARGINS

    def fits_totals(self, totals: Mapping[str, Array]) -> Bools:
        """Where the totals of the counts print like it."""
        names = MARGINS[self.quantity]
        if self.quantity.startswith("rate"):
            with np.errstate(divide="ignore", invalid="ignore"):
                return agrees(self.printed, 100.0 * totals[names[0]] / totals[names[1]])
        return agrees(self.printed, np.asarray(sum(totals[name] for name in names), dtype=np.float64))


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """Every table that a study may have: a product of its arms' candidates, less those that its own facts exclude.

    Attributes
    ----------
    name : str
    cells : mapping of str to ndarray, shape (m,)
        events_t, n_t, events_c, n_c of each table.
    y, v : ndarray, shape (m,)
        Effect and sampling variance.
    used : ndarray of bool, shape (m,)
        False where the table says nothing (both arms at zero) and is left out of the pool.
    sums : Sums or None
        What the tables add to a Mantel-Haenszel or Peto pool, where that is the model.
    """

    name: str
    cells: Mapping[str, Ints]
    y: Array
    v: Array
    used: Bools
    sums: Sums | None = None

    @property
    def needs(self) -> tuple[Bools, ...]:
        """A pool needs, for each of these, a study where it is true."""
        return (self.used,) if self.sums is None else self.sums.needs

    @property
    def size(self) -> int:
        """Number of tables."""
        return len(self.y)


def read_ties(ties: Mapping[str, str] | Sequence[Tie]) -> tuple[Tie, ...]:
    """Ties from ``{"rate_t": "52.2%", "decision": "treatment better"}``.

    Raises
    ------
    InputError
        An unknown quantity, or a text that cannot be read.
    """
    if not isinstance(ties, Mapping):
        return tuple(ties)
    out = []
    for name, text in ties.items():
        if name not in (*MARGINS, *OUTCOMES):
            raise InputError(f"unknown tie {name!r}: choose one of {', '.join((*MARGINS, *OUTCOMES))}")
        if name == "decision":
            words = str(text)
            printed = Printed(words, "words", np.nan, np.nan, np.nan, decision=words)
        elif name.startswith("rate"):
            printed = read_percent(name, text)
        else:
            printed = read_printed(str(text))
        out.append(Tie(name, printed, f"{name} {text}"))
    return tuple(out)


def read_studies(
    rows: Sequence[Mapping[str, Any]],
    measure: str,
    zero_cells: str = "only0",
    double_zero: str = "drop",
    model: str = "random",
) -> tuple[Study, ...]:
    """The studies of a table whose cells are numbers, ranges, or blank.

    Parameters
    ----------
    rows : sequence of mapping
        study, events_t, n_t, events_c, n_c, and optionally percent_t, percent_c (as printed) and n_total of the study.
        A blank events cell is 0 to n; a size has to be a number or a range such as "30 to 60".

    Raises
    ------
    DataError
        Naming the study: a size that is blank, events above the arm, or facts that no table fits.
    InputError
        A measure that is not of two arms of counts, or a zero-cell rule that looks beyond the study.
    """
    entry = MEASURES[measure]
    if entry.code not in NO_EVENTS_MEASURES:
        raise InputError(
            f"bounds are of counts: measure must be one of {', '.join(NO_EVENTS_MEASURES)}, got {entry.code}"
        )
    if zero_cells == "if0all":
        raise InputError("zero_cells='if0all' ties the studies to each other; use only0, all or none")
    return tuple(_study(row, i, entry.code, (zero_cells, double_zero, model)) for i, row in enumerate(rows, start=1))


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or str(value).strip() in ("", "nan")


def _study(row: Mapping[str, Any], number: int, measure: str, rules: tuple[str, str, str]) -> Study:
    name = str(row.get("study", f"study {number}"))
    try:
        (n1, a), (n2, c) = _arm(row, "t"), _arm(row, "c")
        total = None if _blank(row.get("n_total")) else read_count("n_total", row["n_total"])
    except InputError as error:
        raise DataError(f"row {number} ({name}): {error}") from None
    # candidates are sorted by size: those of the control arm that go with a size of the treatment arm are a stretch
    low, high = (total.low - n1, total.high - n1) if total else (np.full_like(n1, n2[0]), np.full_like(n1, n2[-1]))
    first, last = np.searchsorted(n2, low), np.searchsorted(n2, high, side="right")
    each = np.maximum(last - first, 0)
    count = int(each.sum())
    if count > MOST:
        raise DataError(f"row {number} ({name}): {count:,} tables, more than {MOST:,}; narrow its sizes")
    if not count:
        raise DataError(f"row {number} ({name}): no whole-number table fits what is given")
    index_t = np.repeat(np.arange(len(n1)), each)
    index_c = np.arange(count) - np.repeat(np.cumsum(each) - each, each) + np.repeat(first, each)
    cells = {"events_t": a[index_t], "n_t": n1[index_t], "events_c": c[index_c], "n_c": n2[index_c]}
    return _effects(name, cells, measure, *rules)


def _arm(row: Mapping[str, Any], arm: str) -> tuple[Ints, Ints]:
    """Sizes and events of every candidate of an arm."""
    size = row.get(f"n_{arm}")
    if _blank(size):
        raise InputError(f"n_{arm} is blank; give a number, or a range such as '10 to 60'")
    low, high = read_count(f"n_{arm}", size)
    if low < 1:
        raise InputError(f"n_{arm} must be at least 1, got {size!r}")
    sizes = np.arange(low, high + 1)
    n = np.repeat(sizes, sizes + 1)
    events = np.concatenate([np.arange(i + 1) for i in sizes])
    keep = np.ones(n.shape, dtype=bool)
    given = row.get(f"events_{arm}")
    if not _blank(given):
        span: Counts = read_count(f"events_{arm}", given)
        if span.low > high:
            raise InputError(f"events_{arm} is {span.low} but n_{arm} is {high}; events cannot exceed the arm")
        keep &= (events >= span.low) & (events <= span.high)
    percent = row.get(f"percent_{arm}")
    if not _blank(percent):
        keep &= agrees(read_percent(f"percent_{arm}", percent), 100.0 * events / n)
    if not keep.any():
        raise InputError(f"no count of n_{arm} {size} gives percent_{arm} {percent}")
    return n[keep], events[keep]


def _effects(
    name: str, cells: Mapping[str, Ints], measure: str, zero_cells: str, double_zero: str, model: str
) -> Study:
    columns = {key: x.astype(np.float64) for key, x in cells.items()}
    nothing = both_empty(columns) if double_zero == "drop" and measure in ("RR", "OR", "PETO") else None
    with np.errstate(all="ignore"):
        y, v = MEASURES[measure].func(adjust_zero_cells(columns, zero_cells).columns)
    known = np.isfinite(y) & np.isfinite(v) & (v > 0)
    said = ~nothing if nothing is not None else np.ones_like(known)
    if model in COUNTED:  # the pool is of counts, and takes a table without an effect of its own, too
        sums = sums_of(model, measure, cells, said)
        return Study(name, cells, np.where(known, y, 0.0), np.where(known, v, np.inf), said, sums)
    used = known & said
    return Study(name, cells, np.where(used, y, 0.0), np.where(used, v, 1.0), used)
