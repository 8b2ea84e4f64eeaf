"""Sampling covariances against metafor's vcalc: one correlation, a decay, several outcomes, a shared control."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import metaket as mk
from tests.against.test_metafor_correlated import REFERENCE

RTOL = 1e-14  # of the largest variance: both multiply the same numbers. Worst seen 4e-16
RECORDS = {r["id"]: r for r in json.loads((REFERENCE / "covariances.json").read_text(encoding="utf-8"))}
QUESTION = ("rho", "times", "decay", "kinds", "rho_kinds")


@pytest.mark.parametrize("name", RECORDS)
def test_covariance(name: str) -> None:
    record: dict[str, Any] = RECORDS[name]
    v, study, theirs = record["v"], record["study"], np.array(record["covariance"])
    if "control" in record:
        ours = mk.shared_control_covariance(v, study, record["control"])
    else:
        ours = mk.sampling_covariance(v, study, **{key: record[key] for key in QUESTION if key in record})
    assert np.count_nonzero(theirs - np.diag(np.diag(theirs))) >= 4  # not only variances
    assert ours == pytest.approx(theirs, rel=0, abs=RTOL * max(v))


def test_the_grid_does_not_shrink() -> None:
    assert len(RECORDS) >= 6
    assert {key for record in RECORDS.values() for key in record} >= {*QUESTION, "control"}
