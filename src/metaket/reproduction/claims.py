"""What a printed text says: every form that papers print, read as an interval of values."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np
import numpy.typing as npt

from metaket.errors import InputError
from metaket.reproduction.typography import plain, words_to_number

__all__ = ["Printed", "matches", "number_text", "read_printed", "rounds_to", "words_to_number"]

Bools = npt.NDArray[np.bool_]

RELATIONS = {"<": "<", ">": ">", "<=": "<=", ">=": ">=", "=<": "<=", "=>": ">=", "=": "=", ":": "=", "~": "="}
_DIGITS = r"\d{1,3}(?:[, ']\d{3})+(?:\.\d+)?|\d+,\d{1,2}|\d+,\d{4,}|0,\d+|\d*\.\d+|\d+"
_RELATION = r"[<>]=?|=[<>]?|:|~|\N{ALMOST EQUAL TO}"
_UNIT = r"%|percent(?:age points?)?|per cent"
_NUMBER = re.compile(rf"({_RELATION})?\s*([+-]?)\s?({_DIGITS})(e[+-]?\d+)?\s*({_UNIT})?", re.I)
_COUNT_OF = re.compile(
    r"(\d[\d,]*|[a-z]+(?:-[a-z]+)?)\s*(?:of|out of|/)\s*(?:the\s)?(\d[\d,]*|[a-z]+(?:-[a-z]+)?)", re.I
)
# what stands before a number and only names it; after a bare letter there must be a sign of relation or a space
_LABEL = re.compile(
    r"(?:p(?:-?\s?values?)?|i\^?[2²]|q(?:_?[beEmM])?|h\^?[2²]|n|k|z|t|d|g|r|rr|or|hr|irr|rd|md|smd|wmd|es|ate|beta|β|"
    r"(?:tau|τ|t|chi|χ)-?\^?[2²]|tau|τ|se|sd|ci|odds ratio|risk ratio|relative risk|hazard ratio|"
    r"(?:standardi[sz]ed |weighted )?mean difference)"
    r"\s*(?:\(?\s*(?:df\s*=\s*)?\d+\s*\)?\s*(?=[<>=~]))?(?:(?=[\s<>=:~.+-])|,(?=\s))\s*",
    re.I,
)
_NOT = re.compile(
    r"n\.?\s?s\.?|non-?\s?sig(?:nificant|\.)?|(?:not|no|without|in)\s*(?:statistical(?:ly)?\s)?(?:sig(?:nifican(?:t|ce)|\.)?)"
    r"(?:\s[a-z '-]+)?",
    re.I,
)
_YES = re.compile(r"(?:statistically |highly )?sig(?:nificant|\.)?", re.I)
BLANK = "it is blank: type it as the paper prints it, or delete the claim"
HINT = "expected a form such as 0.40, 52.2%, <0.001 or NS"


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
    low_closed, high_closed : bool
        Whether the float at that end prints like the text under half-up or half-even rounding.
    out_of : int
        The denominator of "9 of 11" or "9/11"; 0 without one.
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
    low_closed: bool = True
    high_closed: bool = True
    out_of: int = 0

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


def read_printed(text: str) -> Printed:
    """Read one printed value as the interval of numbers that print like it.

    Parameters
    ----------
    text : str
        "0.40", "52.2%", "<0.001", "0.000", "NS", "nine", "1,234", "P = .03", "p < 0·05", "1.2 x 10^-5", "9 of 11",
        with any minus, dot and space that printers set. A decimal comma ("0,40") is read where the digits behind it
        cannot be a group of thousands. See `read_parts` for "1.58 (1.20 to 2.09)".

    Returns
    -------
    Printed

    Raises
    ------
    InputError
        The text is none of these.
    """
    folded = plain(words_to_number(text))
    bare = _LABEL.sub("", folded, count=1) if _LABEL.match(folded) else folded
    for words in (folded, bare.lstrip("=: ")):
        decision = "not significant" if _NOT.fullmatch(words) else "significant" if _YES.fullmatch(words) else ""
        if decision:
            return Printed(text, "words", math.nan, math.nan, math.nan, decision=decision)
    counted = _COUNT_OF.fullmatch(bare)
    if counted:
        return _count_of(text, counted)
    found = _NUMBER.fullmatch(bare)
    if not found:
        raise InputError(f"cannot read the printed value {text!r}; {HINT if bare else BLANK}")
    return _number(text, found)


def number_text(text: str) -> str:
    """What stands for the number in a printed text, with plain signs: "0.03" of "P = .03", "<0.001" of "p < 0·001"."""
    folded = plain(words_to_number(text))
    bare = _LABEL.sub("", folded, count=1) if _LABEL.match(folded) else folded
    return bare.lstrip("=: ")


def _count_of(text: str, found: re.Match[str]) -> Printed:
    """ "9 of 11": the count 9, with 11 as its denominator."""
    digits = [words_to_number(part).replace(",", "") for part in found.groups()]
    if not all(part.isdecimal() for part in digits):
        raise InputError(f"cannot read the printed value {text!r}; {HINT}")
    events, total = int(digits[0]), int(digits[1])
    if events > total or total == 0:
        raise InputError(f"cannot read the printed value {text!r}; {events} of {total} is no part of a whole")
    return Printed(text, "=", float(events), events - 0.5, events + 0.5, out_of=total)


def _number(text: str, found: re.Match[str]) -> Printed:
    relation = RELATIONS.get(found[1] or "=", "=")
    unit = "%" if found[5] else ""
    try:
        number = Decimal(found[2] + _point(found[3]) + (found[4] or ""))
    except InvalidOperation:
        raise InputError(f"cannot read the printed value {text!r}; {HINT}") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or not math.isfinite(float(number)):
        raise InputError(f"cannot read the printed value {text!r}; it is no finite number")
    places = max(0, -exponent)
    if relation in ("<", "<="):
        ends, closed = (-math.inf, float(number)), (True, relation == "<=")
    elif relation in (">", ">="):
        ends, closed = (float(number), math.inf), (relation == ">=", True)
    else:
        ends, closed = _rounding(number, exponent)
    return Printed(text, relation, float(number), *ends, places, unit, "", exponent, *closed)


def _point(digits: str) -> str:
    """The digits with a decimal point and no marks of thousands."""
    if re.fullmatch(r"\d{1,3}(?:[, ']\d{3})+(?:\.\d+)?", digits) and not digits.startswith("0"):
        return re.sub("[, ']", "", digits)
    return digits.replace(",", ".")


def _rounding(number: Decimal, exponent: int) -> tuple[tuple[float, float], tuple[bool, bool]]:
    """The values that print as `number`, and which ends belong to them.

    Rounding half up (away from zero) takes the end nearer zero, half to even both ends of an even digit. A tie counts
    by the number as typed and by the float that stands for it: 2.675 is stored a little below and prints as 2.67, too.
    """
    step = Decimal(1).scaleb(exponent) / 2
    low, high = number - step, number + step
    even = number == 0 or number.as_tuple().digits[-1] % 2 == 0
    low_closed = even or number > 0 or Decimal(float(low)) > low
    high_closed = even or number < 0 or Decimal(float(high)) < high
    return (float(low), float(high)), (low_closed, high_closed)


def matches(values: npt.ArrayLike, printed: Printed, *, unit: str = "") -> Bools:
    """Which values print as the text, rounded half up or half to even, or satisfy its < or >.

    Parameters
    ----------
    values : array_like
        Recomputed numbers, of any shape.
    printed : Printed
        From `read_printed`; a decision in words matches no number.
    unit : {"", "%"}
        Unit of `values`. Proportions are multiplied by 100 for a text in percent; "9 of 11" is compared as a share
        with values in percent, and as the count 9 with others.

    Returns
    -------
    ndarray of bool
        Of the shape of `values`; False for NaN.

    Examples
    --------
    >>> from metaket.reproduction.claims import matches, read_printed
    >>> matches([0.394, 0.395, 0.405, 0.406], read_printed("0.40")).tolist()
    [False, True, True, False]
    """
    x = np.asarray(values, dtype=np.float64)
    if printed.relation == "words":
        return np.zeros(x.shape, dtype=bool)
    if printed.out_of and unit == "%":
        return np.asarray(np.isclose(x, 100.0 * printed.value / printed.out_of, rtol=1e-12, atol=0.0))
    if printed.unit == "%" and unit != "%":
        x = 100.0 * x
    above = (x > printed.low) | (printed.low_closed & (x == printed.low))
    below = (x < printed.high) | (printed.high_closed & (x == printed.high))
    finite = np.isfinite(x) | (printed.relation != "=")
    return np.asarray(above & below & finite & ~np.isnan(x))


def rounds_to(value: float, printed: Printed) -> bool:
    """Whether one value, already in the printed unit, prints as the text: `matches` of a single number."""
    return bool(matches(value, printed, unit=printed.unit))
