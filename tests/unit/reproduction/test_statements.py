"""Claims that are not of an analysis: of the trials, of the paper, of another claim, of a comparator."""

from __future__ import annotations

from pathlib import Path

import pytest

import metaket as mk
from metaket.errors import InputError, MetaketError
from metaket.reproduction.compare import Comparison
from tests.papers import write_paper

TRIALS = """study,year,n_randomised,in_paper,comparator,sponsor
A,2013,18,yes,saline,X
B,2014,72,yes,midazolam,Y
C,2014,61,no,saline,X
"""


def judge(folder: Path, printed: str, of: str, trials: str | None = TRIALS, more: str = "") -> Comparison:
    text = f'\n[[claim]]\nid = "c"\nby = "us"\nwhere = "abstract"\nprinted = "{printed}"\nof = {of}\n{more}'
    paper = write_paper(folder, claims=text)
    if trials is not None:
        (paper / "trials.csv").write_text(trials, encoding="utf-8")
    return mk.reproduce(paper).comparisons[0]


@pytest.mark.parametrize(
    ("printed", "of", "verdict"),
    [
        ("3", '{ trials = "count" }', "exact"),
        ("three", '{ trials = "count" }', "exact"),
        ("two", '{ trials = "count", where = { in_paper = "yes" } }', "exact"),
        ("151", '{ trials = "n_randomised" }', "exact"),
        ("90", '{ trials = "n_randomised", where = { in_paper = "yes" } }', "exact"),
        ("92", '{ trials = "n_randomised", where = { in_paper = "yes" } }', "near"),
        ("368", '{ trials = "n_randomised" }', "differs"),
    ],
)
def test_counts_of_trials_and_patients(tmp_path: Path, printed: str, of: str, verdict: str) -> None:
    assert judge(tmp_path, printed, of).verdict == verdict


@pytest.mark.parametrize("where", ["{ year = 2014 }", '{ comparator = ["saline", "midazolam"], year = 2014 }'])
def test_the_filter_of_a_claim_means_what_it_means_in_an_analysis(tmp_path: Path, where: str) -> None:
    assert judge(tmp_path, "2", f'{{ trials = "count", where = {where} }}').recomputed == 2


@pytest.mark.parametrize("mark", ["unknown", ""])
def test_an_unknown_trial_list_is_not_computable(tmp_path: Path, mark: str) -> None:
    trials = TRIALS.replace("midazolam,Y", "midazolam,Y").replace("72,yes", f"72,{mark}")
    found = judge(tmp_path, "9", '{ trials = "count", where = { in_paper = "yes" } }', trials)
    assert found.verdict == "not computable"
    assert "in_paper = yes" in found.cause.replace("in paper", "in_paper")
    assert "1 of 3 trials" in found.cause or "1 of 3" in found.cause


def test_a_blank_number_of_patients_is_never_zero(tmp_path: Path) -> None:
    """18 + 61 of the two trials that give a number is not the total of three."""
    found = judge(tmp_path, "79", '{ trials = "n_randomised" }', TRIALS.replace("72,yes", ",yes"))
    assert found.verdict == "not computable"
    assert "B" in found.cause + " ".join(found.missing)


@pytest.mark.parametrize("column", ["n_foo", "sponsor"])
def test_a_total_of_a_column_that_is_not_there_or_holds_texts(tmp_path: Path, column: str) -> None:
    with pytest.raises(InputError, match=column):
        judge(tmp_path, "3", f'{{ trials = "{column}" }}')


def test_an_unknown_column_in_the_filter(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"claim 'c' filters trials by 'in_papr'"):
        judge(tmp_path, "3", '{ trials = "count", where = { in_papr = "yes" } }')


def test_a_mistyped_key_of_a_claim_is_not_overlooked(tmp_path: Path) -> None:
    """`were` instead of `where` would count every trial."""
    with pytest.raises(InputError, match="were"):
        judge(tmp_path, "2", '{ trials = "count", were = { in_paper = "yes" } }')


def test_without_trials(tmp_path: Path) -> None:
    found = judge(tmp_path, "3", '{ trials = "count" }', trials=None)
    assert (found.verdict, found.cause) == ("not computable", "there is no trials.csv")


@pytest.mark.parametrize(
    ("printed", "verdict"),
    [("Journal of Tests", "exact"), ("journal  of tests", "exact"), ("The Lancet", "differs")],
)
def test_the_journal(tmp_path: Path, printed: str, verdict: str) -> None:
    found = judge(tmp_path, printed, '{ paper = "journal" }')
    assert found.verdict == verdict
    assert found.words == "Journal of Tests"


def test_a_fact_that_the_folder_does_not_give(tmp_path: Path) -> None:
    assert judge(tmp_path, "10.1/1", '{ paper = "doi" }').verdict == "not computable"


@pytest.mark.parametrize("name", ["jurnal", "copy", "model_dump"])
def test_a_fact_that_does_not_exist(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=name):
        judge(tmp_path, "x", f'{{ paper = "{name}" }}')


OTHER = '\n[[claim]]\nid = "first"\nby = "Han"\nwhere = "p. 1"\nprinted = "nine"\nof = { other = "x" }\n'


@pytest.mark.parametrize(("printed", "verdict"), [("9", "exact"), ("Nine", "exact"), ("ten", "differs")])
def test_two_statements(tmp_path: Path, printed: str, verdict: str) -> None:
    found = judge(tmp_path, printed, '{ claim = "first" }', more=OTHER)
    assert found.verdict == verdict
    assert found.words == "Han prints nine"


def test_a_claim_does_not_prove_itself(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="c"):
        judge(tmp_path, "9", '{ claim = "c" }')


def test_a_comparator_that_no_trial_has(tmp_path: Path) -> None:
    found = judge(tmp_path, "better than SSRIs", '{ comparator = "SSRI" }')
    assert found.verdict == "not computable"
    assert "midazolam, saline" in found.cause
    assert found.missing == ("a trial against SSRI",)
    assert judge(tmp_path / "b", "x", '{ comparator = "SSRI" }', trials=None).verdict == "not computable"


def test_a_comparator_that_trials_have_needs_an_analysis(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="claim 'c': trials against saline exist; point the claim at an analysis"):
        judge(tmp_path, "x", '{ comparator = "saline" }')


def test_a_statement_of_method(tmp_path: Path) -> None:
    assert judge(tmp_path, "random effects", '{ other = "method" }').verdict == "not computable"


@pytest.mark.parametrize(
    ("printed", "of"),
    [
        ("about 3", '{ analysis = "response", quantity = "estimate" }'),
        ("2.06", '{ analysis = "response", quantity = "estimat" }'),
        ("many", '{ trials = "count" }'),
    ],
)
def test_a_claim_that_cannot_be_read_is_named(tmp_path: Path, printed: str, of: str) -> None:
    with pytest.raises(MetaketError, match="claim 'c'"):
        judge(tmp_path, printed, of)
