"""The time course: one pooled effect per time, side by side for several sets of trials."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from metaket._checks import check_choice, check_level
from metaket.errors import InputError
from metaket.plots._scale import Axis, axis_for
from metaket.plots._text import NO_VALUE, Numbers, clean, interval_text, marker

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.measures.registry import Scale
    from metaket.pooling.result import PooledResult

__all__ = ["Course", "CourseMark", "CoursePoint", "CourseRow", "TimeCourseLayout", "TimeSlot", "time_course",
           "time_course_layout"]  # fmt: skip

SPACINGS = ("auto", "log", "even")
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
    def n(self) -> int: ...
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


@dataclass(frozen=True, slots=True)
class TimeCourseLayout:
    """Everything a time course shows, as numbers and text.

    Attributes
    ----------
    title : str
    slots : tuple of TimeSlot
    log_time : bool
        Whether distances on the axis follow the logarithm of time.
    rows : tuple of CourseRow
    marks : tuple of CourseMark
    reasons : tuple of str
        One a time: why the slot is empty where that is short enough to stand in it, else empty.
    axis : Axis
    favours : tuple of str or None
        Labels of the low and the high side of the null.
    footnotes : tuple of str
    alt_text : str
    """

    title: str
    slots: tuple[TimeSlot, ...]
    log_time: bool
    rows: tuple[CourseRow, ...]
    marks: tuple[CourseMark, ...]
    reasons: tuple[str, ...]
    axis: Axis
    favours: tuple[str, str] | None
    footnotes: tuple[str, ...]
    alt_text: str

    @property
    def empty_slots(self) -> tuple[int, ...]:
        """Times at which nothing could be pooled."""
        return tuple(i for i in range(len(self.slots)) if all(m.slot != i for m in self.marks))

    @property
    def lanes(self) -> int:
        """Effects side by side in the fullest slot."""
        return max((m.lanes for m in self.marks), default=1)


def time_course_layout(
    courses: Course | Sequence[Course] | Mapping[str, Course],
    *,
    title: str | None = None,
    favours: tuple[str, str] | None = None,
    level: float = 0.95,
    spacing: str = "auto",
    complete: bool = True,
    limits: tuple[float, float] | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
) -> TimeCourseLayout:
    """The numbers and texts of a time course; see `time_course` for the parameters."""
    check_level(level)
    named = _named(courses)
    first = next(iter(named.values()))
    slots, log_time = _slots(list(named.values()), check_choice("spacing", spacing, SPACINGS))
    sets = list(_sets(named, complete))
    results = [r for _, _, _, points in sets for p in points for _, r in p.results]
    widths = [_shown(r, level)[2] - _shown(r, level)[1] for r in results]
    numbers = Numbers(decimals, ratio=first.scale.log_axis, errors=[w / 4.0 for w in widths])
    reasons = _reasons(sets, slots)
    rows, footnotes = _rows(sets, slots, reasons, numbers, level)
    marks = _marks(sets, slots, level)
    return TimeCourseLayout(
        clean(first.title if title is None and len(named) == 1 else title or ""),
        slots,
        log_time,
        rows,
        marks,
        reasons,
        axis_for(
            [m.estimate for m in marks],
            [m.low for m in marks],
            [m.high for m in marks],
            log=first.scale.log_axis,
            null=first.scale.null,
            label=f"{first.label}, {100 * level:.6g}% CI" + (" (log scale)" if first.scale.log_axis else ""),
            limits=limits,
        ),
        None if favours is None else (clean(favours[0]), clean(favours[1])),
        (*footnotes, *(clean(n) for n in notes)),
        _alt_text(first, slots, rows, clean(title or first.title)),
    )


def _named(courses: Course | Sequence[Course] | Mapping[str, Course]) -> dict[str, Course]:
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


def _slots(courses: Sequence[Course], spacing: str) -> tuple[tuple[TimeSlot, ...], bool]:
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
        gaps = [b - a for a, b in zip(logs, logs[1:], strict=False)]
        if spacing == "log" or max(gaps) <= MOST_UNEVEN * min(gaps):
            log_time, at = True, [(x - logs[0]) / min(gaps) for x in logs]
    return tuple(TimeSlot(labels[t], t, a) for t, a in zip(times, at, strict=True)), log_time


def _sets(named: Mapping[str, Course], complete: bool) -> Any:
    """Name, series, whether it is the complete set, and points: each course, then its trials with every time."""
    for series, (name, course) in enumerate(named.items()):
        yield clean(name) if len(named) > 1 else "All trials", series, False, course.points
        sizes = {p.time_h: p.k for p in course.points}
        if complete and any(p.results and p.k != sizes.get(p.time_h) for p in course.complete):
            yield COMPLETE, series, True, course.complete


def _shown(result: PooledResult, level: float) -> tuple[float, float, float]:
    low, high = result.ci(level)
    return result.back(result.estimate), result.back(low), result.back(high)


def _points_at(sets: Sequence[Any], slot: TimeSlot) -> list[CoursePoint | None]:
    return [next((p for p in points if p.time_h == slot.time_h), None) for _, _, _, points in sets]


def _reasons(sets: Sequence[Any], slots: Sequence[TimeSlot]) -> tuple[str, ...]:
    """Why a slot is empty, where every set says the same and a few words do; longer reasons go to the foot."""
    out = []
    for slot in slots:
        points = [p for p in _points_at(sets, slot) if p is not None]
        gaps = {clean(p.gap) for p in points if not p.results}
        short = len(gaps) == 1 and not any(p.results for p in points) and len(next(iter(gaps))) <= SHORT
        out.append(next(iter(gaps)) if short else "")
    return tuple(out)


def _rows(
    sets: Sequence[Any], slots: Sequence[TimeSlot], reasons: Sequence[str], numbers: Numbers, level: float
) -> tuple[tuple[CourseRow, ...], tuple[str, ...]]:
    rows, gaps = [], dict[str, int]()
    columns = [_points_at(sets, slot) for slot in slots]
    for row, (name, series, complete, _) in enumerate(sets):
        cells = []
        for points, reason in zip(columns, reasons, strict=True):
            point = points[row]
            note = "" if point is None or (reason and not point.results) else _remark(point)
            mark = marker(gaps.setdefault(note, len(gaps))) if note else ""
            cells.append(_cell(point, mark, numbers, level))
        rows.append(CourseRow(name, series, complete, tuple(cells)))
    return tuple(rows), tuple(f"{marker(i)} {gap}" for gap, i in gaps.items())


def _remark(point: CoursePoint) -> str:
    """What a footnote says of a cell: why there is no result, or what its two results are."""
    if not point.results:
        return clean(point.gap)
    names = [clean(end) for end, _ in point.results if end]
    return f"an input is printed as a range: {', then '.join(names)}" if len(point.results) > 1 and names else ""


def _cell(point: CoursePoint | None, mark: str, numbers: Numbers, level: float) -> tuple[str, ...]:
    if point is None:
        return (NO_VALUE,)
    if not point.results:
        return (f"no result{mark}",)
    lines = [f"k = {point.k}, N = {point.n}{mark}"]
    for _, result in point.results:
        estimate, low, high = _shown(result, level)
        lines.append(f"{numbers(estimate)} {interval_text(numbers, low, high)}")
    return tuple(lines)


def _marks(sets: Sequence[Any], slots: Sequence[TimeSlot], level: float) -> tuple[CourseMark, ...]:
    marks = []
    for i, slot in enumerate(slots):
        found = [(row, r) for row, p in enumerate(_points_at(sets, slot)) for _, r in (p.results if p else ())]
        marks += [CourseMark(row, i, j, len(found), *_shown(r, level)) for j, (row, r) in enumerate(found)]
    return tuple(marks)


def _alt_text(course: Course, slots: Sequence[TimeSlot], rows: Sequence[CourseRow], title: str) -> str:
    name = f"{title}: pooled effect by time" if title else "Pooled effect by time"
    text = f"{name}, {course.label.lower()} with interval."
    for row in rows:
        cells = (f"{s.label} {', '.join(c)}".rstrip("*†‡§¶‖") for s, c in zip(slots, row.cells, strict=True))
        text += f" {row.name}: {'; '.join(cells)}."
    return text


def time_course(
    courses: Course | Sequence[Course] | Mapping[str, Course],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    favours: tuple[str, str] | None = None,
    level: float = 0.95,
    spacing: str = "auto",
    complete: bool = True,
    limits: tuple[float, float] | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw pooled effects by time, with studies, patients and interval under each point.

    Times are pooled one by one, so no line joins them. A time without a result keeps its place, and a footnote says
    why there is none. Where an input is printed as a range, the results at both ends stand side by side.

    Parameters
    ----------
    courses : TimeCourse, sequence of TimeCourse, or mapping of names to TimeCourse
        Several courses (other sets of trials, say) must share one measure; each gets a marker of its own.
    ax : Axes, optional
        Draw inside it; it keeps its size, and text shrinks where the Axes is too small.
    title : str, optional
        By default the title of a single course.
    favours : tuple of str, optional
        Whom an effect below, and above, the null favours.
    level : float
        Of the intervals, between 0 and 1.
    spacing : {"auto", "log", "even"}
        Distances by the logarithm of time, or equal. "auto" takes the logarithm unless one gap is over 2.5 times
        another.
    complete : bool
        Add the trials present at every time as hollow markers, where they differ from all trials.
    limits : tuple of float, optional
        Ends of the effect's axis on the scale that people read.
    decimals : int, optional
    notes : sequence of str
        Further footnotes.
    point, interval : mapping, optional
        Arguments of the markers (`Axes.scatter`) and of the interval lines (`Axes.vlines`).

    Returns
    -------
    Axes
        The whole page; ``ax.child_axes[0]`` holds the effects. Its x is the time in hours (logarithmic), or
        0, 1, 2, ... when times are evenly spaced.

    Raises
    ------
    InputError
        No course, courses of different measures, or a level or limits that cannot be used.
    """
    from metaket.plots._time_course_draw import draw_time_course

    layout = time_course_layout(
        courses,
        title=title,
        favours=favours,
        level=level,
        spacing=spacing,
        complete=complete,
        limits=limits,
        decimals=decimals,
        notes=notes,
    )
    return draw_time_course(layout, ax, point=point, interval=interval)
