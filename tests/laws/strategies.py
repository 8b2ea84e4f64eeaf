"""Meta-analyses to try laws on, and what it means that two fits are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

import metaket as mk
from metaket.pooling.tau2 import ESTIMATORS

Data = tuple[np.ndarray, np.ndarray]
METHODS = [e.code for e in ESTIMATORS]
BATCHED = [m for m in METHODS if m != "GENQ"]  # GENQ takes weights, which `pool_many` does not
RTOL = 1e-10  # in the units of `gaps`; worst seen 6e-13, an estimate shifted by 100 with a standard error of 0.01


@st.composite
def meta_analyses(draw: st.DrawFn, low: int = 2, high: int = 9) -> Data:
    """2 to 9 studies; variances over four orders of magnitude; effects alike, spread out, tied or all equal."""
    k = draw(st.integers(low, high))
    v = 10.0 ** np.array(draw(st.lists(st.floats(-4.0, 0.0), min_size=k, max_size=k)))
    spread = draw(st.sampled_from([0.0, 0.01, 0.3, 2.0]))
    effects = draw(st.lists(st.integers(-100, 100), min_size=k, max_size=k))
    return spread * np.array(effects) / 50.0, np.round(v, 6)


def fit(method: str, y: np.ndarray, v: np.ndarray, **options: Any) -> mk.PooledResult:
    """`pool` by a tau2 method, GENQ with the weights 1/sqrt(v), which scale with the data."""
    return mk.pool(y, v, tau2=method, weights=1 / np.sqrt(v) if method == "GENQ" else None, **options)


def gaps(ours: Any, other: mk.PooledResult, shift: float, scale: float, i: Any) -> dict[str, float]:
    """How far `ours` (fit `i` of a batch) is from `other`, in units of the other's spread."""

    def of(name: str) -> float:
        return float(np.asarray(getattr(ours, name))[i])

    unit = other.std_error or 1.0
    typical = float(np.median(other.effects.v))
    return {
        "estimate": abs((of("estimate") - shift) / scale - other.estimate) / unit,
        "std_error": abs(of("std_error") / scale - other.std_error) / unit,
        "tau2": abs(of("tau2") / scale**2 - other.tau2) / (other.tau2 + typical),
        "q": abs(of("q") - other.q) / (1 + other.q),
        "i2": abs(of("i2") - other.i2) / 100,
    }


def assert_same(
    ours: Any, other: mk.PooledResult, *, shift: float = 0.0, scale: float = 1.0, i: tuple[int, ...] | int = ()
) -> None:
    """`ours`, fitted to shift + scale * y, says the same as `other`, fitted to y."""
    assert np.asarray(ours.converged)[i]
    assert other.converged
    far = {name: gap for name, gap in gaps(ours, other, shift, scale, i).items() if not gap <= RTOL}
    assert not far, f"{other.spec}: {far}"
