"""Every estimator against 60-digit arithmetic where the variances of a fit lie 1e4 to 1e20 apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import mpmath as mp
import numpy as np
import pytest

import metaket as mk
from tests.against.make_stress import answers, height, paule_mandel

DIGITS = 60
RATIOS = tuple(10.0**power for power in range(4, 21, 2))
RTOL = 1e-11  # worst seen 3e-13: a difference keeps twelve digits by construction (LEFT in pooling/engine.py)
SEARCHED = 1e16  # ratio up to which the search of `make_stress` holds
ITERATED_RTOL = (
    1e-9  # of tau2 plus the variance it is weighed against; worst seen 1e-11, the square of Newton's last step
)

Numbers = Sequence[mp.mpf]


def cases(ratio: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Fits of 2 to 6 studies: one, two or half of them `ratio` times as precise as the rest, near and far from them."""
    rng = np.random.default_rng(int(np.log10(ratio)))
    out = []
    for k in (2, 3, 6):
        for precise in sorted({1, min(2, k - 1), k // 2}):
            v = rng.uniform(0.1, 1.0, k)
            v[rng.permutation(k)[:precise]] /= ratio
            out += [(rng.normal(0.3, spread, k), v) for spread in (0.1, 1.0, 5.0)]
    return out


def p_matrix(a: Numbers) -> list[list[mp.mpf]]:
    total = mp.fsum(a)
    return [[(x if i == j else 0) - x * z / total for j, z in enumerate(a)] for i, x in enumerate(a)]


def quadratic(y: Numbers, a: Numbers) -> mp.mpf:
    mean = mp.fsum(w * x for w, x in zip(a, y, strict=True)) / mp.fsum(a)
    return mp.fsum(w * (x - mean) ** 2 for w, x in zip(a, y, strict=True))


def spread(a: Numbers, s: Numbers) -> mp.mpf:
    """tr(PSPS), half the variance of y'Py."""
    p = p_matrix(a)
    return mp.fsum(p[i][j] ** 2 * s[i] * s[j] for i in range(len(a)) for j in range(len(a)))


def moment(y: Numbers, v: Numbers, a: Numbers) -> tuple[mp.mpf, mp.mpf]:
    """Generalised method of moments with weights a, and its standard error."""
    p = p_matrix(a)
    trace = mp.fsum(p[i][i] for i in range(len(a)))
    value = max(mp.mpf(0), (quadratic(y, a) - mp.fsum(p[i][i] * v[i] for i in range(len(a)))) / trace)
    return value, mp.sqrt(2 * spread(a, [x + value for x in v])) / trace


def hunter_schmidt(y: Numbers, v: Numbers, factor: mp.mpf) -> tuple[mp.mpf, mp.mpf]:
    a = [1 / x for x in v]
    value = max(mp.mpf(0), (factor * quadratic(y, a) - len(y)) / mp.fsum(a))
    return value, factor * mp.sqrt(2 * spread(a, [x + value for x in v])) / mp.fsum(a)


def sidik_jonkman(y: Numbers, v: Numbers) -> tuple[mp.mpf, mp.mpf]:
    k = len(y)
    crude = quadratic(y, [mp.mpf(1)] * k) / k
    a = [1 / (x + crude) for x in v]
    value = crude * quadratic(y, a) / (k - 1)
    return value, crude / (k - 1) * mp.sqrt(2 * spread(a, [x + value for x in v]))


def one_over(v: Numbers, t: mp.mpf) -> list[mp.mpf]:
    return [1 / (x + t) for x in v]


def ones(y: Numbers) -> list[mp.mpf]:
    return [mp.mpf(1)] * len(y)


CLOSED: dict[str, Callable[[Numbers, Numbers], tuple[mp.mpf, mp.mpf]]] = {
    "DL": lambda y, v: moment(y, v, one_over(v, mp.mpf(0))),
    "HE": lambda y, v: moment(y, v, ones(y)),
    "HS": lambda y, v: hunter_schmidt(y, v, mp.mpf(1)),
    "HSk": lambda y, v: hunter_schmidt(y, v, mp.mpf(len(y)) / (len(y) - 1)),
    "SJ": sidik_jonkman,
    "DL2": lambda y, v: moment(y, v, one_over(v, moment(y, v, one_over(v, mp.mpf(0)))[0])),
    "HE2": lambda y, v: moment(y, v, one_over(v, moment(y, v, ones(y))[0])),
}


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("method", CLOSED)
def test_closed_forms(method: str, ratio: float) -> None:
    for y, v in cases(ratio):
        found = mk.pool(y, v, tau2=method)
        assert found.converged
        with mp.workdps(DIGITS):
            exact = [mp.mpf(x) for x in y], [mp.mpf(x) for x in v]
            value, se = CLOSED[method](*exact)
            a = one_over(exact[1], value)
            mean = mp.fsum(w * x for w, x in zip(a, exact[0], strict=True)) / mp.fsum(a)
            typical = (len(y) - 1) / mp.fsum(row[i] for i, row in enumerate(p_matrix(one_over(exact[1], mp.mpf(0)))))
        assert found.tau2 == pytest.approx(float(value), rel=RTOL, abs=RTOL * v.min())
        assert found.se_tau2 == pytest.approx(float(se), rel=RTOL)
        assert found.estimate == pytest.approx(float(mean), rel=1e-15, abs=RTOL * found.std_error)
        assert found.typical_variance == pytest.approx(float(typical), rel=RTOL)


@pytest.mark.parametrize("ratio", [r for r in RATIOS if r < SEARCHED])
def test_iterated(ratio: float) -> None:
    """One by one and in a batch, where a fit takes another path."""
    for y, v in cases(ratio):
        exact = answers(y.tolist(), v.tolist())
        for method in ("REML", "ML", "PM"):
            one, many = mk.pool(y, v, tau2=method), mk.pool_many(np.stack([y, y]), v, tau2=method)
            for tau2, converged in ((one.tau2, one.converged), (many.tau2[1], many.converged[1])):
                assert converged
                unit = exact[method] + v.min()
                assert tau2 == pytest.approx(exact[method], abs=ITERATED_RTOL * unit), (method, y, v)


@pytest.mark.parametrize("ratio", [r for r in RATIOS if r >= SEARCHED])
def test_iterated_further_apart(ratio: float) -> None:
    """Where the stress set's search, made in doubles, cannot follow: no value of a grid is likelier; PM solves Q."""
    for y, v in cases(ratio):
        ym, vm = [mp.mpf(x) for x in y], [mp.mpf(x) for x in v]
        grid = [mp.mpf(0), *(mp.mpf(float(t)) for t in np.geomspace(v.min() / 10, 100.0, 120))]
        for method in ("REML", "ML"):
            fits = mk.pool_many(np.stack([y, y]), v, tau2=method)
            found = mk.pool(y, v, tau2=method)
            assert found.converged
            assert fits.converged.all()
            assert found.tau2 == pytest.approx(fits.tau2[1], rel=ITERATED_RTOL)
            with mp.workdps(DIGITS):
                best = height(ym, vm, mp.mpf(found.tau2), method == "REML")
                assert all(height(ym, vm, t, method == "REML") <= best + mp.mpf("1e-12") for t in grid), (method, y, v)
        with mp.workdps(DIGITS):
            exact = float(paule_mandel(y.tolist(), v.tolist()))
        assert mk.pool(y, v, tau2="PM").tau2 == pytest.approx(exact, abs=ITERATED_RTOL * (exact + v.min()))
