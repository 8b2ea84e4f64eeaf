"""Hackshaw AK, Law MR, Wald NJ. BMJ 1997;315(7114):980-988."""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/hackshaw1997

VERDICTS = {
    # abstract
    "k": "exact",
    "risk": "exact",
    "low": "exact",
    "high": "exact",
    "p": "exact",
    "decision": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("hackshaw1997") == VERDICTS
