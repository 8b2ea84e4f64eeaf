"""The p-value function."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.unit.diagnostics.data import V, Y, counts_result

import metaket as mk
from metaket.errors import InputError


@pytest.mark.parametrize("test", ["z", "t", "hksj"])
def test_limits_of_every_interval_have_their_p_value(test: str) -> None:
    result = mk.pool(Y, V, test=test)
    for level in (0.5, 0.9, 0.99):
        low, high = result.ci(level)
        curve = mk.p_value_function(result, [high, low])
        assert curve.grid.tolist() == [low, high]
        assert curve.pooled == pytest.approx([1 - level] * 2, rel=1e-9)
        wide = result.prediction_interval(level)
        assert wide is not None
        prediction = mk.p_value_function(result, wide).prediction
        assert prediction == pytest.approx([1 - level] * 2, rel=1e-9)


def test_studies_and_surprisal() -> None:
    curve = mk.p_value_function(mk.pool(Y, V), [0.0, 0.2])
    assert curve.studies == pytest.approx(2 * stats.norm.sf(np.abs(Y[:, None] - [0.0, 0.2]) / np.sqrt(V)[:, None]))
    assert curve.surprisal == pytest.approx(-np.log2(curve.pooled))
    frame = curve.to_frame()
    assert list(frame) == ["effect", "pooled", "prediction", *(f"Study {i}" for i in range(1, 7))]


def test_the_default_grid_holds_all_estimates_and_the_null() -> None:
    result = counts_result()
    curve = mk.p_value_function(result)
    assert curve.grid[0] <= min(0, *result.effects.y)
    assert curve.grid[-1] >= max(0, *result.effects.y)
    assert curve.pooled.max() > 0.9
    assert curve.to_frame(transform=True)["effect"].to_numpy() == pytest.approx(np.exp(curve.grid))
    assert str(curve).startswith("Odds ratio: effects whose p-value is at least p, over 401 effects")


def test_no_prediction_and_bad_grids() -> None:
    assert mk.p_value_function(mk.pool(Y, V, model="common")).prediction is None
    assert mk.p_value_function(mk.pool(Y[:2], V[:2])).prediction is None
    assert mk.p_value_function(mk.pool(Y[:1], V[:1])).pooled.size == 401
    assert mk.p_value_function(counts_result(model="peto")).prediction is None
    for grid in ([], [0.0, np.inf]):
        with pytest.raises(InputError, match="grid must hold finite effects"):
            mk.p_value_function(mk.pool(Y, V), grid)
    with pytest.raises(InputError, match="grid must be numbers"):
        mk.p_value_function(mk.pool(Y, V), ["a"])
