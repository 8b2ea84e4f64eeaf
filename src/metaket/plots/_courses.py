"""The sets of trials of a time course: which times, which rows of the table, which marks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from metaket.errors import InputError
from metaket.plots._arms import name_columns
from metaket.plots._text import NO_VALUE, Numbers, clean, interval_text, marker

if TYPE_CHECKING:
    from metaket.measures.registry import Scale
    from metaket.pooling.result import PooledResult

__all__ = [
    "Course",
    "CourseMark",
    "CoursePoint",
    "CourseRow",
    "TimeSlot",
    "course_marks",
    "course_rows",
    "course_sets",
    "named_courses",
    "reasons_in_slots",
    "shown",
    "time_slots",
]

MOST_UNEVEN = 2.5  # largest over smallest gap in log time that still gets a logarithmic axis
SHORT = 70  # characters of a reason that still stand in the empty slot
COMPLETE = "Trials present at every time"


class CoursePoint(Protocol):
    """What the figure reads of one time."""

    @property
    def time_h(self) -> float: ...
    @property
    def label(self) -> str: ...
    @property
    def results(self) -> tuple[tuple[str, PooledResult], ...]: ...
    @property
    def k(self) -> int: ...
    @property
    def n(self) -> int | None: ...
    @property
    def gap(self) -> str: ...


class Course(Protocol):
    """What the figure reads of a course: `metaket.timecourse.TimeCourse` has it."""

    @property
    def title(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def scale(self) -> Scale: ...
    @property
    def points(self) -> Sequence[CoursePoint]: ...
    @property
    def complete(self) -> Sequence[CoursePoint]: ...


@dataclass(frozen=True, slots=True)
class CourseSet:
    """One set of trials over time: `series` is its course, `complete` says that it is the trials with every time."""

    name: str
    series: int
    complete: bool
    points: tuple[CoursePoint, ...]


@dataclass(frozen=True, slots=True)
class TimeSlot:
    """A time on the axis; `at` counts the smallest gap between two times as 1."""

    label: str
    time_h: float
    at: float


@dataclass(frozen=True, slots=True)
class CourseMark:
    """One drawn effect: `row` and `slot` say whose, `lane` its place among the `lanes` of the slot."""

    row: int
    slot: int
    lane: int
    lanes: int
    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CourseRow:
    """One set of trials: `series` gives its marker and colour, `complete` makes it hollow; one cell a time."""

    name: str
    series: int
    complete: bool
    cells: tuple[tuple[str, ...], ...]


def named_courses(courses: Course | Sequence[Course] | Mapping[str, Course]) -> dict[str, Course]:
    if isinstance(courses, Mapping):
        named = dict(courses)
    elif isinstance(courses, Sequence):
        named = {course.title: course for course in courses}
        if len(named) < len(courses):
            raise InputError("courses have the same title; give them as a mapping of names to courses")
    else:
        named = {courses.title: courses}
    if not named:
        raise InputError("no course to draw")
    labels = {course.label for course in named.values()}
    if len(labels) > 1:
        raise InputError(f"courses must share one measure, got {', '.join(sorted(labels))}; draw one figure for each")
    return named


def time_slots(courses: Sequence[Course], spacing: str) -> tuple[tuple[TimeSlot, ...], bool]:
    labels: dict[float, str] = {}
    for course in courses:
        for point in course.points:
            labels.setdefault(float(point.time_h), clean(point.label))
    if not labels:
        raise InputError("no time to draw: the course has no points")
    times = sorted(labels)
    if times[0] <= 0 and spacing == "log":
        raise InputError(f"spacing 'log' needs times above 0 h, got {times[0]:g} h; use spacing='even'")
    log_time, at = False, [float(i) for i in range(len(times))]
    if spacing != "even" and times[0] > 0 and len(times) > 1:
        logs = [math.log(t) for t in times]
        gaps = [b - a for a, b in pairwise(logs)]
        if spacing == "log" or max(gaps) <= MOST_UNEVEN * min(gaps):
            log_time, at = True, [(x - logs[0]) / min(gaps) for x in logs]
    return tuple(TimeSlot(labels[t], t, a) for t, a in zip(times, at, strict=True)), log_time


def course_sets(named: Mapping[str, Course], complete: bool) -> list[CourseSet]:
    """Each course, then its trials with every time where they are others."""
    sets = []
    for series, (name, course) in enumerate(named.items()):
        sets.append(CourseSet(clean(name) if len(named) > 1 else "All trials", series, False, tuple(course.points)))
        sizes = {p.time_h: p.k for p in course.points}
        if complete and any(p.results and p.k != sizes.get(p.time_h) for p in course.complete):
            sets.append(CourseSet(COMPLETE, series, True, tuple(course.complete)))
    return sets


def shown(result: PooledResult, level: float) -> tuple[float, float, float]:
    low, high = result.ci(level)
    return result.back(result.estimate), result.back(low), result.back(high)


def _points_at(sets: Sequence[CourseSet], slot: TimeSlot) -> list[CoursePoint | None]:
    return [next((p for p in one.points if p.time_h == slot.time_h), None) for one in sets]


def reasons_in_slots(sets: Sequence[CourseSet], slots: Sequence[TimeSlot], arms: tuple[str, str]) -> tuple[str, ...]:
    """Why a slot is empty, where every set says the same and a few words do; longer reasons go to the foot."""
    out = []
    for slot in slots:
        points = [p for p in _points_at(sets, slot) if p is not None]
        gaps = {_gap(p, arms) for p in points if not p.results}
        short = len(gaps) == 1 and not any(p.results for p in points) and len(next(iter(gaps))) <= SHORT
        out.append(next(iter(gaps)) if short else "")
    return tuple(out)


def course_rows(
    sets: Sequence[CourseSet],
    slots: Sequence[TimeSlot],
    reasons: Sequence[str],
    arms: tuple[str, str],
    numbers: Numbers,
    level: float,
) -> tuple[tuple[CourseRow, ...], tuple[str, ...]]:
    rows, gaps = [], dict[str, int]()
    columns = [_points_at(sets, slot) for slot in slots]
    for row, one in enumerate(sets):
        cells = []
        for points, reason in zip(columns, reasons, strict=True):
            point = points[row]
            note = "" if point is None or (reason and not point.results) else _remark(point, arms)
            mark = marker(gaps.setdefault(note, len(gaps))) if note else ""
            cells.append(_cell(point, mark, numbers, level))
        rows.append(CourseRow(one.name, one.series, one.complete, tuple(cells)))
    return tuple(rows), tuple(f"{marker(i)} {gap}" for gap, i in gaps.items())


def _gap(point: CoursePoint, arms: tuple[str, str]) -> str:
    return clean(name_columns(point.gap, arms))


def _remark(point: CoursePoint, arms: tuple[str, str]) -> str:
    """What a footnote says of a cell: why there is no result, or what its two results are."""
    if not point.results:
        return _gap(point, arms)
    names = [clean(end) for end, _ in point.results if end]
    return f"an input is printed as a range: {', then '.join(names)}" if len(point.results) > 1 and names else ""


def _cell(point: CoursePoint | None, mark: str, numbers: Numbers, level: float) -> tuple[str, ...]:
    if point is None:
        return (NO_VALUE,)
    if not point.results:
        return (f"no result{mark}",)
    size = f", N = {point.n}" if point.n else ""
    lines = [f"k = {point.k}{size}{mark}"]
    for _, result in point.results:
        estimate, low, high = shown(result, level)
        lines.append(f"{numbers(estimate)} {interval_text(numbers, low, high)}")
    return tuple(lines)


def course_marks(sets: Sequence[CourseSet], slots: Sequence[TimeSlot], level: float) -> tuple[CourseMark, ...]:
    marks = []
    for i, slot in enumerate(slots):
        found = [(row, r) for row, p in enumerate(_points_at(sets, slot)) for _, r in (p.results if p else ())]
        marks += [CourseMark(row, i, j, len(found), *shown(r, level)) for j, (row, r) in enumerate(found)]
    return tuple(marks)
