"""Which rows enter a pool, and the effect of each row whatever it gives. Expected values are hand formulas."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

import metaket as mk
from metaket.errors import DataError, InputError
from metaket.outcomes import SOURCED, STATUSES, Rules, Selection, join_trials, row_effects, select
from tests.papers import frame, row

Z = 1.959963984540054  # normal quantile at 0.975
HAND = 1e-12  # the same closed form, written twice
WHERE = {"outcome": "response", "time_h": 24}
FULL = {"events_t": 8, "n_t": 18, "events_c": 1, "n_c": 18}


def chosen(*rows: dict[str, str], measure: str = "RR", where: dict[str, Any] = WHERE, **options: Any) -> Selection:
    return select(frame(*rows), where, measure, **options)


def effects(*rows: dict[str, str], measure: str, crossover: str | float = "parallel") -> mk.EffectSizes:
    (_, only), = row_effects(chosen(*rows, measure=measure), Rules(measure, crossover=crossover))  # fmt: skip
    return only


def one(measure: str, crossover: str | float = "parallel", **cells: object) -> tuple[float, float]:
    found = effects(row(**cells), measure=measure, crossover=crossover)
    return float(found.y[0]), float(found.v[0])


def hedges_j(df: float) -> float:
    """Hedges (1981), eq. 6e."""
    return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)


# ------------------------------------------------------------------------------------------------- which rows


@pytest.mark.parametrize("status", STATUSES)
def test_only_sourced_rows_enter_by_default(status: str) -> None:
    found = chosen(row("A", status=status, **FULL), row("B", **FULL))
    assert ("A" in set(found.rows["study"])) == (status in SOURCED)
    assert [left.study for left in found.left] == ([] if status in SOURCED else ["A"])
    assert found.complete == (status in SOURCED)


def test_unverified_rows_enter_when_asked_for_and_are_named() -> None:
    rows = (row("A", status="unverified", **FULL), row("B", **FULL))
    found = chosen(*rows, include=("unverified",))
    assert found.statuses == ("unverified", "quoted")
    assert chosen(*rows).left[0].reason == "only unverified rows"


@pytest.mark.parametrize("status", ["missing", "guessed"])
def test_what_can_be_included(status: str) -> None:
    with pytest.raises(InputError, match=f"include must name statuses among quoted, .*unverified, got '{status}'"):
        chosen(row(**FULL), include=(status,))


def test_one_status_may_be_given_as_a_text() -> None:
    """design.md section 6 writes include="unverified"."""
    assert len(chosen(row("A", status="unverified", **FULL), include="unverified").rows) == 1


@pytest.mark.parametrize("cell", ["events_t", "n_t", "events_c", "n_c"])
def test_a_blank_cell_is_missing_and_never_zero(cell: str) -> None:
    found = chosen(row("A", **FULL | {cell: ""}, where="table 2"), row("B", **FULL))
    assert list(found.rows["study"]) == ["B"]
    (left,) = found.left
    assert (left.study, left.cells, left.look, left.open, left.row) == ("A", (cell,), "table 2", True, 2)
    assert left.reason == f"{cell} not sourced"


def test_a_zero_is_a_number() -> None:
    found = chosen(row("A", **FULL | {"events_c": 0}))
    assert found.complete
    assert len(found.rows) == 1


def test_a_study_that_would_count_twice_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(DataError) as caught:
        chosen(row("A", **FULL), row("B", **FULL), row("A", **FULL))
    assert "A would enter one pool 2 times (outcomes.csv rows 2, 4)" in str(caught.value)
    for remedy in ("pool_over_time", "combine its arms", "mark the others as variants"):
        assert remedy in str(caught.value)


def test_two_times_in_one_filter_count_a_study_twice() -> None:
    rows = (row("A", **FULL), row("A", time_h=72, **FULL))
    with pytest.raises(DataError, match="a study counts once"):
        chosen(*rows, where={"outcome": "response"})


def test_a_full_row_beside_a_missing_or_partial_one_is_used() -> None:
    found = chosen(row("A", status="missing"), row("A", **FULL), row("A", **FULL | {"n_c": ""}))
    assert list(found.rows.index) == [3]
    assert found.left == ()


# ------------------------------------------------------------------------------------------------- variants


VARIED = (row("A", **FULL), row("A", variant="late", **FULL | {"events_t": 9}), row("B", **FULL))


def test_the_default_row_is_the_one_without_a_variant() -> None:
    assert list(chosen(*VARIED).rows.index) == [2, 4]
    assert list(chosen(*VARIED, variants={"A": "late"}).rows.index) == [3, 4]


def test_variants_of_an_unknown_study() -> None:
    with pytest.raises(InputError, match="variants name 'a', which is not a study"):
        chosen(*VARIED, variants={"a": "late"})


def test_a_mistyped_variant_does_not_make_the_study_vanish() -> None:
    with pytest.raises(InputError, match="lat"):
        chosen(*VARIED, variants={"A": "lat"})


def test_a_variant_that_one_time_does_not_have_leaves_the_study_in_the_account() -> None:
    found = chosen(*VARIED, row("A", variant="early", time_h=72, **FULL), variants={"A": "early"})
    assert [left.study for left in found.left] == ["A"]


def test_a_study_with_variants_only_is_accounted_for() -> None:
    found = chosen(row("A", variant="28 mg", **FULL), row("A", variant="56 mg", **FULL), row("B", **FULL))
    assert list(found.rows["study"]) == ["B"]
    assert [left.study for left in found.left] == ["A"]


# ------------------------------------------------------------------------------------------------- filters


TRIALS = pd.DataFrame(
    {"study": ["A", "B"], "comparator": ["saline", "midazolam"], "year": [2013.0, 2014.0]}, dtype=object
)


@pytest.mark.parametrize(
    ("where", "studies"),
    [
        ({"comparator": "saline"}, ["A"]),
        ({"comparator": ["saline", "midazolam"]}, ["A", "B"]),
        ({"year": 2014}, ["B"]),
        ({"year": [2013, 2014], "comparator": "midazolam"}, ["B"]),
        ({"year": "2013.0"}, ["A"]),
        ({"comparator": []}, []),
    ],
)
def test_filters_on_columns_of_trials(where: dict[str, Any], studies: list[str]) -> None:
    table = join_trials(frame(row("A", **FULL), row("B", **FULL)), TRIALS)
    assert list(select(table, WHERE | where, "RR").rows["study"]) == studies


def test_an_unknown_column_names_the_nearest() -> None:
    table = join_trials(frame(row(**FULL)), TRIALS)
    with pytest.raises(InputError, match=r"column 'comparater', which neither table has\. Did you mean comparator\?"):
        select(table, {"comparater": "saline"}, "RR")
    with pytest.raises(InputError, match=r"neither table has\.$"):
        select(table, {"zzz": 1}, "RR")


def test_a_text_among_the_numbers_of_a_filter_is_no_defect() -> None:
    assert len(chosen(row(**FULL), where={"time_h": [24, "72"]}).rows) == 1
    with pytest.raises(InputError, match="time_h"):
        chosen(row(**FULL), where={"time_h": [24, "day 7"]})


def test_the_own_columns_of_outcomes_win_and_strangers_get_blanks() -> None:
    trials = TRIALS.assign(n_t=99.0, status="from trials")
    table = join_trials(frame(row("A", **FULL), row("C", **FULL)), trials)
    assert list(table["n_t"]) == [18.0, 18.0]
    assert list(table["status"]) == ["quoted", "quoted"]
    assert list(table["comparator"]) == ["saline", ""]
    assert list(table.index) == [2, 3]


# ------------------------------------------------------------------------------------------------- effects of a row


@pytest.mark.parametrize(
    ("cells", "se"),
    [
        ({"v": 0.04}, 0.2),
        ({"se": 0.2}, 0.2),
        ({"ci_low": 0.1, "ci_high": 0.9}, 0.8 / (2 * Z)),
        ({"p": 0.05}, 0.5 / Z),
        ({"v": 0.04, "se": 9, "ci_low": -9, "ci_high": 9}, 0.2),
        ({"se": 0.2, "ci_low": -9, "ci_high": 9}, 0.2),
    ],
)
def test_a_given_effect_takes_the_first_precision_there_is(cells: dict[str, float], se: float) -> None:
    """Cochrane Handbook 6.3, 6.5.2.2 (interval) and 6.5.2.3 (p-value: SE = |y| / z)."""
    assert one("GEN", y=0.5, **cells) == pytest.approx((0.5, se**2), rel=HAND)


@pytest.mark.parametrize(
    "cells",
    [{"se": -0.2}, {"se": 0}, {"v": 0}, {"v": -1}, {"ci_low": 0.9, "ci_high": 0.1}, {"ci_low": 0.5, "ci_high": 0.5}],
)
def test_an_impossible_precision_names_row_and_study(cells: dict[str, float]) -> None:
    with pytest.raises(DataError, match=r"row 2 \(A\)"):
        one("GEN", y=0.5, **cells)


def test_counts_and_means_follow_the_measure() -> None:
    assert one("RR", **FULL) == pytest.approx((math.log(8), 1 / 8 - 1 / 18 + 1 - 1 / 18), rel=HAND)
    means = {"mean_t": 10, "sd_t": 4, "n_t": 20, "mean_c": 13, "sd_c": 5, "n_c": 25}
    assert one("MD", **means) == pytest.approx((-3, 16 / 20 + 25 / 25), rel=HAND)
    pooled = math.sqrt((19 * 16 + 24 * 25) / 43)
    g = hedges_j(43) * -3 / pooled
    assert one("SMD", **means) == pytest.approx((g, 1 / 20 + 1 / 25 + g**2 / 90), rel=HAND)


DIFFERENCE = {"y": -7.6, "se": 1.9, "y_measure": "MD", "n_t": 18, "n_c": 18}


@pytest.mark.parametrize("code", ["SMD", "smd"])
def test_a_mean_difference_becomes_g(code: str) -> None:
    """Cochrane Handbook 6.3, 6.5.2.3: s = SE / sqrt(1/n1 + 1/n2); the case of a code means nothing."""
    s = 1.9 / math.sqrt(2 / 18)
    g = hedges_j(34) * -7.6 / s
    assert one(code, **DIFFERENCE) == pytest.approx((g, 2 / 18 + g**2 / 72), rel=HAND)


def test_a_mean_difference_within_patients_becomes_g() -> None:
    """Handbook 23.2.7.2: s = SE sqrt(n / (2 (1 - rho))), var = (2/n + g^2/n) (1 - rho)."""
    s = 1.9 * math.sqrt(18 / (2 * (1 - 0.5)))
    g = hedges_j(34) * -7.6 / s
    crossed = one("SMD", 0.5, **DIFFERENCE, design="crossover")
    assert crossed == pytest.approx((g, (2 / 18 + g**2 / 18) * 0.5), rel=HAND)
    assert one("SMD", 0.5, **DIFFERENCE, design="parallel") == one("SMD", **DIFFERENCE)


def test_a_mean_difference_stays_one_in_md() -> None:
    assert one("MD", **DIFFERENCE) == pytest.approx((-7.6, 1.9**2), rel=HAND)


def test_a_standardised_difference_with_and_without_its_precision() -> None:
    given = {"y": -1.1, "n_t": 13, "n_c": 14, "y_measure": "SMD"}
    assert one("SMD", **given, se=0.3) == pytest.approx((-1.1, 0.09), rel=HAND)
    assert one("SMD", **given) == pytest.approx((-1.1, 1 / 13 + 1 / 14 + 1.21 / 54), rel=HAND)
    found = chosen(row(**given | {"n_c": ""}), measure="SMD")
    assert len(found.rows) == 0
    assert found.left[0].open


@pytest.mark.parametrize(("measure", "kind"), [("RR", "OR"), ("MD", "SMD"), ("OR", "MD")])
def test_an_effect_of_another_kind_is_not_taken_for_this_one(measure: str, kind: str) -> None:
    found = chosen(row(y=0.5, se=0.2, y_measure=kind, n_t=10, n_c=10), measure=measure)
    assert len(found.rows) == 0
    assert found.left[0].study == "A"


def test_each_effect_says_how_it_came_about() -> None:
    notes = effects(
        row("A", **DIFFERENCE, design="crossover"), row("B", y=-0.5, n_t=9, n_c=9), measure="SMD", crossover=0.25
    ).notes
    assert notes == ("g from the mean difference, SE as printed; crossover, rho 0.25", "variance from the arm sizes")


@pytest.mark.parametrize("crossover", ["paralel", "0.5", 1.0, -2.0, math.nan])
def test_the_handling_of_crossovers_is_checked_for_given_effects_too(crossover: str | float) -> None:
    with pytest.raises(InputError, match="crossover"):
        one("SMD", crossover, y=-0.5, n_t=9, n_c=9, design="crossover")


def test_counts_and_given_effects_in_one_pool_keep_the_order_of_the_table() -> None:
    found = effects(row("A", y=0.5, se=0.2), row("B", **FULL), row("C", y=0.1, se=0.1), measure="RR")
    assert found.study == ("A", "B", "C")
    assert found.rows == (2, 3, 4)
    assert found.y[1] == pytest.approx(math.log(8), rel=HAND)


def test_given_effects_stay_when_no_count_has_information() -> None:
    found = effects(row("A", events_t=0, n_t=9, events_c=0, n_c=9), row("B", y=0.5, se=0.2), measure="RR")
    assert found.study == ("B",)
    assert [d.study for d in found.dropped] == ["A"]


# ------------------------------------------------------------------------------------------------- ranges


def test_a_range_is_pooled_at_both_ends_and_never_in_the_middle() -> None:
    rows = (row("A", y_low=-1.18, y_high=-1.08, n_t=13, n_c=14), row("B", y=-0.5, se=0.2))
    low, high = row_effects(chosen(*rows, measure="SMD"), Rules("SMD"))
    assert (low[0], high[0]) == ("A at the low end", "A at the high end")
    assert list(low[1].y) == [-1.18, -0.5]
    assert list(high[1].y) == [-1.08, -0.5]
    assert "low end of a printed range" in low[1].notes[0]


def test_a_value_beside_a_range_is_the_value() -> None:
    found = effects(row(y=0.5, y_low=0.1, y_high=0.9, se=0.2), measure="GEN")
    assert list(found.y) == [0.5]


def test_nothing_left_says_why() -> None:
    with pytest.raises(InputError, match=r"no study left for RR: A: events_c not sourced; B: not sourced"):
        row_effects(chosen(row("A", **FULL | {"events_c": ""}), row("B", status="missing")), Rules("RR"))
