"""`metaket pool` and `metaket plot` on the files that users have."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

import metaket as mk
from metaket.pooling.spec import MODELS
from metaket.pooling.tau2 import ESTIMATORS
from tests.program import run, slip

TABLE = "study,events_t,n_t,events_c,n_c\nA,8,18,1,18\nB,12,30,5,29\n"
pytestmark = pytest.mark.filterwarnings("default")  # the program turns our warnings into lines on stderr


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "trials.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("study,events_t,n_t,events_c,n_c\n", "no rows"),
        ("study,event_t,n_t,events_c,n_c\nA,1,2,1,2\n", "needs column(s) events_t"),
        ("study,event_t,n_t,events_c,n_c\nA,1,2,1,2\n", "Did you mean event_t?"),
        ("study,events_t,n_t,events_c,n_c\nA,31,27,1,20\n", "row 2 (A): events_t is 31 but n_t is 27"),
        ("study,events_t,n_t,events_c,n_c\nA,-1,27,1,20\n", "row 2 (A): events_t is -1"),
        ("study,events_t,n_t,events_c,n_c\nA,x,27,1,20\n", "row 2 (A): events_t is 'x', not a number"),
        ("study,events_t,n_t,events_c,n_c\nA,1.5,27,1,20\n", "events_t is 1.5, not a whole number"),
        ("study,events_t,n_t,events_c,n_c\nA,1,27,1\n", "row 2: 4 cells, but the header has 5"),
        ("study,study,n_t\nA,1,27\n", "stands twice"),
        ("study,events_t,n_t,events_c,n_c\nA,0,27,0,20\n", "no study left"),
        ("study,events_t,n_t,events_c,n_c\nA,,27,1,20\n", "no study left"),
        ("study;events_t;n_t;events_c;n_c\nA;8;18;1;18\n", "study;events_t"),
    ],
)
def test_a_bad_file_names_the_place(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "trials.csv"
    path.write_text(text, encoding="utf-8")
    assert message in slip(capsys, "pool", str(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("study,y,se\nA,0.5,-0.1\n", "row 2 (A)"),
        ("study,y,se\nA,0.5,0\n", "row 2 (A)"),
        ("study,y,v\nA,0.5,inf\n", "row 2 (A)"),
        ("study,y,ci_low,ci_high\nA,0.5,0.9,0.1\n", "row 2 (A)"),
        ("study,y,p\nA,0.5,0\n", "row 2 (A)"),
        ("study,y\nA,0.5\n", "v, se"),
        ("study,se\nA,0.5\n", "need y"),
    ],
)
def test_a_bad_file_of_given_effects(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "given.csv"
    path.write_text(text, encoding="utf-8")
    assert message in slip(capsys, "pool", str(path), "--measure", "GEN")


def test_not_utf8_a_folder_and_a_quote_left_open(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("study,events_t\nM\xfcller,1\n".encode("latin-1"))
    assert "not UTF-8" in slip(capsys, "pool", str(path))
    assert "is a folder" in slip(capsys, "pool", str(tmp_path))
    path.write_text('study,events_t,n_t,events_c,n_c\n"A,8,18,1,18\n' + "B,1,2,1,2\n" * 20_000)
    assert "latin.csv" in slip(capsys, "pool", str(path))


def test_pool(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    code, out, err = run(capsys, "pool", str(table), "--tau2", "DL", "--test", "hksj")
    assert (code, err) == (0, "")
    assert "Risk ratio: random effects" in out
    assert "Hartung-Knapp" in out


def test_pool_as_json_is_what_pool_gives(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    code, out, err = run(capsys, "pool", str(table), "--json", "--measure", "OR", "--level", "0.9")
    document = json.loads(out)
    assert (code, err) == (0, "")
    columns = {"events_t": [8, 12], "n_t": [18, 30], "events_c": [1, 5], "n_c": [18, 29], "study": ["A", "B"]}
    result = mk.pool(mk.effect_sizes(columns, "OR"))
    assert document["result"]["estimate"] == result.estimate
    assert document["result"]["ci_low"] == result.ci(0.9).low
    assert document["back_transformed"]["estimate"] == result.back(result.estimate)
    assert [s["study"] for s in document["studies"]] == ["A", "B"]
    assert sum(s["weight"] for s in document["studies"]) == pytest.approx(100)
    assert (document["measure"], document["level"], document["converged"]) == ("OR", 0.9, True)
    assert re.fullmatch("[0-9a-f]{64}", document["provenance"]["digest"])


def test_what_is_left_out_is_listed(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    table.write_text(TABLE + "C,0,10,0,10\nD,,10,1,10\n", encoding="utf-8")
    document = json.loads(run(capsys, "pool", str(table), "--json")[1])
    assert [(d["row"], d["study"]) for d in document["left_out"]] == [(4, "C"), (5, "D")]
    out = run(capsys, "pool", str(table))[1]
    assert "left out: C (no information" in out
    assert "left out: D (events_t not known)" in out


def test_other_column_names(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    ours = run(capsys, "pool", str(table), "--json")[1]
    theirs = tmp_path / "metafor.csv"
    theirs.write_text(TABLE.replace("events_t,n_t,events_c,n_c", "ai,n1i,ci,n2i"), encoding="utf-8")
    assert json.loads(run(capsys, "pool", str(theirs), "--column", "metafor", "--json")[1]) == json.loads(ours)
    pairs = [a for p in ("events_t=ai", "n_t=n1i", "events_c=ci", "n_c=n2i") for a in ("--column", p)]
    assert json.loads(run(capsys, "pool", str(theirs), *pairs, "--json")[1]) == json.loads(ours)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--tau2", "REM"), "unknown tau2 method 'REM': .* Did you mean REML"),
        (("--tau2", "-1"), "tau2 must be"),
        (("--tau2", "nan"), "tau2 must be"),
        (("--test", "hskj"), "Did you mean hksj"),
        (("--model", "randm"), "Did you mean random"),
        (("--measure", "RRR"), "unknown measure 'RRR'.*Did you mean RR"),
        (("--level", "95"), r"level must lie between 0 and 1, got 95.*Did you mean 0\.95\?"),
        (("--level", "0"), "level must lie between 0 and 1"),
        (("--level", "nan"), "level must lie between 0 and 1"),
        (("--level", "ninety"), "'--level'"),
        (("--column", "events_t"), "OURS=YOURS"),
        (("--column", "=ai"), "OURS=YOURS"),
        (("--column", "events_t=ai"), "ai"),
        (("--column", "evnts_t=n_t"), "Did you mean events_t"),
        (("--crossover", "1.5"), "between -1 and 1"),
        (("--crossover", "paired"), "choose one of parallel"),
    ],
)
def test_a_bad_option(capsys: pytest.CaptureFixture[str], table: Path, options: tuple[str, ...], message: str) -> None:
    assert re.search(message, slip(capsys, "pool", str(table), *options))


def test_a_crossover_is_an_explicit_assumption(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    lines = TABLE.splitlines()
    table.write_text(f"{lines[0]},design\n{lines[1]},crossover\n{lines[2]},parallel\n", encoding="utf-8")
    parallel, paired = (
        json.loads(run(capsys, "pool", str(table), "--json", "--crossover", c)[1]) for c in ("parallel", "0.5")
    )
    assert parallel["studies"][0]["note"] == "crossover, as parallel"
    assert paired["studies"][0]["note"] == "crossover, rho 0.5"
    assert paired["studies"][0]["std_error"] < parallel["studies"][0]["std_error"]
    assert paired["studies"][1] | {"weight": 0} == parallel["studies"][1] | {"weight": 0}
    assert (parallel["options"]["crossover"], paired["options"]["crossover"]) == ("parallel", 0.5)


def test_a_known_tau2_and_one_study(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    assert json.loads(run(capsys, "pool", str(table), "--tau2", "0.25", "--json")[1])["result"]["tau2"] == 0.25
    table.write_text("\n".join(TABLE.splitlines()[:2]), encoding="utf-8")
    assert json.loads(run(capsys, "pool", str(table), "--json")[1])["result"]["pi_low"] is None
    assert "needs at least 2 studies" in slip(capsys, "pool", str(table), "--test", "hksj")


def test_plot(capsys: pytest.CaptureFixture[str], table: Path, tmp_path: Path) -> None:
    target = tmp_path / "forest.svg"
    assert run(capsys, "plot", str(table), "--out", str(target))[0] == 0
    assert target.read_text(encoding="utf-8").lstrip().startswith("<?xml")
    before = target.read_bytes()
    assert "--force" in slip(capsys, "plot", str(table), "--out", str(target))
    status, out, _ = run(capsys, "plot", str(table), "--out", str(target), "--force", "--json")
    assert (status, json.loads(out)["file"]) == (0, str(target))
    assert target.read_bytes() == before
    assert "must end in" in slip(capsys, "plot", str(table), "--out", str(tmp_path / "forest.gif"))


def test_a_blank_effect_is_left_out_and_listed(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    table.write_text("study,y,se\nA,,0.1\nB,1,1\n", encoding="utf-8")
    code, out, _ = run(capsys, "pool", str(table), "--measure", "GEN")
    assert code == 0
    assert "k = 1" in out
    assert "left out: A (y not known)" in out


def test_plot_with_style_subgroups_and_columns(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = ["study,events_t,n_t,events_c,n_c,drug,dose"]
    rows += [f"S{i},{i + 2},30,{i + 1},30,{'ab'[i % 2]},{0.5 * i}" for i in range(6)]
    Path("trials.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    plot = ("plot", "trials.csv", "--tau2", "DL", "--style", "bmj", "--by", "drug")
    columns = ("--left", "Dose, mg=dose:.1f", "--right", "study")
    assert run(capsys, *plot, *columns, "--out", "f.svg")[0] == 0
    text = Path("f.svg").read_text(encoding="utf-8")
    for part in ("Dose, mg", "2.5", "Subtotal (95% CI)", "Test for subgroup differences"):
        assert part in text
    assert "Did you mean bmj?" in slip(capsys, "plot", "trials.csv", "--style", "bmjj", "--out", "g.svg")
    assert "unknown column of subgroups 'drugs'" in slip(
        capsys, "plot", "trials.csv", "--by", "drugs", "--out", "g.svg"
    )
    assert "Did you mean dose?" in slip(capsys, "plot", "trials.csv", "--left", "doses", "--out", "g.svg")
    assert not Path("g.svg").exists()


def test_a_mapped_column_that_is_not_there(capsys: pytest.CaptureFixture[str], table: Path) -> None:
    told = slip(capsys, "pool", str(table), "--column", "events_t=foo")
    assert "foo; the table has" in told
    assert "foo=NAME" not in told
    assert "--column" in slip(capsys, "pool", str(table), "--measure", "SMD")


def test_options_of_the_measure(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    path.write_text("study,events_t,n_t,events_c,n_c\nA,8,18,0,18\nB,12,30,5,29\nC,0,9,0,9\n", encoding="utf-8")
    frame = pd.read_csv(path)
    for words, options in (
        (("--zero-cells", "all"), {"zero_cells": "all"}),
        (("--double-zero", "keep"), {"double_zero": "keep"}),
    ):
        found = json.loads(run(capsys, "pool", str(path), "--measure", "OR", "--json", *words)[1])
        assert found["result"]["estimate"] == mk.pool(mk.effect_sizes(frame, "OR", **options)).estimate
    found = json.loads(run(capsys, "pool", str(path), "--measure", "RD", "--vtype", "UB", "--json")[1])
    assert found["result"]["estimate"] == mk.pool(mk.effect_sizes(frame, "RD", vtype="UB")).estimate
    assert "measure OR has no option 'vtype'" in slip(capsys, "pool", str(path), "--measure", "OR", "--vtype", "UB")


def test_help_names_every_model_and_estimator(capsys: pytest.CaptureFixture[str]) -> None:
    words = " ".join(run(capsys, "pool", "--help")[1].split())
    for code in (*MODELS.codes, *(c for c in ESTIMATORS.codes if c != "GENQ")):
        assert re.search(rf"\b{re.escape(code)}\b", words), code
