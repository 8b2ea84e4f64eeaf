"""Test of excess significance: are more studies significant than their power allows?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import optimize, special

from metaket._checks import Array, check_choice
from metaket.diagnostics._answers import Judged
from metaket.diagnostics._cautions import HETEROGENEOUS, Question, effects_of, few, lines_of, need_null, shown_p
from metaket.errors import InputError, NotComputableError
from metaket.pooling.pool import pool_spec
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import PoolSpec

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExcessSignificance", "excess_significance"]

TESTS = ("exact", "chi2", "binom")
LIMIT_ALPHA = 0.10  # Ioannidis & Trikalinos (2007) p. 246


@dataclass(frozen=True, slots=True, eq=False)
class ExcessSignificance(Judged):
    """A test of excess significance.

    Attributes
    ----------
    observed : int
        Significant studies.
    expected : float
        The sum of the studies' powers.
    power : ndarray, shape (k,)
    significant : ndarray of bool, shape (k,)
    chi2 : float
        Pearson's statistic; NaN for the other tests.
    p_value : float
        One-sided: at least as many as observed.
    test : {"exact", "chi2", "binom"}
    theta, tau2 : float
        True mean effect and heterogeneity that the power is computed at.
    theta_limit : float or None
        Mean effect at which p is 0.10; None where p is above 0.10 even without any effect.
    alpha : float
        Level of the single studies.
    cautions : tuple of str
    """

    observed: int
    expected: float
    power: Array
    significant: np.ndarray
    chi2: float
    p_value: float
    test: str
    theta: float
    tau2: float
    theta_limit: float | None
    alpha: float
    cautions: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """Observed over expected."""
        return self.observed / self.expected

    def to_frame(self) -> pd.DataFrame:
        """One row: test, observed, expected, ratio, chi2, p_value, theta, tau2, theta_limit, k, cautions."""
        import pandas as pd

        row = {"test": self.test, "observed": self.observed, "expected": self.expected, "ratio": self.ratio}
        row |= {"chi2": self.chi2, "p_value": self.p_value, "theta": self.theta, "tau2": self.tau2}
        row |= {"theta_limit": self.theta_limit, "k": self.power.size, "cautions": "; ".join(self.cautions)}
        return pd.DataFrame([row])

    def __str__(self) -> str:
        head = f"excess significance ({self.test}): {self.observed} of {self.power.size} significant"
        body = f"expected {self.expected:.2f} at a true effect of {self.theta:.4f}, p {shown_p(self.p_value)}"
        return "\n".join([head, body, *lines_of(self.cautions)])


def excess_significance(
    result: Question,
    *,
    test: str = "exact",
    alpha: float = 0.05,
    theta: float | None = None,
    tau2: float | None = None,
) -> ExcessSignificance:
    r"""Test of excess significance.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        A pooled result gives the effect and tau2 for the power; plain effects their common-effect mean and 0.
    test : {"exact", "chi2", "binom"}
        Exact (the number of significant studies is a sum of independent Bernoulli trials of unequal chance), Pearson's
        chi-square, or binomial with the mean power.
    alpha : float
        Two-sided level at which a study is significant.
    theta, tau2 : float, optional
        True mean effect (on the analysis scale) and heterogeneity, in place of the pooled ones.

    Returns
    -------
    ExcessSignificance

    Raises
    ------
    NotComputableError
        A measure without a value of no effect (a proportion, a mean).
    InputError
        alpha outside (0, 1), a negative tau2.

    Notes
    -----
    Power of study i: :math:`P(|Y_i| > z_{\alpha/2} \sqrt{v_i})` with :math:`Y_i \sim N(\theta, v_i + \tau^2)`. With O
    observed and E expected, :math:`\chi^2 = (O - E)^2 / E + (O - E)^2 / (k - E)`; its one-sided p-value is half the
    two-sided one where O > E.

    References
    ----------
    Ioannidis & Trikalinos (2007) Clin Trials 4:245-253, p. 246-247; Francis (2013) J Math Psychol 57:153-169 for the
    exact test.

    Examples
    --------
    >>> import metaket as mk
    >>> found = mk.excess_significance(mk.pool([0.4, 0.5, 0.6, 0.45], [0.04, 0.05, 0.08, 0.04], model="common"))
    >>> found.observed, round(found.expected, 2), round(found.p_value, 3)
    (4, 2.24, 0.09)
    """
    effects = effects_of(result)
    need_null(effects, "the test of excess significance")
    test = check_choice("test of excess significance", test, TESTS)
    if not 0.0 < alpha < 1.0 or (tau2 is not None and not (math.isfinite(tau2) and tau2 >= 0)):
        raise InputError(f"alpha must lie between 0 and 1 and tau2 be at least 0, got {alpha!r} and {tau2!r}")
    base = result if isinstance(result, PooledResult) else pool_spec(effects, PoolSpec.of("common", "DL", "z"))
    mean = base.estimate if theta is None else float(theta)
    spread = base.tau2 if tau2 is None else float(tau2)
    critical = float(-special.ndtri(alpha / 2.0))
    significant = np.abs(effects.y) > critical * np.sqrt(effects.v)
    observed = int(significant.sum())

    def p_at(value: float) -> float:
        return _p_value(observed, power_of(value, effects.v, spread, critical), test)[0]

    power = power_of(mean, effects.v, spread, critical)
    p, chi2 = _p_value(observed, power, test)
    limit = _limit(p_at, math.copysign(1.0, mean), float(np.sqrt(effects.v.max() + spread)))
    cautions = few(effects.k) + _cautions(base, observed)
    expected = float(power.sum())
    return ExcessSignificance(
        observed, expected, power, significant, chi2, p, test, mean, spread, limit, alpha, cautions
    )


def power_of(theta: float, v: Array, tau2: float, critical: float) -> Array:
    """Chance of a significant study of variance v, over the distribution of true effects."""
    wide, edge = np.sqrt(v + tau2), critical * np.sqrt(v)
    return np.asarray(special.ndtr((theta - edge) / wide) + special.ndtr((-theta - edge) / wide))


def _p_value(observed: int, power: Array, test: str) -> tuple[float, float]:
    """One-sided p-value of as many significant studies or more, and Pearson's chi-square."""
    k, expected = power.size, float(power.sum())
    if test == "chi2":
        if not 0.0 < expected < k:
            raise NotComputableError("the powers are all 0 or all 1, so that the chi-square is not defined")
        chi2 = (observed - expected) ** 2 * (1.0 / expected + 1.0 / (k - expected))
        upper = 0.5 * float(special.chdtrc(1.0, chi2))
        return (upper if observed > expected else 1.0 - upper), chi2
    chance = np.full(k, expected / k) if test == "binom" else power
    counts = np.zeros(k + 1)
    counts[0] = 1.0
    for one in chance:  # the distribution of a sum of Bernoulli trials, one trial at a time
        counts[1:] = counts[1:] * (1.0 - one) + counts[:-1] * one
        counts[0] *= 1.0 - one
    return min(1.0, float(counts[observed:].sum())), math.nan


def _limit(p_at: object, sign: float, scale: float) -> float | None:
    """The mean effect where p is 0.10, on the side of the pooled one: p grows with the size of the effect."""

    def gap(size: float) -> float:
        return float(p_at(sign * size)) - LIMIT_ALPHA  # type: ignore[operator]

    if gap(0.0) > 0:
        return None
    high = scale
    while gap(high) < 0:
        high *= 2.0
        if high > 1e6 * scale:
            return None
    return sign * float(optimize.brentq(gap, 0.0, high, xtol=1e-13 * scale, rtol=1e-13))


def _cautions(base: PooledResult, observed: int) -> tuple[str, ...]:
    found = []
    if base.k > 1 and base.i2_q >= HETEROGENEOUS:
        found.append(f"I2 is {base.i2_q:.0f} %: with heterogeneity the powers depend on the model (limit 50 %)")
    if base.spec.model == "common":
        found.append("the power supposes one common effect; the pooled one is itself raised by any selection")
    else:
        found.append("the power is computed at the pooled effect, which any selection raises: the test is conservative")
    if observed == 0:
        found.append("no study is significant")
    return tuple(found)
