"""Charts: no text is cut off, overlaps or runs into the data, whatever the input; what the key and the labels say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import metaket as mk
from metaket.measures.compute import generic
from metaket.plots import alt_text
from metaket.plots._chart import Chart, Curve, Label, Points, Region, plain_axis
from metaket.plots._chart_draw import draw_chart

CJK = "中村二〇一三年研究김철수日本語"
DRAWN: dict[str, tuple[int, Callable[..., Any]]] = {
    "funnel": (1, lambda r, **o: mk.plots.funnel(r, labels=r.effects.study[:5], **o)),
    "contours": (3, lambda r, **o: mk.plots.funnel(r, contours=True, filled=mk.trim_and_fill(r), **o)),
    "egger": (3, lambda r, **o: mk.plots.funnel(r, egger=mk.egger(r), **o)),
    "baujat": (2, lambda r, **o: mk.plots.baujat(mk.baujat(r), **o)),
    "radial": (1, mk.plots.radial),
    "normal-quantiles": (3, lambda r, **o: mk.plots.normal_quantiles(mk.normal_quantiles(r), **o)),
    "influence": (3, lambda r, **o: mk.plots.influence_panel(mk.influence(r), **o)),
    "drapery": (1, lambda r, **o: mk.plots.drapery(mk.p_value_function(r), **o)),
}


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.parametrize(("k", "length", "measure"), [(1, 80, "RR"), (3, 1, "SMD"), (10, 80, "RR"), (200, 30, "SMD")])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_text(make_result: Any, assert_clean: Any, name: str, k: int, length: int, measure: str) -> None:
    least, draw = DRAWN[name]
    result = make_result(max(k, least), length, measure)
    assert_clean(draw(result, title="t" * length, notes=["n " * length]))


@pytest.mark.parametrize("letters", [CJK, "אבגדהו", "محمد", "$_^\\{}%&#"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_other_scripts(make_result: Any, assert_clean: Any, letters: str) -> None:
    result = make_result(6, 30, letters=letters)
    for _, draw in DRAWN.values():
        assert_clean(draw(result, title=letters, notes=[letters * 9]))


@pytest.mark.parametrize("name", sorted(set(DRAWN) - {"contours", "egger"}))  # which refuse such studies
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_equal_effects(assert_clean: Any, name: str) -> None:
    effects = generic(np.full(5, 0.3), np.full(5, 0.04), study=list("abcde"), measure="SMD")
    result = mk.pool(effects, tau2="DL")
    assert result.tau2 == 0.0
    assert_clean(DRAWN[name][1](result))


@pytest.mark.parametrize("name", DRAWN)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_inside_a_given_axes(bcg: Any, assert_clean: Any, name: str) -> None:
    before = dict(mpl.rcParams)
    ax = Figure(figsize=(6.0, 5.0), dpi=200).subplots(2, 2).flat[1]
    assert DRAWN[name][1](bcg, ax=ax) is ax
    assert_clean(ax, frame=ax)
    assert alt_text(ax)
    assert dict(mpl.rcParams) == before


def test_key_and_labels() -> None:
    axis = plain_axis([0.0, 1.0], "v")
    chart = Chart(
        "", axis, axis, (Points((0.2, 0.8), (0.5, 0.5), "a"), Points((0.5,), (0.5,))), (Curve((0, 1), (0, 1), "b"),),
        (Region((0, 1), (0, 0), (1, 1)),), (Label(0.2, 0.5, "near"), Label(0.8, 0.5, "n" * 200)), alt_text="Two.",
    )  # fmt: skip
    assert [item.name for item in chart.keys] == ["a", "b"]
    ax = draw_chart(chart)
    written = {t.get_text() for axes in (ax, *ax.child_axes) for t in axes.texts}  # type: ignore[attr-defined]
    assert {"a", "b", "near"} <= written
    assert alt_text(ax) == f"Two. Not labelled for want of room: {'n' * 200}."


@pytest.mark.parametrize("values", [[0.0], [3.0, 3.0], [-1e-3, 1e3], [float("nan")], []])
def test_axis_holds_its_values(values: list[float]) -> None:
    axis = plain_axis(values, "v")
    assert axis.low < axis.high
    assert all(axis.low < v < axis.high for v in values if np.isfinite(v))


def test_log_axis_holds_its_values() -> None:
    axis = plain_axis([1e-3, 1e3, 0.0], "v", log=True, null=1.0)
    assert 0 < axis.low < 1e-3 < 1e3 < axis.high
