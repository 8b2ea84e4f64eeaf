"""Subgroups: the parts are pools of their own, the test between them by hand, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import metaket as mk
from metaket.diagnostics.subgroups import subgroups
from metaket.errors import DataWarning, InputError

TABLE = pd.DataFrame(
    {
        "study": list("ABCDEFGHIJ"),
        "y": [0.1, 0.45, -0.2, 0.8, 0.3, 0.05, 0.6, 0.2, 0.9, 0.4],
        "v": [0.04, 0.02, 0.05, 0.03, 0.08, 0.02, 0.06, 0.03, 0.05, 0.02],
        "arm": ["x", "y"] * 5,
    }
)
EFFECTS = mk.generic(data=TABLE)


@pytest.mark.parametrize("test", ["z", "hksj"])
def test_each_is_a_pool_of_its_own(test: str) -> None:
    found = subgroups(mk.pool(EFFECTS, tau2="DL", test=test), "arm")
    assert (found.by, found.levels, found.shared_tau2) == ("arm", ("x", "y"), None)
    for level, result in zip(found.levels, found.results, strict=True):
        part = mk.pool(EFFECTS.take((TABLE["arm"] == level).to_numpy()), tau2="DL", test=test)
        assert (result.estimate, result.std_error, result.tau2) == (part.estimate, part.std_error, part.tau2)
    a, b = found.results
    # of two groups the test is the square of the standardised difference
    z = (a.estimate - b.estimate) / np.hypot(a.std_error, b.std_error)
    assert found.q_between == pytest.approx(z**2, rel=1e-12)
    assert (found.q_between_df, found.q_between_p) == (1.0, pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-10))


def test_common_effect_splits_q() -> None:
    """Q = Q within + Q between, an identity of the common-effect model."""
    result = mk.pool(EFFECTS, model="common")
    found = subgroups(result, "arm")
    assert found.q_between + sum(r.q for r in found.results) == pytest.approx(result.q, rel=1e-12)


def test_shared_tau2_is_that_of_the_regression() -> None:
    result = mk.pool(EFFECTS)
    found, regression = subgroups(result, "arm", shared_tau2=True), mk.pool(EFFECTS, moderators="arm")
    assert found.shared_tau2 == pytest.approx(regression.tau2, rel=1e-9)
    assert all(r.tau2 == found.shared_tau2 for r in found.results)
    assert found.q_between == pytest.approx(regression.omnibus()[0], rel=1e-9)
    assert found.results[0].estimate == pytest.approx(regression.coef[0], rel=1e-9)
    assert "shared tau2" in str(found)


def test_blank_groups_are_left_out_by_name() -> None:
    by = ["x", "y", None, "y", "x", "", "x", float("nan"), "x", "y"]
    found = subgroups(mk.pool(EFFECTS, model="common"), by)
    assert found.left_out == ("C", "F", "H")
    assert [r.k for r in found.results] == [4, 3]


def test_frame() -> None:
    frame = subgroups(mk.pool(EFFECTS, model="common"), "arm").to_frame()
    assert frame["group"].tolist() == ["x", "y"]
    assert {"estimate", "std_error", "ci_low", "ci_high", "tau2", "q", "i2", "k"} <= set(frame.columns)


def test_few_studies_are_pointed_out() -> None:
    by = ["a"] * 7 + ["b"] * 3
    with pytest.warns(DataWarning, match=r"few studies for a tau2 of its own: b \(3\)"):
        subgroups(mk.pool(EFFECTS), by)
    subgroups(mk.pool(EFFECTS), by, shared_tau2=True)  # no warning: warnings are errors here


def test_what_is_refused() -> None:
    result = mk.pool(EFFECTS)
    with pytest.raises(InputError, match="no column 'site'"):
        subgroups(result, "site")
    with pytest.raises(InputError, match="by has 2 groups but there are 10 studies"):
        subgroups(result, ["a", "b"])
    with pytest.raises(InputError, match="at least 2 groups, group has 1: a"):
        subgroups(result, ["a"] * 10)
    with pytest.raises(InputError, match="shared tau2 needs the model random"):
        subgroups(mk.pool(EFFECTS, model="common"), "arm", shared_tau2=True)
    with pytest.raises(InputError, match="GENQ"):
        subgroups(mk.pool(EFFECTS, tau2="GENQ", weights=np.ones(10)), "arm")
