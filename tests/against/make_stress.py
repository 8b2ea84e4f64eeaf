"""Writes `stress_reference.json`: hard meta-analyses and the tau2 that 40-digit arithmetic finds for them.

Run ``python tests/against/make_stress.py`` to make the file again (some minutes). The data are drawn from a fixed
seed and stored, rounded to five digits, because numpy does not promise the same draws in every version.

The answers come from another path than the package's. The (restricted) likelihood is searched on a dense grid in
float64, which brackets every stationary point and every near-tangency; mpmath then solves each bracket to 40 digits
and compares the heights of all maxima, 0 included. Paule-Mandel has one solution, found by bisection.
"""

from __future__ import annotations

import json
from pathlib import Path

import mpmath as mp
import numpy as np

HERE = Path(__file__).parent
SEED = 20160131
DIGITS = 40
GRID = 3_000
CASES_PER_FAMILY = 260
METHODS = ("REML", "ML", "PM")


# --- data -----------------------------------------------------------------------------------------------------------


def _variances(rng, k, decades=6.0):
    return 10.0 ** (-decades * rng.random(k))


def plain(rng):
    """Variances over six orders of magnitude, any amount of heterogeneity."""
    k = int(2 + 78 * rng.random() ** 2.5)
    v = _variances(rng, k, 6 * rng.random())
    tau2 = 10.0 ** (4 * rng.random() - 3) * np.median(v)
    return rng.standard_normal(k) * np.sqrt(v + tau2), v


def outliers(rng):
    """One to three effects lie far away from the rest."""
    y, v = plain(rng)
    for i in rng.integers(0, y.size, size=int(rng.integers(1, 4))):
        y[i] += 10.0 ** (3 * rng.random()) * np.sqrt(v[i]) * (1 if rng.random() < 0.5 else -1)
    return y, v


def precise(rng):
    """A few very precise studies disagree with many vague ones: a typical second maximum."""
    k = int(3 + 25 * rng.random())
    v = 10.0 ** rng.random(k)
    few = int(rng.integers(1, max(2, k // 3)))
    v[:few] *= 10.0 ** (-6 * rng.random())
    y = rng.standard_normal(k) * np.sqrt(v)
    y[:few] += 5 * rng.standard_normal()
    return y, v


def ties(rng):
    """Equal effects, equal variances, or both, up to effects that do not differ at all."""
    k = int(2 + 30 * rng.random())
    v = np.round(_variances(rng, k, 3 * rng.random()), 2) + 0.01
    y = np.round(rng.standard_normal(k) * (0.0 if rng.random() < 0.1 else 1.0), int(rng.integers(0, 2)))
    return y, np.full(k, v[0]) if rng.random() < 0.4 else v


def boundary(rng):
    """Q near its degrees of freedom: the maximum sits at, or just above, tau2 = 0."""
    k = int(2 + 40 * rng.random())
    v = _variances(rng, k, 6 * rng.random())
    y = rng.standard_normal(k) * np.sqrt(v)
    w = 1 / v
    mean = np.sum(w * y) / np.sum(w)
    q = np.sum(w * (y - mean) ** 2)
    return (y - mean) * np.sqrt((k - 1) / q * (1 + 0.02 * (rng.random() - 0.5))), v


def few(rng):
    """Two to four studies, as unequal as they come."""
    k = int(rng.integers(2, 5))
    return rng.standard_normal(k) * 10.0 ** (2 * rng.random(k) - 1), _variances(rng, k)


def shifted(rng):
    """Effects far from 0, so that a careless sum of squares cancels."""
    y, v = plain(rng)
    return y + 30 * np.sqrt(v.max()) * rng.standard_normal(), v


def several_maxima(rng):
    """Mined: the restricted or the full likelihood has at least two maxima."""
    while True:
        y, v = (precise, few, outliers)[int(rng.integers(0, 3))](rng)
        if y.size <= 40 and max(len(maxima_brackets(y, v, r)) for r in (True, False)) > 1:
            return y, v


def large(rng):
    """200 to 500 studies."""
    k = min(500, int(rng.integers(200, 600)))
    v = _variances(rng, k)
    return rng.standard_normal(k) * np.sqrt(v + 10.0 ** (-4 * rng.random())), v


FAMILIES = {f.__name__: f for f in (plain, outliers, precise, ties, boundary, few, shifted, several_maxima)}


def draw_cases():
    """Every case as (family, y, v), rounded to five digits, at scales of 1e-6 to 1e6."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    plan = [f for f in FAMILIES.values() for _ in range(CASES_PER_FAMILY)] + [large] * 30
    for family in plan:
        y, v = family(rng)
        scale = 10.0 ** rng.integers(-6, 7)
        yield family.__name__, _five_digits(y * scale), _five_digits(v * scale**2)


def _five_digits(a):
    return [float(f"{x:.4e}") for x in a]


# --- float64: where the maxima can be ---------------------------------------------------------------------------------


def slope(y, v, t, restricted):
    """log f - log g at each t of a vector: its sign is that of the likelihood's derivative (see `likelihood_slope`)."""
    w = 1.0 / (v[:, None] + t)
    total = w.sum(axis=0)
    resid = y[:, None] - (w * y[:, None]).sum(axis=0) / total
    f = ((w * resid) ** 2).sum(axis=0)
    g = total - (w**2).sum(axis=0) / total if restricted else total
    with np.errstate(divide="ignore"):  # all effects equal: f = 0, and the slope is -inf everywhere
        return np.maximum(np.log(f) - np.log(g), -1e300)


def maxima_brackets(y, v, restricted):
    """(low, high) around every maximum; (0, 0) for one at 0. Near-tangencies get a finer grid of their own."""
    y = np.asarray(y) - np.mean(y)
    v = np.asarray(v)
    top = 10 * (np.sum(y**2) + v.max())
    t = np.concatenate([[0.0], np.geomspace(1e-4 * v.min(), top, GRID)])
    s = slope(y, v, t, restricted)
    inner = np.arange(1, t.size - 1)
    turning = inner[(s[inner] - s[inner - 1]) * (s[inner + 1] - s[inner]) < 0]
    fine = [np.linspace(t[i - 1], t[i + 1], 400) for i in turning]
    t = np.unique(np.concatenate([t, *fine]))
    s = slope(y, v, t, restricted)
    down = np.flatnonzero((s[:-1] > 0) & (s[1:] <= 0))
    found = [(float(t[i]), float(t[i + 1])) for i in down]
    return [(0.0, 0.0), *found] if s[0] <= 0 else found


# --- mpmath: which one, and where exactly -----------------------------------------------------------------------------


def likelihood_slope(y, v, t, restricted):
    """y'PPy - tr P (restricted) or y'PPy - tr W at tau2 = t, in the working precision of mpmath."""
    w = [1 / (vi + t) for vi in v]
    total = mp.fsum(w)
    mean = mp.fdot(w, y) / total
    f = mp.fsum((wi * (yi - mean)) ** 2 for wi, yi in zip(w, y, strict=True))
    squares = mp.fsum(wi * wi for wi in w)
    return f - (total - squares / total if restricted else total)


def height(y, v, t, restricted):
    """The (restricted) log-likelihood at tau2 = t, without its constants."""
    w = [1 / (vi + t) for vi in v]
    total = mp.fsum(w)
    mean = mp.fdot(w, y) / total
    q = mp.fsum(wi * (yi - mean) ** 2 for wi, yi in zip(w, y, strict=True))
    out = mp.fsum(mp.log(wi) for wi in w) - q
    return (out - mp.log(total) if restricted else out) / 2


def q_excess(y, v, t):
    """The generalised Q at tau2 = t less its degrees of freedom."""
    w = [1 / (vi + t) for vi in v]
    mean = mp.fdot(w, y) / mp.fsum(w)
    return mp.fsum(wi * (yi - mean) ** 2 for wi, yi in zip(w, y, strict=True)) - (len(y) - 1)


def solve(function, low, high):
    """The zero of a function that is positive at low and not at high: bisection, then the Illinois secant."""
    a, b = mp.mpf(low), mp.mpf(high)
    fa, fb = function(a), function(b)
    if fb == 0:
        return b
    if not fa > 0 > fb:
        raise ValueError(f"no sign change between {low} and {high}")
    side = 0
    for _ in range(300):
        c = (a * fb - b * fa) / (fb - fa)
        fc = function(c)
        if abs(b - a) <= mp.mpf(10) ** (-DIGITS + 8) * b or fc == 0:
            return c
        if fc > 0:
            fb = fb / 2 if side == 1 else fb
            a, fa, side = c, fc, 1
        else:
            fa = fa / 2 if side == -1 else fa
            b, fb, side = c, fc, -1
        if abs(fc) <= mp.mpf(10) ** (-DIGITS + 8) * (abs(fa) + abs(fb)):
            return c
    raise ValueError("the secant did not settle")


def best_likelihood(y, v, restricted):
    """(tau2, number of maxima) of the global maximum, tau2 as an mpf."""
    brackets = maxima_brackets(np.array(y), np.array(v), restricted)
    ym, vm = [mp.mpf(x) for x in y], [mp.mpf(x) for x in v]
    roots = [mp.mpf(0) if high == 0 else solve(lambda t: likelihood_slope(ym, vm, t, restricted), low, high)
             for low, high in brackets]  # fmt: skip
    heights = [height(ym, vm, t, restricted) for t in roots]
    return roots[max(range(len(roots)), key=heights.__getitem__)], len(roots)


def paule_mandel(y, v):
    """tau2 where Q = k - 1, or 0."""
    ym, vm = [mp.mpf(x) for x in y], [mp.mpf(x) for x in v]
    if q_excess(ym, vm, mp.mpf(0)) <= 0:
        return mp.mpf(0)
    high = mp.fsum((yi - ym[0]) ** 2 for yi in ym)
    while q_excess(ym, vm, high) > 0:
        high *= 2
    return solve(lambda t: q_excess(ym, vm, t), 0, high)


def answers(y, v):
    """tau2 by each method, and how many maxima the two likelihoods have."""
    with mp.workdps(DIGITS):
        reml, n_reml = best_likelihood(y, v, True)
        ml, n_ml = best_likelihood(y, v, False)
        return {"REML": float(reml), "ML": float(ml), "PM": float(paule_mandel(y, v)), "maxima": [n_reml, n_ml]}


def main():
    lines = []
    for number, (family, y, v) in enumerate(draw_cases()):
        lines.append(json.dumps({"family": family, "y": y, "v": v, **answers(y, v)}, separators=(",", ":")))
        if number % 100 == 0:
            print(number, family, flush=True)
    (HERE / "stress_reference.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
