"""Egger's test against statsmodels in Egger's own form, against the normal equations by hand, and its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import metaket as mk
from metaket.diagnostics.asymmetry import egger
from metaket.errors import DataWarning, NotComputableError

LEAST_SQUARES = 1e-8  # two solvers of a small regression; the column of standard errors is nearly constant at times
Y = np.array([0.12, 0.55, 1.21, -0.20, 0.33, 0.80, 0.41, 0.95, 0.10, 0.62, 1.40])
V = np.array([0.010, 0.040, 0.160, 0.020, 0.030, 0.090, 0.015, 0.200, 0.012, 0.060, 0.250])
FIELDS = ("statistic", "df", "p_value", "bias", "bias_se", "limit", "limit_se")


def effects(k: int = 11) -> mk.EffectSizes:
    return mk.effect_sizes({"y": Y[:k], "v": V[:k]}, "GEN")


def test_eggers_own_form() -> None:
    """Standard normal deviate y/se on precision 1/se, unweighted: its intercept is the slope here (p. 630)."""
    se = np.sqrt(V)
    fit = sm.OLS(Y / se, sm.add_constant(1 / se)).fit()
    found = egger(effects())
    own = (fit.tvalues[0], fit.df_resid, fit.pvalues[0], fit.params[0], fit.bse[0], fit.params[1], fit.bse[1])
    assert [getattr(found, f) for f in FIELDS] == pytest.approx(list(own), rel=LEAST_SQUARES)


def test_metafor_has_the_same() -> None:
    """R 4.2.2, metafor 3.8-1: regtest(y, v, model = "lm"), its zval, pval and est."""
    found = egger(effects())
    assert (found.statistic, found.p_value, found.limit) == pytest.approx(
        (3.7926129567234073, 0.0042654934156869714, -0.22268840545144389), rel=LEAST_SQUARES
    )


def test_the_normal_equations_by_hand() -> None:
    se, w = np.sqrt(V), 1 / V
    mean_se, mean_y = (w * se).sum() / w.sum(), (w * Y).sum() / w.sum()
    slope = (w * (se - mean_se) * (Y - mean_y)).sum() / (w * (se - mean_se) ** 2).sum()
    intercept = mean_y - slope * mean_se
    scale = (w * (Y - intercept - slope * se) ** 2).sum() / 9
    slope_se = math.sqrt(scale / (w * (se - mean_se) ** 2).sum())
    found = egger(effects())
    assert (found.bias, found.bias_se, found.limit) == pytest.approx((slope, slope_se, intercept), rel=LEAST_SQUARES)
    assert found.statistic == pytest.approx(slope / slope_se, rel=LEAST_SQUARES)
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(slope / slope_se), 9), rel=LEAST_SQUARES)


def test_a_result_and_its_effects_are_the_same() -> None:
    for model in ("random", "common"):
        assert egger(mk.pool(effects(), model=model)) == egger(effects())


@given(shift=st.floats(-5, 5), scale=st.floats(0.01, 100))
def test_shift_and_scale(shift: float, scale: float) -> None:
    """y -> s (y + c), v -> s^2 v: the statistic stays, the limit moves with the effects."""
    base = egger(effects())
    moved = egger(mk.effect_sizes({"y": scale * (Y + shift), "v": scale**2 * V}, "GEN"))
    assert moved.statistic == pytest.approx(base.statistic, rel=1e-6)
    assert moved.bias == pytest.approx(base.bias, rel=1e-6)
    assert moved.limit == pytest.approx(scale * (base.limit + shift), rel=1e-6, abs=1e-6 * scale)


def test_turning_the_sign_of_every_effect_turns_the_bias() -> None:
    turned = egger(mk.effect_sizes({"y": -Y, "v": V}, "GEN"))
    assert turned.statistic == pytest.approx(-egger(effects()).statistic, rel=LEAST_SQUARES)
    assert turned.p_value == pytest.approx(egger(effects()).p_value, rel=LEAST_SQUARES)


def test_few_studies_are_warned_about() -> None:
    with pytest.warns(DataWarning, match="on 9 studies has little power; 10 are advised"):
        egger(effects(9))
    egger(effects(10))  # warnings are errors here


@pytest.mark.parametrize("k", [1, 2])
def test_too_few_studies(k: int) -> None:
    with pytest.raises(NotComputableError, match=f"at least 3 studies, there are {k}"):
        egger(effects(k))


def test_equal_standard_errors() -> None:
    with pytest.raises(NotComputableError, match="standard errors that differ"):
        egger(mk.effect_sizes({"y": [0.1, 0.2, 0.3], "v": [0.04, 0.04, 0.04]}, "GEN"))


@pytest.mark.filterwarnings("ignore::metaket.errors.DataWarning")
@pytest.mark.parametrize("y", [[0.0] * 3, [0.2] * 3, [0.3] * 4, [1.0] * 5])
def test_equal_effects_leave_nothing_to_test(y: list[float]) -> None:
    """No residual and no slope: what a solver gives is rounding (p = 0.50 for three times 0.2), or 0/0."""
    with pytest.raises(NotComputableError):
        egger(mk.effect_sizes({"y": y, "v": [0.01, 0.04, 0.09, 0.02, 0.3][: len(y)]}, "GEN"))


def test_the_answer_is_plain_numbers() -> None:
    found = egger(effects())
    assert all(type(getattr(found, f)) is float for f in FIELDS)
