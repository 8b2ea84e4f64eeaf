"""The forest plot: studies in rows, their effects as squares, the pooled effect as a diamond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import check_level
from metaket._distributions import critical
from metaket.plots._arms import ForestColumn, arm_columns, left_out
from metaket.plots._scale import Axis, axis_for
from metaket.plots._text import Numbers, clean, marker, p_text, percent, signed, study_count
from metaket.pooling.spec import MODELS, WITHOUT_TAU2

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.measures.effect import EffectSizes
    from metaket.pooling.result import PooledResult

__all__ = ["ForestColumn", "ForestLayout", "ForestRow", "forest", "forest_layout"]

UNVERIFIED = "unverified: no source at hand"


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One line with an effect: a study, the pooled estimate, or the prediction interval.

    Attributes
    ----------
    label : str
        With the markers of its footnotes.
    estimate, low, high : float
        On the scale that people read; the estimate of a prediction interval is NaN.
    text : tuple of str
        Estimate, lower and upper end in print.
    weight : float
        Per cent; NaN where it has no meaning.
    """

    label: str
    estimate: float
    low: float
    high: float
    text: tuple[str, str, str]
    weight: float = float("nan")

    @property
    def weight_text(self) -> str:
        """The weight in print."""
        return "" if np.isnan(self.weight) else percent(self.weight)


@dataclass(frozen=True, slots=True)
class ForestLayout:
    """Everything a forest plot shows, as numbers and text.

    Attributes
    ----------
    title : str
    rows : tuple of ForestRow
        The studies.
    columns : tuple of ForestColumn
        Data of the arms, empty for generic effects.
    summary : ForestRow
    prediction : ForestRow or None
    axis : Axis
    heading : tuple of str
        What stands over the effects: the measure, and the level of the intervals.
    favours : tuple of str or None
        Labels of the low and the high side of the null.
    lines : tuple of str
        Heterogeneity, the test of the effect, and why there is no prediction interval.
    footnotes : tuple of str
    alt_text : str
    """

    title: str
    rows: tuple[ForestRow, ...]
    columns: tuple[ForestColumn, ...]
    summary: ForestRow
    prediction: ForestRow | None
    axis: Axis
    heading: tuple[str, str]
    favours: tuple[str, str] | None
    lines: tuple[str, ...]
    footnotes: tuple[str, ...]
    alt_text: str

    @property
    def squares(self) -> tuple[float, ...]:
        """Side of each study's square relative to the largest: its area is proportional to the weight."""
        top = max(row.weight for row in self.rows)
        return tuple(float(np.sqrt(row.weight / top)) for row in self.rows)


def forest_layout(
    result: PooledResult,
    *,
    title: str = "",
    arms: tuple[str, str] = ("Treatment", "Control"),
    favours: tuple[str, str] | None = None,
    level: float = 0.95,
    columns: Mapping[str, str] | str | None = None,
    limits: tuple[float, float] | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
) -> ForestLayout:
    """The numbers and texts of a forest plot; see `forest` for the parameters."""
    effects, scale = result.effects, result.effects.scale
    marks, footnotes = _footnotes(effects)
    rows, numbers = _study_rows(result, check_level(level), marks, decimals)
    summary, prediction = _pooled_rows(result, level, numbers)
    pooled = [r for r in (summary, prediction) if r is not None]
    axis = axis_for(
        [r.estimate for r in (*rows, summary)],
        [r.low for r in (*rows, *pooled)],
        [r.high for r in (*rows, *pooled)],
        log=scale.log_axis,
        null=scale.null,
        label=f"{effects.label} (log scale)" if scale.log_axis else effects.label,
        limits=limits,
    )
    return ForestLayout(
        clean(title),
        rows,
        arm_columns(effects, arms, columns),
        summary,
        prediction,
        axis,
        (effects.label, f"[{_percent(level)} CI]"),
        None if favours is None else (clean(favours[0]), clean(favours[1])),
        _lines(result),
        (*footnotes, *left_out(effects.dropped, arms), *_flags(result), *(clean(n) for n in notes)),
        _alt_text(result, clean(title), summary, prediction, level),
    )


def _study_rows(
    result: PooledResult, level: float, marks: Sequence[str], decimals: int | None
) -> tuple[tuple[ForestRow, ...], Numbers]:
    effects, back = result.effects, result.effects.scale.back
    half = float(critical(level, np.inf)) * np.sqrt(effects.v)
    with np.errstate(over="ignore"):  # an infinite end is drawn as an arrow
        shown = [np.atleast_1d(back(a)).tolist() for a in (effects.y, effects.y - half, effects.y + half)]
    ends = list(zip(*shown, strict=True))
    numbers = Numbers(decimals, ratio=effects.scale.log_axis, errors=[(high - low) / 4.0 for _, low, high in ends])
    names = [f"{clean(study)}{mark}" for study, mark in zip(effects.study, marks, strict=True)]
    rows = [
        ForestRow(name, point, low, high, _printed(numbers, point, low, high), weight)
        for name, (point, low, high), weight in zip(names, ends, result.weights.tolist(), strict=True)
    ]
    return tuple(rows), numbers


def _percent(level: float) -> str:
    return f"{100 * level:.6g}%"


def _printed(numbers: Numbers, estimate: float, low: float, high: float) -> tuple[str, str, str]:
    return ("" if np.isnan(estimate) else numbers(estimate), f"[{numbers(low)},", f"{numbers(high)}]")


def _pooled_rows(result: PooledResult, level: float, numbers: Numbers) -> tuple[ForestRow, ForestRow | None]:
    estimate, low, high = (result.back(x) for x in (result.estimate, *result.ci(level)))
    name = MODELS[result.spec.model].label
    name = name[:1].upper() + name[1:]
    options = [_estimator(result)] if result.spec.model == "random" else []
    if result.spec.test != "z":
        options.append(result.spec.test.upper() if result.spec.test == "hksj" else f"{result.spec.test} test")
    label = f"{name} ({', '.join(options)})" if options else name
    summary = ForestRow(label, estimate, low, high, _printed(numbers, estimate, low, high), 100.0)
    found = result.prediction_interval(level)
    if found is None:
        return summary, None
    ends = result.back(found.low), result.back(found.high)
    nan = float("nan")
    return summary, ForestRow(f"{_percent(level)} prediction interval", nan, *ends, _printed(numbers, nan, *ends))


def _estimator(result: PooledResult) -> str:
    return result.spec.tau2 if isinstance(result.spec.tau2, str) else f"τ² = {result.spec.tau2:g}"


def _lines(result: PooledResult) -> tuple[str, ...]:
    if result.k == 1:
        first = "Heterogeneity: not defined for 1 study"
    else:
        source = "Q" if result.spec.i2 == "Q" else "τ²"
        first = (
            f"Heterogeneity: Q = {result.q:.2f}, df = {result.q_df:g} ({p_text(result.q_p)}); "
            f"I² = {result.i2:.1f}% (from {source})"
        )
        if result.spec.model not in WITHOUT_TAU2:
            first += f"; τ² = {_small(result.tau2)}"
    statistic = "z" if np.isinf(result.df) else f"t({result.df:g})"
    second = f"Overall effect: {statistic} = {signed(f'{result.statistic:.2f}')}, {p_text(result.p_value)}"
    gap = result.prediction_gap()
    return (first, second, f"No prediction interval: {gap}") if gap else (first, second)


def _small(value: float) -> str:
    return f"{value:.3f}" if 0.01 <= value < 1e4 else f"{value:.3g}"


def _footnotes(effects: EffectSizes) -> tuple[list[str], tuple[str, ...]]:
    """Markers of each study and the notes that they point to, in the order of appearance."""
    status = ["" for _ in range(effects.k)]
    if effects.table is not None and "status" in effects.table.columns:
        status = [str(s) for s in effects.table["status"]]
    index: dict[str, int] = {}
    marks = []
    for i in range(effects.k):
        own = [n for n in (effects.notes[i].split("; ") if effects.notes else []) if n]
        own += [UNVERIFIED] if status[i] == "unverified" else []
        marks.append("".join(marker(index.setdefault(clean(n), len(index))) for n in own))
    return marks, tuple(f"{marker(i)} {note}" for note, i in index.items())


def _flags(result: PooledResult) -> tuple[str, ...]:
    return () if result.converged else ("The estimator of τ² did not converge.",)


def _alt_text(result: PooledResult, title: str, summary: ForestRow, prediction: ForestRow | None, level: float) -> str:
    label = result.effects.label
    scale = " on a logarithmic axis" if result.effects.scale.log_axis else ""
    name = f"{title}: forest plot" if title else "Forest plot"
    estimate, low, high = summary.text[0], summary.text[1].strip("[,"), summary.text[2].strip("]")
    text = (
        f"{name} of {study_count(result.k)}, {label.lower()}{scale}. "
        f"Pooled estimate {estimate} ({_percent(level)} CI {low} to {high}), {summary.label}. {_lines(result)[0]}."
    )
    if prediction is not None:
        ends = prediction.text[1].strip("[,"), prediction.text[2].strip("]")
        text += f" {prediction.label} {ends[0]} to {ends[1]}."
    return text


def forest(
    result: PooledResult,
    *,
    ax: Axes | None = None,
    title: str = "",
    arms: tuple[str, str] = ("Treatment", "Control"),
    favours: tuple[str, str] | None = None,
    level: float = 0.95,
    columns: Mapping[str, str] | str | None = None,
    limits: tuple[float, float] | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
    summary: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw a forest plot.

    Parameters
    ----------
    result : PooledResult
    ax : Axes, optional
        Draw inside it; it keeps its size, and text shrinks where the Axes is too small. By default a new figure as
        large as its content.
    title : str
    arms : tuple of str
        Names of the treatment and the control arm over the data columns.
    favours : tuple of str, optional
        Whom an effect to the left, and to the right, of the null favours.
    level : float
        Of all intervals, between 0 and 1.
    columns : mapping or "metafor", optional
        Our column name -> the name in the effects' table, as given to `effect_sizes`.
    limits : tuple of float, optional
        Ends of the axis on the scale that people read. By default every point and the null are inside, and
        intervals that reach much further end in an arrow.
    decimals : int, optional
        Of the effects. By default 2, more or fewer where the size of a difference asks for it.
    notes : sequence of str
        Further footnotes.
    point, interval, summary : mapping, optional
        Arguments of the squares (`Axes.scatter`), of the interval lines (`Axes.hlines`) and of the diamond
        (`matplotlib.patches.Polygon`).

    Returns
    -------
    Axes
        The whole page. The Axes with the effects, whose x is the effect as people read it, is its first child:
        ``ax.child_axes[0]``.

    Raises
    ------
    InputError
        A level outside (0, 1), or limits that make no axis.

    Examples
    --------
    >>> import metaket as mk
    >>> effects = mk.generic([0.2, 0.5], [0.04, 0.09], study=["A", "B"], measure="SMD")
    >>> ax = mk.plots.forest(mk.pool(effects, tau2="DL"), favours=("ketamine", "placebo"))
    """
    from metaket.plots._forest_draw import draw_forest

    layout = forest_layout(
        result,
        title=title,
        arms=arms,
        favours=favours,
        level=level,
        columns=columns,
        limits=limits,
        decimals=decimals,
        notes=notes,
    )
    return draw_forest(layout, ax, point=point, interval=interval, summary=summary)
