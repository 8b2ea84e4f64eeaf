"""One printed number or word against one recomputed quantity: its unit, its gap in every band, its verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from metaket.errors import InputError
from metaket.reproduction.bands import Gap, gap_between
from metaket.reproduction.claims import Printed, matches, read_printed
from metaket.reproduction.comparison import Comparison
from metaket.reproduction.quantities import DECISIONS, Quantity

__all__ = ["in_printed_unit", "judge_number", "judge_words", "stated_decision"]

BAND = "relative-5"  # the one that parts near from differs
EDGE = 0.05  # of that band
ALPHA = 0.05
PROPORTIONS = ("RD", "PR", "PAS", "PFT", "PLN", "PLO", "MPRD")


def judge_words(text: str, quantities: Sequence[Quantity], base: Comparison) -> Comparison:
    """A decision in words against the recomputed one."""
    expected = stated_decision(text, base.quantity)
    got = sorted({q.words for q in quantities})
    base = replace(base, words=" or ".join(got))
    if len(got) > 1:
        return replace(base, verdict="not computable", cause="the two ends of a printed input range decide differently")
    if got[0] == expected:
        return replace(base, verdict="exact", cause="the recomputed decision is the stated one")
    return replace(base, verdict="decision differs", cause=f"stated: {expected}; recomputed: {got[0]}")


def stated_decision(text: str, quantity: str) -> str:
    """The decision that a claim states, in our words."""
    if quantity == "decision":
        if text.strip().lower() in DECISIONS:
            return text.strip().lower()
        raise InputError(f"means must be one of {', '.join(DECISIONS)}, got {text!r}")
    try:
        stated = read_printed(text).decision
    except InputError:
        stated = ""
    if not stated:
        raise InputError(f"{quantity} is 'significant' or 'not significant', got {text!r}; say which in means")
    return stated


def in_printed_unit(quantity: Quantity, printed: Printed, measure: str) -> Quantity:
    """The quantity in the unit of the print: a proportion printed in percent, a percentage printed as a fraction.

    Raises
    ------
    InputError
        The text is in percent, and the quantity is neither a percentage nor a proportion.
    """
    if printed.unit == "%" and quantity.unit != "%":
        if measure in PROPORTIONS and quantity.kind in ("estimate", "limit"):
            return _times(quantity, 100.0, "%")
        if quantity.kind in ("p", "count", "heterogeneity") or quantity.log:
            raise InputError(f"{printed.text!r} is in percent, which this quantity is not; say the number in means")
        return replace(quantity, unit="%")
    places = 2 if quantity.kind == "heterogeneity" else 1  # I2 of 0.5 is half a percent, of 0.50 a half
    fraction = printed.relation == "=" and printed.decimals >= places and 0 <= printed.value <= 1
    if quantity.unit == "%" and printed.unit != "%" and fraction and not printed.out_of:
        return _times(quantity, 0.01, "")
    return quantity


def _times(quantity: Quantity, factor: float, unit: str) -> Quantity:
    width = None if quantity.width is None or quantity.log else factor * quantity.width
    value, null = factor * quantity.value, factor * quantity.null
    return replace(quantity, value=value, null=null, unit=unit, width=width, scale="")


def judge_number(printed: Printed, quantities: Sequence[Quantity], base: Comparison) -> Comparison:
    """A printed number against the recomputed one, or against both ends where an input is printed as a range.

    Parameters
    ----------
    printed : Printed
    quantities : sequence of Quantity
        In the printed unit.
    base : Comparison
    """
    values = [q.value for q in quantities]
    first = quantities[0]
    base = replace(base, recomputed=values[0], unit=first.unit)
    if len(values) > 1:
        base = replace(base, recomputed_low=min(values), recomputed_high=max(values))
    if printed.relation == "words":
        return _judge_significance(values, first, printed, base)
    base = replace(base, printed_low=_finite(printed.low), printed_high=_finite(printed.high))
    nearest = min(values, key=lambda v: abs(v - printed.value) if math.isfinite(v) else math.inf)
    for value in values:
        if matches(value, printed, unit=first.unit):
            rounded = printed.relation == "=" and not printed.out_of
            how = f"{'rounds to' if rounded else 'is'} {printed.text.strip()}"
            return replace(base, verdict="exact", cause=how, gap=_gap(value, printed, first))
    if len(values) > 1 and min(values) <= printed.high and max(values) >= printed.low:
        gap = _gap(nearest, printed, first)
        return replace(base, verdict="input-rounding", cause="between the ends of a printed input range", gap=gap)
    return _outside(nearest, printed, quantities[values.index(nearest)], base)


def _judge_significance(values: Sequence[float], quantity: Quantity, printed: Printed, base: Comparison) -> Comparison:
    if quantity.kind != "p":
        raise InputError(
            f"{printed.text!r} says nothing about {base.quantity}; make the claim of p_value or significant"
        )
    words = ["significant" if p < ALPHA else "not significant" for p in values]
    shown = " to ".join(f"{p:.3g}" for p in sorted(set(values)))
    base = replace(base, words=f"p = {shown}")
    if len(set(words)) > 1:
        return replace(base, verdict="not computable", cause="the two ends of a printed input range decide differently")
    verdict = "exact" if words[0] == printed.decision else "decision differs"
    return replace(base, verdict=verdict, cause=f"p = {shown}: {words[0]}")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _gap(value: float, printed: Printed, quantity: Quantity) -> Gap | None:
    if printed.relation != "=" or not math.isfinite(value):
        return None
    target = printed.value
    if printed.out_of and quantity.unit == "%":
        target = 100.0 * printed.value / printed.out_of
    return gap_between(value, target, log=quantity.log, width=quantity.width, scale=quantity.scale)


def _other_side(value: float, printed: Printed, quantity: Quantity) -> str:
    """Why the decision is another one than the printed value makes; empty where it is not.

    A print whose rounding reaches across 0.05, or across the null, decides nothing.
    """
    if not math.isfinite(value):
        return ""
    if quantity.kind == "p":
        below, above = printed.high <= ALPHA, printed.low >= ALPHA
        other = (below and value >= ALPHA) or (above and value < ALPHA)
        return f"p = {value:.3g} is on the other side of {ALPHA}" if other else ""
    if math.isnan(quantity.null):
        return ""
    if (value > quantity.null and printed.high < quantity.null) or (
        value < quantity.null and printed.low > quantity.null
    ):
        what = "limit" if quantity.kind == "limit" else "value"
        return f"the recomputed {what} {value:.4g} is on the other side of {quantity.null:g}"
    return ""


def _outside(value: float, printed: Printed, quantity: Quantity, base: Comparison) -> Comparison:
    """The verdict on a value that does not print as the text."""
    gap = _gap(value, printed, quantity)
    other = _other_side(value, printed, quantity)
    if other:
        return replace(base, verdict="decision differs", gap=gap, cause=other)
    if gap is None:
        return replace(base, verdict="differs", cause=f"{value:.4g} is not {printed.text.strip()}")
    if gap.relative is None:
        none = quantity.log and min(value, printed.value) <= 0
        least = f"{min(value, printed.value):g}"
        why = f"{least} has no logarithm: its relative gap" if none else "a relative gap near zero"
        unit = " of logarithms" if quantity.log and not none else quantity.unit
        cause = f"{why} is not defined; the absolute one is {abs(gap.difference):.2g}{unit}"
        return replace(base, verdict="differs", gap=gap, cause=cause)
    verdict = "near" if gap.bands[BAND] else "differs"
    measured = " of the interval's width" if quantity.width is not None else ""
    share = 100 * gap.relative
    shown = f"{share:.0f}" if share >= 99.5 else f"{share:.2g}"
    if verdict == "differs" and float(shown) <= 100 * EDGE:
        shown = f"just over {100 * EDGE:g}"
    cause = f"off by {shown} %{measured}{' on the log scale' if quantity.log else ''}"
    return replace(base, verdict=verdict, gap=gap, cause=cause)
