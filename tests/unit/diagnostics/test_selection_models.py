"""Selection models: the likelihood against other integrals, what it must not depend on, its limits."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from scipy import integrate, stats

import metaket as mk
from metaket.diagnostics.selection import SmoothLikelihood, StepLikelihood
from metaket.diagnostics.selection_weights import SHAPES, WEIGHTS
from metaket.errors import InputError, NotComputableError, UnknownChoiceError

Y = np.array([0.62, 0.45, 0.31, 0.55, 0.12, 0.70, 0.52, 0.20, 0.05, 0.38, 0.66, 0.81, -0.10, 0.25])
V = np.array([0.06, 0.04, 0.02, 0.07, 0.01, 0.09, 0.06, 0.02, 0.01, 0.03, 0.08, 0.12, 0.05, 0.04])
POINTS = {"beta": (0.6, 1.7), "negexppow": (2.0, 1.4)}
QUADRATURE = 1e-11  # relative, of panels of ten nodes; the witness itself is good to some 1e-12
MOVED = 1e-6  # two fits that stop at the same decrement


Point = tuple[float, float, float, float]  # y, v, mu, tau2


def exact(m: Any, quad: Any, kind: str, point: Point, two: bool, at: float) -> float:
    """log of w(p) N(y) / int w(p) N with the functions of `m` (mpmath or math), p censored where the model says so."""
    y, v, mu, tau2 = point
    delta, censor = POINTS.get(kind, (2.5,)), SHAPES[kind].censor

    def p_of(x: Any) -> Any:
        z = x / math.sqrt(v)
        return m.erfc(abs(z) / math.sqrt(2)) if two else m.erfc(z / math.sqrt(2)) / 2

    def raw(p: Any) -> Any:
        p = min(max(p, censor), 1 - censor) if censor else p
        if kind == "beta":
            return p ** (delta[0] - 1) * (1 - p) ** (delta[1] - 1)
        if kind == "logistic":
            return 2 * m.exp(-delta[0] * p) / (1 + m.exp(-delta[0] * p))
        if kind == "power":
            return (1 - p) ** delta[0]
        power = {"halfnorm": 2, "negexp": 1}.get(kind) or 1 / delta[1]
        return m.exp(-delta[0] * p**power)

    s = math.sqrt(v + tau2)

    def density(x: Any) -> Any:
        p = p_of(x)
        weight = raw(p) if not at else (1 if p <= at else raw(p) / raw(at))
        return weight * m.exp(-((x - mu) ** 2) / (2 * s**2)) / (s * math.sqrt(2 * math.pi))

    inner = [math.sqrt(v) * stats.norm.isf(q / (2 if two else 1)) for q in (at, censor, 1 - censor) if q]
    graded = [sign * math.sqrt(v) * 1.3e-5 * 2**i for sign in (-1, 1) for i in range(17)] if two else []
    marks = sorted({*(mu + 2 * i * s for i in range(-6, 7)), *inner, *(-x for x in inner), 0.0, *graded})
    return float(m.log(density(y) / sum(quad(density, a, b) for a, b in itertools.pairwise(marks))))


def adaptive(f: Any, a: float, b: float) -> float:
    return float(integrate.quad(f, a, b, epsabs=1e-14, epsrel=1e-13, limit=200)[0])


@pytest.mark.parametrize("kind", WEIGHTS.codes)
@pytest.mark.parametrize(("two", "at"), [(False, 0.0), (True, 0.0), (False, 0.05), (True, 0.05)])
@pytest.mark.parametrize("point", [(0.3, 0.04, 0.1, 0.0), (-0.5, 0.3, 0.4, 0.02), (2.0, 0.01, 0.3, 4.0)])
def test_the_likelihood_by_adaptive_quadrature(kind: str, two: bool, at: float, point: Point) -> None:
    y, v, mu, tau2 = point
    f = SmoothLikelihood(np.array([y]), np.array([v]), kind, two, True, at, np.ones(1))
    value = float(f(np.array([mu, tau2, *POINTS.get(kind, (2.5,))])))
    assert value == pytest.approx(exact(math, adaptive, kind, point, two, at), rel=QUADRATURE, abs=QUADRATURE)


def test_the_likelihood_to_twenty_digits() -> None:
    import mpmath as mp

    mp.mp.dps = 20
    point = (0.3, 0.04, 0.1, 0.02)
    f = SmoothLikelihood(np.array([0.3]), np.array([0.04]), "beta", False, True, 0.0, np.ones(1))
    own = exact(mp, lambda g, a, b: mp.quad(g, [a, b]), "beta", point, False, 0.0)
    assert float(f(np.array([0.1, 0.02, *POINTS["beta"]]))) == pytest.approx(own, rel=QUADRATURE)


@pytest.mark.parametrize("two", [False, True])
def test_a_step_function_is_a_mixture_of_truncated_normals(two: bool) -> None:
    steps, weights = np.array([0.05, 0.5, 1.0]), np.array([1.0, 0.6, 0.2])
    f = StepLikelihood(Y, V, steps, two, True, weights)
    mu, tau2, total = 0.2, 0.03, 0.0
    for y, v in zip(Y, V, strict=True):
        s, own = math.sqrt(v + tau2), stats.norm(mu, math.sqrt(v + tau2))
        p = (2 if two else 1) * stats.norm.sf(abs(y) / math.sqrt(v) if two else y / math.sqrt(v))
        edges = math.sqrt(v) * stats.norm.isf(np.array([0.05, 0.5]) / (2 if two else 1))
        tail = own.sf(edges) + (own.cdf(-edges) if two else 0.0)
        chances = (tail[0], tail[1] - tail[0], 1 - tail[1])
        w = weights[0 if p <= 0.05 else 1 if p <= 0.5 else 2]
        total += math.log(w * stats.norm.pdf((y - mu) / s) / s / np.dot(weights, chances))
    assert float(f(np.array([mu, tau2]))) == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("kind", ["stepfun", "negexp"])
def test_sign_scale_and_order(kind: str) -> None:
    base = mk.selection_model(mk.pool(Y, V), kind)
    assert base.alternative == "greater"
    turned = mk.selection_model(mk.pool(-Y, V), kind)
    assert turned.alternative == "less"
    small = mk.selection_model(mk.pool(1e-4 * Y[::-1], 1e-8 * V[::-1]), kind)
    for other, unit in ((turned, -1.0), (small, 1e-4)):
        assert other.estimate == pytest.approx(unit * base.estimate, rel=MOVED)
        assert other.tau2 == pytest.approx(unit**2 * base.tau2, rel=1e-4, abs=1e-6 * unit**2)
        assert other.delta == pytest.approx(base.delta, rel=MOVED, abs=1e-8)
        assert other.lrt == pytest.approx(base.lrt, rel=MOVED, abs=1e-8)


def test_weights_of_one_are_no_selection() -> None:
    found = mk.selection_model(mk.pool(Y, V), steps=[0.025, 0.5], weights=[1, 1, 1])
    assert found.estimate == pytest.approx(found.unselected.estimate, rel=MOVED)
    assert found.tau2 == pytest.approx(found.unselected.tau2, rel=1e-4, abs=1e-8)
    assert math.isnan(found.lrt)
    assert "the weights are given: a sensitivity analysis" in found.cautions


def test_selection_is_found_where_it_was_made() -> None:
    """2000 studies of a true effect of 0.1, of whose non-significant ones a quarter is kept."""
    rng = np.random.default_rng(1)
    v = rng.uniform(0.01, 0.2, 8000)
    y = rng.normal(0.1, np.sqrt(v + 0.02))
    kept = (y / np.sqrt(v) > 1.959963984540054) | (rng.random(8000) < 0.25)
    found = mk.selection_model(mk.pool(y[kept], v[kept], tau2="DL"), steps=0.025)
    assert abs(found.estimate - 0.1) < 3 * found.std_error
    assert abs(found.delta[1] - 0.25) < 3 * found.se_delta[1]
    assert found.unselected.estimate > 0.2
    assert found.lrt_p < 1e-10


def test_the_weight_function_for_a_figure() -> None:
    found = mk.selection_model(mk.pool(Y, V), "negexp", steps=0.05)
    w = found.weight([0.01, 0.05, 0.3])
    assert w.tolist() == pytest.approx([1.0, 1.0, math.exp(-found.delta[0] * 0.25)])
    step = mk.selection_model(mk.pool(Y, V), steps=[0.025, 0.5], weights=[1, 0.5, 0.1])
    assert step.weight([0.01, 0.025, 0.4, 0.9]).tolist() == [1.0, 1.0, 0.5, 0.1]
    assert list(step.weights_frame()["interval"]) == ["(0, 0.025]", "(0.025, 0.5]", "(0.5, 1]"]
    assert int(step.weights_frame()["studies"].sum()) == 14


def test_limits() -> None:
    result = mk.pool(Y, V)
    with pytest.raises(UnknownChoiceError, match="Did you mean stepfun"):
        mk.selection_model(result, "stepfn")
    with pytest.raises(InputError, match="steps are p-values above 0 and up to 1"):
        mk.selection_model(result, steps=5)
    with pytest.raises(InputError, match="takes one threshold below 1"):
        mk.selection_model(result, "negexp", steps=[0.1, 0.2])
    with pytest.raises(InputError, match="weights must be 2 positive numbers"):
        mk.selection_model(result, steps=0.025, weights=[1])
    with pytest.raises(InputError, match="given weights go with type 'stepfun'"):
        mk.selection_model(result, "beta", weights=[1, 1])
    with pytest.raises(InputError, match="no place for a precision"):
        mk.selection_model(result, "beta", precision="sei")
    with pytest.raises(NotComputableError, match=r"no study has a p-value in \(0, 1e-12\]"):
        mk.selection_model(result, steps=1e-12)
    with pytest.raises(NotComputableError, match="3 parameters need more studies than there are"):
        mk.selection_model(mk.pool([0.5, 0.1, 0.2], [0.01, 0.02, 0.03]))


def test_shown() -> None:
    found = mk.selection_model(mk.pool(Y, V))
    assert "selection model, step function (greater); k = 14" in str(found)
    assert list(found.to_frame()["what"]) == ["unselected (ML)", "stepfun"]
    assert mk.selection_model(mk.pool(Y, V), "3PSM").estimate == found.estimate
