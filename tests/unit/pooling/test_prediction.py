"""Bootstrap prediction intervals and the probability beyond a threshold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import metaket as mk
from metaket.errors import InputError, NotComputableError
from metaket.pooling.prediction import bootstrap_prediction, probability_beyond

Y = np.array([0.1, 0.45, -0.2, 0.8, 0.3, 0.05])
V = np.array([0.04, 0.02, 0.05, 0.03, 0.08, 0.02])
DRAWS = 200_000
CISAPRIDE = 0.04  # twice the standard error of a 2.5 % quantile of 25 000 draws with a spread of 1


def test_equal_variances_have_a_closed_confidence_distribution() -> None:
    """Then Q (v + tau2) / v is chi-square and the mean does not depend on tau2: the draws can be made directly."""
    v, k = 0.02, Y.size
    found = bootstrap_prediction(mk.generic(Y, np.full(k, v)), np.random.default_rng(1), draws=DRAWS)
    rng = np.random.default_rng(2)
    square = ((Y - Y.mean()) ** 2).sum()
    tau2 = np.maximum(0.0, square / rng.chisquare(k - 1, DRAWS) - v)
    centre = Y.mean() - rng.standard_t(k - 1, DRAWS) * np.sqrt(square / (k * (k - 1)))
    direct = np.quantile(centre + np.sqrt(tau2) * rng.standard_normal(DRAWS), [0.025, 0.975])
    # both are simulations: five standard errors of a tail quantile, about 0.01 of the interval's width
    width = direct[1] - direct[0]
    assert abs(found.low - direct[0]) < 0.015 * width
    assert abs(found.high - direct[1]) < 0.015 * width
    exact = stats.t.ppf(0.975, k - 1) * np.sqrt(square / (k * (k - 1)))
    assert (found.ci_low, found.ci_high) == pytest.approx((Y.mean() - exact, Y.mean() + exact), abs=0.01)
    assert found.share_zero == pytest.approx(stats.chi2.sf(square / v, k - 1), abs=0.005)


def test_homogeneous_effects_have_tau2_zero_in_most_draws() -> None:
    found = bootstrap_prediction(mk.generic(0.2 + 0.001 * Y, V), np.random.default_rng(3))
    assert found.share_zero > 0.99
    assert found.ci_low == pytest.approx(found.low, abs=0.01)


def test_equal_generators_give_equal_limits_and_levels_are_nested() -> None:
    effects = mk.generic(Y, V)
    one, two = (bootstrap_prediction(effects, np.random.default_rng(7)) for _ in range(2))
    assert one == two
    wide = bootstrap_prediction(effects, np.random.default_rng(7), level=0.99)
    assert wide.low < one.low < one.ci_low < one.ci_high < one.high < wide.high


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_equivariant(scale: float) -> None:
    one = bootstrap_prediction(mk.generic(Y, V), np.random.default_rng(7), draws=2000)
    other = bootstrap_prediction(mk.generic(scale * Y, scale**2 * V), np.random.default_rng(7), draws=2000)
    assert (other.low / scale, other.high / scale) == pytest.approx((one.low, one.high), rel=1e-9)


def test_cisapride_against_pimeta() -> None:
    """R package pimeta 1.1.4, vignette, Hartung & Knapp's (2001) thirteen trials of cisapride, 0.5 in every cell.

    25 000 draws: odds ratio 4.141, prediction interval 0.533 to 33.692, confidence interval 2.224 to 7.820.
    """
    counts = {
        "events_t": [15, 12, 29, 42, 14, 44, 14, 29, 10, 17, 38, 19, 21],
        "n_t": [16, 16, 34, 56, 22, 54, 17, 58, 14, 26, 44, 29, 38],
        "events_c": [9, 1, 18, 31, 6, 17, 7, 23, 3, 6, 12, 22, 19],
        "n_c": [16, 16, 34, 56, 22, 55, 15, 58, 15, 27, 45, 30, 38],
    }
    effects = mk.effect_sizes(counts, "OR", zero_cells="all")
    assert math.exp(mk.pool(effects, tau2="DL").estimate) == pytest.approx(4.141, abs=5e-4)
    found = bootstrap_prediction(effects, np.random.default_rng(1), draws=DRAWS)
    printed = np.log([0.533, 33.692, 2.224, 7.820])
    np.testing.assert_allclose([found.low, found.high, found.ci_low, found.ci_high], printed, atol=CISAPRIDE)


def test_too_few() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(NotComputableError, match="at least 3 studies, there are 2"):
        bootstrap_prediction(mk.generic(Y[:2], V[:2]), rng)
    with pytest.raises(InputError, match="draws must be at least 1000"):
        bootstrap_prediction(mk.generic(Y, V), rng, draws=10)


@pytest.mark.parametrize("method", ["higgins", "k-1", "normal"])
def test_probability_beyond_the_limits_of_the_prediction_interval(method: str) -> None:
    result = mk.pool(Y, V, test="hksj")
    limits = result.prediction_interval(0.9, method)
    assert limits is not None
    assert probability_beyond(result, limits.high, method=method) == pytest.approx(0.05, abs=1e-12)
    assert probability_beyond(result, limits.low, above=False, method=method) == pytest.approx(0.05, abs=1e-12)
    assert probability_beyond(result, result.estimate, method=method) == pytest.approx(0.5, abs=1e-12)


def test_no_predictive_distribution() -> None:
    with pytest.raises(NotComputableError, match="no spread of effects"):
        probability_beyond(mk.pool(Y, V, model="common"), 0.0)
    with pytest.raises(NotComputableError, match="at least 3 studies, has 2"):
        probability_beyond(mk.pool(Y[:2], V[:2]), 0.0)


def test_a_seed_is_a_generator() -> None:
    effects = mk.generic(Y, V)
    by_seed = bootstrap_prediction(effects, 7, draws=1000)
    assert by_seed == bootstrap_prediction(effects, np.random.default_rng(7), draws=1000)
    assert str(by_seed).startswith(f"95 % prediction interval {by_seed.low:.4f} to {by_seed.high:.4f}, CI ")
    for wrong in (-1, 0.5, True, "7"):
        with pytest.raises(InputError, match=r"rng must be a .*Generator or a seed .*, got"):
            bootstrap_prediction(effects, wrong)  # type: ignore[arg-type]


def test_the_wrong_kind_of_argument_is_named() -> None:
    result = mk.pool(Y, V)
    for who in (mk.henmi_copas, mk.glmm, mk.cochran_mantel_haenszel, mk.breslow_day):
        with pytest.raises(
            InputError, match=rf"{who.__name__} needs effect sizes, got PooledResult; give its \.effects"
        ):
            who(result)  # type: ignore[operator]
    with pytest.raises(InputError, match=r"bootstrap_prediction needs effect sizes, got list; give those of effect"):
        bootstrap_prediction([0.1], 1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="probability_beyond needs a pooled result, got EffectSizes"):
        probability_beyond(result.effects, 0.0)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="threshold must be a number on the analysis scale, got nan"):
        probability_beyond(result, np.nan)
    with pytest.raises(InputError, match="threshold must be numbers, got 'high'"):
        probability_beyond(result, "high")  # type: ignore[arg-type]
