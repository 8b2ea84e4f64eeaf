"""Value axes as numbers: the range that is drawn and the ticks that may be drawn. No matplotlib here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from metaket.errors import InputError
from metaket.plots._text import power_of_ten, signed

__all__ = ["Axis", "Tick", "axis_for", "choose_ticks"]

Tick = tuple[float, str]
LOG_SERIES: tuple[tuple[float, ...], ...] = ((1.0, 2.0, 5.0), (1.0, 3.0), (1.0,))
WANTED_TICKS = 5
MARGIN = 0.04  # of the range, on each side, so that no marker sits on the frame


@dataclass(frozen=True, slots=True)
class Axis:
    """A value axis.

    Attributes
    ----------
    low, high : float
        Ends of the axis on the scale that people read; `low` < `high`, both above 0 if `log`.
    log : bool
    null : float
        No effect, NaN where there is no such value.
    label : str
    turned : bool
        Whether the high end comes first (at the bottom, or on the left).
    """

    low: float
    high: float
    log: bool
    null: float
    label: str
    turned: bool = False

    def position(self, value: float) -> float:
        """Where a value lies: 0 at the first end, 1 at the other."""
        low, high = _to(self.low, self.log), _to(self.high, self.log)
        at = (_to(value, self.log) - low) / (high - low)
        return 1.0 - at if self.turned else at

    def holds(self, value: float) -> bool:
        """Whether the value can be drawn."""
        return self.low <= value <= self.high

    def clip(self, value: float) -> float:
        """The value, or the end of the axis that it lies beyond."""
        return min(max(value, self.low), self.high)

    @property
    def has_null(self) -> bool:
        """Whether the axis shows the value of no effect."""
        return self.holds(self.null)


def _to(value: float, log: bool) -> float:
    if not log:
        return value
    return -math.inf if value <= 0 else math.log(value)


def _from(value: float, log: bool) -> float:
    return math.exp(min(max(value, -700.0), 700.0)) if log else value


def axis_for(
    points: Sequence[float],
    lows: Sequence[float],
    highs: Sequence[float],
    *,
    log: bool,
    null: float,
    label: str,
    limits: tuple[float, float] | None = None,
) -> Axis:
    """An axis that holds every point and the null, and the intervals as far as they don't crush the rest.

    An interval may reach past the outermost point by three quarters of the range of the points or by the middle
    interval's width, whichever is more; the figure draws an arrow where it goes further.
    """
    if limits is not None:
        return _given(limits, log, null, label)
    core = [t for t in (_to(p, log) for p in [*points, null]) if math.isfinite(t)] or [0.0]
    low, high = min(core), max(core)
    ends = [(_to(a, log), _to(b, log)) for a, b in zip(lows, highs, strict=True)]
    widths = sorted(b - a for a, b in ends if math.isfinite(b - a))
    middle = widths[len(widths) // 2] if widths else 0.0
    reach = max(0.75 * (high - low), middle)
    low = max(min([a for a, _ in ends if not math.isnan(a)], default=low), low - reach)
    high = min(max([b for _, b in ends if not math.isnan(b)], default=high), high + reach)
    low, high = min(low, *core), max(high, *core)
    if high - low < 1e-12 * max(1.0, abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    pad = MARGIN * (high - low)
    return Axis(_from(low - pad, log), _from(high + pad, log), log, null, label)


def _given(limits: tuple[float, float], log: bool, null: float, label: str) -> Axis:
    low, high = float(limits[0]), float(limits[1])
    if not (math.isfinite(low) and math.isfinite(high) and low < high and (low > 0 or not log)):
        above = " above 0" if log else ""
        raise InputError(f"limits must be two finite numbers{above}, the smaller one first, got {limits!r}")
    return Axis(low, high, log, null, label)


def choose_ticks(axis: Axis, fits: Callable[[Sequence[Tick]], bool]) -> tuple[Tick, ...]:
    """The set of ticks nearest to five whose labels fit; the null, or nothing, when not even two do."""
    sets = [s for s in _tick_sets(axis) if len(s) >= 2 and fits(s)]
    if sets:
        return min(sets, key=lambda s: abs(len(s) - WANTED_TICKS))
    alone = ((axis.null, power_of_ten(axis.null) if axis.log else f"{axis.null:g}"),)
    return alone if axis.has_null else ()


def _tick_sets(axis: Axis) -> Iterator[tuple[Tick, ...]]:
    if axis.log:
        powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
        for series in LOG_SERIES:
            yield _log_ticks(axis, [m * 10.0**n for n in powers for m in series])
        if axis.high / axis.low < 200:
            doublings = range(math.floor(math.log2(axis.low)), math.ceil(math.log2(axis.high)) + 1)
            yield _log_ticks(axis, [2.0**n for n in doublings])
        for step in range(2, 1 + max(2, len(powers) // 2)):
            yield _log_ticks(axis, [10.0**n for n in powers if n % step == 0])
    if not axis.log or axis.high / axis.low < 4:
        yield from _linear_sets(axis)


def _log_ticks(axis: Axis, values: Sequence[float]) -> tuple[Tick, ...]:
    return tuple((v, power_of_ten(v)) for v in values if axis.holds(v))


def _linear_sets(axis: Axis) -> Iterator[tuple[Tick, ...]]:
    span = axis.high - axis.low
    power = math.floor(math.log10(span)) - 1
    for exponent in (power, power + 1):
        for digit in (1.0, 2.0, 5.0):
            step = digit * 10.0**exponent
            first, last = math.ceil(axis.low / step), math.floor(axis.high / step)
            if last - first <= 12:
                yield tuple((i * step, _linear_label(i * step, exponent)) for i in range(first, last + 1))


def _linear_label(value: float, exponent: int) -> str:
    if abs(value) >= 1e6 or exponent < -6:
        digits = f"{value:.{max(0, math.floor(math.log10(abs(value))) - exponent) if value else 0}e}"
        return signed(f"{float(digits):g}") if value else "0"
    return signed(f"{value:.{max(0, -exponent)}f}")
