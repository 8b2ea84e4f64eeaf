"""How far a result can move while every input stays within its printed rounding.

The printed decimals come from the text of outcomes.csv: "10.97" stands for 10.965 to 10.975. Counts are exact. The
range of the result over the box of inputs is searched corner by corner: each input is moved to the end that raises
(lowers) the result, and again from there until nothing changes. The ends are values that admissible inputs do give;
for a function that is monotone in each input, as pooled effects nearly are, they are the exact range.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import numpy as np

from metaket.errors import MetaketError
from metaket.pooling.result import Interval
from metaket.reproduction.analyse import AnalysisResult, refit
from metaket.reproduction.paper import Paper
from metaket.reproduction.terms import quantity_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["half_units", "rounding_range"]

ROUNDED = ("mean_t", "sd_t", "mean_c", "sd_c", "y", "y_low", "y_high", "se", "v", "ci_low", "ci_high")
SWEEPS = 3
MOST_INPUTS = 60  # the search asks for four fits an input and sweep


def half_units(paper: Paper, rows: pd.DataFrame) -> list[tuple[int, str, float]]:
    """(row, column, half a unit of the last printed decimal) of every rounded input of the rows."""
    out = []
    for number in rows.index:
        for column in ROUNDED:
            text = str(paper.printed.at[number, column]) if column in paper.printed.columns else ""
            if text:
                out.append((int(number), column, _half(text)))
    return out


def _half(text: str) -> float:
    try:
        exponent = Decimal(text.strip().replace("\N{MINUS SIGN}", "-")).as_tuple().exponent
    except InvalidOperation:
        return 0.0
    return float(Decimal(1).scaleb(exponent) / 2) if isinstance(exponent, int) else 0.0


def rounding_range(paper: Paper, found: AnalysisResult, code: str) -> Interval | None:
    """Range of a quantity over the box of inputs; None where no input is rounded or the quantity is not a number."""
    inputs = half_units(paper, found.selection.rows)
    if not inputs or not found.fits or len(inputs) > MOST_INPUTS:
        return None
    ends = range(len(found.fits))  # two where an input is printed as a range
    low = min(_search(found, inputs, code, -1.0, end) for end in ends)
    high = max(_search(found, inputs, code, 1.0, end) for end in ends)
    return None if np.isnan(low) or np.isnan(high) else Interval(low, high)


def _search(found: AnalysisResult, inputs: list[tuple[int, str, float]], code: str, sign: float, which: int) -> float:
    """The largest (sign 1) or smallest (-1) value by moving one input at a time to an end of its interval."""
    at = np.zeros(len(inputs))
    best = _value(found, inputs, at, code, which)
    for _ in range(SWEEPS):
        moved = False
        for i in range(len(inputs)):
            for end in (-1.0, 1.0):
                if end == at[i]:
                    continue
                trial = at.copy()
                trial[i] = end
                value = _value(found, inputs, trial, code, which)
                if sign * value > sign * best:
                    best, at, moved = value, trial, True
        if not moved:
            break
    return best


def _value(found: AnalysisResult, inputs: list[tuple[int, str, float]], at: np.ndarray, code: str, which: int) -> float:
    rows = found.selection.rows.copy()
    for (number, column, half), end in zip(inputs, at, strict=True):
        rows.at[number, column] = rows.at[number, column] + end * half
    try:
        return quantity_of(refit(found.analysis, rows, which), code, found.analysis.better).value
    except MetaketError:
        return float("nan")
