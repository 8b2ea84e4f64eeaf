"""Cluster-robust variances where clusters are few, of size one, or carry a coefficient alone."""

from __future__ import annotations

import numpy as np
import pytest

import metaket as mk
from metaket.errors import DataWarning, InputError, NotComputableError

RTOL = 1e-12
CLUSTERS = 8
SIZE = 3


@pytest.fixture(scope="module")
def y() -> np.ndarray:
    return np.random.default_rng(1).normal(size=CLUSTERS * SIZE)


def study() -> list[str]:
    return [str(i) for i in np.repeat(np.arange(CLUSTERS), SIZE)]


def fit(y: np.ndarray, robust: str, cluster: list[str] | None = None, **options: object) -> mk.CorrelatedResult:
    return mk.pool_correlated(mk.generic(y, np.full(y.size, 0.1)), cluster or study(), robust=robust, **options)


def test_clusters_of_one_are_hc2(y: np.ndarray) -> None:
    """With equal weights and clusters of one CR2 is HC2, whose variance of a mean is s^2 / n, on n - 1 df."""
    r = fit(y, "CR2", [str(i) for i in range(y.size)])
    assert r.vcov[0, 0] == pytest.approx(y.var(ddof=1) / y.size, rel=RTOL)
    assert r.df[0] == pytest.approx(y.size - 1, rel=RTOL)


def test_balanced_clusters_are_their_means(y: np.ndarray) -> None:
    r = fit(y, "CR2", nested=(study(),))
    means = y.reshape(CLUSTERS, SIZE).mean(axis=1)
    assert r.vcov[0, 0] == pytest.approx(means.var(ddof=1) / CLUSTERS, rel=RTOL)
    assert r.df[0] == pytest.approx(CLUSTERS - 1, rel=1e-10)
    assert fit(y, "CR1", nested=(study(),)).vcov == pytest.approx(r.vcov, rel=RTOL)


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR2"])
def test_no_more_clusters_than_coefficients(y: np.ndarray, kind: str) -> None:
    x = np.random.default_rng(2).normal(size=(y.size, CLUSTERS))
    with pytest.raises(NotComputableError, match="more clusters than coefficients, there are 8 and 9"):
        fit(y, kind, moderators=x)
    with pytest.raises(NotComputableError, match="there are 1 and 1"):
        fit(y, kind, ["one"] * y.size)


@pytest.mark.parametrize("kind", ["CR0", "CR1", "CR2"])
def test_a_coefficient_that_one_cluster_carries(y: np.ndarray, kind: str) -> None:
    """That cluster is fitted exactly: the sandwich knows nothing of how far it is off, and is singular."""
    only = np.array([[float(s == "3")] for s in study()])
    with pytest.warns(DataWarning, match="without cluster '3' the model cannot estimate x1"):
        r = fit(y, kind, nested=(study(),), moderators=only)
    with pytest.raises(NotComputableError, match=f"singular: {kind} rests on 8 clusters"):
        r.contrast(np.eye(2))
    assert r.contrast([[0.0, 1.0]])[2] > 0.0  # a single contrast still has its test


def test_an_uncentred_moderator_is_no_lone_cluster(y: np.ndarray) -> None:
    """Warnings are errors here."""
    year = np.repeat(1996.0 + np.arange(CLUSTERS), SIZE)[:, None]
    r = fit(y, "CR2", nested=(study(),), moderators=year)
    centred = fit(y, "CR2", nested=(study(),), moderators=year - 2000.0)
    assert r.vcov[1, 1] == pytest.approx(centred.vcov[1, 1], rel=1e-6)


def test_contrasts_that_depend_on_each_other(y: np.ndarray) -> None:
    r = fit(y, "", nested=(study(),), moderators=np.arange(y.size, dtype=float)[:, None])
    with pytest.raises(NotComputableError, match="drop those that depend"):
        r.contrast([[1.0, 0.0], [2.0, 0.0]])


def test_a_group_above_the_clusters(y: np.ndarray) -> None:
    above = [str(int(s) % 2) for s in study()]
    shifted = y + np.array([3.0 * int(a) for a in above])
    with pytest.raises(InputError, match="choose the coarsest grouping"):
        fit(shifted, "CR2", nested=(above,))
