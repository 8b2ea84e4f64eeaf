"""Tables of other numbers than a measure needs: the message names the conversion, and following it works."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import InputError

SIZES = {"n_t": [20, 30], "n_c": [20, 30]}
QUARTILES = {"median_t": [5, 6], "q1_t": [3, 4], "q3_t": [8, 9], "median_c": [4, 6], "q1_c": [3, 4], "q3_c": [8, 9]}
RATIO = {"ci_low": [1.1, 0.7], "ci_high": [3.4, 1.9]}


def said(table: dict[str, Any], measure: str) -> str:
    with pytest.raises(InputError) as caught:
        mk.effect_sizes(pd.DataFrame({"study": ["A", "B"], **table}), measure)
    return str(caught.value)


@pytest.mark.parametrize("measure", ["MD", "SMD", "ROM"])
def test_quartiles(measure: str) -> None:
    text = said(QUARTILES | SIZES, measure)
    assert "mk.complete_means(data)" in text
    assert "mean_sd_luo_wan_shi" in text
    assert "Did you mean" not in text  # a median is no mean
    mk.effect_sizes(mk.complete_means(QUARTILES | SIZES), measure)


def test_one_group_and_ranges() -> None:
    assert "mk.complete_means" in said({"median": [5, 6], "min": [1, 2], "max": [9, 9], "n": [20, 30]}, "MN")
    assert "mk.complete_means" in said(
        {"min_t": [1, 2], "max_t": [9, 9], "min_c": [1, 2], "max_c": [9, 9]} | SIZES, "MD"
    )


@pytest.mark.parametrize("spread", [{"se": [1.0, 2.0]}, {"ci_low": [4.0, 5.0], "ci_high": [6.0, 8.0]}])
def test_standard_errors_and_intervals_of_means(spread: dict[str, list[float]]) -> None:
    table = {f"{name}{arm}": column for name, column in ({"mean": [5.0, 6.5]} | spread).items() for arm in ("_t", "_c")}
    text = said(table | SIZES, "SMD")
    assert "mk.complete_means(data) finds standard deviations" in text
    assert "mk.conversions.sd_from_se, sd_from_interval" in text
    mk.effect_sizes(mk.complete_means(table | SIZES), "SMD")


@pytest.mark.parametrize(
    ("table", "asked", "code"),
    [
        ({"md": [5.0, 6.0], "ci_low": [3.0, 4.0], "ci_high": [7.0, 8.0]}, "MD", "MD"),
        ({"md": [5.0, 6.0], "p": [0.03, 0.4]}, "MD", "MD"),
        ({"Mean difference": [5.0, 6.0], "Lower": [3.0, 4.0], "Upper": [7.0, 8.0]}, "MD", "MD"),
        ({"SMD": [0.5, 0.6], "SE": [0.3, 0.2]}, "SMD", "SMD"),
        ({"g": [0.5, 0.6], "v": [0.3, 0.2]}, "MD", "SMD"),
        ({"y": [0.5, 0.6], "se": [0.3, 0.2]}, "RD", "RD"),
        ({"or": [1.9, 1.15], **RATIO}, "OR", "OR"),
        ({"OR": [1.9, 1.15], "p": [0.03, 0.4]}, "OR", "OR"),
        ({"rr": [1.9, 1.15], "lower": RATIO["ci_low"], "upper": RATIO["ci_high"]}, "OR", "RR"),
        ({"log_or": [0.4, 0.1], "se": [0.3, 0.2]}, "OR", "OR"),
        ({"hr": [1.9, 1.15], **RATIO}, "RR", "GEN"),
    ],
)
def test_effects_instead_of_arms(table: dict[str, list[float]], asked: str, code: str) -> None:
    """The call in the message is run as it stands."""
    text = said(table, asked)
    call = re.search(r"mk\.generic\(.*measure='\w+'\)", text)
    assert call is not None, text
    data = pd.DataFrame({"study": ["A", "B"], **table})
    effects = eval(call[0], {"mk": mk, "np": np, "data": data})
    assert effects.measure == code
    name = next(iter(table))
    logged = name.lower() in ("or", "rr", "hr")
    assert effects.y.tolist() == pytest.approx(np.log(table[name]) if logged else table[name])
    assert ("np.log" in text) == logged
    assert ("--measure GEN" in text) != logged


def test_the_variance_of_a_ratio_is_that_of_its_logarithm() -> None:
    assert "se must be those of the logarithm" in said({"or": [1.9, 1.15], "se": [0.3, 0.2]}, "OR")


@pytest.mark.parametrize(("name", "by"), [("t", "d_from_t"), ("F", "d_from_f"), ("r", "d_from_r"), ("d", "")])
def test_a_statistic_and_the_sizes(name: str, by: str) -> None:
    values = [0.3, 0.4]
    text = said({name: values} | SIZES, "SMD")
    d = np.array(values)
    if by:
        assert f"mk.conversions.{by}({name}, n_t, n_c)['d']" in text
        d = np.asarray(getattr(mk.conversions, by)(values, **SIZES)["d"])
    assert "mean_t = d, mean_c = 0, sd_t = sd_c = 1" in text
    ones = [1.0, 1.0]
    effects = mk.effect_sizes({"mean_t": d, "mean_c": [0.0, 0.0], "sd_t": ones, "sd_c": ones, **SIZES}, "SMD")
    assert (np.abs(effects.y) < np.abs(d)).all()  # d times the small-sample correction
    assert effects.y == pytest.approx(d, rel=0.05)


@pytest.mark.parametrize("name", ["odds_ratio", "phi", "chi2"])
def test_margins_and_an_association(name: str) -> None:
    text = said({name: [1.5, 1.6], "events": [12, 20], **SIZES}, "OR")
    assert "mk.complete_counts(data)" in text
    assert "mk.conversions.cells_from_odds_ratio" in text


def test_metafors_names() -> None:
    table = {"ai": [5, 6], "bi": [8, 9], "ci": [3, 4], "di": [9, 9]}
    assert "columns='metafor' (--column metafor)" in said(table, "RR")
    mk.effect_sizes(table, "RR", columns="metafor")


def test_the_functions_named_are_there() -> None:
    tables = [
        (QUARTILES | SIZES, "MD"),
        ({"mean_t": [1, 2], "se_t": [1, 2], "mean_c": [1, 2], "se_c": [1, 2]} | SIZES, "MD"),
        ({"phi": [0.1, 0.2], "events": [12, 20], **SIZES}, "OR"),
        ({"t": [1.0, 2.0], **SIZES}, "SMD"),
        ({"md": [1.0, 2.0], "p": [0.1, 0.2]}, "MD"),
    ]
    for table, measure in tables:
        text = said(table, measure)
        names = re.findall(r"\b(?:mean_sd|sd_from|cells_from|d_from|variance_from)_\w+", text)
        assert names, text
        assert all(callable(getattr(mk.conversions, name)) for name in names)
        assert all(hasattr(mk, name) for name in re.findall(r"mk\.(\w+)", text))


def test_a_slip_is_still_a_slip() -> None:
    """Where no hint fits, the nearest name and the way to map it."""
    text = said({"event_t": [5, 6], "events_c": [3, 4], **SIZES}, "RR")
    assert "Did you mean event_t?" in text
    assert "columns={'events_t': 'your name'}" in text
    assert "nonevents" not in said({"group": [1, 2]}, "MD")  # sizes from counts are no help with means
    assert "n_t can be had from events_t, nonevents_t" in said({"events_t": [1, 2]}, "RR")
