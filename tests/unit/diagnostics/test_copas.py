"""Copas and limit meta-analysis against independent evaluations; R's metasens is not to be had here.

The Copas likelihood is held against the joint normal model integrated numerically, its maxima against a search without
gradients; the limit against generalised least squares written out.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import metaket as mk
from metaket.diagnostics.copas import CopasLikelihood
from metaket.errors import InputError, NotComputableError

Y = np.array([0.62, 0.45, 0.31, 0.55, 0.12, 0.70, 0.52, 0.20, 0.05, 0.38, 0.66, 0.81])
V = np.array([0.06, 0.04, 0.02, 0.07, 0.01, 0.09, 0.06, 0.02, 0.01, 0.03, 0.08, 0.12])
SEARCH = 1e-5  # Nelder-Mead's own accuracy in the parameters


@pytest.mark.parametrize(("mu", "tau2", "rho", "g0", "g1"), [(0.3, 0.05, 0.6, -0.4, 0.2), (0.1, 0.0, -0.5, 0.2, 0.1)])
def test_the_likelihood_is_that_of_the_joint_model(mu: float, tau2: float, rho: float, g0: float, g1: float) -> None:
    """f(y | z > 0) by integrating the bivariate normal density of (y, z) over z > 0."""
    for y, v in ((0.5, 0.04), (-0.3, 0.2)):
        s = math.sqrt(v)
        u = g0 + g1 / s
        hazard = stats.norm.pdf(u) / stats.norm.cdf(u)
        sigma2 = v / (1 - hazard * (u + hazard) * rho**2)
        cov = np.array([[tau2 + sigma2, rho * math.sqrt(sigma2)], [rho * math.sqrt(sigma2), 1.0]])
        joint = stats.multivariate_normal([mu, u], cov)
        above = integrate.quad(lambda z, y=y, joint=joint: joint.pdf([y, z]), 0, 15, epsabs=1e-13, epsrel=1e-11)[0]
        f = CopasLikelihood(np.array([y]), np.array([s]), np.array([u]), drift=False)
        own = float(np.real(f(np.array([mu, tau2, rho]))))
        assert own == pytest.approx(math.log(above / stats.norm.cdf(u)), rel=1e-9)


def test_the_maxima_are_found_without_gradients_too() -> None:
    found = mk.copas(mk.pool(Y, V), gamma0=[-0.5, 0.5], gamma1=[0.1, 0.3])
    assert len(found.fits) == 4
    for fit in found.fits:
        f = CopasLikelihood(Y, np.sqrt(V), fit.gamma0 + fit.gamma1 / np.sqrt(V), drift=False)

        def down(x: np.ndarray, f: CopasLikelihood = f) -> float:
            return -float(np.real(f(np.array([x[0], x[1] ** 2, 0.9999 * math.tanh(x[2])]))))

        best = min(
            (optimize.minimize(down, [m, 0.15, r], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13,
             "maxiter": 5000, "maxfev": 5000}) for m in (0.1, 0.4) for r in (-1.0, 0.5, 2.0)),
            key=lambda b: b.fun,
        )  # fmt: skip
        assert fit.log_likelihood >= -best.fun - 1e-7
        if abs(fit.rho) < 0.999:
            assert fit.estimate == pytest.approx(best.x[0], abs=SEARCH)
            assert fit.rho == pytest.approx(0.9999 * math.tanh(best.x[2]), abs=1e-4)


def test_certain_publication_is_no_selection() -> None:
    """With u = 12 every study is published, whatever rho: the estimate is that of the pooled ML."""
    found = mk.copas(mk.pool(Y, V), gamma0=[12.0], gamma1=[0.0])
    assert found.fits[0].estimate == pytest.approx(found.unselected.estimate, rel=1e-6)
    assert found.fits[0].unpublished == pytest.approx(0.0, abs=1e-20)
    assert found.fits[0].residual_p == pytest.approx(found.unselected_residual_p, rel=1e-5)


def test_scale_and_sign() -> None:
    base = mk.copas(mk.pool(Y, V), gamma0=[-0.3], gamma1=[0.2]).fits[0]
    other = mk.copas(mk.pool(-1e-3 * Y, 1e-6 * V), gamma0=[-0.3], gamma1=[0.2e-3]).fits[0]
    assert other.estimate == pytest.approx(-1e-3 * base.estimate, rel=1e-5)
    assert (other.rho, other.residual_p) == pytest.approx((-base.rho, base.residual_p), rel=1e-4)
    assert other.gamma1 == pytest.approx(0.2e-3)


def test_the_adjusted_fit_leaves_no_selection() -> None:
    found = mk.copas(mk.pool(Y, V))
    clear = [f for f in found.fits if f.residual_p > 0.1 and abs(f.rho) < 0.9999]
    assert found.adjusted in clear if clear else found.adjusted is None
    assert found.unselected_residual_p < 0.1
    assert all(f.converged for f in found.fits)
    frame = found.to_frame()
    assert int(frame["adjusted"].sum()) == (found.adjusted is not None)
    assert "a sensitivity analysis" in str(found)


def test_no_selection_needed() -> None:
    found = mk.copas(mk.pool([0.3, 0.1, 0.25, 0.28, 0.2, 0.22], [0.01, 0.2, 0.02, 0.05, 0.1, 0.03]))
    assert found.adjusted is None
    assert found.enough
    assert "the unselected result stands" in str(found)


def test_limits() -> None:
    with pytest.raises(InputError, match="give both gamma0= and gamma1="):
        mk.copas(mk.pool(Y, V), gamma0=[0.0])
    with pytest.raises(InputError, match="gamma1 at least 0"):
        mk.copas(mk.pool(Y, V), gamma0=[0.0], gamma1=[-1.0])
    with pytest.raises(InputError, match="give a random-effects result"):
        mk.copas(mk.pool(Y, V, model="common"))
    with pytest.raises(NotComputableError, match="at least 4 studies"):
        mk.copas(mk.pool(Y[:3], V[:3]))
    with pytest.raises(NotComputableError, match="at least 3 studies whose standard errors differ"):
        mk.limit_meta_analysis(mk.pool(Y[:4], [0.1] * 4))


def test_limit_by_generalised_least_squares() -> None:
    result = mk.pool(Y, V, tau2="DL")
    found = mk.limit_meta_analysis(result)
    x = np.column_stack([np.ones(12), np.sqrt(V + result.tau2)])
    w = np.diag(1 / (V + result.tau2))
    cov = np.linalg.inv(x.T @ w @ x)
    beta, alpha = cov @ x.T @ w @ Y
    at = np.array([1.0, math.sqrt(result.tau2)])
    assert (found.slope, found.alpha) == pytest.approx((beta, alpha), rel=1e-9)
    assert found.estimate == pytest.approx(at @ [beta, alpha], rel=1e-9)
    assert found.std_error == pytest.approx(math.sqrt(at @ cov @ at), rel=1e-9)
    assert (found.alpha_se, found.slope_se) == pytest.approx(tuple(np.sqrt(np.diag(cov)[::-1])), rel=1e-9)
    assert found.q_small + found.q_residual == pytest.approx(result.q, rel=1e-12)


def test_the_limit_without_heterogeneity_is_pet() -> None:
    found = mk.limit_meta_analysis(mk.pool(Y, V, model="common"))
    assert found.estimate == pytest.approx(mk.pet(mk.pool(Y, V)).estimate, rel=1e-9)
    assert found.limit_effects == pytest.approx(np.full(12, found.estimate), rel=1e-9)
    assert "limit meta-analysis" in str(found)
    assert list(found.to_frame()["what"]) == ["pooled", "limit"]
