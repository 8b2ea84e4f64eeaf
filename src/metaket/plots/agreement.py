"""Printed against recomputed: one row a claim, with its verdict in words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from metaket.errors import InputError
from metaket.plots._arms import name_columns
from metaket.plots._scale import Axis, axis_for
from metaket.plots._text import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["AgreementLayout", "AgreementRow", "AgreementSection", "Claimed", "agreement", "agreement_layout"]

SIGNS = {
    "exact": "✓",
    "input-rounding": "✓",
    "near": "≈",
    "differs": "≠",
    "decision differs": "✗",
    "not computable": "–",
}
HEADINGS = {"%": "Percentages", "": "Numbers"}
STATEMENTS = "Statements"
PLAIN = re.compile(r"([-\N{MINUS SIGN}]?)(\d+)(\.\d+)?(%?)")
ONE_AXIS = 20.0  # largest over smallest value that still share a linear axis


class Claimed(Protocol):
    """What the figure reads of a comparison: `metaket.reproduction.compare.Comparison` has it."""

    @property
    def id(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def printed(self) -> str: ...
    @property
    def printed_low(self) -> float | None: ...
    @property
    def printed_high(self) -> float | None: ...
    @property
    def recomputed(self) -> float | None: ...
    @property
    def recomputed_low(self) -> float | None: ...
    @property
    def recomputed_high(self) -> float | None: ...
    @property
    def unit(self) -> str: ...
    @property
    def shown(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def cause(self) -> str: ...
    @property
    def basis(self) -> str: ...


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """One claim.

    Attributes
    ----------
    label, source : str
        The claim's name; whose it is and where it stands.
    printed, ours : str
        The printed text, and the recomputed value or fact.
    verdict, sign, remark : str
        The verdict, its sign, and why: cause and basis.
    printed_ends : tuple of float or None
        The values that print like the text; None for words and for bounds such as < 0.001.
    value : float or None
        Recomputed.
    value_ends : tuple of float or None
        Both ends, where an input is printed as a range.
    complete : bool
        False where the value rests on part of the trials only.
    """

    label: str
    source: str
    printed: str
    ours: str
    verdict: str
    sign: str
    remark: str
    printed_ends: tuple[float, float] | None
    value: float | None
    value_ends: tuple[float, float] | None
    complete: bool


@dataclass(frozen=True, slots=True)
class AgreementSection:
    """Claims on one scale; `axis` is None where they are not drawn."""

    heading: str
    axis: Axis | None
    rows: tuple[AgreementRow, ...]


@dataclass(frozen=True, slots=True)
class AgreementLayout:
    """Everything the figure shows, as numbers and text.

    Attributes
    ----------
    title, subtitle : str
        The subtitle counts the verdicts.
    sections : tuple of AgreementSection
    footnotes : tuple of str
    alt_text : str
    """

    title: str
    subtitle: str
    sections: tuple[AgreementSection, ...]
    footnotes: tuple[str, ...]
    alt_text: str

    @property
    def drawn(self) -> bool:
        """Whether any claim has a marker."""
        return any(section.axis is not None for section in self.sections)

    @property
    def partial(self) -> bool:
        """Whether a marker rests on part of the trials."""
        rows = [row for section in self.sections if section.axis is not None for row in section.rows]
        return any(row.value is not None and not row.complete for row in rows)


def agreement_layout(
    comparisons: Sequence[Claimed] | Any,
    *,
    title: str = "Printed against recomputed",
    arms: tuple[str, str] = ("treatment", "control"),
    notes: Sequence[str] = (),
) -> AgreementLayout:
    """The numbers and texts of the figure; see `agreement` for the parameters."""
    claims: Sequence[Claimed] = getattr(comparisons, "comparisons", comparisons)
    if not len(claims):
        raise InputError("no claim to draw: the list of comparisons is empty")
    rows = [_row(c, arms) for c in claims]
    units = list(dict.fromkeys(unit for row, unit in rows if row.printed_ends is not None))
    sections = []
    for unit in units:
        own = tuple(row for row, u in rows if u == unit and row.printed_ends is not None)
        sections.append(AgreementSection(HEADINGS.get(unit, unit), _axis(own, unit), own))
    words = tuple(row for row, _ in rows if row.printed_ends is None)
    if words:
        sections.append(AgreementSection(STATEMENTS if units else "", None, words))
    subtitle = _counts([row for row, _ in rows])
    heading = clean(title)
    text = f"{heading or 'Printed against recomputed'}. {subtitle}."
    for section in sections:
        for row in section.rows:
            ours = f", recomputed {row.ours}" if row.ours else ""
            text += f" {row.label}: printed {row.printed}{ours}; {row.verdict}."
    return AgreementLayout(heading, subtitle, tuple(sections), tuple(clean(n) for n in notes), text)


def _row(claim: Claimed, arms: tuple[str, str]) -> tuple[AgreementRow, str]:
    basis = f"{clean(claim.basis)} used" if claim.basis else ""
    remark = "; ".join(part for part in (clean(name_columns(claim.cause, arms)), basis) if part)
    printed, unit = _printed(claim)
    value = claim.recomputed if claim.recomputed is not None and math.isfinite(claim.recomputed) else None
    ends = (claim.recomputed_low, claim.recomputed_high)
    row = AgreementRow(
        clean(claim.id),
        ", ".join(part for part in (clean(claim.by), clean(claim.where)) if part),
        clean(claim.printed),
        clean(claim.shown),
        claim.verdict,
        SIGNS.get(claim.verdict, ""),
        remark,
        printed,
        value,
        None if value is None or ends[0] is None or ends[1] is None else (ends[0], ends[1]),
        claim.verdict != "not computable",
    )
    return row, unit


def _printed(claim: Claimed) -> tuple[tuple[float, float] | None, str]:
    """The values that print like the text, and their unit; None for words and for bounds such as < 0.001."""
    low, high = claim.printed_low, claim.printed_high
    if low is not None and high is not None:
        return ((low, high), claim.unit) if math.isfinite(low) and math.isfinite(high) else (None, "")
    found = PLAIN.fullmatch(clean(claim.printed))
    if not found:
        return None, ""
    value = float(f"{'-' if found[1] else ''}{found[2]}{found[3] or ''}")
    half = 0.5 * 10.0 ** -max(0, len(found[3] or "") - 1)
    return (value - half, value + half), found[4]


def _counts(rows: Sequence[AgreementRow]) -> str:
    found = [row.verdict for row in rows]
    listed = ", ".join(f"{found.count(v)} {v}" for v in SIGNS if v in found)
    return f"{len(rows)} claim{'s' if len(rows) != 1 else ''}: {listed}"


def _axis(rows: Sequence[AgreementRow], unit: str) -> Axis | None:
    """One axis for claims of a unit; logarithmic, or none, where their sizes are too different for a linear one.

    It spans 10 percentage points, a quarter of the largest value, or a factor of 2 at least, so that a gap in the
    last printed digit doesn't look large.
    """
    values = [e for row in rows for e in (*(row.printed_ends or ()), *(row.value_ends or ()))]
    values += [row.value for row in rows if row.value is not None]
    if all(row.value is None for row in rows):
        return None  # nothing to hold the printed values against
    sizes = [abs(v) for v in values if v != 0]
    log = False
    if unit != "%" and sizes and max(sizes) > ONE_AXIS * min(sizes):
        if min(values) <= 0:
            return None
        log = True
    low, high = min(values), max(values)
    if log:
        middle, least = math.sqrt(low * high), math.sqrt(2.0)
        values += [middle / least, middle * least]
    else:
        middle, least = (low + high) / 2.0, 5.0 if unit == "%" else 0.125 * max(sizes, default=8.0)
        values += [middle - least, middle + least]
    label = {"%": "per cent", "": "value (log scale)" if log else "value"}.get(unit, unit)
    return axis_for(values, values, values, log=log, null=math.nan, label=label)


def agreement(
    comparisons: Sequence[Claimed] | Any,
    *,
    ax: Axes | None = None,
    title: str = "Printed against recomputed",
    arms: tuple[str, str] = ("treatment", "control"),
    notes: Sequence[str] = (),
    point: Mapping[str, Any] | None = None,
    interval: Mapping[str, Any] | None = None,
) -> Axes:
    """Draw every claim: what is printed (open), what the data give (filled), and the verdict in words.

    Claims of one unit share an axis; a filled point inside an open one is an agreement. Statements in words, and
    numbers too different for one axis, are rows of text.

    Parameters
    ----------
    comparisons : sequence of Comparison, or Reproduction
    ax : Axes, optional
        Draw inside it; it keeps its size, and text shrinks where the Axes is too small.
    title : str
    arms : tuple of str
        What the causes call the treatment and the control arm.
    notes : sequence of str
        Footnotes.
    point, interval : mapping, optional
        Arguments of the recomputed markers (`Axes.scatter`) and of the lines between the ends of a recomputed range
        (`Axes.hlines`).

    Returns
    -------
    Axes
        The whole page; ``child_axes`` hold the drawn sections from the top, with values on x.

    Raises
    ------
    InputError
        No comparison.
    """
    from metaket.plots._agreement_draw import draw_agreement

    layout = agreement_layout(comparisons, title=title, arms=arms, notes=notes)
    return draw_agreement(layout, ax, point=point, interval=interval)
