"""Each verdict of design.md section 7, reached by a paper made for it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import metaket as mk
from metaket.errors import InputError
from metaket.reproduction.bands import BANDS
from metaket.reproduction.compare import VERDICTS, Comparison, worst_verdict
from tests.papers import claim, paper_of, row, table, write_paper

EXACT = {"n_t": 40, "n_c": 40}  # counts are exact: no rounding of inputs can explain a gap
TWO = (row("A", events_t=20, events_c=10, **EXACT), row("B", events_t=24, events_c=14, **EXACT))
WIDE = (row("A", events_t=6, events_c=5, **EXACT), row("B", events_t=9, events_c=8, **EXACT))
RANGE = (row("A", y_low=0.4, y_high=0.6, v="0.010000"),)


def judge(
    folder: Path, printed: str, quantity: str, *, means: str = "", measure: str = "RR", rows: tuple = TWO
) -> Comparison:
    text = claim(printed, quantity, means)
    rep = mk.reproduce(write_paper(folder, paper=paper_of(measure), outcomes=table(*rows), claims=text))
    json.dumps(rep.to_dict(), allow_nan=False)
    return rep.comparisons[0]


def value(folder: Path, quantity: str, measure: str = "RR", rows: tuple = TWO) -> float:
    found = judge(folder / "first", "0", quantity, measure=measure, rows=rows).recomputed
    assert found is not None
    return found


def test_the_verdicts_are_those_of_the_design() -> None:
    words = {"exact", "input-rounding", "near", "differs", "decision differs", "not computable"}
    assert set(VERDICTS) == words


@pytest.mark.parametrize("decimals", [0, 1, 3, 6])
@pytest.mark.parametrize("quantity", ["estimate", "ci_low", "ci_high", "std_error", "q", "p_value", "i2", "rate_t"])
def test_exact_at_every_number_of_decimals(tmp_path: Path, quantity: str, decimals: int) -> None:
    text = f"{value(tmp_path, quantity):.{decimals}f}"
    found = judge(tmp_path / "again", text, quantity)
    assert found.verdict == "exact"
    assert found.cause == f"rounds to {text}"


def test_a_ratio_without_a_logarithm_says_so(tmp_path: Path) -> None:
    fewer = (row("A", events_t=10, events_c=20, **EXACT), row("B", events_t=14, events_c=24, **EXACT))
    found = judge(tmp_path, "-0.59", "estimate", rows=fewer)
    assert found.verdict == "differs"
    assert "-0.59 has no logarithm: its relative gap is not defined; the absolute one is" in found.cause
    assert found.gap is not None
    assert found.gap.relative is None


def test_near_and_differs_on_the_log_scale(tmp_path: Path) -> None:
    log = math.log(value(tmp_path, "estimate"))
    for factor, verdict in ((1.04, "near"), (0.96, "near"), (1.06, "differs"), (1.5, "differs")):
        found = judge(tmp_path / str(factor), f"{math.exp(log * factor):.6f}", "estimate")
        assert found.verdict == verdict
        assert found.gap is not None
        assert found.gap.relative == pytest.approx(abs(1 / factor - 1), abs=1e-4)
        assert found.gap.bands["relative-10"] == (factor < 1.2)
        assert "log scale" in found.cause
        assert set(found.gap.bands) == set(BANDS)


def test_the_log_scale_decides_and_not_the_ratio(tmp_path: Path) -> None:
    """A risk ratio 4 % too large by its value is over 5 % too large by its logarithm here."""
    ratio = value(tmp_path, "estimate")
    assert 1 < ratio < 2
    assert judge(tmp_path / "b", f"{ratio * 1.04:.6f}", "estimate").verdict == "differs"


def test_standardised_differences_get_their_own_bands(tmp_path: Path) -> None:
    """design.md section 7: all bands side by side; 0.1 and Maassen's cut-offs are for this scale."""
    rows = (row("A", y=0.512345, v=0.012345, n_t=40, n_c=40), row("B", y=0.612345, v=0.012345, n_t=40, n_c=40))
    found = judge(tmp_path, "0.642000", "estimate", measure="SMD", rows=rows)
    assert found.recomputed == pytest.approx(0.562345)
    assert found.gap.bands["absolute-0.1"] is True
    assert found.gap.bands["maassen"] == "small"


def test_limits_are_judged_by_the_width_of_the_interval(tmp_path: Path) -> None:
    """design.md section 7: 5 % of the interval's width; here the limit is off by 2 % of it, and 7 % of its own log."""
    low, high = (value(tmp_path / q, q) for q in ("ci_low", "ci_high"))
    shifted = low * (high / low) ** 0.02
    found = judge(tmp_path / "near", f"{shifted:.6f}", "ci_low")
    assert found.gap.relative == pytest.approx(0.02, rel=0.1)
    assert found.verdict == "near"


@pytest.mark.parametrize(
    ("printed", "verdict"),
    [
        ("<0.01", "exact"),
        ("0.002", "exact"),
        ("significant", "exact"),
        ("0.04", "differs"),
        ("<0.001", "differs"),
        ("0.30", "decision differs"),
        (">0.05", "decision differs"),
        ("NS", "decision differs"),
    ],
)
def test_p_values(tmp_path: Path, printed: str, verdict: str) -> None:
    assert value(tmp_path, "p_value") == pytest.approx(0.00234, abs=5e-6)
    assert judge(tmp_path / "p", printed, "p_value").verdict == verdict


@pytest.mark.parametrize("printed", ["<0.05", "0.03", "significant", "0.049"])
def test_p_printed_below_and_recomputed_above_005(tmp_path: Path, printed: str) -> None:
    assert judge(tmp_path, printed, "p_value", rows=WIDE).verdict == "decision differs"


def test_the_other_side_of_005_counts_even_where_the_gap_is_small(tmp_path: Path) -> None:
    """z = 1.95 (p = 0.051) against a printed 0.0490."""
    found = judge(tmp_path, "0.0490", "p_value", measure="GEN", rows=(row("A", y="1.950000", v="1.000000"),))
    assert found.recomputed == pytest.approx(0.0512, abs=1e-4)
    assert found.verdict == "decision differs"
    assert "other side of 0.05" in found.cause


def test_another_sign_is_another_decision(tmp_path: Path) -> None:
    assert judge(tmp_path / "a", "0.50", "estimate").verdict == "decision differs"
    assert judge(tmp_path / "b", "-0.26", "estimate", measure="RD").verdict == "decision differs"


def test_an_interval_that_should_hold_the_null_is_another_decision(tmp_path: Path) -> None:
    """The recomputed interval of TWO excludes 1, that of WIDE holds it."""
    assert judge(tmp_path / "a", "0.90", "ci_low").verdict == "decision differs"
    assert judge(tmp_path / "b", "1.05", "ci_low", rows=WIDE).verdict == "decision differs"


@pytest.mark.parametrize(
    ("means", "rows", "verdict"),
    [
        ("treatment better", TWO, "exact"),
        ("control better", TWO, "decision differs"),
        ("no difference", TWO, "decision differs"),
        ("no difference", WIDE, "exact"),
        ("treatment better", WIDE, "decision differs"),
    ],
)
def test_decisions(tmp_path: Path, means: str, rows: tuple, verdict: str) -> None:
    found = judge(tmp_path, "as the paper says it", "decision", means=means, rows=rows)
    assert found.verdict == verdict
    assert found.recomputed is None
    if verdict == "decision differs":
        assert means in found.cause


@pytest.mark.parametrize("quantity", ["significant", "heterogeneity"])
@pytest.mark.parametrize(
    ("printed", "significant"), [("NS", False), ("n.s.", False), ("Significant", True), ("sig.", True)]
)
def test_every_way_to_print_significance(tmp_path: Path, quantity: str, printed: str, significant: bool) -> None:
    truth = {"significant": True, "heterogeneity": False}[quantity]
    expected = "exact" if truth == significant else "decision differs"
    assert judge(tmp_path, printed, quantity).verdict == expected


def test_a_decision_that_is_none_is_the_authors_slip(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="treatment better"):
        judge(tmp_path, "x", "decision", means="superior")


@pytest.mark.parametrize("quantity", ["i2", "estimate", "k"])
def test_significance_is_no_value_of_other_quantities(tmp_path: Path, quantity: str) -> None:
    """I2 = 40 % is not "p = 40: not significant"."""
    with pytest.raises(InputError, match=quantity):
        judge(tmp_path, "NS", quantity)


def test_relative_gaps_near_zero_are_said_to_be_undefined(tmp_path: Path) -> None:
    """tau2 is 0 by chance here, so no side of the null changes."""
    found = judge(tmp_path, "0.010", "tau2")
    assert found.recomputed == 0.0
    again = judge(tmp_path / "b", "0.00000", "std_error")
    assert again.gap.relative is None
    assert "near zero" in again.cause


def test_a_risk_difference_printed_in_percent(tmp_path: Path) -> None:
    points = 100 * value(tmp_path, "estimate", measure="RD")
    assert judge(tmp_path / "b", f"{points:.1f}%", "estimate", measure="RD").verdict == "exact"


@pytest.mark.parametrize("y", ["75", "800"])
def test_a_ratio_given_instead_of_its_logarithm_is_no_defect(tmp_path: Path, y: str) -> None:
    """exp(75) has 33 digits; the user meant a ratio of 75."""
    assert judge(tmp_path, "1.2", "estimate", rows=(row("A", y=y, se=0.2),)).verdict == "differs"


# ------------------------------------------------------------------------------------------------- incomplete data


def test_not_computable_says_what_is_missing(tmp_path: Path) -> None:
    rows = (*TWO, row("C", events_t=3, n_t=9, n_c=9, where="table 4"), row("D", status="missing", where="fig. 2"))
    found = judge(tmp_path, "2.00", "estimate", rows=rows)
    assert found.verdict == "not computable"
    assert found.basis == "2 of 4 trials"
    assert found.on_sourced_rows in VERDICTS
    assert found.recomputed is not None
    assert found.missing == (
        "C, 24 h: events_c not sourced (look in: table 4)",
        "D, 24 h: not sourced (look in: fig. 2)",
    )


def test_not_computable_even_where_the_sourced_rows_give_the_printed_text(tmp_path: Path) -> None:
    text = f"{value(tmp_path, 'estimate'):.2f}"
    found = judge(tmp_path / "b", text, "estimate", rows=(*TWO, row("C", status="missing")))
    assert (found.verdict, found.on_sourced_rows) == ("not computable", "exact")


def test_no_row_at_all(tmp_path: Path) -> None:
    found = judge(tmp_path, "2.00", "estimate", rows=(row("A", status="missing"),))
    assert (found.verdict, found.recomputed, found.on_sourced_rows) == ("not computable", None, "")
    assert "not sourced" in found.cause


@pytest.mark.parametrize(("quantity", "reason"), [("pi_low", "at least 3 studies"), ("egger_p", "at least 3 studies")])
def test_a_quantity_that_two_studies_cannot_give(tmp_path: Path, quantity: str, reason: str) -> None:
    found = judge(tmp_path, "1.0", quantity)
    assert found.verdict == "not computable"
    assert reason in found.cause


# ------------------------------------------------------------------------------------------------- ranges and counts


@pytest.mark.parametrize(
    ("printed", "verdict"), [("0.40", "exact"), ("0.60", "exact"), ("0.50", "input-rounding"), ("0.90", "differs")]
)
def test_a_printed_range_of_inputs(tmp_path: Path, printed: str, verdict: str) -> None:
    found = judge(tmp_path, printed, "estimate", measure="GEN", rows=RANGE)
    assert found.verdict == verdict
    assert (found.recomputed_low, found.recomputed_high) == pytest.approx((0.4, 0.6), rel=1e-14)


def test_ends_that_decide_differently(tmp_path: Path) -> None:
    rows = (row("A", y_low=0.1, y_high=0.6, v=0.04),)
    found = judge(tmp_path, "x", "decision", means="treatment better", measure="GEN", rows=rows)
    assert found.verdict == "not computable"
    assert "decide differently" in found.cause


@pytest.mark.parametrize(
    ("printed", "verdict"), [("2", "exact"), ("two", "exact"), ("3", "differs"), ("ten", "differs")]
)
def test_counts_of_studies(tmp_path: Path, printed: str, verdict: str) -> None:
    assert judge(tmp_path, printed, "k").verdict == verdict


def test_the_worst_verdict_and_the_tally(tmp_path: Path) -> None:
    text = claim("2", "k") + claim("9.9", "estimate") + claim("0.9", "p_value")
    rep = mk.reproduce(write_paper(tmp_path, claims=text, paper=paper_of("RR"), outcomes=table(*TWO)))
    assert rep.worst == "decision differs"
    assert rep.counts["exact"] == 1
    assert sum(rep.counts.values()) == 3
    assert worst_verdict(()) == ""


@pytest.mark.parametrize(
    ("printed", "quantity", "measure", "verdict"),
    [
        ("0.550", "rate_t", "RR", "exact"),  # a rate printed as a fraction: 44 of 80
        ("55%", "rate_t", "RR", "exact"),
        ("44 of 80", "rate_t", "RR", "exact"),
        ("44/80 (55%)", "rate_t", "RR", "exact"),
        ("43 of 80", "rate_t", "RR", "near"),
        ("25.0%", "estimate", "RD", "exact"),
        ("0.00", "i2", "RR", "exact"),
        ("0%", "i2", "RR", "exact"),
    ],
)
def test_units_of_the_print(tmp_path: Path, printed: str, quantity: str, measure: str, verdict: str) -> None:
    assert judge(tmp_path, printed, quantity, measure=measure).verdict == verdict


@pytest.mark.parametrize("quantity", ["estimate", "tau2", "p_value", "k"])
def test_a_percentage_of_what_is_none_is_refused(tmp_path: Path, quantity: str) -> None:
    with pytest.raises(InputError, match=r"'52.6%' is in percent, which this quantity is not"):
        judge(tmp_path, "52.6%", quantity)


@pytest.mark.parametrize("printed", ["0.05", "<0.10", "0.050"])
def test_a_p_whose_rounding_reaches_across_005_decides_nothing(tmp_path: Path, printed: str) -> None:
    """0.05 stands for 0.045 to 0.055: a p of 0.0512, or of 0.002, is not on the other side of it."""
    assert judge(tmp_path, printed, "p_value").verdict != "decision differs"


def test_the_nearest_end_of_a_range_is_judged(tmp_path: Path) -> None:
    """0.4 to 0.6: against 0.62 the high end is near, whatever the low end is."""
    rows = (row("A", y_low="0.400000", y_high="0.600000", v="0.010000"),)
    found = judge(tmp_path, "0.620000", "estimate", measure="GEN", rows=rows)
    assert found.verdict == "near"
    assert found.gap.difference == pytest.approx(-0.02)


def test_words_of_p_at_two_ends_that_decide_differently(tmp_path: Path) -> None:
    rows = (row("A", y_low=0.1, y_high=0.6, v="0.040000"),)
    found = judge(tmp_path, "NS", "p_value", measure="GEN", rows=rows)
    assert found.verdict == "not computable"
    assert "decide differently" in found.cause


def test_heterogeneity_is_judged_apart(tmp_path: Path) -> None:
    """A paper right in its effect and wrong in its heterogeneity."""
    text = claim("1.82", "estimate") + claim("80%", "i2") + claim("2", "k")
    rep = mk.reproduce(write_paper(tmp_path, paper=paper_of("RR"), outcomes=table(*TWO), claims=text))
    assert {name: group["worst"] for name, group in rep.groups.items()} == {
        "effect": "exact",
        "heterogeneity": "differs",
        "numbers and facts": "exact",
    }
    assert rep.worst == "differs"
    assert rep.groups["effect"]["counts"]["exact"] == 1
    assert rep.to_dict()["verdict_groups"] == rep.groups


@pytest.mark.parametrize(("printed", "quantity"), [("about 2", "estimate"), ("1.2", "estimat"), ("2.09 to 1.20", "ci")])
def test_a_claim_that_cannot_be_compared_names_file_and_line(tmp_path: Path, printed: str, quantity: str) -> None:
    """Issue 4, bad input: one sentence naming file and line."""
    with pytest.raises(InputError, match=rf"^paper\.toml line \d+: claim 'c-{quantity}': "):
        judge(tmp_path, printed, quantity)


def test_a_huge_gap_is_shown_without_powers_of_ten(tmp_path: Path) -> None:
    assert judge(tmp_path, "80%", "i2").cause.startswith("off by 1")
