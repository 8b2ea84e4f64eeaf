"""Kinds of figures that a pooled result alone can give, by the word that the command line takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metaket.diagnostics import asymmetry, cumulative, influence, leave_one_out, p_value_function, trim_and_fill
from metaket.diagnostics import baujat as baujat_of
from metaket.diagnostics import gosh as gosh_of
from metaket.diagnostics import normal_quantiles as normal_quantiles_of
from metaket.plots.forest_refits import forest_refits
from metaket.plots.funnel import funnel
from metaket.plots.scatter import baujat, labbe, normal_quantiles, radial
from metaket.plots.subsets import drapery, gosh, influence_panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.pooling.result import PooledResult

__all__ = ["KINDS", "Asked", "Kind"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says of a figure.

    Attributes
    ----------
    level : float
    columns : mapping, "metafor" or None
        Names of the table's columns, as `effect_sizes` took them.
    style : str
        Look of a forest plot.
    order : str or None
        Column in whose order a cumulative plot adds the studies.
    """

    level: float = 0.95
    columns: Mapping[str, str] | str | None = None
    style: str = "plain"
    order: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A figure, and which of the options it has beside the columns' names."""

    draw: Callable[[PooledResult, Asked], Axes]
    takes: tuple[str, ...] = ("level",)


def _leave_one_out(r: PooledResult, a: Asked) -> Axes:
    return forest_refits(leave_one_out.leave_one_out(r), level=a.level, style=a.style)


def _cumulative(r: PooledResult, a: Asked) -> Axes:
    return forest_refits(cumulative.cumulative(r, a.order), level=a.level, style=a.style)


def _trim_and_fill(r: PooledResult, a: Asked) -> Axes:
    return funnel(r, level=a.level, contours=True, filled=trim_and_fill.trim_and_fill(r))


# the forest plot has options of its own and is drawn by its own call
KINDS: dict[str, Kind] = {
    "leave-one-out": Kind(_leave_one_out, ("level", "style")),
    "cumulative": Kind(_cumulative, ("level", "style", "order")),
    "funnel": Kind(lambda r, a: funnel(r, level=a.level)),
    "contour": Kind(lambda r, a: funnel(r, level=a.level, contours=True)),
    "trim-and-fill": Kind(_trim_and_fill),
    "egger": Kind(lambda r, a: funnel(r, level=a.level, egger=asymmetry.egger(r))),
    "baujat": Kind(lambda r, _: baujat(baujat_of.baujat(r)), ()),
    "labbe": Kind(lambda r, a: labbe(r.effects, pooled=r, columns=a.columns), ()),
    "radial": Kind(lambda r, a: radial(r, level=a.level)),
    "gosh": Kind(lambda r, _: gosh(gosh_of.gosh(r)), ()),
    "influence": Kind(lambda r, _: influence_panel(influence.influence(r)), ()),
    "normal-quantiles": Kind(lambda r, a: normal_quantiles(normal_quantiles_of.normal_quantiles(r, level=a.level))),
    "drapery": Kind(lambda r, a: drapery(p_value_function.p_value_function(r), level=a.level)),
}
