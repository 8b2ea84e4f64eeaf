"""2x2 tables from their margins and one number that says how far the cells are from independence.

The table is ``a b`` over ``c d``: `row` = a + b (the arm, or those with the first trait), `column` = a + c (all events,
or those with the second trait), `total` = a + b + c + d.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from metaket._checks import Array
from metaket.errors import InputError
from metaket.measures.convert import above, arrays, conversion

__all__ = ["cells_from_chi_square", "cells_from_odds_ratio", "cells_from_phi", "cells_from_risk_ratio"]

BONETT = "Bonett (2007) Am Psychol 62:254-255"


def _margins(row: Any, column: Any, total: Any) -> tuple[Array, Array, Array]:
    r, c, n = arrays(row=row, column=column, total=total)
    above(0.0, row=r, column=c, **{"total - row": n - r, "total - column": n - c})
    return r, c, n


def _table(a: Array, r: Array, c: Array, n: Array, *, whole: bool) -> dict[str, Any]:
    """The four cells with the margins kept; the nearest whole table if the cells must be counts."""
    low, high = np.maximum(0.0, r + c - n), np.minimum(r, c)
    slack = 0.5 if whole else 1e-9 * np.max(n)
    if not ((a >= low - slack) & (a <= high + slack)).all():
        i = int(np.argmax(np.ravel((a < low - slack) | (a > high + slack))))
        value, bottom, top = (float(np.ravel(np.broadcast_to(x, np.shape(a)))[i]) for x in (a, low, high))
        raise InputError(
            f"no table with these margins: the first cell would be {value:.4g}, but lies between {bottom:g} and "
            f"{top:g}; check the margins and the sign"
        )
    a = np.clip(np.rint(a) if whole else a, low, high)
    return {"a": a, "b": r - a, "c": c - a, "d": n - r - c + a}


@conversion(
    "cells_from_odds_ratio",
    formula="a solves a (total - row - column + a) = OR (row - a) (column - a)",
    source=BONETT,
)
def cells_from_odds_ratio(
    odds_ratio: Any, row: Any, column: Any, total: Any, *, whole: bool = True
) -> Mapping[str, Any]:
    """Cells from the odds ratio a d / (b c) > 0 and the margins.

    Parameters
    ----------
    odds_ratio : array_like
        a d / (b c), above 0.
    row, column, total : array_like
        Margins of the table: 0 < row < total and 0 < column < total.
    whole : bool
        Round to the nearest table of whole numbers; else the cells are real.

    Returns
    -------
    Conversion
        With ``a``, ``b``, ``c``, ``d``, of the broadcast shape.

    Raises
    ------
    InputError
        Margins out of order, a ratio not above 0, or no such table.

    Notes
    -----
    The root is taken in the form 2 OR r c / (s + sqrt(s^2 - 4 OR (OR - 1) r c)), s = n + (OR - 1) (r + c), which is
    stable at OR = 1.
    """
    (ratio,) = arrays(odds_ratio=odds_ratio)
    above(0.0, odds_ratio=ratio)
    r, c, n = _margins(row, column, total)
    s = n + (ratio - 1) * (r + c)
    return _table(2 * ratio * r * c / (s + np.sqrt(s**2 - 4 * ratio * (ratio - 1) * r * c)), r, c, n, whole=whole)


@conversion(
    "cells_from_risk_ratio",
    formula="a = RR row column / (total - row + RR row)",
    source="the definition of the risk ratio",
)
def cells_from_risk_ratio(
    risk_ratio: Any, row: Any, column: Any, total: Any, *, whole: bool = True
) -> Mapping[str, Any]:
    """Cells from the risk ratio (a / row) / (c / (total - row)) > 0 and the margins.

    Parameters
    ----------
    risk_ratio : array_like
        (a / row) / (c / (total - row)), above 0.
    row, column, total : array_like
        Margins of the table: 0 < row < total and 0 < column < total.
    whole : bool
        Round to the nearest table of whole numbers; else the cells are real.

    Returns
    -------
    Conversion
        With ``a``, ``b``, ``c``, ``d``, of the broadcast shape.

    Raises
    ------
    InputError
        Margins out of order, a ratio not above 0, or no such table.

    Notes
    -----
    a = RR row column / (total - row + RR row), from the definition of the risk ratio.
    """
    (ratio,) = arrays(risk_ratio=risk_ratio)
    above(0.0, risk_ratio=ratio)
    r, c, n = _margins(row, column, total)
    return _table(ratio * r * c / (n - r + ratio * r), r, c, n, whole=whole)


@conversion(
    "cells_from_phi",
    formula="a = (row column + phi sqrt(row (total - row) column (total - column))) / total",
    source="the definition of phi",
)
def cells_from_phi(phi: Any, row: Any, column: Any, total: Any, *, whole: bool = True) -> Mapping[str, Any]:
    """Cells from the phi coefficient (the correlation of the two traits) and the margins.

    Parameters
    ----------
    phi : array_like
        Within [-1, 1]; the margins may allow less.
    row, column, total : array_like
        Margins of the table: 0 < row < total and 0 < column < total.
    whole : bool
        Round to the nearest table of whole numbers; else the cells are real.

    Returns
    -------
    Conversion
        With ``a``, ``b``, ``c``, ``d``, of the broadcast shape.

    Raises
    ------
    InputError
        Margins out of order, or no such table.

    Notes
    -----
    a = (row column + phi sqrt(row (total - row) column (total - column))) / total, from the definition of phi.
    """
    (value,) = arrays(phi=phi)
    r, c, n = _margins(row, column, total)
    return _table((r * c + value * np.sqrt(r * (n - r) * c * (n - c))) / n, r, c, n, whole=whole)


@conversion(
    "cells_from_chi_square",
    formula="|a d - b c| = sqrt(chi2 row (total - row) column (total - column) / total) + yates total / 2",
    source="the definition of Pearson's chi-square, with Yates's correction",
)
def cells_from_chi_square(
    chi2: Any, row: Any, column: Any, total: Any, *, sign: Any = 1, yates: bool = True, whole: bool = True
) -> Mapping[str, Any]:
    r"""Cells from Pearson's chi-square on 1 df and the margins.

    Parameters
    ----------
    chi2 : array_like
        0 or more.
    row, column, total : array_like
        Margins of the table: 0 < row < total and 0 < column < total.
    sign : array_like
        Of a d - b c, which chi-square does not hold: 1 if the first row has more of the first column than expected,
        -1 if less.
    yates : bool
        Whether chi-square was computed with the continuity correction.
    whole : bool
        Round to the nearest table of whole numbers; else the cells are real.

    Returns
    -------
    Conversion
        With ``a``, ``b``, ``c``, ``d``, of the broadcast shape.

    Raises
    ------
    InputError
        chi2 below 0, a sign other than 1 and -1, margins out of order, or no such table.

    Notes
    -----
    \|a d - b c\| = sqrt(chi2 row (total - row) column (total - column) / total) + yates total / 2.
    """
    value, direction = arrays(chi2=chi2, sign=sign)
    if not ((value >= 0).all() and np.isin(direction, (-1.0, 1.0)).all()):
        raise InputError(f"chi2 must be 0 or more and sign 1 or -1, got {chi2!r} and {sign!r}")
    r, c, n = _margins(row, column, total)
    distance = np.sqrt(value * r * (n - r) * c * (n - c) / n) + (n / 2 if yates else 0.0)
    return _table((r * c + direction * distance) / n, r, c, n, whole=whole)
