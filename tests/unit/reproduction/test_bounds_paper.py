"""`[[bound]]` in paper.toml: read, checked, answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metaket as mk
from metaket.errors import PaperError
from metaket.reproduction.bounds_answer import Bounds
from metaket.reproduction.recover_percent import PossibleCounts
from tests.papers import claim, write_paper

OUTCOMES = """study,outcome,time_h,events_t,n_t,events_c,n_c,status,source,where,note
A,response,24,8,18,1,18,quoted,,,
B,response,24,12,30,,29,quoted,,,
C,response,24,,,,,missing,,,
"""
ANALYSIS = '[[analysis]]\nid = "r"\nwhere = { outcome = "response", time_h = 24 }\nmeasure = "RR"\n'
RATE = '[[claim]]\nid = "rate"\nprinted = "44%"\nof = { analysis = "r", quantity = "rate_t" }\n'
BOUND = '[[bound]]\nid = "b"\nanalysis = "r"\nties = ["rate"]\nsizes = { C = { n_t = "25", n_c = "20 to 21" } }\n'


def paper(folder: Path, bound: str = BOUND, claims: str = RATE) -> Path:
    write_paper(folder, claims=claims)
    text = '[paper]\nkey = "tiny"\ntitle = "T"\n' + ANALYSIS + claims + bound
    (folder / "paper.toml").write_text(text, encoding="utf-8")
    (folder / "outcomes.csv").write_text(OUTCOMES, encoding="utf-8")
    return folder


def test_a_bound_is_answered_from_the_sourced_counts(tmp_path: Path) -> None:
    rep = mk.reproduce(paper(tmp_path / "p"))
    (found,) = rep.bounds
    assert isinstance(found.answer, Bounds)
    assert found.answer.studies == ("A", "B", "C")
    assert found.rows[2] == {"study": "C", "events_t": "", "events_c": "", "n_t": "25", "n_c": "20 to 21"}
    span = found.answer.spans["events_t"]
    assert (span.found_low, span.found_high) == (32, 32)  # 32 of 73 are 43.8 %; 20 are known
    told = json.loads(json.dumps(rep.to_dict(), allow_nan=False))["bounds"]
    assert told[0]["printed"] == [{"claim": "rate", "text": "44%"}]
    assert told[0]["kind"] == "pool"
    assert rep.bounds[0] is found  # computed once


def test_a_bound_of_a_mantel_haenszel_analysis(tmp_path: Path) -> None:
    folder = paper(tmp_path / "p")
    told = (folder / "paper.toml").read_text(encoding="utf-8")
    (folder / "paper.toml").write_text(told.replace('measure = "RR"', 'measure = "OR"\nmodel = "mh"'), encoding="utf-8")
    (found,) = mk.reproduce(folder).bounds
    assert isinstance(found.answer, Bounds)
    inverse = mk.bounds(found.rows, "OR", model="common", ties={"rate_t": "44%"})
    mh = mk.bounds(found.rows, "OR", model="mh", ties={"rate_t": "44%"})
    assert found.answer.spans["estimate"] == mh.spans["estimate"] != inverse.spans["estimate"]


def test_denominators(tmp_path: Path) -> None:
    bound = '[[bound]]\nid = "d"\ndenominators = "1 to 30"\nties = ["rate"]\n'
    (found,) = mk.reproduce(paper(tmp_path / "p", bound)).bounds
    assert isinstance(found.answer, PossibleCounts)
    assert 9 in found.answer.n
    assert found.to_dict()["kind"] == "denominators"


@pytest.mark.parametrize(
    ("bound", "message"),
    [
        ('[[bound]]\nid = "b"\n', "bound 'b' needs an analysis or denominators, and not both"),
        ('[[bound]]\nid = "b"\nanalysis = "x"\n', "bound 'b' names analysis 'x', which is not there"),
        ('[[bound]]\nid = "b"\nanalysis = "r"\nties = ["y"]\n', "bound 'b' names claim 'y', which is not there"),
        (BOUND + BOUND, "bound 'b' stands twice"),
        ('[[bound]]\nid = "b"\nanalysis = "r"\nties = ["rate"]\nsize = 3\n', "size"),
    ],
)
def test_slips_in_the_file_name_the_line(tmp_path: Path, bound: str, message: str) -> None:
    with pytest.raises(PaperError, match=message) as caught:
        mk.load(paper(tmp_path / "p", bound))
    assert "line" in str(caught.value)


@pytest.mark.parametrize(
    ("bound", "claims", "message"),
    [
        ('[[bound]]\nid = "b"\nanalysis = "r"\n', RATE, "C has no n_t; give it in sizes"),
        (BOUND.replace("C =", "X ="), RATE, "sizes name 'X', which the analysis does not ask for"),
        (BOUND.replace("n_c", "n_x"), RATE, "sizes has 'n_x'; it must be n_t or n_c"),
        (BOUND, RATE.replace("rate_t", "i2"), "claim 'rate' ties no counts"),
        (
            '[[bound]]\nid = "d"\ndenominators = "1 to 9"\nties = ["rate"]\n',
            RATE.replace("rate_t", "estimate").replace("44%", "1.4"),
            "from rates only",
        ),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(tmp_path: Path, bound: str, claims: str, message: str) -> None:
    rep = mk.reproduce(paper(tmp_path / "p", bound, claims))
    with pytest.raises(PaperError, match=message):
        _ = rep.bounds


def test_no_bound_no_section(tmp_path: Path) -> None:
    from metaket.report.bounds import bounds_section

    rep = mk.reproduce(write_paper(tmp_path / "tiny", claims=claim("3", "k")))
    assert bounds_section(rep) is None
    assert rep.to_dict()["bounds"] == []


def test_the_section_of_the_page(tmp_path: Path) -> None:
    from metaket.report.bounds import bounds_section
    from metaket.report.html import report_html

    both = BOUND + '[[bound]]\nid = "d"\ntitle = "Denominators"\ndenominators = "1 to 30"\nties = ["rate"]\n'
    rep = mk.reproduce(paper(tmp_path / "p", both))
    section = bounds_section(rep)
    assert section is not None
    assert section["limits"] == ""  # all completions were pooled
    assert "exactly" in str(section["pooled"].to("html"))
    assert "4/9" in str(section["rates"].to("html"))
    page = report_html(rep)
    assert "What must be true, given only what is printed" in page
    assert 'href="#bounds"' in page
