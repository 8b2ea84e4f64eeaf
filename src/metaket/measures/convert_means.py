"""Means and standard deviations from the median, the quartiles and the range, for roughly normal data.

Three scenarios: median with range (S1), median with quartiles (S2), all five numbers (S3). `convert_quantiles` has
the methods for skewed data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

from metaket._checks import Array, float_array
from metaket.errors import InputError
from metaket.measures.convert import conversion

__all__ = ["Quantiles", "luo_mean", "mean_sd_luo_wan_shi", "mean_sd_wan", "skewness", "wan_sd"]

SMALLEST = 5


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """What is known of each group, NaN where nothing is.

    Attributes
    ----------
    n, median, q1, q3, minimum, maximum : ndarray, shape (k,)
        Size of the group (5 or more), and its five numbers in ascending order.
    """

    n: Array
    median: Array
    q1: Array
    q3: Array
    minimum: Array
    maximum: Array

    @classmethod
    def of(cls, n: Any, median: Any, q1: Any, q3: Any, minimum: Any, maximum: Any) -> Quantiles:
        """Checked and broadcast; None and NaN are unknown."""
        given = {"n": n, "median": median, "q1": q1, "q3": q3, "minimum": minimum, "maximum": maximum}
        read = [float_array(name, np.nan if v is None else v) for name, v in given.items()]
        try:
            out = cls(*np.broadcast_arrays(*read))
        except ValueError:
            shapes = ", ".join(f"{name} {a.shape}" for name, a in zip(given, read, strict=True))
            raise InputError(f"the arguments do not fit together: {shapes}") from None
        out._check()
        return out

    def ravel(self) -> Quantiles:
        """The same groups in one dimension."""
        return Quantiles(*(np.ravel(getattr(self, f.name)) for f in fields(self)))

    @property
    def has_range(self) -> npt.NDArray[np.bool_]:
        """Where both the smallest and the largest value are known."""
        return np.asarray(~np.isnan(self.minimum) & ~np.isnan(self.maximum))

    @property
    def has_quartiles(self) -> npt.NDArray[np.bool_]:
        """Where both quartiles are known."""
        return np.asarray(~np.isnan(self.q1) & ~np.isnan(self.q3))

    def _check(self) -> None:
        if not (self.n >= SMALLEST).all():
            raise InputError(f"n must be {SMALLEST} or more for these methods, got {self.n.tolist()!r}")
        if not (self.has_range | self.has_quartiles).all():
            raise InputError("give minimum and maximum, or q1 and q3, or all four, beside the median")
        order = np.stack([self.minimum, self.q1, self.median, self.q3, self.maximum], axis=-1)
        filled = np.fmax.accumulate(order, axis=-1)
        if (~np.isnan(order) & (order < filled)).any():
            raise InputError("minimum <= q1 <= median <= q3 <= maximum does not hold; check which number is which")
        spread = np.where(self.has_range, self.maximum - self.minimum, self.q3 - self.q1)
        if not (spread > 0).all():
            raise InputError("the given quantiles are all equal, so that the standard deviation cannot be had")


def _tail(n: Array, share: float) -> Array:
    """Twice Wan's normal quantile: of the extremes for share 1, of the quartiles for share 3/4."""
    shift = 0.375 if share == 1.0 else 0.125
    return np.asarray(2.0 * special.ndtri((share * n - shift) / (n + 0.25)))


def _sd_parts(q: Quantiles) -> tuple[Array, Array]:
    """Standard deviation from the range and from the quartiles. Wan et al. (2014), eqs. 9 and 16."""
    return (q.maximum - q.minimum) / _tail(q.n, 1.0), (q.q3 - q.q1) / _tail(q.n, 0.75)


def _pick(q: Quantiles, by_range: Array, by_quartiles: Array, by_both: Array) -> Array:
    both = q.has_range & q.has_quartiles
    return np.asarray(np.where(both, by_both, np.where(q.has_range, by_range, by_quartiles)))


def luo_mean(q: Quantiles) -> Array:
    """Mean from the median and the rest. Luo et al. (2018) Stat Methods Med Res 27:1785-1805, eqs. 7, 11 and 15."""
    n, m = q.n, q.median
    mid_range, mid_quartile = (q.minimum + q.maximum) / 2, (q.q1 + q.q3) / 2
    w1, w2 = 4 / (4 + n**0.75), 0.7 + 0.39 / n
    w3, w4 = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    five = w3 * mid_range + w4 * mid_quartile + (1 - w3 - w4) * m
    return _pick(q, w1 * mid_range + (1 - w1) * m, w2 * mid_quartile + (1 - w2) * m, five)


def wan_sd(q: Quantiles) -> Array:
    """Standard deviation; of all five numbers the mean of both ways. Wan et al. (2014), eqs. 9, 16 and 13."""
    by_range, by_quartiles = _sd_parts(q)
    return _pick(q, by_range, by_quartiles, (by_range + by_quartiles) / 2)


def _shi_sd(q: Quantiles) -> Array:
    """As Wan's, but both ways weighted by n. Shi et al. (2020) Res Synth Methods 11:641-654, eq. 10."""
    by_range, by_quartiles = _sd_parts(q)
    w = 1 / (1 + 0.07 * q.n**0.6)
    return _pick(q, by_range, by_quartiles, w * by_range + (1 - w) * by_quartiles)


def skewness(q: Quantiles) -> tuple[Array, Array]:
    """Statistic and 5 % critical value of the test that the data are not skewed; NaN without a median.

    Shi et al. (2023) Stat Methods Med Res 32:1338-1360.
    """
    n, m = q.n, q.median
    of_range = np.abs(q.minimum + q.maximum - 2 * m) / (q.maximum - q.minimum)
    of_quartiles = np.abs(q.q1 + q.q3 - 2 * m) / (q.q3 - q.q1)
    both = np.maximum(2.65 * np.log(0.6 * n) / np.sqrt(n) * of_range, of_quartiles)
    limits = 1.01 / np.log(n + 9) + 2.43 / (n + 1), 2.66 / np.sqrt(n) - 5.92 / n**2, 2.97 / np.sqrt(n) - 39.1 / n**3
    return _pick(q, of_range, of_quartiles, both), _pick(q, *limits)


def _remark(q: Quantiles) -> str:
    statistic, limit = skewness(q)
    skewed = int(np.sum(statistic > limit))
    if skewed == 0:
        return ""
    which = "the group is" if q.n.size == 1 else f"{skewed} of {q.n.size} groups are"
    return f"{which} skewed by Shi's (2023) test, so that normal data, which the method assumes, are doubtful"


@conversion(
    "mean_sd_luo_wan_shi",
    formula="weighted median, mid-quartile and mid-range; spread over the normal quantiles of n",
    source="Luo et al. (2018) eqs. 7, 11, 15; Wan et al. (2014) eqs. 9, 16; Shi et al. (2020) eq. 10",
)
def mean_sd_luo_wan_shi(
    n: Any, *, median: Any = None, q1: Any = None, q3: Any = None, minimum: Any = None, maximum: Any = None
) -> Mapping[str, Any]:
    """Luo's mean with Wan's (all five numbers: Shi's) standard deviation; the mean is NaN without a median.

    Parameters
    ----------
    n : array_like
        Sizes of the groups, whole numbers of 5 or more.
    median, q1, q3, minimum, maximum : array_like, optional
        The five numbers in ascending order; None or NaN where unknown. The quartiles, the range or both are needed.

    Returns
    -------
    Conversion
        With ``mean`` (NaN without a median) and ``sd``, of the broadcast shape; a remark where they look skewed.

    Raises
    ------
    InputError
        n below 5, numbers out of order or all equal, neither both quartiles nor both extremes.

    Notes
    -----
    Luo et al. (2018), eqs. 7, 11 and 15; Wan et al. (2014), eqs. 9 and 16; Shi et al. (2020) Res Synth Methods
    11:641-654, eq. 10.
    """
    q = Quantiles.of(n, median, q1, q3, minimum, maximum)
    return {"mean": luo_mean(q), "sd": _shi_sd(q), "remark": _remark(q)}


@conversion(
    "mean_sd_wan",
    formula="(a + 2m + b)/4, (q1 + m + q3)/3 or (a + 2 q1 + 2m + 2 q3 + b)/8; spread over the normal quantiles of n",
    source="Wan et al. (2014) BMC Med Res Methodol 14:135, eqs. 2, 9, 10, 13, 14 and 16",
)
def mean_sd_wan(
    n: Any, *, median: Any = None, q1: Any = None, q3: Any = None, minimum: Any = None, maximum: Any = None
) -> Mapping[str, Any]:
    """Wan's mean and standard deviation; the mean is NaN without a median.

    Parameters
    ----------
    n : array_like
        Sizes of the groups, whole numbers of 5 or more.
    median, q1, q3, minimum, maximum : array_like, optional
        The five numbers in ascending order; None or NaN where unknown. The quartiles, the range or both are needed.

    Returns
    -------
    Conversion
        With ``mean`` (NaN without a median) and ``sd``, of the broadcast shape; a remark where they look skewed.

    Raises
    ------
    InputError
        n below 5, numbers out of order or all equal, neither both quartiles nor both extremes.

    Notes
    -----
    Wan et al. (2014) BMC Med Res Methodol 14:135, eqs. 2, 9, 10, 13, 14 and 16.
    """
    q = Quantiles.of(n, median, q1, q3, minimum, maximum)
    range_sum, quartile_sum, m = q.minimum + q.maximum, q.q1 + q.q3, q.median
    mean = _pick(q, (range_sum + 2 * m) / 4, (quartile_sum + m) / 3, (range_sum + 2 * quartile_sum + 2 * m) / 8)
    return {"mean": mean, "sd": wan_sd(q), "remark": _remark(q)}
