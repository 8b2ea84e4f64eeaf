"""`pool_many`: shapes, messages, frames, and no state."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError, UnknownChoiceError
from metaket.pooling.batch import fit_arrays
from metaket.pooling.engine import BLOCK, blocks

Y, V = np.array([0.1, 0.3, 0.5, 0.9]), np.array([0.04, 0.05, 0.06, 0.03])
PER_FIT = ("estimate", "std_error", "statistic", "df", "p_value", "tau2", "se_tau2", "q", "q_df", "q_p", "i2", "h2",
           "k", "converged", "n_iter")  # fmt: skip


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (2, 1, 3), (0,)])
def test_arrays_have_the_leading_shape(shape: tuple[int, ...]) -> None:
    y = np.broadcast_to(Y, (*shape, 4))
    found = mk.pool_many(y, V)
    for name in PER_FIT:
        assert getattr(found, name).shape == shape, name
    low, high = found.ci()
    assert low.shape == high.shape == shape
    assert found.n_iter.dtype.kind == "i"
    assert found.converged.dtype == bool


@pytest.mark.parametrize(("y", "v", "include"), [((4,), (5, 4), None), ((5, 4), (4,), None), ((4,), (4,), (5, 4)),
                                                 ((5, 1, 4), (2, 4), (4,)), ((2, 4), (2, 4), (2, 1, 4))])  # fmt: skip
def test_axes_broadcast(y: tuple[int, ...], v: tuple[int, ...], include: tuple[int, ...] | None) -> None:
    rng = np.random.default_rng(1)
    arrays = rng.normal(size=y), rng.uniform(0.1, 1, v), None if include is None else rng.integers(1, 3, include)
    shape = np.broadcast_shapes(y, v, include or (1,))
    found = mk.pool_many(*arrays, tau2="DL")
    assert found.estimate.shape == shape[:-1]
    whole = [None if a is None else np.broadcast_to(a, shape) for a in arrays]
    last = tuple(n - 1 for n in shape[:-1])
    one = mk.pool_many(*(None if a is None else a[last] for a in whole), tau2="DL")
    assert found.estimate[last] == pytest.approx(float(one.estimate), rel=1e-13)


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(InputError, match=r"y, v and include must broadcast to one shape, got \(3,\), \(4,\), \(2, 4\)"):
        mk.pool_many(Y[:3], V, np.ones((2, 4)))
    for empty in ([], np.ones((3, 0)), 1.0):
        with pytest.raises(InputError, match="no study left: the last axis of y is empty"):
            mk.pool_many(empty, empty)


@pytest.mark.parametrize("test", ["t", "hksj", "hksj-adhoc"])
def test_one_study_has_no_t_test(test: str) -> None:
    """Its estimate stands, its interval isn't there, and `converged` says so; the other fits don't mind."""
    found = mk.pool_many(Y, V, np.array([[0, 1.0, 0, 0], [1, 1, 1, 1]]), test=test)
    assert found.converged.tolist() == [False, True]
    assert found.estimate[0] == Y[1]
    assert np.isnan(found.p_value[0])
    assert np.isfinite(found.p_value[1])
    assert mk.pool_many(Y[:1], V[:1]).converged


def test_values_that_are_no_numbers() -> None:
    for arguments, name in (((["a"], [1]), "y"), (([1], ["b"]), "v"), (([1], [1], ["c"]), "include")):
        with pytest.raises(InputError, match=f"^{name} must be numbers"):
            mk.pool_many(*arguments)


def test_options_are_those_of_pool() -> None:
    with pytest.raises(UnknownChoiceError, match="Did you mean REML"):
        mk.pool_many(Y, V, tau2="REM")
    with pytest.raises(InputError, match=r"'GENQ' needs weights: use mk\.pool"):
        mk.pool_many(Y, V, tau2="GENQ")
    known = mk.pool_many(Y, V, tau2=0.1, test="knha", i2="Q")
    one = mk.pool(Y, V, tau2=0.1, test="hksj", i2="Q")
    assert float(known.p_value) == pytest.approx(one.p_value, rel=1e-12)
    assert float(known.i2) == pytest.approx(one.i2, rel=1e-12)


@pytest.mark.parametrize("model", ["mh", "peto"])
def test_models_of_counts_are_refused(model: str) -> None:
    """They need the tables; a random-effects fit under their name would be a wrong answer."""
    with pytest.raises(InputError, match=model):
        mk.pool_many(Y, V, model=model)


def test_to_frame_has_one_row_a_fit() -> None:
    found = mk.pool_many(Y, V, np.stack([1 - np.eye(4), np.tri(4)]), tau2="DL", test="t")
    frame = found.to_frame(0.9)
    assert len(frame) == 8
    assert list(frame.columns[:7]) == ["estimate", "std_error", "statistic", "df", "p_value", "ci_low", "ci_high"]
    assert set(frame.columns) == {*PER_FIT, "ci_low", "ci_high"}
    np.testing.assert_array_equal(frame["estimate"], found.estimate.ravel())
    np.testing.assert_array_equal(frame["ci_low"], found.ci(0.9)[0].ravel())


def test_cumulative_ends_in_the_whole() -> None:
    steps = mk.pool_many(Y, V, np.tri(4), tau2="PM")
    assert steps.k.tolist() == [1, 2, 3, 4]
    assert steps.estimate[0] == Y[0]
    assert steps.estimate[-1] == pytest.approx(mk.pool(Y, V, tau2="PM").estimate, rel=1e-13)


def test_bad_levels() -> None:
    with pytest.raises(InputError, match=r"Did you mean 0\.9"):
        mk.pool_many(Y, V).ci(90)


def test_inputs_are_left_alone() -> None:
    y, v, include = Y.copy(), V.copy(), np.array([1.0, 0.0, 2.0, 1.0])
    y[1] = np.nan
    before = [a.copy() for a in (y, v, include)]
    state = np.random.get_state()[1].copy()
    mk.pool_many(y, v, include)
    for now, then in zip((y, v, include), before, strict=True):
        np.testing.assert_array_equal(now, then)
    np.testing.assert_array_equal(state, np.random.get_state()[1])


def test_frozen() -> None:
    found = mk.pool_many(Y, V)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.estimate = 1.0  # type: ignore[misc, assignment]
    assert not hasattr(found, "__dict__")


@pytest.mark.parametrize(("m", "k"), [(1, 1), (10, 3), (BLOCK + 1, 1), (5, BLOCK), (5, 2 * BLOCK), (4097, 12)])
def test_blocks_cover_every_fit_once(m: int, k: int) -> None:
    parts = list(blocks(m, k))
    assert [i for p in parts for i in range(p.start, p.stop)] == list(range(m))
    assert all((p.stop - p.start) * k <= max(BLOCK, k) for p in parts)


def test_fit_arrays_is_what_both_call() -> None:
    fits = fit_arrays(Y[None], V[None], mk.PoolSpec.of("random", "DL", "z"))
    assert fits.coef.shape == (1, 1)
    assert fits.vcov.shape == (1, 1, 1)
    assert float(fits.coef[0, 0]) == mk.pool(Y, V, tau2="DL").estimate


def beyond_the_answer(m: int, k: int) -> int:
    """Bytes at the peak of m DL fits beyond inputs and answer, with an include of whole numbers."""
    rng = np.random.default_rng(3)
    y, v, include = rng.normal(size=(m, k)), rng.uniform(0.1, 1.0, (m, k)), np.ones((m, k), dtype=np.int8)
    tracemalloc.start()
    found = mk.pool_many(y, v, include, tau2="DL", test="hksj")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - sum(getattr(found, name).nbytes for name in PER_FIT)


def test_memory_is_that_of_a_block() -> None:
    """Three and thirty blocks need as much beyond the answer: nothing of one number a fit, no copy of the inputs."""
    few, many = (beyond_the_answer(n * (BLOCK // 10), 10) for n in (3, 30))
    assert abs(many - few) < 0.1 * BLOCK * 8  # 27 more blocks; an array of one number a fit would be 2.7 of these


def test_inputs_are_not_copied() -> None:
    """A broadcast of ten numbers to two millions is cut as it is needed; written out it would be 16 MB an array."""
    shape = (2, 100_000, 10)
    y, v = np.broadcast_to(np.linspace(0, 1, 10), shape), np.linspace(0.1, 1, 10)
    include = np.broadcast_to(np.arange(10) % 3 > 0, shape)
    tracemalloc.start()
    found = mk.pool_many(y, v, include, tau2="DL")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    answer = sum(getattr(found, name).nbytes for name in PER_FIT)
    assert found.estimate.shape == shape[:-1]
    assert peak - answer < 18 * BLOCK * 8
