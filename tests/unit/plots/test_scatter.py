"""Figures with a point a study show the numbers of their records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import InputError
from metaket.measures.compute import generic
from metaket.plots import (
    baujat_layout,
    bubble,
    bubble_layout,
    labbe,
    labbe_layout,
    normal_quantiles_layout,
    radial_layout,
)

SAME = 1e-12  # the same formula, written twice


def test_baujat(bcg: Any) -> None:
    found = mk.baujat(bcg)
    shown = baujat_layout(found, named=2)
    assert shown.points[0].x == tuple(found.heterogeneity)
    assert shown.points[0].y == tuple(found.influence)
    assert len(shown.labels) == 2
    assert "Baujat plot of 13 studies" in shown.alt_text


def test_radial(bcg: Any) -> None:
    shown = radial_layout(bcg)
    x, y = np.array(shown.points[0].x), np.array(shown.points[0].y)
    assert y / x == pytest.approx(np.asarray(bcg.effects.y), rel=SAME)
    assert x**-2 == pytest.approx(np.asarray(bcg.effects.v) + bcg.tau2, rel=SAME)
    assert shown.curves[0].y[1] / shown.curves[0].x[1] == pytest.approx(bcg.estimate, rel=SAME)


def test_normal_quantiles(bcg: Any) -> None:
    found = mk.normal_quantiles(bcg)
    shown = normal_quantiles_layout(found)
    assert shown.points[0].x == tuple(found.theoretical)
    assert shown.points[0].y == tuple(found.observed)
    assert shown.regions[1].low == tuple(found.low)
    assert {n.text for n in shown.labels} == set(found.outside)


@pytest.mark.parametrize("measure", ["RR", "OR", "PETO", "RD", "AS"])
def test_labbe_line_has_the_pooled_effect(bcg: Any, measure: str) -> None:
    result = mk.pool(mk.effect_sizes(bcg.effects.table, measure))
    shown = labbe_layout(result.effects, pooled=result)
    i = len(shown.curves[1].x) // 2
    control, treated = shown.curves[1].x[i], shown.curves[1].y[i]
    n = 10**9  # so many patients that counts are as fine as rates
    table = pd.DataFrame({"study": ["line"], "events_t": [round(treated * n)], "n_t": [n],
                          "events_c": [round(control * n)], "n_c": [n]})  # fmt: skip
    if measure != "PETO":  # whose odds ratio is another estimate than the line's
        assert mk.effect_sizes(table, measure).y[0] == pytest.approx(result.estimate, abs=1e-6)  # rates cut at 1e-9
    rates = bcg.effects.table["events_c"] / bcg.effects.table["n_c"]
    assert shown.points[0].x == pytest.approx(tuple(rates), rel=SAME)


def test_labbe_needs_counts() -> None:
    with pytest.raises(InputError, match="events_t"):
        labbe(generic([0.1, 0.2], [0.1, 0.1], study=["a", "b"], measure="GEN"))


def test_bubble(bcg: Any) -> None:
    result = mk.pool(bcg.effects, moderators=["ablat"])
    shown = bubble_layout(result, "ablat", prediction=True, named=3)
    assert shown.points[0].x == tuple(bcg.effects.table["ablat"])
    assert shown.points[0].y == pytest.approx(tuple(np.exp(bcg.effects.y)), rel=SAME)
    slope, x, y = result.coef[1], shown.curves[0].x, np.log(shown.curves[0].y)
    assert (y[-1] - y[0]) / (x[-1] - x[0]) == pytest.approx(slope, rel=1e-9)  # of the logs of rounded floats
    assert len(shown.regions) == 2
    assert len(shown.labels) == 3


@pytest.mark.parametrize("name", ["ablatt", "year"])
def test_bubble_of_no_moderator(bcg: Any, name: str) -> None:
    with pytest.raises(InputError, match="ablat"):
        bubble(mk.pool(bcg.effects, moderators=["ablat"]), name)


def test_bubble_of_a_common_effect_model_predicts_nothing(bcg: Any) -> None:
    with pytest.raises(InputError, match="prediction=True needs a random-effects model"):
        bubble_layout(mk.pool(bcg.effects, moderators=["ablat"], model="common"), "ablat", prediction=True)
