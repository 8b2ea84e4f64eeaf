"""What others say of the paper: each statement with its verdict, its evidence, and the nearest true one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from metaket.report.table import Table
from metaket.report.words import people

if TYPE_CHECKING:
    from metaket.reproduction.comparison import Comparison

__all__ = ["audits_table"]

ADDRESS = re.compile(r"https?://[^\s,;]+")


def audits_table(comparisons: Sequence[Comparison], badge: Any) -> Table | None:
    """Statement, verdict and cause, nearest true statement, evidence; context behind them. None without any.

    Parameters
    ----------
    comparisons : sequence of Comparison
        Those that somebody else says.
    badge : callable
        From a comparison to its verdict as markup.
    """
    said = [c for c in comparisons if c.quantity != "context"]
    if not said:
        return None
    context = [c for c in comparisons if c.quantity == "context"]
    rows: list[tuple[Any, ...]] = []
    sections: dict[int, str] = {}
    for by in dict.fromkeys(c.by for c in said):
        sections[len(rows)] = f"The {by}" if by[:1].islower() else by
        rows += [_row(c, badge) for c in said if c.by == by]
    if context:
        sections[len(rows)] = "For context: another paper's own statements"
        rows += [_context(c) for c in context]
    headers = ("Statement", "Verdict", "Nearest true statement", "What the verdict rests on")
    return Table(headers, tuple(rows), (), "What others say of the paper", sections, "cards audits")


def _row(c: Comparison, badge: Any) -> tuple[Any, ...]:
    cause = Markup("{}<br><small>{}{}</small>").format(badge(c), people(c.cause), f"; {c.note}" if c.note else "")
    evidence = Markup("<small>{}</small>").format(Markup("<br>").join(map(_linked, c.evidence)))
    return _statement(c), cause, _typeset(c.nearest_true), evidence


def _context(c: Comparison) -> tuple[Any, ...]:
    evidence = Markup("<small>{}</small>").format(Markup("<br>").join(map(_linked, c.evidence)))
    return _statement(c), Markup(), c.note, evidence


def _statement(c: Comparison) -> Markup:
    who = f"{c.by}, {c.where}" if c.where and c.quantity == "context" else c.where
    return Markup("“{}”<br><small><code>{}</code> {}</small>").format(c.printed, c.id, who)


def _typeset(text: str) -> str:
    """A hyphen before a digit that opens a number is a minus."""
    return re.sub(r"(?<=[ (])-(?=\d)", "\N{MINUS SIGN}", text)


def _linked(text: str) -> Markup:
    """The text with its addresses as links."""
    parts, last = [], 0
    for found in ADDRESS.finditer(text):
        parts += [Markup("{}").format(text[last : found.start()])]
        parts += [Markup('<a href="{0}">{0}</a>').format(found[0])]
        last = found.end()
    return Markup().join([*parts, Markup("{}").format(text[last:])])
