"""Peto's one-step odds ratio: the formula written out, laws, and what it cannot pool."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import metaket as mk
from metaket.errors import InputError, NotComputableError

TRIALS = pd.DataFrame(
    {"events_t": [3, 0, 7], "n_t": [20, 15, 40], "events_c": [5, 4, 9], "n_c": [22, 15, 38]},
)


def test_observed_less_expected_over_the_hypergeometric_variance() -> None:
    result = mk.pool(mk.effect_sizes(TRIALS, "OR"), model="peto")
    laws = [stats.hypergeom(r.n_t + r.n_c, r.events_t + r.events_c, r.n_t) for r in TRIALS.itertuples()]
    gap = np.array([x - law.mean() for x, law in zip(TRIALS["events_t"], laws, strict=True)])
    v = np.array([law.var() for law in laws])
    assert result.estimate == pytest.approx(gap.sum() / v.sum(), rel=1e-12)
    assert result.std_error == pytest.approx(v.sum() ** -0.5, rel=1e-12)
    assert result.q == pytest.approx((gap**2 / v).sum() - gap.sum() ** 2 / v.sum(), rel=1e-10)
    assert result.weights == pytest.approx(100 * v / v.sum())


def test_swapped_arms_negate() -> None:
    other = TRIALS.rename(columns={"events_t": "events_c", "n_t": "n_c", "events_c": "events_t", "n_c": "n_t"})
    one, two = (mk.pool(mk.effect_sizes(f, "OR"), model="peto") for f in (TRIALS, other))
    assert two.estimate == pytest.approx(-one.estimate, rel=1e-12)
    assert two.std_error == pytest.approx(one.std_error, rel=1e-12)


def test_what_it_cannot_pool() -> None:
    with pytest.raises(InputError, match="odds ratios, not RR"):
        mk.pool(mk.effect_sizes(TRIALS, "RR"), model="peto")
    nothing = mk.effect_sizes(TRIALS.assign(events_t=0, events_c=0), "OR", double_zero="keep")
    with pytest.raises(NotComputableError, match="too few events"):
        mk.pool(nothing, model="peto")
