"""GLMMs: the quadrature against direct integration, closed forms, published values, laws and refusals."""

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
from metaket.errors import InputError, NotComputableError
from metaket.pooling.families import Binomial, Hypergeometric, Poisson
from metaket.pooling.glmm import GLMM_MODELS, Glmm, glmm
from metaket.pooling.quadrature import Marginal

FILES = Path(__file__).parents[3] / "validation" / "metafor" / "reference"
SETS = {d["id"]: d["columns"] for d in json.loads((FILES / "datasets.json").read_text(encoding="utf-8"))}
ONE = np.ones((1, 1))

A, N1, C, N2 = (np.array(x, dtype=float) for x in ([3, 0, 7, 12], [20, 15, 40, 30], [5, 4, 9, 14], [22, 15, 38, 33]))


def table(name: str) -> pd.DataFrame:
    return pd.DataFrame(SETS[name])


def trials(**columns: Any) -> mk.EffectSizes:
    columns = {"events_t": A, "n_t": N1, "events_c": C, "n_c": N2, **columns}
    return mk.effect_sizes(pd.DataFrame(columns), "OR")


def one_arm(events: Any, size: Any, measure: str) -> mk.EffectSizes:
    second = "n" if measure == "PLO" else "time"
    return mk.effect_sizes(pd.DataFrame({"events": events, second: size}), measure)


# ------------------------------------------------------------ the likelihood


@pytest.mark.parametrize("tau", [0.0, 0.4, 1.5])
@pytest.mark.parametrize(("y", "n"), [(0.0, 12.0), (3.0, 12.0), (900.0, 1000.0)])
def test_quadrature_against_integration_binomial(y: float, n: float, tau: float) -> None:
    mean = 0.3

    def integrand(u: float) -> float:
        return float(stats.binom.pmf(y, n, 1 / (1 + math.exp(-mean - tau * u))) * stats.norm.pdf(u))

    direct = math.log(integrate.quad(integrand, -12, 12, epsabs=0, epsrel=1e-11, limit=400)[0])
    family = Binomial(np.array([[y]]), np.array([[n]]), np.zeros((1, 1)))
    ours = float(Marginal(family, ONE, ONE, 40)(np.array([[mean, tau]]))[0])
    assert ours == pytest.approx(direct, abs=2e-8)  # 40 nodes; worst for y = 0 at tau = 1.5


def test_quadrature_against_integration_poisson_and_hypergeometric() -> None:
    def rate(u: float) -> float:
        return float(stats.poisson.pmf(4, 30.0 * math.exp(-1.8 + 0.7 * u)) * stats.norm.pdf(u))

    def table_2x2(u: float) -> float:
        odds = math.exp(-0.5 + 0.7 * u)
        return float(stats.nchypergeom_fisher.pmf(3, 42, 20, 8, odds) * stats.norm.pdf(u))

    poisson = Poisson(np.array([[4.0]]), np.array([[30.0]]))
    fisher = Hypergeometric(np.array([3.0]), np.array([20.0]), np.array([22.0]), np.array([8.0]))
    for family, mean, integrand in ((poisson, -1.8, rate), (fisher, -0.5, table_2x2)):
        direct = math.log(integrate.quad(integrand, -10, 10, epsabs=0, epsrel=1e-11)[0])
        assert float(Marginal(family, ONE, ONE, 40)(np.array([[mean, 0.7]]))[0]) == pytest.approx(direct, abs=1e-9)


def test_two_random_effects_against_integration() -> None:
    """The tensor grid of UM.RS, one study; the trapezoidal rule is exact to rounding for such an integrand."""
    u = np.linspace(-9.0, 9.0, 361)
    level, effect = np.meshgrid(u, u)
    half = 0.5 * (0.4 + 0.6 * effect)
    p1, p2 = (1.0 / (1.0 + np.exp(1.0 - 0.8 * level - sign * half)) for sign in (1, -1))
    probability = stats.binom.pmf(6, 20, p1) * stats.binom.pmf(4, 22, p2)
    weight = stats.norm.pdf(level) * stats.norm.pdf(effect) * (u[1] - u[0]) ** 2
    direct = math.log((probability * weight).sum())
    arms = np.array([[1.0, 0.5], [1.0, -0.5]])
    family = Binomial(np.array([[6.0, 4.0]]), np.array([[20.0, 22.0]]), np.zeros((1, 2)))
    ours = float(Marginal(family, arms, arms, 25)(np.array([[-1.0, 0.4, 0.8, 0.6]]))[0])
    assert ours == pytest.approx(direct, abs=1e-9)


def test_hypergeometric_moments_are_scipys() -> None:
    y, n1, n2, m = (np.array(x, dtype=float) for x in ([3, 0, 8], [20, 6, 9], [22, 10, 4], [8, 7, 12]))
    eta = np.array([[-0.5], [0.8], [2.0]])
    first, variance = Hypergeometric(y, n1, n2, m).slopes(eta)
    for i in range(3):
        witness = stats.nchypergeom_fisher(int(n1[i] + n2[i]), int(n1[i]), int(m[i]), math.exp(eta[i, 0]))
        assert y[i] - first[i, 0] == pytest.approx(witness.mean(), rel=1e-9)
        assert variance[i, 0] == pytest.approx(witness.var(), rel=1e-9)


@pytest.mark.parametrize("points", [1, 7])
def test_the_gradient_moves_the_nodes_too(points: int) -> None:
    """Against a difference of the approximation itself, whose nodes depend on the parameters."""
    family = Binomial(A[:, None], N1[:, None], np.zeros((4, 1)))
    likelihood = Marginal(family, ONE, ONE, points)
    phi = np.tile([-0.4, 0.9], (4, 1))
    step = 1e-5
    for i in range(2):
        shift = step * np.eye(2)[i]
        difference = (likelihood(phi + shift) - likelihood(phi - shift)) / (2 * step)
        assert likelihood.gradient(phi)[:, i] == pytest.approx(difference, abs=1e-8)
        second = (likelihood.gradient(phi + shift) - likelihood.gradient(phi - shift)) / (2 * step)
        assert likelihood.hessian(phi)[:, i] == pytest.approx(second, abs=1e-6)
        assert likelihood.slope_and_curvature(phi)[1][:, i] == pytest.approx(second, abs=1e-5)


# ------------------------------------------------------------ published values


def test_stijnen2010_table_2() -> None:
    """Stijnen, Hamza & Ozdemir (2010) Stat Med 29:3046-3067, Table II, binomial-normal model of each arm.

    The digits are metafor's with 7 nodes; with 25 the control arm's tau2 is 0.8122.
    """
    trial = table("dat.nielweise2007")
    for arm, printed in (("c", (-3.4964, 0.2570, 0.8124)), ("t", (-4.8121, 0.3555, 0.8265))):
        fit = glmm(one_arm(trial[f"events_{arm}"], trial[f"n_{arm}"], "PLO"), "GLMM", points=7)
        assert (fit.estimate, fit.std_error, fit.tau2) == pytest.approx(printed, abs=5.1e-5)


def test_stijnen2010_tables_3_and_8() -> None:
    """Log odds ratio, exact and approximate conditional model; log rate ratio, exact."""
    cases = (
        ("dat.nielweise2007", "OR", "CM.EL", (-1.3532, 0.3511, 0.8327)),
        ("dat.nielweise2007", "OR", "CM.AL", (-1.3027, 0.3386, 0.7750)),
        ("dat.nielweise2008", "IRR", "CM.EL", (-0.4762, 0.2377, 0.3501)),
    )
    for name, measure, model, printed in cases:
        fit = glmm(mk.effect_sizes(table(name), measure), model)
        # printed from a run that stops 1e-4 of a standard error short of the maximum
        assert (fit.estimate, fit.std_error, math.sqrt(fit.tau2)) == pytest.approx(printed, abs=1.1e-4)


def test_van_houwelingen1993() -> None:
    """van Houwelingen, Zwinderman & Stijnen (1993) Stat Med 12:2273-2284, p. 2275 and 2277: exact conditional model."""
    trial = table("dat.collins1985a").dropna()
    effects = mk.effect_sizes(trial, "OR")
    common, fit = glmm(effects, "CM.EL", tau2=0), glmm(effects, "CM.EL")
    # they code the treatment the other way round
    assert (-common.estimate, common.std_error, common.loglik) == pytest.approx((0.1216, 0.0995, -53.6789), abs=6e-5)
    assert (-fit.estimate, fit.std_error) == pytest.approx((0.1744, 0.1364), abs=6e-5)
    assert (fit.loglik, fit.tau2) == pytest.approx((-52.99009, 0.1192), abs=6e-5)


# ------------------------------------------------------------ closed forms and second witnesses


def test_common_effect_of_one_group_is_the_pooled_proportion() -> None:
    fit = glmm(one_arm(A[[0, 2, 3]], N1[[0, 2, 3]], "PLO"), "GLMM", tau2=0)
    p, n = A[[0, 2, 3]].sum() / N1[[0, 2, 3]].sum(), N1[[0, 2, 3]].sum()
    assert fit.estimate == pytest.approx(math.log(p / (1 - p)), rel=1e-10)
    assert fit.std_error == pytest.approx(1 / math.sqrt(n * p * (1 - p)), rel=1e-8)
    assert fit.tau2 == 0.0
    assert math.isnan(fit.se_tau2)


def test_common_effect_with_fixed_levels_is_logistic_regression() -> None:
    import statsmodels.api as sm

    k = A.size
    x = np.column_stack([np.vstack([np.eye(k), np.eye(k)]), np.repeat([1.0, 0.0], k)])
    y = np.concatenate([A, C])
    witness = sm.GLM(np.column_stack([y, np.concatenate([N1, N2]) - y]), x, family=sm.families.Binomial()).fit(
        tol=1e-14
    )
    fit = glmm(trials(), "UM.FS", tau2=0)
    assert fit.estimate == pytest.approx(witness.params[-1], rel=1e-8)
    assert fit.std_error == pytest.approx(witness.bse[-1], rel=1e-7)
    assert fit.loglik == pytest.approx(witness.llf, rel=1e-10)
    assert fit.q_lrt == pytest.approx(witness.deviance, rel=1e-8)


def test_conditional_common_effect_of_rates_is_binomial_regression() -> None:
    effects = mk.effect_sizes(table("dat.hart1999"), "IRR")
    fit = glmm(effects, "CM.EL")
    assert fit.tau2 == 0.0
    assert fit.loglik == fit.loglik_common
    fixed = glmm(effects, "UM.FS", tau2=0)  # conditioning loses nothing for Poisson counts with free levels
    assert fit.estimate == pytest.approx(fixed.estimate, rel=1e-9)
    assert fit.std_error == pytest.approx(fixed.std_error, rel=1e-7)


def test_more_nodes_change_nothing() -> None:
    effects = trials()
    for model in ("UM.FS", "CM.EL", "CM.AL"):
        few, many = glmm(effects, model), glmm(effects, model, points=70)
        assert few.estimate == pytest.approx(many.estimate, abs=1e-6)
        assert few.loglik == pytest.approx(many.loglik, abs=1e-6)


# ------------------------------------------------------------ laws


@pytest.mark.parametrize("model", ["UM.FS", "UM.RS", "CM.EL"])
def test_swapped_arms_negate(model: str) -> None:
    effects = trials()
    swapped = trials(events_t=C, n_t=N2, events_c=A, n_c=N1)
    one, other = glmm(effects, model, points=5), glmm(swapped, model, points=5)
    assert other.estimate == pytest.approx(-one.estimate, abs=1e-7)
    assert other.std_error == pytest.approx(one.std_error, rel=1e-6)
    assert other.tau2 == pytest.approx(one.tau2, abs=1e-6)


@pytest.mark.parametrize("model", ["UM.FS", "CM.EL", "CM.AL"])
def test_the_estimate_is_a_maximum(model: str) -> None:
    """No tau2 beside the estimate has a higher profile, and the order of the studies is irrelevant."""
    effects = mk.effect_sizes(table("dat.collins1985b"), "OR")
    fit = glmm(effects, model)
    assert fit.converged
    for factor in (0.0, 0.5, 0.98, 1.02, 2.0):
        assert glmm(effects, model, tau2=factor * fit.tau2).loglik < fit.loglik
    shuffled = glmm(effects.take(np.random.default_rng(1).permutation(effects.k)), model)
    assert shuffled.estimate == pytest.approx(fit.estimate, rel=1e-9)


def test_a_study_without_information_is_one_without_effect() -> None:
    """With fixed levels or conditioned: equal margins at an end say nothing about the odds ratio."""
    more = {"events_t": [*A, 0], "n_t": [*N1, 9], "events_c": [*C, 0], "n_c": [*N2, 8]}
    kept = mk.effect_sizes(pd.DataFrame(more), "OR", double_zero="keep")
    for model in ("UM.FS", "CM.EL", "CM.AL"):
        assert glmm(kept, model).estimate == pytest.approx(glmm(trials(), model).estimate, abs=1e-8)


def test_thousands_of_patients() -> None:
    """The noncentral hypergeometric with a support of thousands neither overflows nor loses digits."""
    big = {"events_t": [2100, 2300], "n_t": [29000, 30000], "events_c": [2200, 2250], "n_c": [29000, 30000]}
    effects = mk.effect_sizes(pd.DataFrame(big), "OR")
    conditional, fixed = glmm(effects, "CM.EL", tau2=0), glmm(effects, "UM.FS", tau2=0)
    assert conditional.estimate == pytest.approx(fixed.estimate, rel=1e-3)
    assert conditional.std_error == pytest.approx(fixed.std_error, rel=1e-3)


# ------------------------------------------------------------ as a model of `pool`


def test_through_pool() -> None:
    effects = trials()
    fit: Glmm = glmm(effects, "UM.FS")
    result = mk.pool(effects, model="um.fs", test="t")
    assert (result.estimate, result.std_error, result.tau2) == (fit.estimate, fit.std_error, fit.tau2)
    assert (result.q, result.q_df, result.df) == (fit.q_lrt, 3.0, 3.0)
    assert result.spec.tau2 == "ML"
    assert result.weights.sum() == pytest.approx(100)
    assert mk.pool(effects, model="CM.AL", tau2=0.2).tau2 == pytest.approx(0.2)
    assert "GLMM" in str(result)


def test_what_does_not_fit() -> None:
    effects = trials()
    with pytest.raises(InputError, match="does not fit RR"):
        glmm(mk.effect_sizes(effects.table, "RR"), "UM.FS")
    with pytest.raises(InputError, match=r"does not fit OR; OR: UM\.FS"):
        glmm(effects, "GLMM")
    with pytest.raises(InputError, match=r"Did you mean UM\.RS"):
        glmm(effects, "UM.R")
    with pytest.raises(InputError, match="points must be a whole number"):
        glmm(effects, "UM.FS", points=0)
    with pytest.raises(InputError, match="tests z and t"):
        mk.pool(effects, model="UM.FS", test="hksj")
    with pytest.raises(InputError, match="by ML, not 'DL'"):
        mk.pool(effects, model="UM.FS", tau2="DL")
    with pytest.raises(InputError, match="needs the counts"):
        glmm(mk.generic([0.1, 0.2], [0.1, 0.1], measure="OR"), "UM.FS")
    assert len(GLMM_MODELS) == 5


@pytest.mark.parametrize("model", ["UM.FS", "CM.EL", "CM.AL"])
def test_an_infinite_estimate_is_refused(model: str) -> None:
    with pytest.raises(NotComputableError, match="as few events as their margins allow"):
        glmm(trials(events_t=[0, 0, 0, 0]), model)
    with pytest.raises(NotComputableError, match="as many events as their margins allow"):
        glmm(trials(events_t=N1), model)


def test_one_group_without_events_is_refused() -> None:
    with pytest.raises(NotComputableError, match="no study has an event"):
        glmm(one_arm([0, 0], [10, 12], "PLO"), "GLMM")
    with pytest.raises(NotComputableError, match="every patient of every study"):
        glmm(one_arm([10, 12], [10, 12], "PLO"), "GLMM")


@pytest.mark.parametrize("model", ["CM.EL", "CM.AL"])
def test_an_infinite_tau2_is_refused(model: str) -> None:
    """Every informative study has all its events in one arm: each more extreme than any normal spread makes it."""
    ends = {"events_t": [0, 2, 1, 0], "n_t": [7, 8, 6, 8], "events_c": [0, 0, 0, 1], "n_c": [5, 7, 6, 8]}
    effects = mk.effect_sizes(pd.DataFrame(ends), "OR")
    with pytest.raises(NotComputableError, match="tau2 has no finite estimate"):
        glmm(effects, model)
    assert glmm(effects, model, tau2=0).converged
