"""Every claim gets one verdict, a gap in each band, and a cause in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from metaket.errors import InputError, NotComputableError
from metaket.reproduction.analyse import AnalysisResult
from metaket.reproduction.bands import Gap, gap_between
from metaket.reproduction.claims import Printed, read_printed, rounds_to, words_to_number
from metaket.reproduction.paper import Claim, Paper
from metaket.reproduction.quantities import Quantity
from metaket.reproduction.rounding import rounding_range

__all__ = ["VERDICTS", "Comparison", "compare_claim", "worst_verdict"]

VERDICTS = ("exact", "input-rounding", "near", "not computable", "differs", "decision differs")
RELATIVE_BAND = "relative-5"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A printed statement beside what the data give.

    Attributes
    ----------
    id, by, where, printed, quantity, analysis : str
        Whose statement it is, where it stands, its text, and what it is of.
    verdict : str
        One of `VERDICTS`.
    recomputed : float or None
        The number on the printed scale, of the sourced rows.
    recomputed_low, recomputed_high : float or None
        Both ends where an input is printed as a range.
    words : str
        The recomputed decision or fact.
    unit : str
    gap : Gap or None
    cause : str
        Why the verdict is what it is.
    basis : str
        "2 of 10 trials".
    on_sourced_rows : str
        For an incomplete analysis: the verdict that the rows in hand would give.
    missing : tuple of str
        What would have to be known: study, time, cells, and where to look.
    printed_low, printed_high : float or None
        The values that print like the text.
    """

    id: str
    by: str
    where: str
    printed: str
    quantity: str
    analysis: str
    verdict: str
    recomputed: float | None = None
    recomputed_low: float | None = None
    recomputed_high: float | None = None
    words: str = ""
    unit: str = ""
    gap: Gap | None = None
    cause: str = ""
    basis: str = ""
    on_sourced_rows: str = ""
    missing: tuple[str, ...] = ()
    printed_low: float | None = None
    printed_high: float | None = None
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: no NaN, no infinity."""
        out = asdict(replace(self, extra=dict(self.extra)))
        out.pop("extra")
        for name, value in out.items():
            if isinstance(value, float) and not math.isfinite(value):
                out[name] = None
        return out

    @property
    def shown(self) -> str:
        """The recomputed value for people."""
        if self.words:
            return self.words
        if self.recomputed is None:
            return ""
        if self.recomputed_low is not None and self.recomputed_high is not None:
            return f"{self.recomputed_low:.4g}{self.unit} to {self.recomputed_high:.4g}{self.unit}"
        return f"{self.recomputed:.4g}{self.unit}"


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
    """
    base = _blank(claim)
    if "analysis" in claim.of:
        return _of_analysis(claim, paper, analyses[claim.of["analysis"]], base)
    if "trials" in claim.of:
        return _of_trials(claim, paper, base)
    if "paper" in claim.of:
        return _of_paper(claim, paper, base)
    if "claim" in claim.of:
        return _of_claim(claim, paper, base)
    if "comparator" in claim.of:
        return _of_comparator(claim, paper, base)
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
    expected = (claim.means or claim.printed).strip().lower()
    got = sorted({q.words for q in quantities})
    base = replace(base, words=" or ".join(got))
    if len(got) > 1:
        return replace(base, verdict="not computable", cause="the two ends of a printed input range decide differently")
    if got[0] == expected:
        return replace(base, verdict="exact", cause="the recomputed decision is the stated one")
    return replace(base, verdict="decision differs", cause=f"stated: {expected}; recomputed: {got[0]}")


def _judge_number(claim: Claim, quantities: Sequence[Quantity], base: Comparison) -> Comparison:
    values = [q.value for q in quantities]
    first = quantities[0]
    text = claim.means or claim.printed
    base = replace(base, recomputed=values[0], unit=first.unit)
    if len(values) > 1:
        base = replace(base, recomputed_low=min(values), recomputed_high=max(values))
    printed = read_printed(text)
    if printed.relation == "words":
        words = "significant" if values[0] < 0.05 else "not significant"
        same = words == printed.decision
        cause = f"p = {values[0]:.3g}: {words}"
        return replace(base, verdict="exact" if same else "decision differs", cause=cause, words=f"p = {values[0]:.3g}")
    base = replace(base, printed_low=_finite(printed.low), printed_high=_finite(printed.high))
    if any(rounds_to(v, printed) for v in values):
        return replace(base, verdict="exact", cause=f"rounds to {printed.text}", gap=_gap(values[0], printed, first))
    if len(values) > 1 and min(values) <= printed.high and max(values) >= printed.low:
        return replace(base, verdict="input-rounding", cause="between the ends of a printed input range")
    return _band_verdict(values[0], printed, first, base)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _gap(value: float, printed: Printed, quantity: Quantity) -> Gap | None:
    if printed.relation != "=" or math.isnan(value):
        return None
    return gap_between(value, printed.value, log=quantity.log)


def _band_verdict(value: float, printed: Printed, quantity: Quantity, base: Comparison) -> Comparison:
    gap = _gap(value, printed, quantity)
    if quantity.kind == "p" and (value < 0.05) != (printed.high <= 0.05):
        return replace(base, verdict="decision differs", gap=gap, cause=f"p = {value:.3g} is on the other side of 0.05")
    if gap is None:
        return replace(base, verdict="differs", cause=f"{value:.4g} is not {printed.text}")
    near = gap.bands[RELATIVE_BAND]
    if near is None:
        return replace(
            base, verdict="differs", gap=gap, cause="a relative gap near zero is not defined; the absolute one is shown"
        )
    size = f"{100 * gap.relative:.2g} %" if gap.relative is not None else f"{gap.difference:.3g}"
    verdict = "near" if near else "differs"
    return replace(base, verdict=verdict, gap=gap, cause=f"off by {size}{' on the log scale' if quantity.log else ''}")


def _try_rounding(claim: Claim, paper: Paper, found: AnalysisResult, code: str, judged: Comparison) -> Comparison:
    """Upgrade to input-rounding where some inputs within their printed rounding give the printed text."""
    printed = read_printed(claim.means or claim.printed)
    if printed.relation == "words":
        return judged
    reach = rounding_range(paper, found, code)
    if reach is None or reach.high < printed.low or reach.low > printed.high:
        return judged
    cause = f"inputs within their printed rounding give {reach.low:.5g} to {reach.high:.5g}"
    return replace(judged, verdict="input-rounding", cause=cause)


def _of_trials(claim: Claim, paper: Paper, base: Comparison) -> Comparison:
    base = replace(base, quantity=f"trials: {claim.of['trials']}")
    if paper.trials is None:
        return replace(base, verdict="not computable", cause="there is no trials.csv")
    where = dict(claim.of.get("where", {}))
    rows, unknown = paper.trials, 0
    for column, wanted in where.items():
        if column not in rows.columns:
            raise InputError(f"claim {claim.id!r} filters trials by {column!r}, which trials.csv does not have")
        unknown += int(rows[column].isin(["", "unknown"]).to_numpy().sum())
        rows = rows[rows[column].astype(str) == str(wanted)]
    if unknown:
        names = ", ".join(f"{c} = {v}" for c, v in where.items())
        cause = f"which trials have {names.replace('_', ' ')} is not known for {unknown} of {len(paper.trials)}"
        return replace(base, verdict="not computable", cause=cause)
    column = str(claim.of["trials"])
    value = float(len(rows)) if column == "count" else float(rows[column].sum())
    return _judge_number(claim, [Quantity(value, kind="count")], base)


def _of_paper(claim: Claim, paper: Paper, base: Comparison) -> Comparison:
    name = str(claim.of["paper"])
    actual = str(getattr(paper.info, name, ""))
    base = replace(base, quantity=name, words=actual)
    if not actual:
        return replace(base, verdict="not computable", cause=f"paper.toml does not give the paper's {name}")
    same = _plain(actual) == _plain(claim.means or claim.printed)
    cause = (
        "as printed on the paper"
        if same
        else f"the cited paper is in {actual}"
        if name == "journal"
        else f"the paper's {name} is {actual}"
    )
    return replace(base, verdict="exact" if same else "differs", cause=cause)


def _of_claim(claim: Claim, paper: Paper, base: Comparison) -> Comparison:
    other = next(c for c in paper.claims if c.id == claim.of["claim"])
    mine, theirs = (words_to_number(c.means or c.printed) for c in (claim, other))
    words = f"{other.by or 'the paper'} prints {other.printed}"
    same = _plain(mine) == _plain(theirs)
    cause = "the two statements agree" if same else f"{words} ({other.where})"
    return replace(base, quantity=f"claim {other.id}", words=words, verdict="exact" if same else "differs", cause=cause)


def _of_comparator(claim: Claim, paper: Paper, base: Comparison) -> Comparison:
    wanted = str(claim.of["comparator"])
    base = replace(base, quantity=f"comparison with {wanted}")
    have = [] if paper.trials is None or "comparator" not in paper.trials else list(paper.trials["comparator"])
    if any(wanted.lower() in str(c).lower() for c in have):
        raise InputError(f"claim {claim.id!r}: trials against {wanted} exist; point the claim at an analysis of them")
    kinds = ", ".join(sorted({str(c) for c in have if c}))
    cause = (
        f"no trial here compares with {wanted}; the comparators are {kinds}"
        if kinds
        else f"no trial compares with {wanted}"
    )
    return replace(base, verdict="not computable", cause=cause, missing=(f"a trial against {wanted}",))


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("&", "and").split())
