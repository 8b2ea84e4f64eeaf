r"""Generalised linear mixed models: the exact likelihood of counts instead of the normal one of their effects.

=========  ==============================================  =========================================================
model      studies' levels                                 conditional likelihood
=========  ==============================================  =========================================================
``UM.FS``  a fixed parameter for each study                OR: two binomials; IRR: two Poissons
``UM.RS``  normal with variance sigma2                     the same
``CM.EL``  conditioned away                                OR: noncentral hypergeometric; IRR: binomial (exact)
``CM.AL``  conditioned away                                OR: binomial, which holds when events are rare
``GLMM``   none: one group                                 PLO: binomial; IRLN: Poisson
=========  ==============================================  =========================================================

The random effect of two-group models enters the two arms with +1/2 and -1/2, as metafor's default does. tau2 is the
maximum-likelihood estimate.

References
----------
Stijnen, Hamza & Ozdemir (2010) Stat Med 29:3046-3067; Jackson, Law, Stijnen, Viechtbauer & White (2018) Stat Med
37:1059-1085 (models 4 to 7).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from metaket._checks import Array, check_choice
from metaket._notebook import ShownAsText
from metaket.errors import InputError, NotComputableError
from metaket.measures.effect import EffectSizes, check_effect_sizes
from metaket.pooling.glmm_models import ALLOWED, GLMM_MODELS, Question, counts_for, question
from metaket.pooling.glmm_solver import Layout, Maximised, maximise, own_information
from metaket.pooling.quadrature import Marginal
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import MODELS, PoolSpec

__all__ = ["GLMM_MODELS", "Glmm", "glmm"]

POINTS = 25
POINTS_2D = 9  # along each of the two axes of UM.RS
STARTS = (0.3, 1.0)  # standard deviations of the random effect from which the likelihood is climbed
LEVEL_SPREAD = 0.5  # where the climb of the levels' standard deviation starts
ABSURD = 50.0  # standard deviation of log odds or log rates that no maximum has
NO_GAIN = 1e-9  # a gain in log-likelihood below which tau2 = 0 is the answer
CONTROL_LEVEL = np.array([[1.0, 1.0], [1.0, 0.0]])
FEW, ROUGHLY = 3, 1e-4  # nodes and predicted gain of the first climb
ENOUGH = 1e-10  # gain in log-likelihood that the homogeneity test can do without


@dataclass(frozen=True, slots=True)
class Glmm(ShownAsText):
    """A fitted generalised linear mixed model.

    Attributes
    ----------
    model : str
    estimate, std_error : float
        Log odds ratio, log rate ratio, logit or log rate; the error from the observed information of all parameters.
    tau2, se_tau2 : float
        Variance of the random effect; its error is NaN at 0 and where tau2 was given.
    sigma2 : float
        Variance of the studies' levels (UM.RS), else NaN.
    loglik, loglik_common : float
        Marginal log-likelihoods of the fit and of the fit with tau2 = 0, with all constants.
    q_wald, q_lrt, q_df : float
        Homogeneity: Wald and likelihood-ratio test of equal effects against one for each study. A study whose own
        effect is infinite has no weight in the Wald test.
    points : int
        Quadrature nodes (along each axis).
    converged : bool
    n_iter : int
    """

    model: str
    estimate: float
    std_error: float
    tau2: float
    se_tau2: float
    sigma2: float
    loglik: float
    loglik_common: float
    q_wald: float
    q_lrt: float
    q_df: float
    points: int
    converged: bool
    n_iter: int

    def __str__(self) -> str:
        levels = "" if math.isnan(self.sigma2) else f", sigma2 of the levels {self.sigma2:.4f}"
        tests = f"Wald {self.q_wald:.3f}, LRT {self.q_lrt:.3f} on {self.q_df:g} df"
        lines = [
            f"{LABELS[self.model]}: {self.estimate:.4f} (SE {self.std_error:.4f})",
            f"tau2 {self.tau2:.4f}{levels}; homogeneity: {tests}",
        ]
        return "\n".join(lines if self.converged else [*lines, "WARNING: did not converge"])


def glmm(effects: EffectSizes, model: str = "UM.FS", *, tau2: float | None = None, points: int | None = None) -> Glmm:
    r"""Fit a binomial-normal or Poisson-normal model by maximum likelihood.

    Parameters
    ----------
    effects : EffectSizes
        OR, IRR, PLO or IRLN with the counts in its table; they are used as they are, no zero cell is corrected.
    model : {"UM.FS", "UM.RS", "CM.EL", "CM.AL", "GLMM"}
        See the module; PLO and IRLN have "GLMM" only, IRR has no "CM.AL".
    tau2 : float, optional
        A known value >= 0; 0 is the common-effect model. None: estimated.
    points : int, optional
        Nodes of the adaptive Gauss-Hermite quadrature, 1 (Laplace) to 100: 25 by default, 9 along each of the two axes
        of UM.RS. metafor (lme4) uses 7, and 1 for UM.RS.

    Returns
    -------
    Glmm

    Raises
    ------
    InputError
        A measure, model or number of nodes that does not fit, or effects without counts.
    NotComputableError
        No events, or nothing but events, in one of the arms of all studies: the estimate is infinite. Or tau2 is, where
        nearly every study lies at one or the other end of what its margins allow.

    Notes
    -----
    :math:`\eta_{ij} = \gamma_i + (\theta + u_i) x_{ij}, \; x = \pm 1/2, \; u_i \sim N(0, \tau^2)`. A study whose
    margins leave no choice (no events, or nothing but events) says nothing about theta under UM.FS and CM.

    References
    ----------
    Stijnen, Hamza & Ozdemir (2010) Stat Med 29:3046-3067.
    """
    model = check_choice("GLMM", model, GLMM_MODELS)
    check_effect_sizes(effects, "glmm")
    if effects.measure not in ALLOWED or model not in ALLOWED[effects.measure]:
        fits = "; ".join(f"{m}: {', '.join(c)}" for m, c in ALLOWED.items())
        raise InputError(f"model {model!r} does not fit {effects.measure}; {fits}")
    points = points if points is not None else (POINTS_2D if model == "UM.RS" else POINTS)
    if not isinstance(points, int | np.integer) or not 1 <= points <= 100:
        raise InputError(f"points must be a whole number between 1 and 100, got {points!r}")
    if tau2 is not None and not (isinstance(tau2, int | float | np.number) and math.isfinite(tau2) and tau2 >= 0):
        raise InputError(f"tau2 must be a number of at least 0, or None to estimate it, got {tau2!r}")
    counts = counts_for(effects)
    ask = question(effects.measure, model, counts)
    common = _fit(ask, points, 0.0)
    best = common if tau2 == 0 else _best(ask, points, tau2, common)
    q_wald, q_lrt = _homogeneity(ask, common) if ask.spread is None else _homogeneity_spread(ask, common, points)
    return _answer(model, ask, best, common, (q_wald, q_lrt, float(effects.k - 1)), points)


def _fit(ask: Question, points: int, tau: float | None, start: float = 1.0) -> Maximised:
    """The maximum with the random effect's standard deviation held at `tau`, or climbed from `start`.

    First with few nodes, then a few steps with all of them.
    """
    q = ask.fixed.shape[1] + ask.random.shape[1]
    phi = np.zeros((ask.family.studies, q))
    phi[:, ask.tau] = start if tau is None else tau
    if ask.spread is not None:
        phi[:, ask.spread] = LEVEL_SPREAD
    layout = Layout(tuple(i for i in range(q) if i != ask.own and not (i == ask.tau and tau is not None)), ask.own)
    if tau == 0 and ask.spread is None:
        return maximise(ask.likelihood(1), layout, phi)
    rough = maximise(ask.likelihood(min(points, FEW)), layout, phi, enough=ROUGHLY)
    fine = maximise(ask.likelihood(points), layout, rough.phi)
    return replace(fine, n_iter=rough.n_iter + fine.n_iter)


def _best(ask: Question, points: int, tau2: float | None, common: Maximised) -> Maximised:
    """The highest of the climbs; that of tau2 = 0 where the others gain nothing."""
    if tau2 is not None:
        return _fit(ask, points, math.sqrt(tau2))
    fits = [_fit(ask, points, None, start) for start in STARTS]
    best = max(fits, key=lambda f: (f.converged, f.height))
    if abs(float(best.phi[0, ask.tau])) > ABSURD:
        raise NotComputableError(
            "tau2 has no finite estimate: the likelihood keeps growing with it, since nearly every study lies at an "
            "end of what its margins allow; give a value, tau2=0 for the common effect"
        )
    n_iter = sum(f.n_iter for f in fits)
    return replace(common if best.height - common.height <= NO_GAIN else best, n_iter=n_iter)


def _homogeneity(ask: Question, common: Maximised) -> tuple[float, float]:
    """Wald and likelihood-ratio statistic of equal effects, with fixed levels."""
    height, eta, information = ask.family.best()
    if eta.shape[1] == 2:
        effect = eta[:, 0] - eta[:, 1]
        w = information.prod(axis=1) / information.sum(axis=1)
    else:
        effect, w = eta[:, 0], information[:, 0]
    finite = np.isfinite(effect)
    y, w = effect[finite], w[finite]
    wald = float((w * (y - (w * y).sum() / w.sum()) ** 2).sum()) if y.size else 0.0
    return wald, max(0.0, 2.0 * (float(height.sum()) - common.height))


def _homogeneity_spread(ask: Question, common: Maximised, points: int) -> tuple[float, float]:
    """The same where the levels are random: the model with an effect for each study has only them to integrate out.

    The random level is that of the control arm, as metafor has it in this test; the treatment arm is then free.
    """
    likelihood = Marginal(ask.family, CONTROL_LEVEL, ask.random[:, :1], points)
    layout = Layout(free=(0, 2), own=1)
    # studies with an empty cell climb to infinity, where nothing is gained any more
    fit = maximise(likelihood, layout, np.delete(common.phi, ask.tau, axis=1), enough=ENOUGH)
    information = own_information(likelihood, layout, fit.phi)
    effect, total = fit.phi[:, 1], information.sum(axis=1)
    mean = (total @ effect) / total.sum()
    gap = effect - mean
    return float(gap @ information @ gap), max(0.0, 2.0 * (fit.height - common.height))


def _answer(
    model: str,
    ask: Question,
    best: Maximised,
    common: Maximised,
    q: tuple[float, float, float],
    points: int,
) -> Glmm:
    free = [i for i in range(best.phi.shape[1]) if i != ask.own]
    if best.vcov.shape[0] < len(free):
        free.remove(ask.tau)  # held at its value
    tau = abs(float(best.phi[0, ask.tau]))
    with np.errstate(invalid="ignore"):
        se = dict(zip(free, np.sqrt(np.diag(best.vcov)).tolist(), strict=True))
    return Glmm(
        model=model,
        estimate=float(best.phi[0, ask.effect]),
        std_error=se[ask.effect],
        tau2=tau**2,
        se_tau2=2.0 * tau * se[ask.tau] if ask.tau in se else math.nan,
        sigma2=math.nan if ask.spread is None else float(best.phi[0, ask.spread]) ** 2,
        loglik=best.height,
        loglik_common=common.height,
        q_wald=q[0],
        q_lrt=q[1],
        q_df=q[2],
        points=points,
        converged=best.converged and common.converged,
        n_iter=best.n_iter,
    )


def _pool(effects: EffectSizes, spec: PoolSpec, weights: Array | None = None) -> PooledResult:
    """The model as a pooled result: Q is the likelihood-ratio one, the studies' shares are 1 / (v + tau2)."""
    del weights
    if spec.test not in ("z", "t"):
        raise InputError(f"a GLMM has the tests z and t, not {spec.test!r}")
    if isinstance(spec.tau2, str) and spec.tau2 not in ("ML", "REML"):
        raise InputError(f"a GLMM estimates tau2 by ML, not {spec.tau2!r}; leave tau2 out or give its value")
    known = spec.tau2 if isinstance(spec.tau2, float) else None
    fit = glmm(effects, spec.model, tau2=known)
    inverse = 1.0 / effects.v
    trace = inverse.sum() - (inverse**2).sum() / inverse.sum()
    w = 1.0 / (effects.v + fit.tau2)
    return PooledResult(
        effects=effects,
        spec=replace(spec, tau2="ML" if known is None else known, i2="tau2"),
        estimate=fit.estimate,
        std_error=fit.std_error,
        df=math.inf if spec.test == "z" else fit.q_df,
        tau2=fit.tau2,
        se_tau2=fit.se_tau2,
        q=fit.q_lrt,
        q_df=fit.q_df,
        typical_variance=float((effects.k - 1) / trace) if effects.k > 1 else 0.0,
        weights=np.asarray(100.0 * w / w.sum()),
        converged=fit.converged,
        n_iter=fit.n_iter,
    )


LABELS = {
    "UM.FS": "GLMM with fixed study effects",
    "UM.RS": "GLMM with random study effects",
    "CM.EL": "conditional GLMM, exact likelihood",
    "CM.AL": "conditional GLMM, approximate likelihood",
    "GLMM": "GLMM of one group",
}
for _code, _label in LABELS.items():
    MODELS.add(
        _code,
        label=_label,
        reference="Stijnen, Hamza & Ozdemir (2010) Stat Med 29:3046-3067",
        metafor="rma.glmm" if _code == "GLMM" else f"rma.glmm(model='{_code}')",
    )(_pool)
