"""The section of the page on missing counts: what must be true, given only what is printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from metaket.report.table import Table
from metaket.reproduction.bounds_answer import LIMIT, Bounds, Span
from metaket.reproduction.recover_percent import PossibleCounts

if TYPE_CHECKING:
    from metaket.reproduction.bounds_paper import BoundResult
    from metaket.reproduction.run import Reproduction

__all__ = ["bounds_section"]

DASH = "\N{EN DASH}"
COLUMNS = (("estimate", "Pooled effect"), ("ci_low", "Lower limit"), ("ci_high", "Upper limit"))


def bounds_section(rep: Reproduction) -> dict[str, Any] | None:
    """Tables and sentences for the template; None where paper.toml asks for no bound."""
    if not rep.paper.bounds:
        return None
    pooled = [b for b in rep.bounds if isinstance(b.answer, Bounds)]
    rates = [b for b in rep.bounds if isinstance(b.answer, PossibleCounts)]
    exact = all(b.answer.exact for b in pooled if isinstance(b.answer, Bounds))
    return {
        "pooled": pooled_table(pooled) if pooled else None,
        "rates": denominators_table(rates) if rates else None,
        "limits": "" if exact else f"{LIMIT[0].upper()}{LIMIT[1:]}.",
    }


def _question(item: BoundResult) -> Markup:
    printed = "; ".join(f"{name}: {text}" for name, text in item.printed)
    assumed = "; ".join(item.bound.assumed)
    lines = [item.bound.title or item.bound.id, f"printed: {printed}" if printed else "", item.bound.note]
    lines += [f"assumed: {assumed}"] if assumed else []
    small = Markup("").join(Markup("<br><small>{}</small>").format(text) for text in lines[1:] if text)
    return Markup("{}").format(lines[0]) + small


def denominators_table(items: Sequence[BoundResult]) -> Table:
    """One row a question: which denominators can have given the printed rates, with the counts."""
    rows = []
    for item in items:
        found = item.answer
        if not isinstance(found, PossibleCounts):
            continue
        fits = [", ".join(f"{_counts(counts)}/{n}" for counts in every) for n, every in found.counts.items()]
        told = f"{len(fits)} of {found.high - found.low + 1}, from {found.low} to {found.high}"
        rows.append((_question(item), told, "; ".join(fits) or "none"))
    return Table(("Question", "Denominators that fit", "Counts"), tuple(rows), (), "Denominators", {}, "cards")


def _counts(found: Sequence[int]) -> str:
    return str(found[0]) if len(found) == 1 else f"{found[0]} to {found[-1]}"


def pooled_table(items: Sequence[BoundResult]) -> Table:
    """One row a question: which choices of studies are possible, and the range of the pooled result."""
    rows = []
    for item in items:
        found = item.answer
        if not isinstance(found, Bounds):
            continue
        spans = found.spans
        cells = [_span(spans.get(name)) for name, _ in COLUMNS]
        decisions = [f"{name}: {status}" for name, status in found.decisions.items()]
        words = "; ".join(decisions) or "nothing agrees with what is printed (proved)"
        rows.append((_question(item), _sets(found), *cells, _span(spans.get("rate_c"), "%"), words))
    heads = ("Question", "Trials", *(label for _, label in COLUMNS), "Control-arm rate", "Decision")
    return Table(heads, tuple(rows), (), "What must be true", {}, "cards")


def _sets(found: Bounds) -> str:
    if len(found.sets) == 1:
        return f"all {len(found.studies)}"
    told = f"{len(found.possible)} of {len(found.sets)} choices possible"
    without = ", or without ".join(", ".join(s.left_out) for s in found.possible)
    return f"{told}: without {without}" if without else told


def _span(span: Span | None, unit: str = "") -> Markup | str:
    """Found, and under it what is proved where that is another range."""
    if span is None:
        return DASH
    found = DASH if math.isnan(span.found_low) else _range(span.found_low, span.found_high, unit)
    if span.exact:
        return Markup("{}<br><small>exactly</small>").format(found)
    proved = "nothing" if math.isnan(span.proved_low) else _range(span.proved_low, span.proved_high, unit)
    return Markup("{}<br><small>proved: {}</small>").format(found, proved)


def _range(low: float, high: float, unit: str) -> str:
    ends = dict.fromkeys((_number(low), _number(high)))
    return f"{' to '.join(ends)}{f' {unit}' if unit else ''}"


def _number(value: float) -> str:
    if math.isinf(value):
        return "no limit"
    if value >= 1000.0:
        return "over 1000"
    if 0.0 < abs(value) < 0.01:
        return "under 0.01"
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")
