"""van Houwelingen HC, Zwinderman KH, Stijnen T. Stat Med 1993;12(24):2273-2284."""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/vanhouwelingen1993

VERDICTS = {
    # p. 2275, in the text, log odds ratio
    "common-mean": "exact",
    "common-se": "exact",
    "common-low": "exact",
    "common-high": "near",
    # p. 2277, in the text, log odds ratio
    "random-mean": "exact",
    "random-se": "exact",
    "random-low": "exact",
    "random-high": "exact",
    "random-tau2": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("vanhouwelingen1993") == VERDICTS
