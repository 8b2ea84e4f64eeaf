"""Arguments of `recover` as texts: whole numbers or ranges of them, percentages, an effect with its interval.

Every number goes through `read_printed`, so that its decimals decide which values print like it.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.errors import InputError
from metaket.reproduction.claims import Printed, read_printed
from metaket.reproduction.printed_parts import read_parts

__all__ = ["Counts", "EffectText", "agrees", "read_count", "read_effect", "read_named", "read_percent"]

Bools = npt.NDArray[np.bool_]
TIE = 1e-12  # a tie such as 1/8 = 12.5 % may be off by one unit of the last binary digit
SIGNIFICANT = 0.05
_RANGE = re.compile(r"\s+to\s+|\.\.|(?<=\d)\s*[-\u2013]\s*(?=\d)")


class Counts(NamedTuple):
    """A range of whole numbers, both ends included."""

    low: int
    high: int


class EffectText(NamedTuple):
    """A printed effect: estimate and, where printed, its interval, p-value and the interval's level."""

    estimate: Printed
    low: Printed | None
    high: Printed | None
    p: Printed | None
    level: float


def read_named(name: str, text: object) -> Printed:
    """`read_printed`, with the argument's name in the message."""
    _check_blank(name, text)
    try:
        return read_printed(str(text))
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def _check_blank(name: str, text: object) -> None:
    if not str(text).strip():
        raise InputError(f"{name} is blank: give it as printed, or leave it out")


def read_count(name: str, value: Any) -> Counts:
    """A whole number, or a range of them: 47, "47", "20 to 40", "20-40" or (20, 40).

    Raises
    ------
    InputError
        Not a whole number of at least 0, or a range whose ends are in the wrong order.
    """
    parts = list(value) if isinstance(value, tuple | list) else _RANGE.split(str(value).strip())
    numbers = [_whole(name, part) for part in parts]
    if len(numbers) not in (1, 2) or numbers[0] > numbers[-1]:
        raise InputError(f"{name} must be a whole number, or a range such as '20 to 40', got {value!r}")
    return Counts(numbers[0], numbers[-1])


def _whole(name: str, value: Any) -> int:
    try:
        number = read_printed(str(value)).value
    except InputError:
        number = math.nan
    if not (number >= 0 and number == int(number)):
        raise InputError(f"{name} must be a whole number of at least 0, got {value!r}")
    return int(number)


def read_percent(name: str, text: object) -> Printed:
    """A percentage, with or without its sign, between 0 and 100."""
    printed = read_named(name, text)
    if printed.relation == "words" or not 0.0 <= printed.value <= 100.0:
        raise InputError(f"{name} must be a percentage between 0 and 100, such as '63.8%', got {text!r}")
    return printed


def read_effect(name: str, text: object) -> EffectText:
    """ "4.54", "4.54 (1.58 to 13.05)", "4.54 [1.58, 13.05]", "4.54 (95% CI 1.58-13.05; P = .005)": see `read_parts`.

    Raises
    ------
    InputError
        None of these, an interval whose ends are in the wrong order, or more than an estimate, its interval and p.
    """
    _check_blank(name, text)
    try:
        parts = {part.role: part for part in read_parts(str(text).strip())}
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    other = [role for role in parts if role not in ("value", "low", "high", "p")]
    if other or "value" not in parts:
        raise InputError(f"{name} must be a number with or without its interval and p, got {text!r}")
    low, high, p = (parts[role].printed if role in parts else None for role in ("low", "high", "p"))
    level = parts["low"].level if "low" in parts else 0.95
    return EffectText(parts["value"].printed, low, high, p, level)


def agrees(printed: Printed, values: Array) -> Bools:
    """Where `values` print as `printed`; a tie may have been rounded either way.

    The words "significant" and "not significant" are about a p-value and 0.05. NaN agrees with nothing.
    """
    with np.errstate(invalid="ignore"):
        if printed.relation == "words":
            below = values < SIGNIFICANT
            return np.asarray(below if printed.decision == "significant" else values >= SIGNIFICANT)
        if printed.relation == "<":
            return np.asarray(values < printed.high)
        if printed.relation == ">":
            return np.asarray(values > printed.low)
        slack = TIE * max(abs(x) for x in (printed.low, printed.high, printed.value) if math.isfinite(x))
        return np.asarray((values >= printed.low - slack) & (values <= printed.high + slack))
