"""Each verdict, reached."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import metaket as mk
from metaket.reproduction.bands import gap_between
from metaket.reproduction.compare import VERDICTS, worst_verdict
from tests.papers import OUTCOMES, PAPER, claim, write_paper

MEANS = """study,outcome,time_h,y,se,y_measure,status,source
A,score,24,0.5,0.2,MD,quoted,s1
B,score,24,0.8,0.3,MD,quoted,s1
"""
MEAN_PAPER = PAPER.replace('"response"', '"score"').replace('id = "score"', 'id = "response"').replace('"RR"', '"GEN"')


def verdict(folder: Path, printed: str, quantity: str, means: str = "", **files: str) -> mk.Reproduction:
    return mk.reproduce(write_paper(folder, claims=claim(printed, quantity, means), **files)).comparisons[0]


def test_exact(tmp_path: Path) -> None:
    r = mk.reproduce(write_paper(tmp_path / "first")).results["response"].result
    value = r.back(r.estimate)
    assert verdict(tmp_path / "a", f"{value:.2f}", "estimate").verdict == "exact"
    assert verdict(tmp_path / "b", f"{value:.4f}", "estimate").verdict == "exact"
    assert verdict(tmp_path / "c", "3", "k").verdict == "exact"
    assert verdict(tmp_path / "d", "better", "decision", "treatment better").verdict == "exact"


def test_near_and_differs_on_the_log_scale(tmp_path: Path) -> None:
    r = mk.reproduce(write_paper(tmp_path / "first")).results["response"].result
    near, far = math.exp(r.estimate * 1.03), math.exp(r.estimate * 1.5)
    c = verdict(tmp_path / "a", f"{near:.3f}", "estimate")
    assert c.verdict == "near"
    assert c.gap.relative == pytest.approx(0.03, abs=0.003)
    assert c.gap.bands["relative-5"]
    assert verdict(tmp_path / "b", f"{far:.3f}", "estimate").verdict == "differs"


def test_decision_differs(tmp_path: Path) -> None:
    assert verdict(tmp_path / "a", "worse", "decision", "control better").verdict == "decision differs"
    c = verdict(tmp_path / "b", "0.30", "p_value")
    assert c.verdict == "decision differs"
    assert "other side of 0.05" in c.cause


def test_input_rounding_is_computed(tmp_path: Path) -> None:
    """0.5 +- 0.05 and SE 0.2 +- 0.05: the pooled mean can be anything near 0.59, but not 1.2."""
    files = {"paper": MEAN_PAPER, "outcomes": MEANS}
    inside = verdict(tmp_path / "a", "0.62", "estimate", **files)
    assert inside.verdict == "input-rounding"
    assert "within their printed rounding" in inside.cause
    assert verdict(tmp_path / "b", "1.20", "estimate", **files).verdict == "differs"


def test_not_computable_says_what_is_missing(tmp_path: Path) -> None:
    outcomes = OUTCOMES.replace("B,response,24,,30,47,7,25,63.8", "B,response,24,,30,47,,25,63.8")
    c = verdict(tmp_path / "a", "2.0", "estimate", outcomes=outcomes)
    assert c.verdict == "not computable"
    assert c.basis == "2 of 3 trials"
    assert c.on_sourced_rows in VERDICTS
    assert c.missing == ("B, 24 h: events_c not sourced (look in: table 1)",)


def test_relative_gaps_near_zero_are_undefined() -> None:
    gap = gap_between(0.01, 0.0)
    assert gap.relative is None
    assert gap.bands["relative-5"] is None
    assert gap_between(1.10, 1.00, scale="g").bands["maassen"] == "small"
    assert gap_between(2.0, 1.0, log=True).difference == pytest.approx(math.log(2))
    assert gap_between(1.0, 2.0, width=10.0).relative == pytest.approx(0.1)


def test_statements_about_the_paper(tmp_path: Path) -> None:
    text = """
[[claim]]
id = "journal"
printed = "Journal of Tests"
of = { paper = "journal" }

[[claim]]
id = "other-journal"
printed = "The Lancet"
of = { paper = "journal" }

[[claim]]
id = "again"
printed = "the lancet"
of = { claim = "other-journal" }
"""
    found = {c.id: c.verdict for c in mk.reproduce(write_paper(tmp_path, claims=text)).comparisons}
    assert found == {"journal": "exact", "other-journal": "differs", "again": "exact"}


def test_the_worst_verdict(tmp_path: Path) -> None:
    text = claim("3", "k") + claim("9.9", "estimate")
    rep = mk.reproduce(write_paper(tmp_path, claims=text))
    assert rep.worst == "differs"
    assert worst_verdict(()) == ""
    assert sum(rep.counts.values()) == 2
