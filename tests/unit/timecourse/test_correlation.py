"""Correlations between a study's effects: stated, falling with the gap, and from the data of its patients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import InputError, NotComputableError
from metaket.timecourse.correlation import Repeated, correlation_matrix, raw_correlations

TIMES = np.array([24.0, 72.0, 168.0, 24.0])
STUDY = ("A", "A", "A", "B")
SIMULATED = 0.03  # standard error of a correlation over 4,000 simulated studies is 0.016


@pytest.mark.parametrize(
    ("decay", "expected"), [("none", [0.5, 0.5, 0.5]), ("rank", [0.5, 0.25, 0.5]), ("time", [0.5, 0.125, 0.25])]
)
def test_decay(decay: str, expected: list[float]) -> None:
    r = correlation_matrix(Repeated.of(0.5, decay, TIMES), STUDY, TIMES)
    assert [r[0, 1], r[0, 2], r[1, 2]] == pytest.approx(expected)  # gaps of 48, 144 and 96 h
    assert r[3, :3].tolist() == [0, 0, 0]
    assert np.diag(r).tolist() == [1, 1, 1, 1]


def patients(rng: np.random.Generator, n: int = 40, rho: float = 0.6) -> pd.DataFrame:
    rows = []
    for arm in "tc":
        x = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], n)
        rows += [("A", i, arm, t, x[i, j]) for i in range(n) for j, t in enumerate((24, 72))]
    return pd.DataFrame(rows, columns=["study", "patient", "arm", "time_h", "value"])


def test_complete_scores_give_the_pooled_correlation() -> None:
    frame = patients(np.random.default_rng(1))
    times, r = raw_correlations(frame, "MD")["A"]
    wide = frame.pivot(index=["arm", "patient"], columns="time_h", values="value")
    c = sum(np.cov(wide.loc[a].to_numpy().T) for a in "tc")
    assert times == (24.0, 72.0)
    assert r[0, 1] == pytest.approx(c[0, 1] / np.sqrt(c[0, 0] * c[1, 1]), rel=1e-12)


@pytest.mark.parametrize("measure", ["RD", "RR", "OR"])
def test_events_agree_with_simulation(measure: str) -> None:
    """The correlation of the estimates over repeated studies, from binary responses cut out of normal scores."""
    rng = np.random.default_rng(7)
    n, studies = 200, 4000
    x = rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], (studies, 2, n)) > 0.3
    p = x.mean(axis=2)
    forms = {"RD": p, "RR": np.log(p), "OR": np.log(p / (1 - p))}
    effect = forms[measure][:, 0] - forms[measure][:, 1]
    observed = np.corrcoef(effect.T)[0, 1]
    one = [("A", i, "tc"[a], t, int(x[0, a, i, j])) for a in (0, 1) for i in range(n) for j, t in enumerate((24, 72))]
    raw = pd.DataFrame(one, columns=["study", "patient", "arm", "time_h", "value"])
    mean = np.mean([_one(x[s], measure) for s in range(100)])
    assert raw_correlations(raw, measure)["A"][1][0, 1] == pytest.approx(_one(x[0], measure), rel=1e-9)
    assert mean == pytest.approx(observed, abs=SIMULATED)


def _one(x: Any, measure: str) -> float:
    """The delta method written out for complete data."""
    cov = np.zeros((2, 2))
    for arm in x:
        p = arm.mean(axis=0)
        c = np.cov(arm.T.astype(float), bias=True) / arm.shape[0]
        slope = {"RD": np.ones(2), "RR": 1 / p, "OR": 1 / (p * (1 - p))}[measure]
        cov += c * np.outer(slope, slope)
    return float(cov[0, 1] / np.sqrt(cov[0, 0] * cov[1, 1]))


def test_patients_who_drop_out_weaken_the_correlation() -> None:
    frame = patients(np.random.default_rng(2))
    lost = frame[~((frame["time_h"] == 72) & (frame["patient"] % 2 == 0))]
    assert 0 < raw_correlations(lost, "MD")["A"][1][0, 1] < raw_correlations(frame, "MD")["A"][1][0, 1]


def test_raw_data_take_the_place_of_rho() -> None:
    frame = patients(np.random.default_rng(3))
    rows = {"study": ["A", "B", "A", "B"], "time_h": [24, 24, 72, 72], "y": [1, 2, 1.5, 2.5], "v": [1, 1, 1, 1]}
    course = mk.pool_over_time(rows, measure="GEN", model="joint", rho=0.2, raw=frame)
    covariance = course.fit.model.covariance
    assert covariance[0, 2] == pytest.approx(raw_correlations(frame, "GEN")["A"][1][0, 1])
    assert covariance[1, 3] == pytest.approx(0.2)
    assert "from raw data for A" in course.fit.repeated.words


@pytest.mark.parametrize(
    ("change", "measure", "message"),
    [
        ({"arm": "x"}, "MD", "'x'; it must be t or c"),
        ({"value": 0.5}, "RR", "must hold 0 or 1"),
        ({"patient": 1}, "MD", "stands twice"),
        ({}, "COR", "not COR"),
    ],
)
def test_slips(change: dict[str, Any], measure: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        raw_correlations(patients(np.random.default_rng(1), 4).assign(**change), measure)


def test_a_missing_column_and_an_arm_without_variation() -> None:
    frame = patients(np.random.default_rng(1), 4)
    with pytest.raises(InputError, match="arm is missing"):
        raw_correlations(frame.drop(columns="arm"), "MD")
    with pytest.raises(NotComputableError, match="does not vary"):
        raw_correlations(frame.assign(value=1.0), "MD")
