"""Every paper that comes along: its folder passes the check, its README tells what it has to, one line sums it up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metaket as mk
from metaket.datasets import data_root, list_papers
from metaket.reproduction.check import check_paper
from tests.papers import OUTCOMES, write_paper
from tests.program import run, slip

KEYS = list_papers()


@pytest.mark.parametrize("key", KEYS)
def test_its_folder_passes_the_check(key: str) -> None:
    report = check_paper(mk.load(key))
    assert report.of("error") == ()
    assert report.of("warning") == ()


@pytest.mark.parametrize("key", KEYS)
def test_its_files_say_where_the_numbers_come_from(key: str) -> None:
    folder = data_root() / key
    text = (folder / "README.md").read_text(encoding="utf-8").lower()
    for word in ("source", "missing"):
        assert word in text
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert package["name"] == key
    assert package["licenses"]
    assert all("hash" in item for item in package["resources"])
    tables = [item for item in package["resources"] if item["path"].endswith(".csv")]
    assert all(item["schema"]["fields"] for item in tables)


@pytest.mark.parametrize("key", [k for k in KEYS if k != "han2016"])
def test_every_claim_has_an_address_and_a_source(key: str) -> None:
    paper = mk.load(key)
    assert paper.claims
    assert all(c.where and c.source for c in paper.claims)
    rep = mk.reproduce(paper)
    differing = [c.id for c in rep.comparisons if c.verdict not in ("exact", "input-rounding")]
    assert [c.id for c in paper.claims if c.id in differing and not c.note] == []
    assert json.dumps(rep.to_dict(), allow_nan=False)
    assert str(rep)


def test_every_paper_in_one_document_and_strict_sees_a_misprint(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "reproduce", "--all", "--strict", "--json")
    assert (code, err) == (1, "")
    papers = json.loads(out)["papers"]
    assert [p["key"] for p in papers] == list(KEYS)
    assert all(sum(p["verdicts"].values()) == p["claims"] for p in papers)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """A bank of two papers, for speed."""
    keys = ("colditz1994", "yusuf1985")
    monkeypatch.setattr("metaket.datasets.list_papers", lambda: keys)
    monkeypatch.setattr("metaket.reproduction.bank.list_papers", lambda: keys)
    return keys


def test_one_line_a_paper(two: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "reproduce", "--all", "--strict")
    assert (code, err) == (0, "")
    first, second = out.splitlines()
    assert first.split() == ["colditz1994", "13", "studies", "5", "claims", "worst:", "exact", "5", "exact"]
    assert second.startswith("yusuf1985 ")


def test_check_all(two: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", "--all")
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines()] == list(two)
    code, out, _ = run(capsys, "check", "--all", "--json")
    assert code == 0
    assert [p["ok"] for p in json.loads(out)["papers"]] == [True, True]


def test_all_and_a_paper_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert "not both" in slip(capsys, "reproduce", "han2016", "--all")
    assert "not both" in slip(capsys, "check", "han2016", "--all")
    assert "name a paper" in slip(capsys, "reproduce")
    assert "--out" in slip(capsys, "reproduce", "--all", "--out", "somewhere")


def test_a_broken_paper_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = str(write_paper(tmp_path / "smith2020", outcomes=OUTCOMES.replace("status", "stats")))
    monkeypatch.setattr("metaket.datasets.list_papers", lambda: (broken,))
    monkeypatch.setattr("metaket.reproduction.bank.list_papers", lambda: (broken,))
    for command in ("reproduce", "check"):
        assert "smith2020: outcomes.csv has no column status" in slip(capsys, command, "--all")
