"""What every estimator must obey, whatever the data: the data moved, scaled, negated, reordered."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metaket as mk
from tests.laws.strategies import METHODS, Data, assert_same, fit, meta_analyses

pytestmark = pytest.mark.filterwarnings("ignore:all effects are equal")
TESTS = ("z", "t", "hksj", "hksj-adhoc")


@given(data=meta_analyses(), shift=st.floats(-100, 100))
def test_shift(data: Data, shift: float) -> None:
    y, v = data
    moved = y + shift  # rounded by the addition, so the two fits are to `moved` and to what it is when moved back
    for method in METHODS:
        assert_same(fit(method, moved, v), fit(method, moved - shift, v), shift=shift)


@pytest.mark.filterwarnings("ignore:the 95 % Q-profile interval of tau2 is empty")
@given(data=meta_analyses(), power=st.integers(-6, 6), test=st.sampled_from(TESTS))
def test_scale(data: Data, power: int, test: str) -> None:
    """y times s and v times s^2 give the estimate times s and tau2 times s^2, from s = 1e-6 to 1e6."""
    y, v = data
    s = 10.0**power
    for method in METHODS:
        a, b = fit(method, y, v, test=test), fit(method, y * s, v * s**2, test=test)
        assert_same(b, a, scale=s)
        assert b.se_tau2 / s**2 == pytest.approx(a.se_tau2, rel=1e-6), method
    low, high = (limit * s**2 for limit in a.tau2_ci())
    assert b.tau2_ci() == pytest.approx((low, high), rel=1e-8, abs=1e-9 * s**2 * v.min())


@given(data=meta_analyses(), power=st.integers(-6, 6), test=st.sampled_from(TESTS))
def test_scale_of_the_common_effect(data: Data, power: int, test: str) -> None:
    y, v = data
    s = 10.0**power
    a, b = (mk.pool(y * t, v * t**2, model="common", test=test) for t in (1.0, s))
    assert_same(b, a, scale=s)


@given(data=meta_analyses())
def test_negation(data: Data) -> None:
    y, v = data
    for method in METHODS:
        a, b = fit(method, y, v, test="t"), fit(method, -y, v, test="t")
        assert (b.estimate, b.tau2) == (-a.estimate, a.tau2), method
        assert b.ci() == (-a.ci().high, -a.ci().low), method


@given(data=meta_analyses(), seed=st.integers(0, 1000))
def test_order_of_the_studies(data: Data, seed: int) -> None:
    y, v = data
    turn = np.random.default_rng(seed).permutation(y.size)
    for method in METHODS:
        a, b = fit(method, y, v), fit(method, y[turn], v[turn])
        assert_same(b, a)
        np.testing.assert_allclose(b.weights, a.weights[turn], rtol=1e-8)


@given(data=meta_analyses())
def test_ranges(data: Data) -> None:
    """The estimate lies among the effects, tau2 is at least 0, I2 below 100 %, the weights add to 100 %."""
    y, v = data
    slack = 1e-12 * (1 + np.abs(y).max())
    for method in METHODS:
        result = fit(method, y, v)
        assert y.min() - slack <= result.estimate <= y.max() + slack, method
        assert result.tau2 >= 0, method
        assert 0 <= result.i2 < 100, method
        assert abs(result.weights.sum() - 100) < 1e-10, method


@given(data=meta_analyses())
def test_equal_variances_have_closed_forms(data: Data) -> None:
    """With equal variances the moment estimators, PM and REML are s^2 - v, ML divides by k, the mean is unweighted."""
    y, v = data
    level = np.full(y.size, v[0])
    unbiased = max(0.0, float(y.var(ddof=1)) - v[0])
    for method in ("DL", "HE", "PM", "EB", "REML", "DL2", "HE2", "GENQ"):
        result = fit(method, y, level)
        assert result.tau2 == pytest.approx(unbiased, rel=1e-9, abs=1e-11 * v[0]), method
        assert result.estimate == pytest.approx(float(y.mean()), abs=1e-12), method
    biased = max(0.0, float(y.var()) - v[0])
    assert fit("ML", y, level).tau2 == pytest.approx(biased, rel=1e-9, abs=1e-11 * v[0])


@pytest.mark.filterwarnings("ignore:.*interval of tau2 is empty")
@given(data=meta_analyses(), test=st.sampled_from(TESTS), low=st.floats(0.05, 0.9), more=st.floats(0.001, 0.09))
def test_a_higher_level_is_wider(data: Data, test: str, low: float, more: float) -> None:
    result = mk.pool(*data, tau2="DL", test=test)
    narrow, wide = result.ci(low), result.ci(low + more)
    assert wide.low <= narrow.low <= narrow.high <= wide.high
    assert wide.width > narrow.width or result.std_error == 0
    inner, outer = result.tau2_ci(low), result.tau2_ci(low + more)
    assert outer.low <= inner.low + 1e-12
    assert inner.high <= outer.high + 1e-12


@given(data=meta_analyses())
def test_tests_differ_in_the_spread_only(data: Data) -> None:
    """The ad-hoc Hartung-Knapp interval is at least that of the t test, which is wider than the normal one."""
    z, t, hksj, adhoc = (mk.pool(*data, tau2="DL", test=test) for test in TESTS)
    assert z.estimate == t.estimate == hksj.estimate == adhoc.estimate
    assert z.ci().width < t.ci().width <= adhoc.ci().width * (1 + 1e-15)
    assert hksj.ci().width <= adhoc.ci().width * (1 + 1e-15)


@given(data=meta_analyses())
def test_effects_that_do_not_differ_have_no_tau2(data: Data) -> None:
    _, v = data
    for method in METHODS:
        result = fit(method, np.full(v.size, 0.3), v)
        # SJ and PMM too: the crude variance is 0, and Q = 0 lies below every target
        assert (result.tau2, result.i2) == (0.0, 0.0) or (method == "SJ" and result.tau2 < 1e-25), method
        assert abs(result.q) < 1e-12
