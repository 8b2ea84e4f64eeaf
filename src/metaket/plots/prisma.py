"""PRISMA 2020 flow diagram: from records to studies, with numbers that add up."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from metaket._checks import check_choice
from metaket.errors import DataWarning, InputError
from metaket.plots._canvas import BODY, GREY, HEAD, INK, SMALL, Page, line_height, open_page, text_width, wrap
from metaket.plots._save import describe
from metaket.plots._text import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Box", "Flow", "prisma", "prisma_layout"]

WIDE, GAP, PAD, EDGE = 190.0, 22.0, 6.0, 12.0  # points
BAND = 16.0  # width of a phase's band
FIRST = BAND + 10.0  # where the boxes begin
PHASES = ("Identification", "Screening", "Screening", "Screening", "Included")  # of each step
ENDS = ("Identification", "Included")  # phases of one step, which must be as high as their name
COUNTS = ("databases", "registers", "other_sources", "duplicates", "automation", "other_removed", "screened",
          "excluded", "sought", "not_retrieved", "assessed", "studies", "reports")  # fmt: skip
Counts = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Box:
    """A box of the flow: its place and size in points from the top left corner, and its lines."""

    name: str
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow diagram: boxes, arrows as pairs of the names of boxes, and the phases beside them."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    alt_text: str
    phases: tuple[Box, ...] = ()


def prisma_layout(counts: Counts, *, reasons: Counts | None = None, title: str = "", notes: Sequence[str] = ()) -> Flow:
    """The boxes, arrows and texts of a flow diagram; see `prisma` for the parameters."""
    known = {check_choice("count", name, COUNTS): value for name, value in counts.items()}
    why = {clean(name): value for name, value in (reasons or {}).items()}
    for name, value in (*known.items(), *why.items()):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
            raise InputError(f"{name} must be a whole number, 0 or more, or None where it is not known; got {value!r}")
    for text in _sums(known, why):
        warnings.warn(text, DataWarning, stacklevel=3)
    boxes: list[Box] = []
    phases: list[Box] = []
    y = 0.0
    for phase, (left, right) in zip(PHASES, _steps(known, why), strict=True):
        height = 0.0
        for name, x, texts in ((left[0], FIRST, left[1]), (right[0], FIRST + WIDE + GAP, right[1])):
            lines = tuple(line for text in texts for line in wrap(text, WIDE - 2 * PAD, SMALL))
            if lines:
                boxes.append(Box(name, x, y, WIDE, len(lines) * line_height(SMALL) + 2 * PAD, lines))
                height = max(height, boxes[-1].height)
        height = max(height, text_width(phase, SMALL, "bold") + 2 * PAD) if phase in ENDS else height
        if phases and phases[-1].name == phase:
            phases[-1] = replace(phases[-1], height=y + height - phases[-1].y)
        else:
            phases.append(Box(phase, 0.0, y, BAND, height, (phase,)))
        y += height + GAP
    main = [b.name for b in boxes if b.x == FIRST]
    sides = [(a.name, b.name) for a in boxes for b in boxes if a.y == b.y and a.x < b.x]
    alt = "PRISMA flow diagram: " + "; ".join(" ".join(b.lines) for b in boxes) + "."
    arrows = (*pairwise(main), *sides)
    return Flow(clean(title), tuple(boxes), arrows, tuple(clean(n) for n in notes), alt, tuple(phases))


def _n(text: str, value: int | None) -> str:
    return f"{text} (n = {'' if value is None else value})"


def _steps(c: Counts, why: Counts) -> list[tuple[tuple[str, list[str]], tuple[str, list[str]]]]:
    """Each step of the flow: what goes on, and what leaves it."""

    def listed(*pairs: tuple[str, str]) -> list[str]:
        return [_n(text, c[name]) for name, text in pairs if name in c]

    found = listed(("databases", "Databases"), ("registers", "Registers"), ("other_sources", "Other sources"))
    removed = listed(("duplicates", "Duplicates"), ("automation", "Marked ineligible by automation tools"),
                     ("other_removed", "For other reasons"))  # fmt: skip
    not_eligible = [_n(text, value) for text, value in why.items()]
    included = [_n("Studies included", c.get("studies")), *listed(("reports", "Reports of these studies"))]
    return [
        (("identified", ["Records identified from:", *found]),
         ("removed", ["Removed before screening:", *removed] if removed else [])),
        (("screened", [_n("Records screened", c.get("screened"))]),
         ("excluded", [_n("Records excluded", c.get("excluded"))])),
        (("sought", [_n("Reports sought for retrieval", c.get("sought"))]),
         ("not retrieved", [_n("Reports not retrieved", c.get("not_retrieved"))])),
        (("assessed", [_n("Reports assessed for eligibility", c.get("assessed"))]),
         ("not eligible", ["Reports excluded:", *not_eligible] if not_eligible else [])),
        (("included", included), ("", [])),
    ]  # fmt: skip


def _sums(c: Counts, why: Counts) -> list[str]:
    """What does not add up; a step with an unknown number is not judged."""
    into = [name for name in ("databases", "registers", "other_sources") if name in c]
    out = [name for name in ("duplicates", "automation", "other_removed") if name in c]
    rules: list[tuple[str, list[str], list[str]]] = [
        ("screened", into, out), ("sought", ["screened"], ["excluded"]), ("assessed", ["sought"], ["not_retrieved"]),
    ]  # fmt: skip
    if "reports" in c and why:
        rules.append(("reports", ["assessed"], list(why)))
    found = []
    for name, plus, minus in rules:
        every = {**why, **c}
        values = [every.get(n) for n in (*plus, *minus)]
        have = c.get(name)
        known = [v for v in values if v is not None]
        if have is None or not plus or len(known) < len(values):
            continue
        sum_ = sum(known[: len(plus)]) - sum(known[len(plus) :])
        if sum_ != have:
            terms = " + ".join(f"{n} {every[n]}" for n in plus) + "".join(f" - {n} {every[n]}" for n in minus)
            found.append(f"{name} is {have}, but {terms} is {sum_}")
    return found


def prisma(
    counts: Counts,
    *,
    reasons: Counts | None = None,
    ax: Axes | None = None,
    title: str = "",
    notes: Sequence[str] = (),
) -> Axes:
    """Draw how records became included studies.

    Parameters
    ----------
    counts : mapping of str to int or None
        ``databases``, ``registers``, ``other_sources``, ``duplicates``, ``automation``, ``other_removed``,
        ``screened``, ``excluded``, ``sought``, ``not_retrieved``, ``assessed``, ``studies`` and ``reports``. None, or
        no entry, where a number is not known: it stays blank.
    reasons : mapping of str to int or None, optional
        Reports assessed and excluded, by reason.
    ax : Axes, optional
    title : str
    notes : sequence of str

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        An unknown count, or one that is no whole number from 0 on.

    Warns
    -----
    DataWarning
        Numbers that do not add up, with the sum.

    References
    ----------
    Page et al. (2021) BMJ 372:n71, figure 1.
    """
    return _draw(prisma_layout(counts, reasons=reasons, title=title, notes=notes), ax)


def _draw(flow: Flow, ax: Axes | None) -> Axes:
    width = FIRST + 2 * WIDE + GAP
    head = wrap(flow.title, width, HEAD, "bold") if flow.title else ()
    foot = [line for note in flow.notes for line in wrap(note, width, SMALL)]
    tall = max(b.y + b.height for b in (*flow.boxes, *flow.phases))
    top = EDGE + len(head) * line_height(HEAD) + (BODY if head else 0.0)
    below = (BODY if foot else 0.0) + len(foot) * line_height(SMALL)
    page = open_page(ax, width + 2 * EDGE, top + tall + below + EDGE)
    page.block(EDGE, EDGE, head, size=HEAD, weight="bold")
    _boxes_and_arrows(page, flow, top)
    page.block(EDGE, top + tall + BODY, foot, size=SMALL)
    describe(page.ax, flow.alt_text)
    return page.ax


def _boxes_and_arrows(page: Page, flow: Flow, top: float) -> None:
    for phase in flow.phases:
        x0, y0, x1, y1 = EDGE, top + phase.y, EDGE + phase.width, top + phase.y + phase.height
        for xs, ys in (((x0, x1), (y0, y0)), ((x0, x1), (y1, y1)), ((x0, x0), (y0, y1)), ((x1, x1), (y0, y1))):
            page.line(xs, ys, width=0.5, color=GREY)
        page.text((x0 + x1) / 2, (y0 + y1) / 2, phase.name, size=SMALL, ha="center", weight="bold", rotation=90.0)
    for b in flow.boxes:
        x0, y0, x1, y1 = EDGE + b.x, top + b.y, EDGE + b.x + b.width, top + b.y + b.height
        for xs, ys in (((x0, x1), (y0, y0)), ((x0, x1), (y1, y1)), ((x0, x0), (y0, y1)), ((x1, x1), (y0, y1))):
            page.line(xs, ys, width=0.7, color=INK)
        page.block(x0 + PAD, y0 + PAD, b.lines, size=SMALL)
    places = {b.name: b for b in flow.boxes}
    for a, b in ((places[m], places[n]) for m, n in flow.arrows):
        middle = a.y + min(a.height, b.height) / 2
        if a.y == b.y:
            start, end = (a.x + a.width, middle), (b.x, middle)
        else:
            start, end = (a.x + a.width / 2, a.y + a.height), (b.x + b.width / 2, b.y)
        page.ax.annotate("", (EDGE + end[0], top + end[1]), (EDGE + start[0], top + start[1]),
                         xycoords=page.transform, textcoords=page.transform, annotation_clip=False,
                         arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": page.lw(0.8),
                                     "shrinkA": 0.0, "shrinkB": 0.0, "mutation_scale": 8.0 * page.scale})  # fmt: skip
