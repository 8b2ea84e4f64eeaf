"""Means and standard deviations from quantiles, against metafor's conv.fivenum, tabled constants and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from metaket.errors import InputError, UnknownChoiceError
from metaket.measures.complete import QUANTILE_METHODS, mean_sd_from_quantiles
from metaket.measures.convert_means import Quantiles, skewness, wan_sd

# metafor 4.4, conv.fivenum(test=FALSE) on min 2, q1 6, median 9, q3 17, max 41: Luo's mean; S1 and S2: Wan's SD, S3:
# Wan's SD (method = "wan2014"). Recorded in the public tests of the package metaelemzes, tests/test_audit.
FIVE = {"minimum": 2, "q1": 6, "median": 9, "q3": 17, "maximum": 41}
METAFOR = {
    (7, "S1"): (15.021544795358952, 14.29106691143328),
    (7, "S2"): (10.889285714285714, 10.103962147784886),
    (7, "S3"): (14.361220613598714, 12.197514529609084),
    (30, "S1"): (11.972897250696676, 9.5575055212413016),
    (30, "S2"): (10.782500000000001, 8.5626224066574625),
    (30, "S3"): (12.3038216208361, 9.0600639639493821),
    (100, "S1"): (10.403596372036779, 7.804399930371213),
    (100, "S2"): (10.75975, 8.2742542328822122),
    (100, "S3"): (11.420082492316839, 8.0393270816267126),
}
KNOWN = {"S1": ("minimum", "median", "maximum"), "S2": ("q1", "median", "q3"), "S3": tuple(FIVE)}


@pytest.mark.parametrize(("n", "scenario"), METAFOR)
def test_luo_and_wan(n: int, scenario: str) -> None:
    mean, sd = METAFOR[n, scenario]
    given = {name: FIVE[name] for name in KNOWN[scenario]}
    assert mean_sd_from_quantiles(n, **given)["mean"] == pytest.approx(mean, rel=1e-12)
    assert mean_sd_from_quantiles(n, method="wan", **given)["sd"] == pytest.approx(sd, rel=1e-12)
    if scenario != "S3":  # with five numbers the default takes Shi's weights
        assert mean_sd_from_quantiles(n, **given)["sd"] == pytest.approx(sd, rel=1e-12)


def test_shi_is_a_weighted_mean_of_both_ways() -> None:
    """Shi et al. (2020), eq. 10, in its printed form: (b - a) / theta1 + (q3 - q1) / theta2."""
    for n in (7, 30, 100, 1000):
        extreme, quartile = stats.norm.ppf((n - 0.375) / (n + 0.25)), stats.norm.ppf((0.75 * n - 0.125) / (n + 0.25))
        theta1 = (2 + 0.14 * n**0.6) * extreme
        theta2 = (2 + 2 / (0.07 * n**0.6)) * quartile
        assert mean_sd_from_quantiles(n, **FIVE)["sd"] == pytest.approx(39 / theta1 + 11 / theta2, rel=1e-13)


def test_wans_means() -> None:
    """Wan et al. (2014): (a + 2m + b)/4, (q1 + m + q3)/3 and (a + 2 q1 + 2m + 2 q3 + b)/8."""
    for scenario, mean in (("S1", 61 / 4), ("S2", 32 / 3), ("S3", 107 / 8)):
        given = {name: FIVE[name] for name in KNOWN[scenario]}
        assert mean_sd_from_quantiles(20, method="wan", **given)["mean"] == pytest.approx(mean, rel=1e-14)


@pytest.mark.parametrize(("n", "d2"), [(5, 2.326), (10, 3.078), (25, 3.931), (50, 4.498)])
def test_range_over_sd_is_the_tabled_constant(n: int, d2: float) -> None:
    """Wan et al. (2014), table 1: the expected range of n normal values; the formula approximates it to 1.5 %."""
    assert 1 / mean_sd_from_quantiles(n, minimum=0, maximum=1)["sd"] == pytest.approx(d2, rel=0.015)


def test_shi_is_no_worse_than_wan_on_normal_data() -> None:
    rng = np.random.default_rng(2020)
    for n in (25, 101, 401):
        x = np.sort(rng.normal(50, 8, (4000, n)), axis=1)
        step = (n - 1) // 4
        five = {
            "minimum": x[:, 0],
            "q1": x[:, step],
            "median": x[:, 2 * step],
            "q3": x[:, 3 * step],
            "maximum": x[:, -1],
        }
        size = np.full(4000, float(n))
        shi, wan = (mean_sd_from_quantiles(size, method=m, **five)["sd"] for m in ("luo-wan-shi", "wan"))
        assert np.mean(shi) == pytest.approx(8, rel=0.01)
        assert np.mean((shi - 8) ** 2) <= np.mean((wan - 8) ** 2)


@pytest.mark.parametrize("known", [("minimum", "maximum"), ("q1", "q3"), ("minimum", "q1", "q3", "maximum")])
@pytest.mark.parametrize("n", [25, 101])
def test_the_test_for_skewness_holds_its_level(known: tuple[str, ...], n: int) -> None:
    """Shi et al. (2023): 5 % of normal samples are called skewed (20,000 samples: 3 standard errors are 0.5 points)."""
    x = np.sort(np.random.default_rng(n).standard_normal((20_000, n)), axis=1)
    step = (n - 1) // 4
    place = {"minimum": 0, "q1": step, "median": 2 * step, "q3": 3 * step, "maximum": -1}
    five = {name: x[:, i] if name in (*known, "median") else None for name, i in place.items()}
    statistic, limit = skewness(Quantiles.of(float(n), **five))
    assert np.mean(statistic > limit) == pytest.approx(0.05, abs=0.005)


def test_skewed_groups_get_a_remark() -> None:
    skewed = mean_sd_from_quantiles(100, **FIVE)
    assert skewed.remark.startswith("the group is skewed by Shi's (2023) test")
    assert skewed.remark in skewed.note
    assert mean_sd_from_quantiles(100, median=10, q1=8, q3=12).remark == ""
    two = mean_sd_from_quantiles([100, 100], median=[10, 9], q1=[8, 6], q3=[12, 17])
    assert two.remark.startswith("1 of 2 groups are skewed")


def test_unknown_numbers_may_be_nan_row_by_row() -> None:
    nan = math.nan
    got = mean_sd_from_quantiles(
        [30, 30, 30], median=9, minimum=[2, nan, 2], maximum=[41, nan, 41], q1=[nan, 6, 6], q3=[nan, 17, 17]
    )
    expected = [METAFOR[30, scenario][0] for scenario in ("S1", "S2", "S3")]
    np.testing.assert_allclose(got["mean"], expected, rtol=1e-12)


def test_without_a_median_there_is_a_spread_but_no_mean() -> None:
    got = mean_sd_from_quantiles(30, q1=6, q3=17)
    assert math.isnan(got["mean"])
    assert got["sd"] == pytest.approx(METAFOR[30, "S2"][1], rel=1e-12)
    with pytest.raises(InputError, match="this method needs the median"):
        mean_sd_from_quantiles(30, q1=6, q3=17, method="qe")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"median": 5}, "give minimum and maximum, or q1 and q3, or all four"),
        ({"median": 5, "q1": 3}, "give minimum and maximum, or q1 and q3, or all four"),
        ({"median": 5, "q1": 6, "q3": 9}, "minimum <= q1 <= median <= q3 <= maximum does not hold"),
        ({"median": 5, "minimum": 6, "maximum": 9}, "does not hold; check which number is which"),
        ({"minimum": 1, "q1": 3, "q3": 9, "maximum": 8}, "does not hold"),
        ({"median": 5, "q1": 5, "q3": 5}, "all equal"),
        ({"median": "five", "q1": 5, "q3": 6}, "median must be numbers, got 'five'"),
        ({"median": [1, 2], "q1": [1, 2, 3], "q3": 6}, "the arguments do not fit together"),
    ],
)
@pytest.mark.parametrize("method", QUANTILE_METHODS)
def test_quantiles_that_cannot_be(given: dict[str, object], message: str, method: str) -> None:
    with pytest.raises(InputError, match=message):
        mean_sd_from_quantiles(30, method=method, **given)  # type: ignore[arg-type]


def test_small_groups_and_unknown_methods() -> None:
    with pytest.raises(InputError, match=r"n must be 5 or more for these methods, got 4\.0"):
        mean_sd_from_quantiles(4, median=5, q1=3, q3=9)
    with pytest.raises(
        UnknownChoiceError, match="unknown quantile method 'lou': choose one of luo-wan-shi, wan, qe, bc"
    ):
        mean_sd_from_quantiles(40, median=5, q1=3, q3=9, method="lou")


DISTRIBUTIONS = {
    "normal": stats.norm(50, 8),
    "log-normal": stats.lognorm(0.5, scale=10),
    "gamma": stats.gamma(4, scale=3),
    "Weibull": stats.weibull_min(2, scale=5),
    "beta": stats.beta(2, 5),
}


def quantiles_of(distribution: object, n: int, scenario: str) -> dict[str, float]:
    place = {"minimum": 1 / n, "q1": 0.25, "median": 0.5, "q3": 0.75, "maximum": 1 - 1 / n}
    return {name: float(distribution.ppf(place[name])) for name in KNOWN[scenario]}  # type: ignore[attr-defined]


@pytest.mark.parametrize("scenario", KNOWN)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_quantile_estimation_finds_the_family(name: str, scenario: str) -> None:
    """From the exact quantiles of a distribution its own mean and standard deviation come back."""
    true = DISTRIBUTIONS[name]
    got = mean_sd_from_quantiles(80, method="qe", **quantiles_of(true, 80, scenario))
    assert got.remark == f"fitted: {name}"
    assert (got["mean"], got["sd"]) == pytest.approx((true.mean(), true.std()), rel=1e-6)


def test_quantile_estimation_against_estmeansd() -> None:
    """R package estmeansd, README: qe.mean.sd(min.val=2, med.val=4, max.val=9, n=100) is 4.347284 and 1.502171.

    Its optimiser (L-BFGS-B) stops earlier: our least squares is nearer to the quantiles and differs by 5e-6.
    """
    got = mean_sd_from_quantiles(100, minimum=2, median=4, maximum=9, method="qe")
    assert (got["mean"], got["sd"]) == pytest.approx((4.347284, 1.502171), rel=1e-5)


def test_box_cox_against_estmeansd() -> None:
    """README: bc.mean.sd(min.val=2, med.val=4, max.val=9, n=100) is 4.204881 and 1.277236, by simulation."""
    got = mean_sd_from_quantiles(100, minimum=2, median=4, maximum=9, method="bc")
    assert (got["mean"], got["sd"]) == pytest.approx((4.204881, 1.277236), rel=0.02)


@pytest.mark.parametrize("method", ["qe", "bc"])
@pytest.mark.parametrize("scenario", KNOWN)
def test_skewed_methods_follow_the_unit(method: str, scenario: str) -> None:
    given = quantiles_of(DISTRIBUTIONS["gamma"], 60, scenario)
    one = mean_sd_from_quantiles(60, method=method, **given)
    for unit in (1e-3, 1e4):
        scaled = mean_sd_from_quantiles(60, method=method, **{name: unit * x for name, x in given.items()})
        assert (scaled["mean"] / unit, scaled["sd"] / unit) == pytest.approx((one["mean"], one["sd"]), rel=1e-5)


def test_box_cox_of_log_normal_quantiles_is_the_log_normal() -> None:
    """The power is 0, so the moments are those of exp(normal) with Luo's mean and Wan's sd of the logs."""
    given = {"q1": math.exp(1.5), "median": math.exp(2.0), "q3": math.exp(2.5)}
    logs = mean_sd_from_quantiles(80, q1=1.5, median=2.0, q3=2.5)
    mean = math.exp(logs["mean"] + logs["sd"] ** 2 / 2)
    got = mean_sd_from_quantiles(80, method="bc", **given)
    assert got["mean"] == pytest.approx(mean, rel=1e-9)
    assert got["sd"] == pytest.approx(mean * math.sqrt(math.expm1(logs["sd"] ** 2)), rel=1e-9)


def test_box_cox_back_transformation_against_simulation() -> None:
    """Power 1/2: x = (1 + y/2)^2 of a normal y, cut symmetrically at y = -2 (500,000 draws, fixed seed)."""
    given = {"q1": 6.25, "median": 9.0, "q3": 12.25}  # roots 2.5, 3, 3.5
    n, scaled = 50, np.array([6.25, 9.0, 12.25]) / 9.0
    y = 2 * (np.sqrt(scaled) - 1)
    logs = mean_sd_from_quantiles(n, q1=y[0], median=y[1], q3=y[2])
    draws = np.random.default_rng(5).normal(logs["mean"], logs["sd"], 500_000)
    draws = draws[np.abs(draws - logs["mean"]) < logs["mean"] + 2]
    x = 9.0 * (1 + draws / 2) ** 2
    got = mean_sd_from_quantiles(n, method="bc", **given)
    assert got.remark == "power 0.5"
    assert (got["mean"], got["sd"]) == pytest.approx((x.mean(), x.std()), rel=0.004)


def test_box_cox_with_five_numbers_lies_between_its_two_answers() -> None:
    given = {"minimum": 3.5, "q1": 5.0, "median": 9.0, "q3": 14.0, "maximum": 16.0}
    powers = []
    for names in (("q1", "median", "q3"), ("minimum", "median", "maximum"), tuple(given)):
        remark = mean_sd_from_quantiles(60, method="bc", **{name: given[name] for name in names}).remark
        powers.append(float(remark.removeprefix("power ")))
    assert min(powers[:2]) <= powers[2] <= max(powers[:2])
    assert len(set(powers)) == 3


def test_what_the_skewed_methods_cannot_take() -> None:
    with pytest.raises(InputError, match="the Box-Cox method needs values above 0; use method 'qe'"):
        mean_sd_from_quantiles(30, median=5, q1=0, q3=9, method="bc")
    with pytest.raises(InputError, match="needs quantiles above and below the median"):
        mean_sd_from_quantiles(30, median=5, q1=4, q3=5, method="bc")
    negative = mean_sd_from_quantiles(30, median=1, q1=-1, q3=3.2, method="qe")
    assert negative.remark == "fitted: normal"


def test_wan_sd_of_a_range_grows_with_it() -> None:
    q = Quantiles.of([20, 20], 5, None, None, [1, 0], 9)
    assert wan_sd(q)[1] > wan_sd(q)[0]
