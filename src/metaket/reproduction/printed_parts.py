"""A printed text of several numbers, "1.58 (95% CI 1.20 to 2.09; P = .001)", as its parts, each with its role."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from metaket.errors import InputError
from metaket.reproduction.claims import Printed, read_printed
from metaket.reproduction.typography import plain

__all__ = ["Part", "read_parts"]

LEVEL = 0.95
_D = r"\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d*\.\d+|\d+,\d{1,2}(?!\d)|\d+"
_N = rf"[+-]?\s?(?:{_D})(?:e[+-]?\d+)?\s*%?"
_BETWEEN = r"\s*(?:to|through|and|until|[;,~/]|\.{2,}|…|-)\s*"
_PERCENT = r"(\d{2}(?:\.\d+)?)\s*%?-?\s*"
_NAME = r"(?:(?:confidence|credible|prediction|compatibility)\s+(?:intervals?|limits)|CrI|CI|PI|CL)"
_LEVEL = rf"(?:(?:{_PERCENT})?{_NAME}(?:\s*\(?(?:{_PERCENT})\)?)?)\s*(?:from|of|[:=,;])?\s*"
# an interval, with or without its level, in any bracket or behind a comma
_INTERVAL = re.compile(rf"[\[({{]?\s*(?:{_LEVEL})?[\[({{]?\s*(?P<low>{_N}){_BETWEEN}(?P<high>{_N})\s*[\])}}]?", re.I)
_WORD = r"(?:[A-Za-z][\w² ]*?\s*[=:,]?\s+|[A-Za-z]\w*\s*[=:]\s*)?"
_COUNT = r"\d+\s*(?:/|of|out of)\s*\d+"
_FIRST = re.compile(rf"(?P<first>{_COUNT}|{_WORD}{_N})\s*(?P<rest>[\[({{,;].*|{_LEVEL}.*)", re.I)
_BY_NAME = r"(?:p(?:-?\s?values?)?|i\^?[2²]|q|(?:tau|τ)\^?[2²])"
_HETEROGENEITY = r"(?:\s*(?:for|of|_)?\s*\(?het(?:erogeneity)?\)?)?"
_SPLIT = re.compile(rf"\s*;\s*|\s*[,)\]}}]\s*[\[({{]?\s*(?={_BY_NAME}{_HETEROGENEITY}\s*(?:[<>=:]|\d))", re.I)
_AFTER = re.compile(r"\s*(?:$|[,;)\]}(\[{])")
_NAMED = re.compile(rf"({_BY_NAME})({_HETEROGENEITY})(?=\W)", re.I)
_CODES = {"p": "p", "i": "i2", "q": "q", "t": "tau2", "τ": "tau2"}


@dataclass(frozen=True, slots=True)
class Part:
    """One number of a printed text.

    Attributes
    ----------
    role : {"value", "low", "high", "percent", "p", "q_p", "i2", "q", "tau2"}
        "value" is what the text is about; "low" and "high" are the ends of its interval, "percent" is the share
        behind a count, "q_p" the p-value of heterogeneity.
    printed : Printed
    level : float
        Of the interval: 0.95 unless the text says another.
    """

    role: str
    printed: Printed
    level: float = LEVEL


def read_parts(text: str) -> tuple[Part, ...]:
    """Read a printed value, an interval, or both, with what stands behind them.

    Parameters
    ----------
    text : str
        "0.40"; "1.20 to 2.09"; "1.58 (1.20 to 2.09)"; "1.58, 95% CI 1.20-2.09, P = .001"; "-0.9 [-1.4; -0.5]";
        "30/47 (63.8%)"; brackets of any kind, and "to", a dash, comma, semicolon, "and" or dots between the ends. A
        percent sign behind one number of an interval holds for all that have none.

    Returns
    -------
    tuple of Part
        A single part of role "value" where the text is one value.

    Raises
    ------
    InputError
        It is none of these, or the ends of the interval are in the wrong order.

    Examples
    --------
    >>> from metaket.reproduction.printed_parts import read_parts
    >>> [(p.role, p.printed.value) for p in read_parts("1.58 (1.20 to 2.09)")]
    [('value', 1.58), ('low', 1.2), ('high', 2.09)]
    """
    try:
        return (Part("value", read_printed(text)),)
    except InputError as error:
        flat = re.sub(r"([\])}])\s*%$", r"%\1", plain(text))
        found = _interval(flat) or _value_first(flat)
        if not found:
            raise error
    parts = _same_unit(found)
    ends = {part.role: part.printed for part in parts}
    if "low" in ends and ends["low"].value > ends["high"].value:
        raise InputError(
            f"cannot read the printed value {text!r}; its interval runs from {ends['low'].text.strip()} down to "
            f"{ends['high'].text.strip()}"
        )
    return parts


def _interval(text: str) -> list[Part]:
    """An interval alone; empty if the text is none."""
    found = _INTERVAL.fullmatch(text.strip())
    if not found:
        return []
    named = [group for group in found.groups()[:-2] if group]
    level = float(named[0]) / 100.0 if named else LEVEL
    low, high = (read_printed(found[name]) for name in ("low", "high"))
    return [Part("low", low, level), Part("high", high, level)]


def _value_first(text: str) -> list[Part]:
    """A value with an interval, a p-value or heterogeneity behind it; empty if the text is none."""
    found = _FIRST.fullmatch(text)
    if not found:
        return []
    try:
        first = read_printed(found["first"])
        parts = [Part("value", first)]
        for piece in _pieces(found["rest"]):
            parts += _behind(piece, first)
    except InputError:
        return []
    roles = [part.role for part in parts]
    return parts if len(set(roles)) == len(roles) else []


def _behind(piece: str, first: Printed) -> list[Part]:
    """What a piece behind the value is; an error where it is nothing that we know."""
    named = _NAMED.match(piece)
    if named:
        number = read_printed(f"{named[1]} {piece[named.end() :].strip()}")
        return [Part("q_p" if named[2] else _CODES[named[1][0].lower()], number)]
    if first.out_of and piece.endswith("%"):
        return [Part("percent", read_printed(piece))]
    interval = _interval(piece)
    if not interval:
        raise InputError(f"cannot read {piece!r}")
    return interval


def _pieces(text: str) -> list[str]:
    """What stands behind the value, one interval or named number a piece."""
    inner = text.strip(" ,;")
    if not inner:
        return []
    interval = _INTERVAL.match(inner)  # first: its ends may be parted by the semicolon that parts the pieces
    end = interval.end() if interval and _AFTER.match(inner, interval.end()) else 0
    if end:
        return [_unbracketed(inner[:end]), *_pieces(inner[end:])]
    return [piece for piece in (_unbracketed(part) for part in _SPLIT.split(inner)) if piece]


def _unbracketed(piece: str) -> str:
    """Without brackets that open or close outside the piece, and without a pair around the whole of it."""
    piece = piece.strip(" ,")
    for opening, closing in ("()", "[]", "{}"):
        if piece.startswith(opening) and piece.count(opening) != piece.count(closing):
            piece = piece[1:].strip()
        if piece.endswith(closing) and piece.count(opening) != piece.count(closing):
            piece = piece[:-1].strip()
        if piece.startswith(opening) and piece.endswith(closing):
            piece = piece[1:-1].strip()
    return piece


def _same_unit(parts: list[Part]) -> tuple[Part, ...]:
    """A percent sign behind one number of an estimate and its interval holds for the others."""
    own = [part for part in parts if part.role in ("value", "low", "high")]
    percent = any(part.printed.unit == "%" for part in own) and not all(part.printed.unit == "%" for part in own)
    if not percent:
        return tuple(parts)
    return tuple(replace(p, printed=replace(p.printed, unit="%")) if p in own else p for p in parts)
