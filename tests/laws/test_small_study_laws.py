"""What answers on small-study effects must not depend on: unit and sign of the effects, order of the studies."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metaket as mk
from metaket.errors import DataWarning, NotComputableError

RTOL = 1e-6  # iterated fits from other starts, and effects that nearly cancel


@pytest.fixture(autouse=True)
def _few_studies() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        yield


seeds = st.integers(0, 10**6)
units = st.sampled_from([1e-6, 1e-2, -1.0, 1e3, -1e6])

Ask = Callable[[mk.PooledResult], tuple[Any, float, float]]  # unchanging number, p-value, effect


def effect_free(found: Any) -> tuple[Any, float, float]:
    return found.k, found.p_value, found.limit


QUESTIONS: dict[str, Ask] = {
    "egger": lambda r: effect_free(mk.egger(r)),
    "egger, mixed": lambda r: effect_free(mk.egger(r, model="rma")),
    "begg": lambda r: (abs(mk.begg(r).score), mk.begg(r).p_value, 0.0),
    "pet": lambda r: (0, mk.pet(r).p_value, mk.pet(r).estimate),
    "limit": lambda r: (0, mk.limit_meta_analysis(r).p_value, mk.limit_meta_analysis(r).estimate),
    "trim and fill": lambda r: (mk.trim_and_fill(r).k0, 0.0, mk.trim_and_fill(r).result.estimate),
    "excess": lambda r: (mk.excess_significance(r).observed, mk.excess_significance(r).p_value, 0.0),
    "fail-safe N": lambda r: (mk.fail_safe_n(r).n, mk.fail_safe_n(r).p_value, 0.0),
}


@pytest.mark.parametrize("name", QUESTIONS)
@given(seed=seeds, unit=units)
def test_unit_sign_and_order(name: str, seed: int, unit: float) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(4, 15))
    v = rng.uniform(0.01, 0.5, k)
    y = rng.normal(0.3, np.sqrt(v + 0.05))
    order = rng.permutation(k)
    try:
        whole, p, effect = QUESTIONS[name](mk.pool(y, v, tau2="DL"))
    except NotComputableError:
        return
    again = QUESTIONS[name](mk.pool(unit * y[order], unit**2 * v[order], tau2="DL"))
    assert again[0] == whole
    assert again[1] == pytest.approx(p, rel=RTOL, abs=1e-12)
    assert again[2] == pytest.approx(unit * effect, rel=RTOL, abs=RTOL * abs(unit))
