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


# ---------------------------------------------------------------- the folder data/vanhouwelingen2002

VERDICTS = {
    # p. 596, in the text
    "fixed-or": "exact",
    "fixed-low": "exact",
    "fixed-high": "near",
    # p. 597, in the text
    "random-or": "exact",
    "random-low": "exact",
    "random-high": "exact",
    "random-tau2": "exact",
    "tau2-low": "exact",
    "tau2-high": "exact",
    # p. 599, in the text, log odds ratios
    "range-low": "exact",
    "range-high": "exact",
    # pp. 604-605, in the text, bivariate model
    "control": "exact",
    "vaccinated": "exact",
    "control-tau2": "exact",
    "vaccinated-tau2": "exact",
    "rho": "exact",
    "difference": "exact",
    "difference-se": "exact",
    "or": "exact",
    "or-low": "exact",
    "or-high": "exact",
    "control-se": "exact",
    # pp. 608-609, in the text, regression on latitude
    "latitude-intercept": "exact",
    "latitude-slope": "exact",
    "latitude-intercept-se": "exact",
    "latitude-slope-se": "exact",
    "latitude-tau2": "exact",
    "latitude-r2": "exact",
    # pp. 612-613, in the text, bivariate regression
    "b-control": "exact",
    "b-difference": "exact",
    "b-latitude": "exact",
    "b-latitude-difference": "exact",
    "b-control-se": "exact",
    "b-difference-se": "exact",
    "b-latitude-se": "exact",
    "b-latitude-difference-se": "exact",
    "b-control-tau2": "exact",
    "b-vaccinated-tau2": "exact",
    "b-rho": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("vanhouwelingen2002") == VERDICTS
