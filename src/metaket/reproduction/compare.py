"""Every claim gets one verdict, a gap in each band, and a cause in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from metaket.errors import InputError, NotComputableError
from metaket.reproduction.analyse import AnalysisResult
from metaket.reproduction.bands import Gap, gap_between
from metaket.reproduction.claims import Printed, read_printed, rounds_to
from metaket.reproduction.comparison import VERDICTS, Comparison
from metaket.reproduction.paper import Claim, Paper
from metaket.reproduction.quantities import DECISIONS, Quantity
from metaket.reproduction.rounding import rounding_range
from metaket.reproduction.statements import STATEMENTS

__all__ = ["VERDICTS", "Comparison", "compare_claim", "worst_verdict"]

RELATIVE_BAND = "relative-5"


def worst_verdict(comparisons: Sequence[Comparison]) -> str:
    """The worst verdict in a paper, in the order of `VERDICTS`; empty without claims."""
    found = [VERDICTS.index(c.verdict) for c in comparisons]
    return VERDICTS[max(found)] if found else ""


def compare_claim(claim: Claim, paper: Paper, analyses: Mapping[str, AnalysisResult]) -> Comparison:
    """The verdict on one claim.

    Parameters
    ----------
    claim : Claim
    paper : Paper
    analyses : mapping of id to AnalysisResult

    Raises
    ------
    InputError
        The claim cannot be read or compared; the message names it.
    """
    try:
        return _compare(claim, paper, analyses, _blank(claim))
    except InputError as error:
        name = f"claim {claim.id!r}"
        text = str(error)
        raise type(error)(text if text.startswith(name) else f"{name}: {text}") from None


def _compare(claim: Claim, paper: Paper, analyses: Mapping[str, AnalysisResult], base: Comparison) -> Comparison:
    if "analysis" in claim.of:
        return _of_analysis(claim, paper, analyses[claim.of["analysis"]], base)
    for kind, judge in STATEMENTS.items():
        if kind in claim.of:
            return judge(claim, paper, base)
    return replace(base, quantity="context", cause=f"not a statement about these data: {claim.of['other']}")


def _blank(claim: Claim) -> Comparison:
    """A comparison without a result, with the values that the text stands for where it is a number."""
    base = Comparison(claim.id, claim.by, claim.where, claim.printed, "", "", "not computable", note=claim.note)
    try:
        printed = read_printed(claim.means or claim.printed)
    except InputError:
        return base
    low, high = _finite(printed.low), _finite(printed.high)
    return replace(base, unit=printed.unit, printed_low=low, printed_high=high)


def _of_analysis(claim: Claim, paper: Paper, found: AnalysisResult, base: Comparison) -> Comparison:
    code = str(claim.of["quantity"])
    base = replace(base, quantity=code, analysis=found.id, basis=found.basis, missing=_missing(found))
    try:
        quantities = found.quantity(code)
    except NotComputableError as error:
        cause = str(error) if found.results or not found.open else f"no usable row: {found.gap}"
        return replace(base, verdict="not computable", cause=cause)
    judged = (_judge_words if quantities[0].kind == "decision" else _judge_number)(claim, quantities, base)
    if judged.verdict != "exact" and quantities[0].kind != "decision":
        judged = _try_rounding(claim, paper, found, code, judged)
    if not found.open:
        return judged
    cause = f"{len(found.open)} of {found.asked} trials lack a number; on the sourced rows: {judged.verdict}"
    return replace(judged, verdict="not computable", on_sourced_rows=judged.verdict, cause=cause)


def _missing(found: AnalysisResult) -> tuple[str, ...]:
    time = found.analysis.where.get("time_h")
    at = f", {time:g} h" if isinstance(time, int | float) else ""
    return tuple(
        f"{item.study}{at}: {item.reason}" + (f" (look in: {item.look})" if item.look else "") for item in found.open
    )


def _judge_words(claim: Claim, quantities: Sequence[Quantity], base: Comparison) -> Comparison:
    expected = _stated(claim, base.quantity)
    got = sorted({q.words for q in quantities})
    base = replace(base, words=" or ".join(got))
    if len(got) > 1:
        return replace(base, verdict="not computable", cause="the two ends of a printed input range decide differently")
    if got[0] == expected:
        return replace(base, verdict="exact", cause="the recomputed decision is the stated one")
    return replace(base, verdict="decision differs", cause=f"stated: {expected}; recomputed: {got[0]}")


def _stated(claim: Claim, quantity: str) -> str:
    """The decision that the claim states, in our words."""
    text = (claim.means or claim.printed).strip()
    if quantity == "decision":
        if text.lower() in DECISIONS:
            return text.lower()
        raise InputError(f"means must be one of {', '.join(DECISIONS)}, got {text!r}")
    try:
        stated = read_printed(text).decision
    except InputError:
        stated = ""
    if not stated:
        raise InputError(f"{quantity} is 'significant' or 'not significant', got {text!r}; say which in means")
    return stated


def _judge_number(claim: Claim, quantities: Sequence[Quantity], base: Comparison) -> Comparison:
    printed = read_printed(claim.means or claim.printed)
    quantities = [_in_unit(q, printed) for q in quantities]
    values = [q.value for q in quantities]
    first = quantities[0]
    base = replace(base, recomputed=values[0], unit=first.unit)
    if len(values) > 1:
        base = replace(base, recomputed_low=min(values), recomputed_high=max(values))
    if printed.relation == "words":
        return _judge_significance(values[0], first, printed, base)
    base = replace(base, printed_low=_finite(printed.low), printed_high=_finite(printed.high))
    if any(rounds_to(v, printed) for v in values):
        return replace(base, verdict="exact", cause=f"rounds to {printed.text}", gap=_gap(values[0], printed, first))
    if len(values) > 1 and min(values) <= printed.high and max(values) >= printed.low:
        return replace(base, verdict="input-rounding", cause="between the ends of a printed input range")
    return _band_verdict(values[0], printed, first, base)


def _judge_significance(p: float, quantity: Quantity, printed: Printed, base: Comparison) -> Comparison:
    if quantity.kind != "p":
        raise InputError(
            f"{printed.text!r} says nothing about {base.quantity}; make the claim of p_value or significant"
        )
    words = "significant" if p < 0.05 else "not significant"
    verdict = "exact" if words == printed.decision else "decision differs"
    return replace(base, verdict=verdict, cause=f"p = {p:.3g}: {words}", words=f"p = {p:.3g}")


def _in_unit(quantity: Quantity, printed: Printed) -> Quantity:
    """A proportion or difference that is printed in percent, in percent."""
    if printed.unit != "%" or quantity.unit == "%" or quantity.kind not in ("estimate", "limit"):
        return quantity
    width = None if quantity.width is None or quantity.log else 100.0 * quantity.width
    return replace(quantity, value=100.0 * quantity.value, null=100.0 * quantity.null, unit="%", width=width, scale="")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _gap(value: float, printed: Printed, quantity: Quantity) -> Gap | None:
    if printed.relation != "=" or not math.isfinite(value):
        return None
    return gap_between(value, printed.value, log=quantity.log, width=quantity.width, scale=quantity.scale)


def _other_side(value: float, printed: Printed, quantity: Quantity) -> str:
    """Why the decision is another one than the printed value makes; empty where it is not."""
    if quantity.kind == "p" and (value < 0.05) != (printed.high <= 0.05):
        return f"p = {value:.3g} is on the other side of 0.05"
    if math.isnan(quantity.null) or not math.isfinite(value):
        return ""
    if (value > quantity.null and printed.high < quantity.null) or (
        value < quantity.null and printed.low > quantity.null
    ):
        what = "limit" if quantity.kind == "limit" else "value"
        return f"the recomputed {what} {value:.4g} is on the other side of {quantity.null:g}"
    return ""


def _band_verdict(value: float, printed: Printed, quantity: Quantity, base: Comparison) -> Comparison:
    gap = _gap(value, printed, quantity)
    other = _other_side(value, printed, quantity)
    if other:
        return replace(base, verdict="decision differs", gap=gap, cause=other)
    if gap is None:
        return replace(base, verdict="differs", cause=f"{value:.4g} is not {printed.text}")
    if gap.relative is None:
        cause = "a relative gap near zero is not defined; the absolute one is shown"
        return replace(base, verdict="differs", gap=gap, cause=cause)
    verdict = "near" if gap.bands[RELATIVE_BAND] else "differs"
    measured = " of the interval's width" if quantity.width is not None else ""
    cause = f"off by {100 * gap.relative:.2g} %{measured}{' on the log scale' if quantity.log else ''}"
    return replace(base, verdict=verdict, gap=gap, cause=cause)


def _try_rounding(claim: Claim, paper: Paper, found: AnalysisResult, code: str, judged: Comparison) -> Comparison:
    """Upgrade to input-rounding where some inputs within their printed rounding give the printed text."""
    printed = read_printed(claim.means or claim.printed)
    if printed.relation == "words":
        return judged
    reach = rounding_range(paper, found, code)
    if reach is None:
        return judged
    ends = (_in_unit(replace(found.quantity(code)[0], value=end), printed).value for end in reach)
    low, high = ends
    if high < printed.low or low > printed.high:
        return judged
    cause = f"inputs within their printed rounding give {low:.5g} to {high:.5g}"
    return replace(judged, verdict="input-rounding", cause=cause)
