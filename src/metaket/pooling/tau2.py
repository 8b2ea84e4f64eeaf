"""Estimators of the between-study variance tau2, each one function on a block of fits.

Every estimator takes a `Problem` and returns a `Tau2`. Estimates below 0 are set to 0. The standard errors are
the large-sample ones of Viechtbauer (2005) J Educ Behav Stat 30:261-293, p. 266-269, from the moments of a
quadratic form in normal variables: Var(y'Ay) = 2 tr(A S A S), S = V + tau2 I.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from metaket._checks import Array
from metaket._registry import Registry
from metaket.pooling.engine import Problem, dot, gls, gram, mended, moments, others, survivors, trace_p
from metaket.pooling.likelihood import maximise

__all__ = ["ESTIMATORS", "Tau2", "Tau2Function", "solve_q"]

Q_LIMIT = 200
Q_LAST_STEP = 3e-8  # of the scale of t; the next Newton error is its square


@dataclass(frozen=True, slots=True)
class Tau2:
    """An estimate of tau2 for each fit, all of shape (m,).

    Attributes
    ----------
    value : tau2 >= 0
    se : large-sample standard error
    converged : False where the solution is not to be trusted
    n_iter : evaluations used; 0 for a closed form
    """

    value: Array
    se: Array
    converged: npt.NDArray[np.bool_]
    n_iter: npt.NDArray[np.int64]


Tau2Function = Callable[[Problem, "Array | None"], Tau2]
ESTIMATORS: Registry[Tau2Function] = Registry("tau2 method")


def _closed(value: Array, se: Array) -> Tau2:
    m = value.shape[0]
    return Tau2(np.maximum(value, 0.0), se, np.ones(m, dtype=bool), np.zeros(m, dtype=np.int64))


def _trace_papa(pr: Problem, a: Array, s: Array) -> Array:
    """tr(P S P S) for P formed with weights `a` and diagonal S = `s`, each (m, k)."""
    na = pr.counted(a)
    if pr.x is None:
        total, as_ = na.sum(axis=-1), a * s
        cross, size = dot(na, as_), dot(na * as_, s)
        found = np.asarray(size - 2.0 * dot(na * as_, as_) / total + (cross / total) ** 2)
        return mended(found, size, lambda lost: _trace_papa_again(pr.take(lost), a[lost], s[lost]))
    inverse = np.linalg.inv(gram(pr, na))
    half = inverse @ gram(pr, na * a * s)
    full = np.einsum("mpq,mqp->m", inverse, gram(pr, na * a * a * s * s))
    return np.asarray((na * a * s * s).sum(axis=-1) - 2.0 * full + np.einsum("mpq,mqp->m", half, half))


def _trace_papa_again(pr: Problem, a: Array, s: Array) -> Array:
    """The same as a sum of positive terms: P_ii s_i squared, and P_ij^2 s_i s_j = c_i c_j for i other than j."""
    share = a / pr.counted(a).sum(axis=-1)[:, None]
    own, c = share * s * others(pr, a), share * a * s
    return np.asarray(dot(pr.counted(own), own) + dot(pr.counted(c), others(pr, c)))


def _moment(pr: Problem, a: Array) -> Tau2:
    """Generalised method of moments with weights `a`: E(y'Py) = tr(PV) + tau2 tr(P).

    DerSimonian & Kacker (2007) Contemp Clin Trials 28:105-114, eq. 6.
    """
    trace = trace_p(pr, a)
    raw = (gls(pr, a).q - _trace_pv(pr, a)) / trace
    total = pr.v + np.maximum(raw, 0.0)[:, None]
    return _closed(raw, np.sqrt(2.0 * _trace_papa(pr, a, total)) / trace)


def _trace_pv(pr: Problem, a: Array) -> Array:
    """tr(P V) for P formed with weights `a`."""
    na = pr.counted(a)
    if pr.x is None:
        total, size = na.sum(axis=-1), dot(na, pr.v)
        found = np.asarray(size - dot(na * a, pr.v) / total)
        return mended(found, size, lambda lost: dot((na * pr.v)[lost], others(pr.take(lost), a[lost])) / total[lost])
    inverse = np.linalg.inv(gram(pr, na))
    inner = gram(pr, na * a * pr.v)
    return np.asarray(dot(na, pr.v) - np.einsum("mpq,mqp->m", inverse, inner))


@ESTIMATORS.add(
    "DL",
    label="DerSimonian-Laird",
    reference="DerSimonian & Laird (1986) Control Clin Trials 7:177-188",
    metafor="DL",
)
def dersimonian_laird(pr: Problem, _weights: Array | None = None) -> Tau2:
    """Moments of Q with weights 1/v: (Q - df) / tr P."""
    return _moment(pr, 1.0 / pr.v)


@ESTIMATORS.add(
    "HE",
    label="Hedges",
    reference="Hedges & Olkin (1985) Statistical Methods for Meta-Analysis, p. 194",
    aliases=("CA", "hedges"),
    metafor="HE",
)
def hedges(pr: Problem, _weights: Array | None = None) -> Tau2:
    """Unweighted sample variance less the mean sampling variance."""
    return _moment(pr, np.ones_like(pr.y))


@ESTIMATORS.add(
    "HS",
    label="Hunter-Schmidt",
    reference="Viechtbauer (2005) J Educ Behav Stat 30:261-293, p. 265",
    metafor="HS",
)
def hunter_schmidt(pr: Problem, _weights: Array | None = None) -> Tau2:
    """(Q - k) / sum of 1/v."""
    return _hunter_schmidt(pr, np.ones(pr.y.shape[0]))


@ESTIMATORS.add(
    "HSk",
    label="Hunter-Schmidt, small-sample",
    reference="Brannick et al. (2019) Organ Res Methods 22:490-514",
    metafor="HSk",
)
def hunter_schmidt_k(pr: Problem, _weights: Array | None = None) -> Tau2:
    """Hunter-Schmidt with Q times k / (k - p)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return _hunter_schmidt(pr, pr.k / pr.df)


def _hunter_schmidt(pr: Problem, factor: Array) -> Tau2:
    w = 1.0 / pr.v
    q = gls(pr, w).q
    total = pr.counted(w).sum(axis=-1)
    raw = (factor * q - pr.k) / total
    spread = pr.v + np.maximum(raw, 0.0)[:, None]
    return _closed(raw, factor * np.sqrt(2.0 * _trace_papa(pr, w, spread)) / total)


@ESTIMATORS.add(
    "SJ",
    label="Sidik-Jonkman",
    reference="Sidik & Jonkman (2005) J R Stat Soc C 54:367-384, eq. 6",
    metafor="SJ",
)
def sidik_jonkman(pr: Problem, _weights: Array | None = None) -> Tau2:
    """One step from the crude variance of the effects; always positive unless all effects are equal."""
    mean = pr.counted(pr.y).sum(axis=-1) / pr.k
    crude = dot(pr.counted(pr.y - mean[:, None]), pr.y - mean[:, None]) / pr.k
    with np.errstate(divide="ignore", invalid="ignore"):
        value = _sidik_jonkman_step(pr, np.where(crude > 0, crude, 1.0))
    value = np.where(crude > 0, value, 0.0)
    w = pr.weights(np.where(crude > 0, crude, 1.0))
    scale = np.where(crude > 0, crude, 0.0) / pr.df
    return _closed(value, scale * np.sqrt(2.0 * _trace_papa(pr, w, pr.v + value[:, None])))


def _sidik_jonkman_step(pr: Problem, start: Array) -> Array:
    return np.asarray(start * gls(pr, pr.weights(start)).q / pr.df)


@ESTIMATORS.add(
    "REML",
    label="restricted maximum likelihood",
    reference="Viechtbauer (2005) J Educ Behav Stat 30:261-293, p. 266",
    metafor="REML",
)
def restricted_maximum_likelihood(pr: Problem, _weights: Array | None = None) -> Tau2:
    """The global maximum of the restricted likelihood; se from the expected information tr(PP)/2."""
    best = maximise(pr, restricted=True)
    info = moments(pr, best.value, restricted=True).g2
    return Tau2(best.value, np.sqrt(2.0 / info), best.converged, best.n_iter)


@ESTIMATORS.add(
    "ML",
    label="maximum likelihood",
    reference="Hardy & Thompson (1996) Stat Med 15:619-629",
    metafor="ML",
)
def maximum_likelihood(pr: Problem, _weights: Array | None = None) -> Tau2:
    """The global maximum of the likelihood; se from the expected information tr(WW)/2."""
    best = maximise(pr, restricted=False)
    info = moments(pr, best.value, restricted=False).g2
    return Tau2(best.value, np.sqrt(2.0 / info), best.converged, best.n_iter)


@ESTIMATORS.add(
    "PM",
    label="Paule-Mandel",
    reference="Paule & Mandel (1982) J Res Natl Bur Stand 87:377-385",
    aliases=("MP",),
    metafor="PM",
)
def paule_mandel(pr: Problem, _weights: Array | None = None) -> Tau2:
    """The tau2 at which the generalised Q equals its degrees of freedom."""
    return _from_q(pr, pr.df)


@ESTIMATORS.add(
    "EB",
    label="empirical Bayes",
    reference="Morris (1983) J Am Stat Assoc 78:47-55; equal to Paule-Mandel: Viechtbauer et al. (2015)",
    metafor="EB",
)
def empirical_bayes(pr: Problem, _weights: Array | None = None) -> Tau2:
    """Solves the same equation as Paule-Mandel."""
    return _from_q(pr, pr.df)


@ESTIMATORS.add(
    "PMM",
    label="Paule-Mandel, median-unbiased",
    reference="Viechtbauer (2021) European Congress of Methodology, Valencia",
    metafor="PMM",
)
def paule_mandel_median(pr: Problem, _weights: Array | None = None) -> Tau2:
    """The tau2 at which the generalised Q equals the median of its chi-square distribution."""
    return _from_q(pr, np.asarray(special.chdtri(np.maximum(pr.df, 1.0), 0.5), dtype=np.float64))


def _from_q(pr: Problem, target: Array) -> Tau2:
    """tau2 with y'Py = target; the standard error is the empirical-Bayes one, k / df sqrt(2 df) / sum of w."""
    value, converged, n_iter = solve_q(pr, target)
    total = pr.counted(pr.weights(value)).sum(axis=-1)
    return Tau2(value, pr.k / pr.df * np.sqrt(2.0 * pr.df) / total, converged, n_iter)


def solve_q(pr: Problem, target: Array) -> tuple[Array, npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """The tau2 >= 0 with y'Py = target, 0 where Q(0) is already below it.

    1 / y'Py is a weighted harmonic mean of terms d + t, hence increasing and concave in t: Newton's method
    on it climbs from 0 to the solution without passing it.
    """
    m = pr.y.shape[0]
    t = np.zeros(m)
    converged = np.zeros(m, dtype=bool)
    n_iter = np.zeros(m, dtype=np.int64)
    live = np.arange(m)
    sub, goal = pr, target
    for _ in range(Q_LIMIT):
        w = sub.weights(t[live])
        fit = gls(sub, w)
        n_iter[live] += 1
        e = w * fit.resid
        f = dot(sub.counted(e), e)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(fit.q > goal, fit.q * (fit.q / goal - 1.0) / f, 0.0)
        t[live] += step
        done = step <= Q_LAST_STEP * (t[live] + sub.v_min)
        if done.any():
            converged[live[done]] = True
            keep = survivors(~done)
            live, goal = live[keep], goal[keep]
            if live.size == 0:
                break
            sub = sub.take(keep)
    return t, converged, n_iter


@ESTIMATORS.add(
    "GENQ",
    label="generalised Q with given weights",
    reference="Jackson et al. (2014) BMC Med Res Methodol 14:103",
    needs=("weights",),
    metafor="GENQ",
)
def generalised_q(pr: Problem, weights: Array | None = None) -> Tau2:
    """Moments of the Q made with the user's weights, which the pooled effect has too (see `pool`)."""
    return _moment(pr, np.ones_like(pr.y) if weights is None else weights)


@ESTIMATORS.add(
    "DL2",
    label="two-step DerSimonian-Laird",
    reference="DerSimonian & Kacker (2007) Contemp Clin Trials 28:105-114, sec. 3.4",
)
def dersimonian_laird_2(pr: Problem, _weights: Array | None = None) -> Tau2:
    """Generalised moments with weights 1 / (v + tau2 of DL)."""
    return _moment(pr, pr.weights(dersimonian_laird(pr, None).value))


@ESTIMATORS.add(
    "HE2",
    label="two-step Hedges (Cochran's ANOVA first)",
    reference="DerSimonian & Kacker (2007) Contemp Clin Trials 28:105-114, sec. 3.4",
    aliases=("CA2",),
)
def hedges_2(pr: Problem, _weights: Array | None = None) -> Tau2:
    """Generalised moments with weights 1 / (v + tau2 of HE)."""
    return _moment(pr, pr.weights(hedges(pr, None).value))
