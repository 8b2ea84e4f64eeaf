"""Han 2016: what its printed figures alone allow, against counts typed from data/han2016/README.md."""

from __future__ import annotations

import itertools
import math
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import pytest

import metaket as mk
from metaket.reproduction.bounds_answer import Bounds
from metaket.reproduction.bounds_paper import BoundResult, run_bound

Z = 1.959963984540054
# trials.csv, ketamine arms as analysed, in the order of the file
ARMS = [7, 17, 47, 27, 18, 13, 35, 20, 32, 21]
RATES = {
    "denominators-24h": ("52.2", "20.6"),
    "denominators-72h": ("47.9", "23.8"),
    "denominators-168h": ("39.8", "26.2"),
}


def prints(events: int, n: int, text: str) -> bool:
    exact = Decimal(100 * events) / Decimal(n)
    return any(exact.quantize(Decimal("0.1"), mode) == Decimal(text) for mode in (ROUND_HALF_UP, ROUND_HALF_EVEN))


def answer(name: str) -> BoundResult:
    paper = mk.load("han2016")
    return run_bound(paper, next(b for b in paper.bounds if b.id == name))


# ------------------------------------------------------------------------------------------- facts of single trials


def test_murrough_2013_is_one_count_up_to_48_patients() -> None:
    assert mk.possible_counts("63.8%", max_n=48).counts == {47: ((30,),)}
    found = mk.recover(n_t=47, n_c=25, percent_t="63.8%", odds_ratio="4.54 (1.58 to 13.05)")
    assert (found.verdict, found.ranges["events_c"]) == ("one", (7, 7))
    printed = mk.recover(n_t=47, n_c=25, percent_t="63.8%", percent_c="28.0%", odds_ratio="2.18 (1.21 to 4.14)")
    assert printed.verdict == "none"
    assert set(printed.excluded_by) == {"odds_ratio", "odds_ratio_low", "odds_ratio_high"}


def test_murrough_2013_on_day_7_has_two_denominators_an_arm() -> None:
    assert mk.possible_counts("45.7%", max_n=47).counts == {35: ((16,),), 46: ((21,),)}
    assert mk.possible_counts("18.2%", max_n=25).counts == {11: ((2,),), 22: ((4,),)}


def test_hu_2016_is_one_table_and_an_uncorrected_test() -> None:
    for percents, p, cells in ((("92.3%", "57.1%"), "0.04", (12, 8)), (("76.9%", "14.3%"), "0.001", (10, 2))):
        found = mk.recover(n_t=13, n_c=14, percent_t=percents[0], percent_c=percents[1], p=p)
        assert (found.ranges["events_t"][0], found.ranges["events_c"][0]) == cells
        assert "chi-square" in found.readings()["p"][0].split("; ")
        assert "Fisher's exact test" not in found.readings()["p"][0]


def test_berman_2000_has_no_half_of_seven() -> None:
    assert mk.possible_counts("50%", n=7).verdict == "none"
    assert mk.recover(n_t=7, n_c=7, percent_t="50%").excluded_by == ("percent_t",)


def test_canuso_2018_has_31_on_placebo() -> None:
    assert mk.possible_counts(["29%", "16.1%", "9.7%", "6.5%"], n="20 to 40").n == (31,)


def test_su_2017_arms() -> None:
    assert mk.possible_counts("45.8%", max_n=24).n == (24,)
    assert mk.possible_counts("39.1%", max_n=24).n == (23,)
    assert mk.possible_counts("12.5%", n=24).counts == {24: ((3,),)}


# ---------------------------------------------------------------------------------------------------- pooled figures


@pytest.mark.parametrize("name", RATES)
def test_denominators_that_both_rates_share(name: str) -> None:
    response, remission = RATES[name]
    want = [
        n for n in range(1, 369) if all(any(prints(e, n, text) for e in range(n + 1)) for text in (response, remission))
    ]
    found = answer(name).answer
    assert not isinstance(found, Bounds)
    assert list(found.n) == want
    assert want[0] == {"denominators-24h": 136, "denominators-72h": 240, "denominators-168h": 103}[name]


@pytest.mark.parametrize(
    ("name", "rate", "arms"),
    [
        ("response-24h-rate", "52.2", ARMS),
        ("remission-24h-rate", "20.6", ARMS),
        ("response-72h-rate", "47.9", [8, *ARMS[1:]]),  # Berman 2000 at 72 h: 4/8
    ],
)
def test_which_nine_trials_can_give_a_rate(name: str, rate: str, arms: list[int]) -> None:
    """Every nine of the ten by their patients alone: the rate has to be whole patients of them."""
    possible = [
        left
        for left in range(10)
        if any(prints(e, sum(arms) - arms[left], rate) for e in range(sum(arms) - arms[left] + 1))
    ]
    found = answer(name).answer
    assert isinstance(found, Bounds)
    names = [found.studies.index(s.left_out[0]) for s in found.possible]
    assert sorted(names) == possible


def test_no_nine_of_the_ten_give_the_remission_rate_at_24_h() -> None:
    found = answer("remission-24h-rate").answer
    assert isinstance(found, Bounds)
    assert found.status == "impossible"


# the counts below were found by metaket's search and are checked here by plain arithmetic
def laird(tables: tuple[tuple[str, int, int, int, int], ...]) -> tuple[float, float]:
    """Pooled log risk ratio and its lower limit by DerSimonian & Laird (1986), a half added where a cell is empty."""
    y, w = [], []
    for _, a, n1, c, n2 in tables:
        if (a, c) in ((0, 0), (n1, n2)):
            continue
        half = 0.5 if 0 in (a, c, n1 - a, n2 - c) else 0.0
        e1, m1, e2, m2 = a + half, n1 + 2 * half, c + half, n2 + 2 * half
        y.append(math.log(e1 / m1 / (e2 / m2)))
        w.append(1 / (1 / e1 - 1 / m1 + 1 / e2 - 1 / m2))
    mean = sum(i * j for i, j in zip(w, y, strict=True)) / sum(w)
    q = sum(i * (j - mean) ** 2 for i, j in zip(w, y, strict=True))
    tau2 = max(0.0, (q - len(y) + 1) / (sum(w) - sum(i * i for i in w) / sum(w)))
    w = [1 / (1 / i + tau2) for i in w]
    mean = sum(i * j for i, j in zip(w, y, strict=True)) / sum(w)
    return mean, mean - Z / math.sqrt(sum(w))


@pytest.mark.parametrize(
    ("name", "rate", "above"),
    [
        ("response-24h-better", "52.2", 52.0),
        ("response-72h-better", "47.9", 60.0),
        ("response-168h-better", "39.8", 45.0),
    ],
)
def test_significantly_better_allows_a_placebo_rate_above_that_of_ketamine(name: str, rate: str, above: float) -> None:
    """A completion with the printed ketamine rate, a higher placebo rate, and an interval above 1, all the same."""
    found = answer(name).answer
    assert isinstance(found, Bounds)
    span = found.spans["rate_c"]
    tables = span.at_high
    assert len(tables) == 9
    assert prints(sum(t[1] for t in tables), sum(t[2] for t in tables), rate)
    assert 100 * sum(t[3] for t in tables) / sum(t[4] for t in tables) == pytest.approx(span.found_high)
    assert span.found_high > above
    assert laird(tables)[1] > 0.0
    assert span.proved_high >= span.found_high
    assert found.decisions["treatment better"] == "possible"
    assert found.spans["ci_low"].found_low >= 1.0


def test_the_ends_of_the_estimate_are_attained_by_the_counts_beside_them() -> None:
    found = answer("response-24h-rate").answer
    assert isinstance(found, Bounds)
    span = found.spans["estimate"]
    assert math.exp(laird(span.at_low)[0]) == pytest.approx(span.found_low)
    assert math.exp(laird(span.at_high)[0]) == pytest.approx(span.found_high)
    known = {t[0]: t[1:] for t in span.at_low}
    assert known["Murrough 2013"] == (30, 47, 7, 25)
    assert known["Lapidus 2014"] == (8, 18, 1, 18)


def test_every_bound_has_its_assumptions_beside_it() -> None:
    for bound in mk.load("han2016").bounds:
        assert bound.assumed, bound.id
    assert len(list(itertools.chain(mk.load("han2016").bounds))) >= 12
