"""One table, four renderings: the same cells, escaped for each."""

from __future__ import annotations

import math
from html.parser import HTMLParser

import pandas as pd
import pytest

import metaket as mk
from metaket.errors import InputError, UnknownChoiceError
from metaket.report._plain import cell_width, wrap_cell
from metaket.report.format import label_of, number_text, p_value_text
from metaket.report.table import FORMATS, Table, make_table, render

FRAME = pd.DataFrame(
    {
        "study": ["A & <b>", "100 % | _x_", None],
        "estimate": [-0.5, 1.25, math.nan],
        "std_error": [0.25, 0.5, math.nan],
        "ci_low": [-0.99, 0.27, math.nan],
        "ci_high": [-0.01, 2.23, math.nan],
        "p_value": [0.0455, 0.00042, math.nan],
        "i2": [28.44, 0.0, math.nan],
        "k": [2, 10, 1],
        "converged": [True, False, True],
    }
)


class Cells(HTMLParser):
    """The text of every cell, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag in ("td", "th")
        if self.inside:
            self.cells.append("")

    def handle_endtag(self, _tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.cells[-1] += data


@pytest.mark.parametrize(
    ("p", "shown"),
    [(0.0009999, "<0.001"), (0.001, "0.001"), (0.05, "0.050"), (0.99951, ">0.999"), (1.0, "1.000"), (math.nan, "")],
)
def test_p_values(p: float, shown: str) -> None:
    assert p_value_text(p) == shown


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (-1.5, 2, "−1.50"),
        (0.0, 2, "0.00"),
        (0.0012, 2, "0.0012"),
        (-0.0, 1, "0.0"),
        (math.inf, 1, "∞"),
        (math.nan, 2, ""),
    ],
)
def test_numbers(value: float, decimals: int, shown: str) -> None:
    assert number_text(value, decimals) == shown


def test_labels_are_for_people() -> None:
    assert label_of("p_value") == "p"
    assert label_of("tau2") == "τ²"
    assert label_of("my_own_column") == "My own column"


def test_headings_and_cells() -> None:
    table = make_table(FRAME)
    assert table.headers == ("Study", "Estimate", "Std. error", "95% CI", "p", "I² (%)", "k", "Converged")
    assert table.rows[0] == ("A & <b>", "−0.50", "0.25", "−0.99 to −0.01", "0.045", "28.4", "2", "yes")
    assert table.rows[1][4] == "<0.001"
    assert table.rows[2] == ("", "", "", "", "", "", "1", "yes")


def test_level_and_chosen_columns() -> None:
    table = make_table(FRAME, columns=["ci_low", "ci_high", "k"], level=0.9, labels={"k": "Trials"})
    assert table.headers == ("90% CI", "Trials")


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(InputError, match="no column 'nonsense'"):
        make_table(FRAME, columns=["nonsense"])


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(UnknownChoiceError, match="Did you mean markdown"):
        render(FRAME, "markdwon")


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_shows_every_number(form: str) -> None:
    out = render(FRAME, form).replace("$-$", "-").replace("−", "-").replace(r"\<", "<").replace("$<$", "<")
    for text in ("-0.50", "1.25", "-0.99 to -0.01", "0.045", "28.4"):
        assert text in out
    assert "0.001" in out
    assert "nan" not in out.lower()


def test_html_is_escaped_and_labelled() -> None:
    out = render(FRAME, "html", caption="<Caption>")
    assert "<b>" not in out
    assert "&lt;Caption&gt;" in out
    parser = Cells()
    parser.feed(out)
    assert parser.cells[8:10] == ["A & <b>", "−0.50"]
    assert 'scope="col"' in out
    assert 'scope="row"' in out
    assert 'data-label="Estimate"' in out


def test_markdown_and_latex_are_escaped() -> None:
    markdown = render(FRAME, "markdown")
    assert r"100 % \| \_x\_" in markdown
    assert {line.replace(r"\|", "").count("|") for line in markdown.splitlines()} == {9}
    latex = render(FRAME, "latex")
    assert r"A \& $<$b$>$" in latex
    assert r"100 \% | \_x\_" in latex
    assert r"I$^2$ (\%)" in latex


def test_text_fits_its_width_and_loses_nothing() -> None:
    long = "a cause in many words " * 6
    table = Table(("Claim", "Cause"), (("first", long.strip()), ("second", "x" * 70)))
    out = table.to("text", width=50)
    assert max(len(line) for line in out.splitlines()) <= 50
    assert out.count("cause") == 6
    assert out.count("x") == 70


def test_text_is_ascii_for_our_own_signs() -> None:
    assert render(FRAME[["estimate", "i2"]], "text").isascii()


def test_wide_letters_line_up() -> None:
    assert cell_width("韩梅") == 4
    assert cell_width("e\u0301") == 1
    out = Table(("a", "b"), (("韩梅", "1"), ("xxxx", "2"))).to("text").splitlines()
    assert out[2] == "韩梅  1"
    assert out[3] == "xxxx  2"


def test_a_long_word_is_broken() -> None:
    assert wrap_cell("abcdefgh ij", 3) == ["abc", "def", "gh", "ij"]


def test_rows_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match="needs 2 cells"):
        Table(("a", "b"), (("1",),))


def test_sections_stand_before_their_row() -> None:
    table = Table(("a", "b"), (("1", "2"), ("3", "4")), sections={1: "Second & last"})
    lines = table.to("text").splitlines()
    assert lines.index("Second & last") == lines.index("3  4") - 1
    assert table.to("html").index("Second &amp; last") < table.to("html").index(">3<")
    assert "**Second & last**" in table.to("markdown")
    assert r"\textit{Second \& last}" in table.to("latex")


def test_a_pooled_result_is_a_frame_like_any_other() -> None:
    result = mk.pool(mk.generic([0.2, 0.5, -0.3], [0.04, 0.09, 0.02], measure="SMD"), tau2="DL")
    out = render(result.to_frame())
    assert "95% CI" in out
    assert "tau2" in out
