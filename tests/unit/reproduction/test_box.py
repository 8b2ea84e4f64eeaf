"""The range of a function over a box, against ranges known in closed form and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaket._checks import Array
from metaket.pooling.batch import pool_many
from metaket.reproduction.box import SEARCHES, extremes, pointed

NEAR = 1e-7  # L-BFGS-B stops where its slopes, by differences of 1e-4, say so


@pytest.mark.parametrize("search", list(SEARCHES))
def test_a_linear_function_is_exact_by_every_search(search: str) -> None:
    slopes = np.array([1.0, -2.0, 0.5])
    found = extremes(lambda x: 3 + x @ slopes, 3, search)
    assert (found.low, found.high) == pytest.approx((-0.5, 6.5), rel=1e-15)
    assert found.evaluations > 7
    assert found.sd == pytest.approx(np.sqrt((slopes**2).sum() / 3), rel=1e-12)  # variance of a uniform in [-1, 1]: 1/3


def test_a_sketch_only_points_at_corners() -> None:
    slopes = np.array([1.0, -2.0, 0.5])
    found = pointed(lambda x: 3 + x @ slopes, lambda x: 100 * (x @ slopes), 3)
    assert found[:3] == pytest.approx((-0.5, 6.5, 3), rel=1e-15)
    none = pointed(lambda x: np.full(len(x), np.nan), lambda x: x @ slopes, 3)
    assert np.isnan([none.low, none.high]).all()


def test_an_extreme_inside_the_box_is_found() -> None:
    found = extremes(lambda x: -((x[:, 0] - 0.3) ** 2) - (x[:, 1] + 0.21) ** 2 + x[:, 2], 3, "climb")
    assert found.high == pytest.approx(1.0, abs=NEAR)
    assert found.low == pytest.approx(-(1.3**2) - 1.21**2 - 1.0, rel=1e-12)


def test_points_that_are_not_admissible_are_passed_over() -> None:
    found = extremes(lambda x: np.where(x[:, 0] < 0, np.nan, x[:, 0]), 1, "climb")
    assert (found.low, found.high) == (0.0, 1.0)
    none = extremes(lambda x: np.full(len(x), np.nan), 2, "climb")
    assert np.isnan([none.low, none.high]).all()


boxes = st.lists(
    st.tuples(st.floats(-2, 2), st.floats(0.02, 1), st.floats(0.001, 0.3), st.floats(0.01, 0.9)), min_size=2, max_size=4
)


def pooled(studies: list[tuple[float, float, float, float]], points: Array, tau2: str | float) -> Array:
    y0, v0, dy, share = (np.array(column) for column in zip(*studies, strict=True))
    k = len(studies)
    y, v = y0 + dy * points[:, :k], v0 * (1 + share * points[:, k:])
    return pool_many(y, v, tau2=tau2).estimate


@given(boxes, st.sampled_from([0.0, 0.05]))
def test_corners_are_the_whole_story_where_the_weights_are_fixed(studies: list, tau2: float) -> None:
    """Every corner and a cloud of points inside: none is beyond the range found, which is attained."""
    n = 2 * len(studies)
    found = extremes(lambda x: pooled(studies, x, tau2), n, "corners")
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * n)).reshape(n, -1).T
    inside = np.random.default_rng(1).uniform(-1, 1, size=(500, n))
    at_corners, at_inside = pooled(studies, corners, tau2), pooled(studies, inside, tau2)
    slack = 1e-12 * (1 + np.abs(at_corners).max())
    assert found.low == pytest.approx(at_corners.min(), abs=slack)
    assert found.high == pytest.approx(at_corners.max(), abs=slack)
    assert at_inside.min() >= found.low - slack
    assert at_inside.max() <= found.high + slack


@given(boxes)
def test_optimisation_of_dersimonian_laird_reaches_what_a_cloud_of_points_does(studies: list) -> None:
    """DL is not monotone in a variance; 2,000 random points and all corners stay within the range found, or nearly."""
    n = 2 * len(studies)
    found = extremes(lambda x: pooled(studies, x, "DL"), n, "climb")
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * n)).reshape(n, -1).T
    cloud = pooled(studies, np.vstack([corners, np.random.default_rng(2).uniform(-1, 1, size=(2000, n))]), "DL")
    missed = 0.02 * (cloud.max() - cloud.min()) + 1e-12  # a second local extreme may be missed by a little
    assert found.low <= cloud.min() + missed
    assert found.high >= cloud.max() - missed


def test_dersimonian_laird_is_not_monotone_in_a_variance() -> None:
    """Why corners do not suffice: the estimate falls and rises again as one variance grows."""
    v1 = np.linspace(0.01, 2.0, 400)
    v = np.stack([v1, np.full_like(v1, 0.52), np.full_like(v1, 0.12)], axis=1)
    steps = np.sign(np.diff(pool_many(np.array([0.5, 1.4, -0.2]), v, tau2="DL").estimate))
    assert {-1.0, 1.0} <= set(steps.tolist())
