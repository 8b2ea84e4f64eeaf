"""The joint course and the rho band: their numbers are those of the model, and no text is cut off or overlaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import InputError
from metaket.plots import alt_text, joint_course, joint_course_layout, rho_band, rho_band_layout


def rows(times: int, k: int, seed: int = 1, size: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    out = [
        (f"Study {i}", 6.0 * 3.0**t, size * rng.normal(-0.6 + 0.1 * t, 0.4), size**2 * rng.uniform(0.02, 0.4))
        for i in range(k)
        for t in range(times)
        if t == 0 or rng.random() < 0.8
    ]
    return pd.DataFrame(out, columns=["study", "time_h", "y", "v"])


@pytest.fixture(scope="module")
def han() -> mk.JointCourse:
    return mk.pool_over_time(
        mk.load("han2016"), outcome="depression", measure="SMD", model="joint", where={}, title="Depression score"
    )


def test_the_numbers_are_those_of_the_model(han: mk.JointCourse) -> None:
    layout = joint_course_layout(han)
    ours = [m for m in layout.marks if m.row == 1]
    expected = [(f.model.coef[i], *f.model.ci()[i]) for i in range(3) for _, f in han.fits]
    assert [(m.estimate, m.low, m.high) for m in ours] == [pytest.approx(e) for e in expected]
    alone = [m for m in layout.marks if m.row == 0]
    assert alone[0].estimate == pytest.approx(han.separate.points[0].result.estimate)
    assert [r.name for r in layout.rows] == ["Each time alone", "One model for all times"]
    assert layout.rows[0].cells[0][0] == "k = 10, N = 889"


def test_the_curve_and_the_trials(han: mk.JointCourse) -> None:
    layout = joint_course_layout(han)
    curve = han.curve("log").at([24, 168])
    assert layout.band is not None
    assert (layout.band.estimate[0], layout.band.estimate[-1]) == pytest.approx(tuple(curve["estimate"]))
    assert (layout.band.low[0], layout.band.high[-1]) == pytest.approx((curve["ci_low"][0], curve["ci_high"][1]))
    assert {t.study: len(t.at) for t in layout.trials}["Lii 2023"] == 3
    assert len(layout.trials) == len(set(han.fit.effects.study))


def test_what_was_assumed_and_what_is_thin_stand_below(han: mk.JointCourse) -> None:
    said = " ".join(joint_course_layout(han).footnotes)
    assert "correlation 0.5 between the times of one trial (assumed)" in said
    assert "2 trials give more than one time" in said
    assert "Same effect at all times: chi-square" in said
    assert "curve in log time" in said


def test_without_curve_and_trials(han: mk.JointCourse) -> None:
    layout = joint_course_layout(han, curve="", trials=False)
    assert (layout.band, layout.trials) == (None, ())
    assert not any("Grey" in note or "Line and band" in note for note in layout.footnotes)


def test_a_curve_that_needs_more_times_is_named() -> None:
    course = mk.pool_over_time(rows(2, 8), measure="GEN", model="joint")
    with pytest.raises(InputError, match="knots"):
        joint_course_layout(course, curve="spline")


@pytest.mark.parametrize(("times", "k", "size"), [(1, 3, 1.0), (2, 4, 1e-4), (3, 10, 1e4), (4, 40, 1.0), (6, 12, 1.0)])
def test_text_is_clean(assert_clean: Callable[..., Any], times: int, k: int, size: float) -> None:
    data = rows(times, k, size=size)
    course = mk.pool_over_time(data, measure="GEN", model="joint", title="A course with a rather long title " * 3)
    assert_clean(joint_course(course, favours=("the one", "the other")))
    assert_clean(rho_band(course.over_rho([0.0, 0.4, 0.8]), title="How much depends on rho"))


def test_the_band_shows_the_range(han: mk.JointCourse) -> None:
    band = han.over_rho([0.0, 0.5, 0.9])
    layout = rho_band_layout(band)
    assert [line.label for line in layout.lines] == ["24 h", "72 h", "day 7"]
    assert layout.lines[1].estimate == pytest.approx(tuple(band.coef[:, 1]))
    assert layout.stated == 0.5
    assert layout.lines[0].reach[0] == f"{_minus(band.coef[:, 0].min())} to {_minus(band.coef[:, 0].max())}"


def _minus(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def test_words_for_those_who_cannot_see_it(han: mk.JointCourse) -> None:
    assert "One model for all times: 24 h" in alt_text(joint_course(han))
    assert "day 7: " in alt_text(rho_band(han.over_rho([0.2, 0.6])))
