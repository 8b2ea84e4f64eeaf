"""Every form that papers print."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaket.errors import InputError
from metaket.reproduction.claims import read_printed, rounds_to


@pytest.mark.parametrize(
    ("text", "low", "high", "decimals", "unit"),
    [
        ("0.40", 0.395, 0.405, 2, ""),
        ("52.2%", 52.15, 52.25, 1, "%"),
        ("\N{MINUS SIGN}1\N{MIDDLE DOT}5", -1.55, -1.45, 1, ""),
        ("\N{EN DASH}0.03", -0.035, -0.025, 2, ""),
        (".05", 0.045, 0.055, 2, ""),
        ("1,234", 1233.5, 1234.5, 0, ""),
        ("nine", 8.5, 9.5, 0, ""),
        ("<0.001", -math.inf, 0.001, 3, ""),
        ("p < 0.05", -math.inf, 0.05, 2, ""),
        ("> 0.10", 0.10, math.inf, 2, ""),
        ("0.000", -0.0005, 0.0005, 3, ""),
    ],
)
def test_forms(text: str, low: float, high: float, decimals: int, unit: str) -> None:
    printed = read_printed(text)
    assert (printed.low, printed.high) == pytest.approx((low, high), abs=1e-12)
    assert (printed.decimals, printed.unit) == (decimals, unit)


@pytest.mark.parametrize(("text", "decision"), [("NS", "not significant"), ("Significant", "significant")])
def test_words(text: str, decision: str) -> None:
    assert read_printed(text).decision == decision


@pytest.mark.parametrize("text", ["", "about half", "1.2.3", "0,40", "%", "12 to 14"])
def test_unreadable(text: str) -> None:
    with pytest.raises(InputError, match="cannot read the printed value"):
        read_printed(text)


def test_both_roundings_of_a_tie() -> None:
    assert rounds_to(0.125, read_printed("0.13"))  # half up
    assert rounds_to(0.125, read_printed("0.12"))  # half to even
    assert not rounds_to(0.1251, read_printed("0.12"))
    assert rounds_to(0.0004, read_printed("0.000"))
    assert rounds_to(0.0004, read_printed("<0.001"))
    assert not rounds_to(0.001, read_printed("<0.001"))


@given(value=st.floats(-1e4, 1e4), decimals=st.integers(0, 4))
def test_what_is_rounded_rounds_to_its_print(value: float, decimals: int) -> None:
    assert rounds_to(value, read_printed(f"{value:.{decimals}f}"))
