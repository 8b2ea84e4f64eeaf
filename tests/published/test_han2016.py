"""Han 2016 (Neuropsychiatr Dis Treat 12:2859): what the sourced rows give, recomputed here in plain arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest

import metaket as mk

HAND = 1e-10  # two ways of writing the same closed form


@pytest.fixture(scope="module")
def rep() -> mk.Reproduction:
    return mk.reproduce("han2016")


def dersimonian_laird(y: list[float], v: list[float]) -> tuple[float, float]:
    """Estimate and standard error, by the formulas of the article."""
    y_, w = np.array(y), 1 / np.array(v)
    mean = (w * y_).sum() / w.sum()
    q = (w * (y_ - mean) ** 2).sum()
    tau2 = max(0.0, (q - len(y) + 1) / (w.sum() - (w**2).sum() / w.sum()))
    w = 1 / (np.array(v) + tau2)
    return (w * y_).sum() / w.sum(), w.sum() ** -0.5


def test_response_at_24_h(rep: mk.Reproduction) -> None:
    """Murrough 2013: 30/47 against 7/25; Lapidus 2014: 8/18 against 1/18."""
    y = [math.log(30 / 47 / (7 / 25)), math.log(8 / 18 / (1 / 18))]
    v = [1 / 30 - 1 / 47 + 1 / 7 - 1 / 25, 1 / 8 - 1 / 18 + 1 - 1 / 18]
    estimate, se = dersimonian_laird(y, v)
    r = rep.results["response-24h"].result
    assert r.estimate == pytest.approx(estimate, rel=HAND)
    assert r.std_error == pytest.approx(se, rel=HAND)
    assert r.effects.study == ("Murrough 2013", "Lapidus 2014")


def test_response_on_day_7_is_one_trial(rep: mk.Reproduction) -> None:
    r = rep.results["response-168h"].result
    assert r.k == 1
    assert r.back(r.estimate) == pytest.approx(21 / 46 / (4 / 22), rel=HAND)


def test_depression_at_24_h(rep: mk.Reproduction) -> None:
    """g = J d, d from the mean difference and its SE: Cochrane Handbook 6.3, 6.5.2.3."""
    g, v = [], []
    z = 1.959963984540054
    for md, low, high, n1, n2 in ((-7.95, -12.71, -3.20, 47, 25), (-7.6, -11.3, -3.9, 18, 18)):
        sd = (high - low) / (2 * z) / math.sqrt(1 / n1 + 1 / n2)
        m = n1 + n2 - 2
        j = math.exp(math.lgamma(m / 2) - math.lgamma((m - 1) / 2)) / math.sqrt(m / 2)
        g.append(j * md / sd)
        v.append(1 / n1 + 1 / n2 + g[-1] ** 2 / (2 * (n1 + n2)))
    estimate, se = dersimonian_laird(g, v)
    r = rep.results["depression-24h"].result
    assert r.estimate == pytest.approx(estimate, rel=HAND)
    assert r.std_error == pytest.approx(se, rel=HAND)


def test_daly_is_combined_with_one_placebo_arm(rep: mk.Reproduction) -> None:
    """Var(D_i) = Va_i + Vp with Vp = 1.79^2 shared; n-weighted over 11, 11 and 12 patients."""
    doses = ((-9.1, 3.08, 11), (-10.0, 3.00, 11), (-10.7, 2.88, 12))
    md = sum(n * d for d, _, n in doses) / 34
    variance = sum((n / 34) ** 2 * (se**2 - 1.79**2) for _, se, n in doses) + 1.79**2
    rows = rep.paper.outcomes
    row = rows[(rows["study"] == "Daly 2018") & (rows["outcome"] == "depression") & (rows["variant"] == "")].iloc[0]
    assert row["y"] == pytest.approx(md, abs=5e-4)
    assert row["se"] == pytest.approx(math.sqrt(variance), abs=5e-4)


def test_hu_is_pooled_at_both_ends(rep: mk.Reproduction) -> None:
    found = rep.results["depression-168h"]
    assert [round(r.estimate, 2) for _, r in found.results] == [-1.18, -1.08]
    assert all("Hu 2016" in end for end, _ in found.results)


def test_ten_trials_with_a_sourced_score_at_24_h(rep: mk.Reproduction) -> None:
    assert rep.results["depression-24h-wider"].result.k == 10


def test_no_default_analysis_uses_unverified_rows(rep: mk.Reproduction) -> None:
    for found in rep.results.values():
        if not found.analysis.include:
            assert "unverified" not in found.selection.statuses, found.id
        elif "unverified" in found.selection.statuses:
            assert "unverified" in found.id


def test_missing_rows_hold_no_number(rep: mk.Reproduction) -> None:
    missing = rep.paper.outcomes[rep.paper.outcomes["status"] == "missing"]
    numbers = [c for c in ("events_t", "events_c", "mean_t", "mean_c", "y", "y_low", "se") if c in missing]
    assert missing[numbers].isna().all(axis=None)
    assert (missing["where"].str.len() > 0).all()


def test_every_trial_outcome_and_time_has_a_row(rep: mk.Reproduction) -> None:
    trials = rep.paper.trials
    fitting = trials.loc[trials["fits_criteria"] == "yes", "study"]
    assert len(fitting) == 10
    rows = rep.paper.outcomes
    for study in fitting:
        for outcome in ("response", "remission", "depression"):
            for time in (24, 72, 168):
                assert len(rows[(rows["study"] == study) & (rows["outcome"] == outcome) & (rows["time_h"] == time)])


def test_verdicts(rep: mk.Reproduction) -> None:
    verdicts = {c.id: c.verdict for c in rep.comparisons}
    assert {i for i, v in verdicts.items() if v != "not computable"} == {"popular-journal", "popular-k"}
    by_id = {c.id: c for c in rep.comparisons}
    assert by_id["popular-k"].words == "Han 2016 prints nine"
    assert "Neuropsychiatric Disease and Treatment" in by_id["popular-journal"].cause
    assert by_id["response-24"].recomputed == pytest.approx(100 * (30 + 8) / (47 + 18), rel=1e-14)
    assert by_id["better-168"].on_sourced_rows == "decision differs"
    assert any("Sos 2013, 24 h" in m for m in by_id["response-24"].missing)
    assert "SSRI" in by_id["popular-superior-to-ssri"].cause


@pytest.mark.parametrize(
    ("texts", "smallest"),
    [(("52.2", "20.6"), 136), (("47.9", "23.8"), 240), (("39.8", "26.2"), 103)],
)
def test_common_denominators(texts: tuple[str, str], smallest: int) -> None:
    """By brute force over every count."""

    def prints(text: str, n: int) -> bool:
        return any(abs(100 * e / n - float(text)) <= 0.05 + 1e-9 for e in range(n + 1))

    assert next(n for n in range(1, 2000) if all(prints(t, n) for t in texts)) == smallest
