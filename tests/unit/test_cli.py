"""The command line as a new user meets it: typos, empty files, wrong columns, and what a script reads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from metaket import cli

TABLE = "study,events_t,n_t,events_c,n_c\nA,8,18,1,18\nB,12,30,5,29\n"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(list(arguments))
    out = capsys.readouterr()
    return code, out.out, out.err


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "trials.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_list_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert "han2016" in run(capsys, "list")[1]
    code, out, _ = run(capsys, "list", "--json")
    assert code == 0
    assert "han2016" in {p["key"] for p in json.loads(out)}
    assert run(capsys, "--version")[1].startswith("metaket ")


def test_no_arguments_show_help(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys)
    assert code == 0
    assert "reproduce" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reproduc",), "Did you mean 'reproduce'"),
        (("reproduce", "han2015"), "unknown paper 'han2015'.*Did you mean han2016"),
        (("reproduce", "nowhere/han"), "no folder"),
        (("reproduce", "han2016", "--outt", "x"), "No such option"),
        (("pool", "absent.csv"), "no file"),
        (("check",), "Missing argument"),
    ],
)
def test_a_users_slip_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert __import__("re").search(message, err)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("study,events_t,n_t,events_c,n_c\n", "no rows"),
        ("study,event_t,n_t,events_c,n_c\nA,1,2,1,2\n", "needs column(s) events_t"),
        ("study,events_t,n_t,events_c,n_c\nA,31,27,1,20\n", "row 2 (A): events_t is 31 but n_t is 27"),
        ("study,events_t,n_t,events_c,n_c\nA,x,27,1,20\n", "row 2 (A): events_t is 'x', not a number"),
        ("study,events_t,n_t,events_c,n_c\nA,1.5,27,1,20\n", "events_t is 1.5, not a whole number"),
        ("study,events_t,n_t,events_c,n_c\nA,1,27,1\n", "row 2: 4 cells, but the header has 5"),
        ("study,study,n_t\nA,1,27\n", "stands twice"),
        ("study,events_t,n_t,events_c,n_c\nA,0,27,0,20\n", "no study left"),
    ],
)
def test_a_bad_file_names_the_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "trials.csv"
    path.write_text(text, encoding="utf-8")
    code, out, err = run(capsys, "pool", str(path))
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_not_utf8_and_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("study,events_t\nM\xfcller,1\n".encode("latin-1"))
    assert "not UTF-8" in run(capsys, "pool", str(path))[2]
    assert "is a folder" in run(capsys, "pool", str(tmp_path))[2]


def test_pool(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    code, out, _ = run(capsys, "pool", str(table), "--tau2", "DL", "--test", "hksj")
    assert code == 0
    assert "Risk ratio: random effects" in out
    code, out, _ = run(capsys, "pool", str(table), "--json", "--measure", "OR")
    document = json.loads(out)
    assert document["measure"] == "OR"
    assert document["result"]["k"] == 2
    assert document["result"]["se_tau2"] is None or document["result"]["se_tau2"] > 0


def test_pool_options(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    assert "Did you mean REML" in run(capsys, "pool", str(table), "--tau2", "REM")[2]
    assert "Did you mean 0.95" in run(capsys, "pool", str(table), "--level", "95")[2]
    assert "OURS=YOURS" in run(capsys, "pool", str(table), "--column", "events_t")[2]
    mapped = tmp_path / "metafor.csv"
    mapped.write_text("ai,n1i,ci,n2i\n8,18,1,18\n12,30,5,29\n", encoding="utf-8")
    assert run(capsys, "pool", str(mapped), "--column", "metafor")[0] == 0


def test_plot(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    target = tmp_path / "forest.svg"
    assert run(capsys, "plot", str(table), "--out", str(target))[0] == 0
    assert target.read_text(encoding="utf-8").lstrip().startswith("<?xml")
    code, _, err = run(capsys, "plot", str(table), "--out", str(target))
    assert code == 2
    assert "--force" in err
    assert "must end in" in run(capsys, "plot", str(table), "--out", str(tmp_path / "forest.gif"))[2]


def test_reproduce_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "reproduce", "han2016", "--json")
    document = json.loads(out)
    assert code == 0
    assert set(document) >= {"paper", "trials", "analyses", "claims", "provenance"}
    assert "NaN" not in out


def test_strict_fails_when_a_claim_differs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "reproduce", "han2016", "--strict")[0] == 1


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", "han2016", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["ok"]
    assert document["counts"]["open"] > 50


def test_a_defect_of_ours_is_code_3() -> None:
    code = "import sys, metaket.cli as c; c.main = lambda: 1 / 0; c.run()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "defect" in done.stderr
    assert "Traceback" not in done.stderr
