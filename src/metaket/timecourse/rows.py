"""The rows that a course over time is made of: from a paper, or from a table of the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket.errors import InputError
from metaket.measures.registry import MEASURES
from metaket.outcomes import NUMBERS, Selection, join_trials, select
from metaket.tables import numeric

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Rows", "rows_over_time"]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The selected rows of each time.

    Attributes
    ----------
    measure : str
    picks : mapping of time in hours to Selection
        In the order of the times.
    """

    measure: str
    picks: Mapping[float, Selection]


def rows_over_time(
    data: Any,
    *,
    outcome: str | None,
    measure: str,
    times: Sequence[float] | None,
    where: Mapping[str, Any] | None,
    include: Sequence[str],
    variants: Mapping[str, str] | None,
) -> Rows:
    """Select the rows of each time; see `pool_over_time` for the parameters.

    Raises
    ------
    DataError
        A study with two rows at one time.
    InputError
        An unknown outcome or column, or no time.
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
    if times is not None and len(times) == 0:
        raise InputError("times is empty; name at least one time, or leave it out for all of them")
    _require_columns(table, code)
    at = sorted(times if times is not None else default_times or {float(t) for t in table["time_h"].dropna()})
    if not at:
        raise InputError("no time: the column time_h is blank in every row")
    picks = {float(t): select(table, chosen | {"time_h": t}, code, include=include, variants=variants) for t in at}
    return Rows(code, picks)


def _require_columns(table: pd.DataFrame, measure: str) -> None:
    missing = [n for n in MEASURES[measure].needs if n not in table.columns]
    if missing and not {"y", "y_low"} & set(table.columns):
        raise InputError(f"measure {measure} needs column(s) {', '.join(missing)}, or effects in a column y")


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
