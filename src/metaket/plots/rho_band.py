"""How much the joint model over time depends on the correlation that had to be assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metaket._checks import check_level
from metaket.plots._scale import Axis, axis_for
from metaket.plots._text import Numbers, clean
from metaket.timecourse import time_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.timecourse import RhoBand

__all__ = ["RhoBandLayout", "RhoLine", "rho_band", "rho_band_layout"]


@dataclass(frozen=True, slots=True)
class RhoLine:
    """One time: the effect and its interval at each correlation, and the range in words."""

    label: str
    estimate: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    reach: tuple[str, str]


@dataclass(frozen=True, slots=True)
class RhoBandLayout:
    """Everything the figure shows: a panel a time, all with the same axes."""

    title: str
    rho: tuple[float, ...]
    stated: float
    lines: tuple[RhoLine, ...]
    axis: Axis
    across: Axis
    footnotes: tuple[str, ...]
    alt_text: str


def rho_band_layout(
    band: RhoBand, *, title: str = "", level: float = 0.95, limits: tuple[float, float] | None = None,
    notes: Sequence[str] = (),
) -> RhoBandLayout:  # fmt: skip
    """The numbers and texts of the figure; see `rho_band` for the parameters."""
    check_level(level)
    fit = band.fit
    frame = band.to_frame(level)
    columns = {c: frame[c].to_numpy().reshape(band.coef.shape) for c in ("estimate", "ci_low", "ci_high")}
    errors = ((columns["ci_high"] - columns["ci_low"]) / 4.0).ravel().tolist()
    numbers = Numbers(ratio=fit.scale.log_axis, errors=errors)
    lines = []
    for i, hours in enumerate(fit.levels):
        estimate, low, high = (columns[c][:, i].tolist() for c in ("estimate", "ci_low", "ci_high"))
        reach = (
            f"{numbers(min(estimate))} to {numbers(max(estimate))}",
            f"limits {numbers(min(low))} to {numbers(max(high))}",
        )
        lines.append(RhoLine(time_label(hours), tuple(estimate), tuple(low), tuple(high), reach))
    ends = [getattr(line, name) for name in ("estimate", "low", "high") for line in lines]
    points, lows, highs = ([x for v in ends[k * len(lines) : (k + 1) * len(lines)] for x in v] for k in range(3))
    label = f"{fit.effects.label}, {100 * level:.6g}% CI" + (" (log scale)" if fit.scale.log_axis else "")
    axis = axis_for(points, lows, highs, log=fit.scale.log_axis, null=fit.scale.null, label=label, limits=limits)
    span = (float(band.rho.min()), float(band.rho.max()))
    width = span[1] - span[0] or 1.0
    across = Axis(
        span[0] - 0.02 * width, span[1] + 0.02 * width, False, float("nan"), "Assumed correlation of two times"
    )
    flagged = int((~band.converged).sum())
    footnotes = [f"Band: interval of the model; dashed: the stated {fit.repeated.rho:g}. Structure {fit.structure}."]
    footnotes += [f"{flagged} of {band.rho.size} fits did not converge."] if flagged else []
    alt = f"{clean(title) or 'Pooled effect by assumed correlation'}. " + "; ".join(
        f"{n.label}: {', '.join(n.reach)}" for n in lines
    )
    return RhoBandLayout(
        clean(title), tuple(band.rho.tolist()), fit.repeated.rho, tuple(lines), axis, across,
        (*footnotes, *(clean(n) for n in notes)), alt + ".",
    )  # fmt: skip


def rho_band(
    band: RhoBand, *, ax: Axes | None = None, title: str = "", level: float = 0.95,
    limits: tuple[float, float] | None = None, notes: Sequence[str] = (),
) -> Axes:  # fmt: skip
    """Draw the effect at each time against the assumed correlation, with its interval as a band.

    Parameters
    ----------
    band : RhoBand
        From ``JointCourse.over_rho()``.
    ax : Axes, optional
        Draw inside it; it keeps its size, and text shrinks where the Axes is too small.
    title : str
    level : float
    limits : tuple of float, optional
        Ends of the effect's axis on the scale that people read.
    notes : sequence of str
        Further footnotes.

    Returns
    -------
    Axes
        The whole page; its ``child_axes`` hold one panel a time.

    Raises
    ------
    InputError
        A level or limits that cannot be used.
    """
    from metaket.plots._rho_band_draw import draw_rho_band

    return draw_rho_band(rho_band_layout(band, title=title, level=level, limits=limits, notes=notes), ax)
