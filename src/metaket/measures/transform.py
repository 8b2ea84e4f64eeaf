"""The scales that effects live on, each with its transformation and back-transformation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

__all__ = ["SCALES", "Scale", "freeman_tukey", "freeman_tukey_rate", "inverse_freeman_tukey"]


@dataclass(frozen=True, slots=True)
class Scale:
    """How the analysis scale relates to the scale that people read.

    Attributes
    ----------
    name : str
    forward, back : callable
        To and from the analysis scale, elementwise.
    null : float
        No effect, on the scale that people read (NaN where there is no such value).
    log_axis : bool
        Whether figures draw a logarithmic axis.
    size : callable or None
        Where the transformation depends on the size of the study: that size (sample size or person-time), from the
        sampling variance. `forward` and `back` then take it as ``size=``; without it they are those of a very
        large study.
    """

    name: str
    forward: Callable[..., Any]
    back: Callable[..., Any]
    null: float
    log_axis: bool = False
    size: Callable[[Any], Any] | None = None

    def at(self, size: Any) -> Scale:
        """This scale for studies of `size`; the same scale where the size does not matter."""
        if self.size is None:
            return self
        return replace(self, forward=partial(self.forward, size=size), back=partial(self.back, size=size), size=None)

    def of_studies(self, v: Any) -> Scale:
        """This scale for each study, from its sampling variance `v`."""
        return self if self.size is None else self.at(self.size(np.asarray(v, dtype=np.float64)))

    def of_pool(self, v: Any) -> Scale:
        """This scale for a pooled value: at the harmonic mean of the studies' sizes. Miller (1978)."""
        if self.size is None:
            return self
        sizes = np.asarray(self.size(np.asarray(v, dtype=np.float64)))
        return self.at(float(1.0 / np.mean(1.0 / sizes)))


def _same(value: Any) -> Any:
    return value


def _expit(value: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-np.asarray(value)))


def _logit(value: Any) -> Any:
    value = np.asarray(value, dtype=np.float64)
    return np.log(value) - np.log1p(-value)


def _arcsine(value: Any) -> Any:
    return np.arcsin(np.sqrt(value))


def _sine_squared(value: Any) -> Any:
    """Inverse of the arcsine square root; angles outside [0, pi/2] are set to its ends."""
    return np.sin(np.clip(value, 0.0, np.pi / 2)) ** 2


def _square(value: Any) -> Any:
    return np.maximum(value, 0.0) ** 2


def freeman_tukey(p: Any, size: Any = np.inf) -> Any:
    """Double arcsine of a proportion: (asin sqrt(x / (n + 1)) + asin sqrt((x + 1) / (n + 1))) / 2, x = n p.

    Freeman & Tukey (1950) Ann Math Stat 21:607-611. `size` is n; a very large n gives asin sqrt(p).
    """
    p = np.asarray(p, dtype=np.float64)
    small = 1.0 / np.asarray(size, dtype=np.float64)
    whole = 1.0 + small
    return (np.arcsin(np.sqrt(p / whole)) + np.arcsin(np.sqrt(np.minimum((p + small) / whole, 1.0)))) / 2.0


def inverse_freeman_tukey(value: Any, size: Any = np.inf) -> Any:
    """Proportion from the double arcsine t / 2 for sample size n, 0 or 1 beyond the values that n allows.

    p = {1 - sgn(cos t) sqrt(1 - (sin t + (sin t - 1 / sin t) / n)^2)} / 2. Miller (1978) Am Stat 32:138, eq. 2.
    """
    low, high = freeman_tukey(0.0, size), freeman_tukey(1.0, size)
    t = 2.0 * np.clip(np.asarray(value, dtype=np.float64), low, high)
    sine = np.where(np.sin(t) > 0, np.sin(t), 1.0)
    inner = sine + (sine - 1.0 / sine) / np.asarray(size, dtype=np.float64)
    p = 0.5 * (1.0 - np.sign(np.cos(t)) * np.sqrt(np.maximum(1.0 - inner**2, 0.0)))
    return np.where(value <= low, 0.0, np.where(value >= high, 1.0, p))[()]


def freeman_tukey_rate(rate: Any, size: Any = np.inf) -> Any:
    """(sqrt(x / t) + sqrt((x + 1) / t)) / 2 with x = rate t. Freeman & Tukey (1950) Ann Math Stat 21:607-611."""
    rate = np.asarray(rate, dtype=np.float64)
    return (np.sqrt(rate) + np.sqrt(rate + 1.0 / np.asarray(size, dtype=np.float64))) / 2.0


def _inverse_freeman_tukey_rate(value: Any, size: Any = np.inf) -> Any:
    """The rate r >= 0 whose transform is `value`: sqrt(r) = y - 1 / (4 y t), from the definition."""
    y = np.maximum(np.asarray(value, dtype=np.float64), freeman_tukey_rate(0.0, size))
    safe = np.where(y > 0, y, 1.0)
    return np.where(y > 0, (y - 1.0 / (4.0 * safe * np.asarray(size, dtype=np.float64))) ** 2, 0.0)[()]


SCALES: dict[str, Scale] = {
    scale.name: scale
    for scale in (
        Scale("difference", _same, _same, 0.0),
        Scale("level", _same, _same, float("nan")),
        Scale("log ratio", np.log, np.exp, 1.0, log_axis=True),
        Scale("log level", np.log, np.exp, float("nan"), log_axis=True),
        Scale("logit", _logit, _expit, float("nan")),
        Scale("arcsine", _arcsine, _sine_squared, float("nan")),
        Scale("Fisher z", np.arctanh, np.tanh, 0.0),
        Scale("square root", np.sqrt, _square, float("nan")),
        # Their sampling variances are 1 / (4 n + 2) and 1 / (4 t), so the size can be read off the variance.
        Scale(
            "Freeman-Tukey", freeman_tukey, inverse_freeman_tukey, float("nan"), size=lambda v: (1.0 / v - 2.0) / 4.0
        ),
        Scale(
            "Freeman-Tukey rate",
            freeman_tukey_rate,
            _inverse_freeman_tukey_rate,
            float("nan"),
            size=lambda v: 1.0 / (4.0 * v),
        ),
    )
}
