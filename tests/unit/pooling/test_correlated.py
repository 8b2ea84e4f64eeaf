"""`pool_correlated`: what it must equal in simpler cases, how it moves with its data, and what it says of bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError, UnknownChoiceError

CLOSED = 1e-10  # the same formula, written another way
CLIMBED = 1e-6  # two optimisers, each done to 1e-7 of a standard error
Rows = dict[str, Any]


@pytest.fixture(scope="module")
def singles() -> Rows:
    """One effect a study."""
    rng = np.random.default_rng(5)
    v = rng.uniform(0.02, 0.2, 18)
    return {"study": np.arange(18), "y": rng.normal(0.3, np.sqrt(v + 0.08)), "v": v, "level": np.zeros(18)}


@pytest.fixture(scope="module")
def pairs() -> Rows:
    """Two times a study, of which five have one."""
    rng = np.random.default_rng(6)
    study = np.delete(np.repeat(np.arange(25), 2), [3, 10, 21, 36, 49])
    time = np.delete(np.tile([1.0, 3.0], 25), [3, 10, 21, 36, 49])
    y = 0.5 - 0.1 * time + rng.normal(0, 0.3, 25)[study] + rng.normal(0, 0.25, 45)
    return {"study": study, "time": time, "y": y, "v": rng.uniform(0.02, 0.1, 45)}


def fit(rows: Rows, **options: Any) -> mk.CorrelatedResult:
    return mk.pool_correlated(mk.generic("y", "v", data=rows), "study", **options)


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("options", [{"nested": ("study",)}, {"inner": "level", "structure": "ID"}], ids=str)
def test_one_effect_a_study_is_the_simple_model(singles: Rows, method: str, options: dict[str, Any]) -> None:
    found = fit(singles, method=method, **options)
    simple = mk.pool(mk.generic("y", "v", data=singles), tau2=method)
    (name,) = found.components
    assert found.coef[0] == pytest.approx(simple.estimate, rel=CLIMBED)
    assert found.std_error[0] == pytest.approx(simple.std_error, rel=CLIMBED)
    assert found.components[name] == pytest.approx(simple.tau2, rel=CLIMBED)
    assert found.component_ci(name) == pytest.approx(simple.tau2_ci(method="PL"), rel=CLIMBED)


def test_without_components_it_is_the_common_effect(singles: Rows) -> None:
    found = fit(singles)
    simple = mk.pool(mk.generic("y", "v", data=singles), model="common")
    assert (found.coef[0], found.std_error[0]) == pytest.approx((simple.estimate, simple.std_error), rel=CLOSED)
    assert found.components == {}
    assert "no random effects" in str(found)


def test_robust_variance_of_single_effects_by_hand(singles: Rows) -> None:
    """CR0 with a cluster an effect: sum(w^2 e^2) / sum(w)^2. White (1980) Econometrica 48:817-838, p. 820."""
    found = fit(singles, robust="CR0")
    w, e = 1 / singles["v"], singles["y"] - found.coef[0]
    assert found.vcov[0, 0] == pytest.approx(np.sum(w**2 * e**2) / np.sum(w) ** 2, rel=CLOSED)


@pytest.mark.parametrize("structure", ["CS", "HCS", "UN", "AR", "HAR", "CAR", "ID", "DIAG"])
def test_scale_shift_and_order(pairs: Rows, structure: str) -> None:
    """y * 1000 + c: coefficients and variances follow, correlations stay; shuffled rows change nothing."""
    found = fit(pairs, inner="time", structure=structure)
    order = np.random.default_rng(1).permutation(45)
    moved = {name: values[order] for name, values in pairs.items()}
    moved |= {"y": 1000 * moved["y"] + 7, "v": 1e6 * moved["v"]}
    again = fit(moved, inner="time", structure=structure)
    assert again.coef[0] == pytest.approx(1000 * found.coef[0] + 7, rel=CLIMBED)
    for name, value in found.components.items():
        factor = 1.0 if name.startswith("rho") else 1e6
        assert again.components[name] == pytest.approx(factor * value, rel=1e-4)  # a flat top: 1e-6 of its error


def test_contrasts_by_hand(pairs: Rows) -> None:
    found = fit(pairs, moderators="time", intercept=False, inner="time", structure="HCS")
    difference = found.coef[1] - found.coef[0]
    variance = found.vcov[0, 0] + found.vcov[1, 1] - 2 * found.vcov[0, 1]
    statistic, df, p = found.equal()
    assert (statistic, df) == (pytest.approx(difference**2 / variance, rel=CLOSED), 1)
    assert found.contrast([[-1, 1]]) == pytest.approx((statistic, df, p), rel=CLOSED)
    with pytest.raises(InputError, match="a contrast needs 2 columns, got 3"):
        found.contrast([1, 0, 0])


def test_a_frame_and_a_text(pairs: Rows) -> None:
    found = fit(pairs, moderators="time", nested=("study",), robust="CR2")
    frame = found.to_frame(0.9)
    assert frame["term"].tolist() == ["intercept", "time"]
    assert (frame["ci_high"] - frame["ci_low"] > 0).all()
    assert np.isfinite(frame["df"]).all()
    assert "45 effects of 25 studies, REML, CR2 standard errors" in str(found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inner": "time"}, "inner and structure go together"),
        ({"inner": "time", "structure": "HXS"}, "unknown structure 'HXS'.*HCS"),
        ({"inner": "tiem", "structure": "CS"}, "inner 'tiem' is not a column"),
        ({"inner": [1, 2], "structure": "CS"}, "inner has 2 values but there are 45 effects"),
        ({"inner": [0] * 45, "structure": "CS"}, "two effects at one level"),
        ({"inner": ["early", "late"] * 22 + ["early"], "structure": "CAR"}, "CAR needs times"),
        ({"covariance": np.ones((2, 2))}, "symmetric matrix of shape"),
        ({"covariance": np.full((45, 45), 1.0)}, "not positive definite"),
        ({"intercept": False}, "without intercept needs moderators"),
        ({"method": "REM"}, "unknown method 'REM'.*REML"),
        ({"robust": "CR9"}, "unknown robust variance 'CR9'"),
    ],
)
def test_bad_input(pairs: Rows, options: dict[str, Any], message: str) -> None:
    with pytest.raises((InputError, UnknownChoiceError), match=message):
        fit(pairs, **options)


def test_an_unknown_component(pairs: Rows) -> None:
    with pytest.raises(InputError, match=r"unknown component 'tau'.*sigma2"):
        fit(pairs, nested=("study",)).component_ci("tau")
