"""Several results over the same studies: rows are matched, panels share an axis, markers tell estimates apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection

import metaket as mk
from metaket.errors import InputError
from metaket.plots import forest_panels, forest_panels_layout

Look = Callable[[Any, str], None]


@pytest.fixture
def trials(bcg: Any) -> Any:
    """The BCG trials with names that are unique."""
    table = bcg.effects.table.assign(
        study=[f"{s} {y}" for s, y in zip(bcg.effects.study, bcg.effects.table["year"], strict=True)]
    )
    return mk.effect_sizes(table, "RR")


@pytest.fixture
def times(trials: Any) -> dict[str, Any]:
    """Two overlapping sets of the BCG trials, as if they were two times."""
    return {"24 h": mk.pool(trials.take(range(8)), tau2="DL"), "day 7": mk.pool(trials.take(range(4, 13)))}


def test_rows_are_the_union_of_the_studies(trials: Any, times: dict[str, Any]) -> None:
    layout = forest_panels_layout(times, left=["year"])
    assert [r.label for r in layout.rows] == list(trials.study)
    assert layout.left[0].cells == tuple(str(y) for y in trials.table["year"])
    for i, row in enumerate(layout.rows):
        assert [len(m) for m in row.marks] == [int(i < 8), int(i >= 4)]
    assert layout.rows[5].marks[0][0].estimate == pytest.approx(float(np.exp(trials.y[5])))
    assert layout.summary is not None
    assert [m[0].estimate for m in layout.summary.marks] == [r.back(r.estimate) for r in times.values()]
    assert layout.summary.label == "Pooled effect"  # DL in one, REML in the other
    assert layout.panels[0].axis == layout.panels[1].axis
    assert [p.title for p in layout.panels] == ["24 h", "day 7"]
    assert layout.lines[0].startswith("24 h. Heterogeneity: Q = ")
    assert "24 h: risk ratio 0.40 (95% CI 0.24 to 0.67), 8 studies" in layout.alt_text


def test_panels_of_other_measures_have_their_own_axis(trials: Any, times: dict[str, Any]) -> None:
    times["difference"] = mk.pool(mk.effect_sizes(trials.table, "RD"))
    layout = forest_panels_layout(times)
    assert [p.axis.log for p in layout.panels] == [True, True, False]
    assert [p.axis.null for p in layout.panels] == [1.0, 1.0, 0.0]
    with pytest.raises(InputError, match="share one measure, got Risk ratio and Risk difference"):
        forest_panels(times, together=True)


def test_estimates_in_one_panel_have_their_own_markers(times: dict[str, Any]) -> None:
    layout = forest_panels_layout(times, together=True)
    assert layout.series == ("24 h", "day 7")
    assert [[m.series for m in row.marks[0]] for row in (layout.rows[0], layout.rows[5], layout.rows[12])] == [
        [0], [0, 1], [1]
    ]  # fmt: skip
    ax = forest_panels(times, together=True)
    squares = [c for c in ax.child_axes[0].collections if isinstance(c, PathCollection) and len(c.get_offsets()) > 5]
    assert len({c.get_paths()[0].vertices.tobytes() for c in squares}) == 2
    ys = {len(c.get_offsets()): sorted(c.get_offsets()[:, 1]) for c in squares}
    assert not set(ys[8]) & set(ys[9])  # no two lie on each other


def test_a_name_that_stands_twice_cannot_be_matched(bcg: Any) -> None:
    with pytest.raises(InputError, match=r"'Rosenthal et al' stands twice in 'day 7': .* such as one with its year"):
        forest_panels({"day 7": bcg})


def test_left_out_rows_are_named_with_their_panel(han: Any) -> None:
    layout = forest_panels_layout({"response": mk.pool(han, tau2="DL")})
    assert layout.rows[1].label == "Lapidus 2014*"
    assert any(n.startswith("response: Left out, 2 studies: Sos 2013") for n in layout.footnotes)


@pytest.mark.parametrize("results", [{}, [], None])
def test_nothing_to_draw(results: Any) -> None:
    with pytest.raises(InputError, match="results must map names to at least one pooled result"):
        forest_panels(results)


def test_looks(times: dict[str, Any], looks_like: Look) -> None:
    favours = ("vaccine", "none")
    looks_like(forest_panels(times, left=["year"], favours=favours, title="Panels"), "forest-panels")
    looks_like(forest_panels(times, together=True, style="bmj", favours=favours), "forest-together")


@pytest.mark.parametrize("style", ["plain", "revman", "jama", "bmj"])
@pytest.mark.parametrize(("n", "k", "length"), [(1, 1, 1), (3, 12, 30), (5, 40, 80)])
def test_nothing_overlaps(
    make_result: Any, assert_clean: Callable[..., Any], style: str, n: int, k: int, length: int
) -> None:
    results = {f"{'name ' * 20}"[:length] + str(i): make_result(k, length, "RR") for i in range(n)}
    words = {"title": "t " * length, "favours": ("l" * length, "r r " * length)}
    assert_clean(forest_panels(results, style=style, **words))
    assert_clean(forest_panels(results, together=True, style=style, **words))
