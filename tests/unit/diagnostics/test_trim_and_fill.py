"""Trim and fill: by hand, its symmetries, its answer's parts. Numbers against metafor: tests/against."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import metaket as mk
from metaket.diagnostics.trim_and_fill import ESTIMATORS
from metaket.errors import ConvergenceWarning, InputError, NotComputableError

Y = [0.1, 0.15, 0.2, 0.3, 0.45, 0.5, 0.6, 0.7, 0.9, 1.1]
V = [0.01, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.12, 0.2, 0.3]
RTOL = 1e-9  # the same sums in another order


def test_the_first_estimates_by_hand() -> None:
    """Equal variances: the centre is the mean. y = -1, 0, 1, 2, 3, 10 has the mean 2.5: below are the ranks of
    3.5, 2.5, 1.5, 0.5 (5, 4, 3, 1 or 2), above those of 0.5 and 7.5 (1 or 2, and 6)."""
    found = mk.trim_and_fill(mk.pool([-1, 0, 1, 2, 3, 10], [1.0] * 6, model="common"), estimator="R0", side="left")
    # R0 = 6 - 5 - 1 = 0 at once
    assert (found.k0, found.k0_p, found.filled) == (0, 0.5, None)
    assert found.k0_se == pytest.approx(math.sqrt(2))
    assert found.result is found.observed


def test_filled_studies_mirror_the_trimmed_ones() -> None:
    found = mk.trim_and_fill(mk.pool(Y, V, model="common"))
    assert found.filled is not None
    assert found.k0 == found.filled.k == len(found.source) == found.result.k - 10
    for y, v, name, i in zip(found.filled.y, found.filled.v, found.filled.study, found.source, strict=True):
        assert y == pytest.approx(2 * found.centre - Y[i], rel=RTOL)
        assert (v, name) == (V[i], f"filled: Study {i + 1}")
    kept = [i for i in range(10) if i not in found.source]
    trimmed = mk.pool([Y[i] for i in kept], [V[i] for i in kept], model="common")
    assert found.centre == pytest.approx(trimmed.estimate, rel=RTOL)


@pytest.mark.parametrize("estimator", ["L0", "R0"])
def test_turning_and_moving_the_funnel(estimator: str) -> None:
    base = mk.trim_and_fill(mk.pool(Y, V, tau2="DL"), estimator=estimator)
    turned = mk.trim_and_fill(mk.pool(-np.array(Y), V, tau2="DL"), estimator=estimator)
    assert (turned.k0, turned.side, base.side) == (base.k0, "right", "left")
    assert turned.result.estimate == pytest.approx(-base.result.estimate, rel=RTOL)
    moved = mk.trim_and_fill(mk.pool(1e-4 * (np.array(Y) + 3), 1e-8 * np.array(V), tau2="DL"), estimator=estimator)
    assert moved.k0 == base.k0
    assert moved.result.estimate == pytest.approx(1e-4 * (base.result.estimate + 3), rel=RTOL)


def test_limits() -> None:
    with pytest.raises(NotComputableError, match="at least 3 studies, there are 2"):
        mk.trim_and_fill(mk.pool([0.1, 0.2], [0.1, 0.2]))
    with pytest.raises(NotComputableError, match="effects that differ"):
        mk.trim_and_fill(mk.pool([0.3] * 5, [0.1, 0.2, 0.05, 0.3, 0.4]))
    with pytest.raises(NotComputableError, match="give side="):
        mk.trim_and_fill(mk.pool([0.1, 0.2, 0.4], [0.1] * 3))
    with pytest.raises(InputError, match="Did you mean L0"):
        mk.trim_and_fill(mk.pool(Y, V), estimator="L1")
    counts = {"events_t": [1, 2, 3], "n_t": [9, 9, 9], "events_c": [3, 4, 5], "n_c": [9, 10, 11]}
    with pytest.raises(InputError, match="not for model 'mh'"):
        mk.trim_and_fill(mk.pool(mk.effect_sizes(counts, "OR"), model="mh"))


def test_shown() -> None:
    found = mk.trim_and_fill(mk.pool(Y, V, model="common"))
    frame = found.to_frame()
    assert list(frame["what"]) == ["observed", "filled"]
    assert list(frame["k"]) == [10, 10 + found.k0]
    assert "filled studies are not data" in str(found)
    assert found.trust is False


def test_a_circle_is_flagged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No data were found that go round; an estimator that alternates does."""
    turns = itertools.cycle([2.0, 1.0])
    monkeypatch.setitem(ESTIMATORS, "L0", lambda *_: next(turns))
    with pytest.warns(ConvergenceWarning, match="goes round in a circle"):
        found = mk.trim_and_fill(mk.pool(Y, V))
    assert found.converged is False
    assert "did not settle" in str(found)
