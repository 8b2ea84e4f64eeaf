"""`metaket diagnose` on the files that users have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metaket as mk
from tests.program import run, slip
from tests.unit.diagnostics.data import COUNTS

pytestmark = pytest.mark.filterwarnings("default")  # the program turns our warnings into lines on stderr


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "trials.csv"
    COUNTS.to_csv(path, index=False)
    return str(path)


def test_prints_every_part(capsys: pytest.CaptureFixture[str], table: str) -> None:
    code, out, err = run(capsys, "diagnose", table, "--measure", "OR", "--by", "year", "--gosh", "--level", "0.9")
    assert (code, err) == (0, "")
    for words in (
        "90 % CI", "Odds ratio without each study", "Odds ratio, cumulative by year",
        "Odds ratio: influence of each study", "all 31 subsets", "outlying is an externally", "p-value below 0.1",
    ):  # fmt: skip
        assert words in out


def test_json_is_the_functions_numbers(capsys: pytest.CaptureFixture[str], table: str) -> None:
    code, out, err = run(capsys, "diagnose", table, "--measure", "OR", "--by", "year", "--gosh", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    result = mk.pool(mk.effect_sizes(COUNTS, "OR"))
    column = [row["estimate"] for row in found["leave_one_out"]]
    assert column == pytest.approx(mk.leave_one_out(result).estimate.tolist(), rel=1e-12)
    assert [row["by"] for row in found["cumulative"]] == [1948, 1949, 1949, 1960, 1973]
    cook = mk.influence(result).cooks_distance.tolist()
    assert [row["cooks_distance"] for row in found["influence"]] == pytest.approx(cook, rel=1e-12)
    assert found["outliers"]["outlying"] == list(mk.outliers(result).found)
    assert (found["gosh"]["subsets"], found["gosh"]["every"]) == (31, True)
    assert found["result"]["estimate"] == pytest.approx(result.estimate)


def test_sets_of_studies(capsys: pytest.CaptureFixture[str], table: str) -> None:
    _, out, _ = run(capsys, "diagnose", table, "--leave-out", "2", "--json")
    assert len(json.loads(out)["leave_out"]) == 10


def test_what_a_model_of_counts_has_not(capsys: pytest.CaptureFixture[str], table: str) -> None:
    code, out, _ = run(capsys, "diagnose", table, "--measure", "OR", "--model", "mh")
    assert code == 0
    assert "influence: none, influence is offered for the models random, common, not 'mh'" in out
    assert "interval does not touch the pooled one" in out
    _, out, _ = run(capsys, "diagnose", table, "--measure", "OR", "--model", "peto", "--json")
    assert "reason" in json.loads(out)["influence"]


def test_one_study(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    COUNTS.head(1).to_csv(path, index=False)
    code, out, _ = run(capsys, "diagnose", str(path))
    assert code == 0
    assert "leave_one_out: none, leave-one-out needs at least 2 studies, there is 1" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--by", "yaer"], "no column 'yaer' to order by among study, year"),
        (["--rule", "rstudnt"], "unknown rule 'rstudnt': choose one of rstudent, interval. Did you mean rstudent?"),
        (["--leave-out", "5"], "n must be an integer from 1 to 4 (there are 5 studies), got 5"),
        (["--leave-out", "0"], "--leave-out"),
        (["--level", "95"], "Did you mean 0.95?"),
        (["--tau2", "REM"], "Did you mean REML?"),
    ],
)
def test_slips(capsys: pytest.CaptureFixture[str], table: str, arguments: list[str], message: str) -> None:
    assert message in slip(capsys, "diagnose", table, *arguments)


def test_progress_after_a_while(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from metaket.cli import diagnose

    clock = iter([0.0, 1.0, 2.5, 2.5, 3.0])
    monkeypatch.setattr(diagnose.time, "monotonic", lambda: next(clock))
    show = diagnose._Progress("gosh")
    for done in (10, 20, 30):
        show(done, 40)
    assert capsys.readouterr().err == "gosh: 20 of 40 subsets\n"
