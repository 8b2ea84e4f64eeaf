"""An analysis: what it used, what it left out, and how it says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metaket as mk
from metaket.errors import NotComputableError
from metaket.reproduction.analyse import run_analysis, spec_dict, title_of
from tests.papers import paper_of, rerun, row, table, write_paper

A = row("A", events_t=8, n_t=18, events_c=1, n_c=18)
B = row("B", events_t=30, n_t=47, events_c=7, n_c=25)
EMPTY = row("E", events_t=0, n_t=10, events_c=0, n_c=10)


def test_a_complete_analysis(tmp_path: Path) -> None:
    found = rerun(tmp_path, (A, B), "RR").results["response"]
    assert (found.id, found.basis, found.asked, found.open, found.gap) == ("response", "2 of 2 trials", 2, (), "")
    assert found.result is found.results[0][1]
    assert found.quantity("k")[0].value == 2


def test_what_is_left_out_is_listed_with_its_reason(tmp_path: Path) -> None:
    rows = (A, row("M", status="missing", where="table 9"), row("P", events_t=3, n_t=9, n_c=9), EMPTY)
    data = rerun(tmp_path, rows, "RR").results["response"].to_dict()
    reasons = {item["study"]: item["reason"] for item in data["left_out"]}
    assert reasons == {
        "M": "not sourced",
        "P": "events_c not sourced",
        "E": "no information: both arms at zero or all events",
    }
    assert data["basis"] == "1 of 4 trials"
    assert next(i["where"] for i in data["left_out"] if i["study"] == "M") == "table 9"


def test_no_study_is_both_in_and_out(tmp_path: Path) -> None:
    data = rerun(tmp_path, (A, B, EMPTY), "RR").results["response"].to_dict()
    assert [item["study"] for item in data["included"]] == ["A", "B"]
    assert [item["study"] for item in data["left_out"]] == ["E"]
    assert data["n_total"] == 36 + 72


def test_nothing_to_pool(tmp_path: Path) -> None:
    found = rerun(tmp_path, (row("M", status="missing"), row("N", status="missing")), "RR").results["response"]
    assert (found.results, found.result, found.gap) == ((), None, "not sourced (2)")
    with pytest.raises(NotComputableError, match="not sourced"):
        found.quantity("estimate")


def test_only_studies_without_information(tmp_path: Path) -> None:
    found = rerun(tmp_path, (EMPTY,), "RR").results["response"]
    assert found.result is None
    assert "no information" in found.gap
    (left,) = found.to_dict()["left_out"]
    assert (left["study"], left["row"], left["reason"]) == (EMPTY["study"], 2, found.gap)
    kept = rerun(tmp_path / "b", (EMPTY,), "RR", 'double_zero = "keep"').results["response"]
    assert kept.result.estimate == 0.0


def test_everything_needed_to_read_it_is_in_the_json(tmp_path: Path) -> None:
    child = '[[analysis]]\nid = "u"\nsensitivity_of = "response"\ninclude = ["unverified"]\nassumed = ["measure"]\n'
    rows = (A, B | {"status": "unverified"}, row("C", y=0.5, se=0.2))
    text = paper_of("RR", "", child)
    rep = mk.reproduce(write_paper(tmp_path, paper=text, outcomes=table(*rows)))
    main, other = (json.loads(json.dumps(rep.results[i].to_dict(), allow_nan=False)) for i in ("response", "u"))
    for data in (main, other):
        assert set(data) >= {"id", "title", "outcome", "time_h", "measure", "spec", "assumed", "included", "left_out"}
        assert set(data["results"][0]) >= {
            "estimate",
            "ci_low",
            "ci_high",
            "tau2",
            "i2",
            "k",
            "pi_low",
            "end",
            "rate_t",
        }
    assert (main["sensitivity_of"], other["sensitivity_of"]) == (None, "response")
    assert (main["unverified_used"], other["unverified_used"]) == (False, True)
    assert [i["status"] for i in other["included"]] == ["quoted", "unverified", "quoted"]
    assert main["results"][0]["rate_t"] is None  # C gives no counts
    assert other["assumed"] == ["measure"]


def test_the_options_are_said_in_full(tmp_path: Path) -> None:
    folder = write_paper(tmp_path, paper=paper_of("RR", 'test = "knha"', "crossover = 0.5"))
    spec = spec_dict(mk.load(folder).analyses[0])
    assert spec["where"] == {"outcome": "response", "time_h": 24}
    assert (spec["tau2"], spec["crossover"], spec["zero_cells"]) == ("DL", 0.5, "only0")


def test_titles(tmp_path: Path) -> None:
    paper = mk.load(write_paper(tmp_path, paper=paper_of("RR", '[[analysis]]\nid = "b"\ntitle = "T"')))
    assert [title_of(a) for a in paper.analyses] == ["response, 24 h", "T"]


def test_the_same_numbers_as_pool(tmp_path: Path) -> None:
    paper = mk.load(write_paper(tmp_path, paper=paper_of("OR", 'test = "hksj"'), outcomes=table(A, B)))
    mine = run_analysis(paper, paper.analyses[0]).result
    columns = {"events_t": [8, 30], "n_t": [18, 47], "events_c": [1, 7], "n_c": [18, 25]}
    theirs = mk.pool(mk.effect_sizes(columns, "OR"), tau2="DL", test="hksj", i2="Q")
    assert {k: v for k, v in mine.fields().items() if v is not None} == pytest.approx(
        {k: v for k, v in theirs.fields().items() if v is not None}, rel=1e-14
    )


@pytest.mark.parametrize("where", ["time_h = 24.0", 'time_h = "24.0"', "time_h = [24]"])
def test_a_time_however_it_is_written(tmp_path: Path, where: str) -> None:
    text = paper_of("RR").replace("time_h = 24", where)
    rep = mk.reproduce(write_paper(tmp_path, paper=text, outcomes=table(A, B)))
    assert rep.results["response"].result.k == 2
    assert title_of(rep.paper.analyses[0])
    json.dumps(rep.to_dict(), allow_nan=False)
    assert str(rep)
