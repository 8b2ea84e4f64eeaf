"""Every paper that comes along: its folder passes the check, its README tells what it has to, one line sums it up."""

from __future__ import annotations

import json

import pytest

import metaket as mk
from metaket.datasets import data_root, list_papers
from metaket.reproduction.bank import reproduce_bank
from metaket.reproduction.check import check_paper
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


@pytest.mark.parametrize("key", [k for k in KEYS if k != "han2016"])
def test_every_claim_has_an_address_and_a_source(key: str) -> None:
    paper = mk.load(key)
    assert paper.claims
    assert all(c.where and c.source for c in paper.claims)
    differing = [c.id for c in mk.reproduce(paper).comparisons if c.verdict not in ("exact", "input-rounding")]
    assert [c.id for c in paper.claims if c.id in differing and not c.note] == []


def test_one_line_a_paper(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "reproduce", "--all")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == list(KEYS)
    code, out, _ = run(capsys, "reproduce", "--all", "--json")
    papers = json.loads(out)["papers"]
    assert [p["key"] for p in papers] == list(KEYS)
    assert all(sum(p["verdicts"].values()) == p["claims"] for p in papers)


def test_strict_sees_a_misprint_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert any(line.differs for line in reproduce_bank())
    assert run(capsys, "reproduce", "--all", "--strict")[0] == 1


def test_all_and_a_paper_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert "not both" in slip(capsys, "reproduce", "han2016", "--all")
    assert "not both" in slip(capsys, "check", "han2016", "--all")
    assert "name a paper" in slip(capsys, "reproduce")
    assert "--out" in slip(capsys, "reproduce", "--all", "--out", "somewhere")


def test_check_all(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", "--all")
    assert code == 0
    assert [line.split(":")[0] for line in out.splitlines()] == list(KEYS)
    code, out, _ = run(capsys, "check", "--all", "--json")
    assert code == 0
    assert all(p["ok"] for p in json.loads(out)["papers"])
