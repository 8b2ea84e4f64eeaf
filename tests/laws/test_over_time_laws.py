"""Laws of the joint model over time, on any data: shift, scale, order, one time, and no correlation at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metaket as mk

ESTIMATE = 1e-5  # of a standard error: two climbs of one likelihood
SPREAD = 1e-4  # of standard errors, which follow tau2: near its top the likelihood is flat
TAU2 = 1e-4  # of the typical variance: a component moves more than the estimate near a flat optimum


@st.composite
def courses(draw: st.DrawFn, times: int = 3) -> pd.DataFrame:
    """Studies with all times, some with gaps later on; at least three at each time."""
    k = draw(st.integers(4, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = [
        (f"S{i}", 12.0 * 2.0**t, rng.normal(0.3 * t, 1.0), rng.uniform(0.02, 0.5))
        for i in range(k)
        for t in range(times)
        if i < 3 or t == 0 or rng.random() < 0.6
    ]
    return pd.DataFrame(rows, columns=["study", "time_h", "y", "v"])


def fit(rows: pd.DataFrame, **options: Any) -> Any:
    return mk.pool_over_time(rows, measure="GEN", model="joint", **options).fit


@settings(max_examples=15, deadline=None)
@given(courses(), st.floats(-50, 50))
def test_shift(rows: pd.DataFrame, c: float) -> None:
    base, moved = fit(rows, rho=0.4), fit(rows.assign(y=rows["y"] + c), rho=0.4)
    assert (moved.model.coef - c - base.model.coef) / base.model.std_error == pytest.approx(0, abs=ESTIMATE)
    assert moved.tau2 == pytest.approx(base.tau2, abs=TAU2 * float(rows["v"].mean()))


@settings(max_examples=15, deadline=None)
@given(courses(), st.sampled_from([1e-6, 1e-3, 1e3, 1e6]))
def test_scale(rows: pd.DataFrame, s: float) -> None:
    base, scaled = fit(rows, rho=0.4), fit(rows.assign(y=rows["y"] * s, v=rows["v"] * s**2), rho=0.4)
    assert (scaled.model.coef / s - base.model.coef) / base.model.std_error == pytest.approx(0, abs=ESTIMATE)
    assert scaled.tau2 / s**2 == pytest.approx(base.tau2, abs=TAU2 * float(rows["v"].mean()))


@settings(max_examples=15, deadline=None)
@given(courses(), st.integers(0, 1000))
def test_order_of_rows(rows: pd.DataFrame, seed: int) -> None:
    base, mixed = fit(rows, rho=0.4), fit(rows.sample(frac=1.0, random_state=seed), rho=0.4)
    assert (mixed.model.coef - base.model.coef) / base.model.std_error == pytest.approx(0, abs=ESTIMATE)


@settings(max_examples=15, deadline=None)
@given(courses())
def test_no_correlation_is_separate_pools(rows: pd.DataFrame) -> None:
    course = mk.pool_over_time(rows, measure="GEN", model="joint", structure="DIAG", rho=0.0)
    for point, estimate, se in zip(
        course.separate.points, course.fit.model.coef, course.fit.model.std_error, strict=True
    ):
        assert point.result is not None
        assert (estimate - point.result.estimate) / se == pytest.approx(0, abs=10 * ESTIMATE)
        assert se == pytest.approx(point.result.std_error, rel=SPREAD)


@settings(max_examples=15, deadline=None)
@given(courses(times=1))
def test_one_time_is_a_pool(rows: pd.DataFrame) -> None:
    joint, alone = fit(rows), mk.pool(rows["y"], rows["v"])
    assert (joint.model.coef[0] - alone.estimate) / alone.std_error == pytest.approx(0, abs=10 * ESTIMATE)
    assert joint.model.std_error[0] == pytest.approx(alone.std_error, rel=SPREAD)


@settings(max_examples=8, deadline=None)
@given(courses())
def test_the_batch_is_the_loop(rows: pd.DataFrame) -> None:
    course = mk.pool_over_time(rows, measure="GEN", model="joint", rho=0.4)
    grid = [0.0, 0.5, 0.8]
    band = course.over_rho(grid)
    for i, rho in enumerate(grid):
        alone = fit(rows, rho=rho)
        assert band.coef[i] - alone.model.coef == pytest.approx(0, abs=10 * ESTIMATE * float(band.std_error[i].min()))
