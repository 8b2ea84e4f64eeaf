"""Rows of a forest plot from pooled results: studies, subgroups, diamonds, prediction intervals. No matplotlib here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._distributions import critical
from metaket.errors import InputError
from metaket.plots._forest_layout import HEADING, NOTE, PREDICTION, STUDY, SUBTOTAL, SUMMARY, ForestMark, ForestRow
from metaket.plots._forest_styles import ForestStyle
from metaket.plots._forest_words import heterogeneity, level_text, model_name
from metaket.plots._text import NO_VALUE, Numbers, clean

if TYPE_CHECKING:
    from metaket.diagnostics.subgroups import Subgroups
    from metaket.pooling.result import PooledResult

__all__ = ["Setting", "members_of", "pooled_rows", "study_marks", "study_rows", "subgroup_rows"]

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Setting:
    """What the rows of one panel share."""

    style: ForestStyle
    level: float
    numbers: Numbers

    def mark(self, ends: tuple[float, float, float], shape: str, **more: Any) -> ForestMark:
        """An effect with its print."""
        if np.isnan(ends).all():
            return ForestMark(*ends, (NO_VALUE, "", ""), shape, sign=self.style.percent, **more)
        texts = ["" if np.isnan(ends[0]) else self.numbers(ends[0]), self.numbers(ends[1]), self.numbers(ends[2])]
        return ForestMark(
            *ends, self.style.printed(texts[0], texts[1], texts[2]), shape, sign=self.style.percent, **more
        )


def study_ends(result: PooledResult, level: float) -> list[tuple[float, float, float]]:
    """Estimate and interval of each study on the scale that people read."""
    effects, back = result.effects, result.effects.study_scale.back
    half = float(critical(level, np.inf)) * np.sqrt(effects.v)
    with np.errstate(over="ignore"):  # an infinite end is drawn as an arrow
        shown = [np.atleast_1d(back(a)).tolist() for a in (effects.y, effects.y - half, effects.y + half)]
    return list(zip(*shown, strict=True))


def setting_of(result: PooledResult, style: ForestStyle, level: float, decimals: int | None) -> Setting:
    """Decimals that suit the studies' effects."""
    errors = [(high - low) / 4.0 for _, low, high in study_ends(result, level)]
    return Setting(style, level, Numbers(decimals, ratio=result.effects.scale.log_axis, errors=errors))


def study_marks(
    result: PooledResult, setting: Setting, also: Sequence[PooledResult] = (), series: int = 0
) -> list[ForestMark]:
    """A square for each study, its area by the weight in `result`."""
    top = result.weights.max()
    weights = list(zip(*(r.weights.tolist() for r in (result, *also)), strict=True))
    sides = np.sqrt(result.weights / top).tolist()
    return [
        setting.mark(ends, "square", weights=w, side=side, series=series)
        for ends, w, side in zip(study_ends(result, setting.level), weights, sides, strict=True)
    ]


def study_rows(result: PooledResult, marks: Sequence[ForestMark], signs: Sequence[str]) -> list[ForestRow]:
    """A row for each study."""
    names = [f"{clean(study)}{sign}" for study, sign in zip(result.effects.study, signs, strict=True)]
    return [ForestRow(n, STUDY, ((m,),), i) for i, (n, m) in enumerate(zip(names, marks, strict=True))]


def pooled_mark(result: PooledResult, setting: Setting, weights: tuple[float, ...], series: int = 0) -> ForestMark:
    """The diamond of a pooled result."""
    low, high = result.ci(setting.level)
    ends = result.back(result.estimate), result.back(low), result.back(high)
    return setting.mark(ends, "diamond", weights=weights, series=series)


def prediction_mark(result: PooledResult, setting: Setting, series: int = 0) -> ForestMark | None:
    """The bar of a prediction interval, where there is one."""
    found = result.prediction_interval(setting.level)
    if found is None:
        return None
    return setting.mark((NAN, result.back(found.low), result.back(found.high)), "bar", series=series)


def pooled_rows(results: Sequence[PooledResult], setting: Setting) -> list[ForestRow]:
    """A diamond for each pooled result, and the bar of the first prediction interval."""
    rows: list[ForestRow] = []
    bars: list[ForestRow] = []
    for i, result in enumerate(results):
        weights = tuple(100.0 if i == j else NAN for j in range(len(results)))
        label = setting.style.total.format(model=_inside(setting.style.total, result), level=level_text(setting.level))
        rows.append(ForestRow(label, SUMMARY, ((pooled_mark(result, setting, weights),),), i))
        bar = prediction_mark(result, setting)
        if bar is not None and not bars:
            bars.append(ForestRow(f"{level_text(setting.level)} prediction interval", PREDICTION, ((bar,),)))
    return [*rows, *bars]


def _inside(form: str, result: PooledResult) -> str:
    """The model's name, with a capital only where it is the first word."""
    return model_name(result, first=form.startswith("{model}"))


def members_of(result: PooledResult, groups: Subgroups) -> list[list[int]]:
    """The studies of each subgroup, as indices into the whole result."""
    effects = result.effects
    whole = list(zip(effects.study, effects.y.tolist(), effects.v.tolist(), strict=True))
    places: dict[tuple[str, float, float], list[int]] = {}
    for i, key in enumerate(whole):
        places.setdefault(key, []).append(i)
    members = []
    for level, part in zip(groups.levels, groups.results, strict=True):
        keys = list(zip(part.effects.study, part.effects.y.tolist(), part.effects.v.tolist(), strict=True))
        lost = [key[0] for key in keys if not places.get(key)]
        if lost:
            raise InputError(f"subgroup {level!r} holds {lost[0]}, which the result does not: pass the subgroups of it")
        members.append([places[key].pop(0) for key in keys])
    return members


def subgroup_rows(
    studies: Sequence[ForestRow], groups: Subgroups, members: Sequence[Sequence[int]], setting: Setting
) -> list[ForestRow]:
    """Each subgroup's heading, studies, diamond and heterogeneity; then the studies of no known group."""
    rows: list[ForestRow] = []
    style = setting.style
    for i, (name, part, mine) in enumerate(zip(groups.levels, groups.results, members, strict=True)):
        rows.append(ForestRow(clean(name), HEADING))
        rows += [replace(studies[j], indent=1) for j in mine]
        label = style.subtotal.format(model=_inside(style.subtotal, part), level=level_text(setting.level))
        shares = tuple(_sum(studies[j].mark.weights[n] for j in mine) for n in range(len(studies[0].mark.weights)))
        mark = pooled_mark(part, setting, shares)
        rows += [ForestRow(label, SUBTOTAL, ((mark,),), i, 1), ForestRow(heterogeneity(part, style), NOTE, indent=1)]
    rest = sorted(set(range(len(studies))) - {j for mine in members for j in mine})
    if rest:
        rows.append(ForestRow(f"{clean(groups.by)} not known", HEADING))
        rows += [replace(studies[j], indent=1) for j in rest]
    return rows


def _sum(values: object) -> float:
    return float(np.sum(list(values)))  # type: ignore[call-overload]
