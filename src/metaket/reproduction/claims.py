"""What a printed text says: every form that papers print, read as an interval of values."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation, localcontext

from metaket.errors import InputError

DIGITS = 1200  # a float has at most 309 digits before the point and 1,074 behind it
__all__ = ["Printed", "read_printed", "rounds_to", "words_to_number"]

_SIGNS = str.maketrans(
    {
        "\N{MINUS SIGN}": "-",
        "\N{EN DASH}": "-",
        "\N{FIGURE DASH}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{MIDDLE DOT}": ".",
        "\N{DOT OPERATOR}": ".",
        "\N{BULLET}": ".",
        "\N{NO-BREAK SPACE}": " ",
        "\N{THIN SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
        "\N{LESS-THAN OR EQUAL TO}": "<=",
        "\N{GREATER-THAN OR EQUAL TO}": ">=",
    }
)
_WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
]
_NUMBER = re.compile(r"([<>]=?|=)?\s*([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(%)?")
_NOT = {"ns", "n.s.", "not significant", "nonsignificant", "non-significant"}
_YES = {"significant", "sig", "sig."}


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed number or decision.

    Attributes
    ----------
    text : str
        As printed.
    relation : {"=", "<", "<=", ">", ">=", "words"}
    value : float
        The printed number (NaN for words).
    low, high : float
        The values that print like this: half a unit of the last decimal around `value`, or a half line for < and >.
    decimals : int
    unit : str
        "%" or empty.
    decision : str
        "significant", "not significant" or empty.
    exponent : int
        Power of ten of the last printed digit: -2 for 0.40, 2 for 1.2e3.
    """

    text: str
    relation: str
    value: float
    low: float
    high: float
    decimals: int = 0
    unit: str = ""
    decision: str = ""
    exponent: int = 0

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


def words_to_number(text: str) -> str:
    """ "nine" -> "9"; other text unchanged."""
    word = text.strip().lower()
    return str(_WORDS.index(word)) if word in _WORDS else text


def read_printed(text: str) -> Printed:
    """Read one printed value: "0.40", "52.2%", "<0.001", "0.000", "NS", "nine", "1,234"; any minus or dot.

    Raises
    ------
    InputError
        The text is none of these.
    """
    plain = words_to_number(text).translate(_SIGNS).strip()
    folded = plain.lower()
    if folded in _NOT or folded in _YES:
        decision = "not significant" if folded in _NOT else "significant"
        return Printed(text, "words", math.nan, math.nan, math.nan, decision=decision)
    plain = re.sub(r"^[pP]\s*(?=[<>=])", "", plain)
    found = _NUMBER.fullmatch(plain)
    if not found or not found[2]:
        raise InputError(f"cannot read the printed value {text!r}; expected a form such as 0.40, 52.2%, <0.001 or NS")
    relation, digits, unit = found[1] or "=", found[2].replace(",", ""), found[3] or ""
    try:
        number = Decimal(digits)
    except InvalidOperation:
        raise InputError(f"cannot read the printed value {text!r}") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or not math.isfinite(float(number)):
        raise InputError(f"cannot read the printed value {text!r}; it is no finite number")
    step = Decimal(1).scaleb(exponent) / 2
    low, high = float(number - step), float(number + step)
    if relation in ("<", "<="):
        low, high = -math.inf, float(number)
    elif relation in (">", ">="):
        low, high = float(number), math.inf
    return Printed(text, relation, float(number), low, high, max(0, -exponent), unit, exponent=exponent)


def rounds_to(value: float, printed: Printed) -> bool:
    """Whether `value`, rounded half up or half to even, is the printed text (or satisfies its < or >).

    A tie counts by the number as typed and by the float that stands for it: 0.95 is stored a little below.
    """
    if math.isnan(value) or printed.relation == "words":
        return False
    if printed.relation != "=":
        return value in printed and not (printed.relation in "<>" and value == printed.value)
    if math.isinf(value):
        return False
    with localcontext() as context:
        context.prec = DIGITS
        unit = Decimal(1).scaleb(printed.exponent)
        target = Decimal(repr(printed.value)).quantize(unit)
        exact = (Decimal(repr(float(value))), Decimal(float(value)))
        modes = (ROUND_HALF_UP, ROUND_HALF_EVEN)
        return any(number.quantize(unit, rounding=mode) == target for number in exact for mode in modes)
