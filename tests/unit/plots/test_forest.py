"""The forest plot: its numbers against the result, and the artists that show them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

import metaket as mk
from metaket.errors import InputError
from metaket.measures.compute import generic
from metaket.plots import alt_text, forest, forest_layout


def test_numbers_are_those_of_the_result(bcg: Any) -> None:
    layout = forest_layout(bcg)
    frame = bcg.effects.to_frame(0.95, transform=True)
    assert [r.label for r in layout.rows] == list(bcg.effects.study)
    for column in ("estimate", "low", "high"):
        have = [getattr(r, column) for r in layout.rows]
        np.testing.assert_allclose(have, frame[column if column == "estimate" else f"ci_{column}"], rtol=1e-12)
    assert [r.weight for r in layout.rows] == bcg.weights.tolist()
    low, high = (bcg.back(x) for x in bcg.ci())
    assert (layout.summary.estimate, layout.summary.low, layout.summary.high) == (bcg.back(bcg.estimate), low, high)
    assert layout.prediction is not None
    assert layout.prediction.low == bcg.back(bcg.prediction_interval().low)


def test_printed_texts_of_the_bcg_trials(bcg: Any) -> None:
    layout = forest_layout(bcg, arms=("Vaccinated", "Control"))
    assert layout.summary.label == "Random effects (DL)"
    # Colditz 1994 by DerSimonian-Laird: 0.49 (0.34 to 0.70), Q 152.23 on 12 df, tau2 0.309; metafor prints the same.
    assert layout.summary.text == ("0.49", "[0.34,", "0.70]")
    assert layout.lines[0].startswith(
        "Heterogeneity: Q = 152.23, df = 12 (p < 0.001); I² = 92.1% (from τ²); τ² = 0.309"
    )
    assert layout.columns[0].cells[0] == "4/123"
    assert (layout.columns[0].total, layout.columns[1].total) == ("1065/191064", "1510/166283")
    assert layout.panels[0].heading == ("Risk ratio", "[95% CI]")
    assert layout.axis.log
    assert layout.axis.has_null
    for part in ("13 studies", "0.49 (95% CI 0.34 to 0.70)", "prediction interval 0.14 to 1.77"):
        assert part in layout.alt_text


def test_area_of_squares_is_proportional_to_weight(bcg: Any) -> None:
    layout = forest_layout(bcg)
    np.testing.assert_allclose(np.square(layout.squares) * max(bcg.weights), bcg.weights, rtol=1e-12)
    squares = _collection(forest(bcg), PathCollection)
    np.testing.assert_allclose(squares.get_sizes() / squares.get_sizes().max(), bcg.weights / max(bcg.weights))


def test_two_trials_with_footnotes_and_no_prediction_interval(han: mk.EffectSizes) -> None:
    layout = forest_layout(mk.pool(han, tau2="DL"), arms=("Ketamine", "Placebo"))
    assert [r.label for r in layout.rows] == ["Murrough 2013", "Lapidus 2014*"]
    assert [r.text for r in layout.rows] == [("2.28", "[1.17,", "4.43]"), ("8.00", "[1.11,", "57.57]")]
    assert layout.prediction is None
    assert layout.lines[-1] == "No prediction interval: needs at least 3 studies, has 2"
    assert layout.footnotes[0] == "* crossover, as parallel"
    assert layout.footnotes[1].startswith("Left out, 2 studies: Sos 2013 (events (Ketamine arm), events (Placebo arm)")


def test_one_trial(han: mk.EffectSizes) -> None:
    layout = forest_layout(mk.pool(han.take([0]), tau2="DL"))
    assert layout.rows[0].text == layout.summary.text
    assert layout.lines[0] == "Heterogeneity: not defined for 1 study"


def test_zero_cells_and_unverified_rows_are_marked() -> None:
    rows = pd.DataFrame(
        {"study": ["A", "B", "C"], "events_t": [12, 3, 4], "n_t": 17, "events_c": [0, 1, 2], "n_c": 14,
         "status": ["unverified", "quoted", "unverified"]}
    )  # fmt: skip
    layout = forest_layout(mk.pool(mk.effect_sizes(rows, "RR"), tau2="DL"))
    assert [r.label for r in layout.rows] == ["A*†", "B", "C†"]
    assert layout.footnotes == ("* 0.5 added to each cell", "† unverified: no source at hand")


def test_columns_of_means_sizes_and_none() -> None:
    means = {"study": ["A", "B"], "mean_t": [55, 27.5], "sd_t": [47, 7], "n_t": [155, 31]}
    means |= {"mean_c": [75, 29], "sd_c": [64, 4], "n_c": [156, 32]}
    layout = forest_layout(mk.pool(mk.effect_sizes(means, "MD"), model="common"))
    assert [(c.heading, c.cells, c.total) for c in layout.columns[:2]] == [
        ("mean (SD)", ("55.0 (47.0)", "27.5 (7.0)"), ""),
        ("n", ("155", "31"), "186"),
    ]
    assert layout.summary.label == "Common effect"
    sizes = {"study": ["A", "B"], "y": [0.1, 0.2], "v": [0.1, 0.1], "n_t": [3, 4], "n_c": [5, 6]}
    assert [c.total for c in forest_layout(mk.pool(generic(data=sizes))).columns] == ["7", "11"]
    sizes["n_c"] = [5, None]
    columns = forest_layout(mk.pool(generic(data=sizes))).columns
    assert [(c.cells, c.total) for c in columns] == [(("3", "4"), "7"), (("5", "–"), "")]
    assert forest_layout(mk.pool([0.1, 0.2], [0.1, 0.1])).columns == ()


def test_other_column_names() -> None:
    rows = {"study": ["A", "B"], "ai": [4, 6], "n1i": [10, 20], "ci": [2, 3], "n2i": [10, 20]}
    result = mk.pool(mk.effect_sizes(rows, "OR", columns="metafor"), tau2="DL")
    assert forest_layout(result).columns == ()
    assert forest_layout(result, columns="metafor").columns[0].cells == ("4/10", "6/20")


def test_level_widens_every_interval(bcg: Any) -> None:
    narrow, wide = forest_layout(bcg, level=0.8), forest_layout(bcg, level=0.99)
    assert wide.panels[0].heading[1] == "[99% CI]"
    for a, b in zip((*narrow.rows, narrow.summary), (*wide.rows, wide.summary), strict=True):
        assert b.low < a.low < a.estimate < a.high < b.high
    with pytest.raises(InputError, match="level must lie between 0 and 1"):
        forest_layout(bcg, level=95)


def test_intervals_beyond_the_axis_end_in_arrows(bcg: Any) -> None:
    layout = forest_layout(bcg, limits=(0.5, 2.0))
    beyond = [r for r in layout.rows if r.low < 0.5 or r.high > 2.0]
    outside = [r for r in layout.rows if not 0.5 <= r.estimate <= 2.0]
    assert beyond
    assert outside
    panel = forest(bcg, limits=(0.5, 2.0)).child_axes[0]
    lines = next(c for c in panel.collections if isinstance(c, LineCollection))
    ends = np.array([s[:, 0] for s in lines.get_segments()])
    assert ends.min() == 0.5
    assert ends.max() == 2.0
    heads = [c for c in panel.collections if isinstance(c, PathCollection)][1:]
    rows = [*layout.rows, layout.summary, layout.prediction]
    wanted = sum((r.low < 0.5) + (r.high > 2.0) for r in rows if r is not None)
    assert len(heads) == wanted
    assert len(_collection(forest(bcg, limits=(0.5, 2.0)), PathCollection).get_offsets()) == 13 - len(outside)


def test_diamond_and_prediction_bar_span_their_intervals(bcg: Any) -> None:
    panel = forest(bcg).child_axes[0]
    diamond = next(p for p in panel.patches if isinstance(p, Polygon))
    low, high = (bcg.back(x) for x in bcg.ci())
    assert diamond.get_xy()[:, 0].min() == pytest.approx(low)
    assert diamond.get_xy()[:, 0].max() == pytest.approx(high)
    bar = next(p for p in panel.patches if isinstance(p, Rectangle))
    assert bar.get_x() == pytest.approx(bcg.back(bcg.prediction_interval().low))
    assert panel.get_xscale() == "log"


def test_favours_stand_on_their_sides_of_the_null(bcg: Any) -> None:
    ax = forest(bcg, favours=("vaccination", "no vaccination"))
    texts = {t.get_text(): t for t in ax.texts}
    left, right = texts["← favours vaccination"], texts["favours no vaccination →"]
    panel = ax.child_axes[0]
    null = panel.transData.transform((1.0, panel.get_ylim()[0]))[0]
    assert left.get_window_extent().x1 < null < right.get_window_extent().x0


def test_artists_take_arguments(bcg: Any) -> None:
    ax = forest(bcg, point={"color": "red", "marker": "o"}, interval={"lw": 3}, summary={"fc": "none", "hatch": "//"})
    panel = ax.child_axes[0]
    assert _collection(ax, PathCollection).get_facecolor()[0].tolist() == [1.0, 0.0, 0.0, 1.0]
    assert _collection(ax, LineCollection).get_linewidths()[0] == 3.0
    assert next(p for p in panel.patches if isinstance(p, Polygon)).get_hatch() == "//"


def test_size_follows_the_content(make_result: Any) -> None:
    def size(k: int, length: int) -> tuple[float, float]:
        width, height = forest(make_result(k, length)).get_figure(root=True).get_size_inches()  # type: ignore[union-attr]
        return width, height

    assert size(30, 10)[1] - size(20, 10)[1] == pytest.approx(size(20, 10)[1] - size(10, 10)[1])
    assert size(10, 40)[0] > size(10, 5)[0]


def test_a_given_axes_keeps_its_figure(bcg: Any) -> None:
    figure = Figure(figsize=(4, 3))
    ax = figure.add_subplot()
    ax.set_xlim(2, 3)
    before = ax.get_position().bounds
    assert forest(bcg, ax=ax) is ax
    assert ax.get_position().bounds == before
    assert ax.get_xlim() == (2, 3)
    assert tuple(figure.get_size_inches()) == (4, 3)
    assert alt_text(figure) == forest_layout(bcg).alt_text


def test_an_axes_without_room_is_an_error(bcg: Any) -> None:
    ax = Figure().add_axes((0.5, 0.5, 0.0, 0.5))
    with pytest.raises(InputError, match="ax has no room to draw in"):
        forest(bcg, ax=ax)


def test_huge_effects_do_not_overflow() -> None:
    effects = generic([800.0, -800.0, 0.1], [1.0, 1.0, 1.0], measure="RR")
    layout = forest_layout(mk.pool(effects, model="common"))
    assert layout.rows[0].text[0] == "∞"
    assert math.isfinite(layout.axis.high)
    forest(mk.pool(effects, model="common"))


def _collection(ax: Any, kind: type) -> Any:
    return next(c for c in ax.child_axes[0].collections if isinstance(c, kind))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"decimals": -1}, "decimals must be"), ({"favours": ("a",)}, "two texts"), ({"favours": "ab"}, "two texts")],
)
def test_slips_of_options(bcg: Any, options: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        forest_layout(bcg, **options)


def test_what_is_no_pooled_result() -> None:
    regression = mk.pool([0.1, 0.3, 0.5, 0.2], [0.04, 0.05, 0.06, 0.05], moderators=[1.0, 2.0, 3.0, 5.0])
    with pytest.raises(InputError, match="bubble"):
        forest_layout(regression)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="got list"):
        forest_layout([1, 2])  # type: ignore[arg-type]


def test_one_note_is_one_footnote(bcg: Any) -> None:
    assert forest_layout(bcg, notes="one note").footnotes[-1] == "one note"


def test_judgements_of_studies_that_share_a_name_are_not_guessed() -> None:
    table = pd.DataFrame({"study": ["B", "A", "A"], **{f"rob2_d{i}": ["low", "high", "low"] for i in range(1, 6)}})
    rob = mk.risk_of_bias(table)
    effects = mk.generic([0.1, 0.2, 0.3], [0.04, 0.05, 0.06], study=["A", "A", "B"])
    with pytest.raises(InputError, match="'A' stands twice"):
        forest_layout(mk.pool(effects), rob=rob)
