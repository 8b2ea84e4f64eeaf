"""Risk-of-bias figures: the traffic light (a dot a study and domain) and the summary (shares a domain)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from metaket.errors import InputError
from metaket.plots._text import clean, study_count
from metaket.pooling.result import PooledResult
from metaket.rob_tools import RiskOfBias

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["RobSummaryLayout", "TrafficLightLayout", "rob_summary", "rob_summary_layout", "rob_traffic_light",
           "rob_traffic_light_layout"]  # fmt: skip

OVERALL = "Overall"


@dataclass(frozen=True, slots=True)
class TrafficLightLayout:
    """A dot for each study and domain.

    Attributes
    ----------
    title : str
    headings : tuple of str
        D1, D2, ..., and Overall where any study has it.
    studies : tuple of str
    cells : tuple of tuple of str
        Judgements, one tuple a study; empty where there is none.
    choices : tuple of str
        The tool's judgements from best to worst.
    footnotes : tuple of str
        The tool, and what D1, D2, ... are.
    alt_text : str
    """

    title: str
    headings: tuple[str, ...]
    studies: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    choices: tuple[str, ...]
    footnotes: tuple[str, ...]
    alt_text: str


@dataclass(frozen=True, slots=True)
class RobSummaryLayout:
    """A bar for each domain.

    Attributes
    ----------
    title : str
    labels : tuple of str
    shares : tuple of mapping
        Judgement -> share (0 to 1) of each bar; empty where nothing is judged.
    judged : tuple of int
        How many studies each bar holds.
    choices : tuple of str
    footnotes : tuple of str
    alt_text : str
    """

    title: str
    labels: tuple[str, ...]
    shares: tuple[Mapping[str, float], ...]
    judged: tuple[int, ...]
    choices: tuple[str, ...]
    footnotes: tuple[str, ...]
    alt_text: str


def _check(rob: RiskOfBias) -> int:
    """How many columns are drawn: the overall one only where it is judged."""
    if not isinstance(rob, RiskOfBias):
        raise InputError(f"rob must be what mk.risk_of_bias(table) gives, got {type(rob).__name__}")
    if not any(cell for row in (*rob.domains, rob.overall) for cell in row):
        raise InputError(f"no study has a judgement of {rob.tool.label}: every cell is blank")
    return len(rob.tool.domains) + rob.has_overall


def _used(rob: RiskOfBias) -> tuple[str, ...]:
    seen = {cell for row in (*rob.domains, rob.overall) for cell in row}
    return tuple(c for c in rob.tool.choices if c in seen)


def domains_text(rob: RiskOfBias) -> str:
    """The tool with its domains, for a footnote."""
    listed = "; ".join(f"D{i} {name}" for i, name in enumerate(rob.tool.domains, start=1))
    return f"{rob.tool.label}: {listed}."


def rob_traffic_light_layout(rob: RiskOfBias, *, title: str = "") -> TrafficLightLayout:
    """The judgements and texts of `rob_traffic_light`."""
    n = _check(rob)
    headings = (*(f"D{i}" for i in range(1, len(rob.tool.domains) + 1)), OVERALL)[:n]
    cells = tuple((*d, o)[:n] for d, o in zip(rob.domains, rob.overall, strict=True))
    blank = sum(not cell for row in cells for cell in row)
    notes = (domains_text(rob), *((f"No dot: not judged ({blank} of {len(cells) * n}).",) if blank else ()))
    return TrafficLightLayout(
        clean(title), headings, tuple(clean(s) for s in rob.study), cells, _used(rob), notes,
        _alt_text(rob, clean(title), "traffic light", rob.shares()),
    )  # fmt: skip


def rob_summary_layout(
    rob: RiskOfBias, *, weights: PooledResult | Mapping[str, float] | None = None, title: str = ""
) -> RobSummaryLayout:
    """The shares and texts of `rob_summary`."""
    n = _check(rob)
    by = _weights(rob, weights)
    labels = (*(f"{name[:1].upper()}{name[1:]}" for name in rob.tool.domains), OVERALL)[:n]
    shares = rob.shares(by)[:n]
    columns = list(zip(*((*d, o) for d, o in zip(rob.domains, rob.overall, strict=True)), strict=True))[:n]
    judged = tuple(sum(1 for cell in column if cell) for column in columns)
    what = "studies" if by is None else "the weight of the studies"
    notes = [f"{rob.tool.label}, {study_count(len(rob.study))}. Share of {what} that are judged."]
    if min(judged) < len(rob.study):
        notes.append("In brackets: how many are judged.")
    return RobSummaryLayout(
        clean(title), labels, shares, judged, _used(rob), tuple(notes),
        _alt_text(rob, clean(title), "summary", shares),
    )  # fmt: skip


def _weights(rob: RiskOfBias, weights: PooledResult | Mapping[str, float] | None) -> dict[str, float] | None:
    if weights is None:
        return None
    if isinstance(weights, PooledResult):
        weights = dict(zip(weights.effects.study, weights.weights.tolist(), strict=True))
    lost = [s for s in rob.study if s not in weights]
    if len(lost) == len(rob.study):
        raise InputError(f"weights hold none of the studies judged, such as {lost[0]}: their names differ")
    wrong = [s for s, w in weights.items() if not w >= 0]
    if wrong:
        raise InputError(f"weights must be 0 or above, {wrong[0]} has {weights[wrong[0]]!r}")
    return dict(weights)


def _alt_text(rob: RiskOfBias, title: str, kind: str, shares: tuple[Mapping[str, float], ...]) -> str:
    start = f"{title}: risk-of-bias {kind}" if title else f"Risk-of-bias {kind}"
    names = (*(f"D{i} {name}" for i, name in enumerate(rob.tool.domains, start=1)), OVERALL)
    bars = [
        f"{name}: " + (", ".join(f"{c} {100 * s:.0f}%" for c, s in share.items()) or "not judged")
        for name, share in zip(names, shares, strict=False)
    ]
    return f"{start} of {study_count(len(rob.study))}, {rob.tool.label}. {'; '.join(bars)}."


def rob_traffic_light(rob: RiskOfBias, *, ax: Axes | None = None, title: str = "") -> Axes:
    """Draw a dot for each study and domain, with a sign that says the judgement without colour.

    Parameters
    ----------
    rob : RiskOfBias
        From `metaket.risk_of_bias`.
    ax : Axes, optional
        Draw inside it; by default a new figure as large as its content.
    title : str

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        No judgement at all.
    """
    from metaket.plots._rob_draw import draw_traffic_light

    return draw_traffic_light(rob_traffic_light_layout(rob, title=title), ax)


def rob_summary(
    rob: RiskOfBias,
    *,
    ax: Axes | None = None,
    weights: PooledResult | Mapping[str, float] | None = None,
    title: str = "",
) -> Axes:
    """Draw the share of each judgement in each domain.

    Parameters
    ----------
    rob : RiskOfBias
        From `metaket.risk_of_bias`.
    ax : Axes, optional
        Draw inside it; by default a new figure as large as its content.
    weights : PooledResult or mapping, optional
        Weight of each study by its name, such as those of a pooled result; a study without a weight counts 0.
        By default each study counts once.
    title : str

    Returns
    -------
    Axes
        The bars, whose x is per cent, are its first child: ``ax.child_axes[0]``.

    Raises
    ------
    InputError
        No judgement at all, or weights of other studies.
    """
    from metaket.plots._rob_draw import draw_summary

    return draw_summary(rob_summary_layout(rob, weights=weights, title=title), ax)
