"""Lipsey MW, Wilson DB (2001). Practical meta-analysis. Sage.

Data and figures as collected at metafor-project.org/doku.php/analyses:lipsey2001.
"""

from __future__ import annotations

from collections.abc import Callable

import metaket as mk

Agrees = Callable[[float, str], bool]

# p. 130, Exhibit 7.1: ten studies of challenge programmes for juvenile delinquents, effect size and variance
Y = [-0.33, 0.32, 0.39, 0.31, 0.17, 0.64, -0.33, 0.15, -0.02, 0.00]
V = [0.084, 0.035, 0.017, 0.034, 0.072, 0.117, 0.102, 0.093, 0.012, 0.067]


# p. 133, Exhibit 7.3: fixed effects
def test_common_effect(agrees: Agrees) -> None:
    found = mk.pool(Y, V, model="common")
    for value, printed in (
        (found.estimate, "0.1549"), (found.std_error, "0.0609"), (found.statistic, "2.5450"), (found.p_value, "0.0109"),
        (found.ci().low, "0.0356"), (found.ci().high, "0.2742"), (found.q, "14.7640"), (found.q_p, "0.0976"),
    ):  # fmt: skip
        assert agrees(value, printed), printed


# p. 133, Exhibit 7.3: random effects, method of moments
def test_random_effects(agrees: Agrees) -> None:
    found = mk.pool(Y, V, tau2="DL")
    for value, printed in (
        (found.estimate, "0.1534"), (found.std_error, "0.0858"), (found.statistic, "1.7893"), (found.p_value, "0.0736"),
        (found.ci().low, "-0.0146"), (found.ci().high, "0.3215"), (found.tau2, "0.025955"),
    ):  # fmt: skip
        assert agrees(value, printed), printed


# ---------------------------------------------------------------- the folder data/lipsey2001

VERDICTS = {
    # p. 133, Exhibit 7.3, fixed effects
    "fixed-mean": "exact",
    "fixed-se": "exact",
    "fixed-z": "exact",
    "fixed-p": "exact",
    "fixed-low": "exact",
    "fixed-high": "exact",
    "fixed-q": "exact",
    "fixed-q-p": "exact",
    # p. 133, Exhibit 7.3, random effects
    "random-mean": "exact",
    "random-se": "exact",
    "random-z": "exact",
    "random-p": "exact",
    "random-low": "exact",
    "random-high": "exact",
    "random-tau2": "exact",
    # p. 138, Exhibit 7.4
    "no-mean": "exact",
    "no-se": "exact",
    "no-low": "exact",
    "no-high": "exact",
    "yes-mean": "exact",
    "yes-se": "exact",
    "yes-low": "exact",
    "yes-high": "exact",
    "between": "input-rounding",
    "between-p": "exact",
    "within": "input-rounding",
    "no-q": "input-rounding",
    "no-q-p": "exact",
    "yes-q": "exact",
    "yes-q-p": "exact",
    # p. 141, Exhibit 7.6
    "regression-qm": "exact",
    "regression-qm-p": "exact",
    "regression-qe": "input-rounding",
    "regression-qe-p": "input-rounding",
    # p. 141, Exhibit 7.7
    "mixed-qm": "input-rounding",
    "mixed-qm-p": "exact",
    "mixed-tau2": "exact",
    # p. 141, Exhibit 7.6
    "regression-intercept": "exact",
    "regression-intercept-se": "exact",
    "regression-intercept-z": "exact",
    "regression-intercept-p": "exact",
    "regression-intercept-low": "exact",
    "regression-intercept-high": "exact",
    "regression-random": "exact",
    "regression-random-se": "exact",
    "regression-random-z": "exact",
    "regression-random-p": "exact",
    "regression-random-low": "exact",
    "regression-random-high": "exact",
    "regression-intensity": "exact",
    "regression-intensity-se": "exact",
    "regression-intensity-z": "exact",
    "regression-intensity-p": "exact",
    "regression-intensity-low": "exact",
    "regression-intensity-high": "exact",
    # p. 141, Exhibit 7.7
    "mixed-intercept": "exact",
    "mixed-intercept-se": "exact",
    "mixed-intercept-z": "exact",
    "mixed-intercept-p": "exact",
    "mixed-intercept-low": "exact",
    "mixed-intercept-high": "exact",
    "mixed-random": "exact",
    "mixed-random-se": "exact",
    "mixed-random-z": "exact",
    "mixed-random-p": "exact",
    "mixed-random-low": "exact",
    "mixed-random-high": "exact",
    "mixed-intensity": "exact",
    "mixed-intensity-se": "exact",
    "mixed-intensity-z": "exact",
    "mixed-intensity-p": "exact",
    "mixed-intensity-low": "exact",
    "mixed-intensity-high": "exact",
    # p. 138, Exhibit 7.4
    "within-p": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("lipsey2001") == VERDICTS
