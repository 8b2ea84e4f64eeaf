"""Berkey CS, Hoaglin DC, Mosteller F, Colditz GA. Stat Med 1995;14(4):395-411."""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/berkey1995

VERDICTS = {
    # p. 408, random-effects model
    "random-mean": "exact",
    "random-se": "exact",
    "random-tau2": "exact",
    # p. 408, mixed-effects model
    "mixed-intercept": "near",
    "mixed-latitude": "exact",
    "mixed-intercept-se": "exact",
    "mixed-latitude-se": "exact",
    "mixed-tau2": "exact",
    "mixed-r2": "exact",
    "mixed-33": "exact",
    "mixed-42": "exact",
    # p. 408, fixed-effects model
    "fixed-intercept": "near",
    "fixed-latitude": "exact",
    "fixed-intercept-se": "exact",
    "fixed-latitude-se": "near",
    "fixed-33": "exact",
    "fixed-42": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("berkey1995") == VERDICTS
