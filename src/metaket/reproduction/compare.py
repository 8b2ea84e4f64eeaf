"""Every claim gets one verdict, a gap in each band, and a cause in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from metaket.errors import InputError, NotComputableError
from metaket.reproduction.analyse import AnalysisResult
from metaket.reproduction.audit import audited
from metaket.reproduction.claim_parts import claim_parts
from metaket.reproduction.claims import read_printed
from metaket.reproduction.comparison import VERDICTS, Comparison, group_of, worst_verdict
from metaket.reproduction.judge import in_printed_unit, judge_number, judge_words, stated_decision
from metaket.reproduction.paper import Claim, Paper
from metaket.reproduction.printed_parts import Part
from metaket.reproduction.quantities import DECISIONS, Quantity
from metaket.reproduction.rounding import Reach, rounding_range
from metaket.reproduction.statements import STATEMENTS
from metaket.reproduction.toml import line_about

CONSPIRE = 4.0  # independent rounding errors go this many standard deviations once in 16,000 times
NAMES = {"p_value": "p", "q_p": "p of Q", "i2": "I2", "q": "Q"}
__all__ = ["VERDICTS", "Comparison", "claim_parts", "compare_claim", "worst_verdict"]


def compare_claim(claim: Claim, paper: Paper, analyses: Mapping[str, AnalysisResult]) -> Comparison:
    """The verdict on one claim.

    Parameters
    ----------
    claim : Claim
    paper : Paper
    analyses : mapping of id to AnalysisResult

    Returns
    -------
    Comparison
        With `parts` where the text prints several numbers, as in "1.58 (1.20 to 2.09)"; its verdict is the worst of
        theirs.

    Raises
    ------
    InputError
        The claim cannot be read or compared; the message names it.
    """
    try:
        return audited(claim, paper, analyses, _compare(claim, paper, analyses, _blank(claim)))
    except InputError as error:
        name, text = f"claim {claim.id!r}", str(error)
        place = line_about(paper.folder / "paper.toml", "claim", claim.id, text, "means" if claim.means else "printed")
        told = text if text.startswith(name) else f"{name}: {text}"
        raise type(error)(f"paper.toml{place}: {told}") from None


def _compare(claim: Claim, paper: Paper, analyses: Mapping[str, AnalysisResult], base: Comparison) -> Comparison:
    if "analysis" in claim.of:
        return _of_analysis(claim, paper, analyses[claim.of["analysis"]], base)
    for kind, judge in STATEMENTS.items():
        if kind in claim.of:
            return judge(claim, paper, analyses, base)
    return replace(base, quantity="context", cause=f"not a statement about these data: {claim.of['other']}")


def _blank(claim: Claim) -> Comparison:
    """A comparison without a result, with the values that the text stands for where it is a number."""
    base = Comparison(claim.id, claim.by, claim.where, claim.printed, "", "", "not computable", note=claim.note)
    try:
        printed = read_printed(claim.means or claim.printed)
    except InputError:
        return base
    ends = (x if math.isfinite(x) else None for x in (printed.low, printed.high))
    return replace(base, unit=printed.unit, printed_low=next(ends), printed_high=next(ends))


def _of_analysis(claim: Claim, paper: Paper, found: AnalysisResult, base: Comparison) -> Comparison:
    code, text = str(claim.of["quantity"]), claim.means or claim.printed
    parts = claim_parts(code, text)
    base = replace(base, quantity=code, group=group_of(code), analysis=found.id)
    base = replace(base, basis=found.basis, missing=_missing(found))
    try:
        judged = [_of_part(text, name, part, paper, found, base) for name, part in parts]
    except NotComputableError as error:
        cause = str(error) if found.fits or not found.open else f"no usable row: {found.gap}"
        return replace(base, verdict="not computable", cause=cause)
    whole = judged[0] if len(judged) == 1 else _together(base, judged)
    if not found.open:
        return whole
    cause = f"{len(found.open)} of {found.asked} trials lack a number; on the sourced rows: {whole.verdict}"
    return replace(whole, verdict="not computable", on_sourced_rows=whole.verdict, cause=cause)


def _of_part(
    text: str, code: str, part: Part | None, paper: Paper, found: AnalysisResult, base: Comparison
) -> Comparison:
    """The verdict on one part of the text."""
    base = replace(base, quantity=code, group=group_of(code))
    quantities = found.quantity(code)
    if part is None:
        judged = judge_words(text, quantities, base)
        return judged if judged.verdict == "exact" else _words_by_rounding(text, code, paper, found, judged)
    in_unit = [in_printed_unit(q, part.printed, found.analysis.measure.upper()) for q in quantities]
    judged = judge_number(part.printed, in_unit, replace(base, printed=part.printed.text.strip()))
    judged = replace(judged, printed=base.printed if part.role == "value" else judged.printed)
    if judged.verdict == "exact" or part.printed.relation == "words":
        return judged
    return _by_rounding(part, quantities[0], paper, found, judged)


def _by_rounding(part: Part, raw: Quantity, paper: Paper, found: AnalysisResult, judged: Comparison) -> Comparison:
    """Upgrade to input-rounding where some inputs within their printed rounding give the printed text."""
    reach = rounding_range(paper, found, judged.quantity)
    if reach is None:
        return judged
    measure = found.analysis.measure.upper()
    low, high = (
        in_printed_unit(replace(raw, value=end), part.printed, measure).value for end in (reach.low, reach.high)
    )
    wide = reach.high > reach.low
    sd = reach.sd * (high - low) / (reach.high - reach.low) if wide else 0.0
    judged = replace(judged, reach_low=low, reach_high=high, reach_how=reach.how, reach_sd=sd)
    if high < part.printed.low or low > part.printed.high:
        return judged
    cause = f"inputs within their printed rounding give {low:.5g} to {high:.5g} ({reach.how}){_likely(part, judged)}"
    return replace(judged, verdict="input-rounding", cause=cause)


def _likely(part: Part, judged: Comparison) -> str:
    """How far the print is, in standard deviations of the result under independent rounding errors."""
    if judged.recomputed is None or not judged.reach_sd:
        return ""
    away = max(part.printed.low - judged.recomputed, judged.recomputed - part.printed.high, 0.0) / judged.reach_sd
    together = ", so that only roundings that conspire reach it" if away > CONSPIRE else ""
    return f"; the print is {away:.2g} SD of independent rounding errors away{together}"


def _words_by_rounding(text: str, code: str, paper: Paper, found: AnalysisResult, judged: Comparison) -> Comparison:
    """Upgrade a decision to input-rounding where some inputs within their printed rounding decide as stated."""
    if judged.verdict != "decision differs" or not found.results:
        return judged
    stated, reaches = stated_decision(text, code), _decisive(code, paper, found)
    null = found.results[0][1].effects.scale.null
    if not reaches or (code == "decision" and math.isnan(null)):
        return judged
    if code != "decision":
        p = reaches[0]
        can = p.low < 0.05 if stated == "significant" else p.high >= 0.05
    else:
        low, high = reaches
        up = (stated == DECISIONS[0]) == (found.analysis.better == "higher")
        can = low.low <= null <= high.high if stated == DECISIONS[1] else low.high > null if up else high.low < null
    if not can:
        return judged
    return replace(
        judged, verdict="input-rounding", cause=f"{judged.cause}; within the rounding of the inputs: as stated"
    )


def _decisive(code: str, paper: Paper, found: AnalysisResult) -> list[Reach]:
    """The ranges that a decision hangs on; empty where no input is rounded."""
    codes = {"significant": ["p_value"], "heterogeneity": ["q_p"], "decision": ["ci_low", "ci_high"]}.get(code, [])
    reaches = [rounding_range(paper, found, name) for name in codes]
    return [reach for reach in reaches if reach is not None] if all(reaches) else []


def _together(base: Comparison, judged: Sequence[Comparison]) -> Comparison:
    """One comparison of a text of several numbers: the worst verdict, and what each of them says."""
    verdict = worst_verdict(judged)
    worst = next(part for part in judged if part.verdict == verdict)
    exact = all(part.verdict == "exact" for part in judged)
    causes = "; ".join(f"{p.quantity}: {p.cause}" for p in judged if exact or p.verdict != "exact")
    first = judged[0] if judged[0].quantity == base.quantity else replace(judged[0], recomputed=None)
    return replace(
        base,
        verdict=verdict,
        recomputed=first.recomputed,
        recomputed_low=first.recomputed_low,
        recomputed_high=first.recomputed_high,
        unit=judged[0].unit,
        printed_low=first.printed_low,
        printed_high=first.printed_high,
        gap=worst.gap,
        cause=causes,
        words=_shown(judged),
        parts=tuple(judged),
    )


def _shown(judged: Sequence[Comparison]) -> str:
    """The recomputed numbers in the order of the print: "1.6 (1.2 to 2.1)"."""
    by_end = {p.quantity.rpartition("_")[2]: p.shown for p in judged if p.quantity.endswith(("_low", "_high"))}
    rest = [p for p in judged if not p.quantity.endswith(("_low", "_high"))]
    others = [p.shown if p is judged[0] else f"{NAMES.get(p.quantity, p.quantity)} {p.shown}" for p in rest]
    interval = f"{by_end['low']} to {by_end['high']}" if len(by_end) == 2 else ""
    if not others:
        return interval
    behind = [*([interval] if interval else []), *others[1:]]
    return f"{others[0]} ({'; '.join(behind)})" if behind else others[0]


def _missing(found: AnalysisResult) -> tuple[str, ...]:
    time = found.analysis.where.get("time_h")
    at = f", {time:g} h" if isinstance(time, int | float) else ""
    return tuple(
        f"{item.study}{at}: {item.reason}" + (f" (look in: {item.look})" if item.look else "") for item in found.open
    )
