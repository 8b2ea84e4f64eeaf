"""Zero cells: which studies get a half added to their counts, and which say nothing at all.

The rules read the counts from the names of the columns, so that they hold for two arms (``events_t n_t events_c
n_c``), one arm (``events n``), person-time (``events_t events_c``, ``events``) and pairs (``yes_yes`` ...).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.measures.registry import Columns

__all__ = ["DOUBLE_ZERO", "PAIR_CELLS", "ZERO_CELLS", "Adjusted", "adjust_zero_cells", "both_empty"]

ZERO_CELLS = ("only0", "all", "if0all", "none")
DOUBLE_ZERO = ("drop", "keep")
PAIR_CELLS = ("yes_yes", "yes_no", "no_yes", "no_no")
ARMS = ("_t", "_c", "")


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Counts after the zero-cell rule.

    Attributes
    ----------
    columns : mapping of str to ndarray, each of shape (k,)
    changed : ndarray of bool, shape (k,)
        Where something was added.
    double_zero : ndarray of bool, shape (k,)
        Where both arms have no events, or both have only events.
    """

    columns: dict[str, Array]
    changed: npt.NDArray[np.bool_]
    double_zero: npt.NDArray[np.bool_]


def _arms(columns: Columns) -> list[str]:
    return [arm for arm in ARMS if f"events{arm}" in columns]


def _cells(columns: Columns) -> list[Array]:
    if PAIR_CELLS[0] in columns:
        return [columns[name] for name in PAIR_CELLS]
    cells = []
    for arm in _arms(columns):
        cells.append(columns[f"events{arm}"])
        if f"n{arm}" in columns:
            cells.append(columns[f"n{arm}"] - columns[f"events{arm}"])
    return cells


def both_empty(columns: Columns) -> npt.NDArray[np.bool_]:
    """Where both arms have no events, or both have only events; nowhere for a single arm or for pairs."""
    cells = _cells(columns)
    if "events_t" not in columns or "events_c" not in columns:
        return np.zeros(cells[0].shape, dtype=bool)
    none = (columns["events_t"] == 0) & (columns["events_c"] == 0)
    if "n_t" not in columns:
        return np.asarray(none)
    return np.asarray(none | ((columns["events_t"] == columns["n_t"]) & (columns["events_c"] == columns["n_c"])))


def adjust_zero_cells(columns: Columns, rule: str, add: float = 0.5) -> Adjusted:
    """Add `add` to every cell of the studies that the rule names; leading axes are tables of their own.

    ``only0``: of each study with an empty cell; ``if0all``: of every study once any has one; ``all``: of every
    study; ``none``: of no study. Person-time stays as it is.
    """
    empty = np.any([cell == 0 for cell in _cells(columns)], axis=0)
    changed = {
        "only0": empty,
        "all": np.ones_like(empty),
        "if0all": np.broadcast_to(empty.any(axis=-1, keepdims=True), empty.shape),
        "none": np.zeros_like(empty),
    }[rule]
    plus = np.where(changed, add, 0.0)
    out = dict(columns)
    for name in PAIR_CELLS:
        if name in columns:
            out[name] = columns[name] + plus
    for arm in _arms(columns):
        out[f"events{arm}"] = columns[f"events{arm}"] + plus
        if f"n{arm}" in columns:
            out[f"n{arm}"] = columns[f"n{arm}"] + 2 * plus
    return Adjusted(out, changed, both_empty(columns))
