"""`metaket new`: by flags where nobody can be asked, by questions at a terminal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import metaket as mk
from tests.program import run, slip

TABLE = "trial,cases,size,cases_c,size_c\nAdams,12,30,5,29\nBrown,20,60,11,61\nChen,8,25,5,24\n"
COLUMNS = ("events_t=cases", "n_t=size", "events_c=cases_c", "n_c=size_c")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trials.csv").write_text(TABLE, encoding="utf-8")
    return tmp_path


def flags(*more: str) -> list[str]:
    return [part for pair in COLUMNS for part in ("--column", pair)] + list(more)


def test_by_flags(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = flags("--printed", "estimate=2.35", "--printed", "i2=0.0%", "--where", "Figure 2")
    code, out, err = run(capsys, "new", "smith2020", "--from", "trials.csv", "--measure", "OR", *given)
    assert (code, err) == (0, "")
    assert out.startswith("4 files in smith2020: README.md, datapackage.json, outcomes.csv, paper.toml\n")
    assert out.endswith("Then: metaket check ./smith2020 and metaket reproduce ./smith2020\n")
    assert run(capsys, "check", "./smith2020")[0] == 0
    assert mk.reproduce(here / "smith2020").counts["exact"] == 2


def test_blank_claims_are_counted_not_scolded(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "new", "smith2020", "--from", "trials.csv", "--measure", "OR", *flags())
    assert code == 0
    assert "error" not in out
    assert "To fill in: the printed texts of 7 claims in smith2020/paper.toml" in out
    assert "it is blank" in run(capsys, "check", "./smith2020")[1]


def test_as_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "new", "smith2020", "--from", "trials.csv", "--measure", "OR", "--json", *flags())
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["files"] == ["README.md", "datapackage.json", "outcomes.csv", "paper.toml"]
    assert len(document["to_fill_in"]) == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give --from FILE"),
        (("--from", "trials.csv"), "give --measure CODE"),
        (("--from", "trals.csv", "--measure", "OR"), "no file trals.csv"),
        (("--from", "trials.csv", "--measure", "OR"), "needs column(s) events_t"),
        (("--from", "trials.csv", "--measure", "PETTO"), "Did you mean PETO"),
        (("--from", "trials.csv", "--measure", "OR", "--column", "events_t"), "--column takes OURS=YOURS"),
        (("--from", "trials.csv", "--measure", "OR", *flags("--printed", "2.35")), "--printed takes QUANTITY=TEXT"),
        (("--from", "trials.csv", "--measure", "OR", *flags("--model", "randm")), "Did you mean random"),
    ],
)
def test_a_slip_is_one_sentence_and_leaves_no_folder(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert message in slip(capsys, "new", "smith2020", *arguments)
    assert not (here / "smith2020").exists()


def test_an_existing_folder_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "smith2020").mkdir()
    assert "smith2020 exists" in slip(capsys, "new", "smith2020", "--from", "trials.csv", "--measure", "OR")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """A terminal at which the given answers are typed; the questions that were asked."""

    def typed(*lines: str) -> list[str]:
        left, asked = list(lines), []

        def prompt(text: str, default: str | None = None, **_: object) -> str:
            asked.append(text)
            answer = left.pop(0)
            return answer if answer or default is None else default

        monkeypatch.setattr("sys.stdin.isatty", lambda: True)
        monkeypatch.setattr("typer.prompt", prompt)
        return asked

    return typed


def test_by_questions(here: Path, capsys: pytest.CaptureFixture[str], answers: Callable[..., list[str]]) -> None:
    asked = answers(
        *("trials.csv", "OR", "cases", "size", "cases_c", "size_c", "Three trials", "Smith J. 2020"),
        *("2.35", "1.28", "", "", "", "0.0%", ""),
    )
    code, _, _ = run(capsys, "new", "smith2020")
    assert code == 0
    assert asked[:3] == [
        "CSV file, one row a study",
        "Measure (RR, OR, RD, MD, SMD, ZCOR, GEN, ...)",
        "Which column is events_t? (trial, cases, size, cases_c, size_c)",
    ]
    rep = mk.reproduce(here / "smith2020")
    assert rep.paper.info.title == "Three trials"
    assert [(c.id, c.verdict) for c in rep.comparisons] == [("estimate", "exact"), ("ci-low", "exact"), ("i2", "exact")]


def test_an_answer_that_is_no_column(
    here: Path, capsys: pytest.CaptureFixture[str], answers: Callable[..., list[str]]
) -> None:
    answers("casses")
    assert "no column 'casses'" in slip(capsys, "new", "smith2020", "--from", "trials.csv", "--measure", "OR")


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        ("estimat=2.35", "unknown quantity 'estimat'"),
        ("estimate=much", "printed estimate: cannot read the printed value 'much'"),
        ("ci=2.35", "an interval, and prints a single number"),
    ],
)
def test_a_slip_in_printed_leaves_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], printed: str, message: str
) -> None:
    file = tmp_path / "t.csv"
    file.write_text("study,events_t,n_t,events_c,n_c\nA,1,10,2,11\nB,3,12,5,13\n", encoding="utf-8")
    folder = tmp_path / "made"
    said = slip(capsys, "new", str(folder), "--from", str(file), "--measure", "OR", "--printed", printed)
    assert message in said
    assert not folder.exists()


def test_explain_of_blank_claims_says_what_to_type(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("study,events_t,n_t,events_c,n_c\nA,8,18,1,18\nB,9,20,4,20\n", encoding="utf-8")
    assert run(capsys, "new", str(tmp_path / "p1"), "--from", str(tmp_path / "t.csv"), "--measure", "RR")[0] == 0
    assert "type them first" in slip(capsys, "explain", str(tmp_path / "p1"))
