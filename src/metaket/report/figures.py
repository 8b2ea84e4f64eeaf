"""The figures of a reproduction: name -> a matplotlib Axes, made one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from metaket.plots import agreement, forest, specification_curve, time_course
from metaket.report.words import by_kind, capital, favours_of, outcome_name, outcomes_of, time_of
from metaket.reproduction.specification import specification_curve as compute_curve
from metaket.timecourse import pool_over_time

if TYPE_CHECKING:
    from metaket.reproduction.analyse import AnalysisResult
    from metaket.reproduction.run import Reproduction

__all__ = ["courses", "figures"]


def figures(rep: Reproduction) -> Iterator[tuple[str, str, Any]]:
    """(file name, caption, Axes) of every figure, each made when it is asked for."""
    kinds = by_kind(rep)
    for name, course in courses(rep):
        yield f"timecourse-{_slug(name)}", f"{capital(name)} over time", time_course(course)
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
        yield (
            f"forest-{item.id}{suffix}",
            caption,
            forest(result, favours=favours_of(result.effects, item.analysis.better)),
        )


def courses(rep: Reproduction) -> Iterator[tuple[str, Any]]:
    """(outcome, course) with the options of the paper's default analyses, where it has several times."""
    default = by_kind(rep)["default"]
    for name in outcomes_of(default):
        mine = [i for i in default if outcome_name(i) == name and time_of(i) is not None]
        if len(mine) < 2 or not any(i.results for i in mine):
            continue
        a = mine[0].analysis
        yield (
            name,
            pool_over_time(
                rep.paper,
                outcome=str(a.where["outcome"]),
                measure=a.measure,
                times=[t for i in mine if (t := time_of(i)) is not None],
                where={c: v for c, v in a.where.items() if c not in ("outcome", "time_h")},
                model=a.model,
                tau2=a.tau2,
                test=a.test,
                crossover=a.crossover,
                zero_cells=a.zero_cells,
                double_zero=a.double_zero,
                title=capital(name),
            ),
        )


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in text.lower()).strip("-") or "outcome"
