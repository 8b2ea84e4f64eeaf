"""p-curve and p-uniform by independent evaluation (R's puniform is not to be had): other forms of the same numbers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import metaket as mk
from metaket.diagnostics.p_uniform import irwin_hall
from metaket.errors import InputError, NotComputableError

Y = np.array([0.62, 0.45, 0.31, 0.55, 0.12, 0.70, 0.52, 0.20, 0.05, 0.38, 0.66, 0.81])
V = np.array([0.06, 0.04, 0.02, 0.07, 0.01, 0.09, 0.06, 0.02, 0.01, 0.03, 0.08, 0.12])
ROOT = 1e-7  # of the witness' own root finders


def test_p_curve_by_non_central_chi_squares() -> None:
    """The article's own form: z^2 against (non-central) chi-squares on 1 degree of freedom."""
    found = mk.p_curve(mk.pool(Y, V))
    z = Y / np.sqrt(V)
    p = 2 * stats.norm.sf(z)
    significant, half = z[p < 0.05], z[p < 0.025]
    assert found.p == pytest.approx(np.sort(p[p < 0.05]), rel=1e-12)

    def skew(chosen: np.ndarray, alpha: float) -> float:
        return float(stats.norm.ppf(2 * stats.norm.sf(chosen) / alpha).sum() / math.sqrt(chosen.size))

    def flat(chosen: np.ndarray, power: float, alpha: float) -> float:
        edge, at = stats.chi2.isf(0.05, 1), stats.chi2.isf(alpha, 1)
        nc = optimize.brentq(lambda c: stats.ncx2.sf(edge, 1, c) - power, 1e-9, 60)
        share = stats.ncx2.sf(at, 1, nc)
        pp = (stats.ncx2.cdf(chosen**2, 1, nc) - (1 - share)) / share
        return float(stats.norm.ppf(pp).sum() / math.sqrt(chosen.size))

    assert (found.full_z, found.half_z) == pytest.approx((skew(significant, 0.05), skew(half, 0.025)), rel=1e-9)
    flats = (flat(significant, 1 / 3, 0.05), flat(half, 1 / 3, 0.025))
    assert (found.flat_full_z, found.flat_half_z) == pytest.approx(flats, rel=ROOT)
    for power, target in ((found.power, 0.0), (found.power_ci.low, 1.6448536), (found.power_ci.high, -1.6448536)):
        if 0.051 < power < 0.999:
            assert flat(significant, power, 0.05) == pytest.approx(target, abs=1e-5)
    assert found.binomial_p == pytest.approx(stats.binom.sf(half.size - 1, significant.size, 0.5))
    share = stats.ncx2.sf(stats.chi2.isf(0.025, 1), 1, optimize.brentq(
        lambda c: stats.ncx2.sf(stats.chi2.isf(0.05, 1), 1, c) - 1 / 3, 1e-9, 60)) * 3  # fmt: skip
    assert found.flat_binomial_p == pytest.approx(stats.binom.cdf(half.size, significant.size, share), rel=ROOT)


def test_p_values_just_below_the_threshold_have_no_power() -> None:
    z = np.array([1.97, 1.98, 1.965, 1.99, 2.0])
    found = mk.p_curve(mk.pool(z * 0.1, [0.01] * 5))
    assert found.power == 0.05
    assert not found.evidential_value
    assert found.inadequate
    assert math.isnan(found.half_p)
    assert "power below 33 %" in str(found)


def test_strong_studies_have_power() -> None:
    found = mk.p_curve(mk.pool([1.0] * 6, [0.01] * 6))
    assert found.power == pytest.approx(0.9999)
    assert found.evidential_value
    assert found.shares()["0.01"] == 100.0


def test_power_is_recovered() -> None:
    """4000 tests with a power of 60 %, of which the significant ones are seen."""
    delta = optimize.brentq(lambda d: stats.norm.sf(1.959964 - d) + stats.norm.cdf(-1.959964 - d) - 0.6, 0, 5)
    z = np.random.default_rng(3).normal(delta, 1, 4000)
    assert mk.p_curve(mk.pool(z, np.ones(4000), tau2="DL")).power == pytest.approx(0.6, abs=0.03)


def test_irwin_hall() -> None:
    for n in (1, 2, 5, 12):
        for x in np.linspace(0.1, n - 0.1, 5):
            below = integrate.quad(lambda t, n=n: density(t, n), 0, x, epsabs=1e-12, points=list(range(1, n)) or None)[
                0
            ]
            assert irwin_hall(float(x), n) == pytest.approx(below, rel=1e-8)
    assert irwin_hall(10.5, 21) == pytest.approx(0.5)
    assert (irwin_hall(-1.0, 3), irwin_hall(3.0, 3)) == (0.0, 1.0)


def density(t: float, n: int) -> float:
    terms = [(-1) ** j * math.comb(n, j) * max(t - j, 0.0) ** (n - 1) for j in range(n + 1) if t > j]
    return math.fsum(terms) / math.factorial(n - 1)


def conditional(mu: float) -> np.ndarray:
    s = np.sqrt(V)
    use = Y / s > 1.959963984540054
    return stats.norm.sf((Y - mu) / s)[use] / stats.norm.sf(1.959963984540054 - mu / s)[use]


def test_p_uniform_by_its_equations() -> None:
    found = {m: mk.p_uniform(mk.pool(Y, V), method=m) for m in ("P", "LNP")}
    m = found["P"].significant
    assert conditional(found["P"].estimate).sum() == pytest.approx(m / 2, rel=ROOT)
    assert -np.log(conditional(found["LNP"].estimate)).sum() == pytest.approx(m, rel=ROOT)
    for end, level in zip(found["LNP"].ci, (0.025, 0.975), strict=True):
        assert stats.gamma.sf(-np.log(conditional(end)).sum(), m) == pytest.approx(level, rel=1e-6)
    for end, level in zip(found["P"].ci, (0.025, 0.975), strict=True):
        assert irwin_hall(float(conditional(end).sum()), m) == pytest.approx(level, rel=1e-6)
    assert found["LNP"].p_value == pytest.approx(stats.gamma.sf(-np.log(conditional(0.0)).sum(), m), rel=ROOT)
    at = mk.pool(Y, V, model="common").estimate
    assert found["LNP"].bias_p == pytest.approx(stats.gamma.cdf(-np.log(conditional(at)).sum(), m), rel=ROOT)


def test_p_uniform_ml_is_a_selection_model_that_hides_all_others() -> None:
    s = np.sqrt(V)
    use = Y / s > 1.959963984540054
    found = mk.p_uniform(mk.pool(Y, V), method="ML")
    only = mk.pool(Y[use], V[use], model="common")
    limit = mk.selection_model(only, steps=0.025, weights=[1, 1e-12], alternative="greater")
    assert found.estimate == pytest.approx(limit.estimate, rel=1e-6)
    assert found.ci.width == pytest.approx(limit.ci().width, rel=1e-5)


def test_p_uniform_star_without_gradients() -> None:
    found = mk.p_uniform(mk.pool(Y, V), method="star")
    s = np.sqrt(V)
    use = Y / s > 1.959963984540054

    def down(x: np.ndarray) -> float:
        own = stats.norm(x[0], np.sqrt(V + x[1] ** 2))
        chance = own.sf(1.959963984540054 * s)
        return -float((own.logpdf(Y) - np.log(np.where(use, chance, 1 - chance))).sum())

    best = min((optimize.minimize(down, [m, t], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13})
                for m, t in itertools.product((0.1, 0.4), (0.02, 0.3))), key=lambda b: b.fun)  # fmt: skip
    assert found.estimate == pytest.approx(best.x[0], abs=1e-5)
    assert found.tau2 == pytest.approx(best.x[1] ** 2, abs=1e-5)
    null = optimize.minimize_scalar(lambda t: down(np.array([0.0, t])), bounds=(0, 2), method="bounded",
                                    options={"xatol": 1e-10})  # fmt: skip
    assert found.p_value == pytest.approx(stats.chi2.sf(2 * (null.fun - best.fun), 1), rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("method", ["P", "LNP", "ML", "star"])
def test_sides_and_scale(method: str) -> None:
    base = mk.p_uniform(mk.pool(Y, V), method=method)
    turned = mk.p_uniform(mk.pool(-1e-3 * Y, 1e-6 * V), method=method)
    assert (base.side, turned.side) == ("right", "left")
    assert turned.estimate == pytest.approx(-1e-3 * base.estimate, rel=1e-6)
    assert turned.ci.low == pytest.approx(-1e-3 * base.ci.high, rel=1e-5)
    assert turned.p_value == pytest.approx(base.p_value, rel=1e-5)


def test_limits() -> None:
    nothing = mk.pool([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])
    with pytest.raises(NotComputableError, match=r"p below 0\.05; none of the 3 has"):
        mk.p_curve(nothing)
    with pytest.raises(NotComputableError, match="significant to the right; none of the 3 is"):
        mk.p_uniform(nothing)
    with pytest.raises(InputError, match="unknown method of p-uniform"):
        mk.p_uniform(nothing, method="KS")
    weak = mk.p_uniform(mk.pool([0.1961, 0.1962], [0.01, 0.01]))
    assert weak.estimate < 0
    assert "the estimate is erratic" in str(weak)


def test_shown() -> None:
    found = mk.p_uniform(mk.pool(Y, V))
    assert list(found.to_frame()["significant"]) == [found.significant]
    assert "p-uniform (P)" in str(found)
    assert "p-uniform*" in str(mk.p_uniform(mk.pool(Y, V), method="star"))
    assert list(mk.p_curve(mk.pool(Y, V)).to_frame()["test"]) == ["right skew", "flatter than 33 % power"]
