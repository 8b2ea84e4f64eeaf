"""Columns that can be had from others: the size of an arm from its cells, pairs from margins, r from a change."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from metaket._checks import Array
from metaket.measures.counts import PAIR_CELLS
from metaket.measures.matched import pairs_from_margins
from metaket.measures.paired import correlation_from_change
from metaket.measures.registry import Columns

__all__ = ["DERIVATIONS", "Derivation", "derivations_for"]


@dataclass(frozen=True, slots=True)
class Derivation:
    """One way to a column that the table lacks.

    Attributes
    ----------
    wanted, sources : tuple of str
        What it gives, and the columns that it needs.
    func : callable
        From the source columns to the wanted ones.
    note : str
        What is written beside the study's effect; empty for plain sums.
    """

    wanted: tuple[str, ...]
    sources: tuple[str, ...]
    func: Callable[[Columns], dict[str, Array]]
    note: str = ""


def _arm_size(arm: str) -> Derivation:
    names = (f"events_{arm}", f"nonevents_{arm}")
    return Derivation((f"n_{arm}",), names, lambda c: {f"n_{arm}": c[names[0]] + c[names[1]]})


def _pairs(c: Columns) -> dict[str, Array]:
    """Cells that are negative by no more than rounding become zero."""
    return {name: np.where(np.abs(a) < 1e-9 * c["n"], 0.0, a) for name, a in pairs_from_margins(c).items()}


DERIVATIONS = (
    _arm_size("t"),
    _arm_size("c"),
    Derivation(
        PAIR_CELLS,
        ("events_t", "events_c", "n", "r"),
        _pairs,
        "pairs from the margins and r (Elbourne et al. (2002) Int J Epidemiol 31:140-149, appendix)",
    ),
    Derivation(
        ("r",),
        ("sd_post", "sd_pre", "sd_change"),
        lambda c: {"r": correlation_from_change(c)},
        "r from the standard deviation of the change (Cochrane Handbook 6.3 (2022), 6.5.2.8)",
    ),
)


def derivations_for(missing: Collection[str], has: Callable[[str], bool]) -> list[Derivation]:
    """The derivations that give missing columns and whose sources are all there."""
    return [d for d in DERIVATIONS if set(d.wanted) & set(missing) and all(has(name) for name in d.sources)]
