"""What a claim can be of: each quantity against a formula, and the decisions."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import metaket as mk
from metaket.errors import NotComputableError
from metaket.reproduction.claims import read_printed, rounds_to
from metaket.reproduction.quantities import DECISIONS, QUANTITIES, decision_of
from tests.papers import rerun, row

HAND = 1e-10
Y, V = np.array([0.1, 0.5, 1.2, -0.2]), np.array([0.04, 0.05, 0.06, 0.03])


def value(result: mk.PooledResult, code: str) -> float:
    return QUANTITIES[code].func(result, "higher").value


def counts(events_t: int, n_t: int, events_c: int = 5, n_c: int = 50, measure: str = "RR") -> mk.PooledResult:
    columns = {"events_t": [events_t], "n_t": [n_t], "events_c": [events_c], "n_c": [n_c]}
    return mk.pool(mk.effect_sizes(pd.DataFrame(columns), measure))


def test_numbers_of_a_pool() -> None:
    """DerSimonian-Laird by hand."""
    w = 1 / V
    q = float((w * (Y - (w * Y).sum() / w.sum()) ** 2).sum())
    tau2 = (q - 3) / (w.sum() - (w**2).sum() / w.sum())
    w = 1 / (V + tau2)
    mean, se = (w * Y).sum() / w.sum(), w.sum() ** -0.5
    half = stats.t.ppf(0.975, 2) * math.sqrt(tau2 + se**2)
    expected = {
        "estimate": mean,
        "std_error": se,
        "statistic": mean / se,
        "p_value": 2 * stats.norm.sf(abs(mean / se)),
        "ci_low": mean - stats.norm.ppf(0.975) * se,
        "ci_high": mean + stats.norm.ppf(0.975) * se,
        "pi_low": mean - half,
        "pi_high": mean + half,
        "tau2": tau2,
        "tau": math.sqrt(tau2),
        "q": q,
        "q_df": 3,
        "q_p": stats.chi2.sf(q, 3),
        "i2": 100 * (q - 3) / q,
        "h2": q / 3,
        "k": 4,
    }
    result = mk.pool(Y, V, tau2="DL", i2="Q")
    assert {code: value(result, code) for code in expected} == pytest.approx(expected, rel=HAND)
    interval = result.tau2_ci()
    assert (value(result, "tau2_ci_low"), value(result, "tau2_ci_high")) == interval


def test_ratios_are_shown_as_ratios() -> None:
    result = counts(20, 40, 10, 40)
    assert value(result, "estimate") == pytest.approx(2.0, rel=HAND)
    assert value(result, "ci_low") == pytest.approx(math.exp(result.ci().low), rel=HAND)
    assert all(QUANTITIES[c].func(result, "higher").log for c in ("estimate", "ci_low", "ci_high"))
    assert not QUANTITIES["estimate"].func(counts(20, 40, 10, 40, "RD"), "higher").log


def test_rates_are_all_events_over_all_patients() -> None:
    columns = {"events_t": [8, 30], "n_t": [18, 47], "events_c": [1, 7], "n_c": [18, 25]}
    result = mk.pool(mk.effect_sizes(columns, "RR"))
    assert value(result, "rate_t") == pytest.approx(100 * 38 / 65, rel=1e-14)
    assert value(result, "rate_c") == pytest.approx(100 * 8 / 43, rel=1e-14)
    assert QUANTITIES["rate_t"].func(result, "higher").unit == "%"


def printed(events: int, n: int, decimals: int, mode: str) -> str:
    """The percentage in whole numbers, as a paper rounds it by hand."""
    scaled = Fraction(100 * events * 10**decimals, n)
    low = math.floor(scaled)
    rest = scaled - low
    up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and (mode == ROUND_HALF_UP or low % 2 == 1))
    return f"{(low + up) / 10**decimals:.{decimals}f}%"


@pytest.mark.parametrize("mode", [ROUND_HALF_UP, ROUND_HALF_EVEN])
def test_a_rate_prints_as_whole_numbers_do(mode: str) -> None:
    """23 of 40 are 57.5 %, printed as 58 %; 100 times the float 0.575 is a little less and prints as 57 %."""
    ties = [(e, n, d) for n in (8, 40, 80, 200) for e in range(1, n) for d in (0, 1) if (200 * e * 10**d / n) % 2 == 1]
    assert len(ties) > 50
    texts = [(e, n, printed(e, n, d, mode)) for e, n, d in ties]
    wrong = [t for t in texts if not rounds_to(value(counts(t[0], t[1]), "rate_t"), read_printed(t[2]))]
    assert wrong == []


def test_a_rate_of_a_trial_without_an_event_counts_its_patients(tmp_path: Path) -> None:
    """The risk ratio leaves out a trial with no event at all; the rate of the arm does not."""
    rows = (row("A", events_t=0, n_t=10, events_c=0, n_c=10), row("B", events_t=5, n_t=10, events_c=2, n_c=10))
    found = rerun(tmp_path, rows, "RR").results["response"]
    assert found.quantity("rate_t")[0].value == pytest.approx(25.0)


def test_patients() -> None:
    assert value(counts(20, 40, 10, 38), "n_total") == 78
    with pytest.raises(NotComputableError, match="patients"):
        value(mk.pool(Y, V), "n_total")


@pytest.mark.parametrize("code", ["rate_t", "rate_c"])
def test_no_rate_without_counts(code: str) -> None:
    with pytest.raises(NotComputableError, match="counts of every study"):
        value(mk.pool(Y, V), code)


@pytest.mark.parametrize(
    ("y", "better", "decision"),
    [
        (1.0, "higher", "treatment better"),
        (1.0, "lower", "control better"),
        (-1.0, "higher", "control better"),
        (-1.0, "lower", "treatment better"),
        (0.1, "higher", "no difference"),
        (0.1, "lower", "no difference"),
    ],
)
def test_decisions(y: float, better: str, decision: str) -> None:
    assert decision in DECISIONS
    assert decision_of(mk.pool([y], [0.01]), better) == decision


def test_a_ratio_is_decided_against_one() -> None:
    assert decision_of(counts(30, 40, 5, 40), "higher") == "treatment better"
    assert decision_of(counts(6, 40, 5, 40), "higher") == "no difference"


def test_the_level_of_a_decision() -> None:
    result = mk.pool([1.8], [1.0])
    assert decision_of(result, "higher", 0.95) == "no difference"
    assert decision_of(result, "higher", 0.90) == "treatment better"


def test_a_measure_without_a_null_has_no_decision() -> None:
    """A single proportion is better than nothing; which value would be "no difference"?"""
    result = mk.pool(mk.effect_sizes({"events": [5, 6], "n": [10, 12]}, "PLO"))
    with pytest.raises(NotComputableError):
        QUANTITIES["decision"].func(result, "higher")


def test_significance() -> None:
    for y, words in ((1.0, "significant"), (0.1, "not significant")):
        assert QUANTITIES["significant"].func(mk.pool([y], [0.01]), "higher").words == words
    assert QUANTITIES["heterogeneity"].func(mk.pool(Y, V), "higher").words == "significant"
    assert QUANTITIES["heterogeneity"].func(mk.pool([1, 1.1], [1, 1]), "higher").words == "not significant"


@pytest.mark.parametrize("code", ["heterogeneity", "tau2_ci_low", "tau2_ci_high", "pi_low", "pi_high", "egger_p"])
def test_what_one_study_cannot_tell(code: str) -> None:
    with pytest.raises(NotComputableError, match=r"at least [23] studies"):
        QUANTITIES[code].func(mk.pool([1.0], [0.1]), "higher")


@pytest.mark.filterwarnings("ignore::metaket.errors.DataWarning")
@pytest.mark.parametrize("code", [entry.code for entry in QUANTITIES])
def test_every_quantity_is_finite_or_says_why_not(code: str) -> None:
    for model in ("random", "common"):
        for effects in (counts(20, 40).effects, mk.effect_sizes({"y": Y, "v": V}, "GEN")):
            result = mk.pool(effects, model=model)
            try:
                quantity = QUANTITIES[code].func(result, "higher")
            except NotComputableError as error:
                assert str(error)  # noqa: PT017  a reason in words is the other right answer
            else:
                assert math.isfinite(quantity.value) or quantity.words


def test_rates_over_time_have_no_share_of_patients() -> None:
    rows = {"study": ["A", "B"], "events_t": [3, 5], "time_t": [1.2, 2.1], "events_c": [4, 9], "time_c": [1.1, 2.0]}
    table = pd.DataFrame(rows).assign(n_t=np.nan, n_c=np.nan)
    result = mk.pool(mk.effect_sizes(table, "IRR"))
    for code in ("rate_t", "n_total"):
        with pytest.raises(NotComputableError):
            QUANTITIES[code].func(result, "higher")


def test_patients_of_single_groups() -> None:
    rows = {"study": ["A", "B", "C"], "r": [0.1, 0.3, 0.2], "n": [40, 50, 60]}
    assert QUANTITIES["n_total"].func(mk.pool(mk.effect_sizes(rows, "ZCOR")), "higher").value == 150


def test_small_study_effects() -> None:
    rng = np.random.default_rng(7)
    table = {"events_t": rng.integers(2, 30, 12), "n_t": rng.integers(40, 400, 12), "events_c": rng.integers(2, 30, 12),
             "n_c": rng.integers(40, 400, 12)}  # fmt: skip
    result = mk.pool(mk.effect_sizes(pd.DataFrame(table), "OR"))
    assert value(result, "begg_p") == mk.begg(result).p_value
    assert value(result, "harbord_p") == mk.harbord(result).p_value
    assert value(result, "peters_p") == mk.peters(result).p_value
    filled = mk.trim_and_fill(result)
    assert value(result, "k0") == filled.k0
    assert value(result, "filled_estimate") == pytest.approx(math.exp(filled.result.estimate), rel=HAND)
