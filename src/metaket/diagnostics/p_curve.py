"""p-curve: is the set of significant p-values right-skewed, as true effects make it, or flat?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special, stats

from metaket._checks import Array
from metaket.diagnostics._answers import Judged
from metaket.diagnostics._cautions import HETEROGENEOUS, Question, effects_of, lines_of, need_null, shown_p
from metaket.errors import NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.batch import fit_arrays
from metaket.pooling.heterogeneity import i2_h2_from_q
from metaket.pooling.result import Interval
from metaket.pooling.spec import PoolSpec

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PCurve", "p_curve"]

ALPHA = 0.05
LOW_POWER = 1.0 / 3.0  # the flatness that p-curve tests against (Simonsohn et al. 2014 p. 537)
POWERS = (0.0501, 0.9999)  # between which power is sought
SMALL_SET = 5


@dataclass(frozen=True, slots=True, eq=False)
class PCurve(Judged):
    """A p-curve.

    Attributes
    ----------
    p : ndarray, shape (m,)
        Two-sided p-values below 0.05, ascending.
    study : tuple of str
        Their studies.
    k : int
        All studies.
    full_z, full_p : float
        Right skew of all of them (Stouffer's z and its p-value); small: evidential value.
    half_z, half_p : float
        The same of those below 0.025; NaN where there is none.
    flat_full_z, flat_full_p, flat_half_z, flat_half_p : float
        Flatter than with a power of 33 %; small: no adequate evidence.
    binomial_p, flat_binomial_p : float
        Share of p below 0.025: more than half; fewer than at 33 % power.
    power : float
        Average power of the significant studies, corrected for their selection.
    power_ci : Interval
        90 % interval.
    cautions : tuple of str
    """

    p: Array
    study: tuple[str, ...]
    k: int
    full_z: float
    full_p: float
    half_z: float
    half_p: float
    flat_full_z: float
    flat_full_p: float
    flat_half_z: float
    flat_half_p: float
    binomial_p: float
    flat_binomial_p: float
    power: float
    power_ci: Interval
    cautions: tuple[str, ...]

    @property
    def evidential_value(self) -> bool:
        """Half p-curve significant at 0.05, or both at 0.10 (Simonsohn, Simmons & Nelson 2015)."""
        return self.half_p < 0.05 or (self.half_p < 0.1 and self.full_p < 0.1)

    @property
    def inadequate(self) -> bool:
        """Flatter than 33 % power: full at 0.05, or half and binomial at 0.10."""
        return self.flat_full_p < 0.05 or (self.flat_half_p < 0.1 and self.flat_binomial_p < 0.1)

    def shares(self) -> dict[str, float]:
        """Percent of the significant p-values in each bin of 0.01: what a figure draws."""
        counts = np.histogram(self.p, bins=[0.0, 0.01, 0.02, 0.03, 0.04, 0.05])[0]
        return {f"{i / 100:.2f}": 100.0 * int(c) / self.p.size for i, c in enumerate(counts, start=1)}

    def to_frame(self) -> pd.DataFrame:
        """Two rows, right skew and flatness: test, full_z, full_p, half_z, half_p, binomial_p, then power."""
        import pandas as pd

        skew = ("right skew", self.full_z, self.full_p, self.half_z, self.half_p, self.binomial_p)
        flat = ("flatter than 33 % power", self.flat_full_z, self.flat_full_p, self.flat_half_z, self.flat_half_p,
                self.flat_binomial_p)  # fmt: skip
        frame = pd.DataFrame([skew, flat], columns=["test", "full_z", "full_p", "half_z", "half_p", "binomial_p"])
        low, high = self.power_ci
        return frame.assign(power=self.power, power_ci_low=low, power_ci_high=high, significant=self.p.size)

    def __str__(self) -> str:
        verdict = "evidential value" if self.evidential_value else "no evidential value shown"
        more = "; power below 33 %" if self.inadequate else ""
        lines = [
            f"p-curve: {self.p.size} of {self.k} studies significant; {verdict}{more}",
            f"right skew: full z = {self.full_z:.3f}, p {shown_p(self.full_p)}; half p {shown_p(self.half_p)}",
            f"flatter than 33 % power: full p {shown_p(self.flat_full_p)}; half p {shown_p(self.flat_half_p)}",
            f"power {100 * self.power:.0f} %, 90 % CI {100 * self.power_ci.low:.0f} to "
            f"{100 * self.power_ci.high:.0f} %",
        ]
        return "\n".join(lines + lines_of(self.cautions))


def p_curve(result: Question) -> PCurve:
    r"""p-curve of the significant studies.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        Its studies' normal tests are used; at least one has to be significant at 0.05, two-sided.

    Returns
    -------
    PCurve

    Raises
    ------
    NotComputableError
        A measure without a value of no effect (a proportion, a mean).
    NotComputableError
        No significant study.

    Notes
    -----
    Given significance, p is uniform without an effect: :math:`pp_i = p_i / 0.05` (for the half curve
    :math:`p_i / 0.025` of those below), combined by Stouffer's :math:`\sum \Phi^{-1}(pp_i) / \sqrt{m}`. With a power of
    :math:`\pi` the non-centrality :math:`\delta_\pi` gives
    :math:`pp_i = 1 - P(|Z + \delta_\pi| > |z_i|) / \pi`, whose mean below 1/2 in Stouffer's sense says "flatter than
    that". The power estimate is the :math:`\pi` at which Stouffer's z is 0, its 90 % interval those with z = ±1.645.

    References
    ----------
    Simonsohn, Nelson & Simmons (2014) J Exp Psychol Gen 143:534-547; (2014) Perspect Psychol Sci 9:666-681 for power;
    Simonsohn, Simmons & Nelson (2015) J Exp Psychol Gen 144:1146-1152 for the half curve and its rules.

    Examples
    --------
    >>> import metaket as mk
    >>> found = mk.p_curve(mk.pool([0.5, 0.6, 0.7, 0.2], [0.02, 0.03, 0.02, 0.03]))
    >>> found.p.size, found.evidential_value
    (3, True)
    """
    effects = effects_of(result)
    need_null(effects, "p-curve")
    z = np.abs(effects.y) / np.sqrt(effects.v)
    use = np.flatnonzero(2.0 * special.ndtr(-z) < ALPHA)
    if use.size == 0:
        raise NotComputableError(f"p-curve needs a study with p below {ALPHA:g}; none of the {effects.k} has")
    use = use[np.argsort(-z[use], kind="stable")]
    z = z[use]
    below = z[2.0 * special.ndtr(-z) < ALPHA / 2]
    skew = (*_stouffer_uniform(z, ALPHA), *_stouffer_uniform(below, ALPHA / 2))
    delta = _noncentrality(LOW_POWER, ALPHA)
    flat = (*_stouffer_power(z, delta, ALPHA), *_stouffer_power(below, delta, ALPHA / 2))
    share = float(_tail(_critical(ALPHA / 2), delta)) / LOW_POWER
    binomial = float(stats.binom.sf(below.size - 1, z.size, 0.5))
    flat_binomial = float(stats.binom.cdf(below.size, z.size, share))
    power, interval = _power(z)
    p = np.asarray(2.0 * special.ndtr(-z))
    names = tuple(effects.study[i] for i in use)
    cautions = _cautions(effects, use)
    return PCurve(p, names, effects.k, *skew, *flat, binomial, flat_binomial, power, interval, cautions)


def _critical(alpha: float) -> float:
    return float(-special.ndtri(alpha / 2.0))


def _tail(z: Array | float, delta: float) -> Array:
    """P(|Z + delta| > z)."""
    return np.asarray(special.ndtr(delta - z) + special.ndtr(-delta - z))


def _noncentrality(power: float, alpha: float) -> float:
    """delta with P(|Z + delta| > critical) = power."""
    at = _critical(alpha)
    return float(optimize.brentq(lambda d: float(_tail(at, d)) - power, 0.0, at + 10.0, xtol=1e-14, rtol=1e-14))


def _stouffer_uniform(z: Array, alpha: float) -> tuple[float, float]:
    if z.size == 0:
        return math.nan, math.nan
    total = float(special.ndtri(2.0 * special.ndtr(-z) / alpha).sum()) / math.sqrt(z.size)
    return total, float(special.ndtr(total))


def _stouffer_power(z: Array, delta: float, alpha: float) -> tuple[float, float]:
    """Small p: the p-values are larger than studies of that power give."""
    if z.size == 0:
        return math.nan, math.nan
    ratio = np.clip(_tail(z, delta) / _tail(_critical(alpha), delta), 1e-300, 1.0 - 1e-16)
    total = float(-special.ndtri(ratio).sum()) / math.sqrt(z.size)
    return total, float(special.ndtr(total))


def _power(z: Array) -> tuple[float, Interval]:
    """Power and its 90 % interval; a limit of `POWERS` where it lies outside."""

    def at(target: float) -> float:
        def gap(power: float) -> float:
            return _stouffer_power(z, _noncentrality(power, ALPHA), ALPHA)[0] - target

        low, high = gap(POWERS[0]), gap(POWERS[1])
        if low <= 0:  # even no effect makes the p-values expected smaller
            return ALPHA
        if high >= 0:
            return POWERS[1]
        return float(optimize.brentq(gap, *POWERS, xtol=1e-12))

    edge = float(special.ndtri(0.95))
    return at(0.0), Interval(at(edge), at(-edge))


def _cautions(effects: EffectSizes, use: np.ndarray) -> tuple[str, ...]:
    texts = []
    if use.size < SMALL_SET:
        texts.append(f"significant studies: {use.size}; a p-curve of fewer than {SMALL_SET} says little")
    signs = np.sign(effects.y[use])
    if (signs > 0).any() and (signs < 0).any():
        texts.append("significant studies of both signs: p-curve reads both as findings")
    if effects.k > 1:
        fit = fit_arrays(effects.y[None, :], effects.v[None, :], PoolSpec.of("common", "DL", "z"))
        i2 = float(i2_h2_from_q(fit.q, fit.q_df)[0][0])
        if i2 >= HETEROGENEOUS:
            texts.append(f"I2 is {i2:.0f} %: the power of a p-curve is too high then (McShane et al. 2016)")
    texts.append("normal tests of the pooled effects stand in for the tests that the studies reported")
    return tuple(texts)
