"""The specification curve: every defensible analysis, sorted by its estimate, over the choices that make it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from metaket.errors import InputError
from metaket.measures.registry import MEASURES, scale_of
from metaket.plots._scale import Axis, axis_for
from metaket.plots._text import Numbers, clean

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Curve", "Specification", "SpecificationLayout", "SpecificationPanel", "specification_curve",
           "specification_layout"]  # fmt: skip


class Curve(Protocol):
    """What the figure reads: `metaket.reproduction.specification.SpecificationCurve` has it."""

    @property
    def title(self) -> str: ...
    @property
    def rows(self) -> pd.DataFrame: ...
    @property
    def choices(self) -> Sequence[str]: ...
    @property
    def null(self) -> float: ...
    @property
    def log_axis(self) -> bool: ...
    @property
    def axis_label(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Specification:
    """One analysis: `options` names its option for each choice of the layout."""

    estimate: float
    low: float
    high: float
    decision: bool
    default: bool
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SpecificationPanel:
    """The analyses of one measure, sorted by estimate."""

    label: str
    axis: Axis
    items: tuple[Specification, ...]

    @property
    def decided(self) -> int:
        """How many intervals exclude the null."""
        return sum(item.decision for item in self.items)

    @property
    def caption(self) -> str:
        """The decisions in words."""
        return f"{self.decided} of {len(self.items)} exclude the null"


@dataclass(frozen=True, slots=True)
class SpecificationLayout:
    """Everything a specification curve shows, as numbers and text.

    Attributes
    ----------
    title : str
    panels : tuple of SpecificationPanel
        One a measure, each with an axis of its own.
    choices : tuple of (str, tuple of str)
        Each choice with its options, from the most to the least used.
    footnotes : tuple of str
    alt_text : str
    """

    title: str
    panels: tuple[SpecificationPanel, ...]
    choices: tuple[tuple[str, tuple[str, ...]], ...]
    footnotes: tuple[str, ...]
    alt_text: str

    @property
    def has_default(self) -> bool:
        """Whether a specification is the default."""
        return any(item.default for panel in self.panels for item in panel.items)

    @property
    def size(self) -> int:
        """Number of specifications."""
        return sum(len(panel.items) for panel in self.panels)


def specification_layout(
    curve: Curve, *, title: str | None = None, decimals: int | None = None, notes: Sequence[str] = ()
) -> SpecificationLayout:
    """The numbers and texts of a specification curve; see `specification_curve` for the parameters."""
    rows = curve.rows
    if len(rows) == 0:
        raise InputError("no specification to draw: none gives a result")
    families = _families(rows)
    # A choice that only repeats the panel's measure says nothing more.
    names = [
        c for c in curve.choices if len(families) == 1 or list(rows[c].astype(str)) != list(map(str, rows["family"]))
    ]
    panels = tuple(_panel(curve, family, names) for family in families)
    choices = []
    for i, name in enumerate(names):
        options = [item.options[i] for panel in panels for item in panel.items]
        choices.append((clean(name), tuple(sorted(set(options), key=lambda o: (-options.count(o), options.index(o))))))
    heading = clean(curve.title if title is None else title)
    failed = len(getattr(curve, "failed", ()))
    lost = [f"{failed} further specification{'s give' if failed > 1 else ' gives'} no result."] if failed else []
    if not any(item.default for panel in panels for item in panel.items):
        lost.append("The default analysis gives no result.")
    return SpecificationLayout(
        heading, panels, tuple(choices), (*lost, *(clean(n) for n in notes)), _alt_text(heading, panels, decimals)
    )


def _families(rows: pd.DataFrame) -> list[str]:
    """The measures, the default's first."""
    if "family" not in rows.columns:
        return [""]
    first = [str(f) for f in rows.loc[rows["default"].astype(bool), "family"]]
    return list(dict.fromkeys([*first, *map(str, rows["family"])]))


def _panel(curve: Curve, family: str, names: Sequence[str]) -> SpecificationPanel:
    rows = curve.rows if not family else curve.rows[curve.rows["family"] == family]
    rows = rows.sort_values("estimate", kind="stable")
    known = family in MEASURES
    null, log = (scale_of(family).null, scale_of(family).log_axis) if known else (curve.null, curve.log_axis)
    label = MEASURES[family].label if known else curve.axis_label
    items = tuple(
        Specification(
            float(row["estimate"]),
            float(row["ci_low"]),
            float(row["ci_high"]),
            bool(row["decision"]),
            bool(row["default"]),
            tuple(clean(row[name]) for name in names),
        )
        for row in rows.to_dict(orient="records")
    )
    axis = axis_for(
        [item.estimate for item in items],
        [item.low for item in items],
        [item.high for item in items],
        log=log,
        null=null,
        label=f"{label} (log scale)" if log else label,
    )
    return SpecificationPanel(clean(label), axis, items)


def _alt_text(title: str, panels: Sequence[SpecificationPanel], decimals: int | None) -> str:
    total = sum(len(panel.items) for panel in panels)
    text = f"{title}: specification curve" if title else "Specification curve"
    text += f" of {total} analyses, sorted by estimate, over a grid of their choices."
    for panel in panels:
        numbers = Numbers(decimals, ratio=panel.axis.log, errors=[(i.high - i.low) / 4.0 for i in panel.items])
        ends = numbers(panel.items[0].estimate), numbers(panel.items[-1].estimate)
        text += f" {panel.label}: {ends[0]} to {ends[1]}; {panel.caption}."
        chosen = [numbers(item.estimate) for item in panel.items if item.default]
        text += f" The default gives {' and '.join(chosen)}." if chosen else ""
    return text


def specification_curve(
    curve: Curve,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    decimals: int | None = None,
    notes: Sequence[str] = (),
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw a specification curve: estimates with intervals above, the choices behind each below.

    Filled points with dark intervals exclude the null, hollow ones with grey intervals hold it; a line through both
    panels marks the default. Measures on different scales stand side by side, each with its own axis.

    Parameters
    ----------
    curve : SpecificationCurve
        With ``rows`` (estimate, ci_low, ci_high, decision, default, family, and a column for each choice).
    ax : Axes, optional
        Draw inside it; it keeps its size, and text shrinks where the Axes is too small.
    title : str, optional
        By default the curve's.
    decimals : int, optional
        Of the estimates in the alt text.
    notes : sequence of str
        Footnotes.
    point, interval : mapping, optional
        Arguments of the points (`Axes.scatter`) and of the intervals (`Axes.vlines`).

    Returns
    -------
    Axes
        The whole page. Its ``child_axes`` hold, for each measure, the estimates and then the choices; x counts the
        specifications from 0.

    Raises
    ------
    InputError
        The curve has no row.

    References
    ----------
    Simonsohn, Simmons & Nelson (2020) Nat Hum Behav 4:1208-1214.
    """
    from metaket.plots._specification_draw import draw_specification

    layout = specification_layout(curve, title=title, decimals=decimals, notes=notes)
    return draw_specification(layout, ax, point=point, interval=interval)
