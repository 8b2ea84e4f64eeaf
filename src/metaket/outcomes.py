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

from metaket._checks import check_choice
from metaket._distributions import critical
from metaket.errors import DataError, InputError
from metaket.measures.compute import effect_sizes
from metaket.measures.counts import both_empty
from metaket.measures.effect import Dropped, EffectSizes
from metaket.measures.generic import se_from_p
from metaket.measures.means import smd_variance, standardise_difference
from metaket.measures.registry import MEASURES, TRAITS

if TYPE_CHECKING:
    import pandas as pd

Row = Any  # a row of a DataFrame
NO_INFORMATION = "no information: both arms at zero or all events"
__all__ = [
    "NUMBERS",
    "SOURCED",
    "STATUSES",
    "Left",
    "Rules",
    "Selection",
    "join_trials",
    "matching",
    "row_effects",
    "select",
]

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "measure", MEASURES[self.measure].code)
        if isinstance(self.crossover, str):
            check_choice("crossover handling", self.crossover, ("parallel",))
        elif not -1.0 < self.crossover < 1.0:
            raise InputError(f"crossover must be 'parallel' or a correlation between -1 and 1, got {self.crossover!r}")

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
    import pandas as pd

    extra = [c for c in trials.columns if c not in outcomes.columns]
    joined = outcomes.join(trials.set_index("study")[extra], on="study")
    for column in extra:
        if not pd.api.types.is_numeric_dtype(joined[column]):
            joined[column] = joined[column].fillna("")
    return joined


def select(
    table: pd.DataFrame,
    where: Mapping[str, Any],
    measure: str,
    *,
    include: Sequence[str] = (),
    variants: Mapping[str, str] | None = None,
    by: Sequence[str] = ("study",),
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
    by : sequence of str
        Columns of which each combination gives one row: the study, for correlated effects with its times, outcomes, ...

    Raises
    ------
    InputError
        An unknown column or status.
    DataError
        A study that would enter the pool twice.
    """
    include = (include,) if isinstance(include, str) else tuple(include)
    for status in include:
        if status not in STATUSES[:-1]:
            raise InputError(f"include must name statuses among {', '.join(STATUSES[:-1])}, got {status!r}")
    allowed = (*SOURCED, *include)
    rows = table[matching(table, where)]
    chosen = variants or {}
    _check_variants(table, chosen)
    used: list[Any] = []
    left: list[Left] = []
    for column in by:
        if column not in table.columns:
            raise InputError(f"no column {column!r} among {', '.join(map(str, table.columns))}")
    for names, group in rows.groupby(list(by), sort=False, dropna=False):
        study = names[0]
        wanted = chosen.get(str(study), "")
        mine = group[group["variant"] == wanted] if "variant" in group else group
        if len(mine) == 0:
            have = ", ".join(repr(v) for v in dict.fromkeys(group["variant"]) if v) or "the default row"
            reason = f"no row of variant {wanted!r} here, only {have}" if wanted else f"variants only: {have}"
            left.append(Left(str(study), reason, int(group.index[0]), open=False))
            continue
        row, gap = _one_row(str(study), mine, allowed, measure)
        used += row
        left += gap
    return Selection(rows.loc[used], tuple(left))


def _check_variants(table: pd.DataFrame, chosen: Mapping[str, str]) -> None:
    for study, variant in chosen.items():
        rows = table[table["study"] == study]
        if len(rows) == 0:
            raise InputError(f"variants name {study!r}, which is not a study of the table")
        have = list(dict.fromkeys(rows["variant"])) if "variant" in rows else [""]
        if variant not in have:
            raise InputError(f"{study} has no variant {variant!r}: {', '.join(repr(v) for v in have)}")


def matching(table: pd.DataFrame, where: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """Rows that pass a filter: column -> the value, or list of values, that they must have."""
    import pandas as pd

    keep = np.ones(len(table), dtype=bool)
    for column, wanted in where.items():
        if column not in table.columns:
            near = difflib.get_close_matches(column, list(table.columns), n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise InputError(f"the filter names column {column!r}, which neither table has.{hint}")
        values = wanted if isinstance(wanted, list | tuple) else [wanted]
        cells = table[column]
        if pd.api.types.is_numeric_dtype(cells):
            hit = cells.isin([_filter_number(column, v) for v in values]).to_numpy()
        else:
            numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
            hit = cells.astype(str).isin([str(v) for v in values]).to_numpy()
            hit = hit | pd.to_numeric(cells, errors="coerce").isin(numbers).to_numpy()
        keep &= hit
    return keep


def _filter_number(column: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(f"the filter on {column} holds {value!r}, which is not a number") from None


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
    empty = _uninformative(tabled, rules)
    dropped += [Dropped(int(n), str(tabled.at[n, "study"]), NO_INFORMATION) for n in tabled.index[empty]]
    if empty.all() and len(empty) == len(rows):
        raise InputError(f"no study left for {code}: " + "; ".join(f"{d.study}: {d.reason}" for d in dropped))
    given = rows.drop(tabled.index)
    tabled = tabled[~empty]
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
    for number, row in given.iterrows():
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


def _uninformative(tabled: pd.DataFrame, rules: Rules) -> npt.NDArray[np.bool_]:
    """Rows that say nothing about a ratio: no arm, or every patient of both arms, had the event."""
    if rules.double_zero != "drop" or not TRAITS[rules.measure].uninformative or len(tabled) == 0:
        return np.zeros(len(tabled), dtype=bool)
    return both_empty({n: tabled[n].to_numpy(dtype=float) for n in MEASURES[rules.measure].needs})


def _standard_error(row: Row, y: float) -> tuple[float, str]:
    """From v, else the standard error, the interval or the p-value; an impossible one names row and study."""
    if _has(row, ("v",)):
        se, how, shown = float(np.sqrt(max(row["v"], 0.0))), "v as printed", f"v is {row['v']:g}"
    elif _has(row, ("se",)):
        se, how, shown = float(row["se"]), "SE as printed", f"se is {row['se']:g}"
    elif _has(row, ("ci_low", "ci_high")):
        width = float(row["ci_high"] - row["ci_low"])
        se, how = width / (2 * float(critical(0.95, np.inf))), "SE from the 95 % interval"
        shown = f"the interval is {row['ci_low']:g} to {row['ci_high']:g}"
    else:
        se, how, shown = float(se_from_p(np.asarray(y), np.asarray(row["p"]))), "SE from the p-value", "p"
    if not se > 0:
        raise DataError(f"outcomes.csv row {row.name} ({row['study']}): {shown}; the variance must be above 0")
    return se, how


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
        se, how = _standard_error(row, y)
        g, v = standardise_difference(np.asarray(y), np.asarray(se), n_t, n_c, rho)
        notes.append(f"g from the mean difference, {how}")
        y, variance = float(g), float(v)
    elif _spread(row):
        se, how = _standard_error(row, y)
        variance = se**2
        notes.append(how)
    else:
        variance = float(smd_variance(np.asarray(y), n_t, n_c, "LS", rho))
        notes.append("variance from the arm sizes")
    if crossover:
        notes.append("crossover, as parallel" if rho == 0 else f"crossover, rho {rho:g}")
    return y, variance, "; ".join(notes)
