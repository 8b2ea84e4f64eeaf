"""The finding of `explain` in the causes of verdicts that differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from metaket.errors import InputError, NotComputableError
from metaket.reproduction.analyse import AnalysisResult
from metaket.reproduction.comparison import Comparison
from metaket.reproduction.explain import explain_analysis
from metaket.reproduction.explanation import Explanation
from metaket.reproduction.paper import Paper

__all__ = ["explained"]

OFF = ("differs", "decision differs")


def explained(
    paper: Paper, analyses: Mapping[str, AnalysisResult], comparisons: Sequence[Comparison]
) -> tuple[Comparison, ...]:
    """The comparisons, those that differ with what `explain` finds for the print that they belong to.

    Only complete analyses of a single pooled effect are explained, each author's print once.
    """
    prints = {(c.analysis, c.by) for c in comparisons if c.analysis and c.verdict in OFF}
    findings = {key: found for key in sorted(prints) if (found := _explain(paper, analyses, key)) is not None}
    return tuple(_with_cause(c, findings) for c in comparisons)


def _explain(paper: Paper, analyses: Mapping[str, AnalysisResult], key: tuple[str, str]) -> Explanation | None:
    name, by = key
    claims = [c for c in paper.claims if c.of.get("analysis") == name and c.by == by]
    try:
        return explain_analysis(paper, analyses[name], claims)
    except (InputError, NotComputableError):  # incomplete, modelled, or nothing that explain knows is printed
        return None


def _with_cause(c: Comparison, findings: Mapping[tuple[str, str], Explanation]) -> Comparison:
    found = findings.get((c.analysis, c.by))
    if found is None or c.verdict not in OFF:
        return c
    words = list(_words(c, found))
    return replace(c, cause="; ".join([c.cause, *words])) if words else c


def _words(c: Comparison, found: Explanation) -> Iterable[str]:
    """The slip that gives the whole print; else the misprint that would explain this figure alone."""
    if found.cause is not None:
        yield found.sentence
    for near in [n for n in found.nearest if n.settings.stated][:1]:
        texts = {p.printed.strip() for p in (c.parts or (c,))}
        for miss in near.off:
            if miss.reading and miss.printed.strip() in texts:
                yield f"{miss.label} as printed: {miss.reading}"
