"""Draws a forest layout: measures the columns, then places text and artists on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket.plots._axes import bottom_axis, set_scale, vertical_line
from metaket.plots._canvas import (
    ACCENT,
    BODY,
    GREY,
    HEAD,
    INK,
    RULE,
    SMALL,
    Page,
    artist,
    line_height,
    open_page,
    text_width,
    wrap,
)
from metaket.plots._save import describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.plots._arms import ForestColumn
    from metaket.plots.forest import ForestLayout, ForestRow

__all__ = ["draw_forest"]

EDGE = 12.0  # margin of the page
GAP = 14.0  # between columns
LABEL_ROOM = 200.0  # widest line of a study's name
ARM_ROOM = 90.0  # widest line of an arm's name, unless its columns are wider
WORD_ROOM = 150.0  # widest single word of an arm's name that isn't broken
PANEL = 190.0
SQUARE = 9.0  # side of the heaviest study's square
PAD = 4.0  # above and below the text of a row


@dataclass(frozen=True, slots=True)
class _Geometry:
    """Where things stand on the page, in points; `rights` are the right edges of right-aligned columns."""

    labels: tuple[tuple[str, ...], ...]
    label_width: float
    arms: tuple[tuple[float, float, tuple[str, ...], tuple[ForestColumn, ...]], ...]
    rights: tuple[float, ...]
    panel_left: float
    panel: float
    effect: tuple[float, float, float]
    weight: float
    width: float
    heading: tuple[str, ...]


def draw_forest(
    layout: ForestLayout,
    ax: Axes | None = None,
    *,
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
    summary: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw the layout in `ax`, or in a new figure of its size; see `forest`."""
    geometry = _measure(layout, PANEL)
    page = open_page(ax, geometry.width, _height(layout, geometry))
    geometry = _measure(layout, PANEL + page.width - geometry.width)
    y = _title(page, layout)
    top = _header(page, geometry, y)
    centres, bottom = _table(page, layout, geometry, top)
    panel = page.panel(geometry.panel_left, top, geometry.panel, bottom - top, "forest")
    set_scale(panel, layout.axis, "x")
    panel.set_ylim(bottom, top)
    _effects(page, panel, layout, centres, point, interval)
    _pooled(page, panel, layout, centres[len(layout.rows) :], summary)
    y = bottom_axis(page, layout.axis, geometry.panel_left, bottom, geometry.panel)
    y = _favours(page, layout, geometry, y)
    _foot(page, layout, y)
    describe(page.ax, layout.alt_text)
    return page.ax


def _measure(layout: ForestLayout, panel: float) -> _Geometry:
    rows = _all_rows(layout)
    weights = ["bold" if row is layout.summary else "normal" for row in rows]
    labels = tuple(wrap(row.label, LABEL_ROOM, BODY, w) for row, w in zip(rows, weights, strict=True))
    label_width = max(
        text_width("Study", BODY, "bold"),
        *(text_width(line, BODY, w) for lines, w in zip(labels, weights, strict=True) for line in lines),
    )
    x = EDGE + label_width + GAP
    arms, rights, x = _arms(layout, x)
    panel_left = x
    x += panel + GAP + 2.0
    effect = []
    for i, extra in enumerate((0.0, 5.0, 4.0)):
        x += extra + max(text_width(row.text[i], BODY, w) for row, w in zip(rows, weights, strict=True))
        effect.append(x)
    heading = (*wrap(layout.heading[0], 110.0, BODY, "bold"), layout.heading[1])
    wanted = max(text_width(line, BODY, "bold") for line in heading)
    have = x - panel_left - panel - GAP
    if wanted > have:
        effect, x = [e + wanted - have for e in effect], x + wanted - have
    width_of_weights = max(
        text_width("Weight, %", BODY, "bold"), *(text_width(row.weight_text, BODY, "bold") for row in rows)
    )
    x += GAP + width_of_weights
    return _Geometry(
        labels, label_width, arms, rights, panel_left, panel, (effect[0], effect[1], effect[2]), x, x + EDGE, heading
    )


def _arms(layout: ForestLayout, x: float) -> tuple[Any, tuple[float, ...], float]:
    """Groups of data columns from the left edge `x`: their extent, their name in lines, and the right edges."""
    groups: list[list[ForestColumn]] = []
    for column in layout.columns:
        if groups and groups[-1][0].group == column.group and groups[-1][-1].heading != column.heading:
            groups[-1].append(column)
        else:
            groups.append([column])
    arms, rights = [], []
    for group in groups:
        widths = [
            max(text_width(c.heading, SMALL), text_width(c.total, BODY, "bold"), *(text_width(t) for t in c.cells))
            for c in group
        ]
        own = sum(widths) + GAP * (len(widths) - 1)
        word = max(text_width(w, BODY, "bold") for w in group[0].group.split(" "))
        name = wrap(group[0].group, max(own, ARM_ROOM, min(word, WORD_ROOM)), BODY, "bold")
        wide = max(own, *(text_width(line, BODY, "bold") for line in name))
        right = x + wide
        ends = [right - sum(widths[i + 1 :]) - GAP * (len(widths) - 1 - i) for i in range(len(widths))]
        arms.append((x, right, name, tuple(group)))
        rights += ends
        x = right + GAP
    return tuple(arms), tuple(rights), x + 2.0


def _all_rows(layout: ForestLayout) -> list[ForestRow]:
    extra = [] if layout.prediction is None else [layout.prediction]
    return [*layout.rows, layout.summary, *extra]


def _row_height(lines: tuple[str, ...]) -> float:
    return len(lines) * line_height() + PAD


def _header_height(geometry: _Geometry) -> float:
    arms = max((len(name) + 1 for _, _, name, _ in geometry.arms), default=1)
    return max(arms, len(geometry.heading)) * line_height() + 3.0


def _height(layout: ForestLayout, geometry: _Geometry) -> float:
    """Height of everything, by the same steps as the drawing."""
    room = geometry.width - 2 * EDGE
    y = EDGE + len(_title_lines(layout, room)) * line_height(HEAD) + (6.0 if layout.title else 0.0)
    y += _header_height(geometry) + 5.0 + sum(_row_height(lines) for lines in geometry.labels) + 9.0
    axis_lines = wrap(layout.axis.label, max(geometry.panel, 120.0), SMALL)
    y += 3.0 + line_height(SMALL) + 2.0 + len(axis_lines) * line_height(SMALL)
    left, right = _favours_text(layout, geometry)
    y += max(len(left), len(right)) * line_height(SMALL) + (3.0 if left or right else 0.0)
    y += 6.0 + sum(len(wrap(line, room, SMALL)) for line in layout.lines) * line_height(SMALL)
    if layout.footnotes:
        y += 4.0 + sum(len(wrap(line, room, SMALL)) for line in layout.footnotes) * line_height(SMALL)
    return y + EDGE * 0.75


def _title_lines(layout: ForestLayout, room: float) -> tuple[str, ...]:
    return wrap(layout.title, room, HEAD, "bold") if layout.title else ()


def _title(page: Page, layout: ForestLayout) -> float:
    lines = _title_lines(layout, page.width - 2 * EDGE)
    y = page.block(EDGE, EDGE, lines, size=HEAD, weight="bold")
    return y + (6.0 if lines else 0.0)


def _header(page: Page, geometry: _Geometry, y: float) -> float:
    """Column headings standing on a rule; returns the y of the panel's top."""
    bottom = y + _header_height(geometry)
    base = bottom - 3.0 - line_height() / 2
    page.text(EDGE, base, "Study", weight="bold")
    rights = iter(geometry.rights)
    for left, right, name, columns in geometry.arms:
        middle = len(columns) > 1
        for i, line in enumerate(reversed(name)):
            x, ha = ((left + right) / 2, "center") if middle else (right, "right")
            page.text(x, base - (i + 1) * line_height(), line, weight="bold", ha=ha)
        if middle:
            page.rule(left, right, base - line_height() / 2, width=0.4, color=RULE)
        for column in columns:
            page.text(next(rights), base, column.heading, size=SMALL, ha="right", color=GREY)
    *measure, level = geometry.heading
    page.text(geometry.effect[2], base, level, size=BODY, ha="right")
    for i, line in enumerate(reversed(measure)):
        page.text(geometry.effect[2], base - (i + 1) * line_height(), line, weight="bold", ha="right")
    page.text(geometry.weight, base, "Weight, %", weight="bold", ha="right")
    page.rule(EDGE, page.width - EDGE, bottom, width=0.9)
    return bottom


def _table(page: Page, layout: ForestLayout, geometry: _Geometry, top: float) -> tuple[list[float], float]:
    """Labels, data, effects and weights; returns the middle of each row and the y below the last."""
    y = top + 5.0
    centres = []
    for i, (row, lines) in enumerate(zip(_all_rows(layout), geometry.labels, strict=True)):
        weight = "bold" if row is layout.summary else "normal"
        if row is layout.summary:
            page.rule(EDGE, page.width - EDGE, y + 1.5, width=0.5, color=RULE)
            y += 4.0
        height = _row_height(lines)
        middle = y + height / 2
        centres.append(middle)
        page.block(EDGE, y + PAD / 2, lines, weight=weight)
        if row is not layout.prediction:
            for right, column in zip(geometry.rights, layout.columns, strict=True):
                cell = column.cells[i] if i < len(layout.rows) else column.total
                page.text(right, middle, cell, ha="right", weight=weight)
        for right, text in zip(geometry.effect, row.text, strict=True):
            page.text(right, middle, text, ha="right", weight=weight)
        page.text(geometry.weight, middle, row.weight_text, ha="right", weight=weight)
        y += height
    return centres, y + 5.0


def _effects(
    page: Page,
    panel: Axes,
    layout: ForestLayout,
    centres: list[float],
    point: Mapping[str, Any] | None,
    interval: Mapping[str, Any] | None,
) -> None:
    axis, rows = layout.axis, layout.rows
    y = np.array(centres[: len(rows)])
    if axis.has_null:
        vertical_line(page, panel, axis.null, dash="solid", color=RULE)
    if axis.holds(layout.summary.estimate):
        vertical_line(page, panel, layout.summary.estimate, dash="dotted", color=INK)
    inside = np.array([axis.holds(row.estimate) for row in rows])
    sides = np.array(layout.squares) * SQUARE
    squares = artist(point, marker="s", facecolor=ACCENT, edgecolor="none", linewidth=0.0, zorder=3, clip_on=False)
    estimates = np.array([row.estimate for row in rows])
    panel.scatter(estimates[inside], y[inside], s=[page.area(s) for s in sides[inside]], **squares)
    lines = artist(interval, color=INK, linewidth=page.lw(0.9), zorder=4)
    lows, highs = (np.array([axis.clip(v) for v in ends]) for ends in ([r.low for r in rows], [r.high for r in rows]))
    panel.hlines(y, lows, highs, **lines)
    small = inside & (sides < 4.0)  # too small to show where the estimate is
    panel.vlines(estimates[small], y[small] - 2.0, y[small] + 2.0, **lines)
    color = lines.get("color", INK)
    for row, at in zip(rows, y, strict=True):
        arrows(page, panel, row, at, layout, color)


def arrows(page: Page, panel: Axes, row: ForestRow, y: float, layout: ForestLayout, color: Any) -> None:
    """Heads at the ends of the axis that an interval goes beyond."""
    axis = layout.axis
    for end, beyond, head in ((axis.low, row.low < axis.low, "<"), (axis.high, row.high > axis.high, ">")):
        if beyond:
            panel.scatter(
                [end], [y], marker=head, s=page.area(5.0), color=color, linewidth=0.0, zorder=5, clip_on=False
            )


def _pooled(
    page: Page, panel: Axes, layout: ForestLayout, centres: list[float], given: Mapping[str, Any] | None
) -> None:
    from matplotlib.patches import Polygon, Rectangle

    row, axis, y = layout.summary, layout.axis, centres[0]
    style = artist(given, facecolor=INK, edgecolor=INK, linewidth=page.lw(0.6), zorder=4)
    corners = [(row.low, y), (row.estimate, y - 5.0), (row.high, y), (row.estimate, y + 5.0)]
    if all(math.isfinite(x) for x, _ in corners):
        panel.add_patch(Polygon(corners, closed=True, **style))
    arrows(page, panel, row, y, layout, INK)
    if layout.prediction is not None:
        low, high = axis.clip(layout.prediction.low), axis.clip(layout.prediction.high)
        bar = Rectangle((low, centres[1] - 2.2), high - low, 4.4, facecolor="#c8c8c8", edgecolor=INK,
                        linewidth=page.lw(0.6), zorder=4)  # fmt: skip
        panel.add_patch(bar)
        arrows(page, panel, layout.prediction, centres[1], layout, INK)


def _favours_text(layout: ForestLayout, geometry: _Geometry) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if layout.favours is None or not layout.axis.has_null:
        return (), ()
    null = geometry.panel_left + layout.axis.position(layout.axis.null) * geometry.panel
    left, right = layout.favours
    rooms = null - 8.0 - EDGE, geometry.width - EDGE - null - 8.0
    return (
        wrap(f"← favours {left}", rooms[0], SMALL) if left else (),
        wrap(f"favours {right} →", rooms[1], SMALL) if right else (),
    )


def _favours(page: Page, layout: ForestLayout, geometry: _Geometry, y: float) -> float:
    left, right = _favours_text(layout, geometry)
    if not (left or right):
        return y
    null = geometry.panel_left + layout.axis.position(layout.axis.null) * geometry.panel
    page.block(null - 8.0, y + 3.0, left, size=SMALL, ha="right")
    page.block(null + 8.0, y + 3.0, right, size=SMALL)
    return y + 3.0 + max(len(left), len(right)) * line_height(SMALL)


def _foot(page: Page, layout: ForestLayout, y: float) -> None:
    room = page.width - 2 * EDGE
    y += 6.0
    for line in layout.lines:
        y = page.block(EDGE, y, wrap(line, room, SMALL), size=SMALL)
    y += 4.0
    for line in layout.footnotes:
        y = page.block(EDGE, y, wrap(line, room, SMALL), size=SMALL, color=GREY)
