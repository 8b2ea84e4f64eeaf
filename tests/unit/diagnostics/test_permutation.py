"""Permutation tests: enumeration by hand, sampling, ties, refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import metaket as mk
from metaket.diagnostics.permutation import permutation_test
from metaket.errors import InputError, NotComputableError

Y = np.array([0.1, 0.45, -0.2, 0.8, 0.3, 0.05])
V = np.array([0.04, 0.02, 0.05, 0.03, 0.08, 0.02])
X = np.array([1.0, 2.0, 0.5, 4.0, 3.0, 1.5])


def test_signs_by_a_plain_loop() -> None:
    test = permutation_test(mk.pool(Y, V, tau2="DL"))
    z = [mk.pool(np.array(s) * Y, V, tau2="DL").statistic for s in itertools.product((1, -1), repeat=6)]
    share = np.mean(np.abs(z) >= abs(z[0]) * (1 - 1e-8))
    assert test.exact
    assert (test.permutations, test.failed) == (64, 0)
    assert test.names == ("intercept",)
    assert test.p_value.tolist() == [share]
    assert test.omnibus == pytest.approx(z[0] ** 2, rel=1e-12)
    assert test.omnibus_p == share


def test_orders_by_a_plain_loop_over_the_design() -> None:
    """Dealing (y, v) out anew is permuting the rows of the design."""
    test = permutation_test(mk.pool(Y[:5], V[:5], moderators=X[:5], tau2="PM", test="hksj"))
    statistics = []
    for order in itertools.permutations(range(5)):
        fit = mk.pool(Y[:5], V[:5], moderators=X[:5][list(order)], tau2="PM", test="hksj")
        statistics.append([*(fit.coef / fit.std_error), fit.omnibus()[0]])
    shares = np.mean(np.abs(statistics) >= np.abs(statistics[0]) * (1 - 1e-8), axis=0)
    assert test.permutations == 120
    assert test.p_value == pytest.approx(shares[:2], abs=1e-12)
    assert test.omnibus_p == pytest.approx(shares[2], abs=1e-12)
    assert test.to_frame()["term"].tolist() == ["intercept", "x1"]


def test_the_smallest_p_value_without_moderators() -> None:
    test = permutation_test(mk.pool(1.0 + 0.01 * Y, V))
    assert test.p_value.tolist() == [2 / 64]


@pytest.mark.parametrize("moderators", [None, "x"])
def test_a_sample_comes_near_the_enumeration(moderators: str | None) -> None:
    rng = np.random.default_rng(2)
    y, v, x = rng.normal(0.15, 0.4, 20), rng.uniform(0.02, 0.1, 20), rng.normal(size=20)
    result = mk.pool(y, v, tau2="DL") if moderators is None else mk.pool(y, v, tau2="DL", moderators=x)
    one, two = (permutation_test(result, rng=np.random.default_rng(8), draws=4000) for _ in range(2))
    assert not one.exact
    assert one.permutations == 4000
    assert one.p_value.tolist() == two.p_value.tolist()
    other = permutation_test(result, rng=np.random.default_rng(9), draws=4000)
    assert one.omnibus_p == pytest.approx(other.omnibus_p, abs=0.05)  # four standard errors of a difference
    assert one.omnibus_p >= 1 / 4000  # the observed order counts


def test_what_is_refused() -> None:
    y, v = np.linspace(-1, 1, 20), np.full(20, 0.1)
    with pytest.raises(InputError, match=r"1.05e\+06 permutations: give rng="):
        permutation_test(mk.pool(y, v))
    with pytest.raises(InputError, match="tau2 'GENQ'"):
        permutation_test(mk.pool(Y, V, tau2="GENQ", weights=np.ones(6)))
    with pytest.raises(NotComputableError, match="at least 2 studies"):
        permutation_test(mk.pool(Y[:1], V[:1]))
