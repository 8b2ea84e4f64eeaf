"""Mantel-Haenszel: statsmodels as second witness, RevMan's random-effects model, laws and refusals."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

import metaket as mk
from metaket.errors import InputError, NotComputableError

TRIALS = pd.DataFrame(
    {
        "study": ["A", "B", "C", "D"],
        "events_t": [3, 0, 7, 12],
        "n_t": [20, 15, 40, 30],
        "events_c": [5, 4, 9, 14],
        "n_c": [22, 15, 38, 33],
    }
)
RATES = pd.DataFrame(
    {"events_t": [3, 0, 7], "time_t": [20.0, 15.5, 40.0], "events_c": [5, 4, 9], "time_c": [22.0, 15.0, 38.5]}
)


def witness() -> StratifiedTable:
    cells = [
        np.array([[r.events_t, r.n_t - r.events_t], [r.events_c, r.n_c - r.events_c]], dtype=float)
        for r in TRIALS.itertuples()
    ]
    return StratifiedTable(cells)


def swapped(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.rename(columns=lambda c: f"{c[:-1]}{'c' if c[-1] == 't' else 't'}" if c[-2:] in ("_t", "_c") else c)


def test_against_statsmodels() -> None:
    effects = mk.effect_sizes(TRIALS, "OR")
    result, other = mk.pool(effects, model="mh"), witness()
    assert result.estimate == pytest.approx(other.logodds_pooled, rel=1e-12)
    assert result.std_error == pytest.approx(other.logodds_pooled_se, rel=1e-12)
    assert mk.pool(mk.effect_sizes(TRIALS, "RR"), model="mh").back(
        mk.pool(mk.effect_sizes(TRIALS, "RR"), model="mh").estimate
    ) == pytest.approx(other.riskratio_pooled, rel=1e-12)
    for correct in (True, False):
        test, theirs = mk.cochran_mantel_haenszel(effects, correct=correct), other.test_null_odds(correction=correct)
        assert (test.statistic, test.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-10)
    for tarone in (True, False):
        test, theirs = mk.breslow_day(effects, tarone=tarone), other.test_equal_odds(adjust=tarone)
        assert (test.statistic, test.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-10)


@pytest.mark.parametrize(("frame", "measure"), [(TRIALS, "OR"), (TRIALS, "RR"), (TRIALS, "RD"), (RATES, "IRR")])
def test_swapped_arms_negate(frame: pd.DataFrame, measure: str) -> None:
    one = mk.pool(mk.effect_sizes(frame, measure), model="mh")
    other = mk.pool(mk.effect_sizes(swapped(frame), measure), model="mh")
    assert other.estimate == pytest.approx(-one.estimate, rel=1e-12)
    assert other.std_error == pytest.approx(one.std_error, rel=1e-12)
    assert other.q == pytest.approx(one.q, rel=1e-10)


@pytest.mark.parametrize(
    ("measure", "by_hand"),
    [
        ("RR", math.log((3 / 20) / (5 / 22))),
        ("RD", 3 / 20 - 5 / 22),
        ("OR", math.log(3 * 17 / (17 * 5))),
    ],
)
def test_one_study_is_itself(measure: str, by_hand: float) -> None:
    result = mk.pool(mk.effect_sizes(TRIALS[:1], measure), model="mh")
    assert result.estimate == pytest.approx(by_hand, rel=1e-12)
    assert (result.q, result.q_df) == (pytest.approx(0, abs=1e-25), 0)


def test_one_study_of_rates_is_itself() -> None:
    ratio = mk.pool(mk.effect_sizes(RATES[:1], "IRR"), model="mh")
    assert ratio.estimate == pytest.approx(math.log((3 / 20) / (5 / 22)), rel=1e-12)
    assert ratio.std_error == pytest.approx(math.sqrt(1 / 3 + 1 / 5), rel=1e-12)
    difference = mk.pool(mk.effect_sizes(RATES[:1], "IRD"), model="mh")
    assert difference.estimate == pytest.approx(3 / 20 - 5 / 22, rel=1e-12)
    assert difference.std_error == pytest.approx(math.sqrt(3 / 20**2 + 5 / 22**2), rel=1e-12)


# ------------------------------------------------------------ RevMan's random-effects model


def test_random_mh_takes_its_q_around_the_mantel_haenszel_estimate() -> None:
    """Deeks & Higgins (2010), Statistical algorithms in Review Manager 5: formula written out once more."""
    frame = TRIALS.assign(events_t=[1, 0, 20, 3], events_c=[5, 4, 9, 14])
    effects = mk.effect_sizes(frame, "OR")
    centre, result = mk.pool(effects, model="mh"), mk.pool(effects, model="random-mh")
    w = 1 / effects.v
    tau2 = (centre.q - 3) / (w.sum() - (w**2).sum() / w.sum())
    assert tau2 > 0
    assert result.tau2 == pytest.approx(tau2, rel=1e-12)
    assert result.q == centre.q
    u = 1 / (effects.v + tau2)
    assert result.estimate == pytest.approx(float((u * effects.y).sum() / u.sum()), rel=1e-12)
    assert result.std_error == pytest.approx(float(u.sum() ** -0.5), rel=1e-12)
    assert result.weights == pytest.approx(100 * u / u.sum())
    assert result.spec.tau2 == "DL"
    # Q is least around the inverse-variance mean, so this tau2 is never below DerSimonian and Laird's
    assert result.tau2 >= mk.pool(effects, tau2="DL").tau2
    assert mk.pool(effects, model="random-mh", test="hksj").df == 3


def test_random_mh_of_like_studies_is_the_common_effect() -> None:
    effects = mk.effect_sizes(pd.concat([TRIALS[2:3]] * 3), "RR")
    result, common = mk.pool(effects, model="random-mh"), mk.pool(effects, model="common")
    assert result.tau2 == 0.0
    assert (result.estimate, result.std_error) == pytest.approx((common.estimate, common.std_error), rel=1e-12)


# ------------------------------------------------------------ refusals


def test_what_it_cannot_pool() -> None:
    effects = mk.effect_sizes(TRIALS, "OR")
    with pytest.raises(InputError, match="normal test only"):
        mk.pool(effects, model="mh", test="t")
    with pytest.raises(InputError, match="its own DerSimonian-Laird"):
        mk.pool(effects, model="random-mh", tau2="PM")
    with pytest.raises(InputError, match="needs the counts events_t, time_t"):
        mk.pool(mk.generic([0.1, 0.2], [0.1, 0.1], measure="IRR"), model="mh")
    with pytest.raises(InputError, match="not IRR"):
        mk.breslow_day(mk.effect_sizes(RATES, "IRR"))
    none = mk.effect_sizes(TRIALS.assign(events_t=0), "OR")
    for model in ("mh", "random-mh"):
        with pytest.raises(NotComputableError, match="too few events in one of the arms"):
            mk.pool(none, model=model)
