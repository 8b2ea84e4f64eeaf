"""The joint model over time: its limits, its cautions, its refusals, and the guards against counting patients twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import DataError, InputError, NotComputableError

REFERENCE = Path(__file__).parents[3] / "validation" / "metafor" / "reference" / "over_time.json"
SAME = 1e-6  # two optimisers of one likelihood
ROWS = {
    "study": ["A", "B", "C", "D", "A", "B", "C", "A", "B"],
    "time_h": [24, 24, 24, 24, 72, 72, 72, 168, 168],
    "y": [-0.9, -0.5, -0.7, -1.2, -0.6, -0.4, -0.5, -0.2, -0.3],
    "v": [0.06, 0.05, 0.08, 0.07, 0.06, 0.05, 0.09, 0.07, 0.05],
}


@pytest.fixture(scope="module")
def ishak() -> pd.DataFrame:
    records = json.loads(REFERENCE.read_text(encoding="utf-8"))
    data = next(r for r in records if r["id"] == "data-ishak2007")
    return pd.DataFrame({name: data[name] for name in ("study", "time_h", "y", "v")})


def joint(rows: Any, **options: Any) -> mk.JointCourse:
    return mk.pool_over_time(rows, measure="GEN", model="joint", **options)


def test_one_time_is_a_pool() -> None:
    rows = pd.DataFrame(ROWS).query("time_h == 24")
    fit = joint(rows).fit
    alone = mk.pool(rows["y"], rows["v"])
    assert fit.model.coef[0] == pytest.approx(alone.estimate, rel=SAME)
    assert fit.model.std_error[0] == pytest.approx(alone.std_error, rel=SAME)
    assert fit.tau2[0] == pytest.approx(alone.tau2, rel=1e-5, abs=1e-9)


def test_rho_0_and_diagonal_are_separate_pools(ishak: pd.DataFrame) -> None:
    course = joint(ishak, structure="DIAG", rho=0.0)
    for point, estimate, se, tau2 in zip(
        course.separate.points, course.fit.model.coef, course.fit.model.std_error, course.fit.tau2, strict=True
    ):
        assert estimate == pytest.approx(point.result.estimate, rel=SAME)
        assert se == pytest.approx(point.result.std_error, rel=SAME)
        assert tau2 == pytest.approx(point.result.tau2, rel=1e-5)


def test_every_output_carries_the_trials(ishak: pd.DataFrame) -> None:
    course = joint(ishak, structure="AR")
    assert [len(s) for s in course.fit.studies] == [p.k for p in course.separate.points] == [24, 22, 25, 11]
    frame = course.to_frame()
    assert set(frame["studies"]) == {"all", "present at every time"}
    assert frame[frame["studies"] == "present at every time"]["k"].tolist() == [3, 3, 3, 3]


def test_units_do_not_matter(ishak: pd.DataFrame) -> None:
    """Effects times 1e-4, hours to weeks: the same model."""
    base = joint(ishak, structure="CAR", rho=0.8, decay="time").fit
    small = ishak.assign(y=ishak["y"] * 1e-4, v=ishak["v"] * 1e-8, time_h=ishak["time_h"] / 168)
    other = joint(small, structure="CAR", rho=0.8, decay="time").fit
    assert other.model.coef * 1e4 == pytest.approx(base.model.coef, rel=SAME)
    assert other.tau2 * 1e8 == pytest.approx(base.tau2, rel=1e-5)
    assert other.equal().p_value == pytest.approx(base.equal().p_value, rel=1e-5)


def test_a_trial_with_all_times_lends_strength() -> None:
    """With trials that correlate, the time that has fewer of them gains precision from the others."""
    strong, none = joint(ROWS, rho=0.9).fit, joint(ROWS, rho=0.0, structure="ID").fit
    assert strong.model.std_error[2] != none.model.std_error[2]
    assert strong.equal().p_value != none.equal().p_value


def test_cautions_name_what_is_thin() -> None:
    said = " ".join(joint(pd.DataFrame(ROWS).iloc[:8]).cautions)
    assert "one trial only at day 7" in said
    assert "4 trials in all" in said
    assert "3 trials give more than one time" in said
    assert "no cluster-robust intervals: the model cannot be estimated without" in said
    text = str(joint(ROWS))
    assert "correlation 0.5 between the times of one trial (assumed)" in text
    assert "caution: " in text


def test_cr2_needs_trials() -> None:
    rows = {"study": ["A", "B", "A"], "time_h": [24, 24, 72], "y": [0.5, 0.3, 0.2], "v": [0.04, 0.05, 0.04]}
    course = joint(rows)
    assert course.fit.robust is None
    with pytest.raises(NotComputableError, match="more trials than coefficients"):
        course.equal(robust=True)


@pytest.mark.parametrize(
    ("keep", "options", "message"),
    [
        ([0, 1, 2, 3, 4], {"structure": "HAR"}, "72 h has one trial.*use CS, AR or CAR"),
        ([0, 1, 3, 6], {}, "no trial gives two of the times.*ID or DIAG"),
        ([0, 4], {}, "no time has two trials"),
        ([0, 1, 2, 3, 4, 7, 8], {"structure": "UN", "times": [24, 168]}, None),
        ([0, 1, 2, 4, 5, 7, 6, 8], {"structure": "UN"}, None),
        ([0, 1, 2, 3, 4, 6, 7, 8], {"structure": "UN"}, "fewer than two trials give both 72 h and day 7"),
    ],
)
def test_structures_that_the_data_cannot_tell(keep: list[int], options: dict[str, Any], message: str | None) -> None:
    rows = pd.DataFrame(ROWS).iloc[keep]
    if message is None:
        assert joint(rows, **options).fit.model.converged
        return
    with pytest.raises(NotComputableError, match=message):
        joint(rows, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"structure": "CSH"}, "unknown structure 'CSH'"),
        ({"rho": 1.0}, "rho must be a correlation between -1 and 1"),
        ({"rho": -0.3, "decay": "time"}, "not negative"),
        ({"rho": -0.9}, "positive definite"),
        ({"decay": "gap"}, "unknown decay 'gap'"),
        ({"tau2": "DL"}, "REML or ML"),
        ({"test": "hksj"}, "cluster-robust"),
        ({"pooling": "common"}, "random effects"),
    ],
)
def test_slips(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        joint(ROWS, **options)


def test_joint_options_on_separate_pools_are_refused() -> None:
    with pytest.raises(InputError, match="structure belongs to model='joint'"):
        mk.pool_over_time(ROWS, measure="GEN", structure="CS")


def test_a_study_never_counts_twice_in_one_pool() -> None:
    with pytest.raises(DataError, match=r"A would enter one pool at 24 h and at 72 h.*pool_over_time"):
        mk.pool(mk.generic("y", "v", data=pd.DataFrame(ROWS)))
    twice = pd.DataFrame(ROWS).assign(time_h=24)
    with pytest.raises(DataError, match="would enter one pool"):
        joint(twice)


def test_both_ends_of_a_printed_range() -> None:
    paper = mk.load("han2016")
    course = mk.pool_over_time(paper, outcome="depression", measure="SMD", model="joint", where={})
    assert [end for end, _ in course.fits] == ["Hu 2016 at the low end", "Hu 2016 at the high end"]
    low, high = (fit.model.coef for _, fit in course.fits)
    assert low[1] < high[1] < 0
    assert course.times == (24.0, 72.0, 168.0)


def test_han_remission_says_why_there_is_no_model() -> None:
    with pytest.raises(NotComputableError, match="no time has a result"):
        mk.pool_over_time(mk.load("han2016"), outcome="remission", measure="RR", model="joint")


def test_intervals_by_hand(ishak: pd.DataFrame) -> None:
    fit = joint(ishak, structure="CS").fit
    frame = fit.to_frame(0.9)
    half = 1.6448536269514722 * fit.model.std_error
    assert frame["ci_low"].to_numpy() == pytest.approx(fit.model.coef - half, rel=1e-12)
    wide = 1.6448536269514722 * np.sqrt(fit.model.std_error**2 + fit.tau2)
    assert frame["pi_high"].to_numpy() == pytest.approx(fit.model.coef + wide, rel=1e-12)
