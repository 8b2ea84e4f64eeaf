"""Kinds of figures that a pooled result alone can give, by the word that the command line takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

__all__ = ["KINDS"]

Names = Mapping[str, str] | str | None
# From a result, a level and the names of the table's columns as `effect_sizes` took them. The forest
# plot has options of its own and is drawn by its own call.
KINDS: dict[str, Callable[[PooledResult, float, Names], Axes]] = {
    "leave-one-out": lambda r, level, _: forest_refits(leave_one_out.leave_one_out(r), level=level),
    "cumulative": lambda r, level, _: forest_refits(cumulative.cumulative(r), level=level),
    "funnel": lambda r, level, _: funnel(r, level=level),
    "contour": lambda r, level, _: funnel(r, level=level, contours=True),
    "trim-and-fill": lambda r, level, _: funnel(r, level=level, contours=True, filled=trim_and_fill.trim_and_fill(r)),
    "egger": lambda r, level, _: funnel(r, level=level, egger=asymmetry.egger(r)),
    "baujat": lambda r, _, _n: baujat(baujat_of.baujat(r)),
    "labbe": lambda r, _, names: labbe(r.effects, pooled=r, columns=names),
    "radial": lambda r, level, _: radial(r, level=level),
    "gosh": lambda r, _, _n: gosh(gosh_of.gosh(r)),
    "influence": lambda r, _, _n: influence_panel(influence.influence(r)),
    "normal-quantiles": lambda r, level, _: normal_quantiles(normal_quantiles_of.normal_quantiles(r, level=level)),
    "drapery": lambda r, level, _: drapery(p_value_function.p_value_function(r), level=level),
}
