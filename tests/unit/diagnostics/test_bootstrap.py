"""Bootstrap, with scipy's as the witness of the intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.unit.diagnostics.data import V, Y, counts_result

import metaket as mk
from metaket.errors import InputError, NotComputableError
from metaket.pooling.batch import pool_many


@pytest.mark.parametrize("statistic", ["estimate", "tau2", "i2", "q"])
@pytest.mark.parametrize("ours", ["percentile", "basic", "bca"])
def test_intervals_of_scipy(ours: str, statistic: str) -> None:
    """The same resamples given to scipy.stats.bootstrap give the same interval."""
    result = mk.pool(Y, V, tau2="DL")
    found = mk.bootstrap(result, statistic, draws=2000)

    def ask(y: np.ndarray, v: np.ndarray, axis: int = -1) -> Any:
        return getattr(pool_many(y, v, tau2="DL"), statistic)

    again = stats.bootstrap(
        (Y, V), ask, paired=True, vectorized=True, n_resamples=0, method="BCa" if ours == "bca" else ours,
        bootstrap_result=stats._resampling.BootstrapResult(None, found.draws, None), confidence_level=0.9,
    )  # fmt: skip
    low, high = again.confidence_interval
    floor = -np.inf if statistic == "estimate" else 0.0
    assert tuple(found.ci(0.9, ours)) == pytest.approx((max(low, floor), max(high, floor)), rel=1e-9, abs=1e-12)


def test_resamples_are_poolings_of_repeated_studies() -> None:
    rng = np.random.default_rng(4)
    found = mk.bootstrap(mk.pool(Y, V), draws=20, rng=rng)
    counts = np.random.default_rng(4).multinomial(6, np.full(6, 1 / 6), size=20)
    for n, value in zip(counts, found.draws, strict=True):
        assert value == pytest.approx(mk.pool(np.repeat(Y, n), np.repeat(V, n)).estimate, rel=1e-9)


def test_the_parametric_one_knows_the_truth() -> None:
    """With tau2 given, the estimate of a parametric resample is normal with the model's standard error."""
    result = mk.pool(Y, V, tau2=0.1)
    found = mk.bootstrap(result, resample="parametric", method="normal")
    assert found.std_error == pytest.approx(result.std_error, rel=0.03)  # four standard errors of 10 000 draws
    assert found.bias == pytest.approx(0, abs=0.05 * result.std_error)
    assert tuple(found.ci(0.9)) == pytest.approx(tuple(result.ci(0.9)), abs=0.06 * result.std_error)
    assert found.to_frame()["method"].tolist() == ["percentile", "basic", "normal"]


def test_seeds() -> None:
    result = mk.pool(Y, V)
    one, two = mk.bootstrap(result, draws=50), mk.bootstrap(result, draws=50)
    other = mk.bootstrap(result, draws=50, rng=np.random.default_rng(1))
    assert one.draws.tolist() == two.draws.tolist() != other.draws.tolist()


def test_heterogeneity_is_never_negative() -> None:
    found = mk.bootstrap(mk.pool(Y, V), "tau2", draws=500)
    assert min(found.ci(method=m).low for m in ("percentile", "basic", "normal", "bca")) >= 0


def test_equal_studies() -> None:
    found = mk.bootstrap(mk.pool(np.full(5, 0.3), np.full(5, 0.1)), draws=200)
    assert found.draws == pytest.approx(0.3)
    assert tuple(found.ci()) == pytest.approx((0.3, 0.3))
    assert found.std_error == pytest.approx(0, abs=1e-12)
    frame = found.to_frame()
    assert frame[["ci_low", "ci_high"]].dropna().to_numpy() == pytest.approx(0.3)


def test_prints() -> None:
    found = mk.bootstrap(counts_result(), method="bca", draws=500)
    assert str(found).startswith("Odds ratio: bootstrap of estimate, 500 draws, studies drawn with replacement")
    assert "95 % interval (bca)" in str(found)
    assert found.to_frame()["method"].tolist() == ["percentile", "bca", "basic", "normal"]


def test_what_is_refused() -> None:
    result = mk.pool(Y, V)
    with pytest.raises(InputError, match=r"unknown bootstrap method 'bcs'.* Did you mean bca"):
        mk.bootstrap(result, method="bcs")
    with pytest.raises(InputError, match=r"unknown statistic 'tau'.* Did you mean tau2"):
        mk.bootstrap(result, "tau")
    with pytest.raises(InputError, match="unknown resample 'cases'"):
        mk.bootstrap(result, resample="cases")
    with pytest.raises(InputError, match="the bca interval is for resample='studies'"):
        mk.bootstrap(result, method="bca", resample="parametric")
    with pytest.raises(InputError, match="the bca interval is for resample='studies'"):
        mk.bootstrap(result, resample="parametric", draws=10).ci(method="bca")
    with pytest.raises(InputError, match="draws must be at least 1"):
        mk.bootstrap(result, draws=0)
    with pytest.raises(NotComputableError, match="bootstrap needs at least 3 studies, there are 2"):
        mk.bootstrap(mk.pool(Y[:2], V[:2]))
    with pytest.raises(InputError, match="offered for the models random, common, not 'mh'"):
        mk.bootstrap(counts_result(model="mh"))
    with pytest.raises(InputError, match="level must lie between 0 and 1, got 95"):
        mk.bootstrap(result, draws=10).ci(95)
