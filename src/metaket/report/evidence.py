"""The tables of the page that hold evidence: trials, rows, what is left out and where to look, sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from metaket.outcomes import join_trials
from metaket.plots._text import signed
from metaket.report.format import small_print
from metaket.report.table import Table
from metaket.report.words import capital, open_cells, outcome_name, outcomes_of, people, when
from metaket.timecourse import time_label

if TYPE_CHECKING:
    import pandas as pd

    from metaket.reproduction.analyse import AnalysisResult
    from metaket.reproduction.paper import Paper

__all__ = ["cells_table", "left_table", "rows_table", "sources_table", "trials_table"]

Kinds = Mapping[str, Sequence["AnalysisResult"]]
USED_IN = {"default": "default", "wider": "wider", "unverified": "unverified", "other": "other"}
TRIAL_COLUMNS = (
    ("Fits the criteria", ("fits_criteria", "why")),
    ("In the paper", ("in_paper",)),
    ("Design", ("design", "allocation")),
    ("Drug", ("drug", "dose_route", "doses")),
    ("Comparator", ("comparator", "comparator_detail")),
    ("Scale", ("scale",)),
    ("Randomised", ("n_randomised", "randomised_t", "randomised_c")),
    ("Analysed", ("n_analysed", "n_t", "n_c")),
    ("Note", ("note",)),
)
MARKS = {"pooled": "●", "partial": "◐", "open": "○", "left out": "×", "not asked": ""}


def _text(value: Any) -> str:
    """A cell as text: numbers without needless decimals, true minus signs."""
    if isinstance(value, float):
        return "" if value != value else signed(f"{value:.10g}")
    return str(value)


def trials_table(paper: Paper) -> Table | None:
    """One row a trial: whether it fits and why, design, drug, comparator, patients; None without trials.csv."""
    trials = paper.trials
    if trials is None:
        return None
    columns = [(h, [n for n in names if n in trials.columns]) for h, names in TRIAL_COLUMNS]
    columns = [(h, names) for h, names in columns if any(_text(v) for n in names for v in trials[n])]
    rows = []
    for _, trial in trials.iterrows():
        name = Markup("{}").format(trial["study"]) + small_print(_text(trial.get("citation", "")))
        cells = [_trial_cell(heading, [_text(trial[n]) for n in names]) for heading, names in columns]
        rows.append((name, *cells))
    headers = ("Trial", *(h for h, _ in columns))
    return Table(headers, tuple(rows), (), f"{len(rows)} trials", {}, "cards trials")


def _trial_cell(heading: str, values: Sequence[str]) -> Any:
    first, *rest = values
    if heading in ("Randomised", "Analysed"):
        arms = [v for v in rest if v]
        return Markup("{}").format(first) + small_print(f"{' and '.join(arms)} by arm" if len(arms) == 2 else "")
    more = "; ".join(v for v in rest if v and v != first)
    return Markup("{}").format(first) + small_print(more)


def rows_table(paper: Paper, kinds: Kinds) -> Table:
    """Every row that an analysis uses: its numbers, status, source, place, note, and where it is used."""
    used = _used(kinds)
    table = paper.outcomes.loc[sorted(used)]
    first = {name: i for i, name in enumerate(dict.fromkeys(paper.outcomes["outcome"]))}
    order = table.assign(place=table["outcome"].map(first)).sort_values(["place", "time_h"], kind="stable").index
    table = table.loc[order]
    anchors = _anchors(paper)
    rows: list[tuple[Any, ...]] = []
    sections: dict[int, str] = {}
    keys: Any  # pandas types the key of a group as any hashable
    for keys, group in table.groupby(["outcome", "time_h"], sort=False, dropna=False):
        outcome, time = keys
        at = "" if time != time else f", {time_label(float(time))}"
        sections[len(rows)] = f"{capital(str(outcome))}{at}"
        for number, row in group.iterrows():
            index = int(number)  # type: ignore[call-overload]
            variant = f"variant: {row['variant']}" if row["variant"] else ""
            name = Markup("{}").format(row["study"]) + small_print(variant)
            places = "; ".join(USED_IN[k] for k in used[index])
            rows.append((name, _values(row), _status(row["status"]), _source_links(row["source"], anchors),
                         row["where"], row["note"], places, str(index)))  # fmt: skip
    headers = ("Trial", "Numbers", "Status", "Source", "Where", "Note", "Used in", "Row")
    align = (*["left"] * 7, "right")
    return Table(headers, tuple(rows), align, "Rows of outcomes.csv in use", sections, "cards rows")


def _used(kinds: Kinds) -> dict[int, list[str]]:
    out: dict[int, list[str]] = {}
    for kind, items in kinds.items():
        for item in items:
            for number in item.selection.rows.index:
                places = out.setdefault(int(number), [])
                if kind not in places:
                    places.append(kind)
    return out


def _status(status: str) -> Any:
    return Markup("<strong>{}</strong>").format(status) if status == "unverified" else status


def _values(row: pd.Series[Any]) -> str:
    """What a row gives: counts, means, or an effect."""
    v = {name: _text(row[name]) if name in row.index else "" for name in (
        "events_t", "n_t", "events_c", "n_c", "mean_t", "sd_t", "mean_c", "sd_c", "y", "y_low", "y_high", "v", "se",
        "ci_low", "ci_high", "p", "y_measure")}  # fmt: skip
    parts = []
    if v["events_t"] or v["events_c"]:
        parts.append(f"{v['events_t'] or '?'}/{v['n_t'] or '?'} against {v['events_c'] or '?'}/{v['n_c'] or '?'}")
    elif v["n_t"] or v["n_c"]:
        parts.append(f"n {v['n_t'] or '?'} against {v['n_c'] or '?'}")
    if v["mean_t"] or v["mean_c"]:
        arms = [f"{v[f'mean_{a}'] or '?'} (SD {v[f'sd_{a}'] or '?'})" for a in ("t", "c")]
        parts.append(f"mean {arms[0]} against {arms[1]}")
    effect = v["y"] or (f"{v['y_low']} to {v['y_high']}" if v["y_low"] else "")
    if effect:
        spread = [f"{name} {v[key]}" for name, key in (("SE", "se"), ("variance", "v"), ("p", "p")) if v[key]]
        spread += [f"95% CI {v['ci_low']} to {v['ci_high']}"] if v["ci_low"] else []
        parts.append(", ".join([f"{v['y_measure'] or 'effect'} {effect}", *spread]))
    return "; ".join(parts)


def cells_table(paper: Paper, items: Sequence[AnalysisResult]) -> Table:
    """Which trial gives which cell of the default analyses: pooled, partly filled, open, or left out on purpose."""
    columns = [i for name in outcomes_of(items) for i in items if outcome_name(i) == name]
    table = join_trials(paper.outcomes, paper.trials)
    states: list[dict[str, str]] = []
    for item in columns:
        state = {str(s): "pooled" for s in item.selection.rows["study"]}
        state |= {x.study: ("partial" if x.cells else "open") if x.open else "left out" for x in item.selection.left}
        dropped = item.result.effects.dropped if item.result else ()
        state |= {d.study: "left out" for d in dropped if state.get(d.study) == "pooled"}
        states.append(state)
    studies = [str(s) for s in dict.fromkeys(table["study"]) if any(str(s) in state for state in states)]
    doubtful = _unverified(table, columns)
    rows = tuple((s, *(_mark(state.get(s, "not asked"), s in extra)
                       for state, extra in zip(states, doubtful, strict=True))) for s in studies)  # fmt: skip
    headers = ("Trial", *(f"{capital(outcome_name(i))}, {when(i)}" for i in columns))
    return Table(headers, rows, (), "Trial by outcome and time, as the default analyses ask", {}, "cells")


def _unverified(table: pd.DataFrame, columns: Sequence[AnalysisResult]) -> list[set[str]]:
    """Trials with an unverified row at the outcome and time of each analysis."""
    out = []
    for item in columns:
        where = item.analysis.where
        hit = table["status"] == "unverified"
        for name in ("outcome", "time_h"):
            if isinstance(where.get(name), str | int | float):
                hit &= table[name] == where[name]
        out.append({str(s) for s in table.loc[hit, "study"]})
    return out


def _mark(state: str, doubtful: bool) -> Markup:
    extra = " + u" if doubtful and state != "pooled" else ""
    words = state + (", unverified row beside it" if extra else "")
    return Markup('<span role="img" aria-label="{}" title="{}">{}{}</span>').format(words, words, MARKS[state], extra)


def left_table(kinds: Kinds) -> Table:
    """Everything that an analysis asks for and does not use: what is missing or why it is out, and where to look."""
    cells = list(open_cells(kinds))
    groups: dict[tuple[str, str], list[Any]] = {}
    for cell in sorted(cells, key=lambda c: not c.default):
        by = "default" if cell.default else "sensitivity analyses only"
        record = (cell.left.study, people(cell.left.reason), cell.left.look, by, str(cell.left.row))
        groups.setdefault((cell.outcome, cell.when), []).append((cell.left.open, record))
    for key, dropped in _dropped(kinds, cells).items():
        groups.setdefault(key[:2], []).append((False, dropped))
    rows: list[tuple[Any, ...]] = []
    sections: dict[int, str] = {}
    for (outcome, at), members in groups.items():
        missing = sum(is_open for is_open, _ in members)
        sections[len(rows)] = f"{capital(outcome)}, {at}: {missing} open, {len(members) - missing} left out on purpose"
        rows += [record for _, record in members]
    headers = ("Trial", "What is missing, or why it is out", "Where to look", "Asked by", "Row")
    return Table(
        headers, tuple(rows), (*["left"] * 4, "right"), "Left out, by outcome and time", sections, "cards left"
    )


def _dropped(kinds: Kinds, cells: Sequence[Any]) -> dict[tuple[str, str, str, str], tuple[str, ...]]:
    """Rows with numbers that give no effect (both arms zero, say)."""
    known = {(c.left.row, c.left.study) for c in cells}
    out: dict[tuple[str, str, str, str], tuple[str, ...]] = {}
    for kind, items in kinds.items():
        for item in items:
            for d in item.result.effects.dropped if item.result else ():
                if (d.row, d.study) not in known:
                    by = "default" if kind == "default" else "sensitivity analyses only"
                    key = (outcome_name(item), when(item), d.study, d.reason)
                    out.setdefault(key, (d.study, d.reason, "", by, str(d.row)))
    return out


def _anchors(paper: Paper) -> dict[str, str]:
    return {source.id: f"source-{number}" for number, source in enumerate(paper.sources, start=1)}


def _source_links(text: str, anchors: Mapping[str, str]) -> Markup:
    names = [name.strip() for name in str(text).split(";") if name.strip()]
    links = [
        Markup('<a href="#{}">{}</a>').format(anchors[n], n) if n in anchors else Markup("{}").format(n) for n in names
    ]
    return Markup("; ").join(links)


def sources_table(paper: Paper) -> Table | None:
    """Where the numbers were read; None where paper.toml names no source."""
    if not paper.sources:
        return None
    anchors = _anchors(paper)
    rows = []
    for source in paper.sources:
        name = Markup('<span id="{}">{}</span>').format(anchors[source.id], source.id)
        known = source.url.startswith(("https://", "http://"))
        link = Markup('<a href="{}">{}</a>').format(source.url, source.url) if known else source.url
        rows.append((name, source.citation, link, source.access, source.note))
    return Table(("Source", "Citation", "Address", "Seen as", "Note"), tuple(rows), (), "Sources", {}, "cards sources")
