"""How figures print numbers: decimals, intervals, p-values and the markers of footnotes. No matplotlib here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from metaket.errors import InputError

__all__ = [
    "NO_VALUE",
    "Numbers",
    "clean",
    "interval_text",
    "marker",
    "p_text",
    "percent",
    "power_of_ten",
    "study_count",
]

MINUS = "\N{MINUS SIGN}"
NO_VALUE = "\N{EN DASH}"
MARKERS = ("*", "†", "‡", "§", "¶", "‖")
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Numbers:
    """Prints the values of one figure with the same decimals.

    Parameters
    ----------
    decimals : int, optional
        Fixed number of decimals. By default 2, and more where the standard errors of a difference are below 0.1, so
        that the interval's ends keep two digits; fewer where they are above 10.
    ratio : bool
        Ratios below 0.05 keep two significant digits instead of running to 0.00.
    errors : iterable of float
        Standard errors on the printed scale, for the default number of decimals of differences.
    """

    __slots__ = ("decimals", "ratio")

    def __init__(self, decimals: int | None = None, *, ratio: bool = False, errors: Iterable[float] = ()) -> None:
        if decimals is not None and not 0 <= decimals <= 12:
            raise InputError(f"decimals must be a whole number from 0 to 12, got {decimals!r}")
        self.ratio = ratio
        self.decimals = _default_decimals(errors, ratio) if decimals is None else decimals

    def __call__(self, value: float) -> str:
        if math.isnan(value):
            return NO_VALUE
        if math.isinf(value):
            return f"{MINUS}∞" if value < 0 else "∞"
        size = abs(value)
        if size >= 1e6 or (self.ratio and 0 < size < 1e-4):
            return _scientific(value)
        decimals = self.decimals
        if self.ratio and 0 < size < 0.05:
            decimals = max(decimals, 1 - math.floor(math.log10(size)))
        return signed(f"{value:.{decimals}f}")


def _default_decimals(errors: Iterable[float], ratio: bool) -> int:
    sizes = sorted(e for e in errors if math.isfinite(e) and e > 0)
    if ratio or not sizes:
        return 2
    middle = sizes[len(sizes) // 2]
    if middle >= 10:
        return 1 if middle < 100 else 0
    return min(8, max(2, 1 - math.floor(math.log10(middle))))


def signed(text: str) -> str:
    """A printed number with a true minus sign, and without one before zero."""
    if text.startswith("-"):
        return MINUS + text[1:] if text.strip("-0.") else text[1:]
    return text


def _scientific(value: float) -> str:
    digits, power = f"{value:.1e}".split("e")
    return f"{signed(digits)}×10{str(int(power)).translate(SUPERSCRIPT)}"


def power_of_ten(value: float) -> str:
    """A tick on a logarithmic axis: plain from 0.0001 to 100 000, else a power of ten."""
    if 1e-4 <= value < 1e6:
        if value >= 1e4:
            return f"{value:,.0f}".replace(",", "\N{THIN SPACE}")
        return f"{value:.10f}".rstrip("0").rstrip(".")
    digits, power = f"{value:.0e}".split("e")
    raised = f"10{str(int(power)).translate(SUPERSCRIPT)}"
    return raised if digits == "1" else f"{digits}×{raised}"


def interval_text(numbers: Numbers, low: float, high: float) -> str:
    """[low, high] in print."""
    return f"[{numbers(low)}, {numbers(high)}]"


def p_text(p: float) -> str:
    """`p = 0.012`, `p < 0.001`, or that it is not defined."""
    if math.isnan(p):
        return "p not defined"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def percent(share: float) -> str:
    """A weight in percent with one decimal; a study that counts is never printed as 0."""
    return "<0.1" if 0 < share < 0.05 else f"{share:.1f}"


def marker(index: int) -> str:
    """The sign of footnote `index` (0, 1, ...): * † ‡ § ¶ ‖, then doubled."""
    times, which = divmod(index, len(MARKERS))
    return MARKERS[which] * (times + 1)


def clean(text: object) -> str:
    """One line without control characters: what a label may hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())


def study_count(k: int) -> str:
    """`1 study`, `2 studies`."""
    return f"{k} study" if k == 1 else f"{k} studies"


def listing(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""


def small(text: str) -> str:
    """First letter lower case, unless the second is a capital too: ``standardised mean difference (Hedges g)``."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
