"""Texts of several numbers: each part with its role."""

from __future__ import annotations

from pathlib import Path

import pytest

from metaket.errors import InputError
from metaket.reproduction.compare import Comparison
from metaket.reproduction.printed_parts import read_parts
from tests.papers import claim, rerun, row

THREE = {"value": 1.58, "low": 1.20, "high": 2.09}
MINUS = "\N{MINUS SIGN}"
EN = "\N{EN DASH}"


def roles(text: str) -> dict[str, float]:
    return {part.role: part.printed.value for part in read_parts(text)}


@pytest.mark.parametrize(
    "text",
    [
        "1.58 (1.20 to 2.09)",
        "1.58 (1.20-2.09)",
        f"1.58 (1.20{EN}2.09)",
        f"1.58 [1.20 {EN} 2.09]",
        "1.58 [1.20; 2.09]",
        "1.58 (1.20, 2.09)",
        "1.58 (1.20,2.09)",
        "1.58 {1.20..2.09}",
        "1.58 (1.20 and 2.09)",
        "1.58 (1.20~2.09)",
        "1.58 (1.20/2.09)",
        "1\N{MIDDLE DOT}58 (1\N{MIDDLE DOT}20\N{EN DASH}2\N{MIDDLE DOT}09)",
        "1.58\N{THIN SPACE}(1.20\N{THIN SPACE}to\N{NO-BREAK SPACE}2.09)",
        "1,58 (1,20 to 2,09)",
        "1,58 (1,20; 2,09)",
        "1.58 (95% CI 1.20 to 2.09)",
        "1.58 (95 % CI: 1.20-2.09)",
        "1.58 (95% CI, 1.20-2.09)",
        "1.58 (CI95% 1.20 to 2.09)",
        "1.58, 95% CI 1.20 to 2.09",
        "RR 1.58, 95% CI (1.20 to 2.09)",
        "RR = 1.58; 95% confidence interval 1.20 to 2.09",
        "OR, 1.58; 95% CI, 1.20-2.09",
        "1.58 (1.20 to 2.09)*",
        "1.58* (1.20 to 2.09)",
    ],
)
def test_a_value_with_its_interval(text: str) -> None:
    assert roles(text) == THREE
    assert all(part.level == 0.95 for part in read_parts(text))


@pytest.mark.parametrize(
    "text",
    [
        "1.58 (1.20 to 2.09; P = .03)",
        "1.58 (1.20 to 2.09), p = 0.03",
        "1.58 (1.20 to 2.09) (p = 0.03)",
        "1.58 (95% CI, 1.20-2.09; p-value: 0.03)",
        "1.58 (1.20 to 2.09), p 0.03",
        "1.58 [1.20; 2.09], P = .03",
        "1.58 [95% CI 1.20; 2.09]; P = .03",
        "1.58 (95% CI 1.20; 2.09; P = .03)",
        "1.58; 95% CI 1.20-2.09; P = .03",
    ],
)
def test_a_p_value_behind_it(text: str) -> None:
    assert roles(text) == THREE | {"p": 0.03}


def test_heterogeneity_behind_it() -> None:
    found = read_parts("1.58 (1.20 to 2.09; I\N{SUPERSCRIPT TWO} = 45%; P for heterogeneity = .21; p < .001)")
    assert {p.role: p.printed.value for p in found} == THREE | {"i2": 45.0, "q_p": 0.21, "p": 0.001}
    assert {p.role: p.printed.unit for p in found}["i2"] == "%"
    assert {p.role: p.printed.unit for p in found}["value"] == ""


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        (f"{MINUS}0.90 ({MINUS}1.20 to {MINUS}0.48)", -1.20, -0.48),
        (f"{MINUS}0.90 ({MINUS}1.20{EN}{MINUS}0.48)", -1.20, -0.48),
        ("-0.90 (-1.20--0.48)", -1.20, -0.48),
        ("-0.90 (-1.20-0.48)", -1.20, 0.48),
        ("-0.90 (-1.20, -0.48)", -1.20, -0.48),
        ("-0.90 (-1.20 - 0.48)", -1.20, 0.48),
        ("-0.90 (-1.20; -0.48)", -1.20, -0.48),
    ],
)
def test_minus_signs_are_told_from_dashes(text: str, low: float, high: float) -> None:
    assert roles(text) == {"value": -0.90, "low": low, "high": high}


@pytest.mark.parametrize(
    "text", ["52.2% (45.0-59.3%)", "52.2% (45.0% to 59.3%)", "52.2% (45.0 to 59.3)", "52.2 (45.0-59.3) %"]
)
def test_a_percent_sign_holds_for_the_whole(text: str) -> None:
    assert roles(text) == {"value": 52.2, "low": 45.0, "high": 59.3}
    assert {part.printed.unit for part in read_parts(text)} == {"%"}


def test_an_interval_alone_and_other_levels() -> None:
    assert roles("0.48 to 0.85") == {"low": 0.48, "high": 0.85}
    assert [p.level for p in read_parts("90% CI 0.48 to 0.85")] == [0.90, 0.90]
    assert read_parts("0.6 (99% CI 0.48 to 0.85)")[1].level == 0.99


def test_a_count_with_its_share() -> None:
    found = read_parts("30/47 (63.8%)")
    assert [(p.role, p.printed.value, p.printed.out_of) for p in found] == [("value", 30, 47), ("percent", 63.8, 0)]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "0.40 (0.1)",
            "14 (10)",
            "1.58 (1.20 to )",
            "1.58 (1.20, 2.09, 3)",
            "1.58 \N{PLUS-MINUS SIGN} 0.2",
            "abc",
            "",
        ),
        *("1.58 (1.20 to 2.09; NS)", "1.58 (2.09 to 1.20)", "1.58 (1.20 to 2.09; p = x)", "1.58 (1 to 2) (1 to 2)"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="cannot read the printed value"):
        read_parts(text)


TWO = (row("A", events_t=20, events_c=10, n_t=40, n_c=40), row("B", events_t=24, events_c=14, n_t=40, n_c=40))


def judge(folder: Path, printed: str, quantity: str = "estimate", measure: str = "RR", rows: tuple = TWO) -> Comparison:
    return rerun(folder, rows, measure, claims=claim(printed, quantity)).comparisons[0]


def test_a_compound_claim_is_judged_part_by_part_with_the_worst_verdict(tmp_path: Path) -> None:
    """metafor 3.8-1, rma(method="DL"): 1.819627 (1.237546 to 2.675490), p 0.002337968."""
    found = judge(tmp_path / "a", "1.82 (1.24 to 2.68; P = .002)")
    assert found.verdict == "exact"
    assert [p.quantity for p in found.parts] == ["estimate", "ci_low", "ci_high", "p_value"]
    assert found.words == "1.82 (1.238 to 2.675; p 0.002338)"
    worse = judge(tmp_path / "b", "1.82 (0.94 to 2.68)")
    assert [p.verdict for p in worse.parts] == ["exact", "decision differs", "exact"]
    assert worse.verdict == "decision differs"
    assert worse.cause == "ci_low: the recomputed limit 1.238 is on the other side of 1"
    assert worse.gap == worse.parts[1].gap
    assert worse.to_dict()["parts"][1]["verdict"] == "decision differs"


def test_an_interval_at_another_level(tmp_path: Path) -> None:
    """metafor 3.8-1, rma(method="DL", level=90): 1.316674 to 2.514702."""
    assert judge(tmp_path / "a", "1.82 (90% CI 1.32 to 2.51)").verdict == "exact"
    assert judge(tmp_path / "b", "1.82 (95% CI 1.32 to 2.51)").verdict == "differs"


def test_an_interval_alone_is_of_ci_or_pi(tmp_path: Path) -> None:
    assert judge(tmp_path / "a", "1.24 to 2.68", "ci").verdict == "exact"
    with pytest.raises(InputError, match="prints a single number"):
        judge(tmp_path / "b", "1.24", "ci")
    with pytest.raises(InputError, match="unknown quantity 'k_ci_low'"):
        judge(tmp_path / "c", "1.24 to 2.69", "k")


def test_heterogeneity_with_its_own_p(tmp_path: Path) -> None:
    found = judge(tmp_path, "0%, p = 0.70", "i2")
    assert [p.quantity for p in found.parts] == ["i2", "q_p"]
    assert {p.group for p in found.parts} == {"heterogeneity"}
