"""Olkin and Pratt's unbiased correlation, for which the reference has no numbers (it lacks R's gsl package)."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy import integrate

import metaket as mk
from metaket.measures.correlation import squared_correlation, unbiased_correlation

CASES = [
    (0.3, 10),
    (-0.62, 25),
    (0.0, 8),
    (0.95, 6),
    (0.999, 40),
    (-1.0, 12),
    (0.05, 5000),
    (0.4, 41),
    (0.4, 43),
    (0.01, 42),
]


@pytest.mark.parametrize(("r", "n"), CASES)
def test_against_mpmath(r: float, n: int) -> None:
    """40 digits of the hypergeometric functions in Olkin & Pratt (1958)."""
    with mpmath.workdps(40):
        x = 1 - mpmath.mpf(r) ** 2
        g = mpmath.mpf(r) * mpmath.hyp2f1(0.5, 0.5, mpmath.mpf(n - 2) / 2, x)
        square = 1 - mpmath.mpf(n - 3) / (n - 2) * x * mpmath.hyp2f1(1, 1, mpmath.mpf(n) / 2, x)
    assert float(unbiased_correlation(np.array(r), np.array(n))) == pytest.approx(float(g), rel=1e-12, abs=1e-15)
    assert float(squared_correlation(np.array(r), np.array(n))) == pytest.approx(float(square), rel=1e-10, abs=1e-12)


def density(r: float, rho: float, n: int) -> float:
    """Density of the sample correlation. Hotelling (1953) J R Stat Soc B 15:193-232, eq. 25."""
    front = (n - 2) * mpmath.gamma(n - 1) / (mpmath.sqrt(2 * mpmath.pi) * mpmath.gamma(n - 0.5))
    powers = (1 - rho**2) ** ((n - 1) / 2) * (1 - r**2) ** ((n - 4) / 2) * (1 - rho * r) ** (1.5 - n)
    return float(front * powers * mpmath.hyp2f1(0.5, 0.5, n - 0.5, (rho * r + 1) / 2))


@pytest.mark.parametrize(("rho", "n"), [(0.5, 10), (-0.3, 7)])
def test_the_estimates_are_unbiased(rho: float, n: int) -> None:
    """Their expectations over the distribution of r are rho and rho^2."""
    size = np.array(n)

    def expected(estimate: object) -> float:
        return float(integrate.quad(lambda r: float(estimate(np.array(r), size)) * density(r, rho, n), -1, 1)[0])  # type: ignore[operator]

    assert expected(lambda *_: 1.0) == pytest.approx(1.0, rel=1e-8)
    assert expected(unbiased_correlation) == pytest.approx(rho, rel=1e-7)
    assert expected(squared_correlation) == pytest.approx(rho**2, rel=1e-6)


def test_variances_of_the_unbiased_correlation() -> None:
    table = {"r": [0.3, 0.6], "n": [20, 40]}
    g = unbiased_correlation(np.array(table["r"]), np.array(table["n"]))
    np.testing.assert_allclose(mk.effect_sizes(table, "UCOR").v, (1 - g**2) ** 2 / np.array([19, 39]), rtol=1e-14)
    mean = (20 * g[0] + 40 * g[1]) / 60
    average = mk.effect_sizes(table, "UCOR", vtype="AV").v
    np.testing.assert_allclose(average, (1 - mean**2) ** 2 / np.array([19, 39]), rtol=1e-14)
    unbiased = mk.effect_sizes(table, "UCOR", vtype="UB").v
    square = squared_correlation(np.array(table["r"]), np.array(table["n"]))
    np.testing.assert_allclose(unbiased, g**2 - square, rtol=1e-13)
