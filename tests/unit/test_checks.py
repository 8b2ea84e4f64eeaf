"""Checks of arguments: the argument, its value, what is allowed, what to do."""

from __future__ import annotations

import numpy as np
import pytest

from metaket._checks import check_choice, check_effects, check_level, fail_row, float_array, row_name
from metaket.errors import DataError, InputError, UnknownChoiceError


def test_float_array() -> None:
    out = float_array("y", [1, 2])
    assert out.dtype == np.float64
    assert float_array("y", np.eye(2), ndim=2).shape == (2, 2)


@pytest.mark.parametrize("bad", [["a"], [None, "1x"], object(), [[1], [1, 2]]])
def test_float_array_refuses_what_is_no_number(bad: object) -> None:
    with pytest.raises(InputError, match=r"^y must be numbers, got "):
        float_array("y", bad)


def test_float_array_counts_dimensions() -> None:
    with pytest.raises(InputError, match=r"weights must have 1 dimension\(s\), got shape \(1, 2\)"):
        float_array("weights", [[1, 2]], ndim=1)


def test_check_choice_returns_the_code_as_written_in_the_list() -> None:
    assert check_choice("rule", "ONLY0", ("only0", "all")) == "only0"
    with pytest.raises(
        UnknownChoiceError, match=r"unknown rule 'onli0': choose one of only0, all\. Did you mean only0\?"
    ):
        check_choice("rule", "onli0", ("only0", "all"))


@pytest.mark.parametrize("level", [0.5, 0.95, np.float64(0.9)])
def test_levels(level: float) -> None:
    assert check_level(level) == float(level)
    assert type(check_level(level)) is float


@pytest.mark.parametrize("level", [0, 1, -0.1, 1.5, 100, float("nan"), "0.95", None])
def test_bad_levels(level: object) -> None:
    with pytest.raises(InputError, match="level must lie between 0 and 1, got "):
        check_level(level)  # type: ignore[arg-type]


def test_a_percentage_is_understood() -> None:
    with pytest.raises(InputError, match=r"got 90\. Did you mean 0\.9\?"):
        check_level(90)


def test_row_names() -> None:
    assert row_name(0, None) == "row 1"
    assert row_name(1, ("A", "Sos 2013"), (3, 7), "outcomes.csv") == "outcomes.csv row 7 (Sos 2013)"


def test_fail_row_names_the_first_and_counts_the_rest() -> None:
    bad, values = np.array([False, True, True]), np.array([1.0, 31.0, 40.0])
    with pytest.raises(DataError, match=r"^row 2 \(B\): events_t is 31 .*\(1 more rows have the same problem\)$"):
        fail_row(bad, "events_t is {:g}", (values,), ("A", "B", "C"))
    fail_row(np.zeros(3, dtype=bool), "not reached")


@pytest.mark.parametrize(
    ("y", "v", "message"),
    [
        ([1.0], [1.0, 2.0], r"same shape, got \(1,\) and \(2,\)"),
        ([], [], "no study left"),
        ([np.inf], [1.0], r"row 1 \(A\): effect y is inf; it must be finite"),
        ([1.0], [0.0], r"row 1 \(A\): sampling variance v is 0\.0; it must be finite and above 0"),
        ([1.0], [-2.0], "v is -2"),
        ([1.0], [np.nan], "v is nan"),
        ([1.0], [np.inf], "v is inf"),
    ],
)
def test_check_effects(y: list[float], v: list[float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_effects(np.array(y), np.array(v), ("A",))
