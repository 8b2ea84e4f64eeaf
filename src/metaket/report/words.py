"""The words of a reproduction: what is asked, what came out, what is missing. Every sentence is built from data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket.measures.registry import MEASURES, scale_of
from metaket.plots._arms import name_columns
from metaket.plots._text import Numbers, listing, small
from metaket.reproduction.analyse import AnalysisResult, spec_of, title_of
from metaket.reproduction.quantities import decision_of
from metaket.timecourse import patients, time_label

if TYPE_CHECKING:
    from metaket.measures.effect import EffectSizes
    from metaket.outcomes import Left
    from metaket.pooling.result import PooledResult
    from metaket.reproduction.paper import Analysis
    from metaket.reproduction.run import Reproduction

__all__ = [
    "KINDS",
    "OpenCell",
    "arms_of",
    "by_kind",
    "changes",
    "count_text",
    "decision_text",
    "effect_text",
    "favours_of",
    "kind_of",
    "model_words",
    "open_cells",
    "outcome_name",
    "outcomes_of",
    "people",
    "prediction_text",
    "question",
    "range_end",
    "result_n",
    "sides",
    "small",
    "time_of",
    "unverified_used",
    "when",
]  # fmt: skip

KINDS = {
    "default": "Default analyses",
    "wider": "Wider set of trials",
    "unverified": "With unverified rows",
    "other": "Other sensitivity analyses",
}
OPTIONS = {
    "measure": "measure",
    "model": "model",
    "tau2": "tau2 estimator",
    "test": "test",
    "i2": "I2 definition",
    "zero_cells": "zero cells",
    "double_zero": "double zeros",
    "crossover": "crossover trials",
    "vtype": "variance formula",
    "better": "better direction",
}
MOST_NAMES = 3  # drugs or comparators that an arm's label still lists


def _listed(value: Any) -> str:
    return " or ".join(str(v) for v in value) if isinstance(value, list | tuple) else str(value)


def kind_of(analysis: Analysis, parent: Analysis | None) -> str:
    """Which of `KINDS` an analysis is: wider means that it only drops filters of its parent."""
    if not analysis.sensitivity_of or parent is None:
        return "default"
    if "unverified" in analysis.include and "unverified" not in parent.include:
        return "unverified"
    fewer = analysis.where.items() < parent.where.items()
    same = all(getattr(analysis, name) == getattr(parent, name) for name in (*OPTIONS, "include", "variants"))
    return "wider" if fewer and same else "other"


def by_kind(rep: Reproduction) -> dict[str, tuple[AnalysisResult, ...]]:
    """The analyses of a paper by kind, each sorted by outcome (as in the paper) and time."""
    order = {name: i for i, name in enumerate(outcomes_of(rep.analyses.values()))}

    def place(item: AnalysisResult) -> tuple[int, float]:
        time = time_of(item)
        return order[outcome_name(item)], float("inf") if time is None else time

    out: dict[str, list[AnalysisResult]] = {kind: [] for kind in KINDS}
    for item in rep.analyses.values():
        parent = rep.analyses.get(item.analysis.sensitivity_of)
        out[kind_of(item.analysis, parent.analysis if parent else None)].append(item)
    return {kind: tuple(sorted(items, key=place)) for kind, items in out.items()}


def outcome_name(item: AnalysisResult) -> str:
    """The outcome of an analysis; its title where it filters none."""
    wanted = item.analysis.where.get("outcome")
    return title_of(item.analysis) if wanted is None else _listed(wanted)


def outcomes_of(items: Iterable[AnalysisResult]) -> tuple[str, ...]:
    """Distinct outcomes, in the order of appearance."""
    return tuple(dict.fromkeys(outcome_name(item) for item in items))


def time_of(item: AnalysisResult) -> float | None:
    """Hours after treatment, or None where the analysis asks for no single time."""
    time = item.analysis.where.get("time_h")
    return float(time) if isinstance(time, int | float) else None


def when(item: AnalysisResult) -> str:
    """The time for people, or the title."""
    time = time_of(item)
    return title_of(item.analysis) if time is None else time_label(time)


def changes(analysis: Analysis, parent: Analysis) -> str:
    """What a sensitivity analysis does differently: ``measure OR instead of RR; without the filter ...``."""
    out = [
        f"{label} {getattr(analysis, name) or 'default'} instead of {getattr(parent, name) or 'default'}"
        for name, label in OPTIONS.items()
        if getattr(analysis, name) != getattr(parent, name)
    ]
    out += [f"only {c} {_listed(v)}" for c, v in analysis.where.items() if parent.where.get(c) != v]
    out += [f"any {c} (not only {_listed(v)})" for c, v in parent.where.items() if c not in analysis.where]
    if analysis.include != parent.include:
        out.append(f"{_listed(analysis.include)} rows added" if analysis.include else "sourced rows only")
    if analysis.variants != parent.variants:
        out += [f"{study} by {variant}" for study, variant in analysis.variants.items()]
    return "; ".join(out).replace("_", " ") or "nothing"


def effect_text(result: PooledResult, level: float = 0.95) -> str:
    """``2.99 [1.09, 8.20]`` on the scale that people read."""
    low, high = result.ci(level)
    shown = _numbers(result)
    return f"{shown(result.back(result.estimate))} [{shown(result.back(low))}, {shown(result.back(high))}]"


def _numbers(result: PooledResult) -> Numbers:
    ratio = result.effects.scale.log_axis
    return Numbers(ratio=ratio, errors=() if ratio else (result.std_error,))


def prediction_text(result: PooledResult, level: float = 0.95) -> str:
    """The prediction interval in brackets; blank where there is none."""
    found = result.prediction_interval(level)
    if found is None:
        return ""
    shown = _numbers(result)
    return f"[{shown(result.back(found.low))}, {shown(result.back(found.high))}]"


def range_end(text: str) -> str:
    """``low`` or ``high`` from the name of an end of a range, else blank."""
    return next((end for end in ("low", "high") if text.endswith(f"{end} end")), "")


def result_n(result: PooledResult) -> int | None:
    """Patients, those of a crossover trial once; None where a row does not say."""
    table = result.effects.table
    return None if table is None else patients(table)


def decision_text(result: PooledResult, better: str) -> str:
    """Where the interval lies."""
    if math.isnan(result.effects.scale.null):
        return "no value of no effect to decide against"
    decision = decision_of(result, better)
    return "interval holds no difference" if decision == "no difference" else decision


def sides(analysis: Analysis) -> str:
    """``above 1 favours the treatment``."""
    scale = scale_of(analysis.measure)
    if math.isnan(scale.null):
        return "which has no value of no effect"
    return f"{'above' if analysis.better == 'higher' else 'below'} {scale.null:g} favours the treatment"


def arms_of(effects: EffectSizes) -> tuple[str, str]:
    """Names of the arms from the rows' drug and comparator, where a few names say it all."""
    out = []
    for column, fallback in (("drug", "treatment"), ("comparator", "control")):
        table = effects.table
        cells = [] if table is None or column not in table.columns else [str(c).strip() for c in table[column]]
        names = list(dict.fromkeys(cells))
        out.append(" or ".join(names) if names and all(names) and len(names) <= MOST_NAMES else fallback)
    return out[0], out[1]


def favours_of(effects: EffectSizes, better: str) -> tuple[str, str]:
    """Whom an effect on the low, and on the high side of the null favours."""
    treatment, control = arms_of(effects)
    return (control, treatment) if better == "higher" else (treatment, control)


def question(items: Sequence[AnalysisResult]) -> tuple[str, ...]:
    """What the default analyses ask: a sentence for each way of pooling, with its outcomes and times."""
    groups: dict[tuple[str, str, str], dict[tuple[str, str], list[AnalysisResult]]] = {}
    for item in items:
        a = item.analysis
        rest = [f"{c.replace('_', ' ')} = {_listed(v)}" for c, v in a.where.items() if c not in ("outcome", "time_h")]
        crossover = "as parallel" if a.crossover == "parallel" else f"paired, correlation {a.crossover}"
        how = f"{spec_of(a).describe()}{model_words(a)}; crossover trials {crossover}"
        members = groups.setdefault((how, ", ".join(rest), ", ".join(a.assumed)), {})
        members.setdefault((outcome_name(item), small(MEASURES[a.measure].label)), []).append(item)
    out = []
    for (how, limits, assumed), members in groups.items():
        asked = [f"{name}{_at(own)} ({label})" for (name, label), own in members.items()]
        sentence = f"{capital('; '.join(asked))}: {how}."
        sentence += f" Rows with {limits}." if limits else ""
        sentence += f" Not stated by the paper, and assumed: {assumed.replace('_', ' ')}." if assumed else ""
        out.append(sentence)
    return tuple(out)


def _at(items: Sequence[AnalysisResult]) -> str:
    """` at 24 h and day 7`; nothing where the analyses have no times."""
    times = [when(item) for item in items if time_of(item) is not None]
    return f" at {listing(times)}" if times else ""


def model_words(a: Analysis) -> str:
    """What makes an analysis a model, in words; empty for one pooled effect."""
    parts = [f"moderators {listing([m.replace('*', ' x ') for m in a.moderators])}" if a.moderators else ""]
    parts.append(f"subgroups by {a.subgroups}" if a.subgroups else "")
    parts.append(f"random intercepts of {listing(a.random)}" if a.random else "")
    parts.append(f"random effects {a.structure} over {a.inner}" if a.structure else "")
    parts.append(f"{a.robust} standard errors" if a.robust else "")
    told = "; ".join(part for part in parts if part)
    return f"; {told}" if told else ""


def people(text: str) -> str:
    """A reason for people: `events_c` becomes `events (control arm)`."""
    return name_columns(text, ("treatment", "control"))


def capital(text: str) -> str:
    """First letter upper case, the rest as it is."""
    return text[:1].upper() + text[1:]


def count_text(counts: Mapping[str, int]) -> str:
    """Verdict counts in words: ``2 differs, 21 not computable``; verdicts that no claim has are left out."""
    return ", ".join(f"{n} {verdict}" for verdict, n in counts.items() if n) or "none"


@dataclass(frozen=True, slots=True)
class OpenCell:
    """A trial x outcome x time that an analysis asks for and cannot use.

    Attributes
    ----------
    outcome, when : str
    left : Left
    default : bool
        A default analysis asks for it.
    """

    outcome: str
    when: str
    left: Left
    default: bool


def open_cells(items: Mapping[str, Sequence[AnalysisResult]]) -> tuple[OpenCell, ...]:
    """Every row that an analysis left out, once, those of the default analyses first within each time."""
    found: dict[tuple[str, str, int, str], OpenCell] = {}
    for kind, members in items.items():
        for item in members:
            for left in item.selection.left:
                key = (outcome_name(item), when(item), left.row, left.study)
                found.setdefault(key, OpenCell(key[0], key[1], left, kind == "default"))
    return tuple(found.values())


def unverified_used(rep: Reproduction) -> tuple[str, ...]:
    """Ids of the analyses whose rows include unverified ones."""
    return tuple(i for i, item in rep.analyses.items() if "unverified" in item.selection.statuses)
