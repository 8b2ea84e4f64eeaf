"""Draws an agreement layout: a table of claims with a panel for the numbers of each unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket.plots._axes import bottom_axis, set_scale
from metaket.plots._canvas import (
    BODY,
    FAINT,
    GREY,
    HEAD,
    INK,
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

    from metaket.plots.agreement import AgreementLayout, AgreementRow, AgreementSection

__all__ = ["draw_agreement"]

EDGE = 12.0
GAP = 16.0
PANEL = 150.0
PAD = 4.0
CLAIM_ROOM, PRINTED_ROOM, OURS_ROOM, VERDICT_ROOM = 125.0, 125.0, 100.0, 200.0
OPEN, FILLED = 7.5, 3.8  # sides of the markers: a filled one fits into an open one
PARTIAL = "#bdbdbd"
LEGEND = (
    ("printed", "printed"),
    ("recomputed", "recomputed"),
    ("partial", "recomputed from part of the trials"),
)


@dataclass(frozen=True, slots=True)
class _Cells:
    """The wrapped texts of one row."""

    label: tuple[str, ...]
    source: tuple[str, ...]
    printed: tuple[str, ...]
    ours: tuple[str, ...]
    verdict: tuple[str, ...]
    remark: tuple[str, ...]

    @property
    def height(self) -> float:
        """Of the highest column, with padding."""
        columns = (
            len(self.label) * line_height() + len(self.source) * line_height(SMALL),
            len(self.printed) * line_height(),
            len(self.ours) * line_height(),
            len(self.verdict) * line_height() + len(self.remark) * line_height(SMALL),
        )
        return max(columns) + 2 * PAD


@dataclass(frozen=True, slots=True)
class _Geometry:
    """Left edges of the columns, in points, and the texts of each section's rows."""

    printed: float
    ours: float
    panel: float
    panel_width: float
    verdict: float
    width: float
    cells: tuple[tuple[_Cells, ...], ...]


def draw_agreement(
    layout: AgreementLayout,
    ax: Axes | None = None,
    *,
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw the layout in `ax`, or in a new figure of its size; see `agreement`."""
    geometry = _measure(layout, 0.0)
    page = open_page(ax, geometry.width, _height(layout, geometry))
    geometry = _measure(layout, page.width - geometry.width)
    y = _head(page, layout, geometry)
    for section, cells in zip(layout.sections, geometry.cells, strict=True):
        y = _section(page, section, geometry, cells, y, point, interval)
    for line in layout.footnotes:
        y = page.block(EDGE, y, wrap(line, page.width - 2 * EDGE, SMALL), size=SMALL, color=GREY)
    describe(page.ax, layout.alt_text)
    return page.ax


def _cells(row: AgreementRow, ours_room: float) -> _Cells:
    return _Cells(
        wrap(row.label, CLAIM_ROOM),
        wrap(row.source, CLAIM_ROOM, SMALL) if row.source else (),
        wrap(row.printed, PRINTED_ROOM),
        wrap(row.ours, ours_room) if row.ours else ("–",),
        wrap(f"{row.sign} {row.verdict}".strip(), VERDICT_ROOM, BODY, "bold"),
        wrap(row.remark, VERDICT_ROOM, SMALL) if row.remark else (),
    )


def _measure(layout: AgreementLayout, extra: float) -> _Geometry:
    # Rows without a marker may run into the panel's column, as far as the narrowest columns let them.
    wide = text_width("Recomputed", BODY, "bold") + PANEL if layout.drawn else OURS_ROOM
    cells = tuple(
        tuple(_cells(row, OURS_ROOM if section.axis is not None else wide) for row in section.rows)
        for section in layout.sections
    )
    rows = [row for section in cells for row in section]
    beside = [row for section, group in zip(layout.sections, cells, strict=True) for row in group
              if section.axis is not None or not layout.drawn]  # fmt: skip

    def widest(heading: str, *texts: tuple[list[str], float, str]) -> float:
        widths = [text_width(line, size, weight) for lines, size, weight in texts for line in lines]
        return max([text_width(heading, BODY, "bold"), *widths])

    def lines(name: str) -> list[str]:
        return [line for row in (beside if name == "ours" else rows) for line in getattr(row, name)]

    printed = EDGE + GAP + widest(
        "Claim", (lines("label"), BODY, "normal"), (lines("source"), SMALL, "normal"),
        ([s.heading for s in layout.sections], BODY, "bold"),
    )  # fmt: skip
    ours = printed + GAP + widest("Printed", (lines("printed"), BODY, "normal"))
    panel = ours + GAP + widest("Recomputed", (lines("ours"), BODY, "normal"))
    panel_width = (PANEL if layout.drawn else 0.0) + extra
    verdict = panel + panel_width + (GAP if layout.drawn else 0.0)
    width = verdict + widest("Verdict", (lines("verdict"), BODY, "bold"), (lines("remark"), SMALL, "normal"))
    return _Geometry(printed, ours, panel, panel_width, verdict, width + EDGE, cells)


def _height(layout: AgreementLayout, geometry: _Geometry) -> float:
    """Height of everything, by the same steps as the drawing."""
    room = geometry.width - 2 * EDGE
    y = EDGE + len(_title_lines(layout, room)) * line_height(HEAD)
    y += len(wrap(layout.subtitle, room)) * line_height() + 4.0
    y += (line_height(SMALL) + 7.0 if layout.drawn else 0.0) + line_height() + 3.0
    for section, cells in zip(layout.sections, geometry.cells, strict=True):
        y += (line_height() + 6.0 if section.heading else 2.0) + sum(c.height for c in cells)
        if section.axis is not None:
            labels = wrap(section.axis.label, max(geometry.panel_width, 120.0), SMALL)
            y += 3.0 + line_height(SMALL) + 2.0 + len(labels) * line_height(SMALL)
        y += 6.0
    y += sum(len(wrap(line, room, SMALL)) for line in layout.footnotes) * line_height(SMALL)
    return y + EDGE * 0.5


def _title_lines(layout: AgreementLayout, room: float) -> tuple[str, ...]:
    return wrap(layout.title, room, HEAD, "bold") if layout.title else ()


def _head(page: Page, layout: AgreementLayout, geometry: _Geometry) -> float:
    """Title, count of verdicts, legend and column headings on a rule."""
    room = page.width - 2 * EDGE
    y = page.block(EDGE, EDGE, _title_lines(layout, room), size=HEAD, weight="bold")
    y = page.block(EDGE, y, wrap(layout.subtitle, room), color=GREY) + 4.0
    if layout.drawn:
        x = EDGE
        for kind, text in LEGEND[: None if layout.partial else -1]:
            _marker(page, page.ax, kind, x + 4.0, y + line_height(SMALL) / 2, transform=page.transform)
            page.text(x + 13.0, y + line_height(SMALL) / 2, text, size=SMALL)
            x += 13.0 + text_width(text, SMALL) + 14.0
        y += line_height(SMALL) + 7.0
    middle = y + line_height() / 2
    for x, text in (
        (EDGE, "Claim"),
        (geometry.printed, "Printed"),
        (geometry.ours, "Recomputed"),
        (geometry.verdict, "Verdict"),
    ):
        page.text(x, middle, text, weight="bold")
    y += line_height() + 3.0
    page.rule(EDGE, page.width - EDGE, y, width=0.9)
    return y


def _section(
    page: Page,
    section: AgreementSection,
    geometry: _Geometry,
    cells: tuple[_Cells, ...],
    y: float,
    point: Mapping[str, Any] | None,
    interval: Mapping[str, Any] | None,
) -> float:
    """One group of rows with its axis; returns the y below it."""
    if section.heading:
        page.text(EDGE, y + 4.0 + line_height() / 2, section.heading, weight="bold", color=GREY)
    y += line_height() + 6.0 if section.heading else 2.0
    top, places = y, []
    for i, row in enumerate(cells):
        if i:
            page.rule(EDGE, page.width - EDGE, y, width=0.4, color=FAINT)
        places.append(y + PAD + line_height() / 2)
        _texts(page, geometry, row, y + PAD)
        y += row.height
    if section.axis is not None:
        panel = page.panel(geometry.panel, top, geometry.panel_width, y - top, f"agreement: {section.heading}")
        set_scale(panel, section.axis, "x")
        panel.set_ylim(y, top)
        for item, place in zip(section.rows, places, strict=True):
            _points(page, panel, section, item, place, point, interval)
        y = bottom_axis(page, section.axis, geometry.panel, y, geometry.panel_width)
    return y + 6.0


def _texts(page: Page, geometry: _Geometry, row: _Cells, y: float) -> None:
    below = page.block(EDGE, y, row.label)
    page.block(EDGE, below, row.source, size=SMALL, color=GREY)
    page.block(geometry.printed, y, row.printed)
    page.block(geometry.ours, y, row.ours)
    below = page.block(geometry.verdict, y, row.verdict, weight="bold")
    page.block(geometry.verdict, below, row.remark, size=SMALL, color=GREY)


def _points(
    page: Page,
    panel: Axes,
    section: AgreementSection,
    row: AgreementRow,
    y: float,
    point: Mapping[str, Any] | None,
    interval: Mapping[str, Any] | None,
) -> None:
    axis = section.axis
    if axis is None or row.printed_ends is None:
        return
    panel.axhline(y, color=FAINT, linewidth=page.lw(0.6), zorder=0.1, linestyle="-", marker="None")
    low, high = row.printed_ends
    panel.hlines([y], [low], [high], color=GREY, linewidth=page.lw(0.9), zorder=2)
    _marker(page, panel, "printed", (low + high) / 2.0, y)
    if row.value_ends is not None:
        panel.hlines([y], *row.value_ends, **artist(interval, color=INK, linewidth=page.lw(2.2), zorder=4))
    if row.value is not None:
        _marker(page, panel, "recomputed" if row.complete else "partial", row.value, y, point)


def _marker(
    page: Page, on: Axes, kind: str, x: float, y: float, given: Mapping[str, Any] | None = None, **more: Any
) -> None:
    side = OPEN if kind == "printed" else FILLED
    face = {"printed": "none", "recomputed": INK, "partial": PARTIAL}[kind]
    style = artist(given, marker="o", s=page.area(side), facecolor=face, edgecolor=INK, linewidth=page.lw(0.9),
                   zorder=5 if kind == "printed" else 6, clip_on=False)  # fmt: skip
    on.scatter([x], [y], **style, **more)
