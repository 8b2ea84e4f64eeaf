"""Draws a time-course layout: the panel of effects, and a table of k, N and intervals under it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket.plots._axes import left_axis, left_axis_width, set_scale
from metaket.plots._canvas import (
    BODY,
    FAINT,
    GREY,
    HEAD,
    INK,
    RULE,
    SERIES,
    SMALL,
    Page,
    artist,
    line_height,
    open_page,
    text_width,
    wrap,
)
from metaket.plots._save import describe
from metaket.plots._text import NO_VALUE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.plots._courses import CourseMark
    from metaket.plots.time_course import TimeCourseLayout

__all__ = ["draw_time_course"]

EDGE = 12.0
LANE = 15.0  # between two effects of one time
PANEL = 190.0  # height of the panel
NAME_ROOM = 150.0  # widest line of a row's name
SIDE_ROOMS = (88.0, 120.0, 200.0, 400.0)  # widest line of a "favours" label: the first that is not too high
REASON = 80.0  # room for the reason in an empty slot
MARKER = 6.2
PAD = 4.0


@dataclass(frozen=True, slots=True)
class _Geometry:
    """Where things stand on the page, in points; `unit` is the distance of the two nearest times."""

    names: tuple[tuple[str, ...], ...]
    left: float
    unit: float
    right: float
    side: tuple[tuple[str, ...], tuple[str, ...]]
    width: float


def draw_time_course(
    layout: TimeCourseLayout,
    ax: Axes | None = None,
    *,
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw the layout in `ax`, or in a new figure of its size; see `time_course`."""
    geometry = _measure(layout, 0.0, PANEL)
    height = _height(layout, geometry)
    page = open_page(ax, geometry.width, height)
    tall = PANEL + page.height - height
    geometry = _measure(layout, page.width - geometry.width, tall)
    y = page.block(EDGE, EDGE, _title_lines(layout, page.width), size=HEAD, weight="bold")
    y += 8.0 if layout.title else 0.0
    tall = min(tall, 2.0 * PANEL)
    panel = page.panel(geometry.left, y, geometry.right - geometry.left, tall, "time course")
    _scales(panel, layout)
    left_axis(page, layout.axis, geometry.left, y, tall)
    _sides(page, layout, geometry, y, tall)
    _empty(page, panel, layout, geometry, y + tall / 2)
    _behind(page, panel, layout)
    _marks(page, panel, layout, geometry, point, interval)
    y = _table(page, layout, geometry, y + tall)
    for line in layout.footnotes:
        y = page.block(EDGE, y, wrap(line, page.width - 2 * EDGE, SMALL), size=SMALL, color=GREY)
    describe(page.ax, layout.alt_text)
    return page.ax


def _title_lines(layout: TimeCourseLayout, width: float) -> tuple[str, ...]:
    return wrap(layout.title, width - 2 * EDGE, HEAD, "bold") if layout.title else ()


def _measure(layout: TimeCourseLayout, extra: float, tall: float) -> _Geometry:
    names = tuple(wrap(row.name, NAME_ROOM) for row in layout.rows)
    name_width = max(text_width(line) for lines in names for line in lines) + 2 * MARKER + 6.0
    name_width = max(name_width, text_width(_time_name(layout), SMALL))
    left = EDGE + max(name_width + 8.0, left_axis_width(layout.axis, tall))
    cells = [text_width(line, SMALL) for row in layout.rows for cell in row.cells for line in cell]
    labels = [text_width(slot.label, BODY, "bold") for slot in layout.slots]
    reason = REASON if any(layout.reasons) else 0.0
    unit = max(*cells, *labels, reason, layout.lanes * LANE + LANE) + 16.0
    slots = layout.slots[-1].at + 1.0
    unit += extra / slots
    right = left + unit * slots
    side = _side_lines(layout)
    widest = max((text_width(line, SMALL) for lines in side for line in lines), default=0.0)
    title_word = max((text_width(w, HEAD, "bold") for w in layout.title.split(" ")), default=0.0)
    width = max(right + (widest + 8.0 if widest else 0.0) + EDGE, min(title_word, 200.0) + 2 * EDGE)
    return _Geometry(names, left, unit, right, side, width)


def _side_lines(layout: TimeCourseLayout) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whom the sides of the null favour, below and above, in lines that together are no higher than the panel."""
    if layout.favours is None or not layout.axis.has_null:
        return (), ()
    below, above = (f"{sign} favours {name}" if name else "" for sign, name in zip("↓↑", layout.favours, strict=True))
    for room in SIDE_ROOMS:
        lines = wrap(below, room, SMALL) if below else (), wrap(above, room, SMALL) if above else ()
        if (len(lines[0]) + len(lines[1])) * line_height(SMALL) < 0.8 * PANEL:
            break
    return lines


def _time_name(layout: TimeCourseLayout) -> str:
    if len(layout.slots) == 1:
        return "Time"
    return "Time (log scale)" if layout.log_time else "Time (evenly spaced)"


def _row_height(names: tuple[str, ...], cells: tuple[tuple[str, ...], ...]) -> float:
    return max(len(names) * line_height(), max(len(c) for c in cells) * line_height(SMALL)) + 2 * PAD


def _height(layout: TimeCourseLayout, geometry: _Geometry) -> float:
    """Height of everything, by the same steps as the drawing."""
    y = EDGE + len(_title_lines(layout, geometry.width)) * line_height(HEAD) + (8.0 if layout.title else 0.0)
    y += PANEL + 8.0 + line_height() + 4.0
    y += sum(_row_height(n, row.cells) for n, row in zip(geometry.names, layout.rows, strict=True))
    room = geometry.width - 2 * EDGE
    y += 4.0 + sum(len(wrap(line, room, SMALL)) for line in layout.footnotes) * line_height(SMALL)
    return y + EDGE * 0.75


def _scales(panel: Axes, layout: TimeCourseLayout) -> None:
    set_scale(panel, layout.axis, "y")
    low, high = -0.5, layout.slots[-1].at + 0.5
    if layout.log_time:
        panel.set_xscale("log")
        panel.set_xticks([])
        panel.set_xticks([], minor=True)
    panel.set_xlim(_x(layout, low), _x(layout, high))


def _x(layout: TimeCourseLayout, at: float) -> float:
    """The panel's x of a place that is counted in smallest gaps: hours on a logarithmic axis, else the place itself."""
    if not layout.log_time:
        return at
    first, last = layout.slots[0], layout.slots[-1]
    return first.time_h * math.exp(at * math.log(last.time_h / first.time_h) / last.at)


def _sides(page: Page, layout: TimeCourseLayout, geometry: _Geometry, y: float, tall: float) -> None:
    """The null, and beside the panel whom each side of it favours."""
    if not layout.axis.has_null:
        return
    null = y + (1.0 - layout.axis.position(layout.axis.null)) * tall
    page.rule(geometry.left, geometry.right, null, color=RULE)
    below, above = geometry.side
    x, line = geometry.right + 8.0, line_height(SMALL)
    # Above and below the null; long labels move along the panel instead of leaving it.
    lowest = y + tall + 14.0 - (len(above) + len(below)) * line - 6.0
    top = max(y - 4.0, min(null - 3.0 - len(above) * line, lowest))
    next_top = page.block(x, top, above, size=SMALL)
    page.block(x, next_top + 6.0, below, size=SMALL)


def _empty(page: Page, panel: Axes, layout: TimeCourseLayout, geometry: _Geometry, middle: float) -> None:
    """A shaded band where there is no result, with the reason in it."""
    for i in layout.empty_slots:
        at = layout.slots[i].at
        half = 0.5 * max(REASON, 0.76 * geometry.unit) / geometry.unit
        panel.axvspan(_x(layout, at - half), _x(layout, at + half), facecolor=FAINT, edgecolor="none", zorder=0.2)
        lines = ("no result", *wrap(layout.reasons[i], REASON - 8.0, SMALL)) if layout.reasons[i] else ("no result",)
        top = middle - len(lines) * line_height(SMALL) / 2
        x = geometry.left + (at + 0.5) * geometry.unit
        page.block(x, top, lines, size=SMALL, ha="center", color=GREY, on=panel)


def _behind(page: Page, panel: Axes, layout: TimeCourseLayout) -> None:
    """Single trials and the curve, as far as the axis goes."""
    for trial in layout.trials:
        x = [_x(layout, at) for at in trial.at]
        kept = [layout.axis.clip(value) for value in trial.estimate]
        panel.plot(x, kept, color=RULE, linewidth=page.lw(0.6), marker="None", zorder=0.6)
        for at, value, shown in zip(x, trial.estimate, kept, strict=True):
            shape = (
                "o" if value == shown else "^" if value > shown else "v"
            )  # beyond the axis: an arrow head at its end
            panel.scatter([at], [shown], marker=shape, s=page.area(2.6 if shape == "o" else 4.0), color=RULE,
                          linewidth=0.0, zorder=0.7, clip_on=False)  # fmt: skip
    if layout.band is None:
        return
    color = SERIES[1][1]
    x = [_x(layout, at) for at in layout.band.at]
    low, high, middle = ([layout.axis.clip(v) for v in values] for values in
                         (layout.band.low, layout.band.high, layout.band.estimate))  # fmt: skip
    panel.fill_between(x, low, high, color=color, alpha=0.16, linewidth=0.0, zorder=0.8)
    panel.plot(x, middle, color=color, linewidth=page.lw(1.4), marker="None", zorder=0.9)


def _marks(
    page: Page,
    panel: Axes,
    layout: TimeCourseLayout,
    geometry: _Geometry,
    point: Mapping[str, Any] | None,
    interval: Mapping[str, Any] | None,
) -> None:
    previous: CourseMark | None = None
    for mark in layout.marks:
        row = layout.rows[mark.row]
        shape, color = SERIES[row.series % len(SERIES)]
        x = _place(layout, geometry, mark)
        line = artist(interval, color=color, linewidth=page.lw(1.1), zorder=3)
        low, high = layout.axis.clip(mark.low), layout.axis.clip(mark.high)
        panel.vlines([x], [low], [high], **line)
        for end, beyond, head in ((low, mark.low < low, "v"), (high, mark.high > high, "^")):
            if beyond:
                panel.scatter([x], [end], marker=head, s=page.area(5.0), color=color, linewidth=0.0, zorder=5,
                              clip_on=False)  # fmt: skip
        if previous is not None and (previous.row, previous.slot) == (mark.row, mark.slot):
            panel.plot([_place(layout, geometry, previous), x], [previous.estimate, mark.estimate], color=color,
                       linewidth=page.lw(0.8), linestyle=(0, (1, 1.5)), marker="None", zorder=2)  # fmt: skip
        style = artist(point, marker=shape, s=page.area(MARKER), facecolor="white" if row.complete else color,
                       edgecolor=color, linewidth=page.lw(1.1), zorder=4, clip_on=False)  # fmt: skip
        if layout.axis.holds(mark.estimate):
            panel.scatter([x], [mark.estimate], **style)
        previous = mark


def _place(layout: TimeCourseLayout, geometry: _Geometry, mark: CourseMark) -> float:
    offset = (mark.lane - (mark.lanes - 1) / 2.0) * LANE / geometry.unit
    return _x(layout, layout.slots[mark.slot].at + offset)


def _table(page: Page, layout: TimeCourseLayout, geometry: _Geometry, y: float) -> float:
    """The times, and under them one row for each set of trials; returns the y for the footnotes."""
    page.rule(geometry.left, geometry.right, y)
    middle = y + 6.0 + line_height() / 2
    places = [geometry.left + (slot.at + 0.5) * geometry.unit for slot in layout.slots]
    page.text(EDGE, middle, _time_name(layout), size=SMALL, color=GREY)
    for slot, x in zip(layout.slots, places, strict=True):
        page.text(x, middle, slot.label, weight="bold", ha="center")
    y += 8.0 + line_height()
    for name, row in zip(geometry.names, layout.rows, strict=True):
        if not row.complete:  # stands with the row above: the same course
            page.rule(EDGE, geometry.right, y, width=0.4, color=RULE)
        height = _row_height(name, row.cells)
        _key(page, row.series, row.complete, EDGE + MARKER, y + PAD + line_height() / 2)
        page.block(EDGE + 2 * MARKER + 6.0, y + PAD, name)
        for cell, x in zip(row.cells, places, strict=True):
            empty = cell[0] == NO_VALUE or cell[0].startswith("no result")
            page.block(x, y + PAD + 0.6, cell, size=SMALL, ha="center", color=GREY if empty else INK)
        y += height
    page.rule(EDGE, geometry.right, y, width=0.4, color=RULE)
    return y + 8.0


def _key(page: Page, series: int, complete: bool, x: float, y: float) -> None:
    """The row's marker before its name."""
    shape, color = SERIES[series % len(SERIES)]
    page.ax.scatter([x], [y], marker=shape, s=page.area(MARKER), facecolor="white" if complete else color,
                    edgecolor=color, linewidth=page.lw(1.1), transform=page.transform, clip_on=False)  # fmt: skip
