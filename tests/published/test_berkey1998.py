"""Berkey CS, Hoaglin DC, Antczak-Bouckoms A, Mosteller F, Colditz GA. Stat Med 1998;17(22):2537-2550."""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/berkey1998

VERDICTS = {
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
    "year-covariance": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("berkey1998") == VERDICTS
