"""`JointCourse`: the joint model over time beside the separate pools, and what it can be asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket._notebook import ShownAsText
from metaket.measures.registry import MEASURES, Scale, scale_of
from metaket.pooling.components import spelled
from metaket.timecourse.curve import TimeCurve, fit_curve, trend
from metaket.timecourse.joint import JointFit, TimeTest
from metaket.timecourse.over_rho import RhoBand, over_rho
from metaket.timecourse.separate import TimeCourse, time_label

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["JointCourse"]


@dataclass(frozen=True, slots=True, eq=False)
class JointCourse(ShownAsText):
    """One model for all the times, beside the pools of each time alone.

    Attributes
    ----------
    title, outcome, measure : str
    fits : tuple of (str, JointFit)
        One; two, an end each, where an input is printed as a range.
    complete : tuple of (str, JointFit)
        The same on the trials present at every time; empty where `complete_gap` says why.
    complete_gap : str
    separate : TimeCourse
        Each time alone, with its own k, N and tau2, and the trials present at every time.
    """

    title: str
    outcome: str
    measure: str
    fits: tuple[tuple[str, JointFit], ...]
    complete: tuple[tuple[str, JointFit], ...]
    complete_gap: str
    separate: TimeCourse

    @property
    def fit(self) -> JointFit:
        """The model, or the one at the low end of a range."""
        return self.fits[0][1]

    @property
    def label(self) -> str:
        """The measure's name."""
        return MEASURES[self.measure].label

    @property
    def scale(self) -> Scale:
        """How effects are shown to people."""
        return scale_of(self.measure)

    @property
    def times(self) -> tuple[float, ...]:
        """The times that have an effect, in hours."""
        return self.fit.levels

    def equal(self, *, robust: bool = False) -> TimeTest:
        """Test that the effect is the same at all times (with `robust` by cluster-robust variances)."""
        return self.fit.equal(robust=robust)

    def trend(self, *, robust: bool = False) -> TimeTest:
        """Test for a trend of the effect in log time."""
        return trend(self.fit, robust=robust)

    def curve(self, kind: str = "log", knots: Sequence[float] | None = None) -> TimeCurve:
        """A curve through the times: "linear", "log" or "spline" (restricted cubic in log time)."""
        return fit_curve(self.fit, kind, knots)

    def predict(self, times: Any, *, curve: str = "log", level: float = 0.95) -> pd.DataFrame:
        """The effect at times between the measured ones, along a curve."""
        return self.curve(curve).at(times, level)

    def over_rho(self, rho: Any = None) -> RhoBand:
        """The model at every correlation of a grid, in one batch: how much depends on the assumed one."""
        return over_rho(self.fit, rho)

    def to_frame(self, level: float = 0.95, *, transform: bool = True) -> pd.DataFrame:
        """A row for each time, end of range and set of trials (``all`` or ``present at every time``)."""
        import pandas as pd

        parts = []
        sizes, whole = (
            {p.time_h: math.nan if p.n is None else p.n for p in points}
            for points in (self.separate.points, self.separate.complete)
        )
        for name, fits, n in (("all", self.fits, sizes), ("present at every time", self.complete, whole)):
            for end, fit in fits:
                frame = fit.to_frame(level, transform=transform)
                frame.insert(1, "studies", name)
                frame.insert(2, "end", end)
                frame.insert(4, "n", [n.get(t, math.nan) for t in fit.levels])
                parts.append(frame)
        return pd.concat(parts, ignore_index=True)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What these data do not allow, in sentences."""
        return self.fit.cautions

    def __str__(self) -> str:
        lines = [f"{self.title}: {self.label}, one model for all times", f"assumed: {self.fit.repeated.words}"]
        for end, fit in self.fits:
            lines += [f"{end}:"] if end else []
            lines += _lines(fit)
        lines += _tests(self.fit)
        if self.complete_gap:
            lines.append(f"trials present at every time: {self.complete_gap}")
        lines += [f"caution: {text}" for text in self.cautions]
        return "\n".join(lines)


def _lines(fit: JointFit) -> list[str]:
    out = []
    for row, trusted in zip(fit.to_frame().to_dict("records"), fit.trusted, strict=True):
        shown = f"{row['estimate']:.2f} ({row['ci_low']:.2f} to {row['ci_high']:.2f})"
        near = f", CR2 {row['robust_ci_low']:.2f} to {row['robust_ci_high']:.2f}" if trusted else ""
        out.append(f"{time_label(row['time_h']):>8s}  {shown}{near}, k = {row['k']}")
    if fit.without_spread:
        return [*out, f"structure {fit.structure}, {fit.method}: tau2 0, so no correlation between true effects"]
    values = spelled(fit.model.components, lambda value: f"{value:.4g}")
    return [*out, f"structure {fit.structure}, {fit.method}: {values}"]


def _tests(fit: JointFit) -> list[str]:
    """Equality of the times; a trend where there are more than two, since with two it is the same test."""
    many = len(fit.levels) > 2 and fit.levels[0] > 0
    tests = ([fit.equal()] if len(fit.levels) > 1 else []) + ([trend(fit)] if many else [])
    return [f"{t.question}: chi-square {t.statistic:.2f} on {t.df} df, p = {t.p_value:.3g}" for t in tests]
