"""The figures of a reproduction: which, from which results, and under which names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket.plots import agreement, forest, joint_course, rho_band, specification_curve, time_course
from metaket.report.words import KINDS, arms_of, by_kind, capital, favours_of, outcome_name, range_end, time_of
from metaket.reproduction.analyse import AnalysisResult, title_of
from metaket.reproduction.specification import specification_curve as compute_curve
from metaket.timecourse import TimeCourse, TimePoint, patients, pool_over_time

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.pooling.result import PooledResult
    from metaket.reproduction.paper import Analysis, Paper
    from metaket.reproduction.run import Reproduction
    from metaket.timecourse import JointCourse, RhoBand

__all__ = ["Plan", "plan_figures", "safe_name"]

SHOWN = ("default", "wider", "unverified")  # the kinds whose forests are drawn
LONGEST_NAME = 100  # bytes; file systems take 255, suffixes included
OPTIONS = ("measure", "model", "tau2", "test", "i2", "zero_cells", "double_zero", "crossover", "vtype", "include",
           "variants")  # fmt: skip
UNVERIFIED_NOTE = "Named sensitivity analysis: it uses rows without a source at hand."


@dataclass(frozen=True, slots=True)
class Plan:
    """A figure to draw.

    Attributes
    ----------
    name : str
        Of its files, without suffix.
    group : {"agreement", "timecourse", "course", "forest", "specification"}
    key : str
        What it belongs to: an outcome for a time course, a kind for a forest, an analysis for a specification curve.
    caption : str
    draw : callable
        Returns the Axes.
    """

    name: str
    group: str
    key: str
    caption: str
    draw: Callable[[], Axes]


def safe_name(text: str, taken: set[str]) -> str:
    """A file name from any text: letters, digits, dot, dash, underscore; unlike all in `taken`, to which it is added.

    A paper's ids come from its own file and may hold anything, slashes included.
    """
    base = re.sub(r"[^\w.-]+", "-", text).strip("-.") or "figure"
    while len(base.encode()) > LONGEST_NAME:
        base = base[:-1]
    name, number = base, 2
    while name.casefold() in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name.casefold())
    return name


def plan_figures(rep: Reproduction) -> tuple[Plan, ...]:
    """Agreement; a time course or two an outcome; a forest a result; a specification curve a default analysis.

    Nothing is drawn or computed yet: `Plan.draw` does it, one figure at a time.
    """
    kinds = by_kind(rep)
    taken: set[str] = set()
    plans = []
    if rep.comparisons:
        caption = "Every printed claim beside what the rows in hand give"
        plans.append(Plan(safe_name("agreement", taken), "agreement", "", caption, lambda: agreement(rep.comparisons)))
    plans += _courses(rep.paper, kinds, taken)
    plans += _joint(rep, kinds, taken)
    for kind in SHOWN:
        for item in kinds[kind]:
            plans += _forests(item, kind, taken)
    plans += _specifications(rep.paper, kinds["default"], taken)
    return tuple(plans)


def _forests(item: AnalysisResult, kind: str, taken: set[str]) -> Iterator[Plan]:
    for end, result in item.results:
        side = range_end(end)
        name = safe_name(f"forest-{item.id}" + (f"-{side}" if side else ""), taken)
        caption = title_of(item.analysis) + (f", {end}" if end else "")
        notes = (UNVERIFIED_NOTE,) if "unverified" in item.selection.statuses else ()
        yield Plan(name, "forest", kind, caption, _forest(result, caption, item.analysis, notes))


def _forest(result: PooledResult, title: str, analysis: Analysis, notes: Sequence[str]) -> Callable[[], Axes]:
    def draw() -> Axes:
        treatment, control = (capital(arm) for arm in arms_of(result.effects))
        sides = favours_of(result.effects, analysis.better)
        return forest(result, title=title, arms=(treatment, control), favours=sides, notes=notes)

    return draw


def _specifications(paper: Paper, items: Sequence[AnalysisResult], taken: set[str]) -> Iterator[Plan]:
    for item in items:
        if item.result is not None and item.result.k > 1:
            name = safe_name(f"specification-{item.id}", taken)
            yield Plan(name, "specification", item.id, title_of(item.analysis), _specification(paper, item.analysis))


def _specification(paper: Paper, analysis: Analysis) -> Callable[[], Axes]:
    return lambda: specification_curve(compute_curve(paper, analysis))


def _courses(paper: Paper, kinds: Mapping[str, Sequence[AnalysisResult]], taken: set[str]) -> Iterator[Plan]:
    """The default analyses of each outcome by time, and the same beside the wider set and the unverified rows."""
    groups = {kind: _by_options(kinds[kind]) for kind in SHOWN}
    for (outcome, *_), members in groups["default"].items():
        items = _timed(members)
        if not items:
            continue
        title, favours = f"{capital(outcome)} over time", _favours(items)
        sets = {KINDS["default"]: _course(paper, items, title)}
        for kind in SHOWN[1:]:
            for other in groups[kind].values():
                timed = [i for i in _timed(other) if _comparable(i, items[0])]
                if any(i.results for i in timed):
                    sets[_set_name(kind, timed[0], items[0], sets)] = _course(paper, timed, title)
        name = safe_name(f"timecourse-{outcome}", taken)
        own = sets[KINDS["default"]]
        if any(i.results for i in items):
            caption = f"{title}: default analyses"
            yield Plan(name, "timecourse", outcome, caption, _time_course(own, title, favours, True))
        if len(sets) > 1:
            caption = f"{title}: the default analyses beside other sets of rows"
            beside = safe_name(f"{name}-sets", taken)
            yield Plan(beside, "timecourse", outcome, caption, _time_course(sets, title, favours, False))


def _joint(rep: Reproduction, kinds: Mapping[str, Sequence[AnalysisResult]], taken: set[str]) -> Iterator[Plan]:
    """The joint model of each `[[course]]` that has one, and its dependence on the assumed correlation."""
    for found in rep.courses:
        asked, course, bands = found.asked, found.course, found.bands
        if course is None:
            continue
        items = [i for kind in SHOWN for i in kinds[kind] if outcome_name(i) == asked.outcome and i.results]
        favours = _favours(items) if items else None
        name = safe_name(f"course-{asked.id}", taken)
        caption = f"{course.title}: one model for all times"
        yield Plan(name, "course", asked.outcome, caption, _course_figure(course, asked.curve, favours))
        for (end, _), band in zip(course.fits, bands, strict=True):
            side = f", {end}" if end else ""
            caption = f"{course.title}: how much depends on the assumed correlation{side}"
            plan = safe_name(f"rho-{asked.id}" + (f"-{range_end(end)}" if end else ""), taken)
            yield Plan(plan, "course", asked.outcome, caption, _rho_figure(band, caption))


def _course_figure(course: JointCourse, curve: str, favours: tuple[str, str] | None) -> Callable[[], Axes]:
    return lambda: joint_course(course, curve=curve, favours=favours)


def _rho_figure(band: RhoBand, title: str) -> Callable[[], Axes]:
    return lambda: rho_band(band, title=title)


def _time_course(courses: Any, title: str, favours: tuple[str, str], complete: bool) -> Callable[[], Axes]:
    return lambda: time_course(courses, title=title, favours=favours, complete=complete)


def _comparable(item: AnalysisResult, default: AnalysisResult) -> bool:
    return item.analysis.measure == default.analysis.measure and outcome_name(item) == outcome_name(default)


def _favours(items: Sequence[AnalysisResult]) -> tuple[str, str]:
    """Sides of the null for several results: names of the arms only where all of them have the same."""
    found = {favours_of(r.effects, i.analysis.better) for i in items for _, r in i.results}
    if len(found) == 1:
        return found.pop()
    return ("control", "treatment") if items[0].analysis.better == "higher" else ("treatment", "control")


def _set_name(kind: str, item: AnalysisResult, default: AnalysisResult, taken: Mapping[str, Any]) -> str:
    name = KINDS[kind]
    if kind == "unverified" and _rest(item) != _rest(default):
        name = f"{KINDS['wider']}, unverified rows"
    return name if name not in taken else f"{name} ({title_of(item.analysis)})"


def _rest(item: AnalysisResult) -> str:
    """The filter without outcome and time."""
    return repr(sorted((c, str(v)) for c, v in item.analysis.where.items() if c not in ("outcome", "time_h")))


def _by_options(items: Sequence[AnalysisResult]) -> dict[tuple[str, ...], list[AnalysisResult]]:
    """Analyses that differ in their time alone."""
    out: dict[tuple[str, ...], list[AnalysisResult]] = {}
    for item in items:
        key = (outcome_name(item), _rest(item), *(repr(getattr(item.analysis, name)) for name in OPTIONS))
        out.setdefault(key, []).append(item)
    return out


def _timed(items: Sequence[AnalysisResult]) -> list[AnalysisResult]:
    """One analysis a time, those without a time left out."""
    first: dict[float, AnalysisResult] = {}
    for item in items:
        time = time_of(item)
        if time is not None:
            first.setdefault(time, item)
    return list(first.values())


def _course(paper: Paper, items: Sequence[AnalysisResult], title: str) -> TimeCourse:
    """The analyses' own results by time, and the same on the trials present at every time."""
    a = items[0].analysis
    points = tuple(TimePoint(float(i.analysis.where["time_h"]), i.results, _size(i), i.gap, i.selection) for i in items)
    complete: tuple[TimePoint, ...] = ()
    outcome = a.where.get("outcome")
    if isinstance(outcome, str) and not a.vtype and any(p.results for p in points):
        where = {c: v for c, v in a.where.items() if c not in ("outcome", "time_h")}
        complete = pool_over_time(
            paper, outcome=outcome, measure=a.measure, times=[p.time_h for p in points], where=where,
            include=a.include, variants=a.variants, pooling=a.model, tau2=a.tau2, test=a.test, crossover=a.crossover,
            zero_cells=a.zero_cells, double_zero=a.double_zero,
        ).complete  # fmt: skip
    return TimeCourse(title, outcome_name(items[0]), a.measure, points, complete)


def _size(item: AnalysisResult) -> int | None:
    result = item.result
    used = None if result is None else result.effects.table
    return patients(item.selection.rows.iloc[:0] if used is None else used)
