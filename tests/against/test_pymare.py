"""PyMARE as a third witness: DL, HE, ML and REML, the common effect, Q, I2 and the Q-profile interval."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import metaket as mk

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # loading PyMARE leaves a file open, and its sympy uses deprecated names of mpmath
    import pymare
    from pymare import estimators

CLOSED = 1e-10  # closed forms: rounding of sums and of the quantile functions
ITERATED = 1e-6  # PyMARE searches for the maximum of the likelihood itself; worst seen 3e-7 in tau2
PROFILE = 1e-9  # both solve the same equation; worst seen 1e-12
METHODS = {
    "DL": (estimators.DerSimonianLaird, {}, CLOSED),
    "HE": (estimators.Hedges, {}, CLOSED),
    "ML": (estimators.VarianceBasedLikelihoodEstimator, {"method": "ML"}, ITERATED),
    "REML": (estimators.VarianceBasedLikelihoodEstimator, {"method": "REML"}, ITERATED),
}


@pytest.fixture(scope="module")
def data() -> list[tuple[np.ndarray, np.ndarray]]:
    """Twelve meta-analyses with effects that differ, so that no tau2 sits at its limit of 0."""
    rng = np.random.default_rng(2021)
    out = []
    for k in range(4, 28, 2):
        v = 10 ** rng.uniform(-1.5, -0.5, k)
        out.append((rng.permutation(np.linspace(-1, 1.5, k)) + rng.normal(0, np.sqrt(v)), v))
    return out


def summary(kind: Any, options: dict[str, Any], y: np.ndarray, v: np.ndarray) -> Any:
    return kind(**options).fit_dataset(pymare.Dataset(y[:, None], v[:, None])).summary()


def one(value: Any) -> float:
    return float(np.squeeze(value))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("test", "correction"), [("z", "wald"), ("hksj", "knapp-hartung"), ("hksj-adhoc", "knapp-hartung-conservative")]
)
def test_random_effects(method: str, test: str, correction: str, data: list[tuple[np.ndarray, np.ndarray]]) -> None:
    kind, options, rtol = METHODS[method]
    for y, v in data:
        witness = summary(kind, options | {"small_sample_correction": correction}, y, v)
        ours = mk.pool(y, v, tau2=method, test=test)
        effect = witness.get_fe_stats()
        assert ours.tau2 == pytest.approx(one(witness.tau2), rel=rtol)
        assert ours.tau2 > 0
        assert ours.estimate == pytest.approx(one(effect["est"]), rel=rtol, abs=rtol * ours.std_error)
        assert ours.std_error == pytest.approx(one(effect["se"]), rel=rtol)
        assert ours.ci().low == pytest.approx(one(effect["ci_l"]), rel=rtol, abs=rtol * ours.std_error)
        assert ours.ci().high == pytest.approx(one(effect["ci_u"]), rel=rtol, abs=rtol * ours.std_error)
        assert ours.p_value == pytest.approx(one(effect["p"]), rel=10 * rtol)  # its slope in the statistic


def test_common_effect_and_heterogeneity(data: list[tuple[np.ndarray, np.ndarray]]) -> None:
    for y, v in data:
        witness = summary(estimators.WeightedLeastSquares, {}, y, v)
        ours = mk.pool(y, v, model="common")
        effect, spread = witness.get_fe_stats(), witness.get_heterogeneity_stats()
        assert ours.estimate == pytest.approx(one(effect["est"]), rel=CLOSED)
        assert ours.std_error == pytest.approx(one(effect["se"]), rel=CLOSED)
        assert ours.p_value == pytest.approx(one(effect["p"]), rel=CLOSED)
        assert ours.q == pytest.approx(one(spread["Q"]), rel=CLOSED)
        assert ours.q_p == pytest.approx(one(spread["p(Q)"]), rel=CLOSED)
        assert ours.i2 == pytest.approx(one(spread["I^2"]), rel=CLOSED)
        assert ours.h2 == pytest.approx(one(spread["H"]) ** 2, rel=CLOSED)


def test_q_profile_interval(data: list[tuple[np.ndarray, np.ndarray]]) -> None:
    for y, v in data:
        witness = summary(*METHODS["DL"][:2], y, v).get_re_stats()
        ours = mk.pool(y, v, tau2="DL").tau2_ci(0.95)
        assert ours.low == pytest.approx(one(witness["ci_l"]), rel=PROFILE)
        assert ours.high == pytest.approx(one(witness["ci_u"]), rel=PROFILE)
