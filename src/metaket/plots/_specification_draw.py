"""Draws a specification layout: panels of estimates over a grid of choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket.plots._axes import horizontal_line, left_axis, left_axis_width, set_scale, upright
from metaket.plots._canvas import (
    ACCENT,
    FAINT,
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

    from metaket.plots.specification import SpecificationLayout, SpecificationPanel

__all__ = ["draw_specification"]

EDGE = 12.0
PANEL = 170.0  # height of the estimates
WIDTH = 480.0  # of all panels together, unless there are few or very many specifications
WIDEST, NARROWEST = 12.0, 0.6  # room of one specification
OPTION_ROOM = 170.0  # widest line of an option's name
LEAST = 96.0  # width of a panel with a handful of specifications
LEAST_PAGE = 200.0
GAP = 14.0
BAND = "#d3dbe4"
LEGEND = (
    ("excludes", "interval excludes the null value"),
    ("includes", "interval includes the null value"),
    ("default", "default analysis"),
)


@dataclass(frozen=True, slots=True)
class _Geometry:
    """Where things stand on the page, in points; `panels` are the left edge and width of each."""

    options: tuple[tuple[tuple[str, ...], ...], ...]
    names: tuple[tuple[str, ...], ...]
    label_right: float
    panels: tuple[tuple[float, float], ...]
    headings: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    width: float

    @property
    def heading_height(self) -> float:
        """Room for the highest heading of a panel."""
        return max(len(name) + len(caption) for name, caption in self.headings) * line_height(SMALL)


def draw_specification(
    layout: SpecificationLayout,
    ax: Axes | None = None,
    *,
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw the layout in `ax`, or in a new figure of its size; see `specification_curve`."""
    geometry = _measure(layout, 0.0, PANEL)
    height = _height(layout, geometry)
    page = open_page(ax, geometry.width, height)
    tall = min(PANEL + page.height - height, 2.0 * PANEL)
    geometry = _measure(layout, page.width - geometry.width, tall)
    y = page.block(EDGE, EDGE, _title_lines(layout, page.width), size=HEAD, weight="bold")
    y = _legend(page, layout, y + (4.0 if layout.title else 0.0))
    base = y + geometry.heading_height
    top = base + 6.0
    grid = top + tall + 10.0
    _grid_labels(page, geometry, grid)
    for panel, (left, width), (name, caption) in zip(layout.panels, geometry.panels, geometry.headings, strict=True):
        start = page.block(
            left, base - (len(name) + len(caption)) * line_height(SMALL), name, size=SMALL, weight="bold"
        )
        page.block(left, start, caption, size=SMALL, color=GREY)
        left_axis(page, panel.axis, left - 4.0, top, tall, label=False)
        _estimates(page, panel, (left, top, width, tall), point, interval)
        _choices(page, layout, geometry, panel, (left, grid, width, _grid_height(layout, geometry)))
    y = grid + _grid_height(layout, geometry) + 8.0
    for line in layout.footnotes:
        y = page.block(EDGE, y, wrap(line, page.width - 2 * EDGE, SMALL), size=SMALL, color=GREY)
    describe(page.ax, layout.alt_text)
    return page.ax


def _title_lines(layout: SpecificationLayout, width: float) -> tuple[str, ...]:
    return wrap(layout.title, width - 2 * EDGE, HEAD, "bold") if layout.title else ()


def _measure(layout: SpecificationLayout, extra: float, tall: float) -> _Geometry:
    names = tuple(wrap(name, OPTION_ROOM, SMALL, "bold") for name, _ in layout.choices)
    options = tuple(tuple(wrap(o, OPTION_ROOM, SMALL) for o in group) for _, group in layout.choices)
    widths = [text_width(line, SMALL) for group in options for lines in group for line in lines]
    widths += [text_width(line, SMALL, "bold") for lines in names for line in lines]
    label_right = EDGE + max(widths, default=0.0) + 8.0
    step = min(WIDEST, max(NARROWEST, WIDTH / layout.size))
    wanted = [max(LEAST, step * len(panel.items)) for panel in layout.panels]
    share = [w * (1.0 + extra / sum(wanted)) for w in wanted]
    headings, panels, x = [], [], label_right
    for i, (panel, width) in enumerate(zip(layout.panels, share, strict=True)):
        ticks = left_axis_width(panel.axis, tall, label=False) + 4.0
        x = max(x, EDGE + ticks) if i == 0 else x + ticks
        headings.append((wrap(panel.axis.label, width, SMALL, "bold"), wrap(panel.caption, width, SMALL)))
        panels.append((x, width))
        x += width + GAP
    return _Geometry(options, names, label_right, tuple(panels), tuple(headings), max(x - GAP + EDGE, LEAST_PAGE))


def _height(layout: SpecificationLayout, geometry: _Geometry) -> float:
    """Height of everything, by the same steps as the drawing."""
    y = EDGE + len(_title_lines(layout, geometry.width)) * line_height(HEAD) + (4.0 if layout.title else 0.0)
    y += _legend_places(layout, geometry.width)[-1][1] + line_height(SMALL) + 6.0
    y += geometry.heading_height + 6.0 + PANEL + 10.0 + _grid_height(layout, geometry) + 8.0
    room = geometry.width - 2 * EDGE
    y += sum(len(wrap(line, room, SMALL)) for line in layout.footnotes) * line_height(SMALL)
    return y + EDGE * 0.75


def _legend_places(layout: SpecificationLayout, width: float) -> list[tuple[float, float, str, str]]:
    """The keys of the legend in lines that fit the page: x, y below the first line, kind and text."""
    places = []
    x, y = EDGE, 0.0
    for kind, text in LEGEND[: None if layout.has_default else -1]:
        need = 14.0 + text_width(text, SMALL)
        if x > EDGE and x + need > width - EDGE:
            x, y = EDGE, y + line_height(SMALL) + 2.0
        places.append((x, y, kind, text))
        x += need + 16.0
    return places


def _legend(page: Page, layout: SpecificationLayout, y: float) -> float:
    places = _legend_places(layout, page.width)
    for x, below, kind, text in places:
        middle = y + below + line_height(SMALL) / 2
        line, width, face, shape, size = {
            "excludes": (INK, 1.0, INK, "o", 4.5),
            "includes": (RULE, 1.0, "white", "o", 4.5),
            "default": (BAND, 5.0, ACCENT, "D", 5.0),
        }[kind]
        upright(page, x + 4.0, middle - 5.0, middle + 5.0, width=width, color=line)
        page.ax.scatter([x + 4.0], [middle], marker=shape, s=page.area(size), facecolor=face, edgecolor=INK,
                        linewidth=page.lw(0.8), transform=page.transform, clip_on=False, zorder=4)  # fmt: skip
        page.text(x + 14.0, middle, text, size=SMALL)
    return y + places[-1][1] + line_height(SMALL) + 6.0


def _blocks(geometry: _Geometry) -> list[tuple[float, float, int, int]]:
    """Top and height of each line of the grid: names of choices (option -1) and their options."""
    blocks = []
    y = 0.0
    for i, (name, options) in enumerate(zip(geometry.names, geometry.options, strict=True)):
        for j, lines in [(-1, name), *enumerate(options)]:
            height = len(lines) * line_height(SMALL) + (1.0 if j < 0 else 1.6)
            blocks.append((y, height, i, j))
            y += height
        y += 5.0
    return blocks


def _grid_height(layout: SpecificationLayout, geometry: _Geometry) -> float:
    blocks = _blocks(geometry)
    return blocks[-1][0] + blocks[-1][1] if layout.choices else 1.0


def _grid_labels(page: Page, geometry: _Geometry, y: float) -> None:
    for top, _, i, j in _blocks(geometry):
        lines = geometry.names[i] if j < 0 else geometry.options[i][j]
        if j < 0:
            page.block(EDGE, y + top, lines, size=SMALL, weight="bold")
        else:
            page.block(geometry.label_right - 8.0, y + top + 0.8, lines, size=SMALL, ha="right")


def _estimates(
    page: Page,
    panel: SpecificationPanel,
    box: tuple[float, float, float, float],
    point: Mapping[str, Any] | None,
    interval: Mapping[str, Any] | None,
) -> None:
    left, top, width, height = box
    area = page.panel(left, top, width, height, f"estimates: {panel.label}")
    set_scale(area, panel.axis, "y")
    step = _limits(area, panel, width)
    _default_band(area, panel, step)
    if panel.axis.has_null:
        horizontal_line(page, area, panel.axis.null, dash="solid", color=RULE)
    x = np.arange(len(panel.items))
    decided = np.array([item.decision for item in panel.items])
    lows, highs, estimates = (
        np.array([panel.axis.clip(v) for v in values])
        for values in zip(*((i.low, i.high, i.estimate) for i in panel.items), strict=True)
    )
    line_width = page.lw(min(1.0, 0.55 * step))
    size = page.area(min(4.5, max(1.4, 0.8 * step)))
    dense = step < 3.0  # many intervals side by side: greys, so that the points still stand out
    for chosen, line, face in (
        (~decided, "#c9c9c9" if dense else RULE, "white"),
        (decided, "#757575" if dense else INK, INK),
    ):
        area.vlines(
            x[chosen], lows[chosen], highs[chosen], **artist(interval, color=line, linewidth=line_width, zorder=3)
        )
        style = artist(
            point, marker="o", s=size, facecolor=face, edgecolor=INK, linewidth=min(0.8, line_width), zorder=4
        )
        area.scatter(x[chosen], estimates[chosen], **style)
        for ends, beyond, head in (
            (lows, np.array([i.low < panel.axis.low for i in panel.items]), "v"),
            (highs, np.array([i.high > panel.axis.high for i in panel.items]), "^"),
        ):
            over = chosen & beyond
            area.scatter(x[over], ends[over], marker=head, s=page.area(min(4.0, step)), color=line, linewidth=0.0,
                         zorder=5, clip_on=False)  # fmt: skip
    _mark_default(page, area, panel)


def _mark_default(page: Page, area: Axes, panel: SpecificationPanel) -> None:
    for i, item in enumerate(panel.items):
        if item.default:
            low, high = panel.axis.clip(item.low), panel.axis.clip(item.high)
            area.vlines([i], [low], [high], color="white", linewidth=page.lw(3.0), zorder=6)
            area.vlines([i], [low], [high], color=INK, linewidth=page.lw(1.2), zorder=6)
            area.scatter([i], [item.estimate], marker="D", s=page.area(5.0), facecolor=ACCENT, edgecolor=INK,
                         linewidth=page.lw(0.8), zorder=7)  # fmt: skip


def _limits(area: Axes, panel: SpecificationPanel, width: float) -> float:
    """Give the panel one unit of x for each specification; returns its width in points."""
    step = min(WIDEST, width / len(panel.items))
    units = width / step
    middle = (len(panel.items) - 1) / 2.0
    area.set_xlim(middle - units / 2.0, middle + units / 2.0)
    return step


def _default_band(area: Axes, panel: SpecificationPanel, step: float) -> None:
    for i, item in enumerate(panel.items):
        if item.default:
            half = max(0.5, 1.2 / step)  # seen even where a specification is a hair's breadth
            area.axvspan(i - half, i + half, facecolor=BAND, edgecolor="none", zorder=0.1)


def _choices(
    page: Page,
    layout: SpecificationLayout,
    geometry: _Geometry,
    panel: SpecificationPanel,
    box: tuple[float, float, float, float],
) -> None:
    """One bar for each specification in the line of the option that it took."""
    left, top, width, height = box
    area = page.panel(left, top, width, height, f"choices: {panel.label}")
    step = _limits(area, panel, width)
    area.set_ylim(height, 0.0)
    _default_band(area, panel, step)
    bar = page.lw(min(3.2, max(0.4, 0.62 * step)))
    for y, tall, i, j in _blocks(geometry):
        if j < 0:
            continue
        option = layout.choices[i][1][j]
        x = [n for n, item in enumerate(panel.items) if item.options[i] == option]
        area.axhline(y + tall / 2, color=FAINT, linewidth=page.lw(0.5), zorder=0.05, linestyle="-", marker="None")
        area.vlines(x, y + tall / 2 - 2.6, y + tall / 2 + 2.6, color=INK, linewidth=bar, zorder=2)
