"""Normand SLT (1999). Meta-analysis: formulating, evaluating, combining, and reporting. Stat Med 18(3):321-359.

Figures as collected at metafor-project.org/doku.php/analyses:normand1999.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import metaket as mk

Agrees = Callable[[float, str], bool]
Dataset = Callable[[str], dict[str, np.ndarray]]


@pytest.fixture
def lidocaine(dataset: Dataset) -> mk.EffectSizes:
    """Risk differences in percentage points."""
    effects = mk.effect_sizes(dataset("dat.hine1989"), "RD")
    return mk.generic(100 * effects.y, 100**2 * effects.v)


@pytest.fixture
def stroke(dataset: Dataset) -> mk.EffectSizes:
    """Mean differences in days, with the variance from the pooled standard deviation."""
    d = dataset("dat.normand1999")
    pooled = ((d["n_t"] - 1) * d["sd_t"] ** 2 + (d["n_c"] - 1) * d["sd_c"] ** 2) / (d["n_t"] + d["n_c"] - 2)
    return mk.generic(d["mean_t"] - d["mean_c"], pooled * (1 / d["n_t"] + 1 / d["n_c"]))


# p. 330, Table III: lidocaine trials, 95 % intervals of the studies
def test_table_3(lidocaine: mk.EffectSizes, agrees: Agrees) -> None:
    frame = lidocaine.to_frame()
    low, high = ("-5.5", "-12.0", "-3.6", "-4.7", "-2.0", "-0.5"), ("11.1", "12.0", "7.6", "8.3", "9.1", "9.3")
    assert all(agrees(a, b) for a, b in zip(frame["ci_low"], low, strict=True))
    assert all(agrees(a, b) for a, b in zip(frame["ci_high"], high, strict=True))


# p. 349, Table VII: fixed effects, REML and DL, all 2.94 (0.4, 5.5) with tau2 0
@pytest.mark.parametrize("options", [{"model": "common"}, {"tau2": "REML"}, {"tau2": "DL"}])
def test_table_7(options: dict[str, str], lidocaine: mk.EffectSizes, agrees: Agrees) -> None:
    found = mk.pool(lidocaine, **options)
    assert agrees(found.estimate, "2.94")
    assert agrees(found.ci().low, "0.4")
    assert agrees(found.ci().high, "5.5")
    assert found.tau2 == 0


# p. 351, Table VIII: length of stay after stroke, differences and their variances
def test_table_8(stroke: mk.EffectSizes, agrees: Agrees) -> None:
    assert stroke.y.tolist() == [-20, -2, -55, -71, -4, 1, 11, -10, 7]
    printed = ("40.59", "2.05", "15.28", "150.22", "20.19", "1.22", "95.38", "8.03", "20.69")
    assert all(agrees(a, b) for a, b in zip(stroke.v, printed, strict=True))


# p. 352, Table IX: fixed effects, DL and REML
@pytest.mark.parametrize(("options", "mean", "low", "high", "tau2"), [
    ({"model": "common"}, "-3.49", "-5.03", "-1.96", "0"),
    ({"tau2": "DL"}, "-14.10", "-24.45", "-3.75", "218.72"),
    ({"tau2": "REML"}, "-15.12", "-32.67", "2.43", "685.20"),
])  # fmt: skip
def test_table_9(
    options: dict[str, str], mean: str, low: str, high: str, tau2: str, stroke: mk.EffectSizes, agrees: Agrees
) -> None:
    found = mk.pool(stroke, **options)
    assert agrees(found.estimate, mean)
    assert agrees(found.ci().low, low)
    assert agrees(found.ci().high, high)
    assert agrees(found.tau2, tau2)


# ---------------------------------------------------------------- the folder data/normand1999

VERDICTS = {
    # p. 330, Table III, in percentage points
    "lidocaine-chopra-et-al": "exact",
    "lidocaine-chopra-et-al-low": "exact",
    "lidocaine-chopra-et-al-high": "exact",
    "lidocaine-mogensen": "exact",
    "lidocaine-mogensen-low": "exact",
    "lidocaine-mogensen-high": "exact",
    "lidocaine-pitt-et-al": "exact",
    "lidocaine-pitt-et-al-low": "exact",
    "lidocaine-pitt-et-al-high": "exact",
    "lidocaine-darby-et-al": "exact",
    "lidocaine-darby-et-al-low": "exact",
    "lidocaine-darby-et-al-high": "exact",
    "lidocaine-bennett-et-al": "exact",
    "lidocaine-bennett-et-al-low": "exact",
    "lidocaine-bennett-et-al-high": "exact",
    "lidocaine-o-brien-et-al": "exact",
    "lidocaine-o-brien-et-al-low": "exact",
    "lidocaine-o-brien-et-al-high": "exact",
    # p. 349, Table VII, in percentage points
    "lidocaine-fixed-mean": "exact",
    "lidocaine-fixed-low": "exact",
    "lidocaine-fixed-high": "exact",
    "lidocaine-reml-mean": "exact",
    "lidocaine-reml-low": "exact",
    "lidocaine-reml-high": "exact",
    "lidocaine-dl-mean": "exact",
    "lidocaine-dl-low": "exact",
    "lidocaine-dl-high": "exact",
    "lidocaine-reml-tau2": "exact",
    "lidocaine-dl-tau2": "exact",
    # p. 351, Table VIII
    "stay-edinburgh": "exact",
    "stay-edinburgh-variance": "exact",
    "stay-orpington-mild": "exact",
    "stay-orpington-mild-variance": "exact",
    "stay-orpington-moderate": "exact",
    "stay-orpington-moderate-variance": "exact",
    "stay-orpington-severe": "exact",
    "stay-orpington-severe-variance": "exact",
    "stay-montreal-home": "exact",
    "stay-montreal-home-variance": "exact",
    "stay-montreal-transfer": "exact",
    "stay-montreal-transfer-variance": "exact",
    "stay-newcastle": "exact",
    "stay-newcastle-variance": "exact",
    "stay-umea": "exact",
    "stay-umea-variance": "exact",
    "stay-uppsala": "exact",
    "stay-uppsala-variance": "exact",
    # p. 352, Table IX
    "stay-fixed-mean": "exact",
    "stay-fixed-low": "exact",
    "stay-fixed-high": "exact",
    "stay-dl-mean": "exact",
    "stay-dl-low": "exact",
    "stay-dl-high": "exact",
    "stay-dl-tau2": "exact",
    "stay-reml-mean": "exact",
    "stay-reml-low": "exact",
    "stay-reml-high": "exact",
    "stay-reml-tau2": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("normand1999") == VERDICTS
