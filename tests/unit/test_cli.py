"""The command line as a new user meets it: typos, broken folders, and what a script reads. See test_cli_pool, too."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import metaket as mk
from metaket import cli
from metaket.reproduction import run as run_module
from tests.papers import OUTCOMES, PAPER, claim, write_paper
from tests.program import run, slip

pytestmark = pytest.mark.filterwarnings("default")  # the program turns our warnings into lines on stderr


def shell(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "metaket.cli", *arguments]
    settings = {"capture_output": True, "text": True, "check": False, "timeout": 120} | options
    return subprocess.run(command, **settings)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    return write_paper(tmp_path / "tiny", claims=claim("3", "k") + claim("9.9", "estimate"))


# ------------------------------------------------------------------------------------------------- help and slips


def test_list_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert "han2016" in run(capsys, "list")[1]
    code, out, _ = run(capsys, "list", "--json")
    assert code == 0
    assert "han2016" in {p["key"] for p in json.loads(out)}
    assert run(capsys, "--version") == (0, f"metaket {mk.__version__}\n", "")


@pytest.mark.parametrize("command", ["list", "reproduce", "pool", "plot", "check", "new"])
def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, err = run(capsys, command, "--help")
    assert (code, err) == (0, "")
    assert f"Example: metaket {command}" in " ".join(out.split())


def test_no_arguments_show_help(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys)
    assert code == 0
    assert all(name in out for name in ("list", "reproduce", "pool", "plot", "check"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reproduc",), "Did you mean 'reproduce'"),
        (("reproduce", "han2015"), r"unknown paper 'han2015': choose one of .*han2016.* Did you mean han2016\?"),
        (("reproduce", "nowhere/han"), "no folder nowhere/han"),
        (("reproduce", "han2016", "--outt", "x"), "No such option: --outt"),
        (("reproduce",), "name a paper"),
        (("reproduce", "han2016", "han2016"), "unexpected extra argument"),
        (("pool", "absent.csv"), "no file absent.csv"),
        (("pool",), "Missing argument"),
        (("check",), "name a paper"),
        (("check", "nowhere"), "unknown paper 'nowhere'"),
        (("--json", "list"), "No such option: --json"),
        (("plot", "absent.csv", "--out", "f.svg"), "no file absent.csv"),
        (("plot", "absent.csv"), "Missing option '--out'"),
    ],
)
def test_a_users_slip_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert re.search(message, slip(capsys, *arguments))


# ------------------------------------------------------------------------------------------------- reproduce and check


def test_reproduce_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "reproduce", "han2016", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert set(document) >= {"paper", "trials", "analyses", "claims", "provenance"}
    assert len(document["trials"]) == 20
    assert len(document["claims"]) == 23
    for constant in ("NaN", "Infinity"):
        assert not re.search(rf"[:\[,]\s*-?{constant}\b", out)


def test_a_folder_of_the_users(capsys: pytest.CaptureFixture[str], paper: Path) -> None:
    code, out, _ = run(capsys, "reproduce", str(paper))
    assert code == 0
    assert "A tiny paper" in out
    document = json.loads(run(capsys, "reproduce", str(paper), "--json")[1])
    assert [c["verdict"] for c in document["claims"]] == ["exact", "differs"]


def test_strict(capsys: pytest.CaptureFixture[str], paper: Path) -> None:
    assert run(capsys, "reproduce", "han2016", "--strict")[0] == 1
    code, out, _ = run(capsys, "reproduce", str(paper), "--strict", "--json")
    assert code == 1
    assert json.loads(out)["verdicts"]["differs"] == 1
    write_paper(paper, claims=claim("3", "k"))
    assert run(capsys, "reproduce", str(paper), "--strict")[0] == 0
    write_paper(paper, claims=claim("worse", "decision", "control better"))
    assert run(capsys, "reproduce", str(paper), "--strict")[0] == 1


@pytest.mark.parametrize("command", ["reproduce", "check"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"paper": PAPER + "colour = 3\n"}, "paper.toml line 15: analysis 'response' has unknown key 'colour'"),
        ({"paper": PAPER + "[["}, "paper.toml line "),
        ({"outcomes": OUTCOMES.replace("quoted", "guessed", 1)}, "outcomes.csv row 2 (A): status 'guessed'"),
        ({"outcomes": ""}, "outcomes.csv is empty"),
    ],
)
def test_a_broken_folder_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str, change: dict[str, str], message: str
) -> None:
    assert message in slip(capsys, command, str(write_paper(tmp_path, **change)))


def test_an_existing_output_is_kept(capsys: pytest.CaptureFixture[str], paper: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    assert "--force" in slip(capsys, "reproduce", str(paper), "--out", str(out), "--json")
    assert (out / "thesis.txt").read_text() == "mine"
    file = tmp_path / "file"
    file.write_text("mine")
    assert "is a file" in slip(capsys, "reproduce", str(paper), "--out", str(file))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "out", "tiny"]


@pytest.mark.parametrize("where", [".", ".."])
def test_the_folder_one_stands_in_is_no_output_folder(
    capsys: pytest.CaptureFixture[str], paper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """`--out . --force` would delete everything around it."""
    work = tmp_path / "home" / "work"
    work.mkdir(parents=True)
    (work / "thesis.txt").write_text("mine")
    monkeypatch.chdir(work)
    assert "metaket: " in run(capsys, "reproduce", str(paper), "--out", where, "--force")[2]
    assert (work / "thesis.txt").read_text() == "mine"


def test_check(capsys: pytest.CaptureFixture[str], paper: Path) -> None:
    code, out, err = run(capsys, "check", "han2016", "--json")
    document = json.loads(out)
    assert (code, err, document["ok"]) == (0, "", True)
    assert document["counts"]["open"] > 50
    code, out, _ = run(capsys, "check", str(paper))
    assert code == 0
    assert out.splitlines()[-1] == "tiny: 0 error, 0 warning, 1 note, 0 open"


def test_check_finds_and_exits_with_2(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = write_paper(tmp_path, outcomes=OUTCOMES.replace(",8,18,", ",19,18,"))
    code, out, _ = run(capsys, "check", str(folder))
    assert code == 2
    assert "error    outcomes.csv row 2 (A, response, 24 h): events_t is 19 but n_t is 18" in out
    code, out, _ = run(capsys, "check", str(folder), "--json")
    assert (code, json.loads(out)["ok"]) == (2, False)


def test_update_hashes(capsys: pytest.CaptureFixture[str], paper: Path) -> None:
    assert "has no datapackage.json" in slip(capsys, "check", str(paper), "--update-hashes")
    (paper / "datapackage.json").write_text('{"resources": [{"path": "outcomes.csv", "hash": ""}]}')
    assert run(capsys, "check", str(paper))[0] == 2
    assert run(capsys, "check", str(paper), "--update-hashes")[0] == 0
    assert run(capsys, "check", str(paper))[0] == 0


# ------------------------------------------------------------------------------------------------- as a program


def test_a_defect_of_ours_is_code_3(
    capsys: pytest.CaptureFixture[str], paper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(run_module, "run_analysis", broken)
    monkeypatch.setattr(sys, "argv", ["metaket", "reproduce", str(paper)])
    with pytest.raises(SystemExit) as caught:
        cli.run()
    err = capsys.readouterr().err
    assert caught.value.code == 3
    assert "metaket: defect: RuntimeError: boom" in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--version",), 0), (("reproduce", "nowhere"), 2), (("pool", "absent.csv", "--json"), 2)],
)
def test_exit_codes_of_the_program(arguments: tuple[str, ...], code: int) -> None:
    done = shell(*arguments)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert (done.stdout == "") == (code != 0)


def test_a_reader_who_stops_reading_is_no_error(paper: Path) -> None:
    """`metaket reproduce han2016 | head -1`."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        done = shell("reproduce", str(paper), capture_output=False, stdout=closed, stderr=subprocess.PIPE)
    assert done.stderr == ""


def test_a_terminal_without_unicode(tmp_path: Path) -> None:
    """A title with a sign that the terminal cannot show is no defect of ours."""
    title = "\N{GREEK SMALL LETTER TAU}\N{SUPERSCRIPT TWO}"
    folder = write_paper(tmp_path, paper=PAPER.replace("A tiny paper", title))
    done = shell("reproduce", str(folder), env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
