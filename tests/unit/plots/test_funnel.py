"""Funnel plots show the numbers of their records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

import metaket as mk
from metaket.errors import InputError
from metaket.plots import funnel, funnel_layout

SAME = 1e-12  # the same formula, written twice


def test_points_and_sides(bcg: Any) -> None:
    shown = funnel_layout(bcg, level=0.9)
    assert shown.points[0].x == pytest.approx(tuple(np.exp(bcg.effects.y)), rel=SAME)
    assert shown.points[0].y == pytest.approx(tuple(np.sqrt(bcg.effects.v)), rel=SAME)
    assert shown.up == pytest.approx((np.exp(bcg.estimate),), rel=SAME)
    right = shown.curves[1]
    half = np.log(right.x[-1]) - bcg.estimate
    assert half == pytest.approx(norm.ppf(0.95) * right.y[-1], rel=SAME)


def test_contours_are_limits_of_p(bcg: Any) -> None:
    shown = funnel_layout(bcg, contours=True)
    names = ("p above 0.1", "p 0.05 to 0.1", "p 0.01 to 0.05", "p below 0.01")
    assert tuple(r.name for r in shown.regions) == names
    i, top = 90, shown.y.high
    for region, p in zip(shown.regions, (0.1, 0.05, 0.01), strict=False):
        edge = abs(np.log(region.x[i])) / norm.isf(p / 2)
        assert region.low[i] == pytest.approx(min(edge, top), rel=1e-9)  # of the logs of rounded floats


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_filled_and_egger(bcg: Any) -> None:
    filled, egger = mk.trim_and_fill(bcg), mk.egger(bcg)
    shown = funnel_layout(bcg, filled=filled, egger=egger)
    assert sum(len(p.x) for p in shown.points) == bcg.k + filled.k0
    assert shown.up == pytest.approx((np.exp(filled.result.estimate),), rel=SAME)
    line = shown.curves[-1]
    bias = (np.log(line.x[-1]) - np.log(line.x[0])) / (line.y[-1] - line.y[0])
    assert bias == pytest.approx(egger.bias, rel=1e-9)  # of the logs of rounded floats
    assert "Egger" in shown.alt_text


def test_bad_input(bcg: Any) -> None:
    with pytest.raises(InputError, match="Nobody 1999"):
        funnel_layout(bcg, labels=["Nobody 1999"])
    with pytest.raises(InputError, match="'ni'"):
        funnel_layout(bcg, egger=mk.egger(bcg, predictor="ni"))
    with pytest.raises(InputError, match="level"):
        funnel_layout(bcg, level=95)


def test_image(bcg: Any, looks_like: Any) -> None:
    ax = funnel(bcg, contours=True, filled=mk.trim_and_fill(bcg), labels=bcg.effects.study[:2], title="BCG")
    looks_like(ax, "funnel-contours")
