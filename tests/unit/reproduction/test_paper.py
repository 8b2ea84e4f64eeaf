"""Paper folders that break the format: one sentence with file and place."""

from __future__ import annotations

from pathlib import Path

import pytest

import metaket as mk
from metaket.errors import InputError, MetaketError, PaperError
from metaket.reproduction.check import check_paper, possible_counts, update_hashes
from tests.papers import OUTCOMES, PAPER, claim, write_paper


@pytest.mark.parametrize(
    ("paper", "message"),
    [
        (PAPER + "colour = 3\n", r"paper.toml line \d+: analysis 'response' has unknown key 'colour'"),
        (PAPER + "[extra]\n", r"paper.toml line \d+: unknown table \[extra\]"),
        (PAPER + "[[", "paper.toml: "),
        ("x = 1\n", "unknown table"),
        ('[[analysis]]\nid = "a"\n', r"no table \[paper\]"),
        (PAPER + PAPER[PAPER.index("[[analysis]]") :], "analysis 'response' stands twice"),
        (PAPER + '[[analysis]]\nid = "s"\nsensitivity_of = "nothing"\n', "'nothing', which is not there"),
        (PAPER + claim("1", "k").replace('"response"', '"absent"'), r"line \d+: claim .* 'absent', which is not there"),
        (PAPER + '[[claim]]\nid = "c"\nprinted = "1"\nof = {}\n', "exactly one of"),
    ],
)
def test_broken_toml(tmp_path: Path, paper: str, message: str) -> None:
    with pytest.raises(PaperError, match=message):
        mk.load(write_paper(tmp_path, paper=paper))


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no paper.toml"):
        mk.load(tmp_path)
    folder = write_paper(tmp_path / "p")
    (folder / "outcomes.csv").unlink()
    with pytest.raises(InputError, match="no file"):
        mk.load(folder)


def test_a_status_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(PaperError, match=r"row 2 \(A\): status 'guessed' is not one of"):
        mk.load(write_paper(tmp_path, outcomes=OUTCOMES.replace("quoted", "guessed", 1)))


def test_a_sensitivity_analysis_inherits(tmp_path: Path) -> None:
    paper = PAPER + '\n[[analysis]]\nid = "or"\nsensitivity_of = "response"\nmeasure = "OR"\n'
    found = mk.load(write_paper(tmp_path, paper=paper)).analysis("or")
    assert (found.measure, found.tau2, found.where["time_h"]) == ("OR", "DL", 24)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (("A,response,24,,8,18", "A,response,24,,31,18"), "arms"),
        (("63.8", "63.1"), "percentages"),
        (("quoted,s1", "quoted,s9"), "status"),
        (("quoted,s1", "quoted,"), "status"),
        (("quoted,s1", "missing,s1"), "status"),
        (("C,response,24,,12", "B,response,24,,12"), "duplicates"),
    ],
)
def test_rules_find(tmp_path: Path, change: tuple[str, str], rule: str) -> None:
    paper = mk.load(write_paper(tmp_path, outcomes=OUTCOMES.replace(*change, 1)))
    assert rule in {f.rule for f in check_paper(paper).of("error")}


def test_a_clean_folder_has_no_error(tmp_path: Path) -> None:
    assert check_paper(mk.load(write_paper(tmp_path))).ok


def test_intervals(tmp_path: Path) -> None:
    row = "D,response,24,,,,,,,,,,,0.5,,0.6,0.9,MD,quoted,s1,table 1,\n"
    found = check_paper(mk.load(write_paper(tmp_path, outcomes=OUTCOMES + row)))
    assert "outside its interval" in next(f.message for f in found.findings if f.rule == "intervals")


def test_hashes(tmp_path: Path) -> None:
    folder = write_paper(tmp_path)
    (folder / "datapackage.json").write_text('{"resources": [{"path": "outcomes.csv", "hash": "sha256:0"}]}')
    assert "hashes" in {f.rule for f in check_paper(mk.load(folder)).of("error")}
    assert update_hashes(folder) == 1
    assert check_paper(mk.load(folder)).ok
    (folder / "datapackage.json").write_text('{"resources": [{"path": "../secret", "hash": ""}]}')
    with pytest.raises(PaperError, match="leaves the folder"):
        check_paper(mk.load(folder))


def test_possible_counts() -> None:
    assert possible_counts("63.8", 47) == (30,)
    assert possible_counts("50", 7) == ()
    assert possible_counts("50%", 8) == (4,)


def test_a_study_counts_once(tmp_path: Path) -> None:
    twice = OUTCOMES + OUTCOMES.splitlines()[1].replace(",8,18,", ",9,18,") + "\n"
    with pytest.raises(MetaketError, match=r"A would enter one pool 2 times .*a study counts once"):
        mk.reproduce(write_paper(tmp_path, outcomes=twice))


def test_an_unknown_filter_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'time'.*Did you mean time_h"):
        mk.reproduce(write_paper(tmp_path, paper=PAPER.replace("time_h = 24", "time = 24")))
