"""Draws the risk-of-bias figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metaket.plots._axes import bottom_axis, set_scale
from metaket.plots._canvas import BODY, GREY, HEAD, RULE, SMALL, Page, line_height, open_page, text_width, wrap
from metaket.plots._rob_dots import DOTS, EDGE, GAP, SIDE, draw_dot, draw_key, key_height
from metaket.plots._save import describe
from metaket.plots._scale import Axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.plots.rob import RobSummaryLayout, TrafficLightLayout

__all__ = ["draw_summary", "draw_traffic_light"]

LABEL_ROOM = 220.0
BAR_WIDTH = 240.0
BAR = 13.0
PAD = 5.0
LEAST = 300.0  # width of a page, so that its footnotes are not a column of words


def draw_traffic_light(layout: TrafficLightLayout, ax: Axes | None = None) -> Axes:
    """A table of dots."""
    labels = [wrap(s, LABEL_ROOM) for s in layout.studies]
    left = max(text_width("Study", BODY, "bold"), *(text_width(t) for lines in labels for t in lines))
    widths = [max(SIDE + 8.0, text_width(h, SMALL, "bold") + 6.0) for h in layout.headings]
    width = max(2 * EDGE + left + GAP + sum(widths), LEAST)
    heights = [max(len(lines) * line_height(), SIDE) + PAD for lines in labels]
    title, notes = _texts(layout, width)
    top = EDGE + title + line_height() + 4.0
    height = top + 4.0 + sum(heights) + 6.0 + key_height(layout.choices, width) + 4.0 + notes + EDGE * 0.75
    page = open_page(ax, width, height)
    y = _title(page, layout.title)
    page.text(EDGE, y + line_height() / 2, "Study", weight="bold")
    x = EDGE + left + GAP
    middles = [x + sum(widths[:i]) + w / 2 for i, w in enumerate(widths)]
    for at, heading in zip(middles, layout.headings, strict=True):
        page.text(at, y + line_height() / 2, heading, size=SMALL, weight="bold", ha="center")
    y += line_height() + 4.0
    right = x + sum(widths)
    page.rule(EDGE, right, y, width=0.9)
    y += 4.0
    for lines, cells, tall in zip(labels, layout.cells, heights, strict=True):
        middle = y + tall / 2
        page.block(EDGE, middle - len(lines) * line_height() / 2, lines)
        for at, cell in zip(middles, cells, strict=True):
            draw_dot(page, at, middle, cell)
        y += tall
    page.rule(EDGE, right, y + 1.0, width=0.5, color=RULE)
    _foot(page, layout, y + 6.0)
    return page.ax


def draw_summary(layout: RobSummaryLayout, ax: Axes | None = None) -> Axes:
    """Stacked bars, each part with its sign and share where there is room."""
    partial = len(set(layout.judged)) > 1
    names = [f"{name} ({n})" if partial else name for name, n in zip(layout.labels, layout.judged, strict=True)]
    labels = [wrap(name, LABEL_ROOM) for name in names]
    left = max(text_width(t) for lines in labels for t in lines)
    heights = [max(len(lines) * line_height(), BAR) + PAD for lines in labels]
    width = EDGE + left + GAP + BAR_WIDTH + text_width("100", SMALL) / 2 + EDGE
    title, notes = _texts(layout, width)
    axis = Axis(0.0, 100.0, False, float("nan"), "Per cent")
    below = 3.0 + 2 * line_height(SMALL) + 2.0
    height = (
        EDGE + title + sum(heights) + 3.0 + below + 6.0 + key_height(layout.choices, width) + 4.0 + notes + EDGE * 0.75
    )
    page = open_page(ax, width, height)
    bar_width = BAR_WIDTH + page.width - width
    y = top = _title(page, layout.title)
    x = EDGE + left + GAP
    panel = page.panel(x, top, bar_width, sum(heights) + 3.0, "bars")
    set_scale(panel, axis, "x")
    panel.set_ylim(top + sum(heights) + 3.0, top)
    for lines, share, tall in zip(labels, layout.shares, heights, strict=True):
        page.block(EDGE, y + tall / 2 - len(lines) * line_height() / 2, lines)
        _bar(page, panel, share, y + tall / 2, (x, bar_width))
        y += tall
    y = bottom_axis(page, axis, x, y + 3.0, bar_width)
    _foot(page, layout, y + 6.0)
    return page.ax


def _bar(page: Page, panel: Axes, share: object, y: float, place: tuple[float, float]) -> None:
    """The parts of one bar from left to right, best to worst."""
    x, width = place
    start = 0.0
    for choice, part in dict(share).items():  # type: ignore[call-overload]
        sign, face, ink = DOTS[choice]
        panel.barh(
            [y], [100.0 * part], left=[start], height=BAR, color=face, edgecolor="#1b1b1b", linewidth=page.lw(0.5)
        )
        for text in (f"{sign} {100 * part:.0f}%", sign):
            if text_width(text, SMALL, "bold") + 4.0 <= part * width:
                middle = x + (start / 100.0 + part / 2) * width
                page.text(middle, y, text, size=SMALL, weight="bold", color=ink, ha="center", on=panel)
                break
        start += 100.0 * part
    if not start:
        page.text(x + 4.0, y, "not judged", size=SMALL, color=GREY, on=panel)


def _texts(layout: TrafficLightLayout | RobSummaryLayout, width: float) -> tuple[float, float]:
    """Heights of the title and of the footnotes."""
    room = width - 2 * EDGE
    lines = wrap(layout.title, room, HEAD, "bold") if layout.title else ()
    title = len(lines) * line_height(HEAD) + (6.0 if lines else 0.0)
    return title, sum(len(wrap(n, room, SMALL)) for n in layout.footnotes) * line_height(SMALL)


def _title(page: Page, title: str) -> float:
    lines = wrap(title, page.width - 2 * EDGE, HEAD, "bold") if title else ()
    return page.block(EDGE, EDGE, lines, size=HEAD, weight="bold") + (6.0 if lines else 0.0)


def _foot(page: Page, layout: TrafficLightLayout | RobSummaryLayout, y: float) -> None:
    y = draw_key(page, layout.choices, y) + 4.0
    for note in layout.footnotes:
        y = page.block(EDGE, y, wrap(note, page.width - 2 * EDGE, SMALL), size=SMALL, color=GREY)
    describe(page.ax, layout.alt_text)
