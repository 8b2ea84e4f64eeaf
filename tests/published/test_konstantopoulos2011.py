"""Konstantopoulos S. Res Synth Methods 2011;2(1):61-76."""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/konstantopoulos2011

VERDICTS = {
    # p. 70, Table 4, without covariates
    "two-mean": "exact",
    "two-se": "exact",
    "two-tau2": "exact",
    "two-tau2-se": "exact",
    # p. 70, Table 4, with year
    "two-year-intercept": "exact",
    "two-year-slope": "exact",
    "two-year-intercept-se": "near",
    "two-year-slope-se": "exact",
    "two-year-tau2": "input-rounding",
    "two-year-tau2-se": "exact",
    # p. 71, Table 5, without covariates
    "three-mean": "exact",
    "three-se": "exact",
    "three-districts": "exact",
    "three-schools": "exact",
    # p. 71, Table 5, with year
    "three-year-intercept": "input-rounding",
    "three-year-slope": "exact",
    "three-year-intercept-se": "exact",
    "three-year-slope-se": "exact",
    "three-year-districts": "exact",
    "three-year-schools": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("konstantopoulos2011") == VERDICTS
