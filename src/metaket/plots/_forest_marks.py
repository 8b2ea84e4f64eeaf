"""The data of a forest plot's panel: squares, intervals, diamonds, bars and arrows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket.plots._axes import vertical_line
from metaket.plots._canvas import INK, SERIES, Page, artist, line_height
from metaket.plots._forest_layout import SUBTOTAL, ForestLayout, ForestMark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_marks"]

SQUARE = 9.0  # side of the heaviest study's square
LANE_SQUARE = 6.5  # the same where a row has several estimates
BAR = "#c8c8c8"


@dataclass(frozen=True, slots=True)
class _Placed:
    mark: ForestMark
    y: float
    kind: str


def draw_marks(
    page: Page,
    panel: Axes,
    layout: ForestLayout,
    index: int,
    centres: Sequence[float],
    point: Mapping[str, Any] | None,
    interval: Mapping[str, Any] | None,
    summary: Mapping[str, Any] | None,
) -> None:
    """Everything in one panel; `centres` are the middles of the rows."""
    style, axis = layout.style, layout.panels[index].axis
    placed = []
    for row, y in zip(layout.table, centres, strict=True):
        marks = row.marks[index] if row.marks else ()
        lanes = [y + (i - (len(marks) - 1) / 2) * line_height() for i in range(len(marks))]
        placed += [_Placed(m, at, row.kind) for m, at in zip(marks, lanes, strict=True)]
    if axis.has_null:
        vertical_line(page, panel, axis.null, dash="solid", color=style.null[0], width=style.null[1])
    pooled = next((p.mark.estimate for p in placed if p.kind == "summary"), math.nan)
    if style.pooled_line and not layout.series and axis.holds(pooled):
        vertical_line(page, panel, pooled, dash="dotted", color=INK)
    squares = [p for p in placed if p.mark.shape == "square"]
    for series in sorted({p.mark.series for p in squares}):
        own = [p for p in squares if p.mark.series == series]
        _squares(page, panel, layout, index, own, point, interval)
    for p in placed:
        if p.mark.shape == "diamond":
            _diamond(page, panel, layout, index, p, summary)
        elif p.mark.shape == "bar":
            _bar(page, panel, layout, index, p)


def _squares(
    page: Page,
    panel: Axes,
    layout: ForestLayout,
    index: int,
    own: list[_Placed],
    point: Mapping[str, Any] | None,
    interval: Mapping[str, Any] | None,
) -> None:
    axis = layout.panels[index].axis
    marker, color = SERIES[own[0].mark.series % len(SERIES)] if layout.series else ("s", layout.style.square)
    y = np.array([p.y for p in own])
    estimates = np.array([p.mark.estimate for p in own])
    inside = np.array([axis.holds(x) for x in estimates])
    sides = np.array([p.mark.side for p in own]) * (LANE_SQUARE if layout.series else SQUARE)
    style = artist(point, marker=marker, facecolor=color, edgecolor="none", linewidth=0.0, zorder=3, clip_on=False)
    panel.scatter(estimates[inside], y[inside], s=[page.area(s) for s in sides[inside]], **style)
    lines = artist(interval, color=color if layout.series else INK, linewidth=page.lw(0.9), zorder=4)
    panel.hlines(y, [axis.clip(p.mark.low) for p in own], [axis.clip(p.mark.high) for p in own], **lines)
    small = inside & (sides < 4.0)  # too small to show where the estimate is
    panel.vlines(estimates[small], y[small] - 2.0, y[small] + 2.0, **lines)
    for p in own:
        _arrows(page, panel, layout, index, p, lines.get("color", INK))


def _arrows(page: Page, panel: Axes, layout: ForestLayout, index: int, p: _Placed, color: Any) -> None:
    """Heads at the ends of the axis that an interval goes beyond."""
    axis = layout.panels[index].axis
    for end, beyond, head in ((axis.low, p.mark.low < axis.low, "<"), (axis.high, p.mark.high > axis.high, ">")):
        if beyond:
            panel.scatter(
                [end], [p.y], marker=head, s=page.area(5.0), color=color, linewidth=0.0, zorder=5, clip_on=False
            )


def _diamond(
    page: Page, panel: Axes, layout: ForestLayout, index: int, p: _Placed, given: Mapping[str, Any] | None
) -> None:
    from matplotlib.patches import Polygon

    style, mark = layout.style, p.mark
    face = style.subdiamond if p.kind == SUBTOTAL else style.diamond
    edge = style.edge
    if layout.series:
        face = edge = SERIES[mark.series % len(SERIES)][1]
    drawn = artist(given, facecolor=face, edgecolor=edge, linewidth=page.lw(0.6), zorder=4)
    half = 4.0 if p.kind == SUBTOTAL or layout.series else 5.0
    corners = [(mark.low, p.y), (mark.estimate, p.y - half), (mark.high, p.y), (mark.estimate, p.y + half)]
    if all(math.isfinite(x) for x, _ in corners):  # what goes beyond the axis is clipped
        panel.add_patch(Polygon(corners, closed=True, **drawn))
    _arrows(page, panel, layout, index, p, edge)


def _bar(page: Page, panel: Axes, layout: ForestLayout, index: int, p: _Placed) -> None:
    from matplotlib.patches import Rectangle

    axis = layout.panels[index].axis
    low, high = axis.clip(p.mark.low), axis.clip(p.mark.high)
    color = SERIES[p.mark.series % len(SERIES)][1] if layout.series else layout.style.edge
    half = 1.6 if layout.series else 2.2
    panel.add_patch(
        Rectangle((low, p.y - half), high - low, 2 * half, facecolor=BAR, edgecolor=color,
                  linewidth=page.lw(0.6), zorder=4)
    )  # fmt: skip
    _arrows(page, panel, layout, index, p, color)
