"""How long does it last: what the joint models over time say, in sentences with their uncertainty."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from metaket.measures.registry import MEASURES
from metaket.plots._text import Numbers, listing, p_text
from metaket.report.words import people, small
from metaket.timecourse import time_label

if TYPE_CHECKING:
    from metaket.reproduction.over_time import CourseResult
    from metaket.reproduction.run import Reproduction
    from metaket.timecourse import JointCourse, JointFit, RhoBand

__all__ = ["lasting"]


def lasting(rep: Reproduction, outcome: str) -> tuple[str, ...]:
    """A paragraph for each joint model of an outcome, or why there is none."""
    return tuple(_paragraph(found) for found in rep.courses if found.asked.outcome == outcome)


def _paragraph(found: CourseResult) -> str:
    title = found.asked.title or found.asked.id
    if found.course is None:
        return f"{title}: no model can be fitted: {people(found.gap)}."
    course = found.course
    label = small(MEASURES[course.measure].label)
    sentences = [f"{title} ({label}, {found.asked.better} is better): {_effects(course)}."]
    sentences += [_change(course), _decides(course, found.asked.better), _depends(found.bands, course)]
    sentences += [
        f"The model takes a {course.fit.repeated.words}, and structure {course.fit.structure} between trials."
    ]
    if course.cautions:
        sentences.append(f"Not to be overlooked: {'; '.join(course.cautions)}.")
    if course.complete_gap and len(course.times) > 1:
        sentences.append(
            f"On the trials present at every time: {people(course.complete_gap.split('; use model=')[0])}."
        )
    return " ".join(s for s in sentences if s)


def _effects(course: JointCourse) -> str:
    parts = []
    for i, hours in enumerate(course.times):
        shown = " or ".join(dict.fromkeys(_effect(fit, i) for _, fit in course.fits))
        trusted = course.fit.trusted[i]
        near = f", cluster-robust {_robust(course.fit, i)}" if trusted else ""
        k = len(course.fit.studies[i])
        parts.append(f"{shown} at {time_label(hours)} ({k} trial{'s' if k > 1 else ''}{near})")
    return "; ".join(parts)


def _numbers(fit: JointFit) -> Numbers:
    return Numbers(ratio=fit.scale.log_axis, errors=fit.model.std_error.tolist())


def _effect(fit: JointFit, i: int) -> str:
    numbers, back = _numbers(fit), fit.scale.back
    low, high = fit.model.ci()[i]
    return f"{numbers(float(back(fit.model.coef[i])))} ({numbers(float(back(low)))} to {numbers(float(back(high)))})"


def _robust(fit: JointFit, i: int) -> str:
    if fit.robust is None:
        return ""
    numbers, back = _numbers(fit), fit.scale.back
    low, high = fit.robust.ci()[i]
    return f"{numbers(float(back(low)))} to {numbers(float(back(high)))}"


def _change(course: JointCourse) -> str:
    """The test that all times have one effect: without evidence of a change is not evidence of none."""
    if len(course.times) < 2:
        return ""
    p = [fit.equal().p_value for _, fit in course.fits]
    shown = p_text(p[0]) if len(p) == 1 else f"{p_text(min(p))} to {p_text(max(p)).removeprefix('p = ')}"
    if max(p) < 0.05:
        return f"The times differ ({shown})."
    if min(p) >= 0.05:
        return f"No change over these times is shown ({shown}), which is not proof that there is none."
    return f"Whether the times differ depends on the end of the printed range ({shown})."


def _decides(course: JointCourse, better: str) -> str:
    """At which times the model's interval leaves no effect out."""
    null = course.scale.null
    if math.isnan(null):
        return ""
    zero = float(course.scale.forward(null))
    clear = []
    for i, hours in enumerate(course.times):
        ends = [fit.model.ci()[i] for _, fit in course.fits]
        up, down = all(low > zero for low, _ in ends), all(high < zero for _, high in ends)
        if (up and better == "higher") or (down and better == "lower"):
            clear.append(time_label(hours))
    last = time_label(course.times[-1])
    if not clear:
        return "At none of these times does the model's interval exclude no effect on the treatment's side."
    tail = "" if last in clear else f", but not at {last}"
    return f"The model's interval excludes no effect, on the treatment's side, at {listing(clear)}{tail}."


def _depends(bands: tuple[RhoBand, ...], course: JointCourse) -> str:
    """The last time over all assumed correlations."""
    if not bands or len(course.times) < 2:
        return ""
    numbers = _numbers(course.fit)
    reach = [band.reach().iloc[-1] for band in bands]
    low, high = min(r["estimate_low"] for r in reach), max(r["estimate_high"] for r in reach)
    ends = min(r["ci_low"] for r in reach), max(r["ci_high"] for r in reach)
    rho = bands[0].rho
    return (
        f"Over assumed correlations from {rho.min():g} to {rho.max():g} the effect at {time_label(course.times[-1])} "
        f"runs from {numbers(low)} to {numbers(high)}, with limits from {numbers(ends[0])} to {numbers(ends[1])}."
    )
