"""The search for outliers by both rules."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.unit.diagnostics.data import V, Y, counts_result

import metaket as mk
from metaket.errors import InputError, NotComputableError

WILD = np.array([*Y[:5], 3.0])


@pytest.mark.parametrize("correction", ["holm", "bonferroni", "hochberg", "none"])
def test_by_residual(correction: str) -> None:
    result = mk.pool(WILD, V, tau2="DL")
    found = mk.outliers(result, correction=correction)
    p = 2 * stats.norm.sf(np.abs(mk.residuals(result).rstudent))
    assert found.p_value == pytest.approx(p)
    assert found.p_adjusted is not None
    if correction == "bonferroni":
        assert found.p_adjusted == pytest.approx(np.minimum(1, 6 * p))
    assert found.outlying.tolist() == (found.p_adjusted < 0.05).tolist()
    assert found.found == ("Study 6",)
    assert found.without is not None
    assert found.without.estimate == pytest.approx(mk.pool(Y[:5], V[:5], tau2="DL").estimate)
    assert "outlying: Study 6" in str(found)
    assert "without them: " in str(found)


def test_a_t_type_test_compares_with_t() -> None:
    result = mk.pool(WILD, V, test="hksj")
    found = mk.outliers(result, correction="none")
    assert found.p_value == pytest.approx(2 * stats.t.sf(np.abs(mk.residuals(result).rstudent), 4))


def test_by_interval() -> None:
    result = mk.pool(WILD, V)
    low, high = result.ci(0.9)
    half = stats.norm.ppf(0.95) * np.sqrt(V)
    expected = (WILD + half < low) | (WILD - half > high)
    found = mk.outliers(result, "interval", level=0.9)
    assert found.outlying.tolist() == expected.tolist()
    assert found.outlying[5]
    assert found.rstudent is None
    assert "90 % interval does not touch the pooled one" in str(found)
    assert "rstudent" not in found.to_frame()


def test_no_outlier_and_models_of_counts() -> None:
    quiet = mk.outliers(mk.pool(Y, V))
    assert quiet.found == ()
    assert quiet.without is quiet.result
    assert str(quiet).endswith("outlying: none")
    found = mk.outliers(counts_result(model="mh"), "interval")
    assert found.found
    assert found.without is not None
    assert found.without.spec.model == "mh"


def test_nothing_left() -> None:
    """Two precise studies far apart: neither touches the pooled interval."""
    found = mk.outliers(mk.pool([0.0, 1.0], [1e-4, 1e-4], model="common"), "interval")
    assert found.outlying.all()
    assert found.without is None
    assert "no study is left without them" in str(found)


def test_a_study_that_cannot_be_judged_does_not_count() -> None:
    from metaket.diagnostics.outliers import _adjusted

    assert _adjusted(np.array([0.01, np.nan, 0.04]), "bonferroni") == pytest.approx([0.02, np.nan, 0.08], nan_ok=True)


def test_what_is_refused() -> None:
    result = mk.pool(Y, V)
    with pytest.raises(InputError, match=r"unknown rule 'intervall'.* Did you mean interval"):
        mk.outliers(result, "intervall")
    with pytest.raises(InputError, match="unknown correction 'fdr': choose one of holm, bonferroni, hochberg, none"):
        mk.outliers(result, correction="fdr")
    with pytest.raises(InputError, match=r"Did you mean 0\.95"):
        mk.outliers(result, level=95)
    with pytest.raises(InputError, match="offered for the models random, common, not 'mh'"):
        mk.outliers(counts_result(model="mh"))
    with pytest.raises(NotComputableError, match="needs at least 3 studies, there are 2"):
        mk.outliers(mk.pool(Y[:2], V[:2]))
    with pytest.raises(NotComputableError, match="needs at least 4 studies, there are 3"):
        mk.outliers(mk.pool(Y[:3], V[:3], test="t"))
    with pytest.raises(NotComputableError, match="needs at least 2 studies, there is 1"):
        mk.outliers(mk.pool(Y[:1], V[:1]), "interval")
    with pytest.raises(InputError, match="takes a PooledResult"):
        mk.outliers(mk.pool(Y, V, moderators=np.arange(6)))  # type: ignore[arg-type]
