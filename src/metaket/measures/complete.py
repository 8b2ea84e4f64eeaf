"""Fill the cells that a measure needs from what a paper prints instead, and write down how.

The filled table goes into `effect_sizes`, which carries the column ``conversion`` into the notes of the effects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array, check_choice, row_name
from metaket.errors import DataError, InputError
from metaket.measures.convert import Conversion
from metaket.measures.convert_means import mean_sd_luo_wan_shi, mean_sd_wan
from metaket.measures.convert_quantiles import mean_sd_box_cox, mean_sd_quantile_estimation
from metaket.measures.convert_sd import sd_from_interval, sd_from_se
from metaket.measures.convert_tables import (
    cells_from_chi_square,
    cells_from_odds_ratio,
    cells_from_phi,
    cells_from_risk_ratio,
)
from metaket.measures.table import as_table, column_names, numbers_of, row_numbers, study_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["QUANTILE_METHODS", "complete_counts", "complete_means", "mean_sd_from_quantiles"]

Row = Mapping[str, float]
METHODS: dict[str, Callable[..., Conversion]] = {
    "luo-wan-shi": mean_sd_luo_wan_shi,
    "wan": mean_sd_wan,
    "qe": mean_sd_quantile_estimation,
    "bc": mean_sd_box_cox,
}
QUANTILE_METHODS = tuple(METHODS)
ARMS = ("_t", "_c", "")
QUANTILES = {"median": "median", "q1": "q1", "q3": "q3", "min": "minimum", "max": "maximum"}
COUNT_WAYS: dict[str, Callable[..., Conversion]] = {
    "odds_ratio": cells_from_odds_ratio,
    "risk_ratio": cells_from_risk_ratio,
    "phi": cells_from_phi,
    "chi2": cells_from_chi_square,
}


def mean_sd_from_quantiles(
    n: Any,
    *,
    median: Any = None,
    q1: Any = None,
    q3: Any = None,
    minimum: Any = None,
    maximum: Any = None,
    method: str = "luo-wan-shi",
) -> Conversion:
    """Mean and standard deviation of a group from its quantiles.

    Parameters
    ----------
    n : array_like
        Size of the group, 5 or more.
    median, q1, q3, minimum, maximum : array_like, optional
        The quartiles, the range, or both; NaN where unknown.
    method : {"luo-wan-shi", "wan", "qe", "bc"}
        Normal data: Luo, Wan and Shi (as metafor's conv.fivenum), or Wan alone. Skewed data: McGrath's quantile
        estimation or Box-Cox method.

    Returns
    -------
    Conversion
        ``mean`` and ``sd``, with a remark where the data look skewed and the method assumes that they are not.

    Raises
    ------
    InputError
        Quantiles out of order, too few of them, n below 5.

    Examples
    --------
    >>> from metaket.measures.complete import mean_sd_from_quantiles
    >>> got = mean_sd_from_quantiles(100, median=15, q1=10, q3=22)
    >>> round(got["mean"], 4), round(got["sd"], 4)
    (15.7039, 9.0265)
    """
    chosen = METHODS[check_choice("quantile method", method, QUANTILE_METHODS)]
    return chosen(n, median=median, q1=q1, q3=q3, minimum=minimum, maximum=maximum)


def complete_means(
    data: pd.DataFrame | Mapping[str, Any],
    *,
    method: str = "luo-wan-shi",
    columns: Mapping[str, str] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Fill blank means and standard deviations of each arm from the other numbers in its row.

    Parameters
    ----------
    data : DataFrame or mapping of columns
        ``n_t`` and ``n_c`` (or ``n``), and of each arm any of ``mean_t sd_t se_t ci_low_t ci_high_t`` (interval of the
        mean) ``median_t q1_t q3_t min_t max_t``; the same with ``_c``, or for one group without an ending.
    method : {"luo-wan-shi", "wan", "qe", "bc"}
        How quantiles become mean and standard deviation, see `mean_sd_from_quantiles`.
    columns : mapping, optional
        Our name -> the name in `data`.
    level : float
        Level of the intervals of the means.

    Returns
    -------
    DataFrame
        A copy. A number that was given is never replaced; the column ``conversion`` says what was filled, and how.

    Raises
    ------
    DataError
        Numbers that contradict each other, naming row and study.

    Examples
    --------
    >>> from metaket.measures.complete import complete_means
    >>> arms = {"study": ["A"], "n_t": [40], "median_t": [12], "q1_t": [8], "q3_t": [17], "mean_t": [None]}
    >>> complete_means(arms)[["mean_t", "sd_t"]].round(3).values.tolist()
    [[12.355, 6.92]]
    """
    check_choice("quantile method", method, QUANTILE_METHODS)
    names = [f"{name}{arm}" for arm in ARMS for name in ("n", "mean", "sd", "se", "ci_low", "ci_high", *QUANTILES)]

    def fill(row: Row) -> list[tuple[dict[str, float], Conversion]]:
        return [done for arm in ARMS for done in _fill_arm(row, arm, method, level)]

    return _complete(data, columns, names, [f"{n}{arm}" for arm in ARMS for n in ("mean", "sd")], fill)


def _fill_arm(row: Row, arm: str, method: str, level: float) -> list[tuple[dict[str, float], Conversion]]:
    n, mean, sd = (row.get(f"{name}{arm}", np.nan) for name in ("n", "mean", "sd"))
    if np.isnan(n) or not (np.isnan(mean) or np.isnan(sd)):
        return []
    done = []
    if np.isnan(sd) and arm:  # without an ending, se and the interval belong to an effect
        by = _sd_of_mean(row, arm, n, level)
        if by is not None:
            done.append(({f"sd{arm}": by["sd"]}, by))
            sd = by["sd"]
    known = {full: row.get(f"{short}{arm}", np.nan) for short, full in QUANTILES.items()}
    pairs = (("q1", "q3"), ("minimum", "maximum"))
    enough = any(not (np.isnan(known[a]) or np.isnan(known[b])) for a, b in pairs)
    if enough and (np.isnan(sd) or (np.isnan(mean) and not np.isnan(known["median"]))):
        # without a median only the normal methods give a standard deviation
        used = "luo-wan-shi" if np.isnan(known["median"]) else method
        by = mean_sd_from_quantiles(n, **known, method=used)
        blank = {"mean": mean, "sd": sd}
        filled = {f"{k}{arm}": by[k] for k in ("mean", "sd") if np.isnan(blank[k]) and not np.isnan(by[k])}
        done.append((filled, by))
    return done


def _sd_of_mean(row: Row, arm: str, n: float, level: float) -> Conversion | None:
    se, low, high = (row.get(f"{name}{arm}", np.nan) for name in ("se", "ci_low", "ci_high"))
    if not np.isnan(se):
        return sd_from_se(se, n)
    if not (np.isnan(low) or np.isnan(high)):
        return sd_from_interval(low, high, n, level=level)
    return None


def complete_counts(
    data: pd.DataFrame | Mapping[str, Any], *, columns: Mapping[str, str] | None = None, yates: bool = True
) -> pd.DataFrame:
    """Fill blank events of both arms from the events in total and an odds ratio, risk ratio, phi or chi-square.

    Parameters
    ----------
    data : DataFrame or mapping of columns
        ``n_t n_c``, ``events`` (of both arms together), and one of ``odds_ratio risk_ratio phi chi2``; for chi2 also
        ``sign``: 1 if the treatment arm has more events than expected, -1 if fewer.
    columns : mapping, optional
        Our name -> the name in `data`.
    yates : bool
        Whether chi-square was computed with the continuity correction.

    Returns
    -------
    DataFrame
        A copy with ``events_t`` and ``events_c`` (the nearest whole table) where both were blank; the column
        ``conversion`` says how.

    Raises
    ------
    DataError
        Margins that do not allow the number, a chi-square without a sign, naming row and study.
    """

    def fill(row: Row) -> list[tuple[dict[str, float], Conversion]]:
        known = {name: row.get(name, np.nan) for name in ("n_t", "n_c", "events")}
        given = [name for name in COUNT_WAYS if not np.isnan(row.get(name, np.nan))]
        blank = all(np.isnan(row.get(name, np.nan)) for name in ("events_t", "events_c"))
        if not given or not blank or any(np.isnan(v) for v in known.values()):
            return []
        margins = (known["n_t"], known["events"], known["n_t"] + known["n_c"])
        extra: dict[str, Any] = {}
        if given[0] == "chi2":
            if np.isnan(row.get("sign", np.nan)):
                raise InputError("chi2 needs sign: 1 if the treatment arm has more events than expected, -1 if fewer")
            extra = {"sign": row["sign"], "yates": yates}
        by = COUNT_WAYS[given[0]](row[given[0]], *margins, **extra)
        return [({"events_t": by["a"], "events_c": by["c"]}, by)]

    names = ["n_t", "n_c", "events", "events_t", "events_c", "sign", *COUNT_WAYS]
    return _complete(data, columns, names, ["events_t", "events_c"], fill)


def _complete(
    data: Any,
    columns: Mapping[str, str] | None,
    names: list[str],
    targets: list[str],
    fill: Callable[[Row], list[tuple[dict[str, float], Conversion]]],
) -> pd.DataFrame:
    table = as_table(data).copy()
    ours = column_names(table, columns, (), names)
    read = {n: numbers_of(table, ours.get(n, n), ours) for n in names if ours.get(n, n) in table.columns}
    values: dict[str, Array] = {n: read.get(n, np.full(len(table), np.nan)) for n in targets}
    notes = ["" for _ in range(len(table))]
    study, rows = study_names(table, ours), row_numbers(table)
    for i in range(len(table)):
        try:
            done = fill({name: float(a[i]) for name, a in read.items()})
        except DataError:
            raise
        except InputError as error:
            raise DataError(f"{row_name(i, study, rows)}: {error}") from None
        for filled, by in done:
            for name, value in filled.items():
                values[name][i] = value
            text = f"{', '.join(filled)} by {by.name} ({by.source})" + (f"; {by.remark}" if by.remark else "")
            notes[i] = "; ".join(part for part in (notes[i], text) if part)
    _write(table, ours, values, notes)
    return table


def _write(table: pd.DataFrame, ours: Mapping[str, str], values: Mapping[str, Array], notes: list[str]) -> None:
    for name, array in values.items():
        column = ours.get(name, name)
        if column in table.columns or not np.isnan(array).all():
            table[column] = array
    column = ours.get("conversion", "conversion")
    before = (
        [str(c) if isinstance(c, str) else "" for c in table[column]] if column in table.columns else [""] * len(notes)
    )
    table[column] = ["; ".join(part for part in pair if part) for pair in zip(before, notes, strict=True)]
