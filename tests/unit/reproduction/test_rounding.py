"""How far a result moves while every input stays within its printed rounding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import metaket as mk
from metaket.reproduction.compare import Comparison
from metaket.reproduction.rounding import RoundedInput, rounded_inputs, rounding_range
from tests.papers import claim, paper_of, row, table, write_paper

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
    """0.5923 as given; 0.5129 to 0.6854 over the box."""
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
