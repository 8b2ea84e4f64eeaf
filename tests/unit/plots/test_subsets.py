"""GOSH, influence panel and drapery show the numbers of their records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError
from metaket.plots import drapery_layout, gosh, gosh_layout, influence_panel_layout


@pytest.fixture(scope="module")
def found(bcg: Any) -> Any:
    return mk.gosh(bcg)


def test_gosh(found: Any, assert_clean: Any) -> None:
    shown = gosh_layout(found, study=found.result.effects.study[0])
    above, cloud = shown.charts
    drawn = sum(len(p.x) for p in cloud.points)
    assert drawn == int(((found.k >= 2) & found.converged).sum())
    assert sum(above.regions[0].high) / 2 == pytest.approx(drawn)  # an outline has each count twice
    without = found.estimate[(found.k >= 2) & ~found.holding(found.result.effects.study[0])]
    assert cloud.points[0].x == pytest.approx(tuple(np.exp(without)), rel=1e-12)
    assert_clean(gosh(found, title="t" * 80, notes=["n " * 80], against="tau2"))


def test_gosh_of_no_study(found: Any) -> None:
    with pytest.raises(InputError):
        gosh(found, study="Nobody 1999")
    with pytest.raises(InputError, match="against"):
        gosh(found, against="i3")


def test_influence(bcg: Any) -> None:
    found = mk.influence(bcg)
    shown = influence_panel_layout(found)
    cook = next(c for c in shown.charts if c.title == "Cook's distance")
    pairs = sorted(pair for p in cook.points for pair in zip(p.x, p.y, strict=True))
    assert pairs == list(enumerate(found.cooks_distance.tolist(), 1))
    assert f"13 {found.study[12]}." in shown.footnotes[0]


def test_drapery(bcg: Any) -> None:
    found = mk.p_value_function(bcg)
    shown = drapery_layout(found)
    pooled = next(c for c in shown.curves if c.name == "pooled effect")
    assert pooled.y == tuple(found.pooled)
    inside = np.array(pooled.x)[np.array(pooled.y) >= 0.05]
    low, high = np.exp(bcg.ci(0.95))
    assert low <= inside.min()
    assert inside.max() <= high
    assert shown.x.log
