"""Rules on sizes: a fault is named with its row, and what is in order is not."""

from __future__ import annotations

from pathlib import Path

import pytest

import metaket as mk
from metaket.reproduction.check import Finding, check_paper
from tests.papers import PAPER, claim, paper_of, row, table, write_paper


def hits(
    folder: Path, rule: str, *rows: dict[str, str], trials: str = "", claims: str = "", paper: str = PAPER
) -> list[Finding]:
    write_paper(folder, paper=paper, claims=claims, **({"outcomes": table(*rows)} if rows else {}))
    if trials:
        (folder / "trials.csv").write_text(trials, encoding="utf-8")
    return [f for f in check_paper(mk.load(folder)).findings if f.rule == rule]


@pytest.mark.parametrize(("y", "measure", "found"), [(-5.2, "SMD", True), (-2.9, "SMD", False), (-5.2, "MD", False)])
def test_a_standardised_difference_that_is_too_large(tmp_path: Path, y: float, measure: str, found: bool) -> None:
    got = hits(tmp_path, "smd-size", row("A", y=y, se=0.2), row("B", y=-0.4, se=0.2), paper=paper_of(measure))
    assert [(f.where, f.level, f.sure) for f in got] == [
        ("outcomes.csv row 2 (A, response, 24 h)", "warning", "possible")
    ] * found


@pytest.mark.parametrize(
    ("weights", "found"),
    [(("30.1%", "40.2%", "39.7%"), True), (("30.1%", "30.2%", "39.8%"), False), (("30.1%", "30.2%"), False)],
)
def test_weights_of_claims_add_up(tmp_path: Path, weights: tuple[str, ...], found: bool) -> None:
    claims = "".join(claim(text, f"weight:{study}") for study, text in zip("ABC", weights, strict=False))
    got = hits(tmp_path, "claim-weights", claims=claims)
    assert [f.message for f in got] == ["the 3 printed weights are 110 % together, not 100"] * found


@pytest.mark.parametrize(
    ("trial", "messages"),
    [
        ("70,40,41,parallel", ["n_t and n_c are 81 together, n_analysed is 70"]),
        ("81,40,41,parallel", []),
        ("40,40,40,crossover", []),
        ("18,9,9,parallel", ["36 patients in its arms, but the trial analysed 18"]),
    ],
)
def test_arms_against_the_number_analysed(tmp_path: Path, trial: str, messages: list[str]) -> None:
    trials = f"study,n_analysed,n_t,n_c,design\nA,{trial}\nB,,,,\nC,,,,\n"
    assert [f.message for f in hits(tmp_path, "analysed", trials=trials)] == messages


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"y": "0.1", "ci_low": "0.0", "ci_high": "0.3", "se": "0.1"}, []),  # within the rounding of all four
        ({"y": "-0.12", "ci_low": "-1.21", "ci_high": "0.98", "se": "0.48"}, []),  # t on 8 degrees of freedom
        ({"y": "-0.20", "ci_low": "-0.60", "ci_high": "0.20", "se": "0.04"}, ["likely"]),  # the variance
        ({"y": "-0.200", "ci_low": "-0.600", "ci_high": "0.260", "se": ""}, ["possible"]),
        ({"y": "-0.20", "ci_low": "-0.60", "ci_high": "0.50", "se": ""}, ["likely"]),
    ],
)
def test_rows_within_their_rounding_are_in_order(tmp_path: Path, cells: dict[str, str], found: list[str]) -> None:
    got = hits(tmp_path, "intervals", row("A", **cells), paper=paper_of("GEN"))
    assert [f.sure for f in got] == found
