"""Signs and colours of risk-of-bias judgements, and a dot of one."""

from __future__ import annotations

from collections.abc import Sequence

from metaket.plots._canvas import GREY, SMALL, Page, line_height, text_width

__all__ = ["DOTS", "draw_dot", "draw_key", "key_height", "key_rows"]  # fmt: skip

SIDE = 10.5
EDGE, GAP = 12.0, 14.0
# Judgement -> sign, face, colour of the sign. Lightness falls from good to bad, and the sign alone says it in grey.
DOTS = {
    "low": ("+", "#8fd0b5", "#000000"),
    "moderate": ("–", "#f2d44d", "#000000"),
    "some concerns": ("–", "#f2d44d", "#000000"),
    "unclear": ("?", "#f2d44d", "#000000"),
    "high": ("×", "#b5330a", "#ffffff"),
    "serious": ("×", "#b5330a", "#ffffff"),
    "critical": ("!", "#4d1212", "#ffffff"),
    "no information": ("?", "#d9d9d9", "#000000"),
}


def draw_dot(page: Page, x: float, y: float, judgement: str, side: float = SIDE) -> None:
    """Nothing for a judgement that is blank."""
    if not judgement:
        return
    sign, face, ink = DOTS[judgement]
    page.ax.scatter(
        [x], [y], marker="o", s=page.area(side), facecolor=face, edgecolor="#1b1b1b", linewidth=page.lw(0.4),
        transform=page.transform, clip_on=False, zorder=2,
    )  # fmt: skip
    page.text(x, y, sign, size=8.0, ha="center", weight="bold", color=ink)


def key_rows(choices: Sequence[str], width: float) -> list[list[tuple[float, str]]]:
    """What the dots mean, in lines: left edge and judgement of each entry."""
    rows: list[list[tuple[float, str]]] = []
    x = width
    for choice in choices:
        need = 16.0 + text_width(choice, SMALL) + GAP
        if not rows or x + need > width - EDGE + GAP:
            rows.append([])
            x = EDGE
        rows[-1].append((x, choice))
        x += need
    return rows


def key_height(choices: Sequence[str], width: float) -> float:
    """Room that the key takes."""
    return len(key_rows(choices, width)) * (SIDE + 3.0)


def draw_key(page: Page, choices: Sequence[str], y: float) -> float:
    """Draw the key from the top `y`; returns the y below it."""
    for line in key_rows(choices, page.width):
        middle = y + max(SIDE, line_height(SMALL)) / 2
        for x, choice in line:
            draw_dot(page, x + SIDE / 2, middle, choice)
            page.text(x + SIDE + 4.0, middle, choice, size=SMALL, color=GREY)
        y += SIDE + 3.0
    return y
