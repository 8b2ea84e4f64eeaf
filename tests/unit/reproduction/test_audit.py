"""Statements of others about a paper: what the verdict rests on, and the nearest true statement."""

from __future__ import annotations

from pathlib import Path

import pytest

import metaket as mk
from metaket.errors import InputError, PaperError
from metaket.reproduction.compare import Comparison
from tests.papers import write_paper

OWN = """
[[claim]]
id = "k"
by = "Tiny"
where = "abstract"
printed = "three"
of = { trials = "count" }
source = "s1"
"""
TRIALS = "study,comparator\nA,saline\nB,midazolam\nC,none\n"


def judge(folder: Path, printed: str, of: str, more: str = "", by: str = "a blog") -> Comparison:
    said = f'\n[[claim]]\nid = "said"\nby = "{by}"\nwhere = "first line"\nprinted = "{printed}"\nof = {of}\n{more}'
    write_paper(folder, claims=OWN + said)
    (folder / "trials.csv").write_text(TRIALS, encoding="utf-8")
    return mk.reproduce(folder).comparisons[1]


def test_a_number_of_the_paper(tmp_path: Path) -> None:
    found = judge(tmp_path, "ten studies", '{ claim = "k" }')
    assert found.secondary
    assert found.verdict == "differs"
    assert found.nearest_true == "Tiny prints three (abstract)."
    assert found.evidence == ("claim k: Tiny prints “three” (abstract)",)


def test_a_fact_of_the_title_page(tmp_path: Path) -> None:
    found = judge(tmp_path, "Journal of Trials", '{ paper = "journal" }', 'source = "s1"\n')
    assert found.nearest_true == "The journal is Journal of Tests."
    assert found.evidence == ("source s1: made up for a test",)


def test_a_comparator_that_no_trial_has(tmp_path: Path) -> None:
    found = judge(tmp_path, "better than tea", '{ comparator = "tea" }')
    assert found.verdict == "not computable"
    assert found.nearest_true == "The trials compare with midazolam and saline only."


def test_a_time_before_any_that_is_pooled(tmp_path: Path) -> None:
    found = judge(tmp_path / "a", "within hours", "{ before_h = 24 }")
    assert (found.verdict, found.cause) == ("not computable", "no time before 24 h is pooled")
    assert found.nearest_true == "The earliest time that is pooled is 24 h."
    with pytest.raises(InputError, match="analysis 'response' is of 24 h; point it there"):
        judge(tmp_path / "b", "within days", "{ before_h = 48 }")
    with pytest.raises(InputError, match="before_h is a time in hours, got 'soon'"):
        judge(tmp_path / "c", "soon", '{ before_h = "soon" }')


def test_what_the_trials_give_is_added_with_its_decision(tmp_path: Path) -> None:
    of = '{ analysis = "response", quantity = "decision" }'
    found = judge(tmp_path, "worse", of, 'means = "control better"\nnearest = "It says better."\n')
    result = mk.reproduce(tmp_path).results["response"].result
    shown = f"{result.back(result.estimate):.2f} (95 % CI {result.back(result.ci().low):.2f}"
    assert found.nearest_true.startswith(
        "It says better. On 3 of 3 trials with sourced numbers the pooled risk ratio is "
    )
    assert shown in found.nearest_true
    assert found.nearest_true.endswith("treatment better, significantly.")
    assert found.evidence[0].startswith("trials: A (outcomes.csv row 2, s1), B (outcomes.csv row 3, s1)")


def test_what_holds_needs_no_nearest(tmp_path: Path) -> None:
    found = judge(tmp_path, "3", '{ claim = "k" }', 'nearest = "never shown"\nmeans = "three"\n')
    assert (found.verdict, found.nearest_true) == ("exact", "")


def test_the_papers_own_claims_are_no_secondary_ones(tmp_path: Path) -> None:
    assert not judge(tmp_path / "a", "four", '{ trials = "count" }', by="Tiny").secondary
    assert not judge(tmp_path / "b", "four", '{ trials = "count" }', by="").secondary


def test_evidence_must_exist(tmp_path: Path) -> None:
    with pytest.raises(
        PaperError, match=r"line \d+: claim 'said': evidence 'k9' is neither another claim nor a source"
    ):
        judge(tmp_path, "ten", '{ claim = "k" }', 'evidence = ["s1", "k9"]\n')


def test_statements_do_not_prove_each_other(tmp_path: Path) -> None:
    text = "".join(f'\n[[claim]]\nid = "{a}"\nprinted = "3"\nof = {{ claim = "{b}" }}\n' for a, b in ("xy", "yz", "zx"))
    with pytest.raises(InputError, match="claim 'x' is in a circle: x, y, z, x"):
        mk.reproduce(write_paper(tmp_path, claims=text))
