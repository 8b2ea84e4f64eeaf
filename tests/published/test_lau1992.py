"""Lau J, Antman EM, Jimenez-Silva J, Kupelnick B, Mosteller F, Chalmers TC. N Engl J Med 1992;327(4):248-254."""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/lau1992

VERDICTS = {
    # abstract
    "k-1973": "exact",
    "n-1973": "exact",
    "or-1973": "exact",
    "low-1973": "exact",
    "high-1973": "exact",
    "decision-1973": "exact",
    "k-later": "exact",
    "n-later": "exact",
    "k-all": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("lau1992") == VERDICTS
