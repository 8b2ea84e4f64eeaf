"""What a verdict rests on, and the nearest true statement to one that does not hold.

The nearest true statement is the claim's own `nearest` where paper.toml gives one; else it is made of the facts in
hand: the other claim, the title page, the trials' comparators. What the sourced rows of an analysis give is added.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from metaket.pooling.result import PooledResult
from metaket.reproduction.analyse import AnalysisResult
from metaket.reproduction.comparison import Comparison
from metaket.reproduction.paper import Claim, Paper
from metaket.reproduction.quantities import DECISIONS, decision_of
from metaket.timecourse import time_label

__all__ = ["audited", "is_secondary"]

SHOWN = 12  # trials named one by one in the evidence


def is_secondary(claim: Claim | Comparison, paper: Paper) -> bool:
    """Whether somebody else says it of the paper."""
    return bool(claim.by) and re.sub("[^a-z0-9]", "", claim.by.lower()) != paper.key


def audited(claim: Claim, paper: Paper, analyses: Mapping[str, AnalysisResult], comparison: Comparison) -> Comparison:
    """The comparison with its evidence and, unless it is exact, the nearest true statement."""
    secondary = is_secondary(claim, paper)
    found = replace(comparison, secondary=secondary, evidence=_evidence(claim, paper, analyses))
    if found.verdict == "exact" or not (secondary or claim.nearest):
        return found
    pooled = _pooled(analyses[claim.of["analysis"]]) if "analysis" in claim.of else ""
    told = claim.nearest or _nearest(claim, paper, analyses)
    return replace(found, nearest_true=" ".join(text for text in (told, pooled) if text))


def _evidence(claim: Claim, paper: Paper, analyses: Mapping[str, AnalysisResult]) -> tuple[str, ...]:
    """The claims, the trials and the sources that the verdict rests on."""
    claims, sources = {c.id: c for c in paper.claims}, {s.id: s for s in paper.sources}
    named = [name for name in (claim.of.get("claim"), *claim.evidence) if name]
    out = [_quoted(claims[name]) if name in claims else _cited(paper, name) for name in named]
    if "paper" in claim.of and paper.info.citation:
        out.append(f"title page: {paper.info.citation}")
    if "analysis" in claim.of:
        out += _trials(analyses[claim.of["analysis"]])
    out += [_cited(paper, name) for name in claim.source.split(";") if name.strip() in sources]
    return tuple(dict.fromkeys(out))


def _quoted(claim: Claim) -> str:
    return f"claim {claim.id}: {claim.by or 'the paper'} prints “{claim.printed}” ({claim.where})"


def _cited(paper: Paper, name: str) -> str:
    source = next(s for s in paper.sources if s.id == name.strip())
    return f"source {source.id}: {source.citation}" + (f", {source.url}" if source.url else "")


def _trials(found: AnalysisResult) -> list[str]:
    used = [f"{row['study']} (outcomes.csv row {number}, {row['source']})" for number, row in found.used.iterrows()]
    more = [f"and {len(used) - SHOWN} more"] if len(used) > SHOWN else []
    return [f"trials: {', '.join([*used[:SHOWN], *more])}"] if used else []


def _nearest(claim: Claim, paper: Paper, analyses: Mapping[str, AnalysisResult]) -> str:
    """The nearest statement that the paper's own print, or its trials, carry."""
    of = claim.of
    if "claim" in of:
        other = next(c for c in paper.claims if c.id == of["claim"])
        return f"{other.by or 'The paper'} prints {other.printed} ({other.where})."
    if "paper" in of:
        actual = str(getattr(paper.info, str(of["paper"]), "") or "")
        return f"The {of['paper']} is {actual}." if actual else ""
    if "comparator" in of:
        return _compared(paper)
    return _earliest(analyses) if "before_h" in of else ""


def _compared(paper: Paper) -> str:
    cells = [] if paper.trials is None or "comparator" not in paper.trials else paper.trials["comparator"].tolist()
    kinds = sorted({str(c) for c in cells if str(c) not in ("", "nan", "none")})
    return (
        f"The trials compare with {', '.join(kinds[:-1])}{' and ' if kinds[1:] else ''}{kinds[-1]} only."
        if kinds
        else ""
    )


def _earliest(analyses: Mapping[str, AnalysisResult]) -> str:
    times = sorted({t for a in analyses.values() if isinstance(t := a.analysis.where.get("time_h"), int | float)})
    return f"The earliest time that is pooled is {time_label(float(times[0]))}." if times else ""


def _pooled(found: AnalysisResult) -> str:
    """What the sourced rows of an analysis give, with its decision."""
    fits = [(end, fit) for end, fit in found.fits if isinstance(fit, PooledResult)]
    if not fits:
        return ""
    told = []
    for end, fit in fits:
        low, high = fit.ci()
        shown = f"{fit.back(fit.estimate):.2f} (95 % CI {fit.back(low):.2f} to {fit.back(high):.2f})"
        told.append(f"{shown}, {_decided(fit, found.analysis.better)}" + (f" ({end})" if end else ""))
    label = fits[0][1].effects.label
    label = label[:1].lower() + label[1:]
    return f"On {found.basis} with sourced numbers the pooled {label} is {'; '.join(told)}."


def _decided(fit: PooledResult, better: str) -> str:
    words = decision_of(fit, better)
    return "no significant difference" if words == DECISIONS[1] else f"{words}, significantly"
