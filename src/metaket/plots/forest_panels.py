"""Forest plots of several results over the same studies: panels side by side, or several estimates in a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from metaket._checks import check_level
from metaket.errors import InputError
from metaket.plots._arms import left_out
from metaket.plots._forest_columns import Wanted, table_columns
from metaket.plots._forest_layout import (
    PREDICTION,
    STUDY,
    SUMMARY,
    ForestColumn,
    ForestLayout,
    ForestMark,
    ForestPanel,
    ForestRow,
)
from metaket.plots._forest_rows import pooled_mark, prediction_mark, setting_of, study_marks
from metaket.plots._forest_styles import ForestStyle, style_of
from metaket.plots._forest_words import footnote_marks, level_text, model_name, own_notes, statistics
from metaket.plots._text import clean, listing, study_count
from metaket.plots.forest import axis_of, in_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.pooling.result import PooledResult

__all__ = ["forest_panels", "forest_panels_layout"]

Marks = tuple[tuple[ForestMark, ...], ...]


def forest_panels_layout(
    results: Mapping[str, PooledResult],
    *,
    together: bool = False,
    style: str | ForestStyle = "plain",
    left: Wanted = (),
    right: Wanted = (),
    title: str = "",
    arms: tuple[str, str] = ("Treatment", "Control"),
    favours: tuple[str, str] | None = None,
    level: float = 0.95,
    limits: tuple[float, float] | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
) -> ForestLayout:
    """The numbers and texts of `forest_panels`."""
    look = replace(style_of(style), pooled_line=not together and style_of(style).pooled_line)
    names, parts = _checked(results, together)
    check_level(level)
    keys = [r.effects.study for r in parts]
    every = list(dict.fromkeys(key for own in keys for key in own))
    marks = [_marks(r, look, level, decimals, i if together else 0) for i, r in enumerate(parts)]
    arrange = _together if together else _apart
    signs, footnotes = footnote_marks([_notes(key, keys, parts) for key in every])
    table = []
    for i, (key, sign) in enumerate(zip(every, signs, strict=True)):
        found = [_find(key, own, m[0]) for own, m in zip(keys, marks, strict=True)]
        table.append(ForestRow(f"{clean(key)}{sign}", STUDY, arrange(found), i))
    table.append(ForestRow(_total(look, parts, level), SUMMARY, arrange([m[1] for m in marks]), 0))
    bars = [m[2] for m in marks]
    if any(bars):
        table.append(ForestRow(f"{level_text(level)} prediction interval", PREDICTION, arrange(bars)))
    dropped = [f"{n}: {note}" for n, r in zip(names, parts, strict=True) for note in left_out(r.effects.dropped, arms)]
    return ForestLayout(
        clean(title),
        look,
        tuple(table),
        _columns(parts, keys, every, left),
        _columns(parts, keys, every, right),
        _panels(names, parts, table, look, (together, level, limits, favours)),
        names if together else (),
        tuple(f"{n}. {line}" for n, r in zip(names, parts, strict=True) for line in statistics(r, look)),
        (*footnotes, *dropped, *(clean(n) for n in notes)),
        _alt_text(clean(title), names, parts, [m[1][0] for m in marks], level),
    )


def _checked(results: Mapping[str, PooledResult], together: bool) -> tuple[tuple[str, ...], list[PooledResult]]:
    if not isinstance(results, Mapping) or not results:
        raise InputError(f"results must map names to at least one pooled result, got {results!r}")
    measures = list(dict.fromkeys(r.effects.label for r in results.values()))
    if together and len(measures) > 1:
        raise InputError(f"estimates in one panel share one measure, got {listing(measures)}; use together=False")
    for name, result in results.items():
        twice = [study for study, n in Counter(result.effects.study).items() if n > 1]
        if twice:
            raise InputError(
                f"{twice[0]!r} stands twice in {name!r}: rows are matched by the names of the studies; give each study "
                "a name of its own, such as one with its year"
            )
    return tuple(clean(name) for name in results), list(results.values())


def _marks(
    result: PooledResult, look: ForestStyle, level: float, decimals: int | None, series: int
) -> tuple[list[ForestMark], tuple[ForestMark, ...], tuple[ForestMark, ...]]:
    """Of the studies, of the pooled effect, and of the prediction interval."""
    setting = setting_of(result, look, level, decimals)
    studies = [replace(m, weights=()) for m in study_marks(result, setting, series=series)]
    bar = prediction_mark(result, setting, series)
    return studies, (pooled_mark(result, setting, (), series),), () if bar is None else (bar,)


def _find(key: str, keys: Sequence[str], marks: Sequence[ForestMark]) -> tuple[ForestMark, ...]:
    return (marks[keys.index(key)],) if key in keys else ()


def _together(marks: Sequence[tuple[ForestMark, ...]]) -> Marks:
    return (tuple(m for own in marks for m in own),)


def _apart(marks: Sequence[tuple[ForestMark, ...]]) -> Marks:
    return tuple(marks)


def _notes(key: str, keys: Sequence[Sequence[str]], parts: Sequence[PooledResult]) -> list[str]:
    """What is said of a study in any of the results."""
    said = [own_notes(r.effects)[own.index(key)] for own, r in zip(keys, parts, strict=True) if key in own]
    return list(dict.fromkeys(note for notes in said for note in notes))


def _total(look: ForestStyle, parts: Sequence[PooledResult], level: float) -> str:
    first = look.total.startswith("{model}")
    models = list(dict.fromkeys(model_name(r, first=first) for r in parts))
    inside = models[0] if len(models) == 1 else f"{'P' if first else 'p'}ooled effect"
    return look.total.format(model=inside, level=level_text(level))


def _columns(
    parts: Sequence[PooledResult], keys: Sequence[Sequence[str]], every: Sequence[str], wanted: Wanted
) -> tuple[ForestColumn, ...]:
    """Further columns, each cell from the first result that holds the study."""
    if not wanted:
        return ()
    found = [table_columns(r.effects, wanted) for r in parts]
    out = []
    for i, column in enumerate(found[0]):
        cells = []
        for key in every:
            which = next(n for n, own in enumerate(keys) if key in own)
            cells.append(found[which][i].cells[keys[which].index(key)])
        out.append(replace(column, cells=tuple(cells)))
    return tuple(out)


def _panels(
    names: tuple[str, ...],
    parts: Sequence[PooledResult],
    table: Sequence[ForestRow],
    look: ForestStyle,
    asked: tuple[bool, float, tuple[float, float] | None, tuple[str, str] | None],
) -> tuple[ForestPanel, ...]:
    """One panel, or one for each result; those of one measure share their axis."""
    together, level, limits, favours = asked
    sides = None if favours is None else (clean(favours[0]), clean(favours[1]))
    bracket = look.bracket.format(level=level_text(level))
    if together:
        label = parts[0].effects.label
        return (ForestPanel("", (label, bracket), axis_of(parts[0], table, limits), sides),)
    panels = []
    for name, result in zip(names, parts, strict=True):
        same = [j for j, r in enumerate(parts) if r.effects.measure == result.effects.measure]
        rows = [replace(row, marks=(tuple(m for j in same for m in row.marks[j]),)) for row in table]
        panels.append(ForestPanel(name, (result.effects.label, bracket), axis_of(result, rows, limits), sides))
    return tuple(panels)


def _alt_text(
    title: str, names: Sequence[str], parts: Sequence[PooledResult], pooled: Sequence[ForestMark], level: float
) -> str:
    start = f"{title}: forest plot" if title else "Forest plot"
    listed = "; ".join(
        f"{name}: {r.effects.label.lower()} {in_words(mark, level)}, {study_count(r.k)}"
        for name, r, mark in zip(names, parts, pooled, strict=True)
    )
    return f"{start} of {len(parts)} pooled results over the same studies. {listed}."


def forest_panels(
    results: Mapping[str, PooledResult],
    *,
    ax: Axes | None = None,
    together: bool = False,
    style: str | ForestStyle = "plain",
    left: Wanted = (),
    right: Wanted = (),
    title: str = "",
    arms: tuple[str, str] = ("Treatment", "Control"),
    favours: tuple[str, str] | None = None,
    level: float = 0.95,
    limits: tuple[float, float] | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
    summary: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw several results over the same studies: panels side by side, or several estimates in a row.

    Parameters
    ----------
    results : mapping of str to PooledResult
        Name (a time, an outcome, a model) -> result. A row is a study; studies are matched by their names (each at
        most once in a result), in the order in which they first stand. Where a result lacks a study, its panel is
        empty there.
    together : bool
        All in one panel, told apart by marker and colour, instead of a panel for each. They must share their measure.
    style, left, right, title, arms, favours, level, limits, decimals, notes
        As in `forest`. The cells of `left` and `right` come from the first result that holds the study. Panels of one
        measure share their axis.
    ax, point, interval, summary
        As in `forest`.

    Returns
    -------
    Axes
        Its children are the panels, in the order of `results`.

    Raises
    ------
    UnknownChoiceError
        An unknown style or column.
    InputError
        No result, a name that stands twice in one result, or `together` with several measures.

    Notes
    -----
    The same people stand in every panel of a time course: the results are not independent of each other, and the
    figure makes no test between them.

    Examples
    --------
    >>> import metaket as mk
    >>> day = mk.pool(mk.generic([0.2, 0.5], [0.04, 0.09], study=["A", "B"], measure="SMD"))
    >>> week = mk.pool(mk.generic([0.1, 0.3], [0.05, 0.09], study=["A", "C"], measure="SMD"))
    >>> ax = mk.plots.forest_panels({"24 h": day, "day 7": week})
    """
    from metaket.plots._forest_draw import draw_forest

    layout = forest_panels_layout(
        results,
        together=together,
        style=style,
        left=left,
        right=right,
        title=title,
        arms=arms,
        favours=favours,
        level=level,
        limits=limits,
        decimals=decimals,
        notes=notes,
    )
    return draw_forest(layout, ax, point=point, interval=interval, summary=summary)
