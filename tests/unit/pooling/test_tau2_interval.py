"""Intervals for tau2 by generalised Q, profile likelihood and Wald, and the distribution behind the first."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import metaket as mk
from metaket.errors import DataWarning, InputError, NotComputableError
from metaket.pooling.engine import Problem
from metaket.pooling.likelihood import log_likelihood
from metaket.pooling.quadratic_form import weighted_chi2_cdf
from metaket.pooling.tau2_interval import TAU2_INTERVALS, Tau2Question, tau2_limits

FILES = Path(__file__).parents[3] / "validation" / "metafor" / "reference"
Y = np.array([0.1, 0.45, -0.2, 0.8, 0.3, 0.05])
V = np.array([0.04, 0.02, 0.05, 0.03, 0.08, 0.02])


def asked(y: np.ndarray, v: np.ndarray, estimator: str = "REML", level: float = 0.95, **more: Any) -> Tau2Question:
    fit = mk.pool(y, v, tau2=estimator)
    return Tau2Question(Problem.of(y[None], v[None]), level, fit.tau2, fit.se_tau2, estimator, **more)


# ------------------------------------------------------------ the distribution


@pytest.mark.parametrize("r", [1, 2, 3, 10, 100, 2000])
def test_equal_weights_are_chi_square(r: int) -> None:
    """Both tails, to probabilities of 1e-12, in relative terms; worst seen 7e-14."""
    p = np.array([1e-12, 1e-6, 0.025, 0.3, 0.7])
    low, high = stats.chi2.ppf(p, r), stats.chi2.isf(p, r)
    assert weighted_chi2_cdf(2.0 * low, np.full((p.size, r), 2.0))[0] == pytest.approx(p, rel=1e-11)
    assert weighted_chi2_cdf(2.0 * high, np.full((p.size, r), 2.0))[1] == pytest.approx(p, rel=1e-11)


@pytest.mark.parametrize("seed", range(6))
def test_against_imhofs_integral(seed: int) -> None:
    """Imhof (1961) Biometrika 48:419-426, by adaptive quadrature, for weights over two orders of magnitude."""
    rng = np.random.default_rng(seed)
    weights = np.exp(rng.normal(0, 1, 6 + 2 * seed))
    q = float(weights.sum() * rng.uniform(0.3, 2.5))

    def integrand(u: float) -> float:
        angle = 0.5 * np.arctan(weights * u).sum() - 0.5 * q * u
        return float(np.sin(angle) / (u * np.prod((1 + weights**2 * u**2) ** 0.25)))

    value = integrate.quad(integrand, 0, 400, limit=2000, epsabs=1e-11)[0]  # the rest is below 1e-9
    lower, upper = weighted_chi2_cdf(q, weights)
    assert upper == pytest.approx(0.5 + value / math.pi, abs=2e-8)
    assert lower + upper == pytest.approx(1.0, abs=1e-15)


def test_uneven_weights_and_the_ends() -> None:
    weights = np.array([1e6, 1.0, 1e-6, 0.0])
    q = np.array([1e5, 1e6, 5e6])
    assert weighted_chi2_cdf(q, weights)[0] == pytest.approx(
        stats.chi2.cdf(q / 1e6, 1), abs=1e-5
    )  # the others add 1e-6
    assert tuple(float(x) for x in weighted_chi2_cdf(0.0, weights)) == (0.0, 1.0)


# ------------------------------------------------------------ generalised Q


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_equal_variances_have_a_closed_interval(level: float) -> None:
    v = np.full(Y.size, 0.02)
    limits = tau2_limits(asked(Y, v, level=level), "GENQ")
    square, tail = ((Y - Y.mean()) ** 2).sum(), 0.5 * (1 - level)
    expected = [max(0.0, square / stats.chi2.ppf(p, Y.size - 1) - 0.02) for p in (1 - tail, tail)]
    assert limits == pytest.approx(expected, rel=1e-9)
    assert tau2_limits(asked(Y, v, level=level), "QP") == pytest.approx(expected, rel=1e-9)


def test_its_limits_have_the_tail_probabilities() -> None:
    """By simulation of Q under either limit, with weights of the user's."""
    weights = 1 / np.sqrt(V)
    low, high = tau2_limits(asked(Y, V, level=0.8, weights=weights), "GENQ")
    matrix = np.diag(weights) - np.outer(weights, weights) / weights.sum()
    rng, draws = np.random.default_rng(5), 200_000
    assert low > 0
    for tau2, probability in ((low, 0.1), (high, 0.9)):
        sample = rng.standard_normal((draws, V.size)) * np.sqrt(V + tau2)
        q = np.einsum("mi,ij,mj->m", sample, matrix, sample)
        assert (q >= Y @ matrix @ Y).mean() == pytest.approx(probability, abs=0.004)  # over five standard errors


def test_moderators_take_their_degrees_of_freedom() -> None:
    """With equal variances and one moderator Q is the residual sum of squares, chi-square on k - 2."""
    v, x = np.full(Y.size, 0.02), np.column_stack([np.ones(Y.size), np.arange(Y.size) * 1.0])
    residual = float(np.linalg.lstsq(x, Y, rcond=None)[1][0])
    question = Tau2Question(Problem.of(Y[None], v[None], x=x[None]), 0.95, 0.0, math.nan, "GENQ")
    expected = [max(0.0, residual / stats.chi2.ppf(p, Y.size - 2) - 0.02) for p in (0.975, 0.025)]
    assert tau2_limits(question, "GENQ") == pytest.approx(expected, rel=1e-9)


def test_effects_too_alike_leave_nothing() -> None:
    for method in ("GENQ", "QP"):
        with pytest.warns(DataWarning, match="interval of tau2 is empty"):
            assert tau2_limits(asked(0.2 + 1e-4 * Y, V), method) == (0.0, 0.0)


# ------------------------------------------------------------ likelihood and Wald


@pytest.mark.parametrize("estimator", ["ML", "REML"])
def test_profile_limits_lie_where_they_should(estimator: str) -> None:
    question = asked(Y, V, estimator, level=0.8)
    low, high = tau2_limits(question, "PL")
    assert 0 < low < question.tau2 < high
    heights = [
        float(log_likelihood(question.problem, np.array([t]), restricted=estimator == "REML")[0])
        for t in (question.tau2, low, high)
    ]
    drop = stats.chi2.ppf(0.8, 1) / 2
    assert [heights[0] - h for h in heights[1:]] == pytest.approx([drop, drop], rel=1e-10)


def test_viechtbauer2007_table_2() -> None:
    """Viechtbauer (2007) Stat Med 26:37-52, Table II (dat.collins1985b): profile and Wald intervals, ML and REML."""
    sets = json.loads((FILES / "datasets.json").read_text(encoding="utf-8"))
    table = next(d["columns"] for d in sets if d["id"] == "dat.collins1985b")
    effects = mk.effect_sizes(pd.DataFrame(table), "OR")
    y, v = effects.y, effects.v
    # the lower ML limit is printed .0266 and is 0.02654: both metafor (reference) and we say so
    printed = {("ML", "PL"): (0.0265, 1.1308), ("REML", "PL"): (0.0427, 1.4747)}
    printed |= {("ML", "Wald"): (0.0, 0.5782), ("REML", "Wald"): (0.0, 0.7322)}
    for (estimator, method), limits in printed.items():
        assert tau2_limits(asked(y, v, estimator), method) == pytest.approx(limits, abs=5.1e-5)


@pytest.mark.parametrize("method", ["QP", "GENQ", "PL", "Wald"])
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_equivariant(method: str, scale: float) -> None:
    one = tau2_limits(asked(Y, V), method)
    other = tau2_limits(asked(scale * Y, scale**2 * V), method)
    assert tuple(x / scale**2 for x in other) == pytest.approx(one, rel=1e-8, abs=1e-15)


def test_what_has_no_interval() -> None:
    with pytest.raises(NotComputableError, match="more studies than coefficients"):
        tau2_limits(asked(Y[:1], V[:1]), "GENQ")
    with pytest.raises(InputError, match="ML or REML, not 'DL'"):
        tau2_limits(asked(Y, V, "DL"), "PL")
    with pytest.raises(InputError, match="6 positive numbers"):
        tau2_limits(asked(Y, V, weights=np.array([1.0, -1, 1, 1, 1, 1])), "GENQ")
    known = mk.pool(Y, V, tau2=0.1)
    with pytest.raises(NotComputableError, match="standard error of tau2"):
        tau2_limits(Tau2Question(Problem.of(Y[None], V[None]), 0.95, 0.1, known.se_tau2, 0.1), "Wald")
    with pytest.raises(InputError, match="choose one of QP, GENQ, PL, Wald"):
        tau2_limits(asked(Y, V), "exactly")
    assert TAU2_INTERVALS.codes == ("QP", "GENQ", "PL", "Wald")
