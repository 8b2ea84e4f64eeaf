"""Filling blank cells from other columns, and what the effects then say about it."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import DataError, InputError
from metaket.measures.complete import complete_counts, complete_means, mean_sd_from_quantiles
from metaket.measures.convert_sd import sd_from_interval

ROWS = [
    {"study": "means", "n_t": 30, "mean_t": 9.0, "sd_t": 4.0},
    {"study": "quartiles", "n_t": 30, "median_t": 9, "q1_t": 6, "q3_t": 17},
    {"study": "range", "n_t": 30, "median_t": 9, "min_t": 2, "max_t": 41},
    {"study": "five", "n_t": 30, "median_t": 9, "min_t": 2, "q1_t": 6, "q3_t": 17, "max_t": 41},
    {"study": "se", "n_t": 25, "mean_t": 9.0, "se_t": 0.8},
    {"study": "interval", "n_t": 25, "mean_t": 50.0, "ci_low_t": 44, "ci_high_t": 56},
    {"study": "mean with quartiles", "n_t": 30, "mean_t": 11.0, "q1_t": 6, "q3_t": 17},
    {"study": "nothing", "n_t": 30},
]
CONTROL = {"n_c": 28, "mean_c": 12.0, "sd_c": 4.5}


def arms() -> pd.DataFrame:
    return pd.DataFrame([row | CONTROL for row in ROWS])


def test_means_from_everything() -> None:
    filled = complete_means(arms()).set_index("study")
    five = mean_sd_from_quantiles(30, median=9, minimum=2, q1=6, q3=17, maximum=41)
    quartiles = mean_sd_from_quantiles(30, median=9, q1=6, q3=17)
    assert tuple(filled.loc["means", ["mean_t", "sd_t"]]) == (9.0, 4.0)
    assert tuple(filled.loc["quartiles", ["mean_t", "sd_t"]]) == (quartiles["mean"], quartiles["sd"])
    assert tuple(filled.loc["five", ["mean_t", "sd_t"]]) == (five["mean"], five["sd"])
    assert filled.loc["se", "sd_t"] == pytest.approx(4.0, rel=1e-14)
    assert filled.loc["interval", "sd_t"] == sd_from_interval(44, 56, 25)["sd"]
    assert tuple(filled.loc["mean with quartiles", ["mean_t", "sd_t"]]) == (11.0, quartiles["sd"])
    assert filled.loc["nothing", ["mean_t", "sd_t"]].isna().all()


def test_the_way_stands_in_the_notes_of_the_effects() -> None:
    effects = mk.effect_sizes(complete_means(arms()), "MD")
    notes = dict(zip(effects.study, effects.notes, strict=True))
    assert notes["means"] == ""
    assert notes["quartiles"].startswith("mean_t, sd_t by mean_sd_luo_wan_shi (Luo et al. (2018) eqs. 7, 11, 15;")
    assert notes["se"].startswith("sd_t by sd_from_se (Cochrane Handbook")
    assert notes["mean with quartiles"].startswith("sd_t by mean_sd_luo_wan_shi")
    assert notes["range"].endswith("so that normal data, which the method assumes, are doubtful")
    assert [d.reason for d in effects.dropped] == ["mean_t, sd_t not known"]
    assert list(effects.to_frame()["note"]) == list(effects.notes)


def test_the_conversion_stays_beside_other_notes() -> None:
    table = arms().assign(design="crossover").iloc[[1]]
    effects = mk.effect_sizes(complete_means(table), "MD", crossover=0.5)
    assert effects.notes[0].startswith("mean_t, sd_t by mean_sd_luo_wan_shi")
    assert effects.notes[0].endswith("; crossover, rho 0.5")


@pytest.mark.parametrize("method", ["luo-wan-shi", "wan", "qe", "bc"])
def test_methods(method: str) -> None:
    filled = complete_means(arms(), method=method).set_index("study")
    direct = mean_sd_from_quantiles(30, median=9, q1=6, q3=17, method=method)
    assert tuple(filled.loc["quartiles", ["mean_t", "sd_t"]]) == (direct["mean"], direct["sd"])
    assert direct.name in filled.loc["quartiles", "conversion"]


def test_nothing_that_was_given_is_replaced_and_the_table_is_copied() -> None:
    table = arms()
    before = table.copy(deep=True)
    filled = complete_means(table)
    pd.testing.assert_frame_equal(table, before)
    given = table["mean_t"].notna()
    np.testing.assert_array_equal(filled.loc[given, "mean_t"], table.loc[given, "mean_t"])
    again = complete_means(filled)
    pd.testing.assert_frame_equal(again, filled)


def test_one_group_and_other_names() -> None:
    table = {"trial": ["A"], "N": ["40"], "med": ["12"], "q1": ["8"], "q3": ["17"], "conversion": ["read off figure 2"]}
    names = {"study": "trial", "n": "N", "median": "med"}
    filled = complete_means(table, columns=names)
    direct = mean_sd_from_quantiles(40, median=12, q1=8, q3=17)
    assert (filled["mean"][0], filled["sd"][0]) == (direct["mean"], direct["sd"])
    assert filled["conversion"][0].startswith("read off figure 2; mean, sd by mean_sd_luo_wan_shi")
    effects = mk.effect_sizes(filled, "MN", columns={"study": "trial", "n": "N"})
    assert effects.y[0] == direct["mean"]
    assert effects.notes == (filled["conversion"][0],)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"q1_t": 10}, r"row 7 \(B\): minimum <= q1 <= median <= q3 <= maximum does not hold"),
        ({"n_t": 4}, r"row 7 \(B\): n must be 5 or more for these methods, got 4"),
        ({"median_t": "nine"}, r"row 7 \(B\): median_t is 'nine', not a number"),
        ({"se_t": -1.0}, r"row 7 \(B\): se must be above 0, got -1"),
        ({"ci_low_t": 5.0, "ci_high_t": 4.0}, r"row 7 \(B\): high - low must be above 0, got -1"),
    ],
)
def test_contradictions_name_the_row(change: dict[str, object], message: str) -> None:
    good = {"study": "A", "n_t": 30, "median_t": 9, "q1_t": 6, "q3_t": 17}
    table = pd.DataFrame([good, good | {"study": "B"} | change], index=pd.Index([6, 7], name="row"), dtype=object)
    with pytest.raises(DataError, match=f"^{message}"):
        complete_means(table)


def test_bad_calls() -> None:
    with pytest.raises(InputError, match="unknown quantile method 'shi'"):
        complete_means(arms(), method="shi")
    with pytest.raises(
        InputError, match="columns= has no use for 'medain_t'. Did you mean median_t?".replace("?", r"\?")
    ):
        complete_means(arms(), columns={"medain_t": "median_t"})


COUNTS = pd.DataFrame(
    [
        {"study": "cells", "events_t": 8, "events_c": 3},
        {"study": "odds", "events": 56, "odds_ratio": 2.05},
        {"study": "risk", "events": 56, "risk_ratio": 1.74},
        {"study": "phi", "events": 56, "phi": 0.15},
        {"study": "chi", "events": 56, "chi2": 4.61, "sign": 1},
        {"study": "blank", "odds_ratio": 2.0},
    ]
).assign(n_t=122, n_c=118)


def test_counts_from_margins() -> None:
    """36 of 122 against 20 of 118: every printed number leads back to that table."""
    filled = complete_counts(COUNTS).set_index("study")
    for study in ("odds", "risk", "phi", "chi"):
        assert tuple(filled.loc[study, ["events_t", "events_c"]]) == (36, 20)
    assert tuple(filled.loc["cells", ["events_t", "events_c"]]) == (8, 3)
    effects = mk.effect_sizes(complete_counts(COUNTS), "OR")
    assert effects.study == ("cells", "odds", "risk", "phi", "chi")
    assert effects.notes[1].startswith("events_t, events_c by cells_from_odds_ratio (Bonett (2007)")
    assert math.exp(effects.y[1]) == pytest.approx(36 * 98 / (86 * 20), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"odds_ratio": None, "chi2": 4.61}, "chi2 needs sign: 1 if the treatment arm has more events than expected"),
        ({"odds_ratio": None, "phi": 0.9}, "no table with these margins: the first cell would be"),
        ({"odds_ratio": -2.0}, "odds_ratio must be above 0, got -2"),
        ({"events": 300}, "total - column must be above 0, got -60"),
    ],
)
def test_impossible_margins_name_the_row(change: dict[str, object], message: str) -> None:
    table = pd.DataFrame([{"study": "A", "n_t": 122, "n_c": 118, "events": 56, "odds_ratio": 2.05} | change])
    with pytest.raises(DataError, match=rf"^row 1 \(A\): {re.escape(message)}"):
        complete_counts(table)
