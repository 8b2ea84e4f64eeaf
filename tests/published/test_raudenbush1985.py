"""Raudenbush SW, Bryk AS. J Educ Stat 1985;10(2):75-98."""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/raudenbush1985

VERDICTS = {
    # pp. 83-86, in the text
    "tau2": "exact",
    "mean": "exact",
    "q": "input-rounding",
    "z": "exact",
    # pp. 90-92, in the text
    "weeks-tau2": "exact",
    "weeks-intercept": "exact",
    "weeks-slope": "exact",
    "weeks-q": "input-rounding",
    "weeks-intercept-z": "exact",
    "weeks-slope-z": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("raudenbush1985") == VERDICTS
