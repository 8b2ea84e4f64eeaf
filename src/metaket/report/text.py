"""A reproduction for the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from metaket.measures.registry import MEASURES
from metaket.report._plain import plain, wrap_cell
from metaket.report.answer import missing_sentence, unverified_sentence
from metaket.report.format import number_text
from metaket.report.models import model_text
from metaket.report.table import Table
from metaket.report.words import (
    by_kind,
    capital,
    count_text,
    effect_text,
    outcome_name,
    outcomes_of,
    people,
    range_end,
    result_n,
    sides,
    small,
    when,
)  # fmt: skip

if TYPE_CHECKING:
    from metaket.reproduction.analyse import AnalysisResult
    from metaket.reproduction.compare import Comparison
    from metaket.reproduction.run import Reproduction

__all__ = ["claim_table", "reproduction_text"]

NARROWEST, WIDEST = 60, 160


def reproduction_text(rep: Reproduction, *, width: int | None = None) -> str:
    """The paper, its default results, the verdict on every claim, and what is missing.

    Parameters
    ----------
    rep : Reproduction
    width : int, optional
        Characters a line; by default the terminal's, between 60 and 160.

    Returns
    -------
    str
        Without a final line break. Our own signs are ASCII; texts of the paper stay as they are.
    """
    room = width or min(WIDEST, max(NARROWEST, shutil.get_terminal_size((100, 24)).columns))
    kinds = by_kind(rep)
    parts = [_title(rep, room), _results(kinds["default"], room), _claims(rep.comparisons, room)]
    closing = [f"Verdicts: {count_text(rep.counts)}."] if rep.comparisons else []
    closing += [missing_sentence(kinds), unverified_sentence(rep, kinds), *(f"Note: {n}" for n in rep.notes)]
    parts.append("\n".join(line for text in closing if text for line in wrap_cell(plain(text), room)))
    return "\n\n".join(p for p in parts if p)


def _title(rep: Reproduction, room: int) -> str:
    info = rep.paper.info
    facts = [info.citation, f"doi {info.doi}" if info.doi else "", f"PMID {info.pmid}" if info.pmid else ""]
    lines = wrap_cell(info.title, room) + wrap_cell(", ".join(f for f in facts if f), room)
    return "\n".join(line for line in lines if line)


def _results(items: Sequence[AnalysisResult], room: int) -> str:
    lines: list[str] = []
    for name in outcomes_of(items):
        mine = [i for i in items if outcome_name(i) == name]
        first = mine[0].analysis
        lines += wrap_cell(f"{capital(name)}: {small(MEASURES[first.measure].label)}, {sides(first)}", room)
        label = max(len(when(i)) for i in mine)
        for item in mine:
            for head, body in _result_lines(item):
                wrapped = wrap_cell(plain(body), room - label - 4)
                lines.append(f"  {head:>{label}s}  {wrapped[0]}")
                lines += [" " * (label + 4) + more for more in wrapped[1:]]
    return "\n".join(lines)


def _result_lines(item: AnalysisResult) -> list[tuple[str, str]]:
    if item.models:
        return [("" if i else when(item), model_text(model)) for i, (_, model) in enumerate(item.models)]
    if not item.results:
        return [(when(item), f"no result: {people(item.gap)} ({item.basis})")]
    out = []
    for i, (end, result) in enumerate(item.results):
        n = result_n(result)
        spread = f", I2 {number_text(result.i2, 1)} %" if result.k > 1 else ""
        size = f", N = {n}" if n else ""
        text = f"{effect_text(result)}, k = {result.k}{size}{spread}; {item.basis}"
        out.append(("" if i else when(item), f"{text}; {end}" if range_end(end) else text))
    return out


def claim_table(comparisons: Sequence[Comparison]) -> Table:
    """Claim, printed, recomputed, verdict, cause; grouped by who says it."""
    groups: dict[str, list[Comparison]] = {}
    for c in comparisons:
        groups.setdefault(c.by or "the paper", []).append(c)
    rows: list[tuple[str, ...]] = []
    sections: dict[int, str] = {}
    for by, members in groups.items():
        sections[len(rows)] = f"{by}:"
        rows += [(c.id, c.printed, c.shown, c.verdict, _cause(c)) for c in members]
    return Table(("Claim", "Printed", "Recomputed", "Verdict", "Cause"), tuple(rows), sections=sections)


def _cause(c: Comparison) -> str:
    """The cause; of a print that does not hold, what is known about it, or the nearest true statement."""
    wrong = c.verdict in ("near", "differs", "decision differs")
    known = f". Known: {c.note}" if c.note and wrong and not c.nearest_true else ""
    return people(c.cause) + known + (f". Nearest true statement: {c.nearest_true}" if c.nearest_true else "")


def _claims(comparisons: Sequence[Comparison], room: int) -> str:
    return claim_table(comparisons).to("text", width=room) if comparisons else ""
