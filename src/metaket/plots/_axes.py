"""Value axes on a page: scale and limits of the panel, line, ticks and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from metaket.plots._canvas import GREY, INK, SMALL, Page, line_height, text_width, wrap
from metaket.plots._scale import Axis, Tick, choose_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["bottom_axis", "horizontal_line", "left_axis", "left_axis_width", "set_scale", "ticks_for", "upright",
           "vertical_line"]  # fmt: skip

TICK = 3.0  # length of a tick in points
DASHES = {"solid": "-", "dashed": (0, (4, 3)), "dotted": (0, (1, 2.5))}


def set_scale(panel: Axes, axis: Axis, which: str) -> None:
    """Give one direction of the panel the axis's scale and limits; ticks are drawn on the page."""
    from matplotlib.ticker import NullLocator

    side = panel.xaxis if which == "x" else panel.yaxis
    if axis.log:
        (panel.set_xscale if which == "x" else panel.set_yscale)("log")
    ends = (axis.high, axis.low) if axis.turned else (axis.low, axis.high)
    (panel.set_xlim if which == "x" else panel.set_ylim)(*ends)
    side.set_major_locator(NullLocator())
    side.set_minor_locator(NullLocator())


def ticks_for(axis: Axis, length: float, *, upright: bool = False) -> tuple[Tick, ...]:
    """Ticks whose labels leave a gap along `length` points: beside each other, or `upright` one above another."""

    def fits(ticks: Sequence[Tick]) -> bool:
        at = [axis.position(value) * length for value, _ in ticks]
        half = [line_height(SMALL) / 2 if upright else text_width(label, SMALL) / 2 + 3.0 for _, label in ticks]
        return all(abs(at[i + 1] - at[i]) >= half[i] + half[i + 1] for i in range(len(ticks) - 1))

    return choose_ticks(axis, fits)


def bottom_axis(page: Page, axis: Axis, x: float, y: float, width: float) -> float:
    """Line, ticks, tick labels and the label of a horizontal axis at `y`; returns the y below them."""
    page.rule(x, x + width, y, color=INK)
    for value, label in ticks_for(axis, width):
        at = x + axis.position(value) * width
        upright(page, at, y, y + TICK)
        page.text(at, y + TICK + line_height(SMALL) / 2 + 1.0, label, size=SMALL, ha="center")
    y += TICK + line_height(SMALL) + 2.0
    if axis.label:
        for line in wrap(axis.label, max(width, 120.0), SMALL):
            page.text(x + width / 2, y + line_height(SMALL) / 2, line, size=SMALL, ha="center", color=GREY)
            y += line_height(SMALL)
    return y


def left_axis(page: Page, axis: Axis, x: float, y: float, height: float, *, label: bool = True) -> None:
    """Line, ticks, tick labels and the turned label of a vertical axis whose line stands at `x`."""
    upright(page, x, y, y + height)
    ticks = ticks_for(axis, height, upright=True)
    for value, name in ticks:
        at = y + (1.0 - axis.position(value)) * height
        page.rule(x - TICK, x, at)
        page.text(x - TICK - 2.0, at, name, size=SMALL, ha="right")
    if label:
        lines = wrap(axis.label, height, SMALL)
        at = x - left_axis_width(axis, height) + line_height(SMALL) / 2
        for line in lines:
            page.text(at, y + height / 2, line, size=SMALL, ha="center", rotation=90.0, color=GREY)
            at += line_height(SMALL)


def left_axis_width(axis: Axis, height: float, *, label: bool = True) -> float:
    """Room that a vertical axis (with its label) takes to the left of its line."""
    labels = [text_width(name, SMALL) for _, name in ticks_for(axis, height, upright=True)]
    lines = wrap(axis.label, height, SMALL) if label and axis.label else ()
    return TICK + 2.0 + max(labels, default=0.0) + 5.0 + len(lines) * line_height(SMALL)


def upright(page: Page, x: float, y0: float, y1: float, *, width: float = 0.7, color: str = INK) -> None:
    """A vertical line on the page."""
    page.line((x, x), (y0, y1), width=width, color=color)


def vertical_line(page: Page, panel: Axes, x: float, *, dash: str, color: str, width: float = 0.7) -> None:
    """A line over the panel's whole height at the data value `x`, behind the data."""
    panel.axvline(x, color=color, linewidth=page.lw(width), linestyle=DASHES[dash], zorder=0.5, marker="None")


def horizontal_line(page: Page, panel: Axes, y: float, *, dash: str, color: str, width: float = 0.7) -> None:
    """A line over the panel's whole width at the data value `y`, behind the data."""
    panel.axhline(y, color=color, linewidth=page.lw(width), linestyle=DASHES[dash], zorder=0.5, marker="None")
