"""A dot of a risk-of-bias judgement: a sign on a colour that colour-blind readers tell apart."""

from __future__ import annotations

from metaket.plots._canvas import Page

__all__ = ["DOTS", "draw_dot"]

SIDE = 10.5
# Judgement -> sign, face, colour of the sign. The sign alone says it in grey print.
DOTS = {
    "low": ("+", "#1b9e77", "#000000"),
    "moderate": ("–", "#f2d44d", "#000000"),
    "some concerns": ("–", "#f2d44d", "#000000"),
    "unclear": ("?", "#f2d44d", "#000000"),
    "high": ("×", "#c1440e", "#ffffff"),
    "serious": ("×", "#c1440e", "#ffffff"),
    "critical": ("!", "#6b1d1d", "#ffffff"),
    "no information": ("?", "#d0d0d0", "#000000"),
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
