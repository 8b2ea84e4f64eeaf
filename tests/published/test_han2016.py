"""Han 2016 (Neuropsychiatr Dis Treat 12:2859): what the sourced rows give, recomputed here in plain arithmetic.

The counts and differences below were typed from data/han2016/README.md and the notes of its rows, not read from the
file that is tested. Nothing here calls metaket for an expected value.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections import Counter

import numpy as np
import pytest

import metaket as mk
from metaket.datasets import data_root

HAND = 1e-10  # two ways of writing the same closed form
Z = 1.959963984540054  # normal quantile at 0.975
FOLDER = data_root() / "han2016"

# (events, n) with ketamine, then with the control; every trial with both arms sourced
RESPONSE_24 = {
    "Murrough 2013": (30, 47, 7, 25),
    "Lapidus 2014": (8, 18, 1, 18),
    "Daly 2018": (4 + 3 + 5, 11 + 11 + 12, 1, 33),
    "Canuso 2018": (19, 35, 9, 31),
    "Lii 2023": (12, 20, 10, 20),
}
REMISSION_24 = {"Daly 2018": (4 + 2 + 3, 34, 0, 33), "Canuso 2018": (12, 35, 5, 31), "Lii 2023": (10, 20, 7, 20)}
RESPONSE_72 = {"Lii 2023": (9, 20, 10, 20), "Su 2017": (11 + 9, 24 + 23, 3, 24)}
RESPONSE_168 = {"Murrough 2013": (21, 46, 4, 22), "Lii 2023": (6, 19, 7, 19)}


@pytest.fixture(scope="module")
def rep() -> mk.Reproduction:
    return mk.reproduce("han2016")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (FOLDER / "outcomes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def laird(y: list[float], v: list[float]) -> tuple[float, float, float, float]:
    """Estimate, standard error, tau2 and Q by the formulas of DerSimonian & Laird (1986)."""
    y_, w = np.array(y), 1 / np.array(v)
    q = (w * (y_ - (w * y_).sum() / w.sum()) ** 2).sum()
    tau2 = max(0.0, (q - len(y) + 1) / (w.sum() - (w**2).sum() / w.sum())) if len(y) > 1 else 0.0
    w = 1 / (np.array(v) + tau2)
    return (w * y_).sum() / w.sum(), w.sum() ** -0.5, tau2, q


def log_rr(a: float, n1: float, c: float, n2: float) -> tuple[float, float]:
    if 0 in (a, c):
        a, n1, c, n2 = a + 0.5, n1 + 1, c + 0.5, n2 + 1
    return math.log(a / n1 / (c / n2)), 1 / a - 1 / n1 + 1 / c - 1 / n2


def log_or(a: float, n1: float, c: float, n2: float) -> tuple[float, float]:
    b, d = n1 - a, n2 - c
    if 0 in (a, b, c, d):
        a, b, c, d = a + 0.5, b + 0.5, c + 0.5, d + 0.5
    return math.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


def j(df: float) -> float:
    """Hedges (1981), eq. 6e."""
    return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)


def g_of_difference(md: float, se: float, n1: int, n2: int) -> tuple[float, float]:
    """Cochrane Handbook 6.3, 6.5.2.3: s = SE / sqrt(1/n1 + 1/n2)."""
    g = j(n1 + n2 - 2) * md / (se / math.sqrt(1 / n1 + 1 / n2))
    return g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))


def g_of_means(m1: float, s1: float, n1: int, m2: float, s2: float, n2: int) -> tuple[float, float]:
    s = math.sqrt(((n1 - 1) * s1**2 + (n2 - 1) * s2**2) / (n1 + n2 - 2))
    g = j(n1 + n2 - 2) * (m1 - m2) / s
    return g, 1 / n1 + 1 / n2 + g**2 / (2 * (n1 + n2))


def half(low: float, high: float) -> float:
    """Standard error of a 95 % interval."""
    return (high - low) / (2 * Z)


FITTING_24 = [log_rr(*RESPONSE_24[s]) for s in ("Murrough 2013", "Lapidus 2014")]
MURROUGH = g_of_difference(-7.95, half(-12.71, -3.20), 47, 25)
LAPIDUS = g_of_difference(-7.6, half(-11.3, -3.9), 18, 18)
BERMAN = g_of_means(-14, 10, 7, 0, 12, 7)
SCORE_24 = [
    MURROUGH,
    LAPIDUS,
    g_of_means(9.9, 4.1, 35, 14.4, 3.8, 35),  # Kudoh 2002
    g_of_difference(-9.956, 2.259, 34, 33),  # Daly 2018, see below
    g_of_difference(-7.2, 2.85, 35, 31),  # Canuso 2018
    g_of_difference(-7.65, half(-13.94, -1.36), 40, 40),  # Grunebaum 2018
    g_of_difference(-3.8, 1.39, 113, 113),  # ASPIRE I
    g_of_difference(-3.9, 1.39, 114, 113),  # ASPIRE II
    g_of_means(12.7, 7.6, 20, 16.4, 10.0, 19),  # Lii 2023
    g_of_means(21.25, 7.07, 24, 27.05, 5.09, 24),  # PMC10810879
]


def hu(g: float) -> tuple[float, float]:
    """Hu 2016 prints no precision: 1/13 + 1/14 + g^2 / 54."""
    return g, 1 / 13 + 1 / 14 + g**2 / 54


@pytest.mark.parametrize(
    ("analysis", "effects"),
    [
        ("response-24h", FITTING_24),
        ("response-168h", [log_rr(*RESPONSE_168["Murrough 2013"])]),
        ("response-24h-wider", [log_rr(*cells) for cells in RESPONSE_24.values()]),
        ("response-72h-wider", [log_rr(*cells) for cells in RESPONSE_72.values()]),
        ("response-168h-wider", [log_rr(*cells) for cells in RESPONSE_168.values()]),
        ("remission-24h-wider", [log_rr(*cells) for cells in REMISSION_24.values()]),
        ("remission-72h-wider", [log_rr(8, 20, 8, 20)]),
        ("remission-168h-wider", [log_rr(6, 19, 11, 19)]),
        ("response-24h-wider-or", [log_or(*cells) for cells in RESPONSE_24.values()]),
        ("remission-24h-wider-or", [log_or(*cells) for cells in REMISSION_24.values()]),
        ("response-24h-midazolam", [log_rr(30, 47, 7, 25)]),
        ("response-24h-unverified", [*FITTING_24, log_rr(12, 17, 0, 14), log_rr(13, 20, 0, 10)]),
        ("depression-24h", [MURROUGH, LAPIDUS]),
        ("depression-24h-wider", SCORE_24),
        ("depression-24h-change-scores", [g_of_means(-16.5, 10.97, 47, -8.8, 9.50, 25), LAPIDUS]),
        ("depression-24h-se-from-t", [MURROUGH, g_of_difference(-7.6, 1.731, 18, 18)]),
        ("depression-24h-madrs", [(-7.95, half(-12.71, -3.20) ** 2), (-7.6, half(-11.3, -3.9) ** 2)]),
    ],
)
def test_pooled_by_hand(rep: mk.Reproduction, analysis: str, effects: list[tuple[float, float]]) -> None:
    ((end, r),) = rep.results[analysis].results
    estimate, se, tau2, q = laird([y for y, _ in effects], [v for _, v in effects])
    assert end == ""
    assert r.k == len(effects)
    assert (r.estimate, r.std_error) == pytest.approx((estimate, se), rel=HAND, abs=HAND)
    assert (r.tau2, r.q) == pytest.approx((tau2, q), rel=1e-8, abs=HAND)  # differences of nearly equal sums


@pytest.mark.parametrize(
    ("analysis", "others"),
    [
        ("depression-72h", [BERMAN]),
        ("depression-72h-wider", [BERMAN, g_of_means(17.0, 10.5, 19, 17.2, 12.0, 20)]),
        ("depression-168h", []),
        ("depression-168h-wider", [g_of_means(15.9, 9.2, 18, 18.5, 10.8, 19)]),
    ],
)
def test_hu_is_pooled_at_both_ends_and_never_in_the_middle(rep: mk.Reproduction, analysis: str, others: list) -> None:
    results = rep.results[analysis].results
    assert [end for end, _ in results] == ["Hu 2016 at the low end", "Hu 2016 at the high end"]
    for (_, r), end in zip(results, (-1.18, -1.08), strict=True):
        effects = [*others, hu(end)]
        estimate, se, *_ = laird([y for y, _ in effects], [v for _, v in effects])
        assert (r.estimate, r.std_error) == pytest.approx((estimate, se), rel=HAND)
        assert -1.13 not in r.effects.y


@pytest.mark.parametrize(
    ("analysis", "k", "n"),
    [
        ("response-24h", 2, 72 + 18),
        ("response-168h", 1, 46 + 22),
        ("depression-72h", 2, 7 + 27),
        ("response-24h-wider", 5, 72 + 18 + 67 + 66 + 40),
        ("depression-24h-wider", 10, 72 + 18 + 70 + 67 + 66 + 80 + 226 + 227 + 39 + 24),
    ],
)
def test_studies_and_patients(rep: mk.Reproduction, analysis: str, k: int, n: int) -> None:
    """Patients of a crossover count once: Lapidus 18, Berman 7, PMC10810879 24."""
    found = rep.results[analysis]
    assert found.result.k == k
    assert found.to_dict()["n_total"] == n


def test_daly_is_combined_with_one_placebo_arm(rows: list[dict[str, str]]) -> None:
    """Var(D_i) = Va_i + Vp with Vp = 1.79^2 shared; n-weighted over 11, 11 and 12 patients."""
    doses = ((-9.1, 3.08, 11), (-10.0, 3.00, 11), (-10.7, 2.88, 12))
    md = sum(n * d for d, _, n in doses) / 34
    variance = sum((n / 34) ** 2 * (se**2 - 1.79**2) for _, se, n in doses) + 1.79**2
    mine = [r for r in rows if r["study"] == "Daly 2018" and r["outcome"] == "depression"]
    (default,) = [r for r in mine if not r["variant"]]
    assert float(default["y"]) == pytest.approx(md, abs=5e-4)
    assert float(default["se"]) == pytest.approx(math.sqrt(variance), abs=5e-4)
    variants = [(float(r["y"]), float(r["se"]), int(r["n_t"])) for r in mine if r["variant"]]
    assert sorted(variants) == sorted(doses)
    # another reading that the README names: independent arms of SE 2.80, 2.74 and 2.64
    arms = sum((n / 34) ** 2 * se**2 for se, n in ((2.80, 11), (2.74, 11), (2.64, 12)))
    assert math.sqrt(arms + 1.79**2) == pytest.approx(2.38, abs=5e-3)


def test_unverified_rows_enter_only_where_the_name_says_so(rep: mk.Reproduction) -> None:
    for found in rep.results.values():
        data = found.to_dict()
        used = {item["status"] for item in data["included"]}
        assert "missing" not in used
        if "unverified" not in found.id:
            assert found.analysis.include == ()
            assert "unverified" not in used
        assert data["unverified_used"] == ("unverified" in used)
        assert found.analysis.sensitivity_of or "unverified" not in used


def test_every_trial_that_an_analysis_asks_for_is_in_or_out_with_a_reason(rep: mk.Reproduction) -> None:
    for found in rep.results.values():
        data = found.to_dict()
        studies = [i["study"] for i in data["included"]] + [i["study"] for i in data["left_out"]]
        assert len(studies) == len(set(studies))
        assert data["basis"] == f"{len(data['included'])} of {len(studies)} trials"
        assert all(item["reason"] for item in data["left_out"])
        if found.analysis.where.keys() == {"outcome", "time_h", "fits_criteria"}:
            assert len(studies) == 10


def test_blank_is_never_zero(rep: mk.Reproduction, rows: list[dict[str, str]]) -> None:
    """Every number that entered a pool is a number in the file."""
    by_row = dict(enumerate(rows, start=2))
    for found in rep.results.values():
        for number, used in found.selection.rows.iterrows():
            text = by_row[int(number)]
            assert text["study"] == used["study"]
            for cell in ("events_t", "n_t", "events_c", "n_c", "mean_t", "sd_t", "y", "se", "ci_low"):
                assert (text[cell] == "") == math.isnan(used[cell])
                if text[cell]:
                    assert float(text[cell]) == used[cell]


def test_missing_rows_hold_no_number_and_say_where_to_look(rows: list[dict[str, str]]) -> None:
    texts = {"study", "outcome", "time_h", "variant", "scale", "kind", "status", "source", "where", "note", "y_measure"}
    missing = [r for r in rows if r["status"] == "missing"]
    assert all(not r[cell] for r in missing for cell in r.keys() - texts)
    assert all(re.search(r"PMID \d+|registry|journal to be checked|PMC5098773", r["where"]) for r in missing)


def test_every_cell_of_the_ten_trials_has_a_row(rep: mk.Reproduction, rows: list[dict[str, str]]) -> None:
    fitting = rep.paper.trials.loc[rep.paper.trials["fits_criteria"] == "yes", "study"]
    assert len(fitting) == 10
    have = {(r["study"], r["outcome"], r["time_h"]) for r in rows if r["status"] != "unverified"}
    assert set(itertools.product(fitting, ("response", "remission", "depression"), ("24", "72", "168"))) <= have


def test_the_readme_counts_what_the_file_holds(rows: list[dict[str, str]]) -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    printed = {name: int(n) for name, n in re.findall(r"^\| `(\w+)` \| (\d+) \|", text, re.MULTILINE)}
    counted = Counter(r["status"] for r in rows)
    assert printed == {name: counted[name] for name in ("quoted", "derived", "digitised", "unverified", "missing")}
    assert f"{len(rows)} rows, one a trial x outcome x time" in text


def test_every_sourced_count_agrees_with_its_printed_percentage(rows: list[dict[str, str]]) -> None:
    checked = 0
    for r, arm in itertools.product(rows, ("t", "c")):
        text, events, n = (r[f"{name}_{arm}"] for name in ("percent", "events", "n"))
        if text and events and n:
            places = len(text.partition(".")[2])
            assert abs(100 * int(events) / int(n) - float(text)) <= 0.5 * 10**-places + 1e-9, r["study"]
            checked += 1
    assert checked >= 15


def test_verdicts(rep: mk.Reproduction) -> None:
    """Two claims of the popular article can be judged and differ; nothing that Han 2016 prints can be computed."""
    verdicts = {c.id: c.verdict for c in rep.comparisons}
    assert len(verdicts) == 23
    assert {i for i, v in verdicts.items() if v == "differs"} == {"popular-journal", "popular-k"}
    assert list(verdicts.values()).count("not computable") == 21
    for c in rep.comparisons:
        assert c.cause, c.id
        assert c.missing or not c.analysis, c.id


def test_what_the_sourced_rows_give(rep: mk.Reproduction) -> None:
    """(claim, recomputed, verdict on the sourced rows, trials that lack a number)."""
    expected = [
        ("response-24", 100 * (30 + 8) / (47 + 18), "differs", 8),
        ("response-168", 100 * 21 / 46, "differs", 9),
        *((c, "", "", 10) for c in ("remission-24", "response-72", "remission-72", "remission-168", "better-72")),
        ("better-24", "treatment better", "exact", 8),
        ("better-168", "no difference", "decision differs", 9),
        ("heterogeneity", "not significant", "exact", 8),
        ("popular-single-dose", "treatment better", "exact", 7),
        ("popular-one-week", "treatment better", "exact", 9),
    ]
    by_id = {c.id: c for c in rep.comparisons}
    for name, value, on_rows, missing in expected:
        c = by_id[name]
        got = c.words if isinstance(value, str) else c.recomputed
        assert got == (value if isinstance(value, str) else pytest.approx(value, rel=1e-14)), name
        assert (c.on_sourced_rows, len(c.missing)) == (on_rows, missing), name


def test_what_is_missing_names_study_time_and_arm(rep: mk.Reproduction) -> None:
    by_id = {c.id: c for c in rep.comparisons}
    missing = by_id["response-24"].missing
    assert any(m.startswith("Sos 2013, 24 h: not sourced (look in: Han 2016 (open access, PMC509877") for m in missing)
    assert any(m.startswith("Zarate 2006, 24 h: n_c not sourced") for m in missing)
    assert any(m.startswith("Berman 2000, 72 h: events_c not sourced") for m in by_id["response-72"].missing)
    assert "12 of 20" in by_id["k"].cause


def test_the_two_popular_claims_that_can_be_judged_differ(rep: mk.Reproduction) -> None:
    by_id = {c.id: c for c in rep.comparisons}
    assert by_id["popular-k"].words == "Han 2016 prints nine"
    assert "Neuropsychiatric Disease and Treatment" in by_id["popular-journal"].cause
    assert "SSRI" in by_id["popular-superior-to-ssri"].cause
    assert "saline" in by_id["popular-superior-to-ssri"].cause


def test_every_popular_claim_has_evidence_and_a_nearest_true_statement(rep: mk.Reproduction) -> None:
    """The ten studies and the journal are those of Wilkinson 2018: 10 of 11 controlled trials, on suicidal ideation."""
    popular = {c.id: c for c in rep.comparisons if c.by == "popular article"}
    assert len(popular) == 6
    assert all(c.secondary and c.evidence and c.nearest_true for c in popular.values())
    for name in ("popular-k", "popular-journal"):
        told = popular[name].nearest_true
        assert "individual data from 10 of 11 controlled trials (167 patients) were pooled in Wilkinson 2018" in told
        assert "Am J Psychiatry 175:150-158, on suicidal ideation" in told
    assert "-0.99 (95 % CI -1.47 to -0.51)" in popular["popular-single-dose"].nearest_true
    assert "On 1 of 10 trials" in popular["popular-one-week"].nearest_true
    assert popular["popular-within-hours"].cause == "no time before 24 h is pooled"
    assert not any(c.secondary for c in rep.comparisons if c.by == "Han 2016")


def prints(text: str, n: int) -> list[int]:
    """The whole numbers of n patients that print as the percentage of one decimal."""
    return [e for e in range(n + 1) if abs(100 * e / n - float(text)) <= 0.05 + 1e-9]


@pytest.mark.parametrize(
    ("texts", "smallest"),
    [(("52.2", "20.6"), 136), (("47.9", "23.8"), 240), (("39.8", "26.2"), 103)],
)
def test_common_denominators_by_brute_force(texts: tuple[str, str], smallest: int) -> None:
    assert next(n for n in range(1, 2000) if all(prints(t, n) for t in texts)) == smallest


def test_more_of_what_the_readme_says_about_the_printed_totals() -> None:
    assert (prints("52.2", 136), prints("20.6", 136)) == ([71], [28])
    six = ("52.2", "20.6", "47.9", "23.8", "39.8", "26.2")
    assert not any(all(prints(t, n) for t in six) for n in range(1, 400))
    assert [n for n in range(1, 49) if prints("63.8", n)] == [47]
    assert [e for e in range(8) if round(100 * e / 7) == 50] == []


def test_an_odds_ratio_of_218_is_not_that_of_the_counts() -> None:
    """Murrough 2013 prints 2.18 (1.21 to 4.14) beside 64 % and 28 %."""
    y, v = log_or(30, 47, 7, 25)
    assert [round(math.exp(y + s * Z * math.sqrt(v)), 2) for s in (0, -1, 1)] == [4.54, 1.58, 13.05]
    y, v = log_rr(30, 47, 7, 25)
    assert [round(math.exp(y + s * Z * math.sqrt(v)), 2) for s in (0, -1, 1)] == [2.28, 1.17, 4.43]
