"""The Copas selection model: the effect under weaker and stronger selection by effect and precision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from metaket._checks import Array, float_array
from metaket.diagnostics._answers import Judged, Normal
from metaket.diagnostics._cautions import (
    Question,
    effects_of,
    few,
    lines_of,
    need_spread,
    precision_ratio,
    shown_p,
    spec_of,
)
from metaket.diagnostics._maximise import log_ndtr, maximise
from metaket.errors import InputError
from metaket.pooling.pool import pool_spec
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import PoolSpec

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Copas", "CopasFit", "CopasLikelihood", "copas"]

RHO_BOUND = 0.9999
RESIDUAL = 0.10  # level of the test of remaining selection (Carpenter et al. 2009)
LEAST_PRECISE = (0.99, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)  # chance of publication of the smallest study ...
MOST_PRECISE = (0.9, 0.99, 0.999)  # ... and of the largest one
NORMAL = math.log(2.0 * math.pi)


@dataclass(frozen=True, slots=True)
class CopasFit(Normal):
    """The model at one strength of selection.

    Attributes
    ----------
    gamma0, gamma1 : float
        A study is published with the chance Phi(gamma0 + gamma1 / se).
    chance : float
        That chance for the least precise study.
    estimate, std_error : float
        The mean effect, on the analysis scale.
    tau2, rho : float
        Heterogeneity; correlation of the effect's error with being published.
    log_likelihood : float
    residual_p : float
        Likelihood-ratio test of selection that is left: of a term proportional to the standard error.
    unpublished : float
        Number of studies that this selection supposes to be missing.
    converged : bool
    """

    gamma0: float
    gamma1: float
    chance: float
    estimate: float
    std_error: float
    tau2: float
    rho: float
    log_likelihood: float
    residual_p: float
    unpublished: float
    converged: bool


@dataclass(frozen=True, slots=True, eq=False)
class Copas(Judged):
    """A Copas sensitivity analysis.

    Attributes
    ----------
    unselected : PooledResult
        By maximum likelihood, without selection.
    unselected_residual_p : float
        Its test of remaining selection.
    fits : tuple of CopasFit
        One a strength of selection; a figure plots `estimate` and `residual_p` against `chance`.
    adjusted : CopasFit or None
        The fit with the fewest unpublished studies that leaves no selection (p above 0.10); None where the unselected
        model leaves none itself, or where no strength of the grid suffices (see `enough`). Fits whose correlation
        stands at its bound (0.9999) don't count: their standard errors are not to be had.
    enough : bool
        Whether some strength, or none at all, leaves no selection.
    cautions : tuple of str
    """

    unselected: PooledResult
    unselected_residual_p: float
    fits: tuple[CopasFit, ...]
    adjusted: CopasFit | None
    enough: bool
    cautions: tuple[str, ...]

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """One row a strength of selection: the fields of `CopasFit`, ci_low, ci_high, adjusted."""
        import pandas as pd

        names = [n for n in CopasFit.__slots__ if n != "converged"]
        rows = [
            {n: getattr(f, n) for n in names}
            | {"ci_low": f.ci(level).low, "ci_high": f.ci(level).high, "converged": f.converged,
               "adjusted": f is self.adjusted}
            for f in self.fits
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        base = self.unselected
        left = f"remaining selection p {shown_p(self.unselected_residual_p)}"
        lines = [
            f"Copas selection model, {len(self.fits)} strengths of selection; k = {base.k}",
            f"unselected {base.estimate:.4f} (SE {base.std_error:.4f}), {left}",
        ]
        if self.adjusted is not None:
            a, (low, high) = self.adjusted, self.adjusted.ci()
            lines.append(
                f"adjusted   {a.estimate:.4f} (SE {a.std_error:.4f}), 95 % CI {low:.4f} to {high:.4f}; "
                f"{a.unpublished:.1f} unpublished, remaining selection p {shown_p(a.residual_p)}"
            )
        elif self.enough:
            lines.append("no selection is needed to explain the funnel: the unselected result stands")
        else:
            lines.append("no strength of this grid explains the funnel")
        return "\n".join(lines + lines_of(self.cautions))


@dataclass(frozen=True, slots=True)
class CopasLikelihood:
    """Log-likelihood of (..., p) parameters mu, tau2, rho and, where `drift`, the slope on the standard error.

    With u = gamma0 + gamma1 / s, lambda = phi(u) / Phi(u) and c2 = lambda (u + lambda) the within-study variance before
    selection is sigma2 = s^2 / (1 - c2 rho^2).
    """

    y: Array
    s: Array
    u: Array
    drift: bool

    def __call__(self, theta: Any) -> Any:
        mu, tau2, rho = theta[..., :1], theta[..., 1:2], theta[..., 2:3]
        if self.drift:
            mu = mu + theta[..., 3:4] * self.s
        log_published = special.log_ndtr(self.u)
        hazard = np.exp(-0.5 * (self.u**2 + NORMAL) - log_published)
        sigma2 = self.s**2 / (1.0 - hazard * (self.u + hazard) * rho**2)
        total = tau2 + sigma2
        own = rho * np.sqrt(sigma2 / total)
        given = (self.u + own * (self.y - mu) / np.sqrt(total)) / np.sqrt(1.0 - own**2)
        normal = -0.5 * (NORMAL + np.log(total) + (self.y - mu) ** 2 / total)
        return (normal - log_published + log_ndtr(given + 0j * mu)).sum(axis=-1)


def copas(result: Question, *, gamma0: Sequence[float] | None = None, gamma1: Sequence[float] | None = None) -> Copas:
    r"""Copas' selection model over a grid of strengths of selection.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        At least 4 studies; tau2 is estimated anew by maximum likelihood.
    gamma0, gamma1 : sequence of float, optional
        Grid (each with each). gamma1 is in units of the standard error, >= 0. Without them the grid is that of
        chances of publication from 0.99 to 0.1 for the least precise and 0.9 to 0.999 for the most precise study.

    Returns
    -------
    Copas

    Raises
    ------
    InputError
        One of the two grids alone, a negative gamma1, or a common-effect result (the model has heterogeneity).
    NotComputableError
        Fewer than 4 studies, or equal standard errors.

    Notes
    -----
    Effects :math:`y_i = \mu_i + \sigma_i \epsilon_i`, :math:`\mu_i \sim N(\mu, \tau^2)`; a study is published if
    :math:`z_i = \gamma_0 + \gamma_1 / s_i + \delta_i > 0` with :math:`\mathrm{corr}(\epsilon_i, \delta_i) = \rho`. The
    two gammas can't be estimated from the published studies, hence a grid: a sensitivity analysis. Of each fit the
    test of a term :math:`\beta s_i` in the mean says whether selection remains.

    References
    ----------
    Copas & Shi (2000) Biostatistics 1:247-262, eq. 4-7; Copas & Shi (2001) Stat Methods Med Res 10:251-265; Carpenter
    et al. (2009) J Clin Epidemiol 62:624-631 for the choice of the adjusted estimate.

    Examples
    --------
    >>> import metaket as mk
    >>> y = [0.62, 0.45, 0.31, 0.55, 0.12, 0.70, 0.52, 0.20, 0.05, 0.38, 0.66, 0.81]
    >>> v = [0.06, 0.04, 0.02, 0.07, 0.01, 0.09, 0.06, 0.02, 0.01, 0.03, 0.08, 0.12]
    >>> found = mk.copas(mk.pool(y, v))
    >>> found.adjusted.estimate < found.unselected.estimate
    True
    """
    effects, spec = effects_of(result), spec_of(result, "the Copas model")
    if spec.model == "common":
        raise InputError("the Copas model has heterogeneity: give a random-effects result")
    need_spread(effects, "the Copas model", 4)
    base = pool_spec(effects, PoolSpec.of("random", "ML", "z"))
    unit = float(np.sqrt(np.median(effects.v)))
    y, s = effects.y / unit, np.sqrt(effects.v) / unit
    grid = _grid(gamma0, gamma1, s, unit)
    plain = _unselected_p(y, s, base, unit)
    start = np.array([base.estimate / unit, base.tau2 / unit**2, 0.0])
    fits = []
    for g0, g1 in grid:
        fitted = _fit(y, s, g0, g1, start)
        fits.append(replace(fitted, gamma1=g1 * unit, estimate=fitted.estimate * unit,
                            std_error=fitted.std_error * unit, tau2=fitted.tau2 * unit**2,
                            log_likelihood=fitted.log_likelihood - effects.k * math.log(unit)))  # fmt: skip
    clear = [f for f in fits if f.residual_p > RESIDUAL and f.converged and abs(f.rho) < RHO_BOUND]
    adjusted = None if plain > RESIDUAL or not clear else min(clear, key=lambda f: f.unpublished)
    enough = plain > RESIDUAL or bool(clear)
    return Copas(base, plain, tuple(fits), adjusted, enough, _cautions(effects, fits, enough))


def _grid(gamma0: Any, gamma1: Any, s: Array, unit: float) -> list[tuple[float, float]]:
    """Pairs of (gamma0, gamma1) for standard errors in units of `unit`, from weak to strong selection."""
    if (gamma0 is None) != (gamma1 is None):
        raise InputError("give both gamma0= and gamma1=, or neither")
    if gamma0 is not None:
        first, second = (np.atleast_1d(float_array(n, g)) for n, g in (("gamma0", gamma0), ("gamma1", gamma1)))
        if not (np.isfinite(first).all() and np.isfinite(second).all() and (second >= 0).all()):
            raise InputError(f"gamma0 must be finite and gamma1 at least 0, got {gamma0!r} and {gamma1!r}")
        return [(float(a), float(b) / unit) for a in first[::-1] for b in second[::-1]]
    out = []
    for low in LEAST_PRECISE:
        for high in MOST_PRECISE:
            a, b = float(special.ndtri(low)), float(special.ndtri(max(high, low)))
            slope = (b - a) / (1.0 / s.min() - 1.0 / s.max())
            out.append((a - slope / float(s.max()), slope))
    return list(dict.fromkeys(out))


def _fit(y: Array, s: Array, gamma0: float, gamma1: float, start: Array) -> CopasFit:
    u = gamma0 + gamma1 / s
    lower, upper = np.array([-np.inf, 0.0, -RHO_BOUND]), np.array([np.inf, np.inf, RHO_BOUND])
    starts = [np.array([start[0], start[1] + 0.05, rho]) for rho in (0.5, -0.5, 0.95)]
    found = maximise(CopasLikelihood(y, s, u, drift=False), starts, lower, upper)
    more = maximise(
        CopasLikelihood(y, s, u, drift=True),
        [np.append(x, 0.0) for x in (found.x, *starts)],
        np.append(lower, -np.inf),
        np.append(upper, np.inf),
    )
    p = float(special.chdtrc(1.0, max(0.0, 2.0 * (more.value - found.value))))
    chance = special.ndtr(u)
    least = float(chance[np.argmax(s)])
    missing = float(((1.0 - chance) / chance).sum())
    mu, tau2, rho = (float(x) for x in found.x)
    se = math.sqrt(found.vcov[0, 0]) if np.isfinite(found.vcov[0, 0]) else math.nan
    return CopasFit(gamma0, gamma1, least, mu, se, tau2, rho, found.value, p, missing, found.converged)


def _unselected_p(y: Array, s: Array, base: PooledResult, unit: float) -> float:
    """Test of the term on the standard error without any selection, by maximum likelihood."""

    def f(theta: Any) -> Any:
        total = theta[..., 1:2] + s**2
        mean = theta[..., :1] + theta[..., 2:3] * s
        return -0.5 * (NORMAL + np.log(total) + (y - mean) ** 2 / total).sum(axis=-1)

    bounds = np.array([-np.inf, 0.0, -np.inf]), np.array([np.inf, np.inf, np.inf])
    start = np.array([base.estimate / unit, base.tau2 / unit**2, 0.0])
    found = maximise(f, [start, start + np.array([0.0, 0.1, 0.1])], *bounds)
    return float(special.chdtrc(1.0, max(0.0, 2.0 * (found.value - float(f(start))))))


def _cautions(effects: Any, fits: Sequence[CopasFit], enough: bool) -> tuple[str, ...]:
    texts = [*few(effects.k), "the strength of selection can't be estimated: a sensitivity analysis"]
    if precision_ratio(effects) < 2.0:
        texts.append(f"standard errors differ {precision_ratio(effects):.2f}-fold only: there is no funnel to explain")
    stuck = sum(abs(f.rho) >= RHO_BOUND for f in fits)
    if stuck:
        texts.append(f"the correlation stands at its bound in {stuck} of {len(fits)} fits")
    failed = sum(not f.converged for f in fits)
    if failed:
        texts.append(f"{failed} of {len(fits)} fits did not converge")
    if not enough:
        texts.append("selection of this kind does not explain the funnel: other causes of asymmetry")
    return tuple(texts)
