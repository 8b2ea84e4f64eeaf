"""Styles, subgroups, several models and further columns of the forest plot, against the results they show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.patches import Polygon

import metaket as mk
from metaket.errors import InputError, UnknownChoiceError
from metaket.plots import FOREST_STYLES, forest, forest_layout

Look = Callable[[Any, str], None]
pytestmark = pytest.mark.filterwarnings("ignore:few studies for a tau2 of its own")  # said of the BCG trials' groups


def test_subgroups_by_column_are_those_of_the_diagnostic(bcg: Any) -> None:
    groups = mk.subgroups(bcg, "alloc")
    layout = forest_layout(bcg, subgroups="alloc")
    assert [r.label for r in layout.of_kind("heading")] == list(groups.levels)
    parts = layout.of_kind("subtotal")
    assert [r.estimate for r in parts] == [g.back(g.estimate) for g in groups.results]
    assert sum(r.weight for r in parts) == pytest.approx(100.0)
    assert len(layout.rows) == 13
    # metafor's rma(yi, vi, mods = ~ alloc, method = "DL") has another test: here each subgroup has its own tau2
    assert (
        layout.lines[-1] == f"Between subgroups: Q = {groups.q_between:.2f}, df = 2 (p = 0.464); a τ² of each subgroup"
    )
    assert "random 0.37 (95% CI 0.18 to 0.74), 7 studies" in layout.alt_text


def test_studies_and_totals_stand_in_their_subgroup(bcg: Any) -> None:
    layout = forest_layout(bcg, subgroups=mk.subgroups(bcg, "alloc"))
    column, table = layout.columns[0], bcg.effects.table
    group, total = "", 0
    for row in layout.table:
        if row.kind == "heading":
            group, total = row.label, 0
        elif row.kind == "study":
            assert table["alloc"].iloc[row.index] == group
            assert row.estimate == np.exp(bcg.effects.y[row.index])
            total += int(column.cell(row).split("/")[0])
        elif row.kind == "subtotal":
            assert int(column.cell(row).split("/")[0]) == total


def test_studies_of_no_known_group_come_last(bcg: Any) -> None:
    groups = ["a"] * 6 + ["b"] * 6 + [None]
    layout = forest_layout(bcg, subgroups=mk.subgroups(bcg, groups))
    heading = layout.of_kind("heading")[-1]
    assert heading.label == "group not known"
    after = layout.table[layout.table.index(heading) + 1]
    assert (after.label, after.index) == (bcg.effects.study[12], 12)


def test_subgroups_of_other_studies_are_refused(bcg: Any, make_result: Any) -> None:
    other = mk.subgroups(make_result(10), ["a", "b"] * 5)
    with pytest.raises(InputError, match=r"subgroup 'a' holds .*, which the result does not"):
        forest_layout(bcg, subgroups=other)


def test_random_and_common_diamonds_both(bcg: Any) -> None:
    common = mk.pool(bcg.effects, model="common")
    layout = forest_layout(bcg, also=common)
    assert [r.label for r in layout.of_kind("summary")] == ["Random effects (DL)", "Common effect"]
    assert [r.estimate for r in layout.of_kind("summary")] == [bcg.back(bcg.estimate), bcg.back(common.estimate)]
    assert layout.panels[0].weights == ("Weight, % random", "Weight, % common")
    np.testing.assert_allclose([r.mark.weights for r in layout.rows], np.column_stack([bcg.weights, common.weights]))
    assert len([p for p in forest(bcg, also=common).child_axes[0].patches if isinstance(p, Polygon)]) == 2
    with pytest.raises(InputError, match="also takes results of the same effects"):
        forest_layout(bcg, also=mk.pool(bcg.effects.take([0, 1]), model="common"))


def test_further_columns(bcg: Any) -> None:
    layout = forest_layout(bcg, left=["year", "Latitude, °=ablat:.1f"], right={"Order": range(13), "How": "alloc"})
    year, latitude = layout.left[:2]
    assert (year.heading, year.cells[0], year.align) == ("year", "1948", "right")
    assert (latitude.heading, latitude.cells[0]) == ("Latitude, °", "44.0")
    assert [(c.heading, c.cells[:2], c.align) for c in layout.right] == [
        ("Order", ("0", "1"), "right"),
        ("How", ("random", "random"), "left"),
    ]


def test_columns_that_are_not_there(bcg: Any) -> None:
    with pytest.raises(UnknownChoiceError, match=r"unknown column 'yaer': choose one of study, .*Did you mean year\?"):
        forest_layout(bcg, left="yaer")
    with pytest.raises(InputError, match="'How' has 2 values but there are 13 studies"):
        forest_layout(bcg, left={"How": [1, 2]})
    with pytest.raises(InputError, match=r"'alloc' holds 'random', which the format '.2f' does not fit"):
        forest_layout(bcg, left=["alloc:.2f"])
    with pytest.raises(InputError, match="the effects have no table"):
        forest_layout(mk.pool([0.1, 0.2], [0.1, 0.1]), left="year")


@pytest.mark.parametrize(
    ("style", "effect", "heading", "line"),
    [
        ("revman", ("0.49", "[0.34,", "0.70]"), "Study or Subgroup", "Test for overall effect: Z = 4.00 (P = 0.00006)"),
        ("jama", ("0.49", "(0.34-", "0.70)"), "Source", "Test for overall effect: z = −4.00, P < .001"),
        ("bmj", ("0.49", "(0.34 to", "0.70)"), "Study", "Test for overall effect: z=−4.00, P<0.001"),
    ],
)
def test_styles_print_as_the_journals_do(
    bcg: Any, style: str, effect: tuple[str, str, str], heading: str, line: str
) -> None:
    layout = forest_layout(bcg, style=style.upper())
    assert layout.summary is not None
    assert (layout.summary.text, layout.style.study, layout.lines[1]) == (effect, heading, line)


@pytest.mark.parametrize("style", FOREST_STYLES)
def test_looks(bcg: Any, looks_like: Look, style: str) -> None:
    ax = forest(
        bcg, style=style, subgroups=mk.subgroups(bcg, "alloc"), also=mk.pool(bcg.effects, model="common"),
        left=["year"], right=["Latitude=ablat"], favours=("vaccine", "none"), title="BCG",
    )  # fmt: skip
    looks_like(ax, f"forest-{style}-subgroups")


def test_order_of_the_blocks_is_the_style_s(bcg: Any) -> None:
    for code, style in FOREST_STYLES.items():
        ax = forest(bcg, style=code)
        texts = {t.get_text(): t.get_window_extent() for t in ax.texts}
        at = {"panel": ax.child_axes[0].get_window_extent().x0, "weight": texts["100.0" + style.percent].x0}
        at["effect"] = texts[next(t for t in texts if t.startswith("0.49"))].x0
        assert sorted(at, key=lambda name: at[name]) == list(style.inner)


def test_a_negative_interval_is_parted_by_a_word() -> None:
    result = mk.pool(mk.generic([-0.5, -0.1], [0.04, 0.04], measure="SMD"), tau2="DL")
    assert forest_layout(result, style="jama").rows[0].text == ("−0.50", "(−0.89 to", "−0.11)")


def test_names_of_models_keep_their_capitals(bcg: Any) -> None:
    for model, label in (("mh", "Mantel-Haenszel"), ("peto", "Peto"), ("common", "common effect")):
        effects = mk.effect_sizes(bcg.effects.table, "OR")
        layout = forest_layout(mk.pool(effects, model=model), style="revman")
        assert [r.label for r in layout.of_kind("summary")] == [f"Total (95% CI), {label}"]


def test_a_style_of_one_s_own(bcg: Any) -> None:
    mine = replace(FOREST_STYLES["bmj"], study="Trial", diamond="#ff0000")
    ax = forest(bcg, style=mine)
    assert "Trial" in {t.get_text() for t in ax.texts}
    diamond = next(p for p in ax.child_axes[0].patches if isinstance(p, Polygon))
    assert diamond.get_facecolor()[:3] == (1.0, 0.0, 0.0)
    with pytest.raises(UnknownChoiceError, match=r"unknown forest style 'jamma'.*Did you mean jama\?"):
        forest(bcg, style="jamma")


@pytest.mark.parametrize("style", FOREST_STYLES)
@pytest.mark.parametrize(("k", "length", "groups"), [(2, 1, 2), (12, 80, 3), (60, 20, 7)])
def test_nothing_overlaps(
    make_result: Any, assert_clean: Callable[..., Any], style: str, k: int, length: int, groups: int
) -> None:
    result = make_result(k, length)
    names = [f"{'g' * length}{i % groups}" for i in range(k)]
    parts = mk.subgroups(mk.pool(result.effects, tau2=0.1), names)
    values = [("text " * 20)[:length].strip() for _ in range(k)]
    favours = ("l" * length, "r r " * length)
    ax = forest(
        mk.pool(result.effects, tau2=0.1), style=style, subgroups=parts, also=mk.pool(result.effects, model="common"),
        left={"h" * length: values}, right={"number " * (length // 8): range(k)}, favours=favours,
    )  # fmt: skip
    assert_clean(ax)
    assert_clean(forest(result, style=style, favours=favours))
