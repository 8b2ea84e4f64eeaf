"""How far a result moves while every input stays within its printed rounding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import metaket as mk
from metaket.reproduction.compare import Comparison
from metaket.reproduction.rounding import Reach, RoundedInput, rounded_inputs, rounding_range
from tests.papers import claim, paper_of, rerun, row, table, write_paper

PRINTED = (row("A", y="0.5", se="0.2"), row("B", y="0.8", se="0.3"))


def reproduction(folder: Path, rows: tuple = PRINTED, text: str = "", measure: str = "GEN") -> mk.Reproduction:
    lines = ('model = "common"',)
    return mk.reproduce(write_paper(folder, paper=paper_of(measure, *lines), outcomes=table(*rows), claims=text))


def inputs_of(rep: mk.Reproduction) -> list[RoundedInput]:
    return rounded_inputs(rep.paper, rep.results["response"].selection.rows)


def judge(folder: Path, printed: str, quantity: str = "estimate", rows: tuple = PRINTED) -> Comparison:
    return reproduction(folder, rows, claim(printed, quantity)).comparisons[0]


def test_half_a_unit_of_the_last_printed_decimal(tmp_path: Path) -> None:
    rows = (row("A", y="-7.95", ci_low="-12.71", ci_high="-3.2"), row("B", y="8", se="1.50", n_t=9, events_t=3))
    rep = reproduction(tmp_path, rows)
    found = {(i.row, i.column): (i.low, i.high) for i in inputs_of(rep)}
    assert found == {
        (2, "y"): pytest.approx((-7.955, -7.945)),
        (2, "ci_low"): pytest.approx((-12.715, -12.705)),
        (2, "ci_high"): pytest.approx((-3.25, -3.15)),
        (3, "y"): pytest.approx((7.5, 8.5)),
        (3, "se"): pytest.approx((1.495, 1.505)),
    }


def test_a_typographic_minus_has_decimals_too(tmp_path: Path) -> None:
    rep = reproduction(tmp_path, (row("A", y="\N{MINUS SIGN}7.95", se="2.0"),))
    found = next(i for i in inputs_of(rep) if i.column == "y")
    assert (found.low, found.high) == pytest.approx((-7.955, -7.945))


def test_the_range_is_that_of_a_brute_force(tmp_path: Path) -> None:
    """Common effect of two studies over a grid of the box of inputs."""
    rep = reproduction(tmp_path)
    reach = rounding_range(rep.paper, rep.results["response"], "estimate")
    steps = np.linspace(-0.05, 0.05, 21)
    y1, s1, y2, s2 = np.meshgrid(0.5 + steps, 0.2 + steps, 0.8 + steps, 0.3 + steps, indexing="ij")
    pooled = (y1 / s1**2 + y2 / s2**2) / (1 / s1**2 + 1 / s2**2)
    assert (reach.low, reach.high) == pytest.approx((pooled.min(), pooled.max()), rel=1e-12)
    assert reach.how.startswith("exact")


@pytest.mark.parametrize(
    ("printed", "verdict"),
    [
        ("0.59", "exact"),
        ("0.60", "input-rounding"),
        ("0.53", "input-rounding"),
        ("0.70", "input-rounding"),
        ("0.49", "differs"),
        ("0.75", "differs"),
    ],
)
def test_rounding_explains_what_it_can_reach_and_no_more(tmp_path: Path, printed: str, verdict: str) -> None:
    """0.5923 as given; 0.4966 to 0.7000 over the box."""
    found = judge(tmp_path, printed)
    reach = rounding_range(reproduction(tmp_path).paper, reproduction(tmp_path).results["response"], "estimate")
    assert found.verdict == verdict
    if verdict == "input-rounding":
        assert "inputs within their printed rounding give" in found.cause
        assert reach.low <= float(printed) + 0.005
        assert reach.high >= float(printed) - 0.005


def test_more_printed_decimals_explain_less(tmp_path: Path) -> None:
    sharp = (row("A", y="0.500", se="0.200"), row("B", y="0.800", se="0.300"))
    assert judge(tmp_path / "a", "0.62").verdict == "input-rounding"
    assert judge(tmp_path / "b", "0.62", rows=sharp).verdict == "near"


def test_counts_are_exact(tmp_path: Path) -> None:
    rows = (row("A", events_t=8, n_t=18, events_c=1, n_c=18),)
    rep = reproduction(tmp_path, rows, claim("7.9", "estimate"), measure="RR")
    assert inputs_of(rep) == []
    assert rounding_range(rep.paper, rep.results["response"], "estimate") is None
    assert rep.comparisons[0].verdict == "near"


def test_a_p_value_on_the_other_side_may_be_rounding(tmp_path: Path) -> None:
    rows = (row("A", y="0.4", se="0.2"),)
    found = judge(tmp_path, "0.06", "p_value", rows=rows)
    assert found.recomputed == pytest.approx(0.0455, abs=1e-4)
    assert found.verdict == "input-rounding"


def test_the_box_may_touch_what_is_not_allowed(tmp_path: Path) -> None:
    """An SE printed as 0.0 stands for up to 0.05; its lower end gives no result and is passed over."""
    assert judge(tmp_path, "9.99", rows=(row("A", y="0.5", se="0.1"), row("B", y="0.8", v="0.01"))).verdict == "differs"


def test_a_range_of_inputs_is_searched_at_both_of_its_ends(tmp_path: Path) -> None:
    """-1.18 to -1.08 with an SE of one decimal beside a second study: the high end reaches further than the low one."""
    rows = (row("A", y_low="-1.18", y_high="-1.08", v="0.0400"), row("B", y="-0.5", v="0.0400"))
    assert judge(tmp_path / "a", "-0.84", rows=rows).verdict == "exact"
    assert judge(tmp_path / "b", "-0.77", rows=rows).verdict == "input-rounding"


def reach_of(rep: mk.Reproduction, code: str = "estimate") -> Reach:
    reach = rounding_range(rep.paper, rep.results["response"], code)
    assert reach is not None
    return reach


MEANS = (
    row("A", mean_t="10.9", sd_t="4.1", n_t=20, mean_c="12.7", sd_c="4.4", n_c=20),
    row("B", mean_t="8.2", sd_t="3.9", n_t=30, mean_c="11.1", sd_c="4.2", n_c=30),
    row("C", mean_t="9.3", sd_t="5.2", n_t=15, mean_c="9.0", sd_c="4.8", n_c=16),
)


@pytest.mark.parametrize("code", ["estimate", "ci_low", "ci_high", "tau2", "q", "i2", "p_value", "std_error"])
def test_the_range_holds_every_admissible_input_tried(tmp_path: Path, code: str) -> None:
    """g of three trials, DerSimonian-Laird: 40 random inputs within rounding, recomputed by the public functions."""
    rep = rerun(tmp_path, MEANS, "SMD")
    reach = reach_of(rep, code)
    assert reach.how.startswith("bounded optimisation, ")
    random = np.random.default_rng(3)
    columns = ("mean_t", "sd_t", "mean_c", "sd_c")
    for _ in range(40):
        data = {c: [float(r[c]) + random.uniform(-0.05, 0.05) for r in MEANS] for c in columns}
        data |= {c: [float(r[c]) for r in MEANS] for c in ("n_t", "n_c")}
        result = mk.pool(mk.effect_sizes(data, "SMD"), tau2="DL", i2="Q")
        value = result.to_frame()[code].iloc[0]
        slack = 1e-9 * max(1.0, abs(value))
        assert reach.low - slack <= value <= reach.high + slack


def test_the_centre_of_the_box_is_the_result_itself(tmp_path: Path) -> None:
    """Every way that a row gives its effect goes through the box as it goes through the pool."""
    rows = (
        row("A", y="0.5", se="0.20"),
        row("B", y="0.8", v="0.09"),
        row("C", y="0.1", ci_low="-0.3", ci_high="0.5"),
        row("D", y="0.9", p="0.010"),
        row("E", y="0.4", n_t=30, n_c=31),
        row("F", mean_t="10.9", sd_t="4.1", n_t=20, mean_c="8.7", sd_c="4.4", n_c=20),
        row("G", y="2.5", se="1.10", y_measure="MD", n_t=22, n_c=19),
        row("H", mean_t="10.9", sd_t="4.1", n_t=20, mean_c="8.7", sd_c="4.4", n_c=20, design="crossover"),
    )
    rep = rerun(tmp_path, rows, "SMD", "crossover = 0.5")
    found = rep.results["response"]
    sharp = [dict(r) for r in rows]
    for cells in sharp:
        for name in ("y", "se", "v", "ci_low", "ci_high", "p", "mean_t", "mean_c", "sd_t", "sd_c"):
            cells[name] = f"{cells[name]}{'' if '.' in cells[name] else '.'}0000000000" if cells[name] else ""
    fine = reach_of(rerun(tmp_path / "fine", sharp, "SMD", "crossover = 0.5"))
    assert (fine.low, fine.high) == pytest.approx((found.result.estimate, found.result.estimate), rel=1e-8)
    wide = reach_of(rep)
    assert wide.low < found.result.estimate < wide.high


def test_a_derived_count_moves_with_its_percentage(tmp_path: Path) -> None:
    """12 % of 1,000 is 115 to 125 patients; of 50 it is 6 and nothing else. A quoted count does not move."""
    cells = {"events_t": 120, "n_t": 1000, "events_c": 90, "n_c": 1000}
    derived = {"status": "derived", "note": "12 % of 1,000", "percent_t": "12%"}
    rep = rerun(tmp_path / "a", (row("A", **cells, **derived),), "RR", claims=claim("1.38", "estimate"))
    (item,) = inputs_of(rep)
    assert (item.column, item.low, item.high, item.whole) == ("events_t", 115, 125, True)
    reach = reach_of(rep)
    assert (reach.low, reach.high) == pytest.approx((115 / 90, 125 / 90), rel=1e-12)
    assert rep.comparisons[0].verdict == "input-rounding"
    quoted = rerun(tmp_path / "b", (row("A", **cells, percent_t="12%"),), "RR")
    assert rounding_range(quoted.paper, quoted.results["response"], "estimate") is None
    small = {"events_t": 6, "n_t": 50, "events_c": 4, "n_c": 50}
    assert inputs_of(rerun(tmp_path / "c", (row("A", **small, **derived),), "RR")) == []


def test_the_comparison_says_how_the_range_was_found(tmp_path: Path) -> None:
    exact = judge(tmp_path / "a", "0.60")
    assert exact.reach_how == "exact: monotone in each input, so at corners of their box"
    assert exact.reach_low < 0.60 < exact.reach_high
    assert "exact: monotone" in exact.cause
    differs = rerun(tmp_path / "b", MEANS, "SMD", claims=claim("-2.00", "estimate")).comparisons[0]
    assert differs.verdict == "differs"
    assert differs.reach_how.startswith("bounded optimisation, ")
    assert differs.to_dict()["reach_low"] == pytest.approx(differs.reach_low)


@pytest.mark.parametrize(
    ("quantity", "means", "verdict"),
    [
        ("significant", "significant", "input-rounding"),
        ("significant", "not significant", "exact"),
        ("decision", "treatment better", "input-rounding"),
        ("decision", "control better", "decision differs"),
    ],
)
def test_a_decision_may_hang_on_rounding(tmp_path: Path, quantity: str, means: str, verdict: str) -> None:
    """0.38 (SE 0.20): z = 1.9; with 0.384 and 0.196 it is 1.96 and over."""
    rows = (row("A", y="0.38", se="0.20"),)
    found = rerun(tmp_path, rows, "GEN", claims=claim("as printed", quantity, means)).comparisons[0]
    assert found.verdict == verdict
    if verdict == "input-rounding":
        assert "within the rounding of the inputs: as stated" in found.cause


def test_a_model_with_parts_has_a_range_too(tmp_path: Path) -> None:
    """A meta-regression is fitted at the corners that its slopes point at."""
    effects = (("A", "0.1", 1), ("B", "0.4", 2), ("C", "0.5", 3), ("D", "0.9", 4))
    cells = [dict(row(s, y=y, se="0.20"), dose=dose) for s, y, dose in effects]
    names = list(cells[0])
    text = "\n".join([",".join(names), *(",".join(str(c[n]) for n in names) for c in cells)]) + "\n"
    paper = paper_of("GEN", 'moderators = ["dose"]')
    rep = mk.reproduce(write_paper(tmp_path, paper=paper, outcomes=text, claims=claim("0.28", "coef:dose")))
    found = rep.comparisons[0]
    assert found.recomputed == pytest.approx(0.25, abs=0.02)
    assert found.verdict == "input-rounding"
    assert found.reach_how.startswith("corners that the slopes point at, ")
