"""The time course: one pooled effect per time, side by side for several sets of trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket._checks import check_choice, check_level
from metaket.plots._courses import (
    Course,
    CourseMark,
    CourseRow,
    TimeSlot,
    course_marks,
    course_rows,
    course_sets,
    named_courses,
    reasons_in_slots,
    shown,
    time_slots,
)
from metaket.plots._scale import Axis, axis_for
from metaket.plots._text import Numbers, clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Band", "TimeCourseLayout", "TrialLine", "time_course", "time_course_layout"]

SPACINGS = ("auto", "log", "even")


@dataclass(frozen=True, slots=True)
class Band:
    """A curve over time with its interval: places (as `TimeSlot.at`), and values on the scale that people read."""

    at: tuple[float, ...]
    estimate: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TrialLine:
    """One trial's effects over time, on the scale that people read."""

    study: str
    at: tuple[float, ...]
    estimate: tuple[float, ...]


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
    band : Band or None
        A curve behind the marks.
    trials : tuple of TrialLine
        Single trials behind the marks.
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
    band: Band | None = None
    trials: tuple[TrialLine, ...] = ()

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
    arms: tuple[str, str] = ("treatment", "control"),
    limits: tuple[float, float] | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
) -> TimeCourseLayout:
    """The numbers and texts of a time course; see `time_course` for the parameters."""
    check_level(level)
    named = named_courses(courses)
    first = next(iter(named.values()))
    slots, log_time = time_slots(list(named.values()), check_choice("spacing", spacing, SPACINGS))
    sets = course_sets(named, complete)
    results = [r for one in sets for p in one.points for _, r in p.results]
    widths = [shown(r, level)[2] - shown(r, level)[1] for r in results]
    numbers = Numbers(decimals, ratio=first.scale.log_axis, errors=[w / 4.0 for w in widths])
    reasons = reasons_in_slots(sets, slots, arms)
    rows, footnotes = course_rows(sets, slots, reasons, arms, numbers, level)
    marks = course_marks(sets, slots, level)
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
    arms: tuple[str, str] = ("treatment", "control"),
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
    arms : tuple of str
        What footnotes call the treatment and the control arm.
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
        arms=arms,
        limits=limits,
        decimals=decimals,
        notes=notes,
    )
    return draw_time_course(layout, ax, point=point, interval=interval)
