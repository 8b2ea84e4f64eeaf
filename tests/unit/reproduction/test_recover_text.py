"""How an effect with its interval, a count and a percentage are read."""

from __future__ import annotations

import numpy as np
import pytest

from metaket.errors import InputError
from metaket.reproduction.claims import read_printed
from metaket.reproduction.recover_text import agrees, read_count, read_effect


@pytest.mark.parametrize(
    "text",
    [
        "4.54 (1.58 to 13.05)",
        "4.54 [1.58, 13.05]",
        "4.54 (1.58; 13.05)",
        "4.54 (1.58-13.05)",
        "4.54 (1.58\N{EN DASH}13.05)",
        "4.54 (95% CI 1.58 to 13.05)",
        "4.54 (95 % CI: 1.58, 13.05)",
        "4\N{MIDDLE DOT}54 (1\N{MIDDLE DOT}58 to 13\N{MIDDLE DOT}05)",
    ],
)
def test_every_form_of_an_interval(text: str) -> None:
    found = read_effect("odds_ratio", text)
    assert found.low is not None
    assert found.high is not None
    assert (found.estimate.value, found.low.value, found.high.value, found.level) == (4.54, 1.58, 13.05, 0.95)
    assert found.high.decimals == 2


def test_minus_signs_percent_and_level() -> None:
    found = read_effect("risk_difference", "\N{MINUS SIGN}12.1% (99% CI \N{MINUS SIGN}20.0% to \N{MINUS SIGN}4.2%)")
    assert found.low is not None
    assert (found.estimate.value, found.low.value, found.level) == (-12.1, -20.0, 0.99)
    assert found.estimate.unit == "%"


@pytest.mark.parametrize(
    "text", ["4.54 (1.58)", "4.54 (a to b)", "(1.58 to 13.05)", "4.54 (1.58 to 13.05; I2 = 3%)", ""]
)
def test_what_is_no_effect(text: str) -> None:
    with pytest.raises(InputError, match=r"odds_ratio: cannot read|odds_ratio must be a number|odds_ratio is blank"):
        read_effect("odds_ratio", text)


@pytest.mark.parametrize("value", [47, "47", (47, 47), "lots"])
def test_counts(value: object) -> None:
    if value == "lots":
        with pytest.raises(InputError, match="n_t must be a whole number"):
            read_count("n_t", value)
    else:
        assert read_count("n_t", value) == (47, 47)


@pytest.mark.parametrize("text", ["20 to 40", "20-40", "20 \N{EN DASH} 40", "20..40"])
def test_ranges_of_counts(text: str) -> None:
    assert read_count("n_t", text) == (20, 40)


def test_what_agrees() -> None:
    values = np.array([12.5, 12.49, 12.51, np.nan])
    assert agrees(read_printed("12%"), values).tolist() == [True, True, False, False]
    assert agrees(read_printed("13%"), values).tolist() == [True, False, True, False]
    p = np.array([0.001, 0.0009, 0.05, 0.2])
    assert agrees(read_printed("<0.001"), p).tolist() == [False, True, False, False]
    assert agrees(read_printed("NS"), p).tolist() == [False, False, True, True]
    assert agrees(read_printed("significant"), p).tolist() == [True, True, False, False]
