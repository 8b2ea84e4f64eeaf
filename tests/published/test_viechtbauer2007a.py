"""Viechtbauer W (2007). Confidence intervals for the amount of heterogeneity in meta-analysis.
Stat Med 26(1):37-52. doi:10.1002/sim.2514

Nine trials of diuretics in pregnancy (Collins 1985), log odds ratios of pre-eclampsia. Figures as collected at
metafor-project.org/doku.php/analyses:viechtbauer2007a.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import chi2

import metaket as mk

Agrees = Callable[[float, str], bool]


@pytest.fixture
def diuretics(dataset: Callable[[str], dict[str, np.ndarray]]) -> mk.EffectSizes:
    return mk.effect_sizes(dataset("dat.collins1985b"), "OR")


# p. 44, Table II: estimates of tau2
@pytest.mark.parametrize(("method", "tau2"), [("DL", "0.230"), ("ML", "0.239"), ("REML", "0.301"), ("SJ", "0.456")])
def test_estimates(method: str, tau2: str, diuretics: mk.EffectSizes, agrees: Agrees) -> None:
    assert agrees(mk.pool(diuretics, tau2=method).tau2, tau2)


# p. 44, Table II: 95 % Q-profile interval
def test_q_profile(diuretics: mk.EffectSizes, agrees: Agrees) -> None:
    low, high = mk.pool(diuretics).tau2_ci(0.95)
    assert agrees(low, "0.072")
    assert agrees(high, "2.203")


# p. 44, Table II: 95 % Wald-type intervals, from the standard errors of tau2 (lower limits below 0 are kept here)
@pytest.mark.parametrize(("method", "low", "high"), [("ML", "-0.101", "0.578"), ("REML", "-0.131", "0.732")])
def test_wald(method: str, low: str, high: str, diuretics: mk.EffectSizes, agrees: Agrees) -> None:
    found = mk.pool(diuretics, tau2=method)
    assert agrees(found.tau2 - 1.96 * found.se_tau2, low)
    assert agrees(found.tau2 + 1.96 * found.se_tau2, high)


# p. 44, Table II: Sidik and Jonkman's interval, (k - 1) tau2 over the quantiles of chi-square
def test_sidik_jonkman(diuretics: mk.EffectSizes, agrees: Agrees) -> None:
    found = mk.pool(diuretics, tau2="SJ")
    df = found.k - 1
    assert agrees(df * found.tau2 / chi2.ppf(0.975, df), "0.208")
    assert agrees(df * found.tau2 / chi2.ppf(0.025, df), "1.675")


# ---------------------------------------------------------------- the folder data/viechtbauer2007a

VERDICTS = {
    # p. 44, Table II
    "dl": "exact",
    "ml": "exact",
    "reml": "exact",
    "sj": "exact",
    "q-low": "exact",
    "q-high": "exact",
    "ml-profile-low": "exact",
    "ml-profile-high": "exact",
    "reml-profile-low": "exact",
    "reml-profile-high": "exact",
    "ml-wald-low": "exact",
    "ml-wald-high": "exact",
    "reml-wald-low": "exact",
    "reml-wald-high": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("viechtbauer2007a") == VERDICTS
