"""An estimate, its interval and its p-value held against each other, each within its printed rounding."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import stats

__all__ = ["middle_gap", "p_conflict", "p_range", "rounded_ends"]

Z = 1.9599639845400545
FEW = 1.0  # the fewest degrees of freedom of a t interval that a paper may have used instead of the normal one


def rounded_ends(
    values: Sequence[float], halves: Sequence[float], forward: Callable[..., Any] = float
) -> list[tuple[float, float]] | None:
    """The range of each value within its rounding, transformed; None where one has no transformed value, such as a
    ratio that may round down to zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = [(float(forward(v - h)), float(forward(v + h))) for v, h in zip(values, halves, strict=True)]
    return ends if all(math.isfinite(x) for end in ends for x in end) else None


def middle_gap(
    y: float, low: float, high: float, halves: Sequence[float], forward: Callable[..., Any] = float
) -> float:
    """How far y is off the middle of its interval beyond what rounding allows, as a share of the width.

    Parameters
    ----------
    y, low, high : float
    halves : sequence of float
        Half a unit of the last printed decimal of each.
    forward : callable
        To the scale on which the interval is symmetric, increasing: the logarithm for ratios.
    """
    ends = rounded_ends((y, low, high), halves, forward)
    if ends is None:
        return 0.0
    (y0, y1), (a0, a1), (b0, b1) = ends
    off = max(y0 - (a1 + b1) / 2, (a0 + b0) / 2 - y1, 0.0)
    width = (b0 + b1 - a0 - a1) / 2
    return off / width if width > 0 else 0.0


def p_range(y: float, low: float, high: float, halves: Sequence[float]) -> tuple[float, float]:
    """The two-sided p-values that a 95 % interval around y allows, on the scale where it is symmetric and 0 is null.

    By a normal test, by t on one degree of freedom, and so by every t between; all agree on which side of 0.05.
    """
    size = (max(abs(y) - halves[0], 0.0), abs(y) + halves[0])
    wide = halves[1] + halves[2]
    half = ((high - low - wide) / 2, (high - low + wide) / 2)
    if half[1] <= 0:
        return 0.0, 1.0
    ratios = (size[0] / half[1], size[1] / half[0] if half[0] > 0 else math.inf)
    t = float(stats.t.ppf(0.975, FEW))
    by_normal = [2 * float(stats.norm.sf(Z * r)) for r in ratios]
    by_t = [2 * float(stats.t.sf(t * r, FEW)) for r in ratios]
    return min(by_normal[1], by_t[1]), max(by_normal[0], by_t[0])


def p_conflict(
    y: float, low: float, high: float, halves: Sequence[float], p: tuple[float, float]
) -> tuple[str, str] | None:
    """What the interval says against a printed p-value, and how sure that is; None where they agree.

    Parameters
    ----------
    p : (float, float)
        The values that print like it.
    """
    if high <= low:
        return None
    least, most = p_range(y, low, high, halves)
    if p[1] >= least and p[0] <= most:
        return None
    shown = f"{least:.2g} to {most:.2g}" if most - least > 0.01 * most else f"{least:.2g}"
    crossed = (most < 0.05 and p[0] >= 0.05) or (least > 0.05 and p[1] <= 0.05)
    side = "; they decide differently" if crossed else ""
    return f"estimate and interval give p = {shown}{side}", "likely" if crossed else "possible"
