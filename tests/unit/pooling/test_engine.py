"""The kernel's sums against the matrices that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from metaket.errors import InputError
from metaket.pooling.engine import Problem, dot, gls, gram, moments, trace_p
from metaket.pooling.likelihood import log_likelihood, maximise

M, K, P = 3, 7, 3
RNG = np.random.default_rng(42)
Y, V, N = RNG.normal(size=(M, K)), RNG.uniform(0.1, 2, (M, K)), RNG.integers(0, 3, (M, K)).astype(float)
N[:, :4] = 1.0  # enough studies for three coefficients
X = np.linalg.qr(np.column_stack([np.ones(K), RNG.normal(size=(K, P - 1))]))[0]
T = np.array([0.0, 0.3, 2.0])
CASES = [(use_n, use_x) for use_n in (False, True) for use_x in (False, True)]


def problem(use_n: bool, use_x: bool) -> Problem:
    x = np.broadcast_to(X, (M, K, P)) if use_x else None
    return Problem.of(Y, V, N if use_n else None, x)


def dense(i: int, use_n: bool, use_x: bool, w: np.ndarray) -> tuple[np.ndarray, ...]:
    """y, X, W and P of fit i with its rows repeated as often as they count."""
    times = N[i].astype(int) if use_n else np.ones(K, dtype=int)
    y, x = np.repeat(Y[i], times), np.repeat(X if use_x else np.ones((K, 1)), times, axis=0)
    weight = np.diag(np.repeat(w[i], times))
    p = weight - weight @ x @ np.linalg.inv(x.T @ weight @ x) @ x.T @ weight
    return y, x, weight, p


@pytest.mark.parametrize(("use_n", "use_x"), CASES)
def test_gls(use_n: bool, use_x: bool) -> None:
    pr = problem(use_n, use_x)
    w = pr.weights(T)
    fit = gls(pr, w)
    for i in range(M):
        y, x, weight, p = dense(i, use_n, use_x, w)
        vcov = np.linalg.inv(x.T @ weight @ x)
        np.testing.assert_allclose(fit.vcov[i], vcov, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(fit.coef[i], vcov @ x.T @ weight @ y, rtol=1e-10)
        assert fit.q[i] == pytest.approx(y @ p @ y, rel=1e-10)
        assert trace_p(pr, w)[i] == pytest.approx(np.trace(p), rel=1e-10)
        assert pr.k[i] == y.size
        assert pr.df[i] == y.size - x.shape[1]


@pytest.mark.parametrize(("use_n", "use_x"), CASES)
@pytest.mark.parametrize("restricted", [True, False])
def test_moments(use_n: bool, use_x: bool, restricted: bool) -> None:
    pr = problem(use_n, use_x)
    found = moments(pr, T, restricted=restricted)
    for i in range(M):
        y, _, weight, p = dense(i, use_n, use_x, pr.weights(T))
        of = p if restricted else weight
        assert found.f[i] == pytest.approx(y @ p @ p @ y, rel=1e-10)
        assert found.h[i] == pytest.approx(y @ p @ p @ p @ y, rel=1e-10)
        assert found.g1[i] == pytest.approx(np.trace(of), rel=1e-10)
        assert found.g2[i] == pytest.approx(np.trace(of @ of), rel=1e-10)


@pytest.mark.parametrize(("use_n", "use_x"), CASES)
def test_log_likelihood(use_n: bool, use_x: bool) -> None:
    """ML: the normal density at the estimate. REML: that of the error contrasts, times |X'X|^(1/2) (Harville 1974)."""
    pr = problem(use_n, use_x)
    ml, reml = (log_likelihood(pr, T, restricted=r) for r in (False, True))
    w = pr.weights(T)
    for i in range(M):
        y, x, weight, _ = dense(i, use_n, use_x, w)
        fitted = x @ np.linalg.solve(x.T @ weight @ x, x.T @ weight @ y)
        assert ml[i] == pytest.approx(multivariate_normal.logpdf(y, fitted, np.linalg.inv(weight)), rel=1e-10)
        contrasts = np.linalg.qr(x, mode="complete")[0][:, x.shape[1] :]
        free = multivariate_normal.logpdf(
            contrasts.T @ y, np.zeros(contrasts.shape[1]), contrasts.T @ np.linalg.inv(weight) @ contrasts
        )
        assert reml[i] == pytest.approx(free, rel=1e-9)


@pytest.mark.parametrize("use_x", [False, True])
@pytest.mark.parametrize("restricted", [True, False])
def test_the_maximum_is_one(use_x: bool, restricted: bool) -> None:
    pr = problem(True, use_x)
    best = maximise(pr, restricted=restricted)
    assert best.converged.all()
    height = log_likelihood(pr, best.value, restricted=restricted)
    for other in np.geomspace(1e-4, 100, 300):
        assert (log_likelihood(pr, np.full(M, other), restricted=restricted) <= height + 1e-10).all()


def test_cells_that_do_not_count_are_neutral() -> None:
    n = N.copy()
    n[0, 6] = 0
    y, v = Y.copy(), V.copy()
    y[0, 6], v[0, 6] = np.nan, -1.0
    pr = Problem.of(y, v, n)
    assert (pr.y[0, 6], pr.v[0, 6]) == (0.0, 1.0)
    assert pr.v_min[0] == V[0, n[0] > 0].min()
    assert pr.v_max[0] == V[0, n[0] > 0].max()


def test_take_by_mask_and_by_index() -> None:
    pr = problem(True, True)
    for which in (np.array([True, False, True]), np.array([0, 2])):
        some = pr.take(which)
        np.testing.assert_array_equal(some.y, pr.y[[0, 2]])
        np.testing.assert_array_equal(some.k, pr.k[[0, 2]])


def test_dot() -> None:
    np.testing.assert_allclose(dot(Y, V), (Y * V).sum(axis=1), rtol=1e-14)


def test_gram_needs_moderators() -> None:
    with pytest.raises(InputError, match="no moderators"):
        gram(problem(False, False), np.ones((M, K)))
