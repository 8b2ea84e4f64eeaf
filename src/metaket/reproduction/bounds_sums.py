"""The sums over the studies of which a Mantel-Haenszel or a Peto pool is made.

The estimate is R / S, or its logarithm, with R = sum r and S = sum s. Its variance is sum_j lambda^p_j U_j / S^2 with
lambda = R / S and a few more sums U_j. In symbols of `pooling.mantel_haenszel` and `pooling.peto`:

====  ======================  ======================  ===========================================
OR    r = a d / N             s = b c / N             U = P r / 2, (P s + Q r) / 2, Q s / 2; p = -2, -1, 0
RR    r = a n2 / N            s = c n1 / N            U = (n1 n2 m - a c N) / N^2; p = -1
RD    r = (a n2 - c n1) / N   s = n1 n2 / N           Sato's two sums; p = 1, 0
Peto  r = O - E               s = V                   U = V; p = 0
====  ======================  ======================  ===========================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.errors import InputError

__all__ = ["COUNTED", "Sums", "check_counted", "sums_of"]

Bools = npt.NDArray[np.bool_]
COUNTED = {"mh": ("OR", "RR", "RD"), "peto": ("OR", "PETO")}


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """What each table of a study adds to the sums.

    Attributes
    ----------
    r, s : ndarray, shape (m,)
    parts : tuple of ndarray, each of shape (m,)
        U_j, of which the variance is made.
    powers : tuple of int
        p_j.
    log : bool
        Whether the estimate is the logarithm of R / S.
    needs : tuple of ndarray of bool, each of shape (m,)
        A pool needs, for each of these, a study where it is true: else a sum is 0 and there is no estimate.
    """

    r: Array
    s: Array
    parts: tuple[Array, ...]
    powers: tuple[int, ...]
    log: bool
    needs: tuple[Bools, ...]

    def mirrored(self) -> Sums:
        """The same with the arms swapped, so that the estimate changes its sign."""
        if self.log:
            return replace(self, r=self.s, s=self.r, parts=self.parts[::-1])
        parts = tuple(-u if power else u for u, power in zip(self.parts, self.powers, strict=True))
        return replace(self, r=-self.r, parts=parts)

    def spread(self, low: float, high: float) -> tuple[Array, Array]:
        """The least and the greatest sum_j lambda^p_j u_j for a lambda between `low` and `high`, shape (m,)."""
        ends = [(low**p * u, high**p * u) for u, p in zip(self.parts, self.powers, strict=True)]
        return sum(np.minimum(*pair) for pair in ends), sum(np.maximum(*pair) for pair in ends)  # type: ignore[return-value]


def check_counted(model: str, measure: str, test: str) -> None:
    """Whether a model of counts has this measure and test.

    Raises
    ------
    InputError
        It has not.
    """
    if measure not in COUNTED[model]:
        raise InputError(f"model {model!r} pools {', '.join(COUNTED[model])}, not {measure}")
    if test != "z":
        raise InputError(f"model {model!r} has the normal test only; use test='z', got {test!r}")


def sums_of(model: str, measure: str, cells: Mapping[str, npt.NDArray[np.int64]], used: Bools) -> Sums:
    """The sums of a study's tables; one that is not used adds nothing."""
    a, n1, c, n2 = (cells[name].astype(np.float64) for name in ("events_t", "n_t", "events_c", "n_c"))
    a, c = np.where(used, a, 0.0), np.where(used, c, 0.0)
    b, d, n = n1 - a, n2 - c, n1 + n2
    if model == "peto":
        v = n1 * n2 * (a + c) * (b + d) / (n**2 * (n - 1.0))
        return Sums(a - n1 * (a + c) / n, v, (v,), (0,), False, (v > 0,))
    if measure == "OR":
        r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
        return Sums(r, s, (p * r / 2, (p * s + q * r) / 2, q * s / 2), (-2, -1, 0), True, (r > 0, s > 0))
    if measure == "RR":
        r, s, u = a * n2 / n, c * n1 / n, (n1 * n2 * (a + c) - a * c * n) / n**2
        return Sums(r, s, (u,), (-1,), True, (r > 0, s > 0, u > 0))
    share = (n1 / n) ** 2 * c - (n2 / n) ** 2 * a + n1 * n2 * (n2 - n1) / (2 * n**2)
    return Sums((a * n2 - c * n1) / n, n1 * n2 / n, (share, (a * d + c * b) / (2 * n)), (1, 0), False, (used,))
