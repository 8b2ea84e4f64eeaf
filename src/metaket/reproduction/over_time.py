"""The joint models over time that a paper folder asks for: `[[course]]` of paper.toml."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from metaket.errors import MetaketError, NotComputableError, PaperError
from metaket.reproduction.paper import Course, Paper
from metaket.timecourse import JointCourse, RhoBand, TimeTest, pool_over_time
from metaket.timecourse.over_rho import over_rho

__all__ = ["CourseResult", "run_course"]


@dataclass(frozen=True, slots=True, eq=False)
class CourseResult:
    """A joint model over time, or why there is none.

    Attributes
    ----------
    asked : Course
        The question as paper.toml asks it.
    course : JointCourse or None
    bands : tuple of RhoBand
        The model over all assumed correlations, one for each end of a printed range.
    gap : str
        Why there is no model, else empty.
    """

    asked: Course
    course: JointCourse | None
    bands: tuple[RhoBand, ...]
    gap: str

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, for JSON; effects on the scale that people read."""
        out: dict[str, Any] = self.asked.model_dump() | {"gap": self.gap, "results": []}
        if self.course is None:
            return out
        frame = self.course.to_frame()
        test = self.course.equal() if len(self.course.times) > 1 else None
        return out | {
            "assumed_correlation": self.course.fit.repeated.words,
            "components": {n: _finite(v) for n, v in self.course.fit.model.components.items()},
            "converged": all(fit.model.converged for _, fit in self.course.fits),
            "results": frame.astype(object).where(frame.notna(), None).to_dict(orient="records"),
            "studies": dict(zip(map(str, self.course.times), map(list, self.course.fit.studies), strict=True)),
            "equal": None if test is None else _test(test),
            "over_rho": [band.reach().to_dict(orient="records") for band in self.bands],
            "cautions": list(self.course.cautions),
            "complete_gap": self.course.complete_gap,
        }


def _test(test: TimeTest) -> dict[str, Any]:
    return {n: _finite(v) for n, v in test._asdict().items()}


def _finite(value: Any) -> Any:
    """JSON has no NaN, as of a correlation without variance, and no infinity, as of degrees of freedom: null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def run_course(paper: Paper, course: Course) -> CourseResult:
    """Fit one `[[course]]`.

    Raises
    ------
    PaperError
        An option that the model does not have; the message names the course.
    """
    times = course.times or tuple(
        sorted({float(a.where["time_h"]) for a in paper.analyses
                if a.where.get("outcome") == course.outcome and isinstance(a.where.get("time_h"), int | float)})
    )  # fmt: skip
    try:
        found = pool_over_time(
            paper, model="joint", outcome=course.outcome, measure=course.measure, where=course.where,
            times=times or None, include=course.include, variants=course.variants, structure=course.structure,
            tau2=course.tau2, rho=course.rho, decay=course.decay, crossover=course.crossover,
            title=course.title or course.id,
        )  # fmt: skip
    except NotComputableError as error:
        return CourseResult(course, None, (), str(error))
    except MetaketError as error:
        raise PaperError(f"paper.toml course {course.id!r}: {error}") from None
    return CourseResult(course, found, tuple(over_rho(fit) for _, fit in found.fits), "")
