"""A page of text and panels inside one Axes, laid out in points from measured text.

Every figure is drawn the same way: measure the text, add up what the content needs, and get a `Page` of at least that
size. Without `ax` a figure of exactly that size is made; a given Axes keeps its size, and everything shrinks together
where it is too small. Nothing global is touched: fonts, sizes and colours are given to each artist.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from metaket.errors import InputError
from metaket.plots._scripts import warn_of_missing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties
    from matplotlib.transforms import Transform

__all__ = ["ACCENT", "BODY", "FAINT", "GREY", "HEAD", "INK", "RULE", "SERIES", "SMALL", "Page", "artist", "line_height",
           "open_page", "text_width", "wrap"]  # fmt: skip

BODY, SMALL, HEAD = 8.0, 7.0, 10.5  # text sizes in points
INK, GREY, RULE, FAINT, ACCENT = "#1b1b1b", "#595959", "#9a9a9a", "#ececec", "#2c5f8a"
# Marker and colour of each series: Okabe & Ito's colours, which every kind of colour vision tells apart; the marker
# alone is enough in print without colour.
SERIES = (("o", "#1b1b1b"), ("s", "#0072b2"), ("^", "#b8500f"), ("D", "#00795a"), ("v", "#9b4f7d"), ("P", "#7a6a00"))
FAMILY = "DejaVu Sans"  # comes with matplotlib, so that sizes are the same everywhere
FALLBACK = ("Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "WenQuanYi Zen Hei", "PingFang SC",
            "Hiragino Sans", "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "Noto Sans Arabic",
            "Noto Sans Hebrew", "Arial Unicode MS")  # fmt: skip
# Letters are fitted to the pixels, so a text is up to a tenth wider at one resolution than at another.
MEASURE_DPI = (72.0, 100.0, 150.0, 200.0, 300.0)
SHRUNK = 0.92  # text in an Axes that is too small: room for the coarser fit of small letters


@lru_cache(maxsize=1)
def _renderers() -> tuple[RendererAgg, ...]:
    from matplotlib.backends.backend_agg import RendererAgg

    return tuple(RendererAgg(1, 1, dpi) for dpi in MEASURE_DPI)  # type: ignore[no-untyped-call]


@lru_cache(maxsize=1)
def _known_characters() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont(FAMILY)).get_charmap())


@lru_cache(maxsize=1)
def _fallback() -> tuple[str, ...]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    others = sorted(n for n in installed if n.startswith("Noto Sans ") and n not in FALLBACK and "CJK" not in n)
    return (*(name for name in FALLBACK if name in installed), *others)


@lru_cache(maxsize=512)
def _charmap(family: str) -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont(family)).get_charmap())


@lru_cache(maxsize=20000)
def _home(letter: str, families: tuple[str, ...]) -> str:
    """The first font that has a letter; empty if none has."""
    return next((name for name in families if ord(letter) in _charmap(name)), "")


def _homes(text: str) -> tuple[str, ...]:
    """Fonts of the letters that ours lacks, and of those alone: each further one is looked up in every weight."""
    others = (c for c in text if ord(c) not in _known_characters())
    return tuple(dict.fromkeys(name for c in others if (name := _home(c, _fallback()))))


def _covered(text: str) -> bool:
    return text.isascii() or all(ord(c) in _known_characters() for c in text)


def _font(text: str, size: float, weight: str) -> FontProperties:
    """DejaVu Sans; fonts for other scripts, where installed, only behind it and only for text that needs them."""
    from matplotlib.font_manager import FontProperties

    family = [FAMILY] if _covered(text) else [FAMILY, *_homes(text)]
    return FontProperties(family=family, size=size, weight=weight)


@lru_cache(maxsize=20000)
def _letter_width(letter: str, size: float, weight: str) -> float:
    font = _font(letter, size, weight)
    with warnings.catch_warnings():
        if not _covered(letter):  # drawing warns about missing glyphs; measuring need not repeat it
            warnings.filterwarnings("ignore", message="Glyph ")
        return max(
            float(renderer.get_text_width_height_descent(letter, font, False)[0]) * 72.0 / dpi  # type: ignore[no-untyped-call]
            for renderer, dpi in zip(_renderers(), MEASURE_DPI, strict=True)
        )


def text_width(text: str, size: float = BODY, weight: str = "normal") -> float:
    """Width of one line of text in points, at the resolution where each letter is widest.

    The sum over letters: pairs of letters are set closer, not wider, and a sum can be extended word by word.
    """
    return sum(_letter_width(letter, size, weight) for letter in text)


def line_height(size: float = BODY) -> float:
    """Distance of two lines of text in points."""
    return 1.32 * size


def wrap(text: str, room: float, size: float = BODY, weight: str = "normal") -> tuple[str, ...]:
    """Break text into lines no wider than `room` points, between words, or within a word that is too long alone."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        trial = f"{line} {word}" if line else word
        if text_width(trial, size, weight) <= room:
            line = trial
            continue
        if line:
            lines.append(line)
        line = word
        while text_width(line, size, weight) > room and len(line) > 1:
            head = _fitting(line, room, size, weight)
            lines.append(line[:head])
            line = line[head:]
    return (*lines, line)


def _fitting(word: str, room: float, size: float, weight: str) -> int:
    """How many leading characters of a word fit into `room`, at least one."""
    low, high = 1, len(word) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text_width(word[:middle], size, weight) <= room else (low, middle - 1)
    return low


def artist(given: Mapping[str, Any] | None, **defaults: Any) -> dict[str, Any]:
    """Arguments of an artist: ours, replaced by what the caller gave."""
    aliases = {"c": "color", "lw": "linewidth", "ls": "linestyle", "ec": "edgecolor", "fc": "facecolor"}
    named = {aliases.get(name, name): value for name, value in (given or {}).items()}
    if "color" in named:  # one colour given for the whole artist outranks our face and edge
        defaults = {n: v for n, v in defaults.items() if n not in ("facecolor", "edgecolor", "color")}
    return defaults | named


@dataclass(frozen=True, slots=True)
class Page:
    """A rectangle of `width` x `height` points inside `ax`, y counted downwards, shown at `scale`."""

    ax: Axes
    width: float
    height: float
    scale: float
    transform: Transform

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = BODY,
        ha: str = "left",
        color: str = INK,
        weight: str = "normal",
        rotation: float = 0.0,
        on: Axes | None = None,
    ) -> None:
        """One line of text whose capitals are centred on `y`; `on` a panel it lies over the panel's data."""
        if not text:
            return
        if not _covered(text):
            warn_of_missing(
                "".join(c for c in text if not (ord(c) in _known_characters() or _home(c, _fallback()))), text
            )
        level = rotation == 0.0
        (on or self.ax).text(
            x,
            y + 0.36 * size if level else y,
            text,
            fontproperties=_font(text, size * self.scale * (SHRUNK if self.scale < 1.0 else 1.0), weight),
            color=color,
            horizontalalignment=ha,
            verticalalignment="baseline" if level else "center",
            rotation=rotation,
            transform=self.transform,
            parse_math=False,
            usetex=False,
            clip_on=False,
        )

    def block(self, x: float, y: float, lines: Sequence[str], *, size: float = BODY, **style: Any) -> float:
        """Lines of text from the top `y` down; returns the y below them."""
        for line in lines:
            self.text(x, y + line_height(size) / 2, line, size=size, **style)
            y += line_height(size)
        return y

    def line(self, x: tuple[float, float], y: tuple[float, float], *, width: float, color: str) -> None:
        """A straight line between two places."""
        from matplotlib.lines import Line2D

        self.ax.add_artist(
            Line2D(
                x,
                y,
                linewidth=self.lw(width),
                color=color,
                linestyle="-",
                marker="None",
                solid_capstyle="butt",
                transform=self.transform,
                clip_on=False,
            )
        )

    def rule(self, x0: float, x1: float, y: float, *, width: float = 0.7, color: str = INK) -> None:
        """A horizontal line."""
        self.line((x0, x1), (y, y), width=width, color=color)

    def panel(self, x: float, y: float, width: float, height: float, name: str) -> Axes:
        """An Axes of its own for data, without frame, ticks and background; `name` is its label."""
        w, h = self.width, self.height
        panel = self.ax.inset_axes((x / w, 1.0 - (y + height) / h, width / w, height / h), label=name)
        panel.patch.set_visible(False)
        panel.grid(False)
        for spine in panel.spines.values():
            spine.set_visible(False)
        panel.set_xticks([])
        panel.set_yticks([])
        panel.set_autoscale_on(False)
        return panel

    def lw(self, width: float) -> float:
        """A line width at the page's scale."""
        return width * self.scale

    def area(self, side: float) -> float:
        """The `s` of a scatter marker with this side in points."""
        return float((side * self.scale) ** 2)


def open_page(ax: Axes | None, width: float, height: float) -> Page:
    """A page that holds `width` x `height` points of content: a new figure, or the inside of `ax`."""
    from matplotlib.transforms import Affine2D

    if ax is None:
        ax = _new_axes(width, height)
        ax.set_axis_off()
        page_width, page_height, scale = width, height, 1.0
    else:
        ax.set_axis_off()
        if ax.figure.get_layout_engine() is not None:
            ax.get_figure(root=True).draw_without_rendering()  # type: ignore[union-attr]
        box = ax.get_window_extent()
        dpi = ax.get_figure(root=True).dpi  # type: ignore[union-attr]
        have_width, have_height = box.width * 72.0 / dpi, box.height * 72.0 / dpi
        if not (have_width > 0 and have_height > 0):
            raise InputError(f"ax has no room to draw in: it is {have_width:g} x {have_height:g} points")
        scale = min(1.0, have_width / width, have_height / height)
        page_width, page_height = have_width / scale, have_height / scale
    transform = Affine2D().scale(1.0 / page_width, -1.0 / page_height).translate(0.0, 1.0) + ax.transAxes
    return Page(ax, page_width, page_height, scale, transform)


def _new_axes(width: float, height: float) -> Axes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72.0, height / 72.0), facecolor="white", edgecolor="white")
    figure.set_layout_engine("none")
    FigureCanvasAgg(figure)
    return figure.add_axes((0.0, 0.0, 1.0, 1.0))
