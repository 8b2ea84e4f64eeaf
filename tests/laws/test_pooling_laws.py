"""What every estimator must obey, whatever the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import metaket as mk
from metaket.pooling.tau2 import ESTIMATORS

METHODS = sorted(e.code for e in ESTIMATORS if not e.needs)
TIGHT = 1e-7  # two runs of an iterated estimator agree to its last Newton step, 1e-8 of the scale and better


@st.composite
def studies(draw: st.DrawFn, low: int = 2, high: int = 8) -> tuple[np.ndarray, np.ndarray]:
    k = draw(st.integers(low, high))
    y = draw(arrays(float, k, elements=st.floats(-3, 3).map(lambda x: round(x, 3))))
    v = draw(arrays(float, k, elements=st.floats(0.01, 2).map(lambda x: round(x, 3))))
    return y, v


def close(a: float, b: float, scale: float = 1.0) -> bool:
    return bool(abs(a - b) <= TIGHT * max(scale, abs(b)))


@pytest.mark.parametrize("method", METHODS)
@given(data=studies(), shift=st.floats(-5, 5))
def test_shift(method: str, data: tuple[np.ndarray, np.ndarray], shift: float) -> None:
    y, v = data
    a, b = mk.pool(y, v, tau2=method), mk.pool(y + shift, v, tau2=method)
    assert close(b.estimate - shift, a.estimate)
    assert close(b.tau2, a.tau2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e6])
@given(data=studies())
def test_scale(method: str, scale: float, data: tuple[np.ndarray, np.ndarray]) -> None:
    y, v = data
    a, b = mk.pool(y, v, tau2=method), mk.pool(y * scale, v * scale**2, tau2=method)
    assert close(b.estimate / scale, a.estimate)
    assert close(b.tau2 / scale**2, a.tau2)
    assert close(b.std_error / scale, a.std_error)
    assert close(b.i2, a.i2, 100.0)
    assert a.converged
    assert b.converged


@pytest.mark.parametrize("method", METHODS)
@given(data=studies(), seed=st.integers(0, 1000))
def test_order(method: str, data: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    y, v = data
    turn = np.random.default_rng(seed).permutation(y.size)
    a, b = mk.pool(y, v, tau2=method), mk.pool(y[turn], v[turn], tau2=method)
    assert close(a.estimate, b.estimate)
    assert close(a.tau2, b.tau2)


@pytest.mark.parametrize("method", METHODS)
@given(data=studies(low=3))
def test_include_zero_is_dropping(method: str, data: tuple[np.ndarray, np.ndarray]) -> None:
    y, v = data
    keep = np.ones(y.size)
    keep[0] = 0
    poisoned = y.copy()
    poisoned[0] = np.nan
    a = mk.pool_many(poisoned, v, keep, tau2=method)
    b = mk.pool(y[1:], v[1:], tau2=method)
    assert close(float(a.estimate), b.estimate)
    assert close(float(a.tau2), b.tau2)
    assert float(a.k) == b.k


@pytest.mark.parametrize("method", METHODS)
@given(data=studies())
def test_multiplicity_is_repetition(method: str, data: tuple[np.ndarray, np.ndarray]) -> None:
    y, v = data
    times = np.ones(y.size)
    times[-1] = 2
    a = mk.pool_many(y, v, times, tau2=method)
    b = mk.pool(np.append(y, y[-1]), np.append(v, v[-1]), tau2=method)
    assert close(float(a.estimate), b.estimate)
    assert close(float(a.tau2), b.tau2)
    assert close(float(a.q), b.q)


@given(data=studies())
def test_tau2_zero_makes_random_equal_common(data: tuple[np.ndarray, np.ndarray]) -> None:
    y, v = data
    a, b = mk.pool(y, v, tau2=0.0), mk.pool(y, v, model="common")
    assert a.estimate == b.estimate
    assert a.std_error == b.std_error


@pytest.mark.parametrize("method", METHODS)
def test_batch_equals_loop(method: str) -> None:
    rng = np.random.default_rng(20)
    y, v = rng.normal(size=(40, 6)), 10 ** rng.uniform(-2, 1, size=(40, 6))
    batch = mk.pool_many(y, v, tau2=method, test="hksj")
    for i in range(40):
        one = mk.pool(y[i], v[i], tau2=method, test="hksj")
        assert close(batch.estimate[i], one.estimate)
        assert close(batch.tau2[i], one.tau2)
        assert close(batch.p_value[i], one.p_value)


def test_a_bad_fit_is_flagged_and_the_others_stand() -> None:
    rng = np.random.default_rng(3)
    y, v = rng.normal(size=(5, 4)), rng.uniform(0.1, 1, size=(5, 4))
    good = mk.pool_many(y, v)
    v[1, 2], v[3, 0], y[4, 1] = 0.0, -1.0, np.inf
    found = mk.pool_many(y, v)
    assert found.converged.tolist() == [True, False, True, False, False]
    assert np.isnan(found.estimate[[1, 3, 4]]).all()
    assert np.array_equal(found.estimate[[0, 2]], good.estimate[[0, 2]])


@given(counts=st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), min_size=2, max_size=6))
def test_swapping_the_arms_negates_log_ratios(counts: list[tuple[int, int]]) -> None:
    e1, e2 = np.array([c[0] for c in counts]), np.array([c[1] for c in counts])
    table = {"events_t": e1, "n_t": np.full(e1.size, 40), "events_c": e2, "n_c": np.full(e1.size, 35)}
    swapped = {"events_t": e2, "n_t": table["n_c"], "events_c": e1, "n_c": table["n_t"]}
    for measure in ("RR", "OR", "RD"):
        a, b = mk.effect_sizes(table, measure), mk.effect_sizes(swapped, measure)
        assert np.allclose(a.y, -b.y, atol=1e-14)
        assert np.allclose(a.v, b.v, rtol=1e-12)


@given(data=studies(), low=st.floats(0.5, 0.9), more=st.floats(0.01, 0.09))
def test_wider_levels_are_wider(data: tuple[np.ndarray, np.ndarray], low: float, more: float) -> None:
    result = mk.pool(*data)
    assume(result.std_error > 0)
    assert result.ci(low + more).width > result.ci(low).width
