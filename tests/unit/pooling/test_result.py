"""`PooledResult`: frozen, plain numbers, any level, three renderings, and a reason where there is no answer."""

from __future__ import annotations

import dataclasses
import html
import math

import numpy as np
import pytest

import metaket as mk
from metaket.errors import DataWarning, InputError, NotComputableError, UnknownChoiceError
from metaket.pooling.inference import PREDICTION

Y, V = [0.1, 0.3, 0.5, 0.9], [0.04, 0.05, 0.06, 0.03]
TRIALS = {
    "study": ["A", "B", "C", "D"],
    "events_t": [8, 12, 5, 0],
    "n_t": [18, 30, 20, 10],
    "events_c": [1, 5, 6, 0],
    "n_c": [18, 30, 20, 10],
}
COLUMNS = ["estimate", "std_error", "statistic", "df", "p_value", "ci_low", "ci_high", "pi_low", "pi_high", "tau2",
           "se_tau2", "q", "q_df", "q_p", "i2", "h2", "k"]  # fmt: skip


@pytest.fixture
def result() -> mk.PooledResult:
    return mk.pool(Y, V, tau2="DL")


@pytest.fixture
def ratios() -> mk.PooledResult:
    return mk.pool(mk.effect_sizes(TRIALS, "RR"), tau2="DL")


def test_interval() -> None:
    interval = mk.Interval(-1.0, 2.0)
    assert interval == (-1.0, 2.0)
    assert (interval.low, interval.high, interval.width) == (-1.0, 2.0, 3.0)
    assert [x in interval for x in (-1.0, 0, 2.0, 2.1)] == [True, True, True, False]
    assert "0" not in interval


def test_frozen_and_slotted(result: mk.PooledResult) -> None:
    for name in ("estimate", "tau2", "spec", "effects"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(result, name, 1.0)
    assert not hasattr(result, "__dict__")


def test_it_holds_its_question(result: mk.PooledResult) -> None:
    again = mk.pool(result.effects, tau2=result.spec.tau2, test=result.spec.test, model=result.spec.model)
    assert again.fields() == result.fields()
    assert len(result.effects.digest) == 64


@pytest.mark.parametrize("method", ["DL", "REML"])
def test_numbers_are_pythons_own(method: str) -> None:
    found = mk.pool(np.array(Y, dtype=np.float32), V, tau2=method, test="hksj")
    values = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}
    numbers = {name: v for name, v in values.items() if name not in ("effects", "spec", "weights")}
    assert {name: type(v) for name, v in numbers.items() if type(v) not in (float, int, bool)} == {}
    answers = (*found.ci(), *found.tau2_ci(), *(found.prediction_interval() or ()), found.p_value, found.i2, found.h2)
    assert {type(x) for x in answers} == {float}
    assert type(found.k) is int
    for text in (repr(found), str(found), repr(found.ci()), repr(found.fields()), repr(found.spec)):
        assert "np." not in text


def test_to_frame(result: mk.PooledResult) -> None:
    frame = result.to_frame(0.9)
    assert list(frame.columns) == COLUMNS
    assert len(frame) == 1
    row = frame.iloc[0]
    assert (row["ci_low"], row["ci_high"]) == result.ci(0.9)
    assert row["k"] == 4
    assert row["i2"] == result.i2


def test_to_frame_on_the_scale_that_people_read(ratios: mk.PooledResult) -> None:
    log, plain = ratios.to_frame().iloc[0], ratios.to_frame(transform=True).iloc[0]
    for name in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high"):
        assert plain[name] == pytest.approx(math.exp(log[name]), rel=1e-14)
    for name in ("std_error", "tau2", "p_value", "q"):
        assert plain[name] == log[name]


def test_no_prediction_leaves_blanks_in_the_frame() -> None:
    row = mk.pool([0.1, 0.4], [0.1, 0.2]).to_frame().iloc[0]
    assert row[["pi_low", "pi_high"]].isna().all()


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.999])
def test_levels(result: mk.PooledResult, level: float) -> None:
    from scipy.stats import norm, t

    z = norm.ppf(0.5 + level / 2) * result.std_error
    assert result.ci(level) == pytest.approx((result.estimate - z, result.estimate + z), rel=1e-12)
    hksj = mk.pool(Y, V, tau2="DL", test="hksj")
    half = t.ppf(0.5 + level / 2, 3) * hksj.std_error
    assert hksj.ci(level) == pytest.approx((hksj.estimate - half, hksj.estimate + half), rel=1e-12)


@pytest.mark.parametrize("level", [0, 1, 95, -0.1, math.nan])
def test_bad_levels(result: mk.PooledResult, level: float) -> None:
    for question in (result.ci, result.prediction_interval, result.tau2_ci, result.summary, result.to_frame):
        with pytest.raises(InputError, match="level must lie between 0 and 1"):
            question(level)


@pytest.mark.parametrize("method", [n for e in PREDICTION if e.code != "hk" for n in (e.code, *e.aliases)])
def test_prediction_intervals(result: mk.PooledResult, method: str) -> None:
    from scipy.stats import norm, t

    quantile = {"higgins": t.ppf(0.95, 2), "k-1": t.ppf(0.95, 3), "normal": norm.ppf(0.95)}[PREDICTION[method].code]
    half = quantile * math.sqrt(result.tau2 + result.std_error**2)
    found = result.prediction_interval(0.9, method)
    assert found == pytest.approx((result.estimate - half, result.estimate + half), rel=1e-10)
    assert result.prediction_gap(method) == ""


@pytest.mark.parametrize("test", ["z", "t", "hksj", "hksj-adhoc"])
@pytest.mark.parametrize("scale", [1.0, 0.05])
def test_hartung_knapp_prediction_interval_is_the_same_after_every_test(test: str, scale: float) -> None:
    """Partlett & Riley (2017): t on k - 2 times sqrt(tau2 + the variance of Hartung and Knapp)."""
    from scipy.stats import t

    knapp = mk.pool(scale * np.asarray(Y), V, test="hksj")
    half = t.ppf(0.975, len(Y) - 2) * math.sqrt(knapp.tau2 + knapp.std_error**2)
    found = mk.pool(scale * np.asarray(Y), V, test=test).prediction_interval(method="hk")
    assert found == pytest.approx((knapp.estimate - half, knapp.estimate + half), rel=1e-10)


def test_a_glmm_has_no_hartung_knapp_prediction_interval() -> None:
    counts = {"events_t": [3, 5, 9], "n_t": [20, 30, 40], "events_c": [6, 9, 8], "n_c": [20, 30, 40]}
    found = mk.pool(mk.effect_sizes(counts, "OR"), model="CM.AL")
    assert found.prediction_interval(method="hk") is None
    assert "needs an inverse-variance model, not 'CM.AL'" in found.prediction_gap("hk")


def test_unknown_prediction_interval(result: mk.PooledResult) -> None:
    with pytest.raises(UnknownChoiceError, match=r"unknown prediction interval 'higins'.*Did you mean higgins\?"):
        result.prediction_interval(method="higins")


@pytest.mark.parametrize(("k", "method", "gap"), [
    (1, "higgins", "needs at least 3 studies, has 1"),
    (2, "higgins", "needs at least 3 studies, has 2"),
    (2, "HTS", "needs at least 3 studies, has 2"),
    (2, "k-2", "needs at least 3 studies, has 2"),
    (3, "higgins", ""),
    (1, "k-1", "needs at least 2 studies, has 1"),
    (2, "k-1", ""),
    (1, "normal", "needs at least 2 studies, has 1"),
    (2, "normal", ""),
])  # fmt: skip
def test_prediction_gaps(k: int, method: str, gap: str) -> None:
    found = mk.pool(Y[:k], V[:k], tau2="DL")
    assert found.prediction_gap(method) == gap
    assert (found.prediction_interval(method=method) is None) == bool(gap)


def test_the_common_effect_predicts_nothing() -> None:
    found = mk.pool(Y, V, model="common")
    assert found.prediction_interval() is None
    assert "no spread of effects" in found.prediction_gap()
    assert math.isnan(found.se_tau2)


def test_tau2_interval_of_one_study() -> None:
    with pytest.raises(NotComputableError, match="needs at least 2 studies, there is 1"):
        mk.pool([0.1], [0.1]).tau2_ci()


def test_two_definitions_of_i2() -> None:
    by_q, by_tau2 = mk.pool(Y, V, i2="Q"), mk.pool(Y, V, i2="tau2")
    assert by_q.i2 == by_q.i2_q == by_tau2.i2_q == pytest.approx(100 * (by_q.q - 3) / by_q.q)
    assert by_tau2.i2 == by_tau2.i2_tau2 == by_q.i2_tau2
    assert by_tau2.h2 == pytest.approx(1 / (1 - by_tau2.i2 / 100), rel=1e-12)
    assert by_q.h2 == pytest.approx(by_q.q / 3, rel=1e-12)
    assert "(from Q)" in str(by_q)
    assert "(from tau2)" in str(by_tau2)
    dl = mk.pool(Y, V, tau2="DL")
    assert dl.i2_q == pytest.approx(dl.i2_tau2, rel=1e-12)  # equal for DL: Higgins & Thompson (2002)


def test_text_of_a_ratio(ratios: mk.PooledResult) -> None:
    text = str(ratios)
    assert text.splitlines()[0] == "Risk ratio: random effects, tau2 by DerSimonian-Laird (DL), normal test; k = 3"
    assert f"risk ratio {math.exp(ratios.estimate):.4f}, 95 % CI" in text
    assert "left out: D (no information: both arms at zero or all events)" in text
    assert "90 % CI" in ratios.summary(0.9)
    assert ratios._repr_html_() == f"<pre>{html.escape(text)}</pre>"


def test_text_names_what_is_missing() -> None:
    text = str(mk.pool([0.1], [0.1]))
    assert "k = 1" in text
    assert "prediction interval: none, needs at least 3 studies, has 1" in text
    assert "tau2" not in text.splitlines()[2]


def test_a_standard_error_of_0_has_no_test() -> None:
    """Hartung-Knapp on equal effects: the interval is a point and the statistic is not defined."""
    with pytest.warns(DataWarning, match="all effects are equal"):
        found = mk.pool([0.25, 0.25, 0.25], [0.5, 0.5, 0.5], test="hksj")
    assert found.std_error == 0
    assert found.ci() == (0.25, 0.25)
    assert math.isnan(found.p_value)
    assert "p not defined" in str(found)


def test_equal_effects_have_no_hartung_knapp_test() -> None:
    """The mean of three 0.1 is not 0.1 to the last bit: rounding alone must not make p = 0."""
    y, v = [0.1, 0.1, 0.1], [0.1, 0.2, 0.13]
    with pytest.warns(DataWarning, match="all effects are equal.*hksj-adhoc"):
        one = mk.pool(y, v, test="hksj")
    many = mk.pool_many([y, [0.1, 0.2, 0.1]], v, test="hksj")
    assert one.std_error == many.std_error[0] == 0.0
    assert np.isnan([one.p_value, one.statistic, many.p_value[0], many.statistic[0]]).all()
    assert many.p_value[1] > 0
    assert "p not defined" in str(one)
    with pytest.warns(DataWarning, match="on the fitted line"):
        line = mk.pool([1.0, 2.0, 3.0], [0.1, 0.2, 0.3], test="hksj", moderators=[[1.0], [2.0], [3.0]])
    assert np.isnan(line.to_frame()["p_value"]).all()
    assert np.isnan(line.omnibus()[2])
    assert "not defined" in str(line)


def test_weights_are_shares_in_percent(result: mk.PooledResult) -> None:
    w = 1 / (np.array(V) + result.tau2)
    np.testing.assert_allclose(result.weights, 100 * w / w.sum(), rtol=1e-13)


def test_the_prediction_interval_of_a_ratio_is_told_on_both_scales() -> None:
    counts = {"study": list("ABC"), "events_t": [3, 9, 5], "n_t": [9, 20, 9], "events_c": [1, 2, 4], "n_c": [9, 20, 9]}
    for measure, also in (("RR", True), ("RD", False)):
        result = mk.pool(mk.effect_sizes(counts, measure))
        low, high = result.prediction_interval(0.95)
        line = next(line for line in str(result).splitlines() if line.startswith("prediction"))
        back = f", risk ratio {result.back(low):.4f} to {result.back(high):.4f}" if also else ""
        assert line == f"prediction interval {low:.4f} to {high:.4f}{back}"


def test_a_model_without_tau2_prints_none() -> None:
    assert "tau2" not in str(mk.pool(Y, V, model="common")).splitlines()[2]
    assert str(mk.pool(Y, V)).splitlines()[2].startswith("tau2 ")


@pytest.mark.parametrize(("measure", "label"), [
    ("PLO", "proportion"), ("PFT", "proportion"), ("ZCOR", "correlation"), ("PETO", "Peto odds ratio"),
    ("RR", "risk ratio"), ("ROMC", "ratio of means (pairs)"), ("IRLN", "incidence rate"),
])  # fmt: skip
def test_what_is_shown_is_called_by_its_name(measure: str, label: str) -> None:
    found = mk.pool(mk.generic(Y, V, measure=measure))
    assert str(found).splitlines()[2].startswith(f"{label} ")
