"""A chart: points, lines and regions over two axes, as numbers; what most figures are made of. No matplotlib here.

A figure turns a result into a `Chart`; `_chart_draw` draws any of them. Everything is on the scale that people read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from metaket.plots._scale import Axis

__all__ = ["Chart", "Curve", "Label", "Points", "Region", "plain_axis", "side_by_side"]


@dataclass(frozen=True, slots=True)
class Points:
    """Markers of one kind.

    Attributes
    ----------
    x, y : tuple of float
    name : str
        For the key; empty for none.
    series : int
        Marker and colour, see `_canvas.SERIES`.
    hollow : bool
    size : tuple of float
        Side of each marker in points; one value for all.
    faint : bool
        Small and translucent, for thousands of points.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    name: str = ""
    series: int = 0
    hollow: bool = False
    size: tuple[float, ...] = (5.0,)
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points; `dash` is solid, dashed or dotted."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    name: str = ""
    series: int = 0
    dash: str = "solid"
    width: float = 1.1


@dataclass(frozen=True, slots=True)
class Region:
    """The area between `low` and `high` over `x`; `shade` from 0 (white) to 1 (dark) grey, or a series' colour."""

    x: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    name: str = ""
    shade: float = 0.12
    series: int = -1


@dataclass(frozen=True, slots=True)
class Label:
    """A study's name beside its point."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything that a chart shows.

    Attributes
    ----------
    title : str
    x, y : Axis
    points : tuple of Points
    curves : tuple of Curve
    regions : tuple of Region
        Drawn in this order, behind the rest.
    labels : tuple of Label
        Placed where there is room; those without room are named in a footnote.
    bars : tuple of (float, float)
        Vertical bars from 0: place and height.
    across, up : tuple of float
        Horizontal and vertical reference lines.
    footnotes : tuple of str
    alt_text : str
    wide, tall : float
        Of the panel, in points.
    square : bool
        One unit is as long in both directions.
    """

    title: str
    x: Axis
    y: Axis
    points: tuple[Points, ...] = ()
    curves: tuple[Curve, ...] = ()
    regions: tuple[Region, ...] = ()
    labels: tuple[Label, ...] = ()
    bars: tuple[tuple[float, float], ...] = ()
    across: tuple[float, ...] = ()
    up: tuple[float, ...] = ()
    footnotes: tuple[str, ...] = ()
    alt_text: str = ""
    wide: float = 300.0
    tall: float = 220.0

    @property
    def keys(self) -> tuple[Points | Curve | Region, ...]:
        """What the key names, in order."""
        items: tuple[Points | Curve | Region, ...] = (*self.points, *self.curves, *self.regions)
        return tuple(item for item in items if item.name)


@dataclass(frozen=True, slots=True)
class Charts:
    """Several charts on one page, in rows of `columns`."""

    title: str
    charts: tuple[Chart, ...]
    columns: int
    footnotes: tuple[str, ...] = ()
    alt_text: str = ""
    names: tuple[str, ...] = field(default=())


def side_by_side(title: str, charts: Sequence[Chart], columns: int, footnotes: Iterable[str] = ()) -> Charts:
    """Charts on one page; their alt texts are joined."""
    alt = " ".join(c.alt_text for c in charts if c.alt_text)
    return Charts(title, tuple(charts), columns, tuple(footnotes), alt)


def plain_axis(
    values: Iterable[float],
    label: str,
    *,
    log: bool = False,
    zero: bool = False,
    turned: bool = False,
    null: float = math.nan,
    pad: float = 0.05,
) -> Axis:
    """An axis that holds every finite value with a margin; from 0 on where `zero`."""
    kept = [v for v in values if math.isfinite(v) and (v > 0 or not log)]
    kept += [null] if math.isfinite(null) else []
    if not kept:
        kept = [1.0]
    low, high = min(kept), max(kept)
    if zero:
        return Axis(0.0, high * (1.0 + pad) if high > 0 else 1.0, log, null, label, turned)
    if log:
        low, high = math.log(low), math.log(high)
    if high - low < 1e-12 * max(1.0, abs(low), abs(high)):
        low, high = low - 0.5 * max(1.0, abs(low)), high + 0.5 * max(1.0, abs(high))
    margin = pad * (high - low)
    low, high = low - margin, high + margin
    if log:
        low, high = math.exp(low), math.exp(high)
    return Axis(low, high, log, null, label, turned)
