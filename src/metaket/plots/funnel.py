"""Funnel plots: effects against standard errors, with zones of significance, filled studies and Egger's line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import check_level
from metaket._distributions import critical
from metaket.errors import InputError
from metaket.plots._chart import Chart, Curve, Label, Points, Region, plain_axis
from metaket.plots._chart_draw import draw_chart
from metaket.plots._scale import Axis
from metaket.plots._text import clean, p_text, small, study_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.diagnostics.asymmetry import Egger
    from metaket.diagnostics.trim_and_fill import TrimAndFill
    from metaket.pooling.result import PooledResult

__all__ = ["funnel", "funnel_layout"]

STEPS = 81  # of the funnel's sides; on a ratio's axis they are curves
CONTOURS = (0.90, 0.95, 0.99)


def funnel_layout(
    result: PooledResult,
    *,
    contours: bool = False,
    filled: TrimAndFill | None = None,
    egger: Egger | None = None,
    labels: Sequence[str] = (),
    level: float = 0.95,
    title: str = "",
    notes: Sequence[str] = (),
) -> Chart:
    """The numbers and texts of a funnel plot; see `funnel` for the parameters."""
    check_level(level)
    effects = result.effects
    se = np.sqrt(effects.v)
    centre = result.estimate if filled is None else filled.result.estimate
    top = float(se.max() if filled is None else np.sqrt(filled.result.effects.v).max()) * 1.05
    ladder = np.linspace(0.0, top, STEPS)
    half = float(critical(level, np.inf)) * ladder
    null = float(effects.scale.forward(effects.scale.null)) if np.isfinite(effects.scale.null) else 0.0
    middle = null if contours else centre
    y_all = effects.y if filled is None else filled.result.effects.y
    ends = [*y_all.tolist(), middle - half[-1], middle + half[-1], centre]
    back = effects.scale.back
    label = effects.label + (" (log scale)" if effects.scale.log_axis else "")
    x = plain_axis([float(back(e)) for e in ends], label, log=effects.scale.log_axis)
    y = Axis(0.0, top, False, float("nan"), "Standard error" + (" of the log" if effects.scale.log_axis else ""), True)
    regions, curves = _sides(x, ladder, middle, level, contours, back)
    points = [Points(_read(back, effects.y), tuple(se.tolist()), study_count(effects.k))]
    points += _filled(filled, back)
    curves += _egger_line(egger, ladder, back, x)
    up = (float(back(centre)),)
    notes = (*_footnotes(result, filled, egger), *(clean(n) for n in notes))
    return Chart(
        clean(title), x, y, tuple(points), tuple(curves), regions, _labels(result, labels), (), (), up, notes,
        _alt(result, filled, egger),
    )  # fmt: skip


def _read(back: object, values: object) -> tuple[float, ...]:
    return tuple(float(v) for v in np.atleast_1d(back(values)))  # type: ignore[operator]


def _sides(
    x: Axis, ladder: np.ndarray, middle: float, level: float, contours: bool, back: object
) -> tuple[tuple[Region, ...], list[Curve]]:
    """The pseudo-interval's sides; or zones of p between 0.1, 0.05 and 0.01 about no effect."""
    if not contours:
        half = float(critical(level, np.inf)) * ladder
        name = f"{100 * level:.6g}% of studies lie inside without bias and heterogeneity"
        sides = [Curve(_read(back, middle + s * half), tuple(ladder.tolist()), name if s > 0 else "", 0, "dashed", 0.8)
                 for s in (-1.0, 1.0)]  # fmt: skip
        return (), sides
    grid = np.linspace(float(np.log(x.low)), float(np.log(x.high)), 201) if x.log else np.linspace(x.low, x.high, 201)
    shown = np.exp(grid) if x.log else grid
    top = float(ladder[-1])
    distance = np.abs(grid - middle)
    edges = [distance / float(critical(c, np.inf)) for c in CONTOURS]
    names = ("p above 0.1", "p 0.05 to 0.1", "p 0.01 to 0.05", "p below 0.01")
    lows = [*(np.minimum(e, top) for e in edges), np.zeros(grid.size)]
    highs = [np.full(grid.size, top), *lows[:-1]]
    shades = (0.0, 0.30, 0.18, 0.07)
    regions = tuple(
        Region(tuple(shown.tolist()), tuple(low.tolist()), tuple(high.tolist()), name, shade)
        for low, high, name, shade in zip(lows, highs, names, shades, strict=True)
    )
    return regions, []


def _filled(filled: TrimAndFill | None, back: object) -> list[Points]:
    if filled is None or filled.filled is None:
        return []
    extra = filled.filled
    return [
        Points(_read(back, extra.y), tuple(np.sqrt(extra.v).tolist()), f"{study_count(extra.k)} filled in", 1, True)
    ]


def _egger_line(egger: Egger | None, ladder: np.ndarray, back: object, x: Axis) -> list[Curve]:
    if egger is None:
        return []
    if egger.predictor != "sei":
        raise InputError(
            f"the funnel has standard errors; Egger's line is drawn for predictor 'sei', not {egger.predictor!r}"
        )
    line = np.asarray(back(egger.limit + egger.bias * ladder))  # type: ignore[operator]
    keep = (line >= x.low) & (line <= x.high)
    name = f"Egger's regression, {p_text(egger.p_value)}"
    return [Curve(tuple(line[keep].tolist()), tuple(ladder[keep].tolist()), name, 2, "solid")]


def _labels(result: PooledResult, wanted: Sequence[str]) -> tuple[Label, ...]:
    effects = result.effects
    unknown = [s for s in wanted if s not in effects.study]
    if unknown:
        raise InputError(f"labels name {unknown[0]!r}, which is not among the studies: {', '.join(effects.study)}")
    place = {s: i for i, s in enumerate(effects.study)}
    return tuple(
        Label(float(effects.scale.back(effects.y[place[s]])), float(np.sqrt(effects.v[place[s]])), clean(s))
        for s in wanted
    )


def _footnotes(result: PooledResult, filled: TrimAndFill | None, egger: Egger | None) -> list[str]:
    back = result.effects.scale.back
    out = [f"Vertical line: pooled effect {float(back(result.estimate)):.2f}."]
    if filled is not None:
        both = (float(back(r.estimate)) for r in (filled.result, result))
        text = "Vertical line: pooled effect with the filled studies {:.2f}; without them {:.2f}".format(*both)
        out = [f"{text} (trim and fill, {filled.estimator}, {filled.side} side)."]
    cautions = [c for found in (filled, egger) if found is not None for c in found.cautions]
    return out + [f"{c[0].upper()}{c[1:]}." for c in dict.fromkeys(cautions)]


def _alt(result: PooledResult, filled: TrimAndFill | None, egger: Egger | None) -> str:
    text = f"Funnel plot of {study_count(result.k)}: {small(result.effects.label)} against standard error."
    if filled is not None:
        text += f" Trim and fill adds {filled.k0} on the {filled.side}."
    return text + (f" Egger's test: {p_text(egger.p_value)}." if egger is not None else "")


def funnel(
    result: PooledResult,
    *,
    ax: Axes | None = None,
    contours: bool = False,
    filled: TrimAndFill | None = None,
    egger: Egger | None = None,
    labels: Sequence[str] = (),
    level: float = 0.95,
    title: str = "",
    notes: Sequence[str] = (),
) -> Axes:
    """Draw a funnel plot: precise studies at the top, small ones spread at the bottom.

    Parameters
    ----------
    result : PooledResult
    ax : Axes, optional
        Draw inside it; it keeps its size, and text shrinks where the Axes is too small.
    contours : bool
        Shade the zones of p above 0.1, to 0.05, to 0.01 and below about no effect (Peters et al. 2008 J Clin Epidemiol
        61:991-996), in place of the funnel about the pooled effect.
    filled : TrimAndFill, optional
        Show the filled studies, and the pooled effect with them.
    egger : Egger, optional
        Show the line of Egger's regression on the standard error.
    labels : sequence of str
        Studies to name.
    level : float
        Of the funnel.
    title : str
    notes : sequence of str
        Further footnotes.

    Returns
    -------
    Axes
        The whole page; ``ax.child_axes[0]`` holds the points.

    Raises
    ------
    InputError
        A label that is no study, or a line of a regression on something else than the standard error.
    """
    layout = funnel_layout(
        result, contours=contours, filled=filled, egger=egger, labels=labels, level=level, title=title, notes=notes
    )
    return draw_chart(layout, ax)
