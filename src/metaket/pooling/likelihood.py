r"""The global maximum of the (restricted) likelihood in tau2, bracketed and proved, for many fits at once.

With P as in `engine`, the derivative of the restricted log-likelihood at t = tau2 is

.. math:: S(t) = \tfrac12 [f(t) - g(t)], \quad f = y'PPy, \quad g = \operatorname{tr} P

(for the unrestricted one, g = tr W). On the contrasts P has eigenvalues 1/(d_i + t) with d_i between the smallest
and the largest sampling variance, so f, g, and also the ratios A = 2 y'PPPy / f = -(log f)' and
B = tr PP / tr P = -(log g)' all decrease in t. That turns two evaluations into a proof about the whole interval
[a, b] between them, for phi = log f - log g, whose zeros are the stationary points:

* phi' lies between B(b) - A(a) and B(a) - A(b) on [a, b];
* so phi falls strictly when A(b) > B(a): at most one zero, and it is a maximum of the likelihood;
* it rises strictly when A(a) < B(b): at most one zero, a minimum, which is of no interest;
* it keeps its sign when the end nearer to zero is further from it than phi can travel across the interval.

`scan` walks from 0 to the right, halving a step that proves nothing and lengthening one that does, until a bound
on f/g closes the tail. `refine` then solves f = g in each bracket by Newton's method on g/f, nearly a straight line.
Where several maxima remain (0 included), the likelihood itself decides. All rules are relative: the answer scales
with the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.pooling.engine import WIDE, Moments, Problem, gls, moments, survivors

__all__ = ["Maximum", "log_likelihood", "maximise"]

Index = npt.NDArray[np.intp]
SCAN_LIMIT = 2_000  # evaluations a fit; the hardest of the stress set needs fewer than 200
NEWTON_LIMIT = 100
SMALLEST_STEP = 1e-9  # of the scale of t: below it two stationary points count as one
LAST_STEP = 3e-8  # of the scale of t: Newton's next error is its square


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the likelihood is largest.

    Attributes
    ----------
    value : ndarray, shape (m,)
        tau2 >= 0.
    converged : ndarray of bool, shape (m,)
        True when every stationary point was bracketed and the best one solved to the last step.
    n_iter : ndarray of int, shape (m,)
        Evaluations of the likelihood equations.
    """

    value: Array
    converged: npt.NDArray[np.bool_]
    n_iter: npt.NDArray[np.int64]


@dataclass(slots=True)
class _Bracket:
    """Brackets found by `scan`: the fit's index, both ends, and whether the bracket is proved to hold one zero."""

    fit: list[Index]
    low: list[Array]
    high: list[Array]


def log_likelihood(pr: Problem, t: Array, *, restricted: bool) -> Array:
    """Log-likelihood at tau2 = t, with all constants, and for the restricted one + log|X'X|/2 as metafor has it."""
    w = pr.weights(t)
    fit = gls(pr, w)
    log_w = np.log(w)
    logdet = (pr.counted(log_w)).sum(axis=-1)
    out: Array = -0.5 * (pr.k * np.log(2 * np.pi) - logdet + fit.q)
    if not restricted:
        return out
    sign_free = np.linalg.slogdet(fit.vcov)[1]
    if pr.x is None:
        log_xx = np.log(pr.k)
    else:
        ones = np.ones_like(pr.y) if pr.n is None else pr.n
        log_xx = np.linalg.slogdet(np.swapaxes(pr.x, -1, -2) @ (pr.x * ones[..., None]))[1]
    return np.asarray(out + 0.5 * (pr.p * np.log(2 * np.pi) + sign_free + log_xx))


def maximise(pr: Problem, *, restricted: bool) -> Maximum:
    """The tau2 >= 0 with the largest (restricted) likelihood for each fit of the block."""
    m = pr.y.shape[0]
    if m == 1 and pr.x is None and pr.v_max[0] < WIDE * pr.v_min[0]:
        return maximise_one(pr, restricted=restricted)
    brackets, falls_at_zero, finished, n_iter = _scan(pr, restricted)
    value = np.zeros(m)
    converged = finished
    if brackets.fit:
        fit = np.concatenate(brackets.fit)
        low, high = np.concatenate(brackets.low), np.concatenate(brackets.high)
        root, solved, steps = _refine(pr.take(fit), low, high, restricted)
        np.add.at(n_iter, fit, steps)
        np.logical_and.at(converged, fit, solved)
        rivals = np.bincount(fit, minlength=m) + falls_at_zero
        single = rivals[fit] == 1
        value[fit[single]] = root[single]
        if not single.all():
            _decide(pr, fit[~single], root[~single], falls_at_zero, value, restricted)
    return Maximum(value, converged, n_iter)


def _decide(pr: Problem, fit: Index, root: Array, zero: npt.NDArray[np.bool_], value: Array, restricted: bool) -> None:
    """Among several maxima of a fit keep the one with the largest likelihood (the smaller tau2 in a tie)."""
    at_zero = np.unique(fit[zero[fit]])
    fit = np.concatenate([at_zero, fit])
    root = np.concatenate([np.zeros(at_zero.size), root])
    height = log_likelihood(pr.take(fit), root, restricted=restricted)
    order = np.lexsort((root, -height, fit))
    first = np.ones(order.size, dtype=bool)
    first[1:] = fit[order][1:] != fit[order][:-1]
    best = order[first]
    value[fit[best]] = root[best]


def _scan(
    pr: Problem, restricted: bool
) -> tuple[_Bracket, npt.NDArray[np.bool_], npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Walk each fit from 0 to where no maximum can follow; collect the brackets of all maxima."""
    m = pr.y.shape[0]
    found = _Bracket([], [], [])
    finished = np.zeros(m, dtype=bool)
    n_iter = np.ones(m, dtype=np.int64)
    live: Index = np.arange(m)
    a = np.zeros(m)
    at_a = moments(pr, a, restricted=restricted)
    falls_at_zero = at_a.f <= at_a.g1
    sub = pr
    step = _first_step(at_a)
    for _ in range(SCAN_LIMIT):
        done = _tail_is_clear(sub.v_min, sub.v_max, a, at_a)
        if done.any():
            finished[live[done]] = True
            keep = survivors(~done)
            live, a, step = live[keep], a[keep], step[keep]
            if live.size == 0:
                break
            sub = sub.take(keep)
            at_a = _pick(at_a, keep)
        b = a + step
        at_b = moments(sub, b, restricted=restricted)
        n_iter[live] += 1
        proved, peak = _certify(a, at_a, b, at_b)
        peak[1:] &= live[1:] != live[:-1]
        if peak.any():
            found.fit.append(live[peak])
            found.low.append(a[peak])
            found.high.append(b[peak])
        a = np.where(proved, b, a)
        at_a = _choose(proved, at_b, at_a)
        step = np.where(proved, _first_step(at_a), 0.5 * step)
    return found, falls_at_zero, finished, n_iter


def _pick(mo: Moments, keep: Index) -> Moments:
    return Moments(mo.f[keep], mo.h[keep], mo.g1[keep], mo.g2[keep])


def _choose(where: npt.NDArray[np.bool_], yes: Moments, no: Moments) -> Moments:
    if where.all():
        return yes
    return Moments(
        np.where(where, yes.f, no.f),
        np.where(where, yes.h, no.h),
        np.where(where, yes.g1, no.g1),
        np.where(where, yes.g2, no.g2),
    )


def _above(a: Any) -> Any:
    """max(a, 0) in plain arithmetic, for floats and arrays alike."""
    return 0.5 * (a + abs(a))


def _first_step(mo: Moments) -> Any:
    """How far right to look: where A would meet B if all variances were equal, at least a quarter of 1/B.

    With equal variances 1/A = (d + t)/2 and 1/B = d + t, and any step up to d + a proves a falling phi.
    """
    scale = mo.g1 / mo.g2
    return 0.25 * scale + _above(1.65 * scale - 0.95 * mo.f / mo.h)


def _tail_is_clear(v_min: Any, v_max: Any, a: Any, mo: Moments) -> Any:
    """No zero beyond a: f/g <= rho (M/(M+s))^2 (m+s)/m for every s >= 0, M = v_max + a, m = v_min + a, rho = f/g at a.

    The bound stays below 1 when m (M+s)^2 - rho M^2 (m+s) has no zero in s >= 0.
    """
    rho = mo.f / mo.g1
    r = rho * (v_max + a) / (2.0 * (v_min + a))
    return (rho < 1.0) & ((r <= 1.0) | ((1.0 - r) * (1.0 - r) < 1.0 - rho))


def _certify(a: Any, at_a: Moments, b: Any, at_b: Moments) -> tuple[Any, Any]:
    """(proved, peak): nothing is left to know about [a, b]; and it holds exactly one maximum.

    log x is bounded by 1 - 1/x from below and x - 1 from above, which keeps the proof and spares the logarithm.
    """
    rise_a, rise_b = at_a.g2 / at_a.g1, at_b.g2 / at_b.g1
    fall_a, fall_b = 2.0 * at_a.h / at_a.f, 2.0 * at_b.h / at_b.f
    width = b - a
    climb = _above(rise_a - fall_b) * width
    drop = _above(fall_a - rise_b) * width
    above = (1.0 - at_a.g1 / at_a.f > drop) | (1.0 - at_b.g1 / at_b.f > climb)
    below = (1.0 - at_a.f / at_a.g1 > climb) | (1.0 - at_b.f / at_b.g1 > drop)
    tiny = width <= SMALLEST_STEP * (a + 1.0 / rise_a)
    proved = (fall_b > rise_a) | (fall_a < rise_b) | above | below | tiny
    return proved, proved & (at_a.f > at_a.g1) & (at_b.f <= at_b.g1)


def _newton(t: Any, mo: Moments) -> Any:
    """Newton's step on g/f = 1, which is nearly a straight line in t."""
    return t + (mo.f / mo.g1 - 1.0) / (2.0 * mo.h / mo.f - mo.g2 / mo.g1)


def _refine(
    pr: Problem, low: Array, high: Array, restricted: bool
) -> tuple[Array, npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Solve g/f = 1 between low (f > g) and high (f <= g) by Newton's method, halving where it leaves the bracket."""
    size = low.size
    low, high = low.copy(), high.copy()
    t = 0.5 * (low + high)
    solved = np.zeros(size, dtype=bool)
    steps = np.zeros(size, dtype=np.int64)
    live: Index = np.arange(size) if size > 1 else np.zeros(2, dtype=np.intp)
    sub = pr if size > 1 else pr.take(live)
    for _ in range(NEWTON_LIMIT):
        mo = moments(sub, t[live], restricted=restricted)
        steps[live] += 1
        here = t[live]
        inside = mo.f > mo.g1
        low[live] = np.where(inside, here, low[live])
        high[live] = np.where(inside, high[live], here)
        to = _newton(here, mo)
        stray = ~((to >= low[live]) & (to <= high[live]))
        to = np.where(stray, 0.5 * (low[live] + high[live]), to)
        t[live] = to
        close = np.abs(to - here) <= LAST_STEP * (here + mo.g1 / mo.g2)
        if close.any():
            solved[live[close]] = True
            keep = survivors(~close)
            live = live[keep]
            if live.size == 0:
                break
            sub = sub.take(keep)
    return t, solved, steps


def maximise_one(pr: Problem, *, restricted: bool) -> Maximum:
    """`maximise` for a single fit: the same steps on plain floats, without the cost of masks over one element."""
    evaluate = _moments_of_one(pr, restricted)
    v_min, v_max = float(pr.v_min[0]), float(pr.v_max[0])
    a, at_a, count = 0.0, evaluate(0.0), 1
    candidates = [0.0] if at_a.f <= at_a.g1 else []
    brackets = []
    step = -1.0
    while not _tail_is_clear(v_min, v_max, a, at_a) and count < SCAN_LIMIT:
        step = _first_step(at_a) if step < 0.0 else step
        b = a + step
        at_b = evaluate(b)
        count += 1
        proved, peak = _certify(a, at_a, b, at_b)
        if peak:
            brackets.append((a, b))
        a, at_a, step = (b, at_b, -1.0) if proved else (a, at_a, 0.5 * step)
    solved = count < SCAN_LIMIT
    for low, high in brackets:
        root, steps, ok = _refine_one(evaluate, low, high)
        candidates.append(root)
        count, solved = count + steps, solved and ok
    if len(candidates) > 1:
        heights = log_likelihood(_repeat(pr, len(candidates)), np.array(candidates), restricted=restricted)
        candidates = [candidates[int(np.argmax(heights))]]
    return Maximum(np.array(candidates or [0.0]), np.array([solved and bool(candidates)]), np.array([count]))


def _repeat(pr: Problem, times: int) -> Problem:
    return pr.take(np.zeros(times, dtype=np.intp))


def _refine_one(evaluate: Callable[[float], Moments], low: float, high: float) -> tuple[float, int, bool]:
    """`_refine` on floats: the root, the evaluations, and whether the last step was small."""
    t = 0.5 * (low + high)
    for count in range(1, NEWTON_LIMIT + 1):
        mo = evaluate(t)
        low, high = (t, high) if mo.f > mo.g1 else (low, t)
        to = _newton(t, mo)
        if not low <= to <= high:
            to = 0.5 * (low + high)
        if abs(to - t) <= LAST_STEP * (t + float(mo.g1 / mo.g2)):
            return to, count, True
        t = to
    return t, NEWTON_LIMIT, False


def _moments_of_one(pr: Problem, restricted: bool) -> Callable[[float], Moments]:
    """`moments` for one fit as a function of a float: nine power sums by one small matrix product.

    The effects are centred at their mean under tau2 = 0, which keeps the expanded squares accurate: the studies that
    pull the mean away from there are the ones whose residuals then dominate the sum.
    """
    v = pr.v[0]
    n = np.ones_like(v) if pr.n is None else pr.n[0]
    y = pr.y[0] - float((n / v) @ pr.y[0] / (n / v).sum())
    basis = np.column_stack([n, n * y, n * y * y])
    powers = np.empty((3, v.size))

    def evaluate(t: float) -> Moments:
        w, w2, w3 = powers
        np.divide(1.0, v + t, out=w)
        np.multiply(w, w, out=w2)
        np.multiply(w2, w, out=w3)
        (s1, s1y, _), (s2, s2y, s2yy), (s3, s3y, s3yy) = (powers @ basis).tolist()
        mu = s1y / s1
        f = s2yy - mu * (2.0 * s2y - mu * s2)
        u = s2y - mu * s2
        h = s3yy - mu * (2.0 * s3y - mu * s3) - u * u / s1
        f, h = (f, h) if f > 0.0 < h else (0.0, 1.0)  # all effects equal up to rounding: the tail is clear
        if not restricted:
            return Moments(f, h, s1, s2)
        ratio = s2 / s1
        return Moments(f, h, s1 - ratio, s2 - 2.0 * s3 / s1 + ratio * ratio)

    return evaluate
