"""Molloy GJ, O'Carroll RE, Ferguson E. Ann Behav Med 2014;47(1):92-101."""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/molloy2014

VERDICTS = {
    # abstract
    "k": "exact",
    "n": "near",
    "r": "exact",
    "low": "exact",
    "high": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("molloy2014") == VERDICTS
