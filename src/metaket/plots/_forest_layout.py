"""What a forest plot shows, as numbers and text. No matplotlib here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metaket.plots._forest_styles import ForestStyle
from metaket.plots._scale import Axis
from metaket.plots._text import percent

__all__ = ["ForestColumn", "ForestLayout", "ForestMark", "ForestPanel", "ForestRow"]

NAN = float("nan")
STUDY, HEADING, SUBTOTAL, SUMMARY, PREDICTION, NOTE = "study", "heading", "subtotal", "summary", "prediction", "note"


@dataclass(frozen=True, slots=True)
class ForestMark:
    """One effect in one panel.

    Attributes
    ----------
    estimate, low, high : float
        On the scale that people read; the estimate of a prediction interval is NaN.
    text : tuple of str
        Estimate, lower and upper end in print.
    shape : {"square", "diamond", "bar"}
    weights : tuple of float
        Per cent, one for each column of weights; NaN where it has no meaning.
    side : float
        Side of a square relative to the largest: its area is proportional to the weight.
    series : int
        Which of several estimates of the row it is.
    sign : str
        After each weight in print.
    """

    estimate: float
    low: float
    high: float
    text: tuple[str, str, str]
    shape: str = "square"
    weights: tuple[float, ...] = ()
    side: float = 1.0
    series: int = 0
    sign: str = ""

    @property
    def weight_texts(self) -> tuple[str, ...]:
        """The weights in print."""
        return tuple("" if np.isnan(w) else percent(w) + self.sign for w in self.weights)


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One line of the table.

    Attributes
    ----------
    label : str
        With the markers of its footnotes.
    kind : {"study", "heading", "subtotal", "summary", "prediction", "note"}
    marks : tuple of tuple of ForestMark
        One tuple for each panel; empty where the row has no effect there.
    index : int
        Which study (in the order of the columns' cells), or which subgroup; -1 for none.
    indent : int
    """

    label: str
    kind: str = STUDY
    marks: tuple[tuple[ForestMark, ...], ...] = ()
    index: int = -1
    indent: int = 0

    @property
    def mark(self) -> ForestMark:
        """The first effect of the row."""
        return next(m for marks in self.marks for m in marks)

    @property
    def estimate(self) -> float:
        """Of the first effect."""
        return self.mark.estimate

    @property
    def low(self) -> float:
        """Of the first effect."""
        return self.mark.low

    @property
    def high(self) -> float:
        """Of the first effect."""
        return self.mark.high

    @property
    def text(self) -> tuple[str, str, str]:
        """Of the first effect."""
        return self.mark.text

    @property
    def weight(self) -> float:
        """Of the first effect, per cent."""
        return self.mark.weights[0] if self.mark.weights else NAN


@dataclass(frozen=True, slots=True)
class ForestColumn:
    """A column of text, or of risk-of-bias dots.

    Attributes
    ----------
    group : str
        Name over several columns (an arm); may be empty.
    heading : str
    cells : tuple of str
        One a study.
    total : str
        Of the pooled row.
    subtotals : tuple of str
        One a subgroup; may be empty.
    align : {"left", "right", "center"}
    dots : bool
        Cells are judgements, drawn as dots.
    """

    group: str
    heading: str
    cells: tuple[str, ...]
    total: str = ""
    subtotals: tuple[str, ...] = ()
    align: str = "right"
    dots: bool = False

    def cell(self, row: ForestRow) -> str:
        """What stands in a row."""
        if row.kind == STUDY:
            return self.cells[row.index]
        if row.kind == SUBTOTAL:
            return self.subtotals[row.index] if self.subtotals else ""
        return self.total if row.kind == SUMMARY and row.index == 0 else ""


@dataclass(frozen=True, slots=True)
class ForestPanel:
    """One value axis with its effects.

    Attributes
    ----------
    title : str
    heading : tuple of str
        What stands over the printed effects: the measure, and the level of the intervals.
    axis : Axis
    favours : tuple of str or None
        Labels of the low and the high side of the null.
    weights : tuple of str
        Headings of the columns of weights.
    """

    title: str
    heading: tuple[str, str]
    axis: Axis
    favours: tuple[str, str] | None = None
    weights: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForestLayout:
    """Everything a forest plot shows, as numbers and text.

    Attributes
    ----------
    title : str
    style : ForestStyle
    table : tuple of ForestRow
        Every line in the order in which it is drawn.
    left, right : tuple of ForestColumn
        Columns before and after the panels.
    panels : tuple of ForestPanel
    series : tuple of str
        Names of several estimates in a row; empty for one.
    lines : tuple of str
        Heterogeneity, tests, and why there is no prediction interval.
    footnotes : tuple of str
    alt_text : str
    """

    title: str
    style: ForestStyle
    table: tuple[ForestRow, ...]
    left: tuple[ForestColumn, ...]
    right: tuple[ForestColumn, ...]
    panels: tuple[ForestPanel, ...]
    series: tuple[str, ...]
    lines: tuple[str, ...]
    footnotes: tuple[str, ...]
    alt_text: str

    def of_kind(self, kind: str) -> tuple[ForestRow, ...]:
        """The rows of a kind."""
        return tuple(row for row in self.table if row.kind == kind)

    @property
    def rows(self) -> tuple[ForestRow, ...]:
        """The studies."""
        return self.of_kind(STUDY)

    @property
    def summary(self) -> ForestRow | None:
        """The first pooled row of all studies."""
        return next(iter(self.of_kind(SUMMARY)), None)

    @property
    def prediction(self) -> ForestRow | None:
        """The prediction interval of all studies."""
        return next(iter(self.of_kind(PREDICTION)), None)

    @property
    def axis(self) -> Axis:
        """Of the first panel."""
        return self.panels[0].axis

    @property
    def columns(self) -> tuple[ForestColumn, ...]:
        """All columns."""
        return (*self.left, *self.right)

    @property
    def squares(self) -> tuple[float, ...]:
        """Side of each study's square relative to the largest."""
        return tuple(row.mark.side for row in self.rows)
