"""What is asked of results: intervals of I2 and H2 against R's metafor, and of a component against that of tau2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError

Effects = Callable[[str, str], tuple[np.ndarray, np.ndarray]]
CASES = 174  # records of intervals.json by Q-profile and by profile likelihood
RTOL = 1e-10  # of H2 (I2 in percent: 100 times that); both solve to the last digits, worst seen 8e-14
PROFILES = 1e-8  # two ways to the same profile likelihood, its root found to 1e-9; worst seen 6e-10


def test_intervals_of_i2_and_h2(reference: Callable[[str], list[dict[str, Any]]], effects_of: Effects) -> None:
    cases = [r for r in reference("intervals") if r["type"] in ("QP", "PL") and not r.get("failed")]
    wrong = []
    for case in cases:
        result = mk.pool(*effects_of(case["dataset"], case["measure"]), tau2=case["method"])
        h2, i2 = result.h2_ci(method=case["type"]), result.i2_ci(method=case["type"])
        for end, h, i in zip(("low", "high"), h2, i2, strict=True):
            theirs = case[f"h2_{end}"], case[f"i2_{end}"]
            if not (abs(h - theirs[0]) <= RTOL * theirs[0] and abs(i - theirs[1]) <= 100 * RTOL):
                wrong.append(f"{case['id']} {end}: {h}, {i} against {theirs}")
    assert not wrong, "; ".join(wrong[:6])
    assert len(cases) >= CASES


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_a_component_of_independent_effects_is_tau2(effects_of: Effects, method: str, level: float) -> None:
    y, v = effects_of("dat.bcg", "RR")
    effects = mk.generic(y, v)
    name = list(map(str, range(y.size)))
    model = mk.pool_correlated(effects, name, nested=(name,), method=method)
    (component,) = model.components
    ours = model.component_ci(component, level)
    theirs = mk.pool(y, v, tau2=method).tau2_ci(level, method="PL")
    assert ours == pytest.approx(theirs, rel=PROFILES)
    with pytest.raises(InputError, match=r"unknown component 'tau2'.*sigma2"):
        model.component_ci("tau2")
