"""Zero cells, double zeros, crossover trials, and the options of the measures."""

from __future__ import annotations

import math

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError, UnknownChoiceError
from metaket.measures.means import bias_correction
from metaket.measures.registry import MEASURES, TRAITS, takes_rho

ONE_ZERO = {
    "study": ["A", "B", "C"],
    "events_t": [8, 12, 0],
    "n_t": [18, 30, 20],
    "events_c": [1, 5, 2],
    "n_c": [18, 30, 20],
}


def log_odds(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    return math.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


@pytest.mark.parametrize(
    ("rule", "added"), [("only0", (0, 0, 1)), ("if0all", (1, 1, 1)), ("all", (1, 1, 1)), (None, (0, 0, 1))]
)
@pytest.mark.parametrize("add", [0.5, 0.1])
def test_which_cells_get_more(rule: str | None, added: tuple[int, ...], add: float) -> None:
    effects = mk.effect_sizes(ONE_ZERO, "OR", zero_cells=rule, add=add)
    for i, more in enumerate(added):
        a, n1, c, n2 = (ONE_ZERO[name][i] for name in ("events_t", "n_t", "events_c", "n_c"))
        y, v = log_odds(*(cell + add * more for cell in (a, n1 - a, c, n2 - c)))
        assert (effects.y[i], effects.v[i]) == pytest.approx((y, v), rel=1e-13)
    assert effects.notes == tuple(f"{add:g} added to each cell" if more else "" for more in added)
    assert effects.options == {"zero_cells": rule or "only0", "double_zero": "drop", "add": add}


def test_if0all_changes_nothing_without_a_zero() -> None:
    table = {name: column[:2] for name, column in ONE_ZERO.items()}
    assert mk.effect_sizes(table, "OR", zero_cells="if0all").notes == ("", "")


def test_if0all_ignores_the_studies_that_are_left_out() -> None:
    """A double zero that is dropped must not add to the cells of the others (as metafor with drop00)."""
    table = {k: [*v, {"study": "D", "events_t": 0, "events_c": 0}.get(k, 9)] for k, v in ONE_ZERO.items()}
    table = {name: [column[i] for i in (0, 1, 3)] for name, column in table.items()}
    effects = mk.effect_sizes(table, "OR", zero_cells="if0all")
    assert effects.notes == ("", "")
    assert effects.dropped[0].reason == "no information: both arms at zero or all events"


@pytest.mark.parametrize("code", [e.code for e in MEASURES if "events_t" in e.needs])
def test_double_zeros_are_dropped_where_they_say_nothing(code: str) -> None:
    table = {name: column[:2] for name, column in ONE_ZERO.items()} | {
        "time_t": [9, 9],
        "time_c": [9, 9],
        "r": [0.1, 0.1],
    }
    table |= {"events_t": [8, 0], "events_c": [1, 0]}
    kept = mk.effect_sizes(table, code, double_zero="keep", zero_cells="only0")
    assert kept.k == 2
    dropped = mk.effect_sizes(table, code)
    assert dropped.k == (1 if TRAITS[code].uninformative else 2)
    assert (code in ("RD", "AS", "IRD", "IRSD", "MPORM")) is not TRAITS[code].uninformative


@pytest.mark.parametrize("code", [e.code for e in MEASURES if TRAITS[e.code].zero_cells == "none"])
def test_measures_without_a_rule_take_zeros_as_they_are(code: str) -> None:
    table = {
        **ONE_ZERO,
        "events": [3, 0, 5],
        "n": [9, 9, 9],
        "time": [10, 11, 12],
        "time_t": [9] * 3,
        "time_c": [8] * 3,
    }
    effects = mk.effect_sizes(table, code)
    assert effects.notes == ("", "", "")
    assert effects.options["zero_cells"] == "none"
    assert any(mk.effect_sizes(table, code, zero_cells="only0").notes)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (
            {"zero_cells": "only"},
            "unknown zero-cell rule 'only': choose one of only0, all, if0all, none. Did you mean only0?",
        ),
        ({"double_zero": "remove"}, "unknown double-zero rule 'remove': choose one of drop, keep"),
        (
            {"crossover": "paralel"},
            "unknown crossover handling 'paralel': choose one of parallel. Did you mean parallel?",
        ),
    ],
)
def test_unknown_rules(kwargs: dict[str, str], message: str) -> None:
    with pytest.raises(UnknownChoiceError) as error:
        mk.effect_sizes(ONE_ZERO, "RR", **kwargs)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("add", [-0.5, math.nan, math.inf, "0.5"])
def test_what_is_added_must_be_a_number(add: object) -> None:
    with pytest.raises(InputError, match="add must be a number of 0 or more"):
        mk.effect_sizes(ONE_ZERO, "RR", add=add)  # type: ignore[arg-type]


def test_unknown_measure_and_option() -> None:
    with pytest.raises(UnknownChoiceError, match=r"unknown measure 'PETTO': choose one of RR, OR, .*Did you mean PETO"):
        mk.effect_sizes(ONE_ZERO, "PETTO")
    with pytest.raises(InputError, match="measure RR has no option 'vtype'; it takes none"):
        mk.effect_sizes(ONE_ZERO, "RR", vtype="UB")
    with pytest.raises(InputError, match="measure SMD has no option 'exact'; it takes vtype, j"):
        mk.effect_sizes(ONE_ZERO, "SMD", exact=True)
    with pytest.raises(UnknownChoiceError, match="unknown RD variance 'HO': choose one of LS, UB, AV"):
        mk.effect_sizes(ONE_ZERO, "RD", vtype="HO")


CROSSOVER = {
    "study": ["A", "B"],
    "design": ["crossover", "parallel"],
    **{"events_t": [8, 12], "n_t": [18, 30], "events_c": [3, 5], "n_c": [18, 30]},
    **{"mean_t": [10.0, 9.0], "sd_t": [4.0, 4.0], "mean_c": [14.0, 13.0], "sd_c": [5.0, 5.0]},
}


@pytest.mark.parametrize("code", [e.code for e in MEASURES if takes_rho(e.code)])
def test_a_correlation_changes_the_variance_of_crossover_rows_only(code: str) -> None:
    plain, paired = mk.effect_sizes(CROSSOVER, code), mk.effect_sizes(CROSSOVER, code, crossover=0.5)
    np.testing.assert_array_equal(plain.y, paired.y)
    assert paired.v[0] < plain.v[0]
    assert paired.v[1] == plain.v[1]
    assert plain.notes == ("crossover, as parallel", "")
    assert paired.notes == ("crossover, rho 0.5", "")
    assert paired.options["crossover"] == 0.5
    assert plain.options["crossover"] == "parallel"
    nothing = mk.effect_sizes(CROSSOVER, code, crossover=0.0)
    np.testing.assert_array_equal(nothing.v, plain.v)
    assert nothing.notes[0] == "crossover, rho 0"


@pytest.mark.parametrize(("code", "pairs"), [("RR", "MPRR"), ("OR", "MPOR"), ("RD", "MPRD"), ("OR", "MPORM")])
def test_crossover_with_rho_is_the_measure_for_pairs(code: str, pairs: str) -> None:
    """With n patients in both periods the correlation between the periods gives the whole table of pairs."""
    table = {"events_t": [8], "n_t": [18], "events_c": [3], "n_c": [18], "n": [18], "r": [0.4], "design": ["crossover"]}
    one, other = mk.effect_sizes(table, code, crossover=0.4), mk.effect_sizes(table, pairs)
    assert (one.y[0], one.v[0]) == pytest.approx((other.y[0], other.v[0]), rel=1e-12)


def test_md_of_a_crossover_is_the_mean_change() -> None:
    table = CROSSOVER | {
        "mean_post": [10.0, 9.0],
        "sd_post": [4.0, 4.0],
        "mean_pre": [14.0, 13.0],
        "sd_pre": [5.0, 5.0],
    }
    table |= {"n": [18, 30], "r": [0.3, 0.3], "design": ["crossover", "cross-over"]}
    one, other = mk.effect_sizes(table, "MD", crossover=0.3), mk.effect_sizes(table, "MC")
    np.testing.assert_allclose(one.v, other.v, rtol=1e-14)


def test_smd_of_a_crossover_as_the_handbook_prints_it() -> None:
    """Cochrane Handbook 6.3, 23.2.7.2: SE(SMD) = sqrt(1/N + SMD^2 / (2 N)) sqrt(2 (1 - rho))."""
    effects = mk.effect_sizes(CROSSOVER, "SMD", crossover=0.5)
    g, n = effects.y[0], 18
    assert math.sqrt(effects.v[0]) == pytest.approx(math.sqrt(1 / n + g**2 / (2 * n)) * math.sqrt(2 * 0.5), rel=1e-13)


@pytest.mark.parametrize("rho", [1.0, -1.0, 1.5, math.nan, None, [0.5], True])
def test_impossible_correlations(rho: object) -> None:
    with pytest.raises(InputError, match="crossover must be 'parallel' or a correlation between -1 and 1"):
        mk.effect_sizes(CROSSOVER, "RR", crossover=rho)  # type: ignore[arg-type]


def test_measures_without_a_crossover_variance_say_which_have_one() -> None:
    with pytest.raises(
        InputError, match=r"PETO has no variance for crossover trials .* one of RR, OR, RD, AS, MD, SMD, ROM"
    ):
        mk.effect_sizes(CROSSOVER, "PETO", crossover=0.5)
    assert mk.effect_sizes(CROSSOVER, "PETO").k == 2


def test_variances_of_the_smd() -> None:
    """RevMan's: Deeks & Higgins (2010) Statistical algorithms in Review Manager 5, p. 7, with J = 1 - 3 / (4 N - 9)."""
    g, n1, n2 = (mk.effect_sizes(CROSSOVER, "SMD", vtype="RevMan", j="approx").y[1], 30, 30)
    v = mk.effect_sizes(CROSSOVER, "SMD", vtype="RevMan", j="approx").v[1]
    d = -4 / math.sqrt((16 + 25) / 2)
    assert g == pytest.approx(d * (1 - 3 / (4 * 60 - 9)), rel=1e-14)
    assert v == pytest.approx((n1 + n2) / (n1 * n2) + g**2 / (2 * (n1 + n2 - 3.94)), rel=1e-14)
    j = float(bias_correction(58.0))
    ls2 = mk.effect_sizes(CROSSOVER, "SMD", vtype="LS2").v[1]
    assert ls2 == pytest.approx(j**2 * (2 / 30 + d**2 / 120), rel=1e-13)
    approx = 1 - 3 / (4 * 58 - 1)
    assert mk.effect_sizes(CROSSOVER, "SMD", vtype="LS2", j="approx").v[1] == pytest.approx(
        approx**2 * (2 / 30 + d**2 / 120), rel=1e-13
    )
