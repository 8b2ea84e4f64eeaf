"""CSV files as users make them: what is read, and what is refused with the place."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaket.errors import DataError, InputError
from metaket.tables import file_digest, numeric, read_table

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_rows_are_counted_as_a_spreadsheet_does(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, 'study , y\nA,1\n\n ,\nB," 2 "\n"C\nC",3\nD,4\n'))
    assert table.index.name == "row"
    assert list(table.index) == [2, 5, 6, 7]
    assert list(table.columns) == ["study", "y"]
    assert list(table["y"]) == ["1", "2", "3", "4"]
    assert table["study"][6] == "C\nC"


def test_a_blank_cell_is_an_empty_text_and_not_a_number(tmp_path: Path) -> None:
    table = read_table(write(tmp_path, "study,y\nA,\nB,0\n"))
    assert list(table["y"]) == ["", "0"]
    numbers = numeric(table, ["y", "absent"])
    assert math.isnan(numbers["y"][2])
    assert numbers["y"][3] == 0.0
    assert numbers["absent"].isna().all()
    assert "absent" not in table


@pytest.mark.parametrize("text", ["\ufeffstudy,y\nA,1\n", "study,y\r\nA,1\r\n", "study,y\rA,1\r", "study,y\nA,1"])
def test_every_kind_of_line_end_and_the_mark_that_excel_writes(tmp_path: Path, text: str) -> None:
    table = read_table(write(tmp_path, text))
    assert table.to_dict(orient="list") == {"study": ["A"], "y": ["1"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "table.csv is empty"),
        ("\n\n", "table.csv is empty"),
        (",,\nA,1,2\n", "table.csv is empty"),
        ("study,y\n", "has a header but no rows"),
        ("study,y\n , \n", "has a header but no rows"),
        ("study,y\nA\n", "row 2: 1 cells, but the header has 2"),
        ("study,y\nA,1\nB,1,2\n", "row 3: 3 cells, but the header has 2"),
        ('study,y\n"A,1\nB,2\n', "row 2: 1 cells"),
        ("study,y,y\nA,1,2\n", "column 'y' stands twice"),
        ("study,y,,\nA,1,2,3\n", "column '' stands twice"),
        ("Study,y\nA,1\n", "no column study; it has Study, y. Did you mean Study?"),
        ("name,y\nA,1\n", "no column study; it has name, y."),
        ("study;y\nA;0,5\n", "no column study; it has study;y"),
        ("study,y\nM\xfcller,1\n".encode("latin-1"), "not UTF-8 text; save it as CSV UTF-8"),
        ("study,y\nA,1\n".encode("utf-16"), "not UTF-8"),
        (b"PK\x03\x04\xff\xfe", "not UTF-8"),
    ],
)
def test_refused_with_the_reason(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_table(write(tmp_path, text), required=("study",))
    assert message in str(caught.value)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="is a folder, not a CSV file"):
        read_table(tmp_path)


def test_a_quote_that_is_never_closed_in_a_large_file_is_the_users_slip(tmp_path: Path) -> None:
    """The csv module gives up on a cell of 131072 characters."""
    path = write(tmp_path, 'study,y\n"A,1\n' + "B,2\n" * 40_000)
    with pytest.raises(InputError, match=r"table\.csv"):
        read_table(path)


@pytest.mark.parametrize("separator", ["\N{LINE SEPARATOR}", "\N{PARAGRAPH SEPARATOR}", "\x0b", "\x0c", "\x85"])
def test_only_line_ends_end_a_row(tmp_path: Path, separator: str) -> None:
    """Text pasted from a word processor or a PDF holds such characters; they are part of the cell."""
    table = read_table(write(tmp_path, f"study,note\nA,one{separator}two\nB,three\n"))
    assert list(table["note"]) == [f"one{separator}two", "three"]


@given(cells=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("study", "note"), *cells])
    kept = [(a.strip(), b.strip()) for a, b in cells if a.strip() or b.strip()]
    if not kept:
        with pytest.raises(InputError, match="no rows"):
            read_table(path)
        return
    assert list(read_table(path).itertuples(index=False, name=None)) == kept


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_every_finite_float_is_read_back(values: list[float]) -> None:
    table = pd.DataFrame({"y": [repr(v) for v in values]})
    assert numeric(table, ["y"])["y"].tolist() == values


@pytest.mark.parametrize(
    ("text", "value"), [("\N{MINUS SIGN}3.5", -3.5), (" 7 ", 7.0), ("1.", 1.0), (".5", 0.5), ("1e-3", 0.001)]
)
def test_forms_of_a_number(text: str, value: float) -> None:
    assert numeric(pd.DataFrame({"y": [text]}), ["y"])["y"].tolist() == [value]


@pytest.mark.parametrize("text", ["1,5", "1,234", "n/a", "NA", "12 (5)", "inf", "-inf", "1e400", "0x10", "<5", "1_8"])
def test_a_text_that_is_no_number_names_row_and_study(text: str) -> None:
    table = pd.DataFrame({"study": ["A", "B"], "n": ["1", text]}, index=pd.Index([2, 9], name="row"))
    with pytest.raises(DataError) as caught:
        numeric(table, ["n"], "outcomes.csv")
    assert str(caught.value) == f"outcomes.csv row 9 (B): n is {text!r}, not a number"


def test_numbers_are_a_copy() -> None:
    table = pd.DataFrame({"y": ["1"]})
    assert numeric(table, ["y"])["y"].dtype == np.float64
    assert table["y"].tolist() == ["1"]


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    """NIST's example for SHA-256: "abc"."""
    digest = file_digest(write(tmp_path, "abc"))
    assert digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
