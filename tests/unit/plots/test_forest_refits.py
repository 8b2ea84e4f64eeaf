"""Leave-one-out and cumulative forests, against the diagnostics that they show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection

import metaket as mk
from metaket.errors import InputError
from metaket.plots import forest_refits, forest_refits_layout

Look = Callable[[Any, str], None]


def test_rows_are_those_of_leave_one_out(bcg: Any) -> None:
    refits = mk.leave_one_out(bcg)
    layout = forest_refits_layout(refits)
    frame = refits.to_frame(transform=True)
    np.testing.assert_allclose([r.estimate for r in layout.rows], frame["estimate"], rtol=1e-12)
    np.testing.assert_allclose([r.low for r in layout.rows], frame["ci_low"], rtol=1e-12)
    assert layout.summary is not None
    assert layout.summary.estimate == bcg.back(bcg.estimate)
    assert layout.summary.label == "All 13 studies, random effects (DL)"
    k, i2, p = layout.columns
    # metafor's leave1out(rma(...)) of these trials without the first: 0.49, I2 92.7, p < 0.001
    assert (k.cells[0], i2.cells[0], p.cells[0], p.total) == ("12", "92.7", "< 0.001", "< 0.001")
    assert "Lowest 0.45 (95% CI 0.33 to 0.62), without TPT Madras." in layout.alt_text


def test_rows_are_those_of_the_cumulative_one(bcg: Any) -> None:
    refits = mk.cumulative(bcg, "year")
    layout = forest_refits_layout(refits, style="jama")
    assert [r.label.rstrip("*") for r in layout.rows] == list(refits.study)
    year, k, i2, _ = layout.columns
    assert (year.heading, year.cells[0], year.cells[-1]) == ("year", "1948", "1980")
    assert (k.cells[0], i2.cells[0], i2.cells[1]) == ("1", "–", "0.0")
    assert layout.rows[0].label == "Aronson*"  # alone, its interval holds no effect
    assert layout.footnotes[0].startswith("* the interval decides otherwise")
    assert layout.rows[-1].estimate == pytest.approx(bcg.back(bcg.estimate))


def test_a_row_without_an_answer_is_a_dash() -> None:
    refits = mk.leave_one_out(mk.pool(mk.generic([0.1, 0.2, 0.3], [0.1, 0.1, 0.1]), tau2="DL"))
    lost = np.where([False, True, False], np.nan, 1.0)
    gap = replace(refits, fits=replace(refits.fits, estimate=refits.estimate * lost, std_error=refits.std_error * lost))
    layout = forest_refits_layout(gap)
    assert layout.rows[1].text == ("–", "", "")
    squares = next(c for c in forest_refits(gap).child_axes[0].collections if isinstance(c, PathCollection))
    assert len(squares.get_offsets()) == 2


def test_one_study_of_two_names_is_marked_by_row() -> None:
    effects = mk.generic([1.0, 0.1, 0.2], [0.01, 0.2, 0.2], study=["A", "A", "B"])
    layout = forest_refits_layout(mk.leave_one_out(mk.pool(effects, model="common")))
    assert [r.label for r in layout.rows] == ["A*", "A", "B"]


def test_what_it_cannot_draw_is_named(bcg: Any) -> None:
    with pytest.raises(InputError, match=r"takes what mk.leave_one_out, .* got PooledResult"):
        forest_refits(bcg)
    with pytest.raises(InputError, match="715 rows are too many for a forest plot, at most 500"):
        forest_refits(mk.leave_out(bcg, 4))


def test_looks(bcg: Any, looks_like: Look) -> None:
    looks_like(forest_refits(mk.leave_one_out(bcg), favours=("vaccine", "none")), "forest-leave-one-out")
    looks_like(forest_refits(mk.cumulative(bcg, "year"), style="jama", title="By year"), "forest-cumulative")


@pytest.mark.parametrize("style", ["plain", "revman", "jama", "bmj"])
@pytest.mark.parametrize(("k", "length"), [(2, 1), (9, 80), (200, 30)])
def test_nothing_overlaps(make_result: Any, assert_clean: Callable[..., Any], style: str, k: int, length: int) -> None:
    result = make_result(k, length)
    favours = ("l" * length, "r r " * length)
    assert_clean(forest_refits(mk.leave_one_out(result), style=style, favours=favours, title="t " * length))
    assert_clean(forest_refits(mk.cumulative(result), style=style, favours=favours))
