"""Claims that are not of an analysis: of the trials, of the paper, of another claim, of a comparator."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from metaket.errors import InputError
from metaket.outcomes import matching
from metaket.reproduction.analyse import AnalysisResult
from metaket.reproduction.bands import gap_between
from metaket.reproduction.claims import read_printed, rounds_to, words_to_number
from metaket.reproduction.comparison import Comparison
from metaket.reproduction.paper import Claim, Paper, PaperInfo
from metaket.timecourse import time_label

__all__ = ["STATEMENTS"]

Analyses = Mapping[str, AnalysisResult]

NEAR = 0.05  # the band of Lopez-Nicolas et al. (2024)


def of_trials(claim: Claim, paper: Paper, _analyses: Analyses, base: Comparison) -> Comparison:
    """A number of trials, or the total of a column over them."""
    column = str(claim.of["trials"])
    base = replace(base, quantity=f"trials: {column}")
    if paper.trials is None:
        return replace(base, verdict="not computable", cause="there is no trials.csv")
    where = dict(claim.of.get("where", {}))
    for name in where:
        if name not in paper.trials.columns:
            raise InputError(f"claim {claim.id!r} filters trials by {name!r}, which trials.csv does not have")
    unknown = sum(int(_blank(paper.trials[str(name)]).to_numpy().sum()) for name in where)
    if unknown:
        names = ", ".join(f"{c} = {v}" for c, v in where.items()).replace("_", " ")
        cause = f"which trials have {names} is not known for {unknown} of {len(paper.trials)}"
        return replace(base, verdict="not computable", cause=cause)
    rows = paper.trials[matching(paper.trials, where)]
    if column == "count":
        return _judge(claim, float(len(rows)), base)
    if column not in rows.columns:
        raise InputError(f"trials.csv has no column {column!r} to add up")
    open_ones = rows.loc[_blank(rows[column]), "study"].tolist()
    if open_ones:
        missing = tuple(f"{study}: {column}" for study in open_ones)
        cause = f"{column} is blank for {', '.join(map(str, open_ones))}; a blank is not zero"
        return replace(base, verdict="not computable", cause=cause, missing=missing)
    import pandas as pd

    numbers = pd.to_numeric(rows[column], errors="coerce")
    if numbers.isna().any():
        raise InputError(f"the column {column!r} of trials.csv holds texts, which cannot be added up")
    return _judge(claim, float(numbers.sum()), base)


def _blank(cells: Any) -> Any:
    return cells.isna() | cells.astype(str).str.strip().isin(["", "unknown"])


def _judge(claim: Claim, value: float, base: Comparison) -> Comparison:
    printed = read_printed(claim.means or claim.printed)
    base = replace(base, recomputed=value)
    if rounds_to(value, printed):
        return replace(base, verdict="exact", cause=f"rounds to {printed.text}")
    if printed.relation != "=" or math.isnan(printed.value):
        return replace(base, verdict="differs", cause=f"{value:g} is not {printed.text}")
    gap = gap_between(value, printed.value)
    near = gap.relative is not None and gap.relative <= NEAR
    return replace(base, verdict="near" if near else "differs", gap=gap, cause=f"off by {abs(gap.difference):g}")


def of_paper(claim: Claim, paper: Paper, _analyses: Analyses, base: Comparison) -> Comparison:
    """A fact of the title page."""
    name = str(claim.of["paper"])
    if name not in PaperInfo.model_fields:
        raise InputError(f"paper.toml has no fact {name!r}: {', '.join(PaperInfo.model_fields)}")
    actual = str(getattr(paper.info, name) or "")
    base = replace(base, quantity=name, words=actual)
    if not actual:
        return replace(base, verdict="not computable", cause=f"paper.toml does not give the paper's {name}")
    if _plain(actual) == _plain(claim.means or claim.printed):
        return replace(base, verdict="exact", cause="as printed on the paper")
    cause = f"the cited paper is in {actual}" if name == "journal" else f"the paper's {name} is {actual}"
    return replace(base, verdict="differs", cause=cause)


def of_claim(claim: Claim, paper: Paper, _analyses: Analyses, base: Comparison) -> Comparison:
    """Another printed statement."""
    by_id = {c.id: c for c in paper.claims}
    passed, last = [claim.id], claim
    while "claim" in last.of:
        last = by_id[last.of["claim"]]
        if last.id in passed:
            circle = "of itself" if passed == [claim.id] else f"in a circle: {', '.join([*passed, last.id])}"
            raise InputError(f"claim {claim.id!r} is {circle}; name one that stands on its own")
        passed.append(last.id)
    other = by_id[claim.of["claim"]]
    mine, theirs = (words_to_number(c.means or c.printed) for c in (claim, other))
    words = f"{other.by or 'the paper'} prints {other.printed}"
    same = _plain(mine) == _plain(theirs)
    cause = "the two statements agree" if same else f"{words} ({other.where})"
    return replace(base, quantity=f"claim {other.id}", words=words, verdict="exact" if same else "differs", cause=cause)


def of_comparator(claim: Claim, paper: Paper, _analyses: Analyses, base: Comparison) -> Comparison:
    """A comparison with something that trials would have to be against."""
    wanted = str(claim.of["comparator"])
    base = replace(base, quantity=f"comparison with {wanted}")
    have = [] if paper.trials is None or "comparator" not in paper.trials else list(paper.trials["comparator"])
    if any(wanted.lower() in str(c).lower() for c in have):
        raise InputError(f"claim {claim.id!r}: trials against {wanted} exist; point the claim at an analysis of them")
    kinds = ", ".join(sorted({str(c) for c in have if c}))
    cause = f"no trial here compares with {wanted}" + (f"; the comparators are {kinds}" if kinds else "")
    return replace(base, verdict="not computable", cause=cause, missing=(f"a trial against {wanted}",))


def before_time(claim: Claim, _paper: Paper, analyses: Analyses, base: Comparison) -> Comparison:
    """A statement about times earlier than any that is pooled."""
    limit = claim.of["before_h"]
    if not isinstance(limit, int | float) or isinstance(limit, bool):
        raise InputError(f"claim {claim.id!r}: before_h is a time in hours, got {limit!r}")
    base = replace(base, quantity=f"a time before {time_label(float(limit))}")
    for name, found in analyses.items():
        time = found.analysis.where.get("time_h")
        if isinstance(time, int | float) and time < limit:
            raise InputError(f"claim {claim.id!r}: analysis {name!r} is of {time_label(float(time))}; point it there")
    cause = f"no time before {time_label(float(limit))} is pooled"
    return replace(base, verdict="not computable", cause=cause, missing=(f"results before {time_label(float(limit))}",))


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("&", "and").split())


STATEMENTS: dict[str, Callable[[Claim, Paper, Analyses, Comparison], Comparison]] = {
    "trials": of_trials,
    "paper": of_paper,
    "claim": of_claim,
    "comparator": of_comparator,
    "before_h": before_time,
}
