"""How far is near: the bands of the literature, all reported side by side because there is no single one."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["BANDS", "Gap", "gap_between"]

BANDS = {
    "absolute-0.1": "Gotzsche et al. (2007) JAMA 298:430-437: 0.1 on the scale of standardised mean differences",
    "relative-5": (
        "Lopez-Nicolas et al. (2024) Adv Methods Pract Psychol Sci, doi 10.1177/25152459231202929: 5 % of the estimate "
        "or, for its limits, of the interval's width"
    ),
    "relative-10": (
        "Nguyen et al. (2025) BMJ Medicine, doi 10.1136/bmjmed-2025-002024 (REPRISE): 10 % of the estimate, or of the "
        "interval's width for its limits"
    ),
    "maassen": "Maassen et al. (2020) PLoS ONE 15:e0233107: negligible, small, moderate, large",
}
_MAASSEN = {"g": (0.049, 0.151, 0.251), "d": (0.050, 0.152, 0.254), "r": (0.025, 0.076, 0.126)}
_NAMES = ("negligible", "small", "moderate", "large")
ALMOST_ZERO = 1e-8  # relative gaps against a smaller number say nothing


@dataclass(frozen=True, slots=True)
class Gap:
    """Distance of the recomputed from the printed value.

    Attributes
    ----------
    difference : float
        Recomputed less printed; of logarithms for ratios, unless one of them is not above 0 and so has none.
    relative : float or None
        |difference| over |printed| (for limits: over the interval's width); None near zero, or where a ratio has no
        logarithm.
    bands : mapping of band to bool, str or None
        Inside or not (for maassen the size); None where the band does not apply.
    """

    difference: float
    relative: float | None
    bands: dict[str, bool | str | None]


def gap_between(
    recomputed: float, printed: float, *, log: bool = False, width: float | None = None, scale: str = ""
) -> Gap:
    """The gap in every band.

    Parameters
    ----------
    recomputed, printed : float
        On the scale that is printed.
    log : bool
        Compare logarithms (ratios).
    width : float, optional
        Width of the printed interval on the compared scale, for its limits.
    scale : {"g", "d", "r", ""}
        Which cut-offs of Maassen et al. apply; the absolute band applies to g and d.
    """
    comparable = not log or (recomputed > 0 and printed > 0)  # else a ratio has no logarithm
    log = log and comparable
    a, b = (math.log(recomputed), math.log(printed)) if log else (recomputed, printed)
    difference = a - b
    base = abs(b) if width is None else width
    relative = abs(difference) / base if base > ALMOST_ZERO and comparable else None
    bands: dict[str, bool | str | None] = {
        "absolute-0.1": abs(difference) < 0.1 if scale in ("g", "d") else None,
        "relative-5": None if relative is None else relative <= 0.05,
        "relative-10": None if relative is None else relative <= 0.10,
        "maassen": None,
    }
    if scale in _MAASSEN:
        bands["maassen"] = _NAMES[sum(abs(difference) >= cut for cut in _MAASSEN[scale])]
    return Gap(difference, relative, bands)
