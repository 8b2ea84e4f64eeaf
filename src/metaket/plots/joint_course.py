"""How long does it last: the joint model over time beside each time alone, with the curve between the times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import check_level
from metaket.errors import NotComputableError
from metaket.plots._courses import CourseMark, CourseRow, TimeSlot, time_slots
from metaket.plots._scale import axis_for
from metaket.plots._text import Numbers, clean, interval_text, p_text
from metaket.plots.time_course import Band, TimeCourseLayout, TrialLine, time_course_layout

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.timecourse import JointCourse, JointFit

__all__ = ["joint_course", "joint_course_layout"]

POINTS = 61  # of the curve
ALONE, TOGETHER = "Each time alone", "One model for all times"


def joint_course_layout(
    course: JointCourse,
    *,
    curve: str = "log",
    trials: bool = True,
    title: str | None = None,
    favours: tuple[str, str] | None = None,
    level: float = 0.95,
    limits: tuple[float, float] | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
) -> TimeCourseLayout:
    """The numbers and texts of the figure; see `joint_course` for the parameters."""
    check_level(level)
    alone = replace(course.separate, points=tuple(p for p in course.separate.points if p.results), complete=())
    base = time_course_layout(
        alone, title=course.title if title is None else title, favours=favours, level=level, complete=False,
        decimals=decimals,
    )  # fmt: skip
    slots, _ = time_slots([alone], "auto")
    joint, cells = _together(course, level, decimals)
    marks = _beside(base.marks, joint)
    band, shown = _band(course, slots, curve, level)
    lines = _trials(course.fit, slots) if trials else ()
    axis = axis_for(
        [m.estimate for m in marks],
        [m.low for m in marks],
        [m.high for m in marks],
        log=course.scale.log_axis,
        null=course.scale.null,
        label=base.axis.label,
        limits=limits,
    )
    rows = (replace(base.rows[0], name=ALONE), CourseRow(TOGETHER, 1, False, cells))
    footnotes = (*_footnotes(course, shown, bool(lines)), *base.footnotes, *(clean(n) for n in notes))
    alt = f"{base.alt_text} {TOGETHER}: " + "; ".join(
        f"{s.label} {', '.join(c)}" for s, c in zip(slots, cells, strict=True)
    )
    return replace(
        base, rows=rows, marks=marks, axis=axis, footnotes=footnotes, alt_text=alt + ".", band=band, trials=lines
    )


def _together(
    course: JointCourse, level: float, decimals: int | None
) -> tuple[list[CourseMark], tuple[tuple[str, ...], ...]]:
    """Marks and table cells of the joint model, one (or one an end of a printed range) for each time."""
    frames = [fit.to_frame(level)[["estimate", "ci_low", "ci_high"]].to_numpy() for _, fit in course.fits]
    widths = [(f[:, 2] - f[:, 1]) / 4.0 for f in frames]
    numbers = Numbers(decimals, ratio=course.scale.log_axis, errors=np.concatenate(widths).tolist())
    marks, cells = [], []
    for i in range(len(course.times)):
        lines = []
        for j, frame in enumerate(frames):
            estimate, low, high = frame[i].tolist()
            marks.append(CourseMark(1, i, j, len(frames), estimate, low, high))
            lines.append(f"{numbers(estimate)} {interval_text(numbers, low, high)}")
        cells.append(tuple(dict.fromkeys(lines)))
    return marks, tuple(cells)


def _beside(first: Sequence[CourseMark], second: Sequence[CourseMark]) -> tuple[CourseMark, ...]:
    """Two sets of marks in the same slots, side by side."""
    out = []
    for slot in sorted({m.slot for m in (*first, *second)}):
        mine = [m for m in (*first, *second) if m.slot == slot]
        out += [replace(m, lane=i, lanes=len(mine)) for i, m in enumerate(mine)]
    return tuple(out)


def _band(course: JointCourse, slots: Sequence[TimeSlot], kind: str, level: float) -> tuple[Band | None, str]:
    """The curve between the times, and what a footnote says of it; none for one time or an empty `kind`."""
    if not kind or len(slots) < 2:
        return None, ""
    if kind != "linear" and slots[0].time_h <= 0:
        kind = "linear"
    try:
        curve = course.curve(kind)
    except NotComputableError as error:
        return None, f"No curve: {error}."
    places = np.linspace(slots[0].at, slots[-1].at, POINTS)
    hours = np.interp(places, [s.at for s in slots], [_time(s, slots) for s in slots])
    times = np.exp(hours) if slots[0].time_h > 0 else hours
    times = np.clip(times, slots[0].time_h, slots[-1].time_h)
    frame = curve.at(times, level)
    robust = curve.robust is not None and float(curve.robust.df.min()) >= 4.0
    low, high = ("robust_ci_low", "robust_ci_high") if robust else ("ci_low", "ci_high")
    name = {"log": "curve in log time", "linear": "straight line in time", "spline": "restricted cubic spline"}[kind]
    shown = f"Line and band: {name} with its {100 * level:.6g}% interval"
    shown += " (cluster-robust)." if robust else " (of the model)."
    return Band(tuple(places.tolist()), *(tuple(frame[c].tolist()) for c in ("estimate", low, high))), shown


def _time(slot: TimeSlot, slots: Sequence[TimeSlot]) -> float:
    return float(np.log(slot.time_h)) if slots[0].time_h > 0 else slot.time_h


def _trials(fit: JointFit, slots: Sequence[TimeSlot]) -> tuple[TrialLine, ...]:
    places = {s.time_h: s.at for s in slots}
    lines: dict[str, list[tuple[float, float]]] = {}
    for study, t, y in zip(fit.effects.study, fit.times, fit.effects.y, strict=True):
        lines.setdefault(study, []).append((places[float(t)], float(fit.scale.back(y))))
    return tuple(
        TrialLine(clean(study), tuple(at for at, _ in sorted(points)), tuple(y for _, y in sorted(points)))
        for study, points in lines.items()
    )


def _footnotes(course: JointCourse, band: str, trials: bool) -> list[str]:
    fit = course.fit
    out = [f"Joint model: structure {fit.structure}, {fit.method}; {fit.repeated.words}."]
    if len(course.times) > 1:
        test = course.equal()
        out.append(f"Same effect at all times: chi-square {test.statistic:.2f}, df {test.df}, {p_text(test.p_value)}.")
    out += [band] if band else []
    if trials:
        out.append("Grey: single trials, a line joining the times of one.")
    return out + [f"{text[0].upper()}{text[1:]}." for text in course.cautions]


def joint_course(
    course: JointCourse,
    *,
    ax: Axes | None = None,
    curve: str = "log",
    trials: bool = True,
    title: str | None = None,
    favours: tuple[str, str] | None = None,
    level: float = 0.95,
    limits: tuple[float, float] | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw the joint model over time: each time alone, all times in one model, and the curve between them.

    Parameters
    ----------
    course : JointCourse
        From ``pool_over_time(..., model="joint")``.
    ax : Axes, optional
        Draw inside it; it keeps its size, and text shrinks where the Axes is too small.
    curve : {"log", "linear", "spline", ""}
        The curve behind the marks; none where empty.
    trials : bool
        Show single trials in grey.
    title, favours, level, limits, decimals, notes, point, interval
        As in `time_course`.

    Returns
    -------
    Axes
        The whole page; ``ax.child_axes[0]`` holds the effects.

    Raises
    ------
    InputError
        An unknown curve, or a level or limits that cannot be used.
    """
    from metaket.plots._time_course_draw import draw_time_course

    layout = joint_course_layout(
        course, curve=curve, trials=trials, title=title, favours=favours, level=level, limits=limits,
        decimals=decimals, notes=notes,
    )  # fmt: skip
    return draw_time_course(layout, ax, point=point, interval=interval)
