"""The tables of the page that hold results: verdicts, pooled results over time, sensitivity analyses, other reviews."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from metaket.measures.registry import MEASURES
from metaket.pooling.spec import WITHOUT_TAU2
from metaket.report.answer import decides_alike
from metaket.report.format import number_text, p_value_text, small_print
from metaket.report.models import model_text
from metaket.report.table import Table
from metaket.report.words import (
    KINDS,
    capital,
    changes,
    decision_text,
    effect_text,
    outcome_name,
    people,
    prediction_text,
    range_end,
    result_n,
    time_of,
    when,
)
from metaket.reproduction.analyse import AnalysisResult, rates, title_of
from metaket.tables import read_table
from metaket.timecourse import time_label

if TYPE_CHECKING:
    from metaket.pooling.result import PooledResult
    from metaket.reproduction.bands import Gap
    from metaket.reproduction.compare import Comparison
    from metaket.reproduction.paper import Paper
    from metaket.reproduction.run import Reproduction

__all__ = ["BAND_NAMES", "claims_table", "reviews_table", "sensitivity_table", "time_table", "verdict_badge"]

SIGNS = {"exact": "✓", "input-rounding": "✓", "near": "≈", "differs": "≠", "decision differs": "✗"}
BAND_NAMES = {
    "absolute-0.1": "0.1 SMD",
    "relative-5": "5 %",
    "relative-10": "10 %",
    "maassen": "Maassen",
}
STANDARDISED = ("SMD", "SMDH", "g", "d")
SETS = ("default", "wider", "unverified")
DASH = "–"


def claims_table(comparisons: Sequence[Comparison]) -> Table:
    """Claim, printed, recomputed, verdict, gap in each band, cause; grouped by who says it."""
    groups: dict[str, list[Comparison]] = {}
    for c in comparisons:
        groups.setdefault(c.by or "the paper", []).append(c)
    rows: list[tuple[Any, ...]] = []
    sections: dict[int, str] = {}
    for by, members in groups.items():
        sections[len(rows)] = by
        rows += [_claim_row(c) for c in members]
    headers = ("Claim", "Printed", "Recomputed", "Verdict", "Gap and bands", "Cause")
    caption = "Each printed claim, what the rows in hand give, and the verdict"
    return Table(headers, tuple(rows), (), caption, sections, "cards claims")


def _claim_row(c: Comparison) -> tuple[Any, ...]:
    shown = Markup("{}").format(c.shown or DASH) + small_print(c.basis if c.shown else "")
    if c.missing and c.analysis:
        link = Markup('<br><small><a href="#open">{} open, and where to look</a></small>').format(len(c.missing))
    else:
        link = small_print(f"missing: {'; '.join(c.missing)}" if c.missing else "")
    reach = "" if c.verdict == "input-rounding" or not c.reach_how else _reach(c)
    cause = Markup("{}").format(people(c.cause)) + small_print(reach) + small_print(c.note) + link
    name = Markup("<code>{}</code>").format(c.id) + small_print(c.where)
    gaps = Markup("<br>").join(Markup("{}: {}").format(p.quantity, _gap(p.gap)) for p in c.parts if p.gap)
    return name, c.printed, shown, verdict_badge(c), gaps or _gap(c.gap), cause


def _reach(c: Comparison) -> str:
    """How far the rounding of the inputs moves the number."""
    ends = [number_text(end, 4) for end in (c.reach_low, c.reach_high) if end is not None]
    return f"within the inputs' rounding: {' to '.join(ends)}{c.unit} ({c.reach_how})"


def verdict_badge(c: Comparison) -> Markup:
    """The verdict as a label, and what the rows in hand alone would give."""
    css = c.verdict.replace(" ", "-")
    badge = Markup('<span class="verdict {}">{} {}</span>').format(css, SIGNS.get(c.verdict, DASH), c.verdict)
    return badge + small_print(f"on the rows in hand: {c.on_sourced_rows}" if c.on_sourced_rows else "")


def _gap(gap: Gap | None) -> Markup:
    """The difference, and each band: inside, outside, its size, or that it does not apply."""
    if gap is None:
        return Markup()
    size = number_text(gap.difference, 2 if abs(gap.difference) >= 0.1 else 3)
    share = "" if gap.relative is None else f" ({number_text(100 * gap.relative, 1)} %)"
    lines, idle = [], []
    for name, inside in gap.bands.items():
        label = BAND_NAMES.get(name, name)
        if inside is None:
            idle.append(label)
        else:
            lines.append(f"{label}: {inside if isinstance(inside, str) else _inside(inside)}")
    lines += [f"{', '.join(idle)}: not applicable"] if idle else []
    head = f"{'+' if gap.difference > 0 else ''}{size}{share}"
    return Markup("{}<br><small>{}</small>").format(head, Markup("<br>").join(lines))


def _inside(value: bool) -> str:
    return "inside" if value else "outside"


def time_table(kinds: Mapping[str, Sequence[AnalysisResult]], outcome: str, rep: Reproduction) -> Table:
    """Pooled results of an outcome by time: default analyses, wider set, and unverified rows, marked as such."""
    rows: list[tuple[Any, ...]] = []
    sections: dict[int, str] = {}
    for kind in SETS:
        items = [i for i in kinds[kind] if outcome_name(i) == outcome]
        if items:
            mark = " (named sensitivity analyses: no source at hand for some rows)" if kind == "unverified" else ""
            sections[len(rows)] = KINDS[kind] + mark
        for item in items:
            rows += _time_rows(item, rep)
    first = next(i.analysis for i in kinds["default"] if outcome_name(i) == outcome)
    counts = any(r[-3] for r in rows)
    headers = ["Time", f"{MEASURES[first.measure].label} [95% CI]", "p", "k", "N", "I² (%)", "τ²",
               "95% prediction interval", "Rates, treatment and control (%)", "Trials", "Decision"]  # fmt: skip
    kept = [i for i in range(len(headers)) if counts or i != len(headers) - 3]
    numeric = {2, 3, 4, 5, 6}
    return Table(
        tuple(headers[i] for i in kept),
        tuple(tuple(row[i] for i in kept) for row in rows),
        tuple("right" if i in numeric else "left" for i in kept),
        f"{capital(outcome)}: pooled results by time",
        sections,
        "results",
    )


def _time_rows(item: AnalysisResult, rep: Reproduction) -> list[tuple[Any, ...]]:
    parent = rep.analyses.get(item.analysis.sensitivity_of)
    more = changes(item.analysis, parent.analysis) if parent else ""
    time = Markup("{}").format(when(item)) + small_print(more)
    if item.models:
        return [
            (time, model_text(model) + small_print(end), *[""] * 7, _of_trials(item), "") for end, model in item.models
        ]
    if not item.results:
        return [(time, f"no result: {people(item.gap)}", *[""] * 7, _of_trials(item), "")]
    return [
        (time, _effect(r) + small_print(end), *_numbers(r), _rates(item, r), _of_trials(item),
         decision_text(r, item.analysis.better))
        for end, r in item.results
    ]  # fmt: skip


def _effect(r: PooledResult, before: str = "") -> Markup:
    return Markup('<span class="effect">{}{}</span>').format(before, effect_text(r))


def _of_trials(item: AnalysisResult) -> Markup:
    return Markup('<span class="effect">{}</span>').format(item.basis.removesuffix(" trials"))


def _numbers(r: PooledResult) -> tuple[str, ...]:
    several = r.k > 1
    i2 = number_text(r.i2, 1) if several else ""
    tau2 = number_text(r.tau2, 3) if several and r.spec.model not in WITHOUT_TAU2 else ""
    prediction = prediction_text(r) or DASH
    return p_value_text(r.p_value), str(r.k), str(result_n(r) or ""), i2, tau2, prediction


def _rates(item: AnalysisResult, r: PooledResult) -> str:
    found = rates(item, r)
    shown = [number_text(math.nan if v is None else v, 1) for v in (found["rate_t"], found["rate_c"])]
    return f"{shown[0]} and {shown[1]}" if all(shown) else ""


def sensitivity_table(kinds: Mapping[str, Sequence[AnalysisResult]], rep: Reproduction) -> Table:
    """Every sensitivity analysis beside the analysis that it varies."""
    rows: list[tuple[Any, ...]] = []
    sections: dict[int, str] = {}
    varied = [i for kind in ("wider", "unverified", "other") for i in kinds[kind]]
    for parent in rep.analyses.values():
        mine = [i for i in varied if i.analysis.sensitivity_of == parent.id]
        if mine:
            own = " to ".join(effect_text(r) for _, r in parent.results) or "no result"
            sections[len(rows)] = f"{title_of(parent.analysis)}: {own} ({parent.basis})"
        for item in mine:
            rows += _sensitivity_rows(item, parent)
    headers = ("Analysis", "What is different", "Effect [95% CI]", "k", "N", "I² (%)", "Trials", "Decides as default")
    align = ("left", "left", "left", "right", "right", "right", "left", "left")
    return Table(headers, tuple(rows), align, "Each beside the analysis that it varies", sections, "cards varied")


def _sensitivity_rows(item: AnalysisResult, parent: AnalysisResult) -> list[tuple[Any, ...]]:
    alike = decides_alike(item, parent)
    told = DASH if alike is None else "yes" if alike else "no"
    name = Markup("{}").format(title_of(item.analysis)) + small_print(item.analysis.note)
    head = (name, changes(item.analysis, parent.analysis))
    if item.models:
        return [(*head, model_text(model), "", "", "", _of_trials(item), told) for _, model in item.models]
    if not item.results:
        return [(*head, f"no result: {people(item.gap)}", "", "", "", _of_trials(item), told)]
    out = []
    for end, r in item.results:
        code = f"{r.effects.measure} " if item.analysis.measure != parent.analysis.measure else ""
        side = range_end(end)
        effect = _effect(r, code) + small_print(f"{side} end of a printed range" if side else "")
        _, k, n, i2, *_ = _numbers(r)
        out.append((*head, effect, k, n, i2, _of_trials(item), told))
    return out


def reviews_table(paper: Paper, kinds: Mapping[str, Sequence[AnalysisResult]]) -> Table | None:
    """What other reviews print, with our result of the same outcome and time beside it; None without reviews.csv."""
    path = paper.folder / "reviews.csv"
    if not path.is_file():
        return None
    frame = read_table(path, required=("review",))
    names = ("review", "citation", "k", "n", "outcome", "time_h", "measure", "estimate", "ci_low", "ci_high",
             "orientation", "comparator", "where", "note")  # fmt: skip
    rows = []
    for record in frame.to_dict(orient="records"):
        cell = {name: str(record.get(name, "")) for name in names}
        rows.append(_review_row(cell, kinds))
    headers = ("Review", "Outcome and time", "k", "N", "Printed", "Ours, default", "Ours, wider set", "Remarks")
    align = ("left", "left", "right", "right", "left", "left", "left", "left")
    return Table(headers, tuple(rows), align, "Pooled results that other reviews print", {}, "cards")


def _review_row(cell: Mapping[str, str], kinds: Mapping[str, Sequence[AnalysisResult]]) -> tuple[Any, ...]:
    hours = _hours(cell["time_h"])
    at = "time not stated" if hours is None else time_label(hours)
    interval = f" [{cell['ci_low']}, {cell['ci_high']}]" if cell["ci_low"] and cell["ci_high"] else ""
    printed = f"{cell['measure']} {cell['estimate']}{interval}".replace("-", "\N{MINUS SIGN}")
    against = f"against {cell['comparator']}" if cell["comparator"] else ""
    against = "" if against and against in cell["note"] else against
    ours = [_ours(cell, hours, kinds, wide) for wide in (False, True)]
    remarks = "; ".join(t for t in (cell["orientation"], against, cell["note"]) if t)
    name = Markup("{}").format(cell["review"]) + small_print(cell["citation"])
    return name, f"{cell['outcome']}, {at}", cell["k"], cell["n"], printed, *ours, remarks


def _hours(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _ours(
    cell: Mapping[str, str], hours: float | None, kinds: Mapping[str, Sequence[AnalysisResult]], wide: bool
) -> str:
    """Our result of the same outcome and time, by the review's measure where we have it, on sourced rows."""
    pool, renamed = _same_question(kinds["wider" if wide else "default"], cell, hours)
    if not pool:
        return DASH
    base = pool[0].analysis
    twins = [
        i
        for i in kinds["other"]
        if i.analysis.measure == cell["measure"]
        and i.analysis.where == base.where
        and all(getattr(i.analysis, n) == getattr(base, n) for n in ("model", "tau2", "test", "crossover", "variants"))
    ]
    item = pool[0] if base.measure == cell["measure"] or not twins else twins[0]
    shown = " to ".join(f"{item.analysis.measure} {effect_text(r)}" for _, r in item.results)
    label = f"{outcome_name(item)}: " if renamed else ""
    return label + (f"{shown} ({item.basis})" if shown else f"no result ({item.basis})")


def _same_question(
    items: Sequence[AnalysisResult], cell: Mapping[str, str], hours: float | None
) -> tuple[list[AnalysisResult], bool]:
    """Ours of the outcome and time; and whether it only stands in for an outcome that we call otherwise.

    A standardised difference of an outcome name that we don't have stands beside our only standardised difference.
    """
    at = [i for i in items if hours is not None and time_of(i) == hours]
    named = [i for i in at if outcome_name(i) == cell["outcome"]]
    if named or cell["measure"] not in STANDARDISED or any(outcome_name(i) == cell["outcome"] for i in items):
        return named, False
    other = [i for i in at if i.analysis.measure in STANDARDISED]
    return (other, True) if len(other) == 1 else ([], False)
