"""From a paper's folder to the question of `explain`: its inputs, the printed figures, what the paper states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metaket.errors import InputError, NotComputableError, PaperError
from metaket.reproduction.analyse import AnalysisResult, run_analysis
from metaket.reproduction.claim_parts import claim_parts
from metaket.reproduction.explain_figures import Figure, claim_figures
from metaket.reproduction.explain_inputs import Inputs, inputs_of
from metaket.reproduction.explain_plan import check_stated
from metaket.reproduction.models import is_modelled
from metaket.reproduction.paper import Analysis, Claim, Paper
from metaket.reproduction.toml import line_about

__all__ = ["figures_of_claims", "question_of", "stated_by"]

STATED = ("measure", "model", "tau2", "test", "i2", "zero_cells", "double_zero", "vtype")


def stated_by(analysis: Analysis) -> dict[str, Any]:
    """The settings that the analysis names and does not call assumed."""
    named = [p for p in STATED if p in analysis.model_fields_set and p not in analysis.assumed]
    told = {p: getattr(analysis, p) for p in named if isinstance(getattr(analysis, p), str) and getattr(analysis, p)}
    return check_stated(told)


def figures_of_claims(claims: Sequence[Claim], names: tuple[str, ...] = ()) -> tuple[Figure, ...]:
    """The claims that print a figure of the pooled result or, of the studies `names`, of a row."""
    figures: list[Figure] = []
    for claim in claims:
        code = str(claim.of.get("quantity", ""))
        if code.startswith(("study:", "weight:")) and not any(name in code for name in names):
            continue
        try:
            figures += claim_figures(code, claim.means or claim.printed, names)
        except InputError:  # a statement in words, or a text that `compare` refuses
            continue
    return tuple(figures)


def _refuse_unreadable(paper: Paper, claims: Sequence[Claim]) -> None:
    """An error for the first claim of a number whose text cannot be read, with its line."""
    for claim in claims:
        code, text = str(claim.of.get("quantity", "decision")), claim.means or claim.printed
        if not text.strip():  # not typed yet
            continue
        try:
            claim_parts(code, text)
        except InputError as error:
            key = "means" if claim.means else "printed"
            place = line_about(paper.folder / "paper.toml", "claim", claim.id, str(error), key)
            raise PaperError(f"paper.toml{place}: claim {claim.id!r}: {error}") from None


def claims_on(paper: Paper, name: str, by: str | None) -> tuple[Claim, ...]:
    """The claims of an analysis, of one author: a print is one print."""
    mine = [c for c in paper.claims if c.of.get("analysis") == name]
    authors = tuple(dict.fromkeys(c.by for c in mine))
    if by is not None and by not in authors:
        others = ", ".join(map(repr, filter(None, authors))) or "the paper alone"
        raise InputError(f"no claim of analysis {name!r} is by {by!r}: {others}")
    first = by if by is not None else "" if "" in authors or not authors else authors[0]
    return tuple(c for c in mine if c.by == first)


def chosen_analysis(paper: Paper, name: str | None) -> Analysis:
    """The analysis asked for, or the only one of a single pooled effect with printed figures."""
    if name is not None:
        return paper.analysis(name)
    pools = [a for a in paper.analyses if not is_modelled(a)]
    printed = [a for a in pools if figures_of_claims(claims_on(paper, a.id, None))]
    if not printed:
        _refuse_unreadable(paper, paper.claims)
        raise InputError(
            f"{paper.key} has no analysis whose claims print a figure of its pooled result: type them first"
        )
    if len(printed) != 1:
        have = ", ".join(a.id for a in printed)
        raise InputError(f"{paper.key} has {len(printed)} analyses with printed figures ({have}); name one of them")
    return printed[0]


def question_of(paper: Paper, name: str | None, by: str | None = None) -> tuple[AnalysisResult, tuple[Claim, ...]]:
    """An analysis of the paper, run, and its claims."""
    analysis = chosen_analysis(paper, name)
    _refuse_unreadable(paper, [c for c in paper.claims if c.of.get("analysis") == analysis.id])
    return run_analysis(paper, analysis), claims_on(paper, analysis.id, by)


def complete_inputs(paper: Paper, found: AnalysisResult) -> Inputs:
    """The inputs of an analysis with all its numbers.

    Raises
    ------
    NotComputableError
        A number is missing, or an input is printed as a range.
    """
    if is_modelled(found.analysis):
        raise NotComputableError(f"analysis {found.id!r} has more than one pooled effect; explain is for one")
    if found.result is None or found.open:
        gap = f"{len(found.open)} of {found.asked} trials lack a number" if found.open else found.gap
        raise NotComputableError(f"analysis {found.id!r} cannot be explained: {gap}")
    if len(found.results) > 1:
        raise NotComputableError(f"analysis {found.id!r} cannot be explained: an input is printed as a range")
    return inputs_of(found.result.effects, paper.printed)
