"""Bubble plot: a meta-regression along one moderator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array
from metaket.errors import InputError
from metaket.plots._chart import Chart, Curve, Label, Points, Region, plain_axis
from metaket.plots._chart_draw import draw_chart
from metaket.plots._text import clean, p_text, small, study_count
from metaket.plots.scatter import farthest, sizes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.pooling.regression import RegressionResult

__all__ = ["bubble", "bubble_layout"]

STEPS = 121


def bubble_layout(
    result: RegressionResult,
    moderator: str,
    *,
    others: Mapping[str, Any] | None = None,
    named: int = 0,
    level: float = 0.95,
    prediction: bool = False,
    title: str = "",
    notes: Sequence[str] = (),
) -> Chart:
    """The numbers and texts of a bubble plot; see `bubble` for the parameters."""
    x = _moderator(result, moderator)
    if prediction and result.spec.model == "common":
        raise InputError("prediction=True needs a random-effects model: a common-effect one has no spread of effects")
    effects, back = result.effects, result.effects.scale.back
    grid = np.linspace(float(x.min()), float(x.max()), STEPS)
    fixed = _held(result, moderator, others or {})
    line = result.predict({moderator: grid, **{n: [v] * STEPS for n, v in fixed.items()}}, level, transform=True)
    y = np.asarray(back(effects.y), dtype=float)
    log = effects.scale.log_axis
    columns = ["ci_low", "ci_high"] + (["pi_low", "pi_high"] if prediction else [])
    values = [*y.tolist(), *(v for c in columns for v in line[c].tolist())]
    share = f"{100 * level:.6g}%"
    regions = [
        Region(
            tuple(grid.tolist()),
            tuple(line["ci_low"]),
            tuple(line["ci_high"]),
            f"{share} interval of the line",
            0.18,
            1,
        )
    ]
    if prediction:
        regions.insert(0, Region(tuple(grid.tolist()), tuple(line["pi_low"]), tuple(line["pi_high"]),
                                 f"{share} interval of a new study", 0.08, 1))  # fmt: skip
    held = "; ".join(f"{n} = {v}" for n, v in fixed.items())
    slope = dict(zip(result.names, result.to_frame()["p_value"].tolist(), strict=True))
    p = f"; {moderator}: {p_text(slope[moderator])}" if moderator in slope else ""
    foot = [f"Line: meta-regression{f' at {held}' if held else ''}{p}. Area: weight."]
    label = effects.label + (" (log scale)" if log else "")
    null = effects.scale.null
    return Chart(
        clean(title), plain_axis(x, clean(moderator)), plain_axis(values, label, log=log),
        (Points(tuple(x.tolist()), tuple(y.tolist()), "", 0, True, sizes(1.0 / (effects.v + result.tau2))),),
        (Curve(tuple(grid.tolist()), tuple(line["estimate"]), "", 1),), tuple(regions),
        _log_labels(effects.study, x, y, named) if log else farthest(effects.study, x, y, named),
        across=(null,) if np.isfinite(null) and min(values) <= null <= max(values) else (),
        footnotes=(*foot, *(clean(n) for n in notes)),
        alt_text=f"Bubble plot of {study_count(effects.k)}: {small(effects.label)} against {moderator}{p}.",
    )  # fmt: skip


def _log_labels(names: Sequence[str], x: Array, y: Array, named: int) -> tuple[Label, ...]:
    return tuple(replace(n, y=float(np.exp(n.y))) for n in farthest(names, x, np.log(y), named))


def _moderator(result: RegressionResult, moderator: str) -> Array:
    table = result.effects.table
    if table is None or moderator not in table.columns:
        have = "none" if table is None else ", ".join(map(str, table.columns))
        raise InputError(f"no column {moderator!r} to draw along: {have}")
    if moderator not in result.design.terms:
        raise InputError(
            f"{moderator!r} is not a moderator of this regression: {', '.join(result.design.terms) or 'none'}"
        )
    try:
        return np.asarray(table[moderator], dtype=float)
    except ValueError:
        raise InputError(f"{moderator!r} is not a number for every study; use a forest plot by subgroup") from None


def _held(result: RegressionResult, moderator: str, others: Mapping[str, Any]) -> dict[str, Any]:
    """The other moderators at the values given, numbers at their mean where none is."""
    table = result.effects.table
    fixed: dict[str, Any] = {}
    for term in result.design.terms:
        for name in term.split(":"):
            if name == moderator or name in fixed or table is None:
                continue
            if name in others:
                fixed[name] = others[name]
                continue
            try:
                fixed[name] = float(np.mean(np.asarray(table[name], dtype=float)))
            except (ValueError, KeyError):
                raise InputError(
                    f"others must say at which {name!r} the line is drawn, e.g. others={{{name!r}: ...}}"
                ) from None
    return fixed


def bubble(
    result: RegressionResult,
    moderator: str,
    *,
    ax: Axes | None = None,
    others: Mapping[str, Any] | None = None,
    named: int = 0,
    level: float = 0.95,
    prediction: bool = False,
    title: str = "",
    notes: Sequence[str] = (),
) -> Axes:
    """Draw a meta-regression along one moderator: studies as bubbles, the line with its interval.

    Parameters
    ----------
    result : RegressionResult
        From ``pool(..., moderators=[...])`` with columns of the effects' table.
    moderator : str
        A moderator of numbers.
    ax : Axes, optional
    others : mapping, optional
        Values at which other moderators are held; their means by default, factors must be given.
    named : int
        How many of the studies farthest out are named.
    level : float
    prediction : bool
        Show the interval of a new study, too.
    title : str
    notes : sequence of str

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        A moderator that is not in the regression or not a number; a factor that is not held.
    """
    layout = bubble_layout(
        result, moderator, others=others, named=named, level=level, prediction=prediction, title=title, notes=notes
    )
    return draw_chart(layout, ax)
