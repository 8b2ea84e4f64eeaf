"""`Quantity`: a recomputed number with all that a comparison has to know about it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from metaket.measures.effect import EffectSizes

__all__ = ["Quantity", "effect_quantity"]

BAND_SCALE = {"SMD": "g", "SMDH": "g", "SMD1": "g", "COR": "r", "UCOR": "r", "ZCOR": "r"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A recomputed quantity: a number, or a decision in words.

    Attributes
    ----------
    value : float
        NaN for a decision.
    words : str
        The decision, empty for a number.
    unit : str
        "%" where the number is a percentage.
    log : bool
        Ratios are compared on the log scale.
    kind : {"estimate", "limit", "heterogeneity", "p", "count", "rate", "decision"}
    null : float
        No effect, where the quantity has a side of it.
    width : float or None
        Width of the interval on the compared scale, for its limits.
    scale : {"g", "r", ""}
        Which bands of the literature apply.
    """

    value: float
    words: str = ""
    unit: str = ""
    log: bool = False
    kind: str = "estimate"
    null: float = math.nan
    width: float | None = None
    scale: str = ""


def effect_quantity(effects: EffectSizes, value: float, interval: tuple[float, float] | None = None) -> Quantity:
    """An effect, or a limit of `interval`, on the scale that people read; both given on the analysis scale."""
    scale = effects.scale
    width = None
    with np.errstate(over="ignore"):  # the exponential of a huge logarithm is infinite
        if interval is not None:
            ends = interval if scale.log_axis else tuple(float(scale.back(x)) for x in interval)
            width = abs(ends[1] - ends[0])
        back = float(scale.back(value))
    kind = "estimate" if interval is None else "limit"
    band = BAND_SCALE.get(effects.measure, "")
    return Quantity(back, log=scale.log_axis, kind=kind, null=scale.null, width=width, scale=band)
