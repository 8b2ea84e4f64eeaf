"""One table, four renderings: text, Markdown, LaTeX and HTML show the same cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from metaket._checks import check_choice
from metaket.errors import InputError
from metaket.plots._forest_words import level_text
from metaket.report._plain import plain_table
from metaket.report.format import EFFECTS, PAIRS, cell_texts, label_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "Rich", "Table", "make_table", "render"]

FORMATS = ("text", "markdown", "latex", "html")
LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "\N{MINUS SIGN}": "$-$",
    "τ": r"$\tau$", "²": r"$^2$", "ρ": r"$\rho$", "×": r"$\times$", "∞": r"$\infty$", "\n": " ",
}  # fmt: skip
MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")


@runtime_checkable
class Rich(Protocol):
    """A cell that brings its own HTML; `str` of it is what the other renderings show."""

    def __html__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Table:
    """Cells ready for people.

    Attributes
    ----------
    headers : tuple of str
    rows : tuple of tuple
        Text, or `Rich`.
    align : tuple of {"left", "right"}
    caption : str
    sections : mapping of int to str
        Headings that stand before the row of that number.
    css : str
        Class of the HTML table.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    align: tuple[str, ...] = ()
    caption: str = ""
    sections: Mapping[int, str] = field(default_factory=dict)
    css: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.headers) for row in self.rows):
            raise InputError(f"every row of a table needs {len(self.headers)} cells, one a header")

    def __len__(self) -> int:
        return len(self.rows)

    def side(self, column: int) -> str:
        """Alignment of a column."""
        return self.align[column] if self.align else "left"

    def to(self, form: str, *, width: int | None = None) -> str:
        """The table in one of `FORMATS`; `width` (characters) wraps the text rendering."""
        form = check_choice("table format", form, FORMATS)
        if form == "text":
            sides = [self.side(i) for i in range(len(self.headers))]
            return plain_table(self.headers, self.rows, sides, self.sections, self.caption, width)
        return {"markdown": _markdown, "latex": _latex, "html": _html}[form](self)

    def __str__(self) -> str:
        return self.to("text")

    def __html__(self) -> str:
        return self.to("html")

    def _repr_html_(self) -> str:
        return self.to("html")


def make_table(
    frame: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    labels: Mapping[str, str] | None = None,
    decimals: int | None = None,
    ratio: bool = False,
    level: float = 0.95,
    caption: str = "",
    css: str = "",
) -> Table:
    """A frame with machine names as a table with human ones.

    Parameters
    ----------
    frame : DataFrame
    columns : sequence of str, optional
        Which, and in which order; by default all. Both limits of an interval become one column.
    labels : mapping, optional
        Column -> heading, where the usual one does not fit.
    decimals : int, optional
        Of effects; by default from the standard errors.
    ratio : bool
        The effects are ratios.
    level : float
        Level of the intervals, for their headings.
    caption, css : str

    Returns
    -------
    Table

    Raises
    ------
    InputError
        A column that the frame does not have.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"study": ["A"], "estimate": [0.5], "ci_low": [0.1], "ci_high": [0.9], "p_value": [2e-4]})
    >>> print(make_table(frame))
    Study  Estimate  95% CI        p
    -----  --------  ------------  ------
    A          0.50  0.10 to 0.90  <0.001
    """
    wanted = list(frame.columns) if columns is None else list(columns)
    absent = [c for c in wanted if c not in frame.columns]
    if absent:
        raise InputError(f"the table has no column {absent[0]!r}; it has {', '.join(map(str, frame.columns))}")
    own = labels or {}
    ends = {low: (high, text) for low, high, text in PAIRS if low in wanted and high in wanted}
    headers, cells, align = [], [], []
    for name in wanted:
        if name in {high for high, _ in ends.values()}:
            continue
        texts = cell_texts(frame, name, decimals, ratio=ratio)
        right = _is_number(frame, name)
        heading = own.get(name) or label_of(name)
        if name in ends:
            high, pattern = ends[name]
            others = cell_texts(frame, high, decimals, ratio=ratio)
            texts = [f"{a} to {b}" if a and b else a or b for a, b in zip(texts, others, strict=True)]
            heading, right = own.get(name) or pattern.format(level=level_text(level)), False
        headers.append(heading)
        cells.append(texts)
        align.append("right" if right else "left")
    rows = tuple(zip(*cells, strict=True)) if cells else ()
    return Table(tuple(headers), rows, tuple(align), caption, {}, css)


def _is_number(frame: pd.DataFrame, name: str) -> bool:
    import pandas as pd

    kind = frame[name]
    return name in EFFECTS or (pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind))


def render(frame: pd.DataFrame, form: str = "text", *, width: int | None = None, **options: Any) -> str:
    """A frame as text, Markdown, LaTeX (booktabs) or HTML; options as in `make_table`.

    Examples
    --------
    >>> import pandas as pd
    >>> print(render(pd.DataFrame({"k": [2], "i2": [28.4411]}), "markdown"))
    | k | I² (%) |
    | ---: | ---: |
    | 2 | 28.4 |
    """
    return make_table(frame, **options).to(form, width=width)


def _markdown(table: Table) -> str:
    def cell(value: Any) -> str:
        return MARKDOWN.sub(r"\\\1", str(value)).replace("\r", "").replace("\n", "<br>")

    lines = [f"{cell(table.caption)}\n"] if table.caption else []
    lines.append(f"| {' | '.join(map(cell, table.headers))} |")
    rule = ("---:" if table.side(i) == "right" else "---" for i in range(len(table.headers)))
    lines.append(f"| {' | '.join(rule)} |")
    for number, row in enumerate(table.rows):
        if number in table.sections:
            blank = [""] * (len(table.headers) - 1)
            lines.append(f"| {' | '.join([f'**{cell(table.sections[number])}**', *blank])} |")
        lines.append(f"| {' | '.join(map(cell, row))} |")
    return "\n".join(lines)


def _latex(table: Table) -> str:
    def cell(value: Any) -> str:
        return "".join(LATEX.get(c, c) for c in str(value))

    sides = "".join("r" if table.side(i) == "right" else "l" for i in range(len(table.headers)))
    lines = [r"\begin{table}", rf"\caption{{{cell(table.caption)}}}"] if table.caption else []
    lines += [
        rf"\begin{{tabular}}{{{sides}}}",
        r"\toprule",
        f"{' & '.join(map(cell, table.headers))} \\\\",
        r"\midrule",
    ]
    for number, row in enumerate(table.rows):
        if number in table.sections:
            lines.append(rf"\multicolumn{{{len(table.headers)}}}{{l}}{{\textit{{{cell(table.sections[number])}}}}} \\")
        lines.append(f"{' & '.join(map(cell, row))} \\\\")
    lines += [r"\bottomrule", r"\end{tabular}"]
    return "\n".join([*lines, r"\end{table}"] if table.caption else lines)


def html_text(value: Any) -> str:
    """A cell as HTML: escaped, unless it brings its own."""
    if isinstance(value, Rich):
        return value.__html__()
    return escape(str(value)).replace("\n", "<br>")


def _html(table: Table) -> str:
    """Headers have a scope; each cell repeats its heading in `data-label` for narrow screens."""
    css = f' class="{escape(table.css)}"' if table.css else ""
    lines = [f'<table role="table"{css}>']
    if table.caption:
        lines.append(f"<caption>{html_text(table.caption)}</caption>")
    numeric = [' class="num"' if table.side(i) == "right" else "" for i in range(len(table.headers))]
    heads = (f'<th role="columnheader" scope="col"{n}>{html_text(h)}</th>'
             for h, n in zip(table.headers, numeric, strict=True))  # fmt: skip
    lines.append(f'<thead role="rowgroup"><tr role="row">{"".join(heads)}</tr></thead>')
    lines.append('<tbody role="rowgroup">')
    for number, row in enumerate(table.rows):
        if number in table.sections:
            lines.append(f'<tr role="row" class="section"><th role="rowheader" scope="rowgroup" '
                         f'colspan="{len(table.headers)}">{html_text(table.sections[number])}</th></tr>')  # fmt: skip
        cells = []
        for i, (head, value) in enumerate(zip(table.headers, row, strict=True)):
            tag, role = ("th", ' role="rowheader" scope="row"') if i == 0 else ("td", ' role="cell"')
            label = f' data-label="{escape(head)}"'
            empty = "" if str(value) else ' data-empty=""'
            cells.append(f"<{tag}{role}{numeric[i]}{label}{empty}>{html_text(value)}</{tag}>")
        lines.append(f'<tr role="row">{"".join(cells)}</tr>')
    lines.append("</tbody>\n</table>")
    return "\n".join(lines)
