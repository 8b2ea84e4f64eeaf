"""Draws a `Chart`: panel, axes, key and footnotes, with labels only where they cover nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from metaket.plots._axes import DASHES, bottom_axis, left_axis, left_axis_width, set_scale
from metaket.plots._canvas import (
    GREY,
    HEAD,
    INK,
    RULE,
    SERIES,
    SMALL,
    Page,
    line_height,
    open_page,
    text_width,
    wrap,
)
from metaket.plots._chart import Chart, Charts, Curve, Points, Region
from metaket.plots._save import describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_chart", "draw_charts"]

EDGE, GAP = 12.0, 16.0
KEY = 16.0  # room of a key's sign
BELOW = 14.0


@dataclass(frozen=True, slots=True)
class _Boxes:
    """What labels may not cover, in points of the page."""

    taken: list[tuple[float, float, float, float]] = field(default_factory=list)

    def free(self, box: tuple[float, float, float, float]) -> bool:
        return all(box[2] <= t[0] or t[2] <= box[0] or box[3] <= t[1] or t[3] <= box[1] for t in self.taken)


def draw_chart(chart: Chart, ax: Axes | None = None) -> Axes:
    """Draw one chart in `ax`, or in a new figure of its size."""
    return draw_charts(Charts(chart.title, (chart,), 1, (), chart.alt_text), ax)


def draw_charts(page_of: Charts, ax: Axes | None = None) -> Axes:
    """Draw charts in rows, each with its own axes, key and footnotes."""
    charts = page_of.charts
    sizes = [_size(c, own_title=len(charts) > 1) for c in charts]
    columns = min(page_of.columns, len(charts))
    widths = [max(s[0] for s in sizes[i::columns]) for i in range(columns)]
    rows = [sizes[i : i + columns] for i in range(0, len(sizes), columns)]
    heights = [max(s[1] for s in row) for row in rows]
    width = 2 * EDGE + sum(widths) + GAP * (columns - 1)
    longest = max((text_width(w, HEAD, "bold") for w in page_of.title.split(" ")), default=0.0)
    width = max(width, min(longest, 220.0) + 2 * EDGE)
    title = wrap(page_of.title, width - 2 * EDGE, HEAD, "bold") if page_of.title else ()
    notes = [n for note in page_of.footnotes for n in wrap(note, width - 2 * EDGE, SMALL)]
    height = EDGE + len(title) * line_height(HEAD) + (8.0 if title else 0.0) + sum(heights) + GAP * (len(rows) - 1)
    page = open_page(ax, width, height + len(notes) * line_height(SMALL) + EDGE)
    y = page.block(EDGE, EDGE, title, size=HEAD, weight="bold") + (8.0 if title else 0.0)
    unplaced: list[str] = []
    for i, chart in enumerate(charts):
        row, column = divmod(i, columns)
        x = EDGE + sum(widths[:column]) + GAP * column
        top = y + sum(heights[:row]) + GAP * row
        unplaced += _one(page, chart, x, top, widths[column], own_title=len(charts) > 1)
    page.block(EDGE, y + sum(heights) + GAP * (len(rows) - 1), notes, size=SMALL, color=GREY)
    describe(
        page.ax, page_of.alt_text + (f" Not labelled for want of room: {', '.join(unplaced)}." if unplaced else "")
    )
    return page.ax


def _left(chart: Chart) -> float:
    return left_axis_width(chart.y, chart.tall)


def _size(chart: Chart, *, own_title: bool) -> tuple[float, float]:
    wide = _left(chart) + chart.wide + 6.0
    height = chart.tall + 3.0 + line_height(SMALL) + 2.0
    height += len(wrap(chart.x.label, max(chart.wide, 120.0), SMALL)) * line_height(SMALL) if chart.x.label else 0.0
    height += len(_key_lines(chart, wide)) * line_height(SMALL) + (6.0 if chart.keys else 0.0)
    height += sum(len(wrap(n, wide, SMALL)) for n in chart.footnotes) * line_height(SMALL)
    if own_title and chart.title:
        height += len(wrap(chart.title, wide, SMALL + 1.0, "bold")) * line_height(SMALL + 1.0) + 3.0
    return wide, height + BELOW


def _key_lines(chart: Chart, wide: float) -> list[tuple[Points | Curve | Region | None, str]]:
    """Sign and text of each line of the key; a long text goes on without a sign."""
    out: list[tuple[Points | Curve | Region | None, str]] = []
    for item in chart.keys:
        lines = wrap(item.name, wide - KEY - 4.0, SMALL)
        out += [(item, lines[0]), *((None, line) for line in lines[1:])]
    return out


def _one(page: Page, chart: Chart, x: float, y: float, wide: float, *, own_title: bool) -> list[str]:
    if own_title and chart.title:
        y = page.block(x, y, wrap(chart.title, wide, SMALL + 1.0, "bold"), size=SMALL + 1.0, weight="bold") + 3.0
    left = x + _left(chart)
    panel = page.panel(left, y, chart.wide, chart.tall, chart.title or "chart")
    set_scale(panel, chart.x, "x")
    set_scale(panel, chart.y, "y")
    left_axis(page, chart.y, left, y, chart.tall)
    _regions(page, panel, chart)
    _references(page, panel, chart)
    for bar in chart.bars:
        panel.bar([bar[0]], [bar[1]], width=0.9, color=RULE, linewidth=0.0, zorder=1.0)
    for curve in chart.curves:
        _curve(page, panel, curve)
    for points in chart.points:
        _points(page, panel, points)
    unplaced = _labels(page, panel, chart, left, y)
    y = bottom_axis(page, chart.x, left, y + chart.tall, chart.wide)
    y = _key(page, chart, x, y + (6.0 if chart.keys else 0.0), wide)
    for note in chart.footnotes:
        y = page.block(x, y, wrap(note, wide, SMALL), size=SMALL, color=GREY)
    return unplaced


def _references(page: Page, panel: Axes, chart: Chart) -> None:
    for value in chart.across:
        panel.axhline(value, color=RULE, linewidth=page.lw(0.7), marker="None", zorder=0.6)
    for value in chart.up:
        panel.axvline(value, color=RULE, linewidth=page.lw(0.7), marker="None", zorder=0.6)


def _regions(page: Page, panel: Axes, chart: Chart) -> None:
    for i, region in enumerate(chart.regions):
        panel.fill_between(region.x, region.low, region.high, **_shade(region), linewidth=0.0, zorder=0.1 + 0.01 * i)
    del page


def _shade(region: Region) -> dict[str, Any]:
    if region.series >= 0:
        return {"color": SERIES[region.series % len(SERIES)][1], "alpha": region.shade}
    return {"color": str(1.0 - region.shade)}


def _curve(page: Page, panel: Axes, curve: Curve) -> None:
    color = SERIES[curve.series % len(SERIES)][1]
    panel.plot(curve.x, curve.y, color=color, linewidth=page.lw(curve.width), linestyle=DASHES[curve.dash],
               marker="None", zorder=2.0)  # fmt: skip


def _points(page: Page, panel: Axes, points: Points) -> None:
    shape, color = SERIES[points.series % len(SERIES)]
    sizes = [page.area(s) for s in (points.size if len(points.size) > 1 else points.size * max(1, len(points.x)))]
    if points.faint:
        panel.scatter(points.x, points.y, marker="o", s=sizes, color=color, alpha=0.25, linewidth=0.0, zorder=2.5,
                      rasterized=len(points.x) > 5000)  # fmt: skip
        return
    panel.scatter(points.x, points.y, marker=shape, s=sizes, facecolor="white" if points.hollow else color,
                  edgecolor=color, linewidth=page.lw(1.0), zorder=3.0, clip_on=False)  # fmt: skip


def _labels(page: Page, panel: Axes, chart: Chart, left: float, top: float) -> list[str]:
    """Write each name beside its point where it covers no point and no other name; returns those without room."""
    boxes = _Boxes()
    for points in chart.points:
        if not points.faint:
            for x, y in zip(points.x, points.y, strict=True):
                px, py = left + chart.x.position(x) * chart.wide, top + (1.0 - chart.y.position(y)) * chart.tall
                boxes.taken.append((px - 2.0, py - 2.0, px + 2.0, py + 2.0))
    for x, y in _along(chart):
        px, py = left + chart.x.position(x) * chart.wide, top + (1.0 - chart.y.position(y)) * chart.tall
        boxes.taken.append((px - 0.5, py - 0.5, px + 0.5, py + 0.5))
    unplaced = []
    for label in chart.labels:
        px, py = left + chart.x.position(label.x) * chart.wide, top + (1.0 - chart.y.position(label.y)) * chart.tall
        if not _place(page, panel, label.text, px, py, (left, top, left + chart.wide, top + chart.tall), boxes):
            unplaced.append(label.text)
    return unplaced


def _along(chart: Chart) -> list[tuple[float, float]]:
    """Places along the lines, near enough to each other that no name slips between them."""
    out = []
    for curve in chart.curves:
        ends = list(zip(curve.x, curve.y, strict=True))
        for (x0, y0), (x1, y1) in pairwise(ends):
            length = abs(chart.x.position(x1) - chart.x.position(x0)) + abs(chart.y.position(y1) - chart.y.position(y0))
            steps = max(1, int(length * max(chart.wide, chart.tall) / 4.0))
            out += [(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps) for i in range(steps + 1)]
    rows = chart.tall / 4.0
    ladder = (
        [chart.y.low + (chart.y.high - chart.y.low) * i / rows for i in range(int(rows) + 1)] if not chart.y.log else []
    )
    return out + [(x, y) for x in chart.up for y in ladder]


def _place(
    page: Page, panel: Axes, text: str, px: float, py: float, inside: tuple[float, float, float, float], boxes: _Boxes
) -> bool:
    wide, high = text_width(text, SMALL), line_height(SMALL)
    for dx, dy in ((1, 0), (-1, 0), (1, -1), (1, 1), (-1, -1), (-1, 1), (0, -1), (0, 1)):
        x0 = px + 5.0 if dx > 0 else px - 5.0 - wide if dx < 0 else px - wide / 2
        y0 = py - high / 2 + dy * (high / 2 + 4.0)
        box = (x0, y0, x0 + wide, y0 + high)
        held = inside[0] <= box[0] and inside[1] <= box[1] and box[2] <= inside[2] and box[3] <= inside[3]
        if held and boxes.free(box):
            page.text(x0, y0 + high / 2, text, size=SMALL, color=INK, on=panel)
            boxes.taken.append(box)
            return True
    return False


def _key(page: Page, chart: Chart, x: float, y: float, wide: float) -> float:
    for item, text in _key_lines(chart, wide):
        middle = y + line_height(SMALL) / 2
        if item is not None:
            _sign(page, item, x, middle)
        page.text(x + KEY + 4.0, middle, text, size=SMALL)
        y += line_height(SMALL)
    return y


def _sign(page: Page, item: Points | Curve | Region, x: float, y: float) -> None:
    from matplotlib.patches import Rectangle

    if isinstance(item, Points):
        shape, color = SERIES[item.series % len(SERIES)]
        page.ax.scatter([x + KEY / 2], [y], marker="o" if item.faint else shape, s=page.area(5.0),
                        facecolor="white" if item.hollow else color, edgecolor=color, linewidth=page.lw(1.0),
                        transform=page.transform, clip_on=False)  # fmt: skip
    elif isinstance(item, Curve):
        color = SERIES[item.series % len(SERIES)][1]
        page.ax.plot([x, x + KEY], [y, y], color=color, linewidth=page.lw(item.width), linestyle=DASHES[item.dash],
                     marker="None", transform=page.transform, clip_on=False)  # fmt: skip
    else:
        style = {k: v for k, v in _shade(item).items() if k != "color"}
        page.ax.add_patch(Rectangle((x, y - 3.0), KEY, 6.0, facecolor=_shade(item)["color"], edgecolor=GREY,
                                    linewidth=page.lw(0.5), transform=page.transform, clip_on=False,
                                    **style))  # fmt: skip
