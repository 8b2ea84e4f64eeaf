"""Slips of the typist: digits transposed or mistyped, in an input or in print; a lost sign; arms exchanged."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from metaket.errors import InputError
from metaket.reproduction.claims import number_text, read_printed
from metaket.reproduction.explain_figures import Figure
from metaket.reproduction.explain_inputs import Inputs
from metaket.reproduction.explain_registry import Edit, Meant, slip
from metaket.reproduction.typography import plain

__all__ = ["mistyped", "transposed"]


def transposed(text: str) -> Iterator[str]:
    """The text with two digits that stand beside each other (a point between them or not) exchanged."""
    places = [i for i, c in enumerate(text) if c.isdigit()]
    for i, j in pairwise(places):
        if text[i] != text[j]:
            yield from _plausible(text[:i] + text[j] + text[i + 1 : j] + text[i] + text[j + 1 :])


def mistyped(text: str) -> Iterator[str]:
    """The text with one digit replaced by another."""
    for i, old in enumerate(text):
        if old.isdigit():
            for new in "0123456789":
                if new != old:
                    yield from _plausible(text[:i] + new + text[i + 1 :])


def _plausible(text: str) -> Iterator[str]:
    """The text unless it begins with a zero that nobody types, or stands for nothing at all."""
    digits = text.lstrip("-+")
    if not (len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()):
        yield text


def _retyped(inputs: Inputs, how: Callable[[str], Iterator[str]]) -> list[Edit]:
    edits = []
    for name, texts in inputs.texts.items():
        for i, text in enumerate(texts):
            who = f"{name} of {inputs.study[i]}"
            readings = how(plain(text))
            edits += [Edit(i, f"{who} typed {new} instead of {text}", {name: float(new)}) for new in readings]
    return edits


@slip(
    "digits-transposed",
    label="two digits transposed in one input",
    remedy="read that cell again in the study's report",
    prior=5,
)
def digits_transposed(inputs: Inputs) -> list[Edit]:
    """Two neighbouring digits of one cell exchanged."""
    return _retyped(inputs, transposed)


@slip(
    "digit-mistyped",
    label="one digit mistyped in one input",
    remedy="read that cell again in the study's report",
    prior=10,
    reference="Xu et al. (2022) BMJ 377:e069155",
)
def digit_mistyped(inputs: Inputs) -> list[Edit]:
    """One digit of one cell replaced."""
    return _retyped(inputs, mistyped)


def _reprinted(figures: Sequence[Figure], how: Callable[[str], Iterator[str]]) -> list[Meant]:
    """Every figure's other readings, without the label that it may be printed with; words have none."""
    out = []
    for i, f in enumerate(figures):
        old = number_text(f.printed.text)
        news = how(old) if f.printed.relation == "=" else ()
        out += [Meant(f"{f.label} printed {old} instead of {new}", ((i, new),)) for new in news if _readable(new)]
    return out


def _readable(text: str) -> bool:
    """Whether a changed text still is a number: "12 of 11" is none."""
    try:
        read_printed(text)
    except InputError:
        return False
    return True


@slip(
    "print-transposed",
    label="two digits transposed in a printed figure",
    remedy="the result holds; the printed figure needs a correction",
    prior=3,
    stage="print",
)
def print_transposed(figures: Sequence[Figure]) -> list[Meant]:
    """Two neighbouring digits of one figure exchanged."""
    return _reprinted(figures, transposed)


@slip(
    "print-mistyped",
    label="one digit of a printed figure mistyped",
    remedy="the result holds; the printed figure needs a correction",
    prior=3,
    stage="print",
)
def print_mistyped(figures: Sequence[Figure]) -> list[Meant]:
    """One digit of one figure replaced."""
    return _reprinted(figures, mistyped)


@slip(
    "print-unit",
    label="one unit off in the last decimal of a printed figure",
    remedy="the result holds to the last decimal, which was cut off or rounded on the way",
    prior=10,
    stage="print",
)
def print_unit(figures: Sequence[Figure]) -> list[Meant]:
    """The last decimal of one figure a unit up or down."""
    return _reprinted(figures, _neighbours)


def _neighbours(text: str) -> Iterator[str]:
    """The numbers one unit of the last decimal away; none for a count, whose last digit is no rounding."""
    found = re.fullmatch(r"([+-]?)(\d*\.\d+)(\D*)", text.strip())
    if found:
        number, unit = Decimal(found[1] + found[2]), Decimal(1).scaleb(-len(found[2].partition(".")[2]))
        yield from (f"{number + unit}{found[3]}", f"{number - unit}{found[3]}")
    elif re.fullmatch(r"\d+\s*%", text.strip()):
        yield from (f"{int(text.strip(' %')) + step}%" for step in (1, -1))


@slip(
    "print-sign",
    label="sign of a printed figure lost",
    remedy="the result holds; the printed figure needs its sign",
    prior=3,
    stage="print",
)
def print_sign(figures: Sequence[Figure]) -> list[Meant]:
    """A minus lost, or one too many."""
    return _reprinted(figures, _other_sign)


def _other_sign(text: str) -> Iterator[str]:
    if text[:1] == "-":
        yield text[1:]
    elif any(c in "123456789" for c in text):
        yield "-" + text.lstrip("+")


@slip(
    "print-arms-exchanged",
    label="figures of the two arms exchanged",
    remedy="the result holds; the two printed rates change places",
    prior=3,
    stage="print",
)
def print_arms(figures: Sequence[Figure]) -> list[Meant]:
    """The rates of the two arms in each other's place."""
    at = {f.quantity: i for i, f in enumerate(figures) if f.study < 0}
    if "rate_t" not in at or "rate_c" not in at:
        return []
    t, c = at["rate_t"], at["rate_c"]
    return [Meant("rates of the two arms exchanged", ((t, figures[c].printed.text), (c, figures[t].printed.text)))]
