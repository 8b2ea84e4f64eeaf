"""Analyses that are models: meta-regression, subgroups, correlated effects, from the folder to the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

import metaket as mk
from metaket.errors import DataError, InputError, PaperError
from tests.papers import write_paper

HEAD = '[paper]\nkey = "tiny"\ntitle = "A tiny paper"\n\n[[source]]\nid = "s1"\ncitation = "made up"\n\n'
PLAIN = """study,y,v,dose,status,source
A,0.10,0.04,1,quoted,s1
B,0.30,0.05,2,quoted,s1
C,0.25,0.02,3,quoted,s1
D,0.60,0.06,4,quoted,s1
"""
PAIRS = """study,outcome,y,v,cov_pd,cov_al,status,source
A,PD,0.47,0.0075,0.0075,0.0030,quoted,s1
A,AL,-0.32,0.0077,0.0030,0.0077,quoted,s1
B,PD,0.20,0.0057,0.0057,0.0009,quoted,s1
B,AL,-0.60,0.0008,0.0009,0.0008,quoted,s1
C,PD,0.40,0.0021,0.0021,0.0007,quoted,s1
C,AL,-0.12,0.0014,0.0007,0.0014,quoted,s1
"""


def run(folder: Path, analysis: str, outcomes: str = PLAIN, claims: str = "") -> mk.Reproduction:
    paper = f'{HEAD}[[analysis]]\nid = "main"\nmeasure = "GEN"\ntau2 = "REML"\n{analysis}\n'
    return mk.reproduce(write_paper(folder, paper=paper, outcomes=outcomes, claims=claims))


def test_a_regression_on_a_column_without_outcome_and_time(tmp_path: Path) -> None:
    claims = '[[claim]]\nid = "slope"\nprinted = "9.99"\nof = { analysis = "main", quantity = "coef:dose" }\n'
    rep = run(tmp_path, 'moderators = ["dose"]', claims=claims)
    ((_, model),) = rep.results["main"].models
    assert model.names == ("intercept", "dose")
    assert rep.comparisons[0].recomputed == model.coef[1]
    assert rep.comparisons[0].verdict == "differs"
    document = rep.to_dict()["analyses"][0]
    assert document["models"][0]["coefficients"][1]["term"] == "dose"
    assert document["spec"]["moderators"] == ["dose"]
    assert rep.results["main"].basis == "4 of 4 trials"
    assert "dose" in str(rep)


def test_rounded_inputs_reach_a_coefficient(tmp_path: Path) -> None:
    """The slope of the inputs as printed is 0.1348; within their rounding it can be 0.13 and 0.14."""
    for printed in ("0.13", "0.14"):
        claims = (
            f'[[claim]]\nid = "slope"\nprinted = "{printed}"\nof = {{ analysis = "main", quantity = "coef:dose" }}\n'
        )
        found = run(tmp_path, 'moderators = ["dose"]', claims=claims).comparisons[0]
        assert found.verdict in ("exact", "input-rounding")


def test_several_rows_a_study(tmp_path: Path) -> None:
    options = 'inner = "outcome"\nstructure = "CS"\nmoderators = ["outcome"]\nintercept = false\n'
    given = 'sampling = { columns = { PD = "cov_pd", AL = "cov_al" } }'
    rep = run(tmp_path, options + given, PAIRS)
    ((_, model),) = rep.results["main"].models
    assert model.names == ("outcome[AL]", "outcome[PD]")
    assert model.covariance[0, 1] == model.covariance[1, 0] == 0.003
    assert model.covariance[0, 2] == 0
    assert rep.results["main"].basis == "3 of 3 trials"


def test_without_a_model_two_rows_of_a_study_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="would enter one pool 2 times"):
        run(tmp_path, "", PAIRS)


def test_subgroups(tmp_path: Path) -> None:
    rep = run(tmp_path, 'model = "common"\nsubgroups = "arm"', PLAIN.replace("dose", "arm").replace(",3,", ",1,"))
    ((_, found),) = rep.results["main"].models
    assert found.levels == ("1", "2", "4")
    assert rep.to_dict()["analyses"][0]["models"][0]["q_between_df"] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ('moderators = ["dos"]', "analysis 'main': no column 'dos'.*Did you mean dose"),
        ('moderators = ["dose"]\nmodel = "peto"', "moderators go with the models random and common"),
        ('moderators = ["dose"]\nsubgroups = "dose"', "subgroups or moderators, not both"),
        ('random = ["school"]', "no column 'school'"),
        ('random = ["study"]\ntest = "hksj"', "correlated effects have the normal test"),
        ('structure = "CS"', "inner and structure go together"),
        ('random = ["study"]\nsampling = { decay = 0.9, times = "tme" }', "no column 'tme'"),
        ('inner = "dose"\nstructure = "CS"\nsampling = { columns = { 1 = "v" } }', "names no column for dose '2'"),
    ],
)
def test_messages(tmp_path: Path, options: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        run(tmp_path, options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("intercept = false", r"paper.toml line 13: analysis 'main': intercept = false needs moderators"),
        ("shared_tau2 = true", "shared_tau2 needs subgroups"),
        ('cluster = "district"', "cluster needs random, structure or robust"),
        ("sampling = { rho = 0.5 }", "sampling needs random, structure or robust"),
        (
            'random = ["study"]\nsampling = { roh = 0.5 }',
            "key 'sampling.roh'; known: rho, decay, times, columns",
        ),
    ],
)
def test_options_that_would_have_no_effect(tmp_path: Path, options: str, message: str) -> None:
    with pytest.raises(PaperError, match=message):
        run(tmp_path, options)


def test_one_moderator_needs_no_list(tmp_path: Path) -> None:
    assert run(tmp_path, 'moderators = "dose"').results["main"].models[0][1].names == ("intercept", "dose")


def test_correlated_effects_need_a_likelihood(tmp_path: Path) -> None:
    paper = f'{HEAD}[[analysis]]\nid = "main"\nmeasure = "GEN"\ntau2 = "DL"\nrandom = ["study"]\n'
    with pytest.raises(InputError, match="fitted by REML or ML"):
        mk.reproduce(write_paper(tmp_path, paper=paper, outcomes=PLAIN))


def test_a_sensitivity_analysis_inherits_the_model_or_drops_it(tmp_path: Path) -> None:
    more = '\n[[analysis]]\nid = "ml"\nsensitivity_of = "main"\ntau2 = "ML"\n'
    more += '\n[[analysis]]\nid = "plain"\nsensitivity_of = "main"\nmoderators = []\n'
    rep = run(tmp_path, f'moderators = ["dose"]\n{more}')
    assert rep.results["ml"].models[0][1].spec.tau2 == "ML"
    assert rep.results["plain"].models == ()
    assert rep.results["plain"].result is not None
    assert "dose" in str(rep)
