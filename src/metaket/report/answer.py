"""The answer in one paragraph: what the data in hand say about the printed claims. Built from the results alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from metaket.measures.registry import MEASURES
from metaket.plots._text import listing
from metaket.report.models import model_text
from metaket.report.words import (
    capital,
    decision_text,
    effect_text,
    open_cells,
    outcome_name,
    outcomes_of,
    result_n,
    sides,
    small,
    time_of,
    unverified_used,
    when,
)  # fmt: skip
from metaket.reproduction.compare import VERDICTS

if TYPE_CHECKING:
    from metaket.reproduction.analyse import AnalysisResult
    from metaket.reproduction.run import Reproduction

__all__ = ["answer", "decides_alike", "missing_sentence", "unverified_sentence", "verdict_phrase"]

PHRASES = {
    "exact": ("is reproduced exactly", "are reproduced exactly", "be exact"),
    "input-rounding": ("is reproduced within input rounding", "are reproduced within input rounding",
                       "agree within input rounding"),
    "near": ("is near", "are near", "be near"),
    "differs": ("differs", "differ", "differ"),
    "decision differs": ("has another decision", "have another decision", "have another decision"),
    "not computable": ("is not computable from the rows in hand", "are not computable from the rows in hand",
                       "not be computable either"),
}  # fmt: skip


def verdict_phrase(counts: Mapping[str, int]) -> str:
    """``2 differ and 21 are not computable from the rows in hand``."""
    return listing([f"{n} {PHRASES[v][n > 1]}" for v, n in counts.items() if n])


def answer(rep: Reproduction, kinds: Mapping[str, Sequence[AnalysisResult]]) -> tuple[str, ...]:
    """Sentences: verdicts, what incomplete analyses would say, results by outcome, robustness, what is missing."""
    sentences = [_verdicts(rep), _provisional(rep)]
    default = kinds["default"]
    sentences += [_outcome([i for i in default if outcome_name(i) == name]) for name in outcomes_of(default)]
    used = len(unverified_used(rep))
    named = any(i.id in unverified_used(rep) for i in default)
    sourced = f"Rows without a source at hand enter {used} sensitivity analyses that are named for it, and no other."
    sentences += [_robustness(rep, kinds), missing_sentence(kinds)]
    sentences.append(unverified_sentence(rep, kinds) if named else sourced if used else "")
    return tuple(s for s in sentences if s)


def _verdicts(rep: Reproduction) -> str:
    total = len(rep.comparisons)
    if not total:
        return "No printed claim is recorded for this paper."
    return f"Of {total} printed claim{'s' if total > 1 else ''}, {verdict_phrase(rep.counts)}."


def _provisional(rep: Reproduction) -> str:
    """Claims whose analysis is incomplete: what the rows in hand would give, and why that is no verdict."""
    partial = [c.on_sourced_rows for c in rep.comparisons if c.on_sourced_rows]
    if not partial:
        return ""
    counts = {v: partial.count(v) for v in VERDICTS}
    n = len(partial)
    some = f"For {n} of them some rows are" if n > 1 else "For 1 of them some rows are"
    told = listing([f"{m} would {PHRASES[v][2]}" for v, m in counts.items() if m])
    return f"{some} in hand: on these rows alone {told}. That is no verdict, since the missing rows can change it."


def _outcome(items: Sequence[AnalysisResult]) -> str:
    first = items[0].analysis
    parts = [_at(item) for item in items if item.results]
    empty: dict[str, list[str]] = {}
    parts += [f"{model_text(model)} ({item.basis})" for item in items for _, model in item.models]
    for item in items:
        if not item.fits:
            empty.setdefault(item.basis, []).append(when(item))
    parts += [f"no result at {listing(times)} ({basis})" for basis, times in empty.items()]
    name = capital(outcome_name(items[0]))
    return f"{name} ({small(MEASURES[first.measure].label)}, {sides(first)}): {'; '.join(parts)}."


def _at(item: AnalysisResult) -> str:
    shown = " to ".join(effect_text(r) for _, r in item.results)
    words = listing(list(dict.fromkeys(decision_text(r, item.analysis.better) for _, r in item.results)))
    n = result_n(item.results[0][1])
    size = f", {n} patients" if n else ""
    told = f"{item.basis}{size}; {words}"
    if time_of(item) is None:
        return f"{shown}, {small(when(item))} ({told})"
    return f"{shown} at {when(item)} ({told})"


def decides_alike(item: AnalysisResult, parent: AnalysisResult) -> bool | None:
    """Whether a sensitivity analysis decides as the analysis that it varies; None where one has no result."""
    if not item.results or not parent.results:
        return None
    return _decisions(item) == _decisions(parent)


def _robustness(rep: Reproduction, kinds: Mapping[str, Sequence[AnalysisResult]]) -> str:
    """How many sensitivity analyses decide as the analysis that they vary."""
    items = [i for kind in ("wider", "unverified", "other") for i in kinds[kind]]
    alike = [decides_alike(i, rep.analyses[i.analysis.sensitivity_of]) for i in items]
    same, total = alike.count(True), sum(a is not None for a in alike)
    if not total:
        return ""
    rest = f", {total - same} otherwise" if total > same else ""
    return (
        f"Of {total} sensitivity analyses with a result beside that of their default, {same} decide as it does{rest}."
    )


def _decisions(item: AnalysisResult) -> set[str]:
    return {decision_text(r, item.analysis.better) for _, r in item.results}


def missing_sentence(kinds: Mapping[str, Sequence[AnalysisResult]]) -> str:
    """How many trial x outcome x time cells of the default analyses are open."""
    asked = sum(item.asked for item in kinds["default"])
    left = [c.left for c in open_cells({"default": kinds["default"]}) if c.left.open]
    if not left:
        return f"All {asked} cells (trial by outcome and time) of the default analyses are filled." if asked else ""
    partial = sum(bool(item.cells) for item in left)
    part = f", {partial} of them partly filled" if partial else ""
    verb = "is" if len(left) == 1 else "are"
    return f"{len(left)} of the {asked} cells (trial by outcome and time) of the default analyses {verb} open{part}."


def unverified_sentence(rep: Reproduction, kinds: Mapping[str, Sequence[AnalysisResult]]) -> str:
    """Which analyses used rows without a source at hand."""
    used = unverified_used(rep)
    if not used:
        return ""
    default = [i.id for i in kinds["default"] if i.id in used]
    if default:
        return (
            f"Unverified rows (no source at hand) are used in {listing(used)}, of which {listing(default)} by default."
        )
    return (
        f"Unverified rows (no source at hand) are used only in the sensitivity analyses named for it: {listing(used)}."
    )
