"""Reading columns: types of cells, names, rows, and what the message says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import DataError, InputError
from metaket.measures.table import as_table, numbers_of

BASE = {"study": ["A", "B"], "events_t": [8, 12], "n_t": [18, 30], "events_c": [1, 5], "n_c": [18, 30]}
RR = [2.0794415416798357, 0.8754687373538999]


def frame(**changes: object) -> pd.DataFrame:
    return pd.DataFrame(BASE | changes)


@pytest.mark.parametrize(
    "cells",
    [
        [8, 12],
        ["8", " 12 "],
        ["8.0", 12],
        pd.array([8, 12], dtype="Int64"),
        pd.array(["8", "12"], dtype="string"),
        pd.Categorical(["8", "12"]),
        np.array([8, 12], dtype=np.uint8),
        np.array([8, 12], dtype=object),
    ],
    ids=["int", "text", "mixed", "Int64", "string", "categorical", "uint8", "object"],
)
def test_every_type_of_number(cells: object) -> None:
    np.testing.assert_allclose(mk.effect_sizes(frame(events_t=cells), "RR").y, RR, rtol=1e-14)


@pytest.mark.parametrize(
    "blank", [None, np.nan, pd.NA, pd.NaT, "", "  ", "nan"], ids=["None", "NaN", "NA", "NaT", "empty", "spaces", "nan"]
)
def test_blank_cells_leave_the_study_out(blank: object) -> None:
    effects = mk.effect_sizes(frame(events_c=pd.Series([blank, 5], dtype=object)), "RR")
    assert effects.study == ("B",)
    assert [tuple(d) for d in effects.dropped] == [(1, "A", "events_c not known")]


def test_blank_in_a_nullable_column() -> None:
    effects = mk.effect_sizes(frame(events_c=pd.array([pd.NA, 5], dtype="Int64"), n_c=[None, 30]), "RR")
    assert effects.dropped[0].reason == "events_c, n_c not known"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("many", "is 'many', not a number"),
        ("8,5", "is '8,5', not a number"),
        (True, "is True, not a number"),
        ([8], r"is \[8\], not a number"),
        (1 + 2j, r"is \(1\+2j\), not a number"),
        (pd.Timestamp("2016-04-01"), "not a number"),
        (np.inf, "is inf, not a finite number"),
        ("1e999", "is '1e999', not a finite number"),
    ],
)
def test_cells_that_are_no_numbers(cell: object, shown: str) -> None:
    column = pd.Series([8, None], dtype=object)
    column.iloc[1] = cell
    with pytest.raises(DataError, match=rf"^row 2 \(B\): events_t .*{shown}|^row 2 \(B\): events_t {shown}"):
        mk.effect_sizes(frame(events_t=column), "RR")


def test_minus_signs_of_printed_papers() -> None:
    table = pd.DataFrame({"x": ["\N{MINUS SIGN}1.5", "-2"]})
    assert numbers_of(table, "x", {}).tolist() == [-1.5, -2.0]


def test_rows_are_numbered_from_one_or_by_an_index_named_row() -> None:
    bad = frame(events_t=[8, 31])
    with pytest.raises(DataError, match=r"^row 2 \(B\): events_t is 31 but n_t is 30; events cannot exceed the arm$"):
        mk.effect_sizes(bad, "RR")
    bad.index = pd.Index([2, 7], name="row")
    with pytest.raises(DataError, match=r"^row 7 \(B\): events_t is 31"):
        mk.effect_sizes(bad, "RR")
    good = frame(events_c=[None, 5])
    good.index = pd.Index([2, 7], name="row")
    effects = mk.effect_sizes(good, "RR")
    assert effects.rows == (7,)
    assert effects.dropped[0].row == 2
    assert effects.table is not None
    assert effects.table.index.tolist() == [7]


def test_a_repeated_index_does_no_harm() -> None:
    table = frame()
    table.index = pd.Index([0, 0])
    assert mk.effect_sizes(table, "RR").k == 2


def test_column_names_may_not_repeat() -> None:
    table = pd.concat([frame(), frame()[["events_t"]]], axis=1)
    with pytest.raises(InputError, match="the table has 2 columns named 'events_t'; keep one"):
        mk.effect_sizes(table, "RR")


def test_a_missing_column_names_the_nearest() -> None:
    with pytest.raises(
        InputError, match=r"measure RR needs column\(s\) events_t; the table has .*Did you mean event_t\?"
    ):
        mk.effect_sizes(frame().rename(columns={"events_t": "event_t"}), "RR")
    with pytest.raises(
        InputError, match=r"needs column\(s\) mean_t, sd_t, mean_c, sd_c; .*columns=\{'mean_t': 'your name'\}"
    ):
        mk.effect_sizes(frame(), "MD")
    with pytest.raises(InputError, match=r"columns= needs column\(s\) Events; the table has"):
        mk.effect_sizes(frame(), "RR", columns={"events_t": "Events"})
    with pytest.raises(InputError, match=r"columns= has no use for 'event_t'\. Did you mean events_t\?"):
        mk.effect_sizes(frame(), "RR", columns={"event_t": "events_t"})
    with pytest.raises(
        InputError, match=r"unknown column set 'metafur': choose one of metafor\. Did you mean metafor\?"
    ):
        mk.effect_sizes(frame(), "RR", columns="metafur")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "data must be a DataFrame or a mapping of columns, got NoneType"),
        ([[8, 18, 1, 18]], "got list"),
        ({**BASE, "n_t": [18]}, "the columns of data must be lists of one length"),
        ({**BASE, "n_t": 18}, "the columns of data must be lists of one length"),
        (pd.DataFrame({name: [] for name in BASE}), "no study left: the table has no rows"),
        ({name: [] for name in BASE}, "no study left: the table has no rows"),
    ],
)
def test_tables_that_are_none(data: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        mk.effect_sizes(data, "RR")  # type: ignore[arg-type]


def test_every_row_blank_lists_the_reasons() -> None:
    with pytest.raises(InputError, match=r"no study left for RR: A: events_t not known; B: n_c not known"):
        mk.effect_sizes(frame(events_t=[None, 12], n_c=[18, None]), "RR")


def test_studies_without_a_name_are_called_by_their_place() -> None:
    assert mk.effect_sizes(frame(study=["A", ""]), "RR").study == ("A", "Study 2")
    assert mk.effect_sizes(frame().drop(columns="study"), "RR").study == ("Study 1", "Study 2")
    assert mk.effect_sizes(frame().rename(columns={"study": "trial"}), "RR", columns={"study": "trial"}).study == (
        "A",
        "B",
    )


def test_the_table_is_not_changed() -> None:
    table = frame(events_c=["", "5"])
    before = table.copy(deep=True)
    mk.effect_sizes(table, "RR")
    pd.testing.assert_frame_equal(table, before)
    assert as_table(table) is table


def test_metafor_names() -> None:
    counts = {"ai": [8, 12], "n1i": [18, 30], "ci": [1, 5], "n2i": [18, 30]}
    cells = {"ai": [8, 12], "bi": [10, 18], "ci": [1, 5], "di": [17, 25]}
    for table in (counts, cells):
        np.testing.assert_allclose(mk.effect_sizes(table, "RR", columns="metafor").y, RR, rtol=1e-14)
    rates = mk.effect_sizes({"x1i": [8], "t1i": [100], "x2i": [4], "t2i": [100]}, "IRR", columns="metafor")
    assert rates.y[0] == pytest.approx(np.log(2.0), rel=1e-14)
    pairs = mk.effect_sizes({"ai": [3], "bi": [6], "ci": [2], "di": [9]}, "MPORC", columns="metafor")
    assert pairs.y[0] == pytest.approx(np.log(3.0), rel=1e-14)
    change = {"m1i": [3], "sd1i": [2], "m2i": [1], "sd2i": [2], "ni": [10], "ri": [0.5]}
    assert mk.effect_sizes(change, "MC", columns="metafor").v[0] == pytest.approx(0.4, rel=1e-14)
    assert mk.effect_sizes({"yi": [0.3], "vi": [0.1]}, "GEN", columns="metafor").v[0] == 0.1


@pytest.mark.parametrize(("measure", "v"), [("SMCR", 0.0730), ("SMCRH", 0.3618)])
def test_metafor_divides_a_raw_change_by_sd1i(measure: str, v: float) -> None:
    """R: escalc(measure, m1i = 5, m2i = 4, sd1i = 1, sd2i = 3, ni = 20, ri = 0.5) prints 0.9599 and these variances."""
    change = {"m1i": [5], "sd1i": [1], "m2i": [4], "sd2i": [3], "ni": [20], "ri": [0.5]}
    effects = mk.effect_sizes(change, measure, columns="metafor")
    assert effects.y[0] == pytest.approx(0.9599, abs=5e-5)
    assert effects.v[0] == pytest.approx(v, abs=5e-5)
