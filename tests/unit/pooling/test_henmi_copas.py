"""Henmi and Copas's interval: its coverage statement by simulation, laws, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

import metaket as mk
from metaket.errors import NotComputableError
from metaket.pooling.henmi_copas import henmi_copas

Y = np.array([0.1, 0.45, -0.2, 0.8, 0.3, 0.05])
V = np.array([0.04, 0.02, 0.05, 0.03, 0.08, 0.02])


def test_the_pivot_leaves_its_tails() -> None:
    """Data made with the tau2 that was estimated: the pivot passes the quantile about as often as it says."""
    fit, w = henmi_copas(mk.generic(Y, V), 0.9), 1 / V
    rng, draws = np.random.default_rng(4), 200_000
    sample = rng.standard_normal((draws, V.size)) * np.sqrt(V + fit.tau2)
    mean = sample @ w / w.sum()
    q = (w * (sample - mean[:, None]) ** 2).sum(axis=1)
    tau2 = np.maximum(0.0, (q - V.size + 1) / (w.sum() - (w**2).sum() / w.sum()))
    error = np.sqrt((1 + tau2 * (w**2).sum() / w.sum()) / w.sum())
    # Q is only nearly gamma given the mean: the method's own approximation, not the simulation, is the larger part
    assert (np.abs(mean) > fit.quantile * error).mean() == pytest.approx(0.1, abs=0.01)


def test_the_estimate_is_the_common_effect() -> None:
    fit, common = henmi_copas(mk.generic(Y, V)), mk.pool(Y, V, model="common")
    assert fit.estimate == pytest.approx(common.estimate, rel=1e-14)
    assert fit.std_error > common.std_error
    assert fit.tau2 == pytest.approx(mk.pool(Y, V, tau2="DL").tau2, rel=1e-14)
    assert (fit.ci_high - fit.estimate) == pytest.approx(fit.quantile * fit.std_error, rel=1e-14)


def test_with_tau2_at_zero_the_quantile_is_below_the_normal_one() -> None:
    """Were tau2 0, its estimate would often be above, and the standard error with it: less than 1.96 of them do."""
    alike = henmi_copas(mk.generic(0.01 * Y, V))
    assert alike.tau2 == 0.0
    assert 1.5 < alike.quantile < 1.96
    assert alike.std_error == pytest.approx(math.sqrt(1 / (1 / V).sum()), rel=1e-14)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_equivariant(scale: float) -> None:
    one, other = henmi_copas(mk.generic(Y, V)), henmi_copas(mk.generic(scale * Y, scale**2 * V))
    assert (other.ci_low / scale, other.ci_high / scale) == pytest.approx((one.ci_low, one.ci_high), rel=1e-10)


def test_one_study() -> None:
    with pytest.raises(NotComputableError, match="at least 2 studies, there is 1"):
        henmi_copas(mk.generic(Y[:1], V[:1]))
