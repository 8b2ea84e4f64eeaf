"""Each estimator against its published formula in plain arithmetic, and what happens when one does not converge."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import chi2

import metaket as mk
from metaket.errors import ConvergenceWarning
from metaket.pooling import likelihood, tau2

# Viechtbauer (2005) J Educ Behav Stat 30:261-293, example 1
Y = np.array([-0.581, 0.530, 0.771, 1.031, 0.553, 0.295, 0.078, 0.573, -0.176, -0.232])
V = np.array([0.023, 0.052, 0.060, 0.115, 0.095, 0.203, 0.200, 0.211, 0.051, 0.040])
K = Y.size


def mean(w: np.ndarray) -> float:
    return float(w @ Y / w.sum())


def q(w: np.ndarray) -> float:
    return float(w @ (Y - mean(w)) ** 2)


def general_moments(a: np.ndarray) -> float:
    """DerSimonian & Kacker (2007), eq. 6, for any weights a."""
    expected = (a * V).sum() - (a**2 * V).sum() / a.sum()
    return max(0.0, (q(a) - expected) / (a.sum() - (a**2).sum() / a.sum()))


def dl() -> float:
    w = 1 / V
    return max(0.0, (q(w) - (K - 1)) / (w.sum() - (w**2).sum() / w.sum()))


def sidik_jonkman() -> float:
    """Sidik & Jonkman (2005), eq. 6: r = v / crude variance, then a weighted variance with 1 / (r + 1)."""
    crude = float(((Y - Y.mean()) ** 2).mean())
    return q(1 / (V / crude + 1)) / (K - 1)


FORMULAS: dict[str, Callable[[], float]] = {
    "DL": dl,
    "HE": lambda: max(0.0, float(Y.var(ddof=1) - V.mean())),
    "HS": lambda: max(0.0, (q(1 / V) - K) / (1 / V).sum()),
    "HSk": lambda: max(0.0, (K / (K - 1) * q(1 / V) - K) / (1 / V).sum()),
    "SJ": sidik_jonkman,
    "GENQ": lambda: general_moments(1 / np.sqrt(V)),
    "DL2": lambda: general_moments(1 / (V + dl())),
    "HE2": lambda: general_moments(1 / (V + FORMULAS["HE"]())),
}


def found(method: str) -> mk.PooledResult:
    return mk.pool(Y, V, tau2=method, weights=1 / np.sqrt(V) if method == "GENQ" else None)


@pytest.mark.parametrize("method", FORMULAS)
def test_closed_forms(method: str) -> None:
    result = found(method)
    assert result.tau2 == pytest.approx(FORMULAS[method](), rel=1e-12)
    assert result.n_iter == 0
    assert result.converged


@pytest.mark.parametrize(("method", "target"), [("PM", K - 1), ("EB", K - 1), ("PMM", chi2.median(K - 1))])
def test_estimators_that_solve_an_equation_in_q(method: str, target: float) -> None:
    result = found(method)
    assert q(1 / (V + result.tau2)) == pytest.approx(target, rel=1e-12)
    assert result.n_iter > 0


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_likelihood_equations(method: str) -> None:
    """Viechtbauer (2005), p. 266: each is the fixed point of its own weighted variance."""
    result = found(method)
    w = 1 / (V + result.tau2)
    fixed = (w**2 @ ((Y - mean(w)) ** 2 - V)) / (w**2).sum()
    if method == "REML":
        fixed += 1 / w.sum()
    assert result.tau2 == pytest.approx(fixed, rel=1e-10)
    assert result.n_iter > 0


@pytest.mark.parametrize("method", [e.code for e in tau2.ESTIMATORS])
def test_standard_errors_are_there(method: str) -> None:
    assert found(method).se_tau2 > 0


def test_standard_errors_of_reml_and_ml() -> None:
    """The expected information: tr(PP) / 2 and tr(WW) / 2."""
    w = np.diag(1 / (V + found("REML").tau2))
    one = np.ones((K, 1))
    p = w - w @ one @ one.T @ w / w.sum()
    assert found("REML").se_tau2 == pytest.approx(math.sqrt(2 / np.trace(p @ p)), rel=1e-10)
    assert found("ML").se_tau2 == pytest.approx(math.sqrt(2 / (1 / (V + found("ML").tau2) ** 2).sum()), rel=1e-10)


@pytest.mark.parametrize(("method", "module", "limit"), [
    ("REML", likelihood, "NEWTON_LIMIT"), ("ML", likelihood, "SCAN_LIMIT"), ("PM", tau2, "Q_LIMIT"),
])  # fmt: skip
def test_no_convergence_is_said(method: str, module: object, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, limit, 1)
    with pytest.warns(ConvergenceWarning, match=f"tau2 by {method} did not converge for .*GEN: 10 studies"):
        result = found(method)
    assert not result.converged
    assert "WARNING: the estimator of tau2 did not converge" in str(result)
    batch = mk.pool_many(np.stack([Y, 0 * Y + 1.0]), V, tau2=method)
    assert not batch.converged[0]
