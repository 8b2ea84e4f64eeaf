"""van Houwelingen HC, Arends LR, Stijnen T (2002). Advanced methods in meta-analysis: multivariate approach and
meta-regression. Stat Med 21(4):589-624. doi:10.1002/sim.1040

Thirteen BCG trials, log odds ratios. Figures as collected at metafor-project.org/doku.php/analyses:vanhouwelingen2002.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import metaket as mk

Agrees = Callable[[float, str], bool]


@pytest.fixture
def trials(dataset: Callable[[str], dict[str, np.ndarray]]) -> mk.EffectSizes:
    return mk.effect_sizes(dataset("dat.bcg"), "OR")


# p. 596: fixed effects, odds ratio
def test_common_effect(trials: mk.EffectSizes, agrees: Agrees) -> None:
    found = mk.pool(trials, model="common")
    low, high = (math.exp(limit) for limit in found.ci())
    assert agrees(math.exp(found.estimate), "0.647")
    assert agrees(low, "0.595")
    assert agrees(high, "0.702")
    assert not agrees(high, "0.703")  # as printed


# p. 597: random effects by maximum likelihood, odds ratio and tau2
def test_random_effects(trials: mk.EffectSizes, agrees: Agrees) -> None:
    found = mk.pool(trials, tau2="ML")
    low, high = (math.exp(limit) for limit in found.ci())
    assert agrees(math.exp(found.estimate), "0.476")
    assert agrees(low, "0.336")
    assert agrees(high, "0.675")
    assert agrees(found.tau2, "0.302")


# p. 599: 95 % range of true log odds ratios
def test_range_of_true_effects(trials: mk.EffectSizes, agrees: Agrees) -> None:
    found = mk.pool(trials, tau2="ML")
    half = 1.96 * math.sqrt(found.tau2)
    assert agrees(found.estimate - half, "-1.820")
    assert agrees(found.estimate + half, "0.336")
