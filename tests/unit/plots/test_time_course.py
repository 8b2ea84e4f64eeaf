"""The time course: slots, both ends of a range, empty times with their reasons, trials present at every time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError
from metaket.plots import time_course, time_course_layout

ROWS = {
    "study": ["Murrough 2013", "Lapidus 2014", "Murrough 2013", "Zarate 2006"],
    "time_h": [24, 24, 168, 72],
    "events_t": [30, 8, 21, 6],
    "n_t": [47, 18, 46, 17],
    "events_c": [7, 1, 4, None],
    "n_c": [25, 18, 22, 14],
}


@pytest.fixture
def course() -> Any:
    return mk.pool_over_time(ROWS, measure="RR", tau2="DL", times=[24, 72, 168], title="Response")


def test_numbers_are_those_of_the_results(course: Any) -> None:
    layout = time_course_layout(course)
    full = [m for m in layout.marks if m.row == 0]
    assert [layout.slots[m.slot].label for m in full] == ["24 h", "day 7"]
    for mark, result in zip(full, (course.points[0].result, course.points[2].result), strict=True):
        assert mark.estimate == result.back(result.estimate)
        assert (mark.low, mark.high) == tuple(result.back(x) for x in result.ci())
    assert layout.rows[0].cells[0] == ("k = 2, N = 108", "2.99 [1.09, 8.20]")
    assert layout.title == "Response"


def test_time_without_result_keeps_its_place_and_says_why(course: Any) -> None:
    layout = time_course_layout(course, arms=("ketamine", "placebo"))
    assert [s.label for s in layout.slots] == ["24 h", "72 h", "day 7"]
    assert layout.empty_slots == (1,)
    said = " ".join((*layout.reasons, *layout.footnotes))
    assert "events (placebo arm)" in said
    assert layout.rows[0].cells[1][0].startswith("no result")


def test_long_reason_goes_to_a_footnote(make_course: Any) -> None:
    layout = time_course_layout(make_course(4, 80, complete=False))
    assert layout.reasons == ("", "", "", "")
    sign = layout.rows[0].cells[3][0].removeprefix("no result")
    assert any(note.startswith(f"{sign} ") and len(note) > 200 for note in layout.footnotes)


def test_trials_at_every_time_are_a_second_hollow_mark(course: Any, markers: Any) -> None:
    layout = time_course_layout(course)
    assert [(r.complete, r.series) for r in layout.rows] == [(False, 0), (True, 0)]
    at_24 = [m for m in layout.marks if m.slot == 0]
    assert [m.lane for m in at_24] == [0, 1]
    assert layout.rows[1].cells[0][0] == "k = 1, N = 72"
    assert len(time_course_layout(course, complete=False).rows) == 1
    faces = [c.get_facecolor()[0].tolist() for c in markers(time_course(course).child_axes[0])]
    assert faces.count([1.0, 1.0, 1.0, 1.0]) == 2


def test_same_trials_at_every_time_are_not_repeated() -> None:
    rows = {"study": ["A", "A"], "time_h": [24, 72], "y": [0.1, 0.2], "v": [0.1, 0.1]}
    assert len(time_course_layout(mk.pool_over_time(rows, measure="GEN")).rows) == 1


def test_both_ends_of_a_range_stand_side_by_side(make_course: Any) -> None:
    course = make_course(2, 12, complete=False)
    layout = time_course_layout(course)
    assert [(m.slot, m.lane, m.lanes) for m in layout.marks] == [(0, 0, 1), (1, 0, 2), (1, 1, 2)]
    first, second = (end for end, _ in course.points[1].results)
    assert len(layout.rows[0].cells[1]) == 3
    assert layout.footnotes == (f"* an input is printed as a range: {first}, then {second}",)


@pytest.mark.parametrize(
    ("times", "spacing", "log_time", "at"),
    [([24, 72, 168], "auto", True, [0, 1.2966, 2.2966]), ([1, 2, 336], "auto", False, [0, 1, 2]),
     ([24, 72, 168], "even", False, [0, 1, 2]), ([0, 24], "auto", False, [0, 1]), ([24], "auto", False, [0])],
)  # fmt: skip
def test_spacing(times: list[float], spacing: str, log_time: bool, at: list[float]) -> None:
    rows = {"study": ["A"] * len(times), "time_h": times, "y": [0.1] * len(times), "v": [0.1] * len(times)}
    layout = time_course_layout(mk.pool_over_time(rows, measure="GEN"), spacing=spacing)
    assert layout.log_time is log_time
    # 72/24 and 168/72 on the logarithm of time: ln 3 / ln(7/3) = 1.2966
    np.testing.assert_allclose([s.at for s in layout.slots], at, atol=5e-5)


def test_panel_is_in_hours_and_effects(course: Any, markers: Any) -> None:
    panel = time_course(course, complete=False).child_axes[0]
    at = sorted(c.get_offsets()[0].tolist() for c in markers(panel))
    np.testing.assert_allclose([x for x, _ in at], [24, 168])
    assert at[0][1] == pytest.approx(2.99, abs=0.005)
    assert panel.get_yscale() == "log"


def test_several_courses_get_different_markers(course: Any, markers: Any) -> None:
    layout = time_course_layout({"sourced": course, "with unverified": course}, title="Response")
    assert [r.name for r in layout.rows if not r.complete] == ["sourced", "with unverified"]
    assert [r.series for r in layout.rows if not r.complete] == [0, 1]
    assert "with unverified: 24 h k = 2" in layout.alt_text
    ax = time_course({"sourced": course, "with unverified": course})
    shapes = {c.get_paths()[0].vertices.tobytes() for c in markers(ax)}
    assert len(shapes) == 2


@pytest.mark.parametrize(
    ("courses", "message"),
    [([], "no course"), ({}, "no course")],
)
def test_nothing_to_draw(courses: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        time_course_layout(courses)


def test_bad_input_is_named(course: Any, make_course: Any) -> None:
    with pytest.raises(InputError, match="share one measure, got Odds ratio, Risk ratio"):
        time_course_layout([course, mk.pool_over_time(ROWS, measure="OR", times=[24], title="other")])
    with pytest.raises(InputError, match="same title"):
        time_course_layout([course, course])
    with pytest.raises(InputError, match=r"unknown spacing 'logs'.*Did you mean log"):
        time_course_layout(course, spacing="logs")
    rows = {"study": ["A", "A"], "time_h": [0, 24], "y": [0.1, 0.1], "v": [0.1, 0.1]}
    with pytest.raises(InputError, match="times above 0 h"):
        time_course_layout(mk.pool_over_time(rows, measure="GEN"), spacing="log")
