"""Bootstrap of a pooled result: studies drawn again, or effects simulated from the fitted model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from metaket._checks import Array, check_choice, check_level, generator
from metaket._notebook import ShownAsText
from metaket.diagnostics._refits import need_inverse_variance, need_pooled, need_studies
from metaket.errors import InputError
from metaket.pooling.batch import BatchResult, pool_many
from metaket.pooling.result import Interval, PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Bootstrap", "bootstrap"]

STATISTICS = ("estimate", "tau2", "i2", "h2", "q")
METHODS = ("percentile", "bca", "basic", "normal")
RESAMPLES = ("studies", "parametric")
DRAWS = 10_000
SEED = 19790101  # unless a generator is given


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap(ShownAsText):
    """A bootstrap distribution.

    Attributes
    ----------
    result : PooledResult
    statistic : str
    resample : {"studies", "parametric"}
    method : {"percentile", "bca", "basic", "normal"}
        Of `ci` unless it is told otherwise.
    observed : float
        The statistic of the result, on the analysis scale.
    draws : ndarray, shape (m,)
        The statistic of each resample that converged.
    left_out : ndarray, shape (k,)
        The statistic without each study, from which "bca" takes its acceleration.
    failed : int
        Resamples left out because their estimator did not converge.
    """

    result: PooledResult
    statistic: str
    resample: str
    method: str
    observed: float
    draws: Array
    left_out: Array
    failed: int

    @property
    def std_error(self) -> float:
        """Standard deviation of the draws."""
        return float(self.draws.std(ddof=1)) if self.draws.size > 1 else float("nan")

    @property
    def bias(self) -> float:
        """Mean of the draws less the observed value."""
        return float(self.draws.mean()) - self.observed

    def ci(self, level: float = 0.95, method: str | None = None) -> Interval:
        """Bootstrap interval on the analysis scale.

        "percentile" takes quantiles of the draws, "basic" mirrors them at the observed value, "normal" is the observed
        value less the bias ± z standard errors, and "bca" moves the quantiles for bias and skewness.
        """
        chosen = check_choice("bootstrap method", method or self.method, METHODS)
        tails = np.array([(1.0 - check_level(level)) / 2.0, (1.0 + level) / 2.0])
        if chosen == "normal":
            low, high = self.observed - self.bias + special.ndtri(tails) * self.std_error
        elif chosen == "basic":
            high, low = 2.0 * self.observed - np.quantile(self.draws, tails)
        else:
            _check_bca(chosen, self.resample)
            low, high = np.quantile(self.draws, tails if chosen == "percentile" else self._moved(tails))
        floor = -np.inf if self.statistic == "estimate" else 0.0
        return Interval(max(float(low), floor), max(float(high), floor))

    def _moved(self, tails: Array) -> Array:
        """The tail areas of BCa. Efron (1987) J Am Stat Assoc 82:171-185, eq. 2.3 and 6.6."""
        below = ((self.draws < self.observed).mean() + (self.draws <= self.observed).mean()) / 2.0
        if not 0.0 < below < 1.0:
            raise InputError(
                "the bca interval does not exist: all draws lie on one side of the observed value; use 'percentile'"
            )
        shift = special.ndtri(below)
        d = self.left_out.mean() - self.left_out
        size = (d**2).sum() ** 1.5
        acceleration = (d**3).sum() / (6.0 * size) if size > 0 else 0.0
        z = shift + special.ndtri(tails)
        return np.asarray(special.ndtr(shift + z / (1.0 - acceleration * z)))

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """One row a method that is defined: method, statistic, observed, bias, std_error, ci_low, ci_high."""
        import pandas as pd

        rows = []
        for method in METHODS:
            if method == "bca" and self.resample != "studies":
                continue
            low, high = self.ci(level, method)
            head = {"method": method, "statistic": self.statistic, "observed": self.observed}
            rows.append({**head, "bias": self.bias, "std_error": self.std_error, "ci_low": low, "ci_high": high})
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        low, high = self.ci()
        how = "studies drawn with replacement" if self.resample == "studies" else "effects drawn from the model"
        lines = [
            f"{self.result.effects.label}: bootstrap of {self.statistic}, {self.draws.size} draws, {how}",
            f"observed {self.observed:.4f}, bias {self.bias:.4f}, standard error {self.std_error:.4f}",
            f"95 % interval ({self.method}) {low:.4f} to {high:.4f}",
        ]
        return "\n".join([*lines, *([f"WARNING: {self.failed} draws did not converge"] if self.failed else [])])


def bootstrap(
    result: PooledResult,
    statistic: str = "estimate",
    method: str = "percentile",
    *,
    resample: str = "studies",
    draws: int = DRAWS,
    rng: np.random.Generator | int | None = None,
) -> Bootstrap:
    r"""Bootstrap a pooled effect or its heterogeneity.

    Parameters
    ----------
    result : PooledResult
        Of the model random or common, of at least 3 studies; below 10 or so a bootstrap of studies is unreliable.
    statistic : {"estimate", "tau2", "i2", "h2", "q"}
    method : {"percentile", "bca", "basic", "normal"}
        Of the interval; `ci` of the answer gives the others too.
    resample : {"studies", "parametric"}
        "studies" draws k studies with replacement, (y, v) together. "parametric" keeps the variances and draws
        :math:`y_i \sim N(\hat\mu, v_i + \hat\tau^2)`; "bca" is not offered for it.
    draws : int
        Number of resamples.
    rng : numpy.random.Generator or seed, optional
        ``default_rng(19790101)`` unless given.

    Returns
    -------
    Bootstrap

    Raises
    ------
    InputError
        Another model, ``tau2="GENQ"``, an unknown choice, draws below 1.
    NotComputableError
        Fewer than 3 studies, or no resample converged.

    Notes
    -----
    A study that is drawn twice counts twice; all resamples are one call of the engine. Draws of tau2 pile up at 0,
    where no interval has the level that it claims. Limits of statistics that cannot be negative stop at 0.

    References
    ----------
    Efron & Tibshirani (1993) An Introduction to the Bootstrap, ch. 13 and 14; Efron (1987) J Am Stat Assoc 82:171-185;
    Switzer, Paese & Drasgow (1992) J Appl Psychol 77:123-129.

    Examples
    --------
    >>> import metaket as mk
    >>> again = mk.bootstrap(mk.pool([0.1, 0.3, 0.5, 0.2], [0.04, 0.05, 0.06, 0.03]))
    >>> again.draws.size, again.ci().low < again.observed < again.ci().high
    (10000, True)
    """
    need_pooled(result, "bootstrap")
    need_inverse_variance(result, "bootstrap")
    need_studies(result.effects, 3, "bootstrap")
    statistic = check_choice("statistic", statistic, STATISTICS)
    method = check_choice("bootstrap method", method, METHODS)
    resample = check_choice("resample", resample, RESAMPLES)
    _check_bca(method, resample)
    if draws < 1:
        raise InputError(f"draws must be at least 1, got {draws!r}")
    fits = _resampled(result, resample, draws, generator(SEED if rng is None else rng))
    values = getattr(fits, statistic)[fits.converged]
    if values.size == 0:
        raise InputError(f"none of {draws} resamples converged with tau2={result.spec.tau2!r}; try another estimator")
    left_out = getattr(_refit(result, result.effects.y, 1.0 - np.eye(result.k)), statistic)
    observed, failed = float(getattr(result, statistic)), int(draws - values.size)
    return Bootstrap(result, statistic, resample, method, observed, values, left_out, failed)


def _check_bca(method: str, resample: str) -> None:
    if method == "bca" and resample != "studies":
        raise InputError("the bca interval is for resample='studies'; use 'percentile', 'basic' or 'normal'")


def _resampled(result: PooledResult, resample: str, draws: int, rng: np.random.Generator) -> BatchResult:
    k, v = result.k, result.effects.v
    if resample == "studies":
        return _refit(result, result.effects.y, rng.multinomial(k, np.full(k, 1.0 / k), size=draws))
    return _refit(result, result.estimate + np.sqrt(v + result.tau2) * rng.standard_normal((draws, k)), None)


def _refit(result: PooledResult, y: Array, include: np.ndarray | None) -> BatchResult:
    spec = result.spec
    return pool_many(y, result.effects.v, include, model=spec.model, tau2=spec.tau2, i2=spec.i2)
