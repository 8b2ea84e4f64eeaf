"""Every rule for cells, by the name of the column: the message names row, study, value and what is allowed."""

from __future__ import annotations

import re

import pytest

import metaket as mk
from metaket.errors import DataError

COUNTS = {"events_t": 8, "n_t": 18, "events_c": 1, "n_c": 18}
MEANS = {"mean_t": 1.0, "sd_t": 2.0, "n_t": 10, "mean_c": 0.0, "sd_c": 3.0, "n_c": 12}
CHANGE = {"mean_post": 3.0, "sd_post": 2.0, "mean_pre": 1.0, "sd_pre": 2.0, "n": 10, "r": 0.5}
PAIRS = {"yes_yes": 3, "yes_no": 6, "no_yes": 2, "no_no": 9}
MARGINS = {"events_t": 9, "events_c": 5, "n": 20, "r": 0.2}
RATES = {"events_t": 8, "time_t": 100.0, "events_c": 4, "time_c": 90.0}

CASES = [
    ("RR", COUNTS, "events_t", 31, "events_t is 31 but n_t is 18; events cannot exceed the arm"),
    ("RR", COUNTS, "events_c", -2, "events_c is -2; it must be at least 0"),
    ("RR", COUNTS, "events_t", 7.5, "events_t is 7.5, not a whole number"),
    ("RR", COUNTS, "n_c", 0, "n_c is 0; it must be at least 1"),
    ("MD", MEANS, "sd_t", -1, "sd_t is -1; it cannot be below 0"),
    ("MD", MEANS, "sd_c", 0, "sd_c is 0; it must be above 0 (a blank cell leaves the study out)"),
    ("SMD", MEANS, "n_t", 9.5, "n_t is 9.5, not a whole number"),
    ("MC", CHANGE, "r", 1.2, "r is 1.2; a correlation lies between -1 and 1"),
    ("MC", CHANGE, "sd_pre", 0, "sd_pre is 0; it must be above 0 (a blank cell leaves the study out)"),
    ("MPOR", PAIRS, "no_no", 2.5, "no_no is 2.5, not a whole number"),
    ("MPOR", PAIRS, "yes_no", -1, "yes_no is -1; it must be at least 0"),
    ("MPOR", MARGINS, "events_t", 21, "events_t is 21 but n is 20; events cannot exceed the arm"),
    ("MPOR", MARGINS, "r", 0.9, "a correlation r of 0.9 is not possible with 9 and 5 events among 20 pairs"),
    ("PR", {"events": 3, "n": 11}, "events", 12, "events is 12 but n is 11; events cannot exceed the arm"),
    ("IRR", RATES, "time_t", 0, "time_t is 0; person-time must be above 0"),
    ("IRR", RATES, "events_c", 1.5, "events_c is 1.5, not a whole number"),
    ("ZCOR", {"r": 0.3, "n": 20}, "r", -1.01, "r is -1.01; a correlation lies between -1 and 1"),
    ("MN", {"mean": 3.0, "sd": 1.0, "n": 20}, "sd", -2, "sd is -2; it cannot be below 0"),
]


@pytest.mark.parametrize(
    ("code", "good", "column", "value", "message"), CASES, ids=[f"{c[0]}-{c[2]}-{c[3]}" for c in CASES]
)
def test_rules(code: str, good: dict[str, float], column: str, value: float, message: str) -> None:
    table = {"study": ["A", "B", "C"]} | {name: [cell, cell, cell] for name, cell in good.items()}
    assert mk.effect_sizes(table, code).k == 3
    table[column] = [good[column], value, good[column]]
    with pytest.raises(DataError, match=rf"^row 2 \(B\): {re.escape(message)}$"):
        mk.effect_sizes(table, code)
    table[column] = [good[column], value, value]
    with pytest.raises(DataError, match=r"^row 2 \(B\): .*\(1 more rows have the same problem\)$"):
        mk.effect_sizes(table, code)


def test_the_name_of_the_users_column_is_shown() -> None:
    table = {"resp": [31], "n_t": [18], "events_c": [1], "n_c": [18]}
    with pytest.raises(DataError, match="resp is 31 but n_t is 18"):
        mk.effect_sizes(table, "RR", columns={"events_t": "resp"})


@pytest.mark.parametrize(
    ("code", "table", "message"),
    [
        ("ROM", MEANS | {"mean_c": -1.0}, r"ROM gives y = nan .* A log needs positive means"),
        ("MNLN", {"mean": -1.0, "sd": 1.0, "n": 9}, r"MNLN gives y = nan .* A log needs positive means"),
        ("ZCOR", {"r": 1.0, "n": 20}, r"ZCOR gives y = inf .* Check the row's cells"),
        ("ZCOR", {"r": 0.5, "n": 3}, r"ZCOR gives .* v = inf; y must be finite and v above 0"),
        ("SMD", MEANS | {"n_t": 1, "n_c": 1}, r"SMD gives y = nan"),
        ("PHI", {"events_t": 0, "n_t": 9, "events_c": 0, "n_c": 9}, r"PHI gives y = nan .* Choose a zero-cell rule"),
        (
            "RD",
            {"events_t": 0, "n_t": 9, "events_c": 0, "n_c": 9},
            r"RD gives y = 0 and v = 0; .* zero-cell rule 'only0'",
        ),
    ],
)
def test_effects_that_are_not_defined(code: str, table: dict[str, float], message: str) -> None:
    kwargs = {"zero_cells": "none", "double_zero": "keep"} if "events_t" in table else {}
    with pytest.raises(DataError, match=rf"^row 1 \(Study 1\): {message}"):
        mk.effect_sizes({name: [cell] for name, cell in table.items()}, code, **kwargs)


def test_impossible_change_in_spread() -> None:
    table = {name: [cell] for name, cell in CHANGE.items() if name != "r"} | {"sd_change": [5.0]}
    with pytest.raises(DataError, match="sd_change 5 is not possible with sd_post 2 and sd_pre 2"):
        mk.effect_sizes(table, "MC")
