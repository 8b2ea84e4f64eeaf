"""Draws a rho-band layout: small panels side by side, one a time, in rows of at most four."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metaket.plots._axes import bottom_axis, horizontal_line, left_axis, left_axis_width, set_scale, vertical_line
from metaket.plots._canvas import GREY, HEAD, RULE, SERIES, SMALL, Page, line_height, open_page, text_width, wrap
from metaket.plots._save import describe

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.plots.rho_band import RhoBandLayout, RhoLine

__all__ = ["draw_rho_band"]

EDGE, GAP = 12.0, 14.0
WIDE, TALL = 132.0, 150.0
IN_A_ROW = 4
BELOW = 34.0  # a panel's axis and its label


def draw_rho_band(layout: RhoBandLayout, ax: Axes | None = None) -> Axes:
    """Draw the layout in `ax`, or in a new figure of its size; see `rho_band`."""
    left = EDGE + left_axis_width(layout.axis, TALL)
    wide = max(WIDE, *(text_width(line.label, weight="bold") for line in layout.lines))
    columns = min(IN_A_ROW, len(layout.lines))
    width = left + columns * wide + (columns - 1) * GAP + EDGE
    heads = [(line.label, *(n for part in line.reach for n in wrap(part, wide, SMALL))) for line in layout.lines]
    head = max(len(h) for h in heads) * line_height()
    rows = -(-len(layout.lines) // IN_A_ROW)
    title = wrap(layout.title, width - 2 * EDGE, HEAD, "bold") if layout.title else ()
    notes = [n for note in layout.footnotes for n in wrap(note, width - 2 * EDGE, SMALL)]
    height = EDGE + len(title) * line_height(HEAD) + 8.0 + rows * (head + TALL + BELOW)
    page = open_page(ax, width, height + len(notes) * line_height(SMALL) + EDGE)
    y = page.block(EDGE, EDGE, title, size=HEAD, weight="bold") + 8.0
    for i, line in enumerate(layout.lines):
        column, row = i % IN_A_ROW, i // IN_A_ROW
        x, top = left + column * (wide + GAP), y + row * (head + TALL + BELOW)
        below = page.block(x, top, heads[i][:1], weight="bold")
        page.block(x, below, heads[i][1:], size=SMALL, color=GREY)
        _panel(page, layout, line, (x, top + head), wide, first=column == 0)
    page.block(EDGE, y + rows * (head + TALL + BELOW), notes, size=SMALL, color=GREY)
    describe(page.ax, layout.alt_text)
    return page.ax


def _panel(
    page: Page, layout: RhoBandLayout, line: RhoLine, place: tuple[float, float], wide: float, *, first: bool
) -> None:
    x, y = place
    panel = page.panel(x, y, wide, TALL, line.label)
    set_scale(panel, layout.axis, "y")
    set_scale(panel, layout.across, "x")
    if layout.axis.has_null:
        horizontal_line(page, panel, layout.axis.null, dash="solid", color=RULE)
    vertical_line(page, panel, layout.stated, dash="dashed", color=GREY)
    color = SERIES[1][1]
    low, high = ([layout.axis.clip(v) for v in values] for values in (line.low, line.high))
    panel.fill_between(layout.rho, low, high, color=color, alpha=0.16, linewidth=0.0, zorder=1.0)
    middle = [layout.axis.clip(v) for v in line.estimate]
    panel.plot(layout.rho, middle, color=color, linewidth=page.lw(1.4), marker="None", zorder=2.0)
    if first:
        left_axis(page, layout.axis, x, y, TALL)
    else:
        page.line((x, x), (y, y + TALL), width=0.4, color=RULE)
    bottom_axis(page, layout.across, x, y + TALL, wide)
