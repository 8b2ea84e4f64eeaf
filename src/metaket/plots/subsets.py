"""Figures of many fits: GOSH, the influence panel, and the p-value function (drapery)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import check_choice, check_level
from metaket.plots._chart import Chart, Charts, Curve, Points, Region, plain_axis, side_by_side
from metaket.plots._chart_draw import draw_chart, draw_charts
from metaket.plots._scale import Axis
from metaket.plots._text import clean, study_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.diagnostics.gosh import Gosh
    from metaket.diagnostics.influence import Influence
    from metaket.diagnostics.p_value_function import PValueFunction

__all__ = ["drapery", "drapery_layout", "gosh", "gosh_layout", "influence_panel", "influence_panel_layout"]

MOST = 20_000  # points that are drawn of all subsets; more would only hide each other
HETEROGENEITY = {"i2": "I² (%)", "tau2": "τ²", "q": "Q", "h2": "H²"}
BARS = 40


def gosh_layout(
    found: Gosh, *, study: str = "", against: str = "i2", title: str = "", notes: Sequence[str] = ()
) -> Charts:
    """The numbers and texts of a GOSH plot; see `gosh` for the parameters."""
    against = check_choice("against", against, tuple(HETEROGENEITY))
    used = np.flatnonzero((found.k >= 2) & found.converged)
    if used.size > MOST:
        used = used[np.linspace(0, used.size - 1, MOST).astype(np.int64)]
    scale = found.result.effects.scale
    estimate = np.asarray(scale.back(found.estimate[used]), dtype=float)
    other = np.asarray(getattr(found, against)[used], dtype=float)
    label = found.result.effects.label + (" (log scale)" if scale.log_axis else "")
    x = plain_axis(estimate, label, log=scale.log_axis)
    y = plain_axis(other, HETEROGENEITY[against])
    if study:
        holds = found.holding(study)[used]
        parts: tuple[tuple[Any, str, int], ...] = (
            (~holds, f"subsets without {clean(study)}", 0),
            (holds, f"subsets with {clean(study)}", 2),
        )
    else:
        parts = ((np.ones(used.size, dtype=bool), "", 0),)
    size = (2.2 if used.size < 2000 else 1.4,)
    points = tuple(
        Points(tuple(estimate[m].tolist()), tuple(other[m].tolist()), name, series, False, size, True)
        for m, name, series in parts
    )
    which, total = "all" if found.every else "a random sample of", int((found.k >= 2).sum())
    shown = f", {used.size} drawn" if used.size < total else ""
    foot = [f"Each point: a subset of at least 2 of the {study_count(found.result.k)}; {which} {total}{shown}."]
    above = _counts(estimate, x, "Subsets")
    cloud = Chart("", x, y, points, up=(float(scale.back(found.result.estimate)),), wide=300.0, tall=210.0)
    alt = f"GOSH plot: {label} against {HETEROGENEITY[against]} of {which} subsets of {study_count(found.result.k)}."
    page = side_by_side(clean(title), (above, cloud), 1, (*foot, *(clean(n) for n in notes)))
    return Charts(page.title, page.charts, 1, page.footnotes, alt)


def _counts(values: np.ndarray, x: Axis, label: str) -> Chart:
    """A histogram along the same axis."""
    edges = np.geomspace(x.low, x.high, BARS + 1) if x.log else np.linspace(x.low, x.high, BARS + 1)
    count, _ = np.histogram(values, edges)
    outline_x = np.repeat(edges, 2)[1:-1]
    outline_y = np.repeat(count, 2)
    bare = Axis(x.low, x.high, x.log, float("nan"), "")
    area = Region(tuple(outline_x.tolist()), (0.0,) * outline_x.size, tuple(outline_y.astype(float).tolist()), "", 0.35)
    return Chart("", bare, plain_axis([0.0, *count.tolist()], label, zero=True), regions=(area,), wide=300.0, tall=54.0)


def gosh(
    found: Gosh,
    *,
    ax: Axes | None = None,
    study: str = "",
    against: str = "i2",
    title: str = "",
    notes: Sequence[str] = (),
) -> Axes:
    """Draw the pooled effect of every subset against its heterogeneity; two clouds mean two kinds of studies.

    Parameters
    ----------
    found : Gosh
        From `metaket.gosh`.
    ax : Axes, optional
    study : str, optional
        Show subsets with and without this study in two colours.
    against : {"i2", "tau2", "q", "h2"}
    title : str
    notes : sequence of str

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        No such study.

    References
    ----------
    Olkin, Dahabreh & Trikalinos (2012) Res Synth Methods 3:214-223.
    """
    return draw_charts(gosh_layout(found, study=study, against=against, title=title, notes=notes), ax)


PANELS = (
    ("rstudent", "Studentised residual"), ("dffits", "DFFITS"), ("cooks_distance", "Cook's distance"),
    ("cov_ratio", "Covariance ratio"), ("tau2_deleted", "τ² without the study"), ("q_deleted", "Q without the study"),
    ("hat", "Hat value"), ("weight", "Weight (%)"),
)  # fmt: skip


def influence_panel_layout(found: Influence, *, title: str = "", notes: Sequence[str] = ()) -> Charts:
    """The numbers and texts of an influence panel; see `influence_panel` for the parameters."""
    charts = [_panel(found, name, label) for name, label in PANELS]
    flagged = [clean(s) for s, reason in zip(found.study, found.reasons, strict=True) if reason]
    numbered = "; ".join(f"{i + 1} {clean(s)}" for i, s in enumerate(found.study))
    foot = [
        f"Studies: {numbered}.",
        f"Filled: influential by a rule of Viechtbauer & Cheung (2010): {', '.join(flagged) or 'none'}.",
    ]
    page = side_by_side(clean(title), charts, 4, (*foot, *(clean(n) for n in notes)))
    alt = f"Influence of {study_count(len(found.study))} in eight panels; influential: {', '.join(flagged) or 'none'}."
    return Charts(page.title, page.charts, 4, page.footnotes, alt)


def _panel(found: Influence, name: str, label: str) -> Chart:
    values = np.asarray(getattr(found, name), dtype=float)
    place = np.arange(1.0, values.size + 1.0)
    flagged = np.array([bool(r) for r in found.reasons])
    kept = np.isfinite(values)
    limit = found.thresholds.get(name)
    lines = () if limit is None else ((limit, -limit) if name == "dffits" else (limit,))
    if name == "cov_ratio":
        lines = (1.0,)
    points = tuple(
        Points(tuple(place[m].tolist()), tuple(values[m].tolist()), "", 0, hollow, (4.0,))
        for m, hollow in ((kept & ~flagged, True), (kept & flagged, False))
        if m.any()
    )
    inside = [v for v in lines if kept.any() and abs(v) <= 3.0 * float(np.abs(values[kept]).max() or 1.0)]
    curve = (
        (Curve(tuple(place[kept].tolist()), tuple(values[kept].tolist()), "", 0, "solid", 0.5),) if kept.any() else ()
    )
    return Chart(
        label, Axis(0.0, values.size + 1.0, False, float("nan"), "Study"),
        plain_axis([*values[kept].tolist(), *inside], ""), points, curve, across=tuple(inside), wide=130.0, tall=96.0,
    )  # fmt: skip


def influence_panel(found: Influence, *, ax: Axes | None = None, title: str = "", notes: Sequence[str] = ()) -> Axes:
    """Draw eight measures of influence, a point a study, with the limits beyond which it counts.

    Parameters
    ----------
    found : Influence
        From `metaket.influence`.
    ax : Axes, optional
    title : str
    notes : sequence of str

    Returns
    -------
    Axes

    References
    ----------
    Viechtbauer & Cheung (2010) Res Synth Methods 1:112-125.
    """
    return draw_charts(influence_panel_layout(found, title=title, notes=notes), ax)


def drapery_layout(
    found: PValueFunction, *, prediction: bool = True, level: float = 0.95, title: str = "", notes: Sequence[str] = ()
) -> Chart:
    """The numbers and texts of a drapery plot; see `drapery` for the parameters."""
    check_level(level)
    effects = found.result.effects
    scale = effects.scale
    grid = tuple(float(v) for v in np.atleast_1d(scale.back(found.grid)))
    label = effects.label + (" (log scale)" if scale.log_axis else "")
    x = Axis(min(grid), max(grid), scale.log_axis, scale.null, label)
    curves = [
        Curve(grid, tuple(row.tolist()), "single studies" if i == 0 else "", 3, "solid", 0.45)
        for i, row in enumerate(np.asarray(found.studies))
    ]
    if prediction and found.prediction is not None:
        curves.append(Curve(grid, tuple(found.prediction.tolist()), "a new study", 2, "dashed", 1.2))
    curves.append(Curve(grid, tuple(found.pooled.tolist()), "pooled effect", 1, "solid", 1.8))
    low, high = found.result.ci(level)
    foot = [
        f"Height: two-sided p of each effect. The line at {1 - level:.2g} cuts out the {100 * level:.6g}% interval, "
        f"{float(scale.back(low)):.2f} to {float(scale.back(high)):.2f}."
    ]
    up = (scale.null,) if np.isfinite(scale.null) and x.low <= scale.null <= x.high else ()
    return Chart(
        clean(title), x, Axis(0.0, 1.02, False, float("nan"), "p-value"), curves=tuple(curves), across=(1.0 - level,),
        up=up, footnotes=(*foot, *(clean(n) for n in notes)), wide=320.0, tall=230.0,
        alt_text=f"p-value functions of {study_count(effects.k)} and of the pooled effect.",
    )  # fmt: skip


def drapery(
    found: PValueFunction, *, ax: Axes | None = None, prediction: bool = True, level: float = 0.95, title: str = "",
    notes: Sequence[str] = (),
) -> Axes:  # fmt: skip
    """Draw p-value functions: every interval of every study and of the pooled effect at once.

    Parameters
    ----------
    found : PValueFunction
        From `metaket.p_value_function`.
    ax : Axes, optional
    prediction : bool
        Show the function of a new study's effect, too.
    level : float
        Whose interval the horizontal line cuts out.
    title : str
    notes : sequence of str

    Returns
    -------
    Axes

    References
    ----------
    Ruecker & Schwarzer (2021) Res Synth Methods 12:34-45.
    """
    return draw_chart(drapery_layout(found, prediction=prediction, level=level, title=title, notes=notes), ax)
