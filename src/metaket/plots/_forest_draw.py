"""Draws a forest layout: text and artists on a page, at the places that were measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from metaket.plots._axes import bottom_axis, set_scale
from metaket.plots._canvas import BODY, GREY, HEAD, RULE, SERIES, SMALL, Page, line_height, open_page, wrap
from metaket.plots._forest_geometry import (
    EDGE,
    INDENT,
    Block,
    Column,
    Geometry,
    Group,
    bold,
    favours_lines,
    legend_rows,
    measure,
    ruled,
)
from metaket.plots._forest_layout import NOTE, ForestLayout, ForestRow
from metaket.plots._forest_marks import draw_marks
from metaket.plots._rob_dots import draw_dot
from metaket.plots._save import describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_forest"]


def draw_forest(
    layout: ForestLayout,
    ax: Axes | None = None,
    *,
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
    summary: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw the layout in `ax`, or in a new figure of its size; see `forest`."""
    geometry = measure(layout)
    page = open_page(ax, geometry.width, geometry.height)
    geometry = measure(layout, page.width - geometry.width)
    y = _title(page, layout)
    y = _legend(page, layout, y)
    top = _header(page, layout, geometry, y)
    centres, bottom = _table(page, layout, geometry, top)
    y = bottom
    for i, block in enumerate(geometry.blocks):
        panel = page.panel(block.panel_left, top, block.panel, bottom - top, f"forest {i + 1}")
        set_scale(panel, layout.panels[i].axis, "x")
        panel.set_ylim(bottom, top)
        draw_marks(page, panel, layout, i, centres, point, interval, summary)
        under = bottom_axis(page, layout.panels[i].axis, block.panel_left, bottom, block.panel)
        y = max(y, _favours(page, layout, i, block, under))
    _foot(page, layout, y)
    describe(page.ax, layout.alt_text)
    return page.ax


def _title(page: Page, layout: ForestLayout) -> float:
    lines = wrap(layout.title, page.width - 2 * EDGE, HEAD, "bold") if layout.title else ()
    y = page.block(EDGE, EDGE, lines, size=HEAD, weight="bold")
    return y + (6.0 if lines else 0.0)


def _legend(page: Page, layout: ForestLayout, y: float) -> float:
    """Marker and name of each series."""
    for line in legend_rows(layout, page.width):
        middle = y + line_height(SMALL) / 2
        for x, i in line:
            marker, color = SERIES[i % len(SERIES)]
            page.ax.scatter(
                [x + 6.0], [middle], marker=marker, s=page.area(6.0), color=color, linewidth=0.0,
                transform=page.transform, clip_on=False,
            )  # fmt: skip
            page.text(x + 14.0, middle, layout.series[i], size=SMALL)
        y += line_height(SMALL) + 2.0
    return y


def _header(page: Page, layout: ForestLayout, geometry: Geometry, y: float) -> float:
    """Column headings standing on a rule; returns the y of the panels' top."""
    bottom = y + geometry.header
    base = bottom - 3.0 - line_height() / 2
    page.text(EDGE, base, layout.style.study, weight="bold")
    for group in (*geometry.before, *geometry.after):
        _group_header(page, group, base)
    for i, block in enumerate(geometry.blocks):
        _block_header(page, layout, i, block, base)
    page.rule(EDGE, page.width - EDGE, bottom, width=0.9)
    return bottom


def _up(page: Page, x: float, base: float, lines: tuple[str, ...], **style: Any) -> None:
    """Lines that stand on `base`."""
    for i, line in enumerate(reversed(lines)):
        page.text(x, base - i * line_height(), line, **style)


def _group_header(page: Page, group: Group, base: float) -> None:
    middle = len(group.columns) > 1
    under = max(len(c.heading) for c in group.columns)
    x, ha = ((group.left + group.right) / 2, "center") if middle else (group.right, "right")
    _up(page, x, base - under * line_height(), group.name, weight="bold", ha=ha)
    if middle and group.name:
        page.rule(group.left, group.right, base - (under - 0.5) * line_height(), width=0.4, color=RULE)
    for column in group.columns:
        if group.name:
            _up(page, column.x, base, column.heading, size=SMALL, ha=column.ha, color=GREY)
        else:
            _up(page, column.x, base, column.heading, weight="bold", ha=column.ha)


def _block_header(page: Page, layout: ForestLayout, index: int, block: Block, base: float) -> None:
    above = max(len(block.heading), *(len(h) for h in block.weight_headings), 0)
    if block.effect:
        *measure_lines, level = block.heading
        page.text(block.effect[-1], base, level, ha="right")
        _up(page, block.effect[-1], base - line_height(), tuple(measure_lines), weight="bold", ha="right")
    for right, head in zip(block.weights, block.weight_headings, strict=True):
        _up(page, right, base, head, weight="bold", ha="right")
    if layout.style.favours_above:
        above = max(above, *(len(f) for f in block.favours))
        _, (left, right, where) = favours_lines(layout, index, block, page.width)
        sides = ("right", "left") if where == "null" else ("left", "right")
        for x, lines, ha in zip((left, right), block.favours, sides, strict=True):
            _up(page, x, base, lines, size=SMALL, ha=ha)
    if block.title:
        _up(page, (block.left + block.right) / 2, base - above * line_height(), block.title, weight="bold", ha="center")


def _table(page: Page, layout: ForestLayout, geometry: Geometry, top: float) -> tuple[list[float], float]:
    """Labels, columns, effects and weights; returns the middle of each row and the y below the last."""
    y = top + 5.0
    centres = []
    for i, (row, lines) in enumerate(zip(layout.table, geometry.labels, strict=True)):
        if ruled(layout, i):
            page.rule(EDGE, page.width - EDGE, y + 1.5, width=0.5, color=RULE)
            y += 4.0
        middle = y + geometry.heights[i] / 2
        centres.append(middle)
        note = row.kind == NOTE
        style = {"size": SMALL, "color": GREY} if note else {"weight": bold(row)}
        _centred(page, EDGE + row.indent * INDENT, middle, lines, **style)
        for column in (c for g in (*geometry.before, *geometry.after) for c in g.columns):
            _cell(page, column, row, i, middle)
        _effects(page, layout, geometry, row, middle)
        y += geometry.heights[i]
    return centres, y + 5.0


def _centred(page: Page, x: float, middle: float, lines: tuple[str, ...], *, size: float = BODY, **style: Any) -> None:
    page.block(x, middle - len(lines) * line_height(size) / 2, lines, size=size, **style)


def _cell(page: Page, column: Column, row: ForestRow, index: int, middle: float) -> None:
    if column.column.dots:
        draw_dot(page, column.x, middle, column.column.cell(row) if row.kind == "study" else "")
    else:
        _centred(page, column.x, middle, column.cells[index], ha=column.ha, weight=bold(row))


def _effects(page: Page, layout: ForestLayout, geometry: Geometry, row: ForestRow, middle: float) -> None:
    """Printed effects and weights of a row, one line for each of its marks."""
    for block, marks in zip(geometry.blocks, row.marks, strict=bool(row.marks)):
        for lane, mark in enumerate(marks):
            y = middle + (lane - (len(marks) - 1) / 2) * line_height()
            texts = (layout.style.join(mark.text),) if layout.style.joined else mark.text
            for right, text in zip(block.effect, texts, strict=True):
                page.text(right, y, text, ha="right", weight=bold(row))
            for right, text in zip(block.weights, mark.weight_texts, strict=False):
                page.text(right, y, text, ha="right", weight=bold(row))


def _favours(page: Page, layout: ForestLayout, index: int, block: Block, y: float) -> float:
    (left, right), (at_left, at_right, where) = favours_lines(layout, index, block, page.width)
    if not (left or right) or layout.style.favours_above:
        return y
    sides = ("right", "left") if where == "null" else ("left", "right")
    page.block(at_left, y + 3.0, left, size=SMALL, ha=sides[0])
    page.block(at_right, y + 3.0, right, size=SMALL, ha=sides[1])
    return y + 3.0 + max(len(left), len(right)) * line_height(SMALL)


def _foot(page: Page, layout: ForestLayout, y: float) -> None:
    room = page.width - 2 * EDGE
    y += 6.0
    for line in layout.lines:
        y = page.block(EDGE, y, wrap(line, room, SMALL), size=SMALL)
    y += 4.0
    for line in layout.footnotes:
        y = page.block(EDGE, y, wrap(line, room, SMALL), size=SMALL, color=GREY)
