"""Forest plots of a result pooled again: without each study, or as the studies came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import check_level
from metaket.diagnostics.cumulative import Cumulative
from metaket.diagnostics.leave_one_out import LeaveOut
from metaket.errors import InputError
from metaket.plots._forest_layout import STUDY, SUMMARY, ForestColumn, ForestLayout, ForestPanel, ForestRow
from metaket.plots._forest_rows import Setting, pooled_mark
from metaket.plots._forest_styles import ForestStyle, style_of
from metaket.plots._forest_words import footnote_marks, level_text, model_name, statistics
from metaket.plots._text import NO_VALUE, Numbers, clean, percent, study_count
from metaket.plots.forest import axis_of, in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.diagnostics._refits import Refits

__all__ = ["forest_refits", "forest_refits_layout"]

MOST = 500  # rows; beyond that neither the page nor a reader copes
SIDE = 0.65  # of every square: a row has no weight of its own
OTHERWISE = "the interval decides otherwise about no effect than that of all studies"


def forest_refits_layout(
    refits: LeaveOut | Cumulative,
    *,
    style: str | ForestStyle = "plain",
    title: str = "",
    favours: tuple[str, str] | None = None,
    level: float = 0.95,
    limits: tuple[float, float] | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
) -> ForestLayout:
    """The numbers and texts of `forest_refits`."""
    if not isinstance(refits, LeaveOut | Cumulative):
        raise InputError(
            f"forest_refits takes what mk.leave_one_out, mk.leave_out or mk.cumulative give for a pooled result, "
            f"got {type(refits).__name__}"
        )
    if len(refits.study) > MOST:
        raise InputError(f"{len(refits.study)} rows are too many for a forest plot, at most {MOST}; leave out fewer")
    look, result = style_of(style), refits.result
    label = result.effects.label
    setting, rows, footnotes = _rows(refits, look, check_level(level), decimals)
    whole = f"All {study_count(result.k)}, {model_name(result, first=False)}"
    table = [*rows, ForestRow(whole, SUMMARY, ((pooled_mark(result, setting, ()),),), 0)]
    heading = label, look.bracket.format(level=level_text(level))
    panel = ForestPanel("", heading, axis_of(result, table, limits), favours and (clean(favours[0]), clean(favours[1])))
    leave = isinstance(refits, LeaveOut)
    return ForestLayout(
        clean(title),
        replace(look, study="Left out" if leave else "Added"),
        tuple(table),
        _before(refits),
        _after(refits, look),
        (panel,),
        (),
        tuple(f"All studies. {line}" for line in statistics(result, look)),
        (*footnotes, *(clean(n) for n in notes)),
        _alt_text(refits, clean(title), table, level),
    )


def _rows(
    refits: Refits, look: ForestStyle, level: float, decimals: int | None
) -> tuple[Setting, list[ForestRow], tuple[str, ...]]:
    back = refits.result.effects.scale.back
    low, high = refits.ci(level)
    with np.errstate(over="ignore", invalid="ignore"):
        shown = [np.atleast_1d(back(a)).tolist() for a in (refits.estimate, low, high)]
    ends = list(zip(*shown, strict=True))
    numbers = Numbers(decimals, ratio=refits.result.effects.scale.log_axis, errors=[(h - lo) / 4 for _, lo, h in ends])
    setting = Setting(look, level, numbers)
    said = [
        ([clean(note)] if note else []) + ([OTHERWISE] if other else [])
        for note, other in zip(refits.notes, _otherwise(refits, level), strict=True)
    ]
    signs, footnotes = footnote_marks(said)
    rows = [
        ForestRow(f"{clean(study)}{sign}", STUDY, ((setting.mark(e, "square", side=SIDE),),), i)
        for i, (study, sign, e) in enumerate(zip(refits.study, signs, ends, strict=True))
    ]
    return setting, rows, footnotes


def _otherwise(refits: Refits, level: float) -> list[bool]:
    """Which rows' intervals decide otherwise; by row, because studies may share a name."""
    if np.isnan(refits.result.effects.scale.null):
        return [False] * len(refits.study)
    low, high = refits.ci(level)
    whole = 0.0 in refits.result.ci(level)
    return [bool(np.isfinite(a) and (a <= 0.0 <= b) != whole) for a, b in zip(low, high, strict=True)]


def _before(refits: LeaveOut | Cumulative) -> tuple[ForestColumn, ...]:
    """What the studies were ordered by, and how many are in each row."""
    k = ForestColumn("", "k", tuple(f"{n:.0f}" for n in refits.fits.k), f"{refits.result.k}")
    if isinstance(refits, LeaveOut) or not refits.values:
        return (k,)
    cells = tuple(clean(f"{v:g}" if isinstance(v, float) else v) for v in refits.values)
    return ForestColumn("", clean(refits.by).replace("_", " "), cells), k


def _after(refits: Refits, look: ForestStyle) -> tuple[ForestColumn, ...]:
    """I2 and p of each row."""

    def share(value: float, k: float) -> str:
        return NO_VALUE if np.isnan(value) or k < 2 else percent(value)

    def p(value: float) -> str:
        return NO_VALUE if np.isnan(value) else look.p(value)[1:].strip().removeprefix("=").strip()

    fits, whole = refits.fits, refits.result
    return (
        ForestColumn("", "I², %", tuple(map(share, fits.i2, fits.k)), share(whole.i2, whole.k)),
        ForestColumn("", look.p(0.5)[:1], tuple(p(x) for x in fits.p_value), p(whole.p_value)),
    )


def _alt_text(refits: LeaveOut | Cumulative, title: str, table: Sequence[ForestRow], level: float) -> str:
    leave = isinstance(refits, LeaveOut)
    name = "leave-one-out forest plot" if leave else f"cumulative forest plot by {refits.by}"  # type: ignore[union-attr]
    if leave and refits.left_out.shape[1] > 1:  # type: ignore[union-attr]
        name = f"forest plot without each {refits.left_out.shape[1]} studies"  # type: ignore[union-attr]
    start = f"{title}: {name}" if title else name[:1].upper() + name[1:]
    rows = [row for row in table[:-1] if np.isfinite(row.estimate)]
    text = f"{start} of {study_count(refits.result.k)}, {refits.result.effects.label.lower()}. "
    if rows:
        ends = [min(rows, key=lambda r: r.estimate), max(rows, key=lambda r: r.estimate)]
        verb = "without" if leave else "after adding"
        text += " ".join(
            f"{word} {in_words(row.mark, level)}, {verb} {row.label}."
            for word, row in zip(("Lowest", "Highest"), ends, strict=True)
        )
    changed = sum(_otherwise(refits, level))
    more = f" Rows that decide otherwise about no effect: {changed}." if changed else ""
    return f"{text} With all {in_words(table[-1].mark, level)}.{more}"


def forest_refits(
    refits: LeaveOut | Cumulative,
    *,
    ax: Axes | None = None,
    style: str | ForestStyle = "plain",
    title: str = "",
    favours: tuple[str, str] | None = None,
    level: float = 0.95,
    limits: tuple[float, float] | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
    summary: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw a leave-one-out or a cumulative forest plot.

    Parameters
    ----------
    refits : LeaveOut or Cumulative
        From `metaket.leave_one_out`, `metaket.leave_out` or `metaket.cumulative` of a pooled result; at most 500 rows.
        Each row is a pooled effect; the diamond is that of all studies.
    ax, point, interval, summary
        As in `forest`.
    style, title, favours, level, limits, decimals, notes
        As in `forest`.

    Returns
    -------
    Axes

    Raises
    ------
    UnknownChoiceError
        An unknown style.
    InputError
        Something else than those records (a meta-regression's have several coefficients), or too many rows.

    Notes
    -----
    A row is marked where its interval decides otherwise about "no effect" than that of all studies.

    Examples
    --------
    >>> import metaket as mk
    >>> result = mk.pool([0.1, 0.3, 0.5], [0.04, 0.05, 0.06])
    >>> ax = mk.plots.forest_refits(mk.leave_one_out(result))
    """
    from metaket.plots._forest_draw import draw_forest

    layout = forest_refits_layout(
        refits,
        style=style,
        title=title,
        favours=favours,
        level=level,
        limits=limits,
        decimals=decimals,
        notes=notes,
    )
    return draw_forest(layout, ax, point=point, interval=interval, summary=summary)
