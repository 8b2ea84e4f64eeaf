"""Berkey CS, Hoaglin DC, Antczak-Bouckoms A, Mosteller F, Colditz GA. Stat Med 1998;17(22):2537-2550."""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/berkey1998

VERDICTS = {
    # multiple-outcomes model (the collection names no page)
    "al": "exact",
    "pd": "exact",
    "al-se": "exact",
    "pd-se": "exact",
    "al-tau2": "exact",
    "pd-tau2": "exact",
    "rho": "exact",
    # p. 2545, Table II
    "year-al": "exact",
    "year-pd": "exact",
    "year-al-slope": "exact",
    "year-pd-slope": "exact",
    "year-al-se": "exact",
    "year-pd-se": "exact",
    "year-al-slope-se": "exact",
    "year-pd-slope-se": "exact",
    "year-al-tau2": "exact",
    "year-pd-tau2": "exact",
    "year-rho": "exact",
    "slopes": "exact",
    "slopes-se": "exact",
    "slopes-p": "exact",
    "al-slope-p": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("berkey1998") == VERDICTS
