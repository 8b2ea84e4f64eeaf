"""`include` says how often a study counts; a batch is the same as a loop; a bad fit is flagged and the others stand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metaket as mk
from metaket.pooling.engine import BLOCK
from tests.laws.strategies import BATCHED, METHODS, Data, assert_same, fit, meta_analyses

NUMBERS = ("estimate", "std_error", "statistic", "df", "p_value", "tau2", "se_tau2", "q", "q_p", "i2", "h2")
BAD_CELLS = [(0.0, 0.0), (0.0, -1.0), (0.0, np.inf), (0.0, np.nan), (np.nan, 1.0), (np.inf, 1.0)]


@given(data=meta_analyses(low=3), out=st.integers(0, 2), poison=st.booleans())
def test_include_0_is_dropping(data: Data, out: int, poison: bool) -> None:
    y, v = data
    kept = np.arange(y.size) != out
    given_y, given_v = (np.where(kept, a, np.nan) if poison else a for a in (y, v))
    for method in BATCHED:
        batch = mk.pool_many(given_y, given_v, kept.astype(float), tau2=method)
        assert_same(batch, mk.pool(y[kept], v[kept], tau2=method))
        assert batch.k == kept.sum()


@given(data=meta_analyses(high=5), times=st.lists(st.integers(1, 4), min_size=5, max_size=5))
def test_multiplicity_is_repetition(data: Data, times: list[int]) -> None:
    y, v = data
    n = np.array(times[: y.size])
    for method in BATCHED:
        batch = mk.pool_many(y, v, n, tau2=method, test="hksj-adhoc")
        assert_same(batch, mk.pool(np.repeat(y, n), np.repeat(v, n), tau2=method, test="hksj-adhoc"))
        assert batch.k == n.sum()


@given(data=st.lists(meta_analyses(low=4, high=4), min_size=2, max_size=4))
def test_a_batch_is_a_loop(data: list[Data]) -> None:
    y, v = (np.array([pair[i] for pair in data]) for i in (0, 1))
    for method in BATCHED:
        batch = mk.pool_many(y, v, tau2=method, test="hksj")
        for i in range(len(data)):
            one = mk.pool(y[i], v[i], tau2=method, test="hksj")
            assert_same(batch, one, i=i)
            assert np.isclose(batch.p_value[i], one.p_value, rtol=1e-7, equal_nan=True)
            assert np.allclose(one.ci(0.9), [limit[i] for limit in batch.ci(0.9)], rtol=1e-7, atol=1e-9)


@given(data=meta_analyses(low=3, high=6))
def test_leading_axes_broadcast(data: Data) -> None:
    """Leave-one-out of one meta-analysis under two sets of variances is one call with axes (2, k)."""
    y, v = data
    both = np.stack([v, 2 * v])[:, None, :]
    for method in BATCHED:
        whole = mk.pool_many(y, both, 1 - np.eye(y.size), tau2=method)
        assert whole.estimate.shape == (2, y.size)
        for i, j in ((0, 0), (1, y.size - 1)):
            keep = np.arange(y.size) != j
            assert_same(whole, mk.pool(y[keep], both[i, 0, keep], tau2=method), i=(i, j))


@given(data=st.lists(meta_analyses(low=4, high=4), min_size=3, max_size=4), bad=st.sampled_from(BAD_CELLS))
def test_a_bad_fit_is_flagged_and_the_others_stand(data: list[Data], bad: tuple[float, float]) -> None:
    y, v = (np.array([pair[i] for pair in data]) for i in (0, 1))
    with_bad_y, with_bad_v = y.copy(), v.copy()
    with_bad_y[1, 2], with_bad_v[1, 2] = bad
    stands = np.arange(len(data)) != 1
    for method in BATCHED:
        good, found = mk.pool_many(y, v, tau2=method), mk.pool_many(with_bad_y, with_bad_v, tau2=method)
        assert found.converged.tolist() == stands.tolist(), method
        for name in NUMBERS:
            ours, before = getattr(found, name)[stands], getattr(good, name)[stands]
            assert np.allclose(ours, before, rtol=1e-9, atol=1e-9), (method, name)


@pytest.mark.parametrize("i2", ["tau2", "Q"])
@pytest.mark.parametrize("bad", BAD_CELLS)
def test_no_number_of_a_bad_fit_looks_like_one(bad: tuple[float, float], i2: str) -> None:
    y, v = np.tile([0.1, 0.9, 0.4], (2, 1)), np.ones((2, 3))
    y[1, 2], v[1, 2] = bad
    found = mk.pool_many(y, v, i2=i2)
    assert {name: bool(np.isnan(getattr(found, name)[1])) for name in NUMBERS} == dict.fromkeys(NUMBERS, True)
    assert np.isnan([limit[1] for limit in found.ci()]).all()
    assert not any(np.isnan(getattr(found, name)[0]) for name in NUMBERS)


def test_a_fit_without_studies_is_flagged() -> None:
    found = mk.pool_many([1.0, 2.0], [1.0, 1.0], [[1, 1], [0, 0], [0, 1]])
    assert found.converged.tolist() == [True, False, True]
    assert found.k.tolist() == [2, 0, 1]
    assert found.estimate[[0, 2]].tolist() == [1.5, 2.0]
    assert np.isnan(found.estimate[1])


def test_a_count_below_0_is_flagged() -> None:
    assert mk.pool_many([1.0, 2.0], [1.0, 1.0], [[1, -1], [1, 1]]).converged.tolist() == [False, True]


@pytest.mark.parametrize("method", ["DL", "PM", "REML"])
def test_a_batch_larger_than_a_block(method: str) -> None:
    """The blocks that the kernel works in leave no seam."""
    rng = np.random.default_rng(5)
    k = 6
    m = BLOCK // k + 3
    y, v = rng.normal(size=(m, k)), 10 ** rng.uniform(-2, 0, (m, k))
    batch = mk.pool_many(y, v, tau2=method)
    assert batch.converged.all()
    for i in (0, BLOCK // k - 1, BLOCK // k, m - 1):
        assert_same(batch, mk.pool(y[i], v[i], tau2=method), i=i)


@given(data=meta_analyses())
def test_tau2_0_makes_random_equal_common(data: Data) -> None:
    """And any known tau2 gives the fit of the estimator that finds it."""
    y, v = data
    common = mk.pool(y, v, model="common")
    for method in BATCHED:  # GENQ pools with the weights that it is given, whatever tau2 is
        estimated = fit(method, y, v)
        known = mk.pool(y, v, tau2=estimated.tau2)
        assert (known.estimate, known.std_error, known.q) == (estimated.estimate, estimated.std_error, common.q), method
        if estimated.tau2 == 0:
            assert (estimated.estimate, estimated.std_error) == (common.estimate, common.std_error), method
    zero = mk.pool(y, v, tau2=0.0)
    assert (zero.estimate, zero.std_error) == (common.estimate, common.std_error)


@given(y=st.floats(-5, 5), v=st.floats(1e-6, 1e6))
def test_one_study_is_the_study(y: float, v: float) -> None:
    for method in METHODS:
        result = fit(method, np.array([y]), np.array([v]))
        assert result.estimate == pytest.approx(y, rel=1e-15), method
        assert result.std_error == pytest.approx(np.sqrt(v), rel=1e-15), method
        nothing = (result.tau2, result.q, result.q_df, result.q_p, result.i2, result.h2)
        assert nothing == (0.0, 0.0, 0.0, 1.0, 0.0, 1.0), method
        assert result.converged
        assert result.prediction_interval() is None
        if method in BATCHED:
            assert mk.pool_many([y], [v], tau2=method).estimate == result.estimate
