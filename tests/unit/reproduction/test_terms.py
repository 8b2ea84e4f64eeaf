"""Quantities that name a part: each is the number that the result itself gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

import metaket as mk
from metaket.errors import InputError, NotComputableError, UnknownChoiceError
from metaket.reproduction.terms import quantity_of

TABLE = {
    "study": ["A", "B", "C", "D", "E", "F"],
    "events_t": [8, 12, 20, 5, 14, 9],
    "n_t": [30, 40, 60, 25, 50, 45],
    "events_c": [4, 10, 11, 6, 5, 3],
    "n_c": [30, 41, 61, 24, 50, 44],
    "dose": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    "route": ["oral", "nasal", "oral", "nasal", "oral", "nasal"],
}
CLOSED = 1e-12  # the same formula, written another way


@pytest.fixture(scope="module")
def effects() -> mk.EffectSizes:
    return mk.effect_sizes(TABLE, "OR")


@pytest.fixture(scope="module")
def pooled(effects: mk.EffectSizes) -> mk.PooledResult:
    return mk.pool(effects, tau2=0.1)


@pytest.fixture(scope="module")
def regression(effects: mk.EffectSizes) -> mk.RegressionResult:
    return mk.pool(effects, tau2="REML", moderators="dose")


def value(fit: object, code: str) -> float:
    return quantity_of(fit, code).value  # type: ignore[arg-type]


def test_of_a_pooled_effect(pooled: mk.PooledResult) -> None:
    assert value(pooled, "estimate") == pytest.approx(math.exp(pooled.estimate), rel=CLOSED)
    assert value(pooled, "untransformed:estimate") == pooled.estimate
    assert value(pooled, "ci_low:0.9") == pytest.approx(math.exp(pooled.ci(0.9).low), rel=CLOSED)
    assert value(pooled, "untransformed:pi_high:normal") == pooled.prediction_interval(method="normal").high
    assert value(pooled, "tau2_ci_high:QP") == pooled.tau2_ci().high
    assert value(pooled, "weight:C") == pooled.weights[2]
    assert value(pooled, "effects_high") == pytest.approx(
        math.exp(pooled.estimate + 1.959963984540054 * math.sqrt(0.1)), rel=CLOSED
    )
    assert quantity_of(pooled, "estimate").log
    assert not quantity_of(pooled, "untransformed:estimate").log


def test_of_a_study(pooled: mk.PooledResult) -> None:
    y, v = math.log(12 * 31 / (10 * 28)), 1 / 12 + 1 / 28 + 1 / 10 + 1 / 31
    assert value(pooled, "study:B:estimate") == pytest.approx(math.exp(y), rel=CLOSED)
    assert value(pooled, "study:B:variance") == pytest.approx(v, rel=CLOSED)
    assert value(pooled, "untransformed:study:B:ci_low") == pytest.approx(y - 1.959963984540054 * v**0.5, rel=CLOSED)
    share = 0.1 / (0.1 + v)
    assert value(pooled, "untransformed:study:B:blup") == pytest.approx(share * y + (1 - share) * pooled.estimate)


def test_a_shrunken_estimate_lies_between_the_study_and_its_prediction(regression: mk.RegressionResult) -> None:
    for i, name in enumerate("ABCDEF"):
        own = value(regression, f"untransformed:study:{name}:estimate")
        expected = float(regression.design.matrix[i] @ regression.coef)
        assert min(own, expected) - CLOSED <= value(regression, f"untransformed:study:{name}:blup")
        assert value(regression, f"untransformed:study:{name}:blup") <= max(own, expected) + CLOSED


def test_of_a_regression(regression: mk.RegressionResult) -> None:
    frame = regression.to_frame().set_index("term")
    for code, column in (("coef", "estimate"), ("se", "std_error"), ("p", "p_value"), ("ci_high", "ci_high")):
        assert value(regression, f"{code}:dose") == frame.at["dose", column]
    assert value(regression, "ratio:dose") == pytest.approx(math.exp(regression.coef[1]), rel=CLOSED)
    assert value(regression, "ratio_low:dose") == pytest.approx(math.exp(regression.ci()[1, 0]), rel=CLOSED)
    at = regression.predict({"dose": [2.5]}, transform=True).iloc[0]
    assert value(regression, "prediction at dose=2.5") == pytest.approx(at["estimate"], rel=CLOSED)
    assert value(regression, "pi_low at dose=2.5") == pytest.approx(at["pi_low"], rel=CLOSED)
    assert value(regression, "q") == regression.qe
    assert value(regression, "qm") == regression.omnibus()[0]
    assert value(regression, "k") == 6
    assert value(regression, "tau2_ci_low") == value(regression, "tau2_ci_low:QP")


def test_the_range_of_shrunken_effects(pooled: mk.PooledResult) -> None:
    own = [value(pooled, f"study:{name}:blup") for name in "ABCDEF"]
    assert value(pooled, "blup_low") == pytest.approx(min(own), rel=CLOSED)
    assert value(pooled, "blup_high") == pytest.approx(max(own), rel=CLOSED)


def test_no_single_covariance_of_one_variance(effects: mk.EffectSizes) -> None:
    found = mk.pool_correlated(effects, "study", nested=("study",))
    with pytest.raises(InputError, match="a covariance is of two levels with a variance each; the model has 0"):
        quantity_of(found, "covariance")


def test_a_factor_by_its_level(effects: mk.EffectSizes) -> None:
    found = mk.pool(effects, tau2="DL", moderators=["route", "dose"])
    expected = found.predict({"route": ["oral"], "dose": [3]}, transform=True)["estimate"].iloc[0]
    assert value(found, "prediction at route=oral, dose=3") == pytest.approx(expected, rel=CLOSED)


def test_of_subgroups(pooled: mk.PooledResult) -> None:
    found = mk.subgroups(pooled, "route")
    assert value(found, "group:oral:untransformed:estimate") == found.results[1].estimate
    assert value(found, "group:nasal:q") == found.results[0].q
    assert value(found, "q_between") == found.q_between
    assert value(found, "q_within") == pytest.approx(sum(r.q for r in found.results))
    assert value(found, "q_within_p") == pytest.approx(
        stats.chi2.sf(sum(r.q for r in found.results), 4), rel=1e-9
    )  # scipy


def test_of_correlated_effects() -> None:
    rng = np.random.default_rng(3)
    rows = {"study": np.repeat(list("ABCDEFGH"), 2), "time": ["early", "late"] * 8, "v": np.full(16, 0.02)}
    rows["y"] = rng.normal(0.3, 0.4, 16)
    found = mk.pool_correlated(
        mk.generic("y", "v", data=rows), "study", moderators="time", intercept=False, inner="time", structure="HCS"
    )
    assert value(found, "coef:time[late]") == found.coef[1]
    assert value(found, "tau2:early") == found.components["tau2[early]"]
    assert value(found, "rho") == found.components["rho"]
    assert value(found, "equal_p") == found.equal()[2]
    assert value(found, "loglik") == found.loglik
    early, late = found.components["tau2[early]"], found.components["tau2[late]"]
    assert value(found, "covariance") == pytest.approx(found.components["rho"] * math.sqrt(early * late), rel=CLOSED)
    with pytest.raises(InputError, match="has 2 coefficients"):
        quantity_of(found, "estimate")
    with pytest.raises(UnknownChoiceError, match=r"tau2\[later\].*Did you mean tau2\[late\]"):
        quantity_of(found, "tau2:later")


def test_a_correlation_without_variance_has_no_value_and_a_covariance_of_0() -> None:
    rows = {"study": [1, 1, 2, 2, 3, 3], "time": ["a", "b"] * 3, "y": [0.3] * 6, "v": [0.1] * 6}
    found = mk.pool_correlated(mk.generic("y", "v", data=rows), "study", inner="time", structure="HCS", method="ML")
    with pytest.raises(NotComputableError, match=r"rho is undefined: tau2\[a\], tau2\[b\] are 0"):
        quantity_of(found, "rho")
    assert value(found, "covariance") == 0.0


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("estimat", "unknown quantity 'estimat'"),
        ("coef:dose", "needs an analysis with moderators"),
        ("study:Z:estimate", "unknown study 'Z'"),
        ("study:A:estmate", "Did you mean estimate"),
        ("group:oral:estimate", "needs an analysis with subgroups"),
        ("prediction at dose=1", "needs an analysis with moderators"),
        ("sigma2:study", "needs an analysis of correlated effects"),
        ("cmh:correct", "unknown correction 'correct'"),
        ("nonsense:1", "unknown quantity of a part 'nonsense'"),
    ],
)
def test_what_a_pooled_effect_does_not_have(pooled: mk.PooledResult, code: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        quantity_of(pooled, code)


def test_what_a_regression_does_not_have(regression: mk.RegressionResult) -> None:
    with pytest.raises(InputError, match="a meta-regression has no estimate; it belongs to a model of correlated"):
        quantity_of(regression, "estimate")
    with pytest.raises(InputError, match="cannot read 'dose 3'"):
        quantity_of(regression, "prediction at dose 3")
    with pytest.raises(InputError, match="moderator dose is a number, got 'high'"):
        quantity_of(regression, "prediction at dose=high")
    with pytest.raises(UnknownChoiceError, match="Did you mean dose"):
        quantity_of(regression, "coef:dos")


def test_no_share_without_heterogeneity(effects: mk.EffectSizes) -> None:
    with pytest.raises(NotComputableError, match="no heterogeneity to explain"):
        quantity_of(mk.pool(effects, model="common", moderators="dose"), "r2")


def test_tests_of_tables(pooled: mk.PooledResult) -> None:
    assert value(pooled, "cmh:corrected") < value(pooled, "cmh:uncorrected")
    assert value(pooled, "cmh_p:corrected") > value(pooled, "cmh_p:uncorrected")
    assert value(pooled, "breslow_day_p:corrected") == pytest.approx(mk.breslow_day(pooled.effects).p_value)
