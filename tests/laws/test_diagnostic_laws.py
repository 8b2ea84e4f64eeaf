"""What the diagnostics must obey, whatever the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metaket as mk
from tests.laws.strategies import BATCHED, Data, assert_same, meta_analyses

METHODS = st.sampled_from(BATCHED)
CLOSE = 1e-8  # quotients of the engine's numbers


@given(data=meta_analyses(3), method=METHODS, test=st.sampled_from(["z", "t", "hksj"]))
def test_leave_one_out_pools_the_others(data: Data, method: str, test: str) -> None:
    y, v = data
    found = mk.leave_one_out(mk.pool(y, v, tau2=method, test=test))
    for i in range(y.size):
        assert_same(found.fits, mk.pool(np.delete(y, i), np.delete(v, i), tau2=method, test=test), i=i)


@given(data=meta_analyses(), method=METHODS, seed=st.integers(0, 1000))
def test_the_last_step_is_the_whole(data: Data, method: str, seed: int) -> None:
    y, v = data
    result = mk.pool(y, v, tau2=method)
    by = np.random.default_rng(seed).integers(0, 3, y.size)
    for collapse in (False, True):
        steps = mk.cumulative(result, by, collapse=collapse)
        assert_same(steps.fits, result, i=-1)
        assert (np.diff(steps.fits.k) > 0).all()
    down = mk.cumulative(result, by, descending=True)
    assert sorted(down.order.tolist()) == list(range(y.size))


@given(data=meta_analyses(3, 7), method=METHODS)
def test_gosh_holds_the_whole_and_every_omission(data: Data, method: str) -> None:
    y, v = data
    result = mk.pool(y, v, tau2=method)
    every, k = mk.gosh(result), y.size
    assert every.estimate[-1] == pytest.approx(result.estimate, abs=1e-9 * result.std_error + 1e-12)
    assert every.tau2[-1] == pytest.approx(result.tau2, rel=CLOSE, abs=1e-9 * v.min())
    without = mk.leave_one_out(result)
    rows = [2**k - 1 - 2**i - 1 for i in range(k)]
    assert (every.include(rows) == (without.include == 1)).all()
    assert every.estimate[rows] == pytest.approx(without.estimate, abs=1e-9 * without.std_error.max() + 1e-12)
    singles = [2**i - 1 for i in range(k)]
    assert every.estimate[singles] == pytest.approx(y, abs=1e-14)


@given(data=meta_analyses(3), shift=st.floats(-10, 10), power=st.integers(-4, 4))
def test_influence_has_no_unit(data: Data, shift: float, power: int) -> None:
    """Studentised measures stay when the effects are moved and rescaled."""
    y, v = data
    s = 10.0**power
    spread = np.ptp(y) > 0
    a, b = mk.influence(mk.pool(y, v, tau2="DL")), mk.influence(mk.pool(s * (y + shift), v * s**2, tau2="DL"))
    for name in ("hat", "weight", "q_deleted", "rstandard", "rstudent", "dffits", "dfbetas", "cov_ratio"):
        one, two = getattr(a, name), getattr(b, name)
        assert two == pytest.approx(one, rel=1e-6, abs=1e-6 * (1 + shift**2 * spread)), name


@given(data=meta_analyses())
def test_leverages_add_to_the_number_of_coefficients(data: Data) -> None:
    y, v = data
    result = mk.pool(y, v, tau2="DL")
    found = mk.influence(result)
    assert found.hat.sum() == pytest.approx(1)
    assert found.weight == pytest.approx(result.weights)
    assert mk.baujat(mk.pool(y, v, model="common")).heterogeneity.sum() == pytest.approx(
        mk.pool(y, v, model="common").q, rel=CLOSE, abs=1e-12
    )


@given(data=meta_analyses(), method=METHODS)
def test_predictions_lie_between_study_and_mean(data: Data, method: str) -> None:
    y, v = data
    result = mk.pool(y, v, tau2=method)
    found = mk.blup(result)
    slack = 1e-12 * (1 + np.abs(y).max())
    assert (found.estimate >= np.minimum(y, result.estimate) - slack).all()
    assert (found.estimate <= np.maximum(y, result.estimate) + slack).all()


@given(k=st.integers(3, 12), y=st.floats(-5, 5), v=st.floats(1e-4, 10), seed=st.integers(0, 100))
def test_a_bootstrap_of_equal_studies_is_a_point(k: int, y: float, v: float, seed: int) -> None:
    result = mk.pool(np.full(k, y), np.full(k, v), tau2="DL")
    found = mk.bootstrap(result, draws=50, rng=np.random.default_rng(seed))
    assert found.draws == pytest.approx(np.full(50, y), abs=1e-12)
    assert found.failed == 0


@settings(max_examples=20)  # statsmodels' multipletests collects garbage in each call, 40 to 250 ms
@given(data=meta_analyses(4), level=st.floats(0.5, 0.99))
def test_outliers_are_those_left_out(data: Data, level: float) -> None:
    y, v = data
    for rule in ("rstudent", "interval"):
        found = mk.outliers(mk.pool(y, v, tau2="DL"), rule, level=level)
        kept = int((~found.outlying).sum())
        assert (found.without is None) == (kept == 0)
        if found.without is not None:
            assert found.without.k == kept
            assert not set(found.found) & set(found.without.effects.study)


@given(data=meta_analyses(3), level=st.floats(0.05, 0.99))
def test_the_p_value_function_is_the_interval(data: Data, level: float) -> None:
    result = mk.pool(*data, tau2="DL")
    inside = mk.p_value_function(result)
    low, high = result.ci(level)
    at = inside.grid
    clear = (np.abs(at - low) > 1e-9 * (1 + abs(low))) & (np.abs(at - high) > 1e-9 * (1 + abs(high)))
    assert ((inside.pooled >= 1 - level) == ((at >= low) & (at <= high)))[clear].all()
