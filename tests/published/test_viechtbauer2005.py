"""Viechtbauer W (2005). Bias and efficiency of meta-analytic variance estimators in the random-effects model.
J Educ Behav Stat 30(3):261-293. doi:10.3102/10769986030003261

Data and figures as collected at metafor-project.org/doku.php/analyses:viechtbauer2005.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

import metaket as mk

Agrees = Callable[[float, str], bool]

# p. 271, example 1: effects and sampling variances of ten studies
Y1 = [-0.581, 0.530, 0.771, 1.031, 0.553, 0.295, 0.078, 0.573, -0.176, -0.232]
V1 = [0.023, 0.052, 0.060, 0.115, 0.095, 0.203, 0.200, 0.211, 0.051, 0.040]
# p. 272, example 2: effects and sampling variances of eighteen studies
Y2 = [0.100, -0.162, -0.090, -0.049, -0.046, -0.010, -0.431, -0.261, 0.134, 0.019, 0.175, 0.056, 0.045, 0.103, 0.121,
      -0.482, 0.290, 0.342]  # fmt: skip
V2 = [0.016, 0.015, 0.050, 0.050, 0.032, 0.052, 0.036, 0.024, 0.034, 0.033, 0.031, 0.034, 0.039, 0.167, 0.134, 0.096,
      0.016, 0.035]  # fmt: skip


# p. 271: tau2, I2 (percent) and H2 by estimator
@pytest.mark.parametrize(("method", "tau2", "i2", "h2"), [
    ("HS", "0.228", "77.23", "4.39"),
    ("HE", "0.148", "68.80", "3.21"),
    ("DL", "0.277", "80.44", "5.11"),
    ("ML", "0.197", "74.51", "3.92"),
    ("REML", "0.223", "76.84", "4.32"),
    ("EB", "0.192", "74.05", "3.85"),
    ("SJ", "0.199", "74.75", "3.96"),
])  # fmt: skip
def test_example_1(method: str, tau2: str, i2: str, h2: str, agrees: Agrees) -> None:
    found = mk.pool(Y1, V1, tau2=method)
    assert agrees(found.tau2, tau2)
    assert agrees(found.i2, i2)
    assert agrees(found.h2, h2)


# p. 272: tau2, I2 (percent) and H2 by estimator
@pytest.mark.parametrize(("method", "tau2", "i2", "h2"), [
    ("HS", "0.010", "22.93", "1.30"),
    ("HE", "0.000", "0.00", "1.00"),
    ("DL", "0.013", "27.53", "1.38"),
    ("ML", "0.013", "28.45", "1.40"),
    ("REML", "0.016", "32.02", "1.47"),
    ("EB", "0.010", "23.72", "1.31"),
    ("SJ", "0.025", "42.67", "1.74"),
])  # fmt: skip
def test_example_2(method: str, tau2: str, i2: str, h2: str, agrees: Agrees) -> None:
    found = mk.pool(Y2, V2, tau2=method)
    assert agrees(found.tau2, tau2)
    assert agrees(found.i2, i2)
    assert agrees(found.h2, h2)


# ---------------------------------------------------------------- the folder data/viechtbauer2005

VERDICTS = {
    # p. 271
    "1-hs-tau2": "exact",
    "1-hs-i2": "exact",
    "1-hs-h2": "exact",
    "1-hs-se": "exact",
    "1-he-tau2": "exact",
    "1-he-i2": "exact",
    "1-he-h2": "exact",
    "1-he-se": "exact",
    "1-dl-tau2": "exact",
    "1-dl-i2": "exact",
    "1-dl-h2": "exact",
    "1-dl-se": "exact",
    "1-ml-tau2": "exact",
    "1-ml-i2": "exact",
    "1-ml-h2": "exact",
    "1-ml-se": "exact",
    "1-reml-tau2": "exact",
    "1-reml-i2": "exact",
    "1-reml-h2": "exact",
    "1-reml-se": "exact",
    "1-eb-tau2": "exact",
    "1-eb-i2": "exact",
    "1-eb-h2": "exact",
    "1-eb-se": "exact",
    "1-sj-tau2": "exact",
    "1-sj-i2": "exact",
    "1-sj-h2": "exact",
    "1-sj-se": "exact",
    # p. 272
    "2-hs-tau2": "exact",
    "2-hs-i2": "exact",
    "2-hs-h2": "exact",
    "2-hs-se": "exact",
    "2-he-tau2": "exact",
    "2-he-i2": "exact",
    "2-he-h2": "exact",
    "2-he-se": "exact",
    "2-dl-tau2": "exact",
    "2-dl-i2": "exact",
    "2-dl-h2": "exact",
    "2-dl-se": "exact",
    "2-ml-tau2": "exact",
    "2-ml-i2": "exact",
    "2-ml-h2": "exact",
    "2-ml-se": "exact",
    "2-reml-tau2": "exact",
    "2-reml-i2": "exact",
    "2-reml-h2": "exact",
    "2-reml-se": "exact",
    "2-eb-tau2": "exact",
    "2-eb-i2": "exact",
    "2-eb-h2": "exact",
    "2-eb-se": "exact",
    "2-sj-tau2": "exact",
    "2-sj-i2": "exact",
    "2-sj-h2": "exact",
    "2-sj-se": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("viechtbauer2005") == VERDICTS
