"""The figures of a reproduction: name -> a matplotlib Axes, made one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from metaket.plots import agreement, forest, specification_curve, time_course
from metaket.report.words import arms_of, by_kind, capital, favours_of, outcome_name, outcomes_of, time_of
from metaket.reproduction.specification import specification_curve as compute_curve
from metaket.timecourse import TimeCourse, pool_over_time

if TYPE_CHECKING:
    from metaket.reproduction.analyse import AnalysisResult
    from metaket.reproduction.paper import Analysis
    from metaket.reproduction.run import Reproduction

__all__ = ["courses", "figures"]


def figures(rep: Reproduction) -> Iterator[tuple[str, str, Any]]:
    """(file name, caption, Axes) of every figure, each made when it is asked for."""
    kinds = by_kind(rep)
    for name, named in courses(rep):
        title = f"{capital(name)} over time"
        yield f"timecourse-{_slug(name)}", title, time_course(named, title=title, complete=False)
    for kind in ("default", "wider", "unverified"):
        for item in kinds[kind]:
            yield from _forests(item, kind)
    for item in kinds["default"]:
        if item.result is not None and item.result.k > 1:
            curve = compute_curve(rep.paper, item.analysis)
            if len(curve.rows) > 1:
                yield f"specification-{item.id}", f"{curve.title}: every choice left open", specification_curve(curve)
    if rep.comparisons:
        yield "agreement", "Printed against recomputed", agreement(rep.comparisons)


def _forests(item: AnalysisResult, kind: str) -> Iterator[tuple[str, str, Any]]:
    for number, (end, result) in enumerate(item.results):
        named = "" if kind == "default" else f" (sensitivity analysis: {kind})"
        caption = f"{item.analysis.title or item.id}{', ' + end if end else ''}{named}"
        suffix = f"-{('low', 'high')[number]}" if end else ""
        sides = favours_of(result.effects, item.analysis.better)
        treatment, control = map(capital, arms_of(result.effects))
        yield (
            f"forest-{item.id}{suffix}",
            caption,
            forest(result, title=caption, favours=sides, arms=(treatment, control)),
        )


def courses(rep: Reproduction) -> Iterator[tuple[str, dict[str, TimeCourse]]]:
    """(outcome, named courses) with the options of the paper's default analyses, where it has several times.

    Beside the default stand the wider set and the one with unverified rows, where the paper names such analyses.
    """
    kinds = by_kind(rep)
    for name in outcomes_of(kinds["default"]):
        mine = [i for i in kinds["default"] if outcome_name(i) == name and time_of(i) is not None]
        if len(mine) < 2:
            continue
        a = mine[0].analysis
        core = {c: v for c, v in a.where.items() if c not in ("outcome", "time_h")}
        named = {"As analysed": _course(rep, a, mine, core, ())}
        if any(outcome_name(i) == name for i in kinds["wider"]):
            named["Every trial with a sourced row"] = _course(rep, a, mine, {}, ())
        if any(outcome_name(i) == name for i in kinds["unverified"]):
            named["As analysed, with unverified rows"] = _course(rep, a, mine, core, ("unverified",))
        if any(point.results for course in named.values() for point in course.points):
            yield name, named


def _course(
    rep: Reproduction, a: Analysis, mine: list[AnalysisResult], where: dict[str, Any], include: tuple[str, ...]
) -> TimeCourse:
    return pool_over_time(
        rep.paper,
        outcome=str(a.where["outcome"]),
        measure=a.measure,
        times=[t for i in mine if (t := time_of(i)) is not None],
        where=where,
        include=include,
        model=a.model,
        tau2=a.tau2,
        test=a.test,
        crossover=a.crossover,
        zero_cells=a.zero_cells,
        double_zero=a.double_zero,
        title=capital(outcome_name(mine[0])),
    )


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in text.lower()).strip("-") or "outcome"
