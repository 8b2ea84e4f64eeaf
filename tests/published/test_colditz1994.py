"""Colditz GA, Brewer TF, Berkey CS, Wilson ME, Burdick E, Fineberg HV, Mosteller F. JAMA 1994;271(9):698-702."""

from __future__ import annotations

from collections.abc import Callable

# ---------------------------------------------------------------- the folder data/colditz1994

VERDICTS = {
    # abstract, results of the trials
    "k": "exact",
    "rr": "exact",
    "low": "exact",
    "high": "exact",
    "decision": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("colditz1994") == VERDICTS
