"""statsmodels as a second witness.

`combine_effects`: common effect, DL and Paule-Mandel; z, t and Hartung-Knapp. `StratifiedTable`: Mantel-Haenszel odds
and risk ratios, the Cochran-Mantel-Haenszel and Breslow-Day tests.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.meta_analysis import combine_effects

import metaket as mk

CLOSED = 1e-11  # closed forms: rounding of sums and of the quantile functions
# statsmodels stops when Q is within 1e-6 of k - 1, and a tighter stop makes it return 0; worst seen 7e-7
PAULE_MANDEL = 1e-5
CASES = 40


@pytest.fixture(scope="module")
def data() -> list[tuple[np.ndarray, np.ndarray]]:
    """Heterogeneous meta-analyses of 3 to 30 studies.

    tau2 is well above 0: statsmodels leaves a negative DL estimate as it is, and returns 0 for Paule-Mandel as soon as
    rounding takes Q a hair below k - 1.
    """
    rng = np.random.default_rng(1987)
    out = []
    for _ in range(CASES):
        v = 10 ** rng.uniform(-2, 0, rng.integers(3, 31))
        effects = 1.5 * np.median(np.sqrt(v)) * np.linspace(-1, 1, v.size)
        out.append((rng.permutation(effects) + rng.normal(0, np.sqrt(v)), v))
    return [(y, v) for y, v in out if mk.pool(y, v, tau2="DL").tau2 > 1e-3 and mk.pool(y, v, tau2="PM").tau2 > 1e-3]


def check(pairs: dict[str, tuple[float, Any]], rtol: float) -> None:
    for name, (ours, theirs) in pairs.items():
        assert ours == pytest.approx(float(theirs), rel=rtol, abs=1e-12), name


def test_most_cases_are_compared(data: list[tuple[np.ndarray, np.ndarray]]) -> None:
    assert len(data) >= 0.8 * CASES


@pytest.mark.parametrize(("method", "theirs", "rtol"), [("DL", "chi2", CLOSED), ("PM", "iterated", PAULE_MANDEL)])
def test_random_effects(method: str, theirs: str, rtol: float, data: list[tuple[np.ndarray, np.ndarray]]) -> None:
    for y, v in data:
        limits = {} if theirs == "chi2" else {"atol": 1e-6, "maxiter": 500}
        witness = combine_effects(y, v, method_re=theirs, use_t=False, **limits)
        z, hksj = mk.pool(y, v, tau2=method, i2="Q"), mk.pool(y, v, tau2=method, test="hksj")
        low, high = witness.conf_int(alpha=0.1, use_t=False)[1]
        low_t, high_t = witness.conf_int(alpha=0.1, use_t=True)[3]
        check(
            {
                "tau2": (z.tau2, witness.tau2),
                "estimate": (z.estimate, witness.mean_effect_re),
                "std_error": (z.std_error, witness.sd_eff_w_re),
                "std_error hksj": (hksj.std_error, witness.sd_eff_w_re_hksj),
                "low": (z.ci(0.9).low, low),
                "high": (z.ci(0.9).high, high),
                "low hksj": (hksj.ci(0.9).low, low_t),
                "high hksj": (hksj.ci(0.9).high, high_t),
                "low t": (mk.pool(y, v, tau2=method, test="t").ci(0.9).low, witness.conf_int(0.1, use_t=True)[1][0]),
            },
            rtol,
        )


def test_common_effect_and_heterogeneity(data: list[tuple[np.ndarray, np.ndarray]]) -> None:
    for y, v in data:
        witness = combine_effects(y, v, method_re="chi2", use_t=False)
        z, hksj = mk.pool(y, v, model="common"), mk.pool(y, v, model="common", test="hksj")
        homogeneity = witness.test_homogeneity()
        check(
            {
                "estimate": (z.estimate, witness.mean_effect_fe),
                "std_error": (z.std_error, witness.sd_eff_w_fe),
                "std_error hksj": (hksj.std_error, witness.sd_eff_w_fe_hksj),
                "q": (z.q, witness.q),
                "q_p": (z.q_p, homogeneity.pvalue),
                "q_df": (z.q_df, homogeneity.df),
                "i2": (z.i2, 100 * witness.i2),
                "h2": (z.h2, witness.h2),
            },
            CLOSED,
        )
        assert z.weights == pytest.approx(100 * witness.weights_rel_fe, rel=CLOSED)


STRATA = 40
MANTEL_HAENSZEL = 1e-10  # sums of ratios of counts; theirs subtracts where ours does not
QUADRATIC = 1e-8  # the fitted cells of Breslow-Day are roots of a quadratic


@pytest.fixture(scope="module")
def strata() -> list[dict[str, np.ndarray]]:
    """Tables of 2 to 12 strata with events and non-events in both arms."""
    rng = np.random.default_rng(1959)
    out = []
    for _ in range(STRATA):
        k = int(rng.integers(2, 13))
        n_t, n_c = rng.integers(8, 200, k), rng.integers(8, 200, k)
        out.append(
            {"study": np.arange(k), "events_t": rng.binomial(n_t - 2, rng.uniform(0.05, 0.7, k)) + 1, "n_t": n_t,
             "events_c": rng.binomial(n_c - 2, rng.uniform(0.05, 0.7, k)) + 1, "n_c": n_c}
        )  # fmt: skip
    return out


def witness(t: dict[str, np.ndarray]) -> StratifiedTable:
    cells = zip(t["events_t"], t["n_t"] - t["events_t"], t["events_c"], t["n_c"] - t["events_c"], strict=True)
    return StratifiedTable([np.array([[a, b], [c, d]], dtype=float) for a, b, c, d in cells])


def test_mantel_haenszel(strata: list[dict[str, np.ndarray]]) -> None:
    for table in strata:
        theirs = witness(table)
        odds = mk.pool(mk.effect_sizes(table, "OR"), model="mh")
        risk = mk.pool(mk.effect_sizes(table, "RR"), model="mh")
        low, high = theirs.logodds_pooled_confint()
        check(
            {
                "odds ratio": (np.exp(odds.estimate), theirs.oddsratio_pooled),
                "its standard error": (odds.std_error, theirs.logodds_pooled_se),
                "lower": (odds.ci().low, low),
                "upper": (odds.ci().high, high),
                "risk ratio": (np.exp(risk.estimate), theirs.riskratio_pooled),
            },
            MANTEL_HAENSZEL,
        )


@pytest.mark.parametrize("correct", [True, False])
def test_tests_of_tables(strata: list[dict[str, np.ndarray]], correct: bool) -> None:
    for table in strata:
        theirs, effects = witness(table), mk.effect_sizes(table, "OR")
        null, equal = theirs.test_null_odds(correction=correct), theirs.test_equal_odds(adjust=correct)
        association, same = (
            mk.cochran_mantel_haenszel(effects, correct=correct),
            mk.breslow_day(effects, tarone=correct),
        )
        if association.statistic > 0:  # a difference below one half: 0 here and in R, its square in statsmodels
            check(
                {"CMH": (association.statistic, null.statistic), "its p": (association.p_value, null.pvalue)},
                MANTEL_HAENSZEL,
            )
        check({"Breslow-Day": (same.statistic, equal.statistic), "its p": (same.p_value, equal.pvalue)}, QUADRATIC)
