"""Which rows of outcomes.csv enter a pool, and why the others do not."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metaket._checks import check_choice
from metaket.errors import DataError, InputError
from metaket.measures.registry import MEASURES, TRAITS

if TYPE_CHECKING:
    import pandas as pd

Row = Any  # a row of a DataFrame
__all__ = [
    "NUMBERS",
    "SOURCED",
    "STATUSES",
    "Left",
    "Rules",
    "Selection",
    "has_cells",
    "has_spread",
    "join_trials",
    "matching",
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
        As in `effect_sizes`; an empty `zero_cells` becomes the measure's own rule.
    crossover : "parallel" or float
        As in `effect_sizes`.
    options : mapping
        Further options of the measure (vtype, j, add).
    """

    measure: str
    zero_cells: str = ""
    double_zero: str = "drop"
    crossover: str | float = "parallel"
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "measure", MEASURES[self.measure].code)
        object.__setattr__(self, "zero_cells", self.zero_cells or TRAITS[self.measure].zero_cells or "only0")
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


def has_cells(row: Row, names: Sequence[str]) -> bool:
    return all(not np.isnan(row[n]) for n in names if n in row) and all(n in row for n in names)


def has_spread(row: Row) -> bool:
    return any(has_cells(row, names) for names in (("v",), ("se",), ("ci_low", "ci_high"), ("p",)))


def _blank(row: Row, measure: str) -> tuple[str, ...]:
    """Cells that are blank and needed for the measure; empty if the row is complete."""
    code = MEASURES[measure].code
    needs = MEASURES[code].needs
    if code == "GEN" or not set(needs) <= set(row.index):
        needs = ()
    if needs and has_cells(row, needs):
        return ()
    if _given(row, code):
        return ()
    if needs and any(has_cells(row, (n,)) for n in needs if n not in ("n_t", "n_c")):
        return tuple(n for n in needs if not has_cells(row, (n,)))
    return needs if needs else ("y",)


def _given(row: Row, code: str) -> bool:
    """Whether the row gives the effect itself, in a form that the measure can use."""
    ranged = has_cells(row, ("y_low", "y_high"))
    if not ranged and not has_cells(row, ("y",)):
        return False
    kind = str(row.get("y_measure", "") or code)
    if code == "GEN" or kind == code:
        return has_spread(row) or (code == "SMD" and has_cells(row, ("n_t", "n_c")))
    return code == "SMD" and kind == "MD" and has_spread(row) and has_cells(row, ("n_t", "n_c"))
