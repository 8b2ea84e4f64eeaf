"""p-uniform and p-uniform*: effects from the p-values that are left given that a study is (not) significant."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import optimize, special

from metaket._checks import Array, check_choice
from metaket.diagnostics._answers import Judged
from metaket.diagnostics._cautions import HETEROGENEOUS, Question, effects_of, lines_of, need_null, shown_p
from metaket.diagnostics._maximise import Maximum, log_ndtr, maximise
from metaket.errors import NotComputableError
from metaket.pooling.pool import pool_spec
from metaket.pooling.result import Interval, PooledResult
from metaket.pooling.spec import PoolSpec

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PUniform", "p_uniform"]

CRITICAL = 1.959963984540054  # two-sided 0.05, of which only the chosen side counts
METHODS = ("P", "LNP", "ML", "star")
FAR = 1e4  # standard errors: beyond it there is no root
Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True, eq=False)
class PUniform(Judged):
    """An answer of p-uniform or p-uniform*.

    Attributes
    ----------
    method : {"P", "LNP", "ML", "star"}
    side : {"right", "left"}
        Where significance counts.
    significant, k : int
        Studies that are significant there; all studies.
    estimate : float
        Effect corrected for selection, on the analysis scale.
    ci : Interval
        95 %; of "P" and "LNP" from the distribution of the sum, of "ML" and "star" Wald's.
    p_value : float
        Test of no effect, one-sided for "P" and "LNP", by likelihood ratio for "ML" and "star".
    bias_p : float
        Test of publication bias: are the conditional p-values too large at the common-effect estimate? NaN for "ML" and
        "star".
    tau2, tau2_p : float
        Heterogeneity and its likelihood-ratio test, "star" only (else NaN).
    pooled : PooledResult
        The common-effect ("star": random-effects) result without correction.
    cautions : tuple of str
    """

    method: str
    side: str
    significant: int
    k: int
    estimate: float
    ci: Interval
    p_value: float
    bias_p: float
    tau2: float
    tau2_p: float
    pooled: PooledResult
    cautions: tuple[str, ...]

    def to_frame(self, *, transform: bool = False) -> pd.DataFrame:
        """One row: method, estimate, ci_low, ci_high, p_value, bias_p, tau2, tau2_p, significant, k, cautions."""
        import pandas as pd

        back = self.pooled.back if transform else float
        row = {"method": self.method, "estimate": back(self.estimate), "ci_low": back(self.ci.low)}
        row |= {"ci_high": back(self.ci.high), "p_value": self.p_value, "bias_p": self.bias_p, "tau2": self.tau2}
        row |= {"tau2_p": self.tau2_p, "significant": self.significant, "k": self.k}
        return pd.DataFrame([row | {"cautions": "; ".join(self.cautions)}])

    def __str__(self) -> str:
        name = "p-uniform*" if self.method == "star" else f"p-uniform ({self.method})"
        tests = f"no effect p {shown_p(self.p_value)}"
        if not math.isnan(self.bias_p):
            tests += f"; publication bias p {shown_p(self.bias_p)}"
        if self.method == "star":
            tests += f"; tau2 {self.tau2:.4f}, p {shown_p(self.tau2_p)}"
        lines = [
            f"{name}: {self.significant} of {self.k} studies significant to the {self.side}",
            f"estimate {self.estimate:.4f}, 95 % CI {self.ci.low:.4f} to {self.ci.high:.4f} "
            f"(uncorrected {self.pooled.estimate:.4f})",
            tests,
        ]
        return "\n".join(lines + lines_of(self.cautions))


def p_uniform(result: Question, *, method: str = "P", side: str | None = None) -> PUniform:
    r"""p-uniform (van Assen et al. 2015) and p-uniform* (van Aert & van Assen).

    Parameters
    ----------
    result : PooledResult or EffectSizes
        Normal tests of the studies at 0.05, two-sided, are used.
    method : {"P", "LNP", "ML", "star"}
        Sum of the conditional p-values (Irwin-Hall), minus the sum of their logarithms (gamma), maximum likelihood; or
        p-uniform*, by maximum likelihood from significant and other studies with heterogeneity.
    side : {"right", "left"}, optional
        Where significant effects are looked for; the sign of the pooled effect without it.

    Returns
    -------
    PUniform

    Raises
    ------
    NotComputableError
        A measure without a value of no effect (a proportion, a mean).
    NotComputableError
        No study is significant on that side; for "star" fewer than 3 studies.

    Notes
    -----
    For a significant study with :math:`y_i > c_i = 1.96\,s_i` the conditional p-value

    .. math:: q_i(\mu) = \frac{1 - \Phi((y_i - \mu)/s_i)}{1 - \Phi((c_i - \mu)/s_i)}

    is uniform at the true effect. "P" solves :math:`\sum q_i = m/2`, "LNP" :math:`-\sum \log q_i = m`. p-uniform* gives
    each study the normal density with variance :math:`v_i + \tau^2` given on which side of :math:`c_i` it lies.

    References
    ----------
    van Assen, van Aert & Wicherts (2015) Psychol Methods 20:293-309; van Aert, Wicherts & van Assen (2016) Perspect
    Psychol Sci 11:713-729; van Aert & van Assen (2018) MetaArXiv, doi 10.31222/osf.io/zqjr9.

    Examples
    --------
    >>> import metaket as mk
    >>> found = mk.p_uniform(mk.pool([0.5, 0.6, 0.7, 0.2], [0.02, 0.03, 0.02, 0.03]))
    >>> found.significant, found.estimate < found.pooled.estimate
    (3, False)
    """
    effects = effects_of(result)
    need_null(effects, "p-uniform")
    method = check_choice("method of p-uniform", method, METHODS)
    model = ("random", "ML", "z") if method == "star" else ("common", "DL", "z")
    base = pool_spec(effects, PoolSpec.of(*model))
    own_side = "right" if base.estimate >= 0 else "left"
    side = check_choice("side", own_side if side is None else side, ("right", "left"))
    sign = 1.0 if side == "right" else -1.0
    y, s = sign * effects.y, np.sqrt(effects.v)
    use = y > CRITICAL * s
    if not use.any():
        raise NotComputableError(f"p-uniform needs a study significant to the {side}; none of the {effects.k} is")
    if method == "star":
        estimate, ci, p, tau2, tau2_p = _star(y, s, use, sign * base.estimate, base.tau2)
        bias = math.nan
    else:
        tau2 = tau2_p = bias = math.nan
        if method == "ML":
            estimate, ci, p = _likelihood(y[use], s[use])
        else:
            estimate, ci, p, bias = _sums(y[use], s[use], method, sign * base.estimate)
    ci = Interval(ci.low, ci.high) if sign > 0 else Interval(-ci.high, -ci.low)
    count = int(use.sum())
    return PUniform(
        method, side, count, effects.k, sign * estimate, ci, p, bias, tau2, tau2_p, base, _cautions(base, count, method)
    )


def log_conditional_p(mu: float, y: Array, s: Array) -> Array:
    """log q of significant studies at the effect mu."""
    return np.asarray(special.log_ndtr((mu - y) / s) - special.log_ndtr(mu / s - CRITICAL))


def irwin_hall(x: float, n: int) -> float:
    """Distribution function of the sum of n uniforms; normal above 20, where it differs by less than 1e-3."""
    if x <= 0 or x >= n:
        return 0.0 if x <= 0 else 1.0
    if n > 20:
        return float(special.ndtr((x - n / 2.0) / math.sqrt(n / 12.0)))
    if x > n / 2.0:  # the alternating sum loses digits on the far side
        return 1.0 - irwin_hall(n - x, n)
    terms = [(-1) ** j * math.comb(n, j) * (x - j) ** n for j in range(math.floor(x) + 1)]
    return math.fsum(terms) / math.factorial(n)


def _sums(y: Array, s: Array, method: str, pooled: float) -> tuple[float, Interval, float, float]:
    """Estimate, interval, p of no effect, p of publication bias; the lower tail of `level` grows with mu."""
    n = y.size

    def level(mu: float) -> float:
        logs = log_conditional_p(mu, y, s)
        if method == "P":
            return irwin_hall(float(np.exp(logs).sum()), n)
        return float(special.gammaincc(n, -logs.sum()))

    def centre(mu: float) -> float:
        logs = log_conditional_p(mu, y, s)
        return float(np.exp(logs).sum()) - n / 2.0 if method == "P" else n + float(logs.sum())

    ends = _root(lambda m: level(m) - 0.025, y, s), _root(lambda m: level(m) - 0.975, y, s)
    return _root(centre, y, s), Interval(*ends), level(0.0), 1.0 - level(pooled)


def _root(f: Callable[[float], float], y: Array, s: Array) -> float:
    """Where an increasing function of mu is 0; minus infinity where it is above 0 as far as one can look."""
    step, high = float(s.max()), float(y.max())
    while f(high) < 0:
        high += step
        step *= 2.0
    step, low = float(s.max()), float(y.min())
    while f(low) > 0:
        low -= step
        step *= 2.0
        if low < -FAR * float(s.max()):
            return -math.inf
    return float(optimize.brentq(f, low, high, xtol=1e-13 * float(s.max()), rtol=1e-13))


def _likelihood(y: Array, s: Array) -> tuple[float, Interval, float]:
    """Truncated normal maximum likelihood with one effect."""

    def f(theta: Any) -> Any:
        gap = (y - theta[..., :1]) / s
        return (-0.5 * gap**2 - np.log(s) - log_ndtr(theta[..., :1] / s - CRITICAL + 0j)).sum(axis=-1)

    found = maximise(f, [np.array([float(y.mean()) / 2.0]), np.array([0.0])], np.array([-np.inf]), np.array([np.inf]))
    lrt = 2.0 * (found.value - float(np.real(f(np.zeros(1, dtype=complex)))))
    mu, se = float(found.x[0]), math.sqrt(found.vcov[0, 0])
    return mu, Interval(mu - Z95 * se, mu + Z95 * se), float(special.chdtrc(1.0, max(0.0, lrt)))


def _star(y: Array, s: Array, use: np.ndarray, mu: float, tau2: float) -> tuple[float, Interval, float, float, float]:
    """p-uniform*: (estimate, interval, p of no effect, tau2, p of no heterogeneity)."""
    if y.size < 3:
        raise NotComputableError(f"p-uniform* needs at least 3 studies, there are {y.size}")
    unit = float(np.median(s))
    y, s, mu, tau2 = y / unit, s / unit, mu / unit, tau2 / unit**2

    def f(theta: Any) -> Any:
        total = theta[..., 1:2] + s**2
        edge = (theta[..., :1] - CRITICAL * s) / np.sqrt(total)
        normal = -0.5 * (np.log(2.0 * np.pi * total) + (y - theta[..., :1]) ** 2 / total)
        return (normal - log_ndtr(np.where(use, edge, -edge) + 0j)).sum(axis=-1)

    def fit(low: tuple[float, float], high: tuple[float, float]) -> Maximum:
        starts = [np.array([a, b]) for a in (mu, 0.3 * mu) for b in (tau2 + 0.05, 0.5)]
        return maximise(f, starts, np.array(low), np.array(high))

    free = fit((-np.inf, 0.0), (np.inf, np.inf))
    none, same = fit((0.0, 0.0), (0.0, np.inf)), fit((-np.inf, 0.0), (np.inf, 0.0))
    p, tau2_p = (float(special.chdtrc(1.0, max(0.0, 2.0 * (free.value - other.value)))) for other in (none, same))
    at, spread = float(free.x[0]) * unit, float(free.x[1]) * unit**2
    se = math.sqrt(free.vcov[0, 0]) * unit if free.vcov[0, 0] > 0 else math.nan
    return at, Interval(at - Z95 * se, at + Z95 * se), p, spread, tau2_p


def _cautions(base: PooledResult, count: int, method: str) -> tuple[str, ...]:
    texts = [f"significant studies: {count}; the estimate is erratic below 5"] if count < 5 else []
    if method == "star":
        if base.k < 10:
            texts.append(f"{base.k} studies: tau2 is poorly known below 10 (van Aert & van Assen 2018)")
        if count == base.k:
            texts.append("every study is significant: p-uniform* needs others too")
    elif base.k > 1 and base.i2_q >= HETEROGENEOUS:
        texts.append(f"I2 is {base.i2_q:.0f} %: p-uniform supposes one effect and overestimates; take method='star'")
    return tuple(texts)
