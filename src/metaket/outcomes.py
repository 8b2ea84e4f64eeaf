"""Rows of outcomes.csv: which of them enter a pool, and the effect of each.

`select` filters rows by any column of outcomes.csv or trials.csv, by status and by variant, and says of every study
that is left out why. `row_effects` turns the chosen rows into `EffectSizes`, whatever a row gives: counts, means, a
difference with an interval, or a standardised difference. An input printed as a range gives two sets, one an end.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metaket._distributions import critical
from metaket.errors import DataError, InputError
from metaket.measures.compute import effect_sizes
from metaket.measures.effect import Dropped, EffectSizes
from metaket.measures.means import smd_variance, standardise_difference
from metaket.measures.registry import MEASURES

if TYPE_CHECKING:
    import pandas as pd

Row = Any  # a row of a DataFrame
__all__ = ["NUMBERS", "SOURCED", "STATUSES", "Left", "Rules", "Selection", "join_trials", "row_effects", "select"]

STATUSES = ("quoted", "derived", "digitised", "unverified", "missing")
SOURCED = ("quoted", "derived", "digitised")
COUNTS = ("events_t", "n_t", "events_c", "n_c")
MEANS = ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")
GIVEN = ("y", "y_low", "y_high", "v", "se", "ci_low", "ci_high", "p")
NUMBERS = ("time_h", *dict.fromkeys((*COUNTS, *MEANS, *GIVEN)))


@dataclass(frozen=True, slots=True)
class Rules:
    """How rows become effects.

    Attributes
    ----------
    measure : str
    zero_cells, double_zero : str
        As in `effect_sizes`.
    crossover : "parallel" or float
        As in `effect_sizes`.
    options : mapping
        Further options of the measure (vtype, j, add).
    """

    measure: str
    zero_cells: str = "only0"
    double_zero: str = "drop"
    crossover: str | float = "parallel"
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rho(self) -> float:
        """Correlation between the periods of a crossover; 0 as parallel."""
        return 0.0 if isinstance(self.crossover, str) else float(self.crossover)


@dataclass(frozen=True, slots=True)
class Left:
    """A study that a selection asks for and cannot use.

    Attributes
    ----------
    study, reason : str
    row : int
        Row in outcomes.csv.
    cells : tuple of str
        The cells that are blank.
    look : str
        Where the numbers can be found, if the row says so.
    open : bool
        True where a number is missing, False where it was left out on purpose.
    """

    study: str
    reason: str
    row: int
    cells: tuple[str, ...] = ()
    look: str = ""
    open: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """The rows of a pool, and the studies left out of it."""

    rows: pd.DataFrame
    left: tuple[Left, ...]

    @property
    def complete(self) -> bool:
        """Whether no number is missing."""
        return not any(item.open for item in self.left)

    @property
    def statuses(self) -> tuple[str, ...]:
        """The distinct statuses of the rows used."""
        return tuple(dict.fromkeys(self.rows["status"]))


def join_trials(outcomes: pd.DataFrame, trials: pd.DataFrame | None) -> pd.DataFrame:
    """Outcomes with the columns of trials.csv that outcomes.csv does not have itself."""
    if trials is None:
        return outcomes
    extra = [c for c in trials.columns if c not in outcomes.columns]
    joined = outcomes.join(trials.set_index("study")[extra], on="study")
    for column in extra:
        if joined[column].dtype == object:
            joined[column] = joined[column].fillna("")
    return joined


def select(
    table: pd.DataFrame,
    where: Mapping[str, Any],
    measure: str,
    *,
    include: Sequence[str] = (),
    variants: Mapping[str, str] | None = None,
) -> Selection:
    """Rows of `table` (see `join_trials`) that pass `where`, one a study.

    Parameters
    ----------
    table : DataFrame
    where : mapping
        Column -> the value, or list of values, that a row must have.
    measure : str
        Decides which cells a row needs.
    include : sequence of str
        Statuses to use beside quoted, derived and digitised.
    variants : mapping
        Study -> the variant to use instead of the default row.

    Raises
    ------
    InputError
        An unknown column or status.
    DataError
        A study that would enter the pool twice.
    """
    for status in include:
        if status not in STATUSES[:-1]:
            raise InputError(f"include must name statuses among {', '.join(STATUSES[:-1])}, got {status!r}")
    allowed = (*SOURCED, *include)
    rows = table[_mask(table, where)]
    chosen = variants or {}
    unknown = sorted(set(chosen) - set(table["study"]))
    if unknown:
        raise InputError(f"variants name {unknown[0]!r}, which is not a study of the table")
    used: list[Any] = []
    left: list[Left] = []
    for study, group in rows.groupby("study", sort=False):
        mine = group[group["variant"] == chosen.get(str(study), "")] if "variant" in group else group
        row, gap = _one_row(str(study), mine, allowed, measure)
        used += row
        left += gap
    return Selection(rows.loc[used], tuple(left))


def _mask(table: pd.DataFrame, where: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    keep = np.ones(len(table), dtype=bool)
    for column, wanted in where.items():
        if column not in table.columns:
            near = difflib.get_close_matches(column, list(table.columns), n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise InputError(f"the filter names column {column!r}, which neither table has.{hint}")
        values = wanted if isinstance(wanted, list | tuple) else [wanted]
        cells = table[column]
        if any(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
            import pandas as pd

            keep &= pd.to_numeric(cells, errors="coerce").isin([float(v) for v in values]).to_numpy()
        else:
            keep &= cells.astype(str).isin([str(v) for v in values]).to_numpy()
    return keep


def _one_row(study: str, rows: pd.DataFrame, allowed: Sequence[str], measure: str) -> tuple[list[int], list[Left]]:
    """The study's usable row, or why it has none."""
    usable, gaps = [], []
    for number, row in rows.iterrows():
        index = int(number)  # type: ignore[call-overload]
        if row["status"] not in allowed:
            if row["status"] == "missing":
                gaps.append(Left(study, "not sourced", index, (), str(row.get("where", ""))))
            continue
        blank = _blank(row, measure)
        if blank:
            reason = f"{', '.join(blank)} not sourced"
            gaps.append(Left(study, reason, index, blank, str(row.get("where", ""))))
        else:
            usable.append(index)
    if len(usable) > 1:
        numbers = ", ".join(str(n) for n in usable)
        raise DataError(
            f"{study} would enter one pool {len(usable)} times (outcomes.csv rows {numbers}): a study counts once. "
            "Pool each time on its own (pool_over_time), combine its arms, or mark the others as variants"
        )
    if usable:
        return usable, []
    if not gaps and len(rows):
        index = int(rows.index[0])
        gaps = [Left(study, f"only {', '.join(sorted(set(rows['status'])))} rows", index)]
    return [], gaps[:1]


def _has(row: Row, names: Sequence[str]) -> bool:
    return all(not np.isnan(row[n]) for n in names if n in row) and all(n in row for n in names)


def _spread(row: Row) -> bool:
    return any(_has(row, names) for names in (("v",), ("se",), ("ci_low", "ci_high"), ("p",)))


def _blank(row: Row, measure: str) -> tuple[str, ...]:
    """Cells that are blank and needed for the measure; empty if the row is complete."""
    code = MEASURES[measure].code
    needs = MEASURES[code].needs
    if code == "GEN" or not set(needs) <= set(row.index):
        needs = ()
    if needs and _has(row, needs):
        return ()
    if _given(row, code):
        return ()
    if needs and any(_has(row, (n,)) for n in needs if n not in ("n_t", "n_c")):
        return tuple(n for n in needs if not _has(row, (n,)))
    return needs if needs else ("y",)


def _given(row: Row, code: str) -> bool:
    """Whether the row gives the effect itself, in a form that the measure can use."""
    ranged = _has(row, ("y_low", "y_high"))
    if not ranged and not _has(row, ("y",)):
        return False
    kind = str(row.get("y_measure", "") or code)
    if code == "GEN" or kind == code:
        return _spread(row) or (code == "SMD" and _has(row, ("n_t", "n_c")))
    return code == "SMD" and kind == "MD" and _spread(row) and _has(row, ("n_t", "n_c"))


def row_effects(selection: Selection, rules: Rules) -> tuple[tuple[str, EffectSizes], ...]:
    """Effects of the selected rows: one set, or two where an input is printed as a range (its low and its high end).

    Raises
    ------
    InputError
        No study is left; the message lists the reasons.
    """
    rows = selection.rows
    if len(rows) == 0:
        why = "; ".join(f"{item.study}: {item.reason}" for item in selection.left)
        raise InputError(f"no study left for {rules.measure}{': ' + why if why else ''}")
    ranged = [str(r["study"]) for _, r in rows.iterrows() if _is_range(r, rules)]
    if not ranged:
        return (("", _build(rows, rules, "y", selection)),)
    named = ", ".join(ranged)
    return tuple((f"{named} at the {end} end", _build(rows, rules, f"y_{end}", selection)) for end in ("low", "high"))


def _is_range(row: Row, rules: Rules) -> bool:
    needs = MEASURES[rules.measure].needs
    by_table = rules.measure != "GEN" and _has(row, needs)
    return not by_table and not _has(row, ("y",)) and _has(row, ("y_low", "y_high"))


def _build(rows: pd.DataFrame, rules: Rules, end: str, selection: Selection) -> EffectSizes:
    code = MEASURES[rules.measure].code
    tabled = rows[[code != "GEN" and _has(r, MEASURES[code].needs) for _, r in rows.iterrows()]]
    dropped: list[Dropped] = [Dropped(item.row, item.study, item.reason) for item in selection.left]
    parts: dict[int, tuple[float, float, str]] = {}
    options: dict[str, Any] = {"crossover": rules.crossover}
    if len(tabled):
        computed = effect_sizes(
            tabled,
            code,
            zero_cells=rules.zero_cells,
            double_zero=rules.double_zero,
            crossover=rules.crossover,
            **rules.options,
        )
        options |= dict(computed.options)
        dropped += computed.dropped
        for at, y, v, note in zip(computed.rows, computed.y, computed.v, computed.notes, strict=True):
            parts[at] = (float(y), float(v), note)
    for number, row in rows.drop(tabled.index).iterrows():
        parts[int(number)] = _given_effect(row, rules, end)  # type: ignore[call-overload]
    kept = [n for n in rows.index if n in parts]
    table = rows.loc[kept]
    return EffectSizes(
        np.array([parts[n][0] for n in kept]),
        np.array([parts[n][1] for n in kept]),
        tuple(str(s) for s in table["study"]),
        code,
        tuple(int(n) for n in kept),
        table,
        tuple(dropped),
        options,
        tuple(parts[n][2] for n in kept),
    )


def _standard_error(row: Row) -> tuple[float, str]:
    if _has(row, ("v",)):
        return float(np.sqrt(row["v"])), "v as printed"
    if _has(row, ("se",)):
        return float(row["se"]), "SE as printed"
    return float((row["ci_high"] - row["ci_low"]) / (2 * critical(0.95, np.inf))), "SE from the 95 % interval"


def _given_effect(row: Row, rules: Rules, end: str) -> tuple[float, float, str]:
    """(y, v, how) of a row that gives the effect itself."""
    ranged = not _has(row, ("y",))
    y = float(row[end if ranged else "y"])
    kind = str(row.get("y_measure", "") or rules.measure)
    crossover = str(row.get("design", "")).startswith("crossover")
    rho = rules.rho if crossover else 0.0
    notes = [f"{end.removeprefix('y_')} end of a printed range"] if ranged else []
    n_t, n_c = (np.asarray(float(row[n])) if n in row else np.asarray(np.nan) for n in ("n_t", "n_c"))
    if rules.measure == "SMD" and kind == "MD":
        se, how = _standard_error(row)
        g, v = standardise_difference(np.asarray(y), np.asarray(se), n_t, n_c, rho)
        notes.append(f"g from the mean difference, {how}")
        y, variance = float(g), float(v)
    elif _spread(row):
        se, how = _standard_error(row)
        variance = se**2
        notes.append(how)
    else:
        variance = float(smd_variance(np.asarray(y), n_t, n_c, "LS", rho))
        notes.append("variance from the arm sizes")
    if crossover:
        notes.append("crossover, as parallel" if rho == 0 else f"crossover, rho {rho:g}")
    return y, variance, "; ".join(notes)
