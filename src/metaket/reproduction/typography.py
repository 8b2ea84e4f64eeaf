"""Printers' signs as plain ones: dashes, dots, spaces, powers of ten, numbers in words."""

from __future__ import annotations

import re

__all__ = ["plain", "words_to_number"]

_SPACES = dict.fromkeys(
    [
        *("\N{NO-BREAK SPACE}", "\N{THIN SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{HAIR SPACE}", "\N{FIGURE SPACE}"),
        *("\N{EN SPACE}", "\N{EM SPACE}", "\N{PUNCTUATION SPACE}", "\N{SIX-PER-EM SPACE}", "\N{FOUR-PER-EM SPACE}"),
        *("\N{THREE-PER-EM SPACE}", "\N{MEDIUM MATHEMATICAL SPACE}", "\N{IDEOGRAPHIC SPACE}", "\t", "\n", "\r"),
    ],
    " ",
)
_DASHES = dict.fromkeys(
    [
        *("\N{MINUS SIGN}", "\N{EN DASH}", "\N{EM DASH}", "\N{FIGURE DASH}", "\N{HYPHEN}", "\N{NON-BREAKING HYPHEN}"),
        *("\N{SMALL HYPHEN-MINUS}", "\N{FULLWIDTH HYPHEN-MINUS}", "\N{SUPERSCRIPT MINUS}"),
    ],
    "-",
)
_DOTS = dict.fromkeys(
    ["\N{MIDDLE DOT}", "\N{DOT OPERATOR}", "\N{BULLET}", "\N{BULLET OPERATOR}", "\N{HYPHENATION POINT}"], "."
)
_OTHERS = {
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{LESS-THAN OR SLANTED EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{GREATER-THAN OR SLANTED EQUAL TO}": ">=",
    "\N{FULLWIDTH LESS-THAN SIGN}": "<",
    "\N{FULLWIDTH GREATER-THAN SIGN}": ">",
    "\N{FULLWIDTH EQUALS SIGN}": "=",
    "\N{FULLWIDTH PERCENT SIGN}": "%",
    "\N{ZERO WIDTH SPACE}": "",
    "\N{WORD JOINER}": "",
    "\N{SOFT HYPHEN}": "",
    "\N{LEFT-TO-RIGHT MARK}": "",
    "\N{ZERO WIDTH NO-BREAK SPACE}": "",
}
_SIGNS = str.maketrans(_SPACES | _DASHES | _DOTS | _OTHERS)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_TIMES = "[x*\N{MULTIPLICATION SIGN}\N{ASTERISK OPERATOR}X]"
_MIDDLE = "[\N{MIDDLE DOT}\N{DOT OPERATOR}\N{BULLET}]"
_MINUS = "[-\N{MINUS SIGN}\N{EN DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}]"
# 1.2 x 10^-5, 1.2×10⁻⁵; a flattened 1.2 x 10-5 has lost its raised minus, which only a sign of times gives away
_POWER = re.compile(rf"(?<=\d)\s*(?:{_TIMES}|{_MIDDLE})\s*10\s*(?:\^|\*\*)\s*[({{]?\s*(\+|{_MINUS})?\s*(\d+)[)}}]?")
_FLAT_POWER = re.compile(rf"(?<=\d)\s*{_TIMES}\s*10\s*({_MINUS})\s*(\d+)")
# marks of a footnote behind a number, or behind the bracket that ends it
_MARKS = re.compile(r"(?<=[\d%)\]}])\s?[*\N{DAGGER}\N{DOUBLE DAGGER}\N{SECTION SIGN}\N{PILCROW SIGN}]+(?=$|[\s,;)\]}])")
_SAID = {"less than": "<", "below": "<", "greater than": ">", "more than": ">", "at most": "<=", "at least": ">="}
_SAID_BEFORE = re.compile(rf"\b({'|'.join(_SAID)})\s+(?=[\d.\N{{MIDDLE DOT}}])", re.I)
_RAISED_RUN = re.compile(r"(?<=10)([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_ONES = [
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
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_COUNTED = "studies|study|trials?|rcts?|patients?|participants?|subjects?|adults?|comparisons?|effects?|datasets?"
_WITH_NOUN = re.compile(rf"(?:n\s*=\s*)?([\d,]+|[a-z]+(?:-[a-z]+)?)((?:\s+[a-z][a-z,-]*)*?)\s+(?:{_COUNTED})", re.I)


def plain(text: str) -> str:
    """One kind of minus, dot and space; powers of ten as in 1.2e-5; no marks of footnotes, and < for "less than"."""
    raised = _RAISED_RUN.sub(lambda m: "^" + m[1].translate(_RAISED), text)
    flat = _POWER.sub(lambda m: f"e{'-' if m[1] and m[1] != '+' else ''}{m[2]}", raised)
    flat = _FLAT_POWER.sub(r"e-\2", flat)
    said = _SAID_BEFORE.sub(lambda m: f"{_SAID[m[1].lower()]} ", _MARKS.sub("", flat))
    return " ".join(said.translate(_SIGNS).split())


def words_to_number(text: str) -> str:
    """ "nine" -> "9", "twenty-one" -> "21", "ten randomized studies" -> "10"; other text unchanged."""
    folded = plain(text)
    counted = _WITH_NOUN.fullmatch(folded)
    word = counted[1] if counted else folded
    if counted and re.fullmatch(r"\d{1,3}(?:,\d{3})*|\d+", word):
        return word.replace(",", "")
    number = _number(word.lower())
    return text if number is None else str(number)


def _number(word: str) -> int | None:
    if word in _ONES:
        return _ONES.index(word)
    tens, _, ones = word.replace(" ", "-").partition("-")
    if tens not in _TENS or (ones and ones not in _ONES[1:10]):
        return None
    return 10 * (_TENS.index(tens) + 2) + (_ONES.index(ones) if ones else 0)
