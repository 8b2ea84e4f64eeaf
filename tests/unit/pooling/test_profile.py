"""Profile likelihood of a component: monotone, stops at the ends, any order of levels, undefined correlations."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import InputError, NotComputableError

SAME = 1e-6  # relative: the same likelihood, climbed in other parameters
FLAT = 1e-7  # of a log-likelihood: rounding between neighbours
Q = 3
NAMES = ["rho[a,b]", "rho[a,c]", "rho[b,c]"]


def table(seed: int = 4, sd: tuple[float, ...] = (0.4, 0.5, 0.6), studies: int = 25) -> pd.DataFrame:
    """Studies of three outcomes with correlated effects."""
    rng = np.random.default_rng(seed)
    r = np.array([[1.0, 0.6, 0.2], [0.6, 1.0, 0.5], [0.2, 0.5, 1.0]])
    u = rng.multivariate_normal(np.zeros(Q), r, studies) * np.array(sd)
    v = rng.uniform(0.01, 0.08, (studies, Q))
    y = 0.3 + u + rng.normal(0.0, np.sqrt(v))
    columns = {"study": np.repeat(np.arange(studies), Q), "outcome": np.tile(list("abc"), studies)}
    return pd.DataFrame({**columns, "y": y.ravel(), "v": v.ravel()})


def fit(data: pd.DataFrame, structure: str = "UN", **options: object) -> mk.CorrelatedResult:
    return mk.pool_correlated(mk.generic("y", "v", data=data), "study", inner="outcome", structure=structure, **options)


@pytest.fixture(scope="module")
def result() -> mk.CorrelatedResult:
    return fit(table())


@pytest.mark.parametrize("name", NAMES)
def test_the_profile_falls_on_both_sides(result: mk.CorrelatedResult, name: str) -> None:
    low, high = result.component_ci(name)
    best = result.components[name]
    for side in (np.linspace(best, low, 6), np.linspace(best, high, 6)):
        profile = result.component_profile(name, side)
        assert profile[0] == pytest.approx(result.loglik, abs=FLAT)
        assert np.all(np.diff(profile) < FLAT)
        assert profile[-1] == pytest.approx(result.loglik - 3.841458820694124 / 2, abs=SAME)


def test_the_order_of_the_levels_does_not_matter(result: mk.CorrelatedResult) -> None:
    data = table()
    data["outcome"] = data["outcome"].map({"a": "z", "b": "b", "c": "c"})
    other = fit(data)
    assert other.components["rho[c,z]"] == pytest.approx(result.components["rho[a,c]"], rel=SAME)
    assert other.component_ci("rho[c,z]") == pytest.approx(result.component_ci("rho[a,c]"), rel=SAME)
    assert other.component_ci("rho[b,c]") == pytest.approx(result.component_ci("rho[b,c]"), rel=SAME)


def test_a_wider_level_holds_a_narrower_one(result: mk.CorrelatedResult) -> None:
    narrow, wide = result.component_ci("rho[a,b]", 0.8), result.component_ci("rho[a,b]", 0.99)
    assert wide.low < narrow.low < result.components["rho[a,b]"] < narrow.high < wide.high


def test_few_studies_say_nothing_of_a_correlation() -> None:
    few = fit(table(studies=3))
    intervals = [few.component_ci(n) for n in NAMES if not math.isnan(few.components[n])]
    assert intervals
    assert all(i.low == -1.0 or i.high == 1.0 for i in intervals)


def test_a_correlation_without_variance_is_undefined() -> None:
    data = table(seed=3, sd=(0.4, 0.0, 0.6))
    data.loc[data["outcome"] == "b", "y"] = 0.3  # no spread at all: its variance is 0
    none = fit(data, moderators="outcome", intercept=False)
    assert none.components["tau2[b]"] == 0.0
    assert math.isnan(none.components["rho[a,b]"])
    assert "rho[a,b] undefined" in str(none)
    with pytest.raises(NotComputableError, match=r"rho\[a,b\] is undefined: tau2\[b\] is 0"):
        none.component_ci("rho[a,b]")
    low, high = none.component_ci("rho[a,c]")  # a standard deviation stays at its bound along this profile
    assert low < none.components["rho[a,c]"] < high
    assert none.component_ci("tau2[b]").low == 0.0


@pytest.mark.parametrize("structure", ["CS", "AR", "HCS", "HAR"])
def test_one_correlation_without_variance(structure: str) -> None:
    data = table()
    data["y"] = 0.3
    none = fit(data, structure)
    with pytest.raises(NotComputableError, match=r"rho is undefined: tau2.* 0"):
        none.component_ci("rho")


def test_one_level_has_no_correlation() -> None:
    data = table()
    one = fit(data[data["outcome"] == "a"], "CS")
    with pytest.raises(NotComputableError, match="one level"):
        one.component_ci("rho")


def test_a_variance_that_the_data_do_not_know() -> None:
    """A level with one effect and its own mean: the restricted likelihood is the same at any variance."""
    data = table()
    lonely = data[(data["outcome"] != "c") | (data["study"] == 0)]
    low, high = fit(lonely, "DIAG", moderators="outcome", intercept=False).component_ci("tau2[c]")
    assert (low, high) == (0.0, math.inf)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rho[a,b]", 1.5, "between -1 and 1, got 1.5"),
        ("tau2[a]", -0.1, "variance of 0 or more, got -0.1"),
        ("rho[a,x]", 0.1, r"Did you mean rho\[a,"),
    ],
)
def test_bad_input(result: mk.CorrelatedResult, name: str, value: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        result.component_profile(name, [value])
    with pytest.raises(InputError):
        result.component_ci("rho[a,b]", 1.5)


def test_the_same_interval_on_another_scale(result: mk.CorrelatedResult) -> None:
    data = table()
    moved = fit(data.assign(y=1e5 * data["y"], v=1e10 * data["v"]))
    assert moved.component_ci("rho[b,c]") == pytest.approx(result.component_ci("rho[b,c]"), rel=1e-5)
