"""Viechtbauer W (2007). Accounting for heterogeneity via random-effects models and moderator analyses in
meta-analysis. Z Psychol 215(2):104-121. doi:10.1027/0044-3409.215.2.104

Seventeen trials of St John's wort against placebo for depression (Linde 2005), risk ratios of response. Figures and the
notes on differences as collected at metafor-project.org/doku.php/analyses:viechtbauer2007b.
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
    """The article's selection: rows 7 to 10 and 13 to 25 of the review's table."""
    table = dataset("dat.linde2005")
    rows = np.r_[6:10, 12:25]
    return mk.effect_sizes({name: column[rows] for name, column in table.items()}, "RR")


# p. 107: fixed effects
def test_common_effect(trials: mk.EffectSizes, agrees: Agrees) -> None:
    found = mk.pool(trials, model="common")
    low, high = (math.exp(limit) for limit in found.ci())
    assert found.k == 17
    assert agrees(low, "1.26")
    assert agrees(high, "1.52")
    assert agrees(math.exp(found.estimate), "1.38")
    assert not agrees(math.exp(found.estimate), "1.39")  # as printed
    assert agrees(found.q, "51.55")
    assert not agrees(found.q, "55.54")  # as printed: a 5 in the place of the 1


# p. 109: random effects by DL
def test_random_effects(trials: mk.EffectSizes, agrees: Agrees) -> None:
    found = mk.pool(trials, tau2="DL")
    low, high = (math.exp(limit) for limit in found.ci())
    assert agrees(math.exp(found.estimate), "1.57")
    assert agrees(low, "1.31")
    assert agrees(high, "1.89")
    assert not agrees(high, "1.90")  # as printed
    assert agrees(found.tau2, "0.090")
    assert not agrees(found.tau2, "0.091")  # as printed


# two ranges of true effects: 0.87 to 2.83 leaves the uncertainty of the mean out, 0.85 to 2.91 has it (p. 109)
def test_range_of_true_effects(trials: mk.EffectSizes, agrees: Agrees) -> None:
    found = mk.pool(trials, tau2="DL")
    half = 1.96 * math.sqrt(found.tau2)
    assert agrees(math.exp(found.estimate - half), "0.87")
    assert agrees(math.exp(found.estimate + half), "2.83")
    low, high = found.prediction_interval(method="normal") or (0.0, 0.0)
    assert agrees(math.exp(low), "0.85")
    assert agrees(math.exp(high), "2.91")


# ---------------------------------------------------------------- the folder data/viechtbauer2007b

VERDICTS = {
    # p. 107, fixed-effects model
    "fixed-rr": "near",
    "fixed-low": "exact",
    "fixed-high": "exact",
    "fixed-q": "differs",
    # p. 109, random-effects model
    "random-rr": "exact",
    "random-low": "exact",
    "random-high": "near",
    "random-tau2": "near",
    "random-range-low": "exact",
    "random-range-high": "exact",
    # p. 112, mixed-effects model
    "moderators-tau2": "exact",
    "moderators-r2": "near",
    # p. 113, average risk ratio at a baseline of 12.5 and of 23.6, at the mean dose
    "mild": "near",
    "mild-low": "exact",
    "mild-high": "near",
    "severe": "exact",
    "severe-low": "exact",
    "severe-high": "exact",
    # p. 113, Table II
    "table-intercept": "exact",
    "table-intercept-se": "exact",
    "table-intercept-z": "exact",
    "table-intercept-p": "exact",
    "table-dose": "exact",
    "table-dose-se": "exact",
    "table-dose-z": "exact",
    "table-dose-p": "exact",
    "table-baseline": "exact",
    "table-baseline-se": "exact",
    "table-baseline-z": "exact",
    "table-baseline-p": "exact",
    "table-product": "exact",
    "table-product-se": "exact",
    "table-product-z": "exact",
    "table-product-p": "exact",
    # p. 106
    "montgomery-low": "exact",
    "montgomery-high": "exact",
    "lecrubier-low": "near",
    "lecrubier-high": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("viechtbauer2007b") == VERDICTS
