"""The looks of forest plots: what journals and Cochrane's RevMan print, as records. No matplotlib here."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from metaket._registry import unknown_choice
from metaket.plots._text import p_text

__all__ = ["FOREST_STYLES", "ForestStyle", "style_of"]

INK, GREY, RULE, BLUE = "#1b1b1b", "#595959", "#9a9a9a", "#2c5f8a"


@dataclass(frozen=True, slots=True)
class ForestStyle:
    """How a forest plot is set.

    Attributes
    ----------
    code, label : str
    inner : tuple of {"panel", "effect", "weight"}
        Order of the axis, the printed effects and the weights.
    study : str
        Heading of the studies.
    weight, percent : str
        Heading of the weights, and the sign after each.
    apart : bool
        Events and total (mean, SD and total) in columns of their own.
    headings : tuple of str
        Of events with totals, of means with standard deviations, and of sizes.
    interval : tuple of str
        What opens, parts and closes an interval; `parts_negative` parts one with a minus sign.
    joined : bool
        Estimate and interval as one text instead of three aligned columns.
    bracket : str
        Form of the level in the heading.
    favours : tuple of str
        Forms of the two labels; `favours_above` puts them over the panel.
    total, subtotal : str
        Labels of the pooled rows, {model} being the model and {level} the level of the interval.
    tau2, q, i2, overall, between, heterogeneity : str
        Forms of the statistics; `sep` parts them.
    p : callable
        Prints a p-value.
    square, diamond, subdiamond, edge : str
        Colours.
    null : tuple
        Colour and width of the line of no effect.
    pooled_line : bool
        A dotted line at the pooled estimate.
    """

    code: str
    label: str
    inner: tuple[str, str, str]
    study: str
    weight: str
    percent: str
    apart: bool
    headings: tuple[str, str, str]
    interval: tuple[str, str, str]
    parts_negative: str
    joined: bool
    bracket: str
    favours: tuple[str, str]
    favours_above: bool
    total: str
    subtotal: str
    heterogeneity: str
    tau2: str
    q: str
    i2: str
    sep: str
    overall: str
    between: str
    p: Callable[[float], str]
    square: str
    diamond: str
    subdiamond: str
    edge: str
    null: tuple[str, float]
    pooled_line: bool

    def printed(self, estimate: str, low: str, high: str) -> tuple[str, str, str]:
        """Estimate and the ends of its interval in the style's form."""
        start, middle, end = self.interval
        if any(t.startswith("\N{MINUS SIGN}") for t in (low, high)):
            middle = self.parts_negative
        return estimate, f"{start}{low}{middle}", f"{high}{end}"

    def join(self, text: tuple[str, str, str]) -> str:
        """The three parts as one text."""
        estimate, low, high = text
        space = "" if low.endswith("-") else " "
        return f"{estimate} {low}{space}{high}".strip()


def _upper(p: float, least: float = 1e-3, digits: int = 3) -> str:
    """`P = 0.012`, `P < 0.001`."""
    if math.isnan(p):
        return "P not defined"
    return f"P < {least:.{digits}f}" if p < least else f"P = {p:.{max(2, digits if p < 0.01 else 2)}f}"


def _revman(p: float) -> str:
    """RevMan prints two decimals, more where the value is below 0.01, and nothing below 0.00001."""
    if math.isnan(p) or p < 1e-5:
        return _upper(p, 1e-5, 5)
    decimals = 2 if p >= 0.01 else min(5, 1 - math.floor(math.log10(p)) - 1)
    return f"P = {p:.{decimals}f}"


def _ama(p: float) -> str:
    """AMA Manual of Style: capital P, no zero before the point, two digits, three below .01, and P < .001."""
    if 0.99 < p <= 1.0:
        return "P > .99"
    return _upper(p).replace("0.", ".", 1)


def _tight(p: float) -> str:
    """The BMJ sets no spaces around the sign."""
    return _upper(p).replace(" = ", "=").replace(" < ", "<")


PLAIN = ForestStyle(
    "plain", "plain", ("panel", "effect", "weight"), "Study", "Weight, %", "", False,
    ("events/total", "mean (SD)", "n"), ("[", ",", "]"), ",", False, "[{level} CI]",
    ("← favours {}", "favours {} →"), False, "{model}", "{model}",
    "Heterogeneity: ", "τ² = {}", "Q = {q}, df = {df} ({p})", "I² = {}%", "; ",
    "Overall effect: {statistic} = {value}, {p}", "Between subgroups: Q = {q}, df = {df} ({p})",
    p_text, BLUE, INK, GREY, INK, (RULE, 0.7), True,
)  # fmt: skip
REVMAN = ForestStyle(
    "revman", "Review Manager (Cochrane)", ("weight", "effect", "panel"), "Study or Subgroup", "Weight", "%", True,
    ("Events", "Mean", "Total"), ("[", ",", "]"), ",", False, "{level} CI",
    ("Favours [{}]", "Favours [{}]"), False, "Total ({level} CI), {model}", "Subtotal ({level} CI)",
    "Heterogeneity: ", "Tau² = {}", "Chi² = {q}, df = {df} ({p})", "I² = {}%", "; ",
    "Test for overall effect: {statistic} = {value} ({p})",
    "Test for subgroup differences: Chi² = {q}, df = {df} ({p}), I² = {i2}%",
    _revman, "#1f5fbf", "#000000", "#000000", "#000000", ("#000000", 0.7), False,
)  # fmt: skip
JAMA = ForestStyle(
    "jama", "JAMA", ("effect", "panel", "weight"), "Source", "Weight, %", "", False,
    ("No./total", "Mean (SD)", "No."), ("(", "-", ")"), " to", True, "({level} CI)",
    ("Favors {}", "Favors {}"), True, "Total, {model}", "Subtotal, {model}",
    "Heterogeneity: ", "τ² = {}", "χ² = {q}, df = {df} ({p})", "I² = {}%", "; ",
    "Test for overall effect: {statistic} = {value}, {p}", "Test for subgroup differences: χ² = {q}, df = {df} ({p})",
    _ama, "#173f66", "#7fa3c7", "#7fa3c7", "#173f66", (GREY, 0.7), False,
)  # fmt: skip
BMJ = ForestStyle(
    "bmj", "The BMJ", ("panel", "weight", "effect"), "Study", "Weight (%)", "", False,
    ("No of events/total", "Mean (SD)", "No"), ("(", " to", ")"), " to", True, "({level} CI)",
    ("Favours {}", "Favours {}"), False, "Total ({level} CI), {model}", "Subtotal ({level} CI)",
    "Test for heterogeneity: ", "τ²={}", "χ²={q}, df={df}, {p}", "I²={}%", "; ",
    "Test for overall effect: {statistic}={value}, {p}", "Test for subgroup differences: χ²={q}, df={df}, {p}",
    _tight, "#2a6ebb", "#2a6ebb", "#8fb3dd", "#123c6b", (INK, 0.6), True,
)  # fmt: skip
FOREST_STYLES = {style.code: style for style in (PLAIN, REVMAN, JAMA, BMJ)}


def style_of(style: str | ForestStyle) -> ForestStyle:
    """A style by its code, or the caller's own record."""
    if isinstance(style, ForestStyle):
        return style
    if isinstance(style, str) and style.casefold() in FOREST_STYLES:
        return FOREST_STYLES[style.casefold()]
    raise unknown_choice("forest style", style, tuple(FOREST_STYLES))
