"""The likelihood of correlated effects by blocks: its definition, its slopes, and what blocks are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from metaket.pooling.multivariate import Covariances, Data, evaluate
from metaket.pooling.structures import STRUCTURES, partial_correlations

RTOL = 1e-11  # two ways through the same matrices
SLOPE = 1e-6  # of a slope by differences
N = 11
OUTER = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3, 4, 4])
INNER = np.array([0, 1, 2, 0, 2, 0, 1, 2, 1, 0, 1])


def case(nested: tuple[np.ndarray, ...] = (), code: str = "UN") -> tuple[Data, np.ndarray]:
    rng = np.random.default_rng(2)
    v = np.diag(rng.uniform(0.5, 1.5, N))
    v[0, 1] = v[1, 0] = 0.3
    parts = Covariances(STRUCTURES[code].func(("a", "b", "c"), None), INNER, OUTER, nested)
    x = np.column_stack([np.ones(N), rng.normal(size=N)])
    return Data.of(rng.normal(size=N), x, v, parts), rng.uniform(0.2, 0.9, parts.size)


def dense(data: Data, theta: np.ndarray, restricted: bool) -> float:
    """From the definition, with the whole matrix."""
    total = data.v + data.parts.total(theta)
    w = np.linalg.inv(total)
    gram = data.x.T @ w @ data.x
    r = data.y - data.x @ np.linalg.solve(gram, data.x.T @ w @ data.y)
    n, p = data.x.shape
    out = n * math.log(2 * math.pi) + np.linalg.slogdet(total)[1] + r @ w @ r
    if restricted:
        out += np.linalg.slogdet(gram)[1] - np.linalg.slogdet(data.x.T @ data.x)[1] - p * math.log(2 * math.pi)
    return -0.5 * float(out)


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize(
    "nested", [(), (OUTER,), (np.array([0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2]),)], ids=["none", "same", "above"]
)
def test_value_gradient_and_information(nested: tuple[np.ndarray, ...], restricted: bool) -> None:
    data, theta = case(nested)
    at = evaluate(data, theta, restricted)
    assert at.value == pytest.approx(dense(data, theta, restricted), rel=RTOL)
    for i in range(theta.size):
        step = 1e-5 * np.eye(theta.size)[i]
        slope = (dense(data, theta + step, restricted) - dense(data, theta - step, restricted)) / 2e-5
        assert at.gradient[i] == pytest.approx(slope, rel=SLOPE, abs=SLOPE)
    w = np.linalg.inv(data.v + data.parts.total(theta))
    wx = w @ data.x
    p = w - wx @ np.linalg.inv(data.x.T @ wx) @ wx.T if restricted else w
    slopes = [
        (data.parts.total(theta + 1e-6 * e) - data.parts.total(theta - 1e-6 * e)) / 2e-6 for e in np.eye(theta.size)
    ]
    expected = [[0.5 * np.trace(p @ a @ p @ b) for a in slopes] for b in slopes]
    assert at.information == pytest.approx(np.array(expected), rel=1e-5, abs=1e-8)


def test_many_fits_are_the_same_as_one_by_one() -> None:
    data, theta = case((OUTER,))
    thetas, factors = np.stack([theta, 0.5 * theta, 1.5 * theta]), np.array([1.0, 2.0, 0.7])
    many = evaluate(Data.of(data.y, data.x, factors[:, None, None] * data.v, data.parts), thetas, True)
    for i, factor in enumerate(factors):
        one = evaluate(Data.of(data.y, data.x, factor * data.v, data.parts), thetas[i], True)
        for name in ("value", "gradient", "information", "coef", "vcov"):
            assert getattr(many, name)[i] == pytest.approx(getattr(one, name), rel=RTOL)


def test_blocks_are_what_random_effects_and_the_covariance_join() -> None:
    sizes = sorted(rows.shape[1] for rows in case()[0].blocks for _ in rows)
    assert sizes == [1, 2, 2, 3, 3]
    above = np.array([0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2])
    assert sorted(rows.shape[1] for rows in case((above,))[0].blocks for _ in rows) == [3, 3, 5]
    joined = case()[0].v.copy()
    joined[0, 8] = joined[8, 0] = 0.1  # two clusters that share a sampling covariance
    data = case()[0]
    assert 4 in {rows.shape[1] for rows in Data.of(data.y, data.x, joined, data.parts).blocks}


@pytest.mark.parametrize("q", [2, 3, 5])
def test_partial_correlations_are_the_inverse(q: int) -> None:
    s = STRUCTURES["UN"].func(tuple(map(str, range(q))), None)
    partial = np.random.default_rng(q).uniform(-0.9, 0.9, s.size - q)
    r = s.build(np.concatenate([np.ones(q), partial]))
    assert np.linalg.eigvalsh(r).min() > 0
    assert partial_correlations(r) == pytest.approx(partial, rel=1e-10)


def test_partial_correlations_of_a_singular_matrix() -> None:
    r = np.array([[1.0, 1.0, -0.4], [1.0, 1.0, -0.4], [-0.4, -0.4, 1.0]])
    s = STRUCTURES["UN"].func(("a", "b", "c"), None)
    assert s.build(np.concatenate([np.ones(3), partial_correlations(r)])) == pytest.approx(r, abs=1e-15)


@pytest.mark.parametrize(("code", "end"), [("CS", -0.5), ("CS", 1.0), ("AR", -1.0), ("UN", -1.0), ("CAR", 1.0)])
def test_the_ends_of_a_correlation_are_exact(code: str, end: float) -> None:
    s = STRUCTURES[code].func(("1", "2", "3"), None)
    natural = np.concatenate([np.ones(s.n_sd), np.full(s.size - s.n_sd, end)])
    assert s.natural(s.unconstrained(natural)).tolist() == natural.tolist()
