"""Every form that papers print, and what rounds to it."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from metaket.errors import InputError
from metaket.reproduction.claims import matches, read_printed, rounds_to, words_to_number

EDGE = 1e-12  # ends of the intervals are sums of decimals
VALUES = st.floats(-1e6, 1e6)
PLACES = st.integers(0, 5)


@pytest.mark.parametrize(
    ("text", "low", "high", "decimals", "unit"),
    [
        ("0.40", 0.395, 0.405, 2, ""),
        ("0.4", 0.35, 0.45, 1, ""),
        ("52.2%", 52.15, 52.25, 1, "%"),
        ("52.2 %", 52.15, 52.25, 1, "%"),
        ("52\N{MIDDLE DOT}2 %", 52.15, 52.25, 1, "%"),
        ("0\N{BULLET}40", 0.395, 0.405, 2, ""),
        ("0\N{DOT OPERATOR}40", 0.395, 0.405, 2, ""),
        ("\N{MINUS SIGN}1\N{MIDDLE DOT}5", -1.55, -1.45, 1, ""),
        ("\N{EN DASH}0.03", -0.035, -0.025, 2, ""),
        ("\N{FIGURE DASH}0.03", -0.035, -0.025, 2, ""),
        ("\N{NON-BREAKING HYPHEN}0.03", -0.035, -0.025, 2, ""),
        ("-0.00", -0.005, 0.005, 2, ""),
        ("+0.5", 0.45, 0.55, 1, ""),
        (".05", 0.045, 0.055, 2, ""),
        ("-.5", -0.55, -0.45, 1, ""),
        (" 7 ", 6.5, 7.5, 0, ""),
        ("1,234", 1233.5, 1234.5, 0, ""),
        ("1,234,567.8", 1234567.75, 1234567.85, 1, ""),
        ("1.2e-3", 0.00115, 0.00125, 4, ""),
        ("0.000", -0.0005, 0.0005, 3, ""),
        ("= 0.05", 0.045, 0.055, 2, ""),
        ("P=.03", 0.025, 0.035, 2, ""),
        ("<0.001", -math.inf, 0.001, 3, ""),
        ("p < 0.05", -math.inf, 0.05, 2, ""),
        ("P<.0001", -math.inf, 0.0001, 4, ""),
        ("\N{LESS-THAN OR EQUAL TO}0.05", -math.inf, 0.05, 2, ""),
        ("> 0.10", 0.10, math.inf, 2, ""),
        (">=90%", 90, math.inf, 0, "%"),
        ("zero", -0.5, 0.5, 0, ""),
        ("nine", 8.5, 9.5, 0, ""),
        ("Fifteen ", 14.5, 15.5, 0, ""),
        ("twenty-one", 20.5, 21.5, 0, ""),
        ("ten randomized placebo-controlled studies", 9.5, 10.5, 0, ""),
        ("1,234 patients", 1233.5, 1234.5, 0, ""),
        ("1.58*", 1.575, 1.585, 2, ""),
        ("<0.001***", -math.inf, 0.001, 3, ""),
        ("52.2%\N{DAGGER}", 52.15, 52.25, 1, "%"),
        ("P = .03 \N{DOUBLE DAGGER}", 0.025, 0.035, 2, ""),
        ("P less than .001", -math.inf, 0.001, 3, ""),
        ("greater than 0\N{MIDDLE DOT}10", 0.10, math.inf, 2, ""),
        ("OR, 1.58", 1.575, 1.585, 2, ""),
        ("0,40", 0.395, 0.405, 2, ""),
        ("12,5 %", 12.45, 12.55, 1, "%"),
        ("1\N{THIN SPACE}234", 1233.5, 1234.5, 0, ""),
        ("52.2 per cent", 52.15, 52.25, 1, "%"),
        ("52\N{NARROW NO-BREAK SPACE}%", 51.5, 52.5, 0, "%"),
        ("P = .03", 0.025, 0.035, 2, ""),
        ("p < 0\N{MIDDLE DOT}05", -math.inf, 0.05, 2, ""),
        ("p-value: 0.03", 0.025, 0.035, 2, ""),
        ("\N{LESS-THAN SIGN}\N{NO-BREAK SPACE}.001", -math.inf, 0.001, 3, ""),
        ("I\N{SUPERSCRIPT TWO} = 45%", 44.5, 45.5, 0, "%"),
        ("I2 45 %", 44.5, 45.5, 0, "%"),
        ("Q = 55.54", 55.535, 55.545, 2, ""),
        ("Q(12) = 55.54", 55.535, 55.545, 2, ""),
        ("chi2 (df = 4) = 9.1", 9.05, 9.15, 1, ""),
        ("tau\N{SUPERSCRIPT TWO} = 0.00", -0.005, 0.005, 2, ""),
        ("RR 1.58", 1.575, 1.585, 2, ""),
        ("\N{ALMOST EQUAL TO}0.4", 0.35, 0.45, 1, ""),
        ("n = 368", 367.5, 368.5, 0, ""),
        ("1.2 x 10^-5", 1.15e-5, 1.25e-5, 6, ""),
        ("1.2\N{MULTIPLICATION SIGN}10\N{SUPERSCRIPT MINUS}\N{SUPERSCRIPT FIVE}", 1.15e-5, 1.25e-5, 6, ""),
        ("1\N{MIDDLE DOT}2 \N{MIDDLE DOT} 10^\N{MINUS SIGN}5", 1.15e-5, 1.25e-5, 6, ""),
        ("1.2 \N{MULTIPLICATION SIGN} 10\N{EN DASH}5", 1.15e-5, 1.25e-5, 6, ""),
        ("3 x 10^2", 250, 350, 0, ""),
    ],
)
def test_forms(text: str, low: float, high: float, decimals: int, unit: str) -> None:
    printed = read_printed(text)
    assert (printed.low, printed.high) == pytest.approx((low, high), abs=EDGE)
    assert (printed.decimals, printed.unit, printed.text) == (decimals, unit, text)


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        *((t, "not significant") for t in ("NS", "ns", "n.s.", "N.S.", " not significant ", "non-significant")),
        *((t, "not significant") for t in ("nonsignificant", "Non\N{NON-BREAKING HYPHEN}significant")),
        *(
            (t, "not significant")
            for t in ("P = NS", "p: n.s.", "no significant heterogeneity", "not statistically sig.")
        ),
        ("p = significant", "significant"),
        *((t, "significant") for t in ("Significant", "sig.", "sig")),
    ],
)
def test_words(text: str, decision: str) -> None:
    printed = read_printed(text)
    assert (printed.decision, printed.relation) == (decision, "words")
    assert not rounds_to(0.01, printed)
    assert 0.01 not in printed


@pytest.mark.parametrize(
    "text",
    [
        *("", "  ", "about half", "1.2.3", "%", "12 to 14", "0.40 (0.1)", "--5", "<", "p", "1,23,456", "NaN"),
        *("inf", "5-6", "\N{VULGAR FRACTION ONE HALF}", "twenty-one or so", "e5", ".", "1e999"),
        *(
            "12 of 11",
            "0 of 0",
            "9 of the",
            "1,2345,6",
            "p value",
            "four or five",
            "twenty-zero",
            "x 10^-5",
            "1.2 x 10",
        ),
    ],
)
def test_unreadable(text: str) -> None:
    with pytest.raises(InputError, match="cannot read the printed value") as caught:
        read_printed(text)
    assert repr(text) in str(caught.value)


def test_words_to_number_leaves_other_text_alone() -> None:
    assert words_to_number("Ten") == "10"
    assert words_to_number("ten or so") == "ten or so"
    assert words_to_number("American Journal of Psychiatry") == "American Journal of Psychiatry"


@pytest.mark.parametrize("text", ["9 of 11", "9/11", "nine of eleven", "9 out of 11", "9 of the 11"])
def test_a_count_with_its_denominator(text: str) -> None:
    printed = read_printed(text)
    assert (printed.value, printed.out_of) == (9.0, 11)
    assert matches([100 * 9 / 11, 81.8, 9.0], printed, unit="%").tolist() == [True, False, False]
    assert matches([9.0, 10.0], printed).tolist() == [True, False]


def test_a_proportion_against_a_percentage() -> None:
    printed = read_printed("52.2%")
    assert matches([0.522, 0.5226, 52.2], printed).tolist() == [True, False, False]
    assert matches([52.2, 0.522], printed, unit="%").tolist() == [True, False]


@given(st.integers(-99999, 99999), PLACES, st.lists(VALUES, min_size=1, max_size=5))
def test_many_values_at_once_are_rounded_as_by_hand(digits: int, places: int, values: list[float]) -> None:
    """Half-up or half-even, of the number as typed or of the float that stands for it; the ends of the interval."""
    unit = Decimal(1).scaleb(-places)
    target = Decimal(digits).scaleb(-places)
    printed = read_printed(f"{target:f}")
    tried = [*values, printed.low, printed.high, printed.value]
    tried += [math.nextafter(printed.low, side) for side in (-math.inf, math.inf)]
    tried += [math.nextafter(printed.high, side) for side in (-math.inf, math.inf)]
    by_hand = [
        any(
            number.quantize(unit, rounding=mode) == target
            for number in (Decimal(repr(v)), Decimal(v))
            for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN)
        )
        for v in tried
    ]
    assert matches(tried, printed).tolist() == by_hand


def test_no_number_matches_words_and_nan_matches_nothing() -> None:
    assert not matches([0.01, math.nan], read_printed("NS")).any()
    assert matches([math.nan, 0.0], read_printed("<0.05")).tolist() == [False, True]
    assert matches([math.inf, 0.2], read_printed(">0.05")).tolist() == [True, True]


def test_both_roundings_of_a_tie() -> None:
    assert rounds_to(0.125, read_printed("0.13"))  # half up
    assert rounds_to(0.125, read_printed("0.12"))  # half to even
    assert not rounds_to(0.1251, read_printed("0.12"))
    assert not rounds_to(0.1249, read_printed("0.13"))
    assert rounds_to(-0.125, read_printed("-0.13"))
    assert rounds_to(-0.125, read_printed("-0.12"))


def test_a_tie_of_the_typed_number_may_lie_beside_it_as_a_float() -> None:
    """2.675 is stored as 2.67499...: by hand it prints as 2.68, by software as 2.67."""
    assert rounds_to(2.675, read_printed("2.68"))
    assert rounds_to(2.675, read_printed("2.67"))
    assert rounds_to(0.95, read_printed("0.9"))


@pytest.mark.parametrize(
    ("value", "text", "holds"),
    [
        (0.0004, "0.000", True),
        (0.0006, "0.000", False),
        (-0.0001, "0.00", True),
        (0.0004, "<0.001", True),
        (0.001, "<0.001", False),
        (0.001, "<=0.001", True),
        (0.11, ">0.10", True),
        (0.10, ">0.10", False),
        (0.10, ">=0.10", True),
        (9.0, "nine", True),
        (9.4, "nine", True),
        (52.24, "52.2%", True),
        (0.404, "0.40", True),
        (0.404, "0.400", False),
        (math.nan, "0.4", False),
        (math.inf, ">1", True),
    ],
)
def test_rounds_to(value: float, text: str, holds: bool) -> None:
    assert rounds_to(value, read_printed(text)) is holds


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e30, -1e300])
def test_a_huge_recomputed_value_is_just_another_value(value: float) -> None:
    assert not rounds_to(value, read_printed("0.40"))


def test_a_power_of_ten_has_the_digits_that_are_printed() -> None:
    printed = read_printed("1.2e3")
    assert (printed.low, printed.high) == (1150, 1250)
    assert rounds_to(1234, printed)


@given(value=VALUES, decimals=PLACES)
@example(value=0.95, decimals=1)
@example(value=2.675, decimals=2)
def test_what_is_rounded_is_read_back_and_rounds_to_its_print(value: float, decimals: int) -> None:
    text = f"{value:.{decimals}f}"
    printed = read_printed(text)
    assert printed.value == float(text)
    assert printed.decimals == decimals
    assert rounds_to(value, printed)
    slack = 1e-9 * max(1.0, abs(value))  # the ends are floats
    assert printed.low - slack <= value <= printed.high + slack


@given(value=VALUES, decimals=PLACES, mode=st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN]))
def test_both_modes_of_rounding_are_recognised(value: float, decimals: int, mode: str) -> None:
    text = str(Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=mode))
    assert rounds_to(value, read_printed(text))


@given(value=VALUES, decimals=PLACES, steps=st.integers(-3, 3))
def test_a_text_that_is_a_step_away_is_not_its_print(value: float, decimals: int, steps: int) -> None:
    """Only the two neighbours of a tie are both its print."""
    exact, unit = Decimal(repr(value)), Decimal(1).scaleb(-decimals)
    text = exact.quantize(unit, rounding=ROUND_HALF_UP) + steps * unit
    assume(abs(text - exact) != unit / 2)
    assert rounds_to(value, read_printed(f"{text:f}")) is (steps == 0)


@given(number=st.integers(-(10**9), 10**9))
def test_thousands_separators(number: int) -> None:
    assert read_printed(f"{number:,}").value == number


@given(value=st.floats(0, 1), bound=st.sampled_from(["0.05", "0.01", "0.001", ".5"]))
def test_bounds_part_the_line(value: float, bound: str) -> None:
    below, above = read_printed(f"<{bound}"), read_printed(f">={bound}")
    assert rounds_to(value, below) is not rounds_to(value, above)
