"""The forest plot: studies in rows, their effects as squares, the pooled effect as a diamond."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metaket._checks import check_level
from metaket._registry import unknown_choice
from metaket.errors import InputError
from metaket.plots._arms import arm_columns, left_out
from metaket.plots._forest_columns import Wanted, table_columns
from metaket.plots._forest_layout import ForestColumn, ForestLayout, ForestMark, ForestPanel, ForestRow
from metaket.plots._forest_rob import rob_columns, rob_notes, rob_of
from metaket.plots._forest_rows import members_of, pooled_rows, setting_of, study_marks, study_rows, subgroup_rows
from metaket.plots._forest_styles import FOREST_STYLES, ForestStyle, style_of
from metaket.plots._forest_words import (
    between_text,
    footnote_marks,
    heterogeneity,
    level_text,
    model_name,
    overall,
    own_notes,
    statistics,
)
from metaket.plots._scale import Axis, axis_for
from metaket.plots._text import clean, study_count
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import PooledResult
from metaket.rob_tools import RiskOfBias

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.diagnostics.subgroups import Subgroups

__all__ = ["FOREST_STYLES", "ForestColumn", "ForestLayout", "ForestMark", "ForestPanel", "ForestRow", "ForestStyle",
           "axis_of", "forest", "forest_layout"]  # fmt: skip


def forest_layout(
    result: PooledResult,
    *,
    style: str | ForestStyle = "plain",
    subgroups: Subgroups | str | None = None,
    also: PooledResult | Sequence[PooledResult] = (),
    left: Wanted = (),
    right: Wanted = (),
    rob: RiskOfBias | str | None = None,
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
    check_pooled(result)
    effects, look = result.effects, style_of(style)
    results = _same_effects(result, also)
    judged = rob_of(effects, rob)
    groups = _groups(result, subgroups)
    signs, footnotes = footnote_marks(own_notes(effects))
    setting = setting_of(result, look, check_level(level), decimals)
    studies = study_rows(result, study_marks(result, setting, results[1:]), signs)
    members = [] if groups is None else members_of(result, groups)
    table = [*(studies if groups is None else subgroup_rows(studies, groups, members, setting))]
    table += pooled_rows(results, setting)
    axis = axis_of(result, table, limits)
    heading = effects.label, look.bracket.format(level=level_text(level))
    panel = ForestPanel("", heading, axis, _clean_pair(favours), _weight_headings(look, results))
    return ForestLayout(
        clean(title),
        look,
        tuple(table),
        (*table_columns(effects, left), *arm_columns(effects, arms, columns, look, members)),
        (*table_columns(effects, right), *rob_columns(judged, effects)),
        (panel,),
        (),
        (*_lines(results, look), *(() if groups is None else (between_text(groups, look),))),
        (
            *footnotes,
            *rob_notes(judged),
            *left_out(effects.dropped, arms),
            *_flags(results),
            *(clean(n) for n in ([notes] if isinstance(notes, str) else notes)),
        ),
        _alt_text(result, clean(title), table, groups, level),
    )


def _lines(results: Sequence[PooledResult], style: ForestStyle) -> tuple[str, ...]:
    """Statistics; of several models under their names, the further ones without a word on prediction."""
    first = statistics(results[0], style)
    if len(results) == 1:
        return first
    more = [(r, (heterogeneity(r, style), overall(r, style))) for r in results[1:]]
    return tuple(f"{model_name(r)}. {text}" for r, texts in ((results[0], first), *more) for text in texts)


def _same_effects(result: PooledResult, also: PooledResult | Sequence[PooledResult]) -> list[PooledResult]:
    others = [also] if isinstance(also, PooledResult) else list(also)
    for other in others:
        if other.effects.digest != result.effects.digest:
            raise InputError("also takes results of the same effects: pool the same effects by another model")
    return [result, *others]


def _groups(result: PooledResult, subgroups: Subgroups | str | None) -> Subgroups | None:
    """Subgroups as given, or by a column of the effects' table."""
    from metaket.diagnostics.subgroups import subgroups as find

    if not isinstance(subgroups, str):
        return subgroups
    table = result.effects.table
    if table is not None and subgroups not in table.columns:
        raise unknown_choice("column of subgroups", subgroups, tuple(str(c) for c in table.columns))
    return find(result, subgroups)


def check_pooled(result: Any) -> None:
    """A forest has one pooled effect; anything else is named, with what to draw instead."""
    if isinstance(result, PooledResult):
        return
    if isinstance(result, RegressionResult):
        raise InputError("a forest plot shows one pooled effect; for a meta-regression see mk.plots.bubble")
    raise InputError(f"result must be a PooledResult, such as mk.pool gives, got {type(result).__name__}")


def _weight_headings(style: ForestStyle, results: Sequence[PooledResult]) -> tuple[str, ...]:
    if len(results) == 1:
        return (style.weight,)
    return tuple(f"{style.weight} {r.spec.model}" for r in results)


def _clean_pair(pair: tuple[str, str] | None) -> tuple[str, str] | None:
    if pair is None:
        return None
    if isinstance(pair, str) or len(pair) != 2:
        raise InputError(f"favours takes two texts, for the low and the high side of no effect, got {pair!r}")
    return clean(pair[0]), clean(pair[1])


def axis_of(
    result: PooledResult, table: Sequence[ForestRow], limits: tuple[float, float] | None, panel: int = 0
) -> Axis:
    """An axis that holds the effects of one panel of the table."""
    scale, label = result.effects.scale, result.effects.label
    marks = [m for row in table for m in (row.marks[panel] if row.marks else ())]
    return axis_for(
        [m.estimate for m in marks if m.shape != "bar"],
        [m.low for m in marks],
        [m.high for m in marks],
        log=scale.log_axis,
        null=scale.null,
        label=f"{label} (log scale)" if scale.log_axis else label,
        limits=limits,
    )


def _flags(results: Sequence[PooledResult]) -> tuple[str, ...]:
    return () if all(r.converged for r in results) else ("The estimator of τ² did not converge.",)


def _alt_text(
    result: PooledResult, title: str, table: Sequence[ForestRow], groups: Subgroups | None, level: float
) -> str:
    label, plain = result.effects.label, FOREST_STYLES["plain"]
    scale = " on a logarithmic axis" if result.effects.scale.log_axis else ""
    name = f"{title}: forest plot" if title else "Forest plot"
    of_kind = {kind: [r for r in table if r.kind == kind] for kind in ("summary", "prediction", "subtotal")}
    text = f"{name} of {study_count(result.k)}, {label.lower()}{scale}. "
    for row in of_kind["summary"]:
        text += f"Pooled estimate {in_words(row.mark, level)}, {row.label}. "
    text += f"{statistics(result, plain)[0]}."
    for row in of_kind["prediction"]:
        text += f" {row.label} {row.text[1].strip('([,-').removesuffix(' to')} to {row.text[2].strip('])')}."
    if groups is not None:
        parts = zip(groups.levels, groups.results, of_kind["subtotal"], strict=True)
        listed = "; ".join(f"{name} {in_words(row.mark, level)}, {study_count(r.k)}" for name, r, row in parts)
        text += f" Subgroups by {groups.by}: {listed}. {between_text(groups, plain)}."
    return text


def in_words(mark: ForestMark, level: float) -> str:
    """`0.49 (95% CI 0.34 to 0.70)`."""
    low, high = mark.text[1].strip("([,-").removesuffix(" to"), mark.text[2].strip("])")
    return f"{mark.text[0]} ({level_text(level)} CI {low} to {high})"


def forest(
    result: PooledResult,
    *,
    ax: Axes | None = None,
    style: str | ForestStyle = "plain",
    subgroups: Subgroups | str | None = None,
    also: PooledResult | Sequence[PooledResult] = (),
    left: Wanted = (),
    right: Wanted = (),
    rob: RiskOfBias | str | None = None,
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
    style : {"plain", "revman", "jama", "bmj"} or ForestStyle
        The look; a record made by ``dataclasses.replace(metaket.plots.FOREST_STYLES["bmj"], ...)`` is one of your own.
    subgroups : Subgroups or str, optional
        From `metaket.subgroups`, or the column of the effects' table to group by: each subgroup gets its studies,
        diamond and heterogeneity, and the test between subgroups stands below.
    also : PooledResult or sequence of PooledResult
        Of the same effects by other models: further diamonds and columns of weights, such as
        ``also=mk.pool(effects, model="common")``. The squares follow `result`.
    left, right : sequence of str, or mapping
        Further columns before and after the effects: names of the effects' table, with a format and a heading where
        wanted (``"dose"``, ``"dose:.2f"``, ``"Dose, mg/kg=dose:.2f"``), or a mapping of headings to names or to k
        values.
    rob : RiskOfBias or {"rob2", "robins", "rob1"}, optional
        Dots of the risk of bias after everything else: judgements from `metaket.risk_of_bias`, matched by the names
        of the studies, or the tool whose columns the effects' table has.
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
        Arguments of the squares (`Axes.scatter`), of the interval lines (`Axes.hlines`) and of the diamonds
        (`matplotlib.patches.Polygon`).

    Returns
    -------
    Axes
        The whole page. The Axes with the effects, whose x is the effect as people read it, is its first child:
        ``ax.child_axes[0]``.

    Raises
    ------
    UnknownChoiceError
        An unknown style, column or risk-of-bias tool.
    InputError
        A level outside (0, 1), limits that make no axis, results of other effects, or subgroups of another result.

    Warns
    -----
    DataWarning
        No installed font has the letters of a text; the message names what to install.

    Examples
    --------
    >>> import metaket as mk
    >>> effects = mk.generic([0.2, 0.5], [0.04, 0.09], study=["A", "B"], measure="SMD")
    >>> ax = mk.plots.forest(mk.pool(effects, tau2="DL"), favours=("ketamine", "placebo"))
    """
    from metaket.plots._forest_draw import draw_forest

    layout = forest_layout(
        result,
        style=style,
        subgroups=subgroups,
        also=also,
        left=left,
        right=right,
        rob=rob,
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
