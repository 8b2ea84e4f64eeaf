"""Curves over time, and the band over all assumed correlations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError, NotComputableError
from tests.unit.timecourse.test_joint import ROWS, joint

SAME = 1e-6  # two optimisers of one likelihood
SPREAD = 1e-4  # of tau2 and what follows from it: near its top the likelihood is flat


def test_a_saturated_spline_goes_through_the_means() -> None:
    """Three knots at three times: as many coefficients as times."""
    course = joint(ROWS, rho=0.6)
    at = course.curve("spline").at(course.times)
    assert at["estimate"].to_numpy() == pytest.approx(course.fit.model.coef, rel=1e-5)
    assert at["std_error"].to_numpy() == pytest.approx(course.fit.model.std_error, rel=SPREAD)


def test_the_trend_is_the_slope_of_the_log_curve() -> None:
    course = joint(ROWS, rho=0.6)
    curve, test = course.curve("log"), course.trend()
    low, high = course.predict([24, 48])["estimate"]
    assert test.slope == pytest.approx(high - low, rel=1e-9)
    assert test.statistic == pytest.approx((curve.model.coef[1] / curve.model.std_error[1]) ** 2)
    robust = course.trend(robust=True)
    assert robust.df_residual < math.inf
    assert robust.slope == pytest.approx(test.slope)


def test_with_two_times_trend_and_equality_are_one_test() -> None:
    course = joint(ROWS, times=[24, 72])
    assert course.trend().p_value == pytest.approx(course.equal().p_value, rel=1e-5)


def test_extrapolation_is_asked_for() -> None:
    curve = joint(ROWS).curve("linear")
    with pytest.raises(InputError, match="300 h is outside the measured 24 to 168 h"):
        curve.at(300)
    assert math.isfinite(curve.at(300, extrapolate=True)["estimate"][0])


@pytest.mark.parametrize(
    ("kind", "knots", "message"),
    [
        ("logg", None, "Did you mean log"),
        ("log", [24, 72, 168], "knots belong to the spline"),
        ("spline", [24, 168], "at least three different knots"),
    ],
)
def test_slips(kind: str, knots: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        joint(ROWS).curve(kind, knots)


def test_too_few_times_for_the_curve() -> None:
    with pytest.raises(NotComputableError, match="4 coefficients, but there are 3 times"):
        joint(ROWS).curve("spline", [24, 48, 72, 168])


def test_a_logarithm_needs_times_above_0() -> None:
    rows = ROWS | {"time_h": [0, 0, 0, 0, 72, 72, 72, 168, 168]}
    with pytest.raises(InputError, match="times above 0 h"):
        joint(rows).curve("log")
    assert joint(rows).curve("linear").span == (0.0, 168.0)


def test_the_band_is_the_model_at_every_correlation() -> None:
    course = joint(ROWS, rho=0.6, decay="time")
    band = course.over_rho([0.0, 0.3, 0.6, 0.9])
    assert band.converged.all()
    for i, rho in enumerate(band.rho):
        alone = joint(ROWS, rho=float(rho), decay="time")
        assert band.coef[i] == pytest.approx(alone.fit.model.coef, rel=SAME)
        assert band.std_error[i] == pytest.approx(alone.fit.model.std_error, rel=1e-5)
        assert band.tau2[i] == pytest.approx(alone.fit.tau2, rel=SPREAD, abs=1e-9)
        assert band.equal_p[i] == pytest.approx(alone.equal().p_value, rel=1e-5)
    reach = band.reach()
    assert (reach["estimate_low"] <= course.fit.model.coef + 1e-9).all()
    assert (reach["estimate_high"] >= course.fit.model.coef - 1e-9).all()


def test_the_band_refuses_what_is_no_correlation() -> None:
    with pytest.raises(InputError, match=r"rho must lie in \(-1, 1\), got 1"):
        joint(ROWS).over_rho([0.5, 1.0])
    with pytest.raises(InputError, match="positive definite"):
        joint(ROWS).over_rho([-0.9])


def test_default_grid() -> None:
    band = joint(ROWS).over_rho()
    assert (band.rho[0], band.rho[-1]) == (0.0, 0.95)
    assert len(band.to_frame()) == band.rho.size * 3
    assert np.isfinite(band.coef).all()


def test_one_time_has_no_test() -> None:
    with pytest.raises(NotComputableError, match="one time only"):
        mk.pool_over_time(ROWS, measure="GEN", model="joint", times=[24]).equal()
