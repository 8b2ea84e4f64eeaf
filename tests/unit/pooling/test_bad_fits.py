"""One bad fit among good ones, by every estimator, test and model: it is flagged, and the others keep every bit."""

from __future__ import annotations

import numpy as np
import pytest
from tests.laws.strategies import BATCHED

import metaket as mk

K = 12
RNG = np.random.default_rng(11)
GOOD = 7
Y, V = RNG.normal(0.2, 0.8, (GOOD, K)), RNG.uniform(0.05, 0.9, (GOOD, K))
V[1] *= 10.0 ** RNG.uniform(-9, 0, K)
Y[2], V[2] = Y[2] * 1e90, V[2] * 1e180
Y[3] = 0.4
N = np.ones((GOOD, K))
N[4:] = RNG.integers(1, 3, (3, K))
N[5, 2] = 0.0
BAD = {
    "y NaN": ("y", np.nan),
    "y infinite": ("y", -np.inf),
    "y too far": ("y", 1e200),
    "v NaN": ("v", np.nan),
    "v zero": ("v", 0.0),
    "v negative": ("v", -1.0),
    "v infinite": ("v", np.inf),
    "v too small": ("v", 5e-324),
    "include negative": ("n", -1.0),
    "include NaN": ("n", np.nan),
    "include fractional": ("n", 0.5),
    "include infinite": ("n", np.inf),
}
FIELDS = ("estimate", "std_error", "statistic", "df", "p_value", "tau2", "se_tau2", "q", "q_df", "q_p", "i2", "h2", "k",
          "converged", "n_iter")  # fmt: skip
NUMBERS = ("estimate", "std_error", "statistic", "p_value", "tau2", "q", "q_p", "i2", "h2")


def spoilt(what: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The good fits with a bad one in the fourth place."""
    y, v, n = (np.insert(a, 3, a[0], axis=0) for a in (Y, V, N))
    if what == "nothing included":
        n[3] = 0.0
    else:
        name, value = BAD[what]
        {"y": y, "v": v, "n": n}[name][3, 4] = value
    return y, v, n


@pytest.mark.parametrize("method", [*BATCHED, 0.3])
@pytest.mark.parametrize("what", [*BAD, "nothing included"])
def test_one_bad_fit(what: str, method: str | float) -> None:
    y, v, n = spoilt(what)
    for model in ("random", "common"):
        for test in ("z", "t", "hksj", "hksj-adhoc"):
            options = {"tau2": method, "test": test, "model": model}
            alone, found = mk.pool_many(Y, V, N, **options), mk.pool_many(y, v, n, **options)
            for name in FIELDS:
                np.testing.assert_array_equal(np.delete(getattr(found, name), 3), getattr(alone, name), name)
            assert not found.converged[3]
            assert all(np.isnan(getattr(found, name)[3]) for name in NUMBERS)
            with np.errstate(invalid="ignore"):
                low, high = found.ci()
            assert np.isnan([low[3], high[3]]).all()


@pytest.mark.parametrize("method", BATCHED)
def test_a_fit_in_a_batch_is_the_fit_of_two_of_itself(method: str) -> None:
    """Nothing of a fit hangs on its neighbours, on where it stands, or on when they end."""
    together = mk.pool_many(Y, V, N, tau2=method)
    for i in range(GOOD):
        pair = mk.pool_many(*(np.stack([a[i], a[i]]) for a in (Y, V, N)), tau2=method)
        for name in FIELDS:
            assert np.array_equal(getattr(pair, name)[0], getattr(together, name)[i], equal_nan=True), (i, name)
