"""Which denominators and counts a printed percentage can come from, against fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest

import metaket as mk
from metaket.errors import InputError


@pytest.mark.parametrize(("text", "decimals"), [("63.8%", 1), ("50%", 0), ("7.14%", 2), ("0.0%", 1), ("100%", 0)])
def test_against_fractions(text: str, decimals: int) -> None:
    half = Fraction(1, 2 * 10**decimals)
    target = Fraction(text.rstrip("%"))
    want = {
        n: (counts,)
        for n in range(1, 61)
        if (counts := tuple(i for i in range(n + 1) if abs(Fraction(100 * i, n) - target) <= half))
    }
    assert mk.possible_counts(text, max_n=60).counts == want


def test_a_tie_counts_both_ways() -> None:
    assert 8 in mk.possible_counts("12%").n
    assert 8 in mk.possible_counts("13%").n


def test_bounds_that_are_printed() -> None:
    assert mk.possible_counts("<5%", n=40).counts == {40: ((0, 1),)}
    assert mk.possible_counts(">=95%", n=40).counts == {40: ((38, 39, 40),)}


def test_several_percentages_share_a_denominator() -> None:
    found = mk.possible_counts(["29%", "16.1%", "9.7%", "6.5%"], n="20 to 40")
    assert found.counts == {31: ((9,), (5,), (3,), (2,))}
    assert found.verdict == "one"
    assert found.to_frame().iloc[0].tolist() == [31, 9, 9, 5, 5, 3, 3, 2, 2]
    assert found.to_dict()["denominators"] == [{"n": 31, "counts": [[9], [5], [3], [2]]}]


def test_words() -> None:
    assert str(mk.possible_counts("50%", n=7)) == "50% of 7: not possible, no whole number gives it"
    assert str(mk.possible_counts(["50%", "12.5%"], n=8)) == "50% and 12.5% of 8: possible, 4/8, 1/8"
    assert (
        str(mk.possible_counts(["50%", "33%"], n="7 to 8"))
        == "50% and 33%: no denominator from 7 to 8 gives all of them"
    )
    assert str(mk.possible_counts("63.8%", max_n=50)) == "63.8%: 1 of 50 denominators from 1 to 50 fit\n  30/47"
    assert "every denominator from 100 to 120" in str(mk.possible_counts("64%", n=(100, 120)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"percents": []}, "percents is empty"),
        ({"percents": "lots"}, "percent: cannot read"),
        ({"percents": "101%"}, "percentage between 0 and 100"),
        ({"percents": "50%", "max_n": 0}, "from at least 1, got 1 to 0"),
        ({"percents": "50%", "n": "0 to 4"}, "from at least 1, got 0 to 4"),
    ],
)
def test_messages(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        mk.possible_counts(**arguments)  # type: ignore[arg-type]
