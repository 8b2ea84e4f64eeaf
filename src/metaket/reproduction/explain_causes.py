"""Try every slip and rank those that reproduce the whole print.

The score of a candidate is the probability of its kind, shared equally among the candidates of the kind, times the
probability of the settings under which it prints like the paper. Candidates with the same inputs are one event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from metaket.reproduction import explain_methods, explain_slips, explain_typing
from metaket.reproduction.claims import read_printed
from metaket.reproduction.explain_classes import Miss, Near, joint_weight, matching_classes
from metaket.reproduction.explain_effects import effects_of, valid
from metaket.reproduction.explain_figures import Figure, distance
from metaket.reproduction.explain_inputs import Batch, Inputs
from metaket.reproduction.explain_plan import Plan
from metaket.reproduction.explain_registry import SLIPS, Rerun, Slip, versions
from metaket.reproduction.explain_search import Change, Distances, affordable, distances, weights

__all__ = ["Cause", "causes_of", "kinds", "readings"]

FAMILIES = (explain_slips, explain_typing, explain_methods)  # imported for the slips that they register
LIMITS = ("ci_low", "ci_high", "pi_low", "pi_high")
ONE_UNIT = 1.5  # of the last decimal: from the printed number to the far end of what its neighbour stands for
CELLS = 1_000_000  # of versions times studies in one batch: 8 MB a column
SETTLED = 3  # causes whose settings are worked out
SAME_DIGITS = 9  # significant digits to which effects of one event agree


@dataclass(frozen=True, slots=True)
class Cause:
    """One event that reproduces every printed figure.

    Attributes
    ----------
    code, kind : str
        Of the slip, and its label.
    what : str
        The event in words.
    remedy : str
    study : str
        The study that it happened to, empty if to all or none.
    settings : str
        The likeliest settings under which it reproduces the print, of the first few causes.
    probability : float
        Among all slips tried that reproduce the print, by the stated weights.
    score : float
        Before that normalisation.
    same_kind, other_kinds : int
        Rival events that reproduce the print as well.
    also : tuple of (str, str)
        (code, words) of other names of the same event.
    """

    code: str
    kind: str
    what: str
    remedy: str
    study: str
    settings: str
    probability: float
    score: float
    same_kind: int
    other_kinds: int
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Hit:
    slip: Slip
    what: str
    study: str
    score: float
    event: tuple[Any, ...]
    settings: str = ""
    version: Batch | None = None


def kinds(stage: str = "") -> tuple[Slip, ...]:
    """The kinds of slip that `explain` tries: all, or those of a stage."""
    return tuple(s for s in SLIPS.values() if stage in ("", s.stage))


def causes_of(
    inputs: Inputs, plan: Plan, figures: Sequence[Figure], stated: Mapping[str, Any], table: Distances
) -> tuple[tuple[Cause, ...], dict[str, int]]:
    """The events that reproduce the print, likeliest first, and how many candidates of each kind were tried."""
    tried: dict[str, int] = {}
    hits = _of_inputs(inputs, plan, figures, tried)
    hits += _of_methods(inputs, plan, figures, stated, table, tried)
    hits += _of_print(plan, figures, table, tried)
    return _ranked(hits, partial(_settings_of, inputs, plan, figures)), tried


def _settings_of(inputs: Inputs, plan: Plan, figures: Sequence[Figure], hit: _Hit) -> str:
    """The likeliest settings under which a version of the inputs prints like the paper."""
    if hit.version is None:
        return hit.settings
    return _best(matching_classes(distances(inputs, plan, figures, hit.version), plan, figures))


def _total_prior() -> float:
    return sum(s.prior for s in SLIPS.values())


def _score(slip: Slip, weight: float, tried: int) -> float:
    return slip.prior / _total_prior() / tried * weight


def _of_inputs(inputs: Inputs, plan: Plan, figures: Sequence[Figure], tried: dict[str, int]) -> list[_Hit]:
    """The versions of all kinds behind each other, in batches that fit the memory."""
    edits = [(kind, edit) for kind in kinds("inputs") for edit in kind.func(inputs)]
    size = max(1, CELLS // inputs.k)
    chosen = affordable(plan, len(edits))
    hits: list[_Hit] = []
    for start in range(0, len(edits), size):
        part = edits[start : start + size]
        batch, kept = _sound(versions(inputs, [edit for _, edit in part]), inputs)
        for i in kept:
            tried[part[i][0].code] = tried.get(part[i][0].code, 0) + 1
        if len(batch):
            found = weights(batch, inputs, plan, figures, variants=chosen)
            hits += [_hit(part[kept[i]][0], _take(batch, [i]), found[i], inputs, plan) for i in np.flatnonzero(found)]
    return [replace(h, score=_score(h.slip, h.score, tried[h.slip.code])) for h in hits]


def _hit(kind: Slip, one: Batch, weight: float, inputs: Inputs, plan: Plan) -> _Hit:
    """A version that prints like the paper, with the weight of its settings as its score so far."""
    study = int(one.studies[0])
    name = "" if study < 0 else inputs.study[study]
    return _Hit(kind, one.names[0], name, float(weight), _event(one, inputs, plan), version=one)


def _take(batch: Batch, at: Any) -> Batch:
    columns = {n: a[at] for n, a in batch.columns.items()}
    names = tuple(batch.names[int(i)] for i in at)
    return Batch(columns, batch.include[at], names, batch.studies[at])


def _sound(batch: Batch, inputs: Inputs) -> tuple[Batch, Any]:
    """The versions that can be and that change something, and their places."""
    moved = (batch.include != 1).any(axis=-1)
    for name, a in batch.columns.items():
        moved |= (a != inputs.columns[name]).any(axis=-1)
    kept = np.flatnonzero(moved & (valid(batch) > 0))
    return _take(batch, kept), kept


def _event(one: Batch, inputs: Inputs, plan: Plan) -> tuple[Any, ...]:
    """What tells events apart: the effects, under the likeliest variant, to nine digits."""
    likeliest = plan.variants[int(plan.weight.sum(axis=1).argmax())]
    e = effects_of(one, likeliest, inputs)
    y, v = (np.where(e.include > 0, a, 0.0)[0] for a in (e.y, e.v))
    return (*(f"{x:.{SAME_DIGITS}g}" for x in (*y, *v)), *e.include[0].tolist())


def _of_methods(
    inputs: Inputs, plan: Plan, figures: Sequence[Figure], stated: Mapping[str, Any], table: Distances,
    tried: dict[str, int],
) -> list[_Hit]:  # fmt: skip
    """The inputs as they are, otherwise pooled."""
    hits = []
    for kind in (*kinds("settings"), *kinds("effects")):
        reruns = kind.func(inputs, stated)
        if reruns:
            tried[kind.code] = len(reruns)
        for rerun in reruns:
            weight = _rerun_weight(rerun, inputs, plan, figures, table)
            if weight > 0:
                settings = ""
                if kind.stage == "settings":
                    same = rerun.plan.level == plan.level
                    again = table if same else distances(inputs, rerun.plan, figures)
                    settings = _best(matching_classes(again, rerun.plan, figures))
                score = _score(kind, weight, len(reruns))
                hits.append(_Hit(kind, rerun.what, "", score, (kind.code, rerun.what), settings))
    return hits


def _rerun_weight(rerun: Rerun, inputs: Inputs, plan: Plan, figures: Sequence[Figure], table: Distances) -> float:
    """Probability of the settings under which it prints like the paper; from the table where that tells."""
    if rerun.change == Change():
        same = (rerun.plan.level, rerun.plan.row_level) == (plan.level, plan.row_level)
        free = [not same and f.quantity in LIMITS for f in figures]
        hits = [(g == 0) | (np.isfinite(g) & f) for g, f in zip(table.gaps, free, strict=True)]
        possible = joint_weight(hits, rerun.plan, figures)
        if same or possible == 0:
            return possible
    return float(weights(inputs.batch(), inputs, rerun.plan, figures, rerun.change)[0])


def _best(classes: Sequence[Any]) -> str:
    return str(classes[0]) if classes else ""


def _of_print(plan: Plan, figures: Sequence[Figure], table: Distances, tried: dict[str, int]) -> list[_Hit]:
    """Other readings of single figures, under the settings that match all the others."""
    hits = []
    hit = [gap == 0 for gap in table.gaps]
    alone: dict[tuple[int, ...], bool] = {}
    for kind in kinds("print"):
        meant = kind.func(figures)
        if meant:
            tried[kind.code] = len(meant)
        for m in meant:
            places = tuple(i for i, _ in m.texts)
            if places not in alone:
                free = [
                    np.isfinite(g) if i in places else h for i, (h, g) in enumerate(zip(hit, table.gaps, strict=True))
                ]
                alone[places] = joint_weight(free, plan, figures) > 0
            if not alone[places]:
                continue
            new = list(hit)
            for i, text in m.texts:
                new[i] = distance(table.values[i], replace(figures[i], printed=read_printed(text))) == 0
            weight = joint_weight(new, plan, figures)
            if weight > 0:
                score = _score(kind, weight, len(meant))
                hits.append(_Hit(kind, m.what, "", score, ("print", m.texts)))
    return hits


def readings(near: Near, figures: Sequence[Figure]) -> Near:
    """The near setting with, for each figure that it misses, the misprint that would explain it, if one would.

    Settings that the paper does not state get none: their figures are not what was meant.
    """
    if not near.settings.stated:
        return near
    return replace(near, off=tuple(replace(miss, reading=_reading(miss, figures[miss.place])) for miss in near.off))


def _reading(miss: Miss, figure: Figure) -> str:
    """The misprint that gives the value's own text, else that of its neighbour in the last decimal."""
    value = np.array([miss.value / (100.0 if figure.percent else 1.0)])
    if distance(value, figure)[0] <= ONE_UNIT:
        return "one unit off in the last decimal"
    found: dict[float, str] = {}
    for kind in kinds("print"):
        for m in kind.func([figure]):
            meant = m.texts[0][1]
            gap = float(distance(value, replace(figure, printed=read_printed(meant)))[0])
            if gap <= ONE_UNIT:
                near = ", one unit off in the last decimal" if gap else ""
                found.setdefault(gap, f"{kind.label}: {meant}{near}")
    return found[min(found)] if found else ""


def _ranked(hits: list[_Hit], settings: Callable[[_Hit], str]) -> tuple[Cause, ...]:
    """One cause an event, likeliest first, each with its rivals counted."""
    events: dict[tuple[Any, ...], list[_Hit]] = {}
    for hit in hits:
        events.setdefault(hit.event, []).append(hit)
    groups = [sorted(g, key=lambda h: -h.score) for g in events.values()]
    groups.sort(key=lambda g: -sum(h.score for h in g))
    total = sum(h.score for h in hits)
    codes = [g[0].slip.code for g in groups]
    out = []
    for place, (first, *others) in enumerate(groups):
        score = first.score + sum(h.score for h in others)
        same = codes.count(first.slip.code) - 1
        under = settings(first) if place < SETTLED else ""
        also = tuple((h.slip.code, h.what) for h in others)
        kind = (first.slip.code, first.slip.label, first.what, first.slip.remedy, first.study, under)
        out.append(Cause(*kind, score / total, score, same, len(groups) - 1 - same, also))
    return tuple(out)
