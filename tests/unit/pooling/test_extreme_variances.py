"""Variances so far apart that tr PP is lost to rounding: an answer or a flag, never a ZeroDivisionError."""

from __future__ import annotations

import pytest

import metaket as mk


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("tiny", [1e-9, 1e-12, 4e-16])
def test_one_variance_far_below_the_others(method: str, tiny: float) -> None:
    result = mk.pool([-2.3, 0.1], [tiny, 8e-5], tau2=method)
    # with equal variances of nearly 0: REML is s2 of the effects, 2.4^2 / 2, less the mean variance; ML half of it
    expected = {"REML": 2.88, "ML": 1.44}[method]
    assert result.tau2 == pytest.approx(expected, abs=1e-4)
    assert result.converged
