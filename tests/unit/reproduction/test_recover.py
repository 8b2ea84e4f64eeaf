"""`recover`: every table that agrees with the print, against a plain loop over all tables, and its messages."""

from __future__ import annotations

import itertools
import math
import re
import time
from dataclasses import replace

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError
from metaket.reproduction.claims import read_printed
from metaket.reproduction.recover_figures import Tables, figures_of

BUDGET = 1.0  # issue 4, in processor time for arms of 500: machines are shared
Z = 1.959963984540054


def tables(found: mk.Recovered) -> set[tuple[int, ...]]:
    return {tuple(map(int, row)) for row in zip(*found.tables.cells, strict=True)}


def by_hand(n_t: range, n_c: range, **printed: str) -> set[tuple[int, ...]]:
    """Plain arithmetic on one table after the other; tables with an empty cell print no odds ratio here."""
    out = set()
    for n1, n2 in itertools.product(n_t, n_c):
        for a, c in itertools.product(range(n1 + 1), range(n2 + 1)):
            b, d = n1 - a, n2 - c
            values = {"percent_t": 100 * a / n1, "percent_c": 100 * c / n2, "risk_difference": a / n1 - c / n2}
            if min(a, b, c, d) > 0:
                ratio, se = a * d / (b * c), math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
                values |= {"or": ratio, "low": ratio * math.exp(-Z * se), "high": ratio * math.exp(Z * se)}
                m = a + c
                values["chi2"] = (a * d - b * c) ** 2 * (n1 + n2) / (n1 * n2 * m * (n1 + n2 - m))
            if all(values.get(name, math.nan) in read_printed(text) for name, text in printed.items()):
                out.add((a, n1, c, n2))
    return out


def test_known_arms_against_a_plain_loop() -> None:
    found = mk.recover(n_t=12, n_c=9, percent_t="33%", odds_ratio="1.8 (0.2 to 13)")
    want = by_hand(range(12, 13), range(9, 10), percent_t="33%", **{"or": "1.8", "low": "0.2", "high": "13"})
    assert tables(found) == want
    assert want


@pytest.mark.parametrize("text", ["2.0", "0.50", "1.3", "9"])
def test_an_odds_ratio_and_a_total_against_a_plain_loop(text: str) -> None:
    found = mk.recover(n_total=11, odds_ratio=text)
    want = {t for n in range(1, 11) for t in by_hand(range(n, n + 1), range(11 - n, 12 - n), **{"or": text})}
    inner = {t for t in tables(found) if 0 < t[0] < t[1] and 0 < t[2] < t[3]}
    assert inner == want


def test_a_range_of_sizes_and_chi_square_against_a_plain_loop() -> None:
    found = mk.recover(n_t="4 to 7", n_c=(5, 6), chi2="1.9")
    plain = by_hand(range(4, 8), range(5, 7), chi2="1.9")
    assert plain <= tables(found)
    labels = dict(
        zip(map(tuple, found.to_frame().iloc[:, :4].to_numpy().tolist()), found.readings()["chi2"], strict=True)
    )
    assert all("chi-square" in labels[t].split("; ") for t in plain)
    assert all(labels[t] == "chi-square with Yates' correction" for t in labels if t not in plain and 0 < t[0] < t[1])


def test_events_and_their_total_limit_the_tables() -> None:
    found = mk.recover(n_t=20, n_c=20, events_t="3 to 5", events_total=9)
    assert tables(found) == {(3, 20, 6, 20), (4, 20, 5, 20), (5, 20, 4, 20)}
    assert found.ranges == {"events_t": (3, 5), "n_t": (20, 20), "events_c": (4, 6), "n_c": (20, 20)}
    assert found.verdict == "several"


def test_one_several_and_none_are_said_plainly() -> None:
    one = mk.recover(n_t=47, n_c=25, percent_t="63.8%", odds_ratio="4.54 (1.58 to 13.05)")
    assert str(one).splitlines()[1] == "one table of 26 agrees: 30/47 against 7/25"
    several = mk.recover(n_t=47, n_c=25, percent_t="63.8%")
    assert str(several).splitlines()[1].startswith("26 tables of 26 agree: events_t 30, n_t 47, events_c 0 to 25")
    assert str(several).splitlines()[-1] == "  and 6 more"
    none = mk.recover(n_t=7, n_c=7, percent_t="50%")
    assert none.verdict == "none"
    assert "nearest: 3/7 against 0/7: percentage of the treatment arm would be 42.857, printed 50%" in str(none)
    assert {x.events_t for x in none.nearest[:2]} == {3, 4}


def test_the_excluding_figure_is_named() -> None:
    found = mk.recover(n_t=47, n_c=25, percent_t="63.8%", percent_c="28%", odds_ratio="2.18")
    assert found.excluded_by == ("odds_ratio",)
    near = found.nearest[0]
    assert (near.events_t, near.events_c) == (30, 7)
    assert near.values["odds_ratio"]["as counted"] == pytest.approx(30 * 18 / (17 * 7))


def test_the_test_that_gives_p_is_named() -> None:
    """Hu 2016: 12/13 and 8/14 give p 0.037 by chi-square, 0.077 by Fisher's test."""
    found = mk.recover(n_t=13, n_c=14, percent_t="92.3%", percent_c="57.1%", p="0.04")
    assert found.readings()["p"] == ["chi-square"]
    assert mk.recover(n_t=13, n_c=14, percent_t="92.3%", percent_c="57.1%", p="0.04", tests=["fisher"]).count == 0
    assert mk.recover(n_t=13, n_c=14, percent_t="92.3%", percent_c="57.1%", p="NS", tests=["fisher"]).count == 1
    assert mk.recover(n_t=13, n_c=14, percent_t="92.3%", percent_c="57.1%", p="<0.05").readings()["p"] == ["chi-square"]


def test_a_p_value_behind_the_interval_counts_too() -> None:
    both = mk.recover(n_t=47, n_c=25, odds_ratio="4.54 (1.58 to 13.05), P = .005")
    assert both.readings()["odds_ratio_p"] == ["z of the log odds ratio"]
    assert mk.recover(n_t=47, n_c=25, odds_ratio="4.54 (1.58 to 13.05), P = .5").count == 0


def test_empty_cells_by_both_readings() -> None:
    frame = mk.recover(n_t=20, n_c=20, events_t=5, events_c=0, odds_ratio="14.55").to_frame()
    assert frame["odds_ratio_by"].tolist() == ["a half added to empty cells"]
    assert mk.recover(n_t=20, n_c=20, events_t=0, events_c=5, odds_ratio="0.00").count == 1
    assert mk.recover(n_t=20, n_c=20, events_t=0, events_c=0, percent_c="0%").count == 1
    assert mk.recover(n_t=20, n_c=20, events_t=0, events_c=0, p="1.00", tests=["fisher"]).count == 0  # no test of it


def test_the_level_of_an_interval_is_read() -> None:
    narrow = mk.recover(n_t=47, n_c=25, percent_t="63.8%", odds_ratio="4.54 (90% CI 1.87 to 11.01)")
    assert tables(narrow) == {(30, 47, 7, 25)}


def test_risk_difference_in_percent_or_as_a_fraction() -> None:
    in_percent = mk.recover(n_t=47, n_c=25, risk_difference="35.8% (13.5% to 58.2%)")
    as_fraction = mk.recover(n_t=47, n_c=25, risk_difference="0.358 (0.135 to 0.582)")
    assert (30, 47, 7, 25) in tables(in_percent) == tables(as_fraction)


def test_both_limits_are_of_one_reading() -> None:
    """1/1 against 8/9 has the lower limit by one reading of its empty cell, and the upper by the other only."""
    found = mk.recover(n_t=1, n_c=9, events_t=1, events_c=8, risk_ratio="1 (1 to 2)")
    low, high = (next(f for f in found.figures if f.name == name) for name in ("risk_ratio_low", "risk_ratio_high"))
    one = Tables(*(np.array([float(x)]) for x in (1, 1, 8, 9)))
    assert found.count == 0
    assert found.excluded_by == ("risk_ratio_high",)
    assert low.holds(one)[0]
    assert replace(high, partner=None).holds(one)[0]
    assert found.nearest[0].breaks == ("risk_ratio_high",)


def test_no_table_and_a_p_value_have_a_frame_and_json() -> None:
    none = mk.recover(n_t=20, n_c=20, odds_ratio="0.001", p="0.9")
    assert none.verdict == "none"
    assert len(none.to_frame()) == 0
    assert none.to_dict()["excluded_by"] == ["p"]


def test_json_holds_everything() -> None:
    told = mk.recover(n_t=7, percent_t="50%", n_c=3).to_dict()
    assert told["verdict"] == "none"
    assert told["excluded_by"] == ["percent_t"]
    assert told["tables"] == []
    assert told["nearest"][0]["values"] == {"percent_t": {"": pytest.approx(300 / 7)}}


def test_unknown_arms_are_tried_up_to_max_n_and_it_is_said() -> None:
    found = mk.recover(n_c=4, events_c=1, percent_t="63.8%", max_n=60)
    assert found.to_frame()[["events_t", "n_t"]].to_numpy().tolist() == [[30, 47], [37, 58]]
    assert found.assumed == ("n_t is not known: tried from 1 to 60 (max_n)",)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "nothing to recover from"),
        ({"n_t": 0, "n_c": 5}, "n_t must be at least 1, got 0"),
        ({"n_t": 10.5, "n_c": 5}, "n_t must be a whole number of at least 0, got '10.5'"),
        ({"n_t": "9 to 4", "n_c": 5}, "n_t must be a whole number, or a range such as '20 to 40', got '9 to 4'"),
        ({"n_t": 5, "n_c": 5, "events_t": 6}, "events_t is 6 but n_t is 5; events cannot exceed the arm"),
        ({"n_t": 5, "n_total": 5}, "n_total is 5, which leaves nobody for the other arm"),
        ({"n_t": 5, "n_c": 5, "percent_t": "163%"}, "percent_t must be a percentage between 0 and 100"),
        ({"n_t": 5, "n_c": 5, "odds_ratio": "2.1 (1.2 to"}, "odds_ratio: cannot read the printed value '2.1 (1.2 to'"),
        ({"n_t": 5, "n_c": 5, "odds_ratio": "2 (3 to 1)"}, "its interval runs from 3 down to 1"),
        ({"n_t": 5, "n_c": 5, "odds_ratio": "NS"}, "odds_ratio must be a number, got 'NS'"),
        ({"n_t": 5, "n_c": 5, "odds_ratio": "-2"}, "odds_ratio must be at least 0, got '-2'"),
        ({"n_t": 5, "n_c": 5, "risk_ratio": "2 (-1 to 3)"}, "risk_ratio must be at least 0, got '-1'"),
        ({"n_t": 5, "n_c": 5, "risk_difference": "12"}, "between -1 and 1, or a percentage such as '-12.1%', got '12'"),
        ({"n_t": 5, "n_c": 5, "chi2": "-3"}, "chi2 must be at least 0, got '-3'"),
        ({"n_t": 5, "n_c": 5, "chi2": "NS"}, "chi2 must be a number, got 'NS'"),
        ({"n_t": 5, "n_c": 5, "p": "1.7"}, "p must be between 0 and 1, got '1.7'"),
        ({"n_t": 5, "n_c": 5, "odds_ratio": " "}, "odds_ratio is blank: give it as printed, or leave it out"),
        ({"n_t": 5, "n_c": 5, "p": "small"}, "p: cannot read the printed value 'small'"),
        ({"n_t": 5, "n_c": 5, "p": "0.04", "tests": ["fischer"]}, "Did you mean fisher"),
        ({"n_t": 5, "n_c": 5, "p": "0.04", "tests": []}, "tests must name at least one"),
        ({"odds_ratio": "2.0"}, "26,522,500 tables would have to be tried"),
        ({"n_t": 5, "max_n": 0}, "max_n must be at least 1"),
    ],
)
def test_messages(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        mk.recover(**arguments)  # type: ignore[arg-type]


def test_contradicting_counts_are_said_so() -> None:
    found = mk.recover(n_t=5, n_c=5, events_total=11)
    assert "the counts that are given contradict each other" in str(found)
    found = mk.recover(n_t=20, n_c=20, n_total=50, odds_ratio="2.0")
    assert "the counts that are given contradict each other" in str(found)


def test_arms_of_500_with_every_test_stay_within_a_second() -> None:
    start = time.process_time()
    found = mk.recover(n_t=500, n_c=500, p="0.012")
    assert time.process_time() - start < BUDGET
    assert found.tried == 501 * 501


def test_figures_are_tried_cheap_ones_first() -> None:
    figures = figures_of({"percent_t": "50%"}, {"odds_ratio": "2.0"}, "0.04", "3.9", ["fisher", "chi2"])
    assert [f.cost for f in figures] == sorted(f.cost for f in figures)
    assert figures[-1].name == "p"
    assert Tables.join([]).n_t.size == 0
