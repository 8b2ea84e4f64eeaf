"""The words of a verdict say what the verdict rests on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from metaket.reproduction.claims import read_printed
from metaket.reproduction.comparison import Comparison
from metaket.reproduction.judge import judge_number
from metaket.reproduction.quantity import Quantity

BASE = Comparison("c", "", "", "", "estimate", "a", "not computable")


@pytest.mark.parametrize(
    ("value", "printed", "log", "verdict", "cause"),
    [
        (1.0502, "1.00", False, "differs", "off by just over 5 %"),
        (1.049, "1.00", False, "near", "off by 4.9 %"),
        (1.2, "1.00", True, "differs", "the absolute one is 0.18 of logarithms"),
        (0.086, "0.00", False, "differs", "the absolute one is 0.086"),
    ],
)
def test_the_cause_of_a_gap(value: float, printed: str, log: bool, verdict: str, cause: str) -> None:
    quantity = replace(Quantity(value), log=log)
    found = judge_number(read_printed(printed), [quantity], BASE)
    assert found.verdict == verdict
    assert found.cause.endswith(cause)
