"""The output folder: whole or not at all, the same in every run, readable by people and scripts."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from tests.papers import OUTCOMES, claim, write_paper

import metaket as mk
from metaket.errors import InputError
from metaket.report import folder as module
from metaket.report.folder import save_reproduction


@pytest.fixture
def rep(tmp_path: Path) -> mk.Reproduction:
    outcomes = OUTCOMES.replace("A,response", '"<b>Müller & Łąż"" 2013</b>",response')
    return mk.reproduce(write_paper(tmp_path / "paper", claims=claim("2.00", "estimate"), outcomes=outcomes))


def test_everything_is_there(rep: mk.Reproduction, tmp_path: Path) -> None:
    steps: list[str] = []
    written = save_reproduction(rep, tmp_path / "out", progress=steps.append)
    names = {str(p.relative_to(tmp_path / "out")) for p in written}
    assert {"results.json", "comparisons.csv", "analyses.csv", "report.html"} <= names
    for suffix in ("svg", "pdf", "png"):
        assert f"figures/forest-response.{suffix}" in names
        assert f"figures/agreement.{suffix}" in names
    document = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert document["analyses"][0]["results"][0]["k"] == 3
    assert len(pd.read_csv(tmp_path / "out" / "comparisons.csv")) == 1
    assert "report.html" in steps


def test_names_are_escaped_and_nothing_is_fetched(rep: mk.Reproduction, tmp_path: Path) -> None:
    save_reproduction(rep, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<b>Müller" not in page
    assert "&lt;b&gt;Müller &amp; Łąż" in page
    fetched: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
            if tag in ("script", "link", "img", "iframe"):
                fetched.append(tag)

    Links().feed(page)
    assert fetched == []


def test_two_runs_are_the_same(rep: mk.Reproduction, tmp_path: Path) -> None:
    first = save_reproduction(rep, tmp_path / "a")
    second = save_reproduction(rep, tmp_path / "b")
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes(), one.name


def test_an_existing_folder_is_kept(rep: mk.Reproduction, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="--force"):
        save_reproduction(rep, target)
    assert (target / "mine.txt").read_text() == "mine"
    with pytest.raises(InputError, match=r"holds 'mine.txt', which metaket did not write"):
        save_reproduction(rep, target, force=True)
    assert (target / "mine.txt").read_text() == "mine"


def test_force_replaces_an_earlier_run_and_nothing_else(rep: mk.Reproduction, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    save_reproduction(rep, target, force=True)  # empty: nothing is lost
    (target / "report.html").write_text("old")
    save_reproduction(rep, target, force=True)
    assert (target / "report.html").read_text(encoding="utf-8") != "old"
    (target / "figures" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match=r"figures/mine.txt"):
        save_reproduction(rep, target, force=True)
    (target / "figures" / "mine.txt").unlink()
    for text in ('{"a": 1}', "not json", '{"provenance": null}'):
        (target / "results.json").write_text(text)
        with pytest.raises(InputError, match=r"no results.json of metaket's"):
            save_reproduction(rep, target, force=True)


def test_a_failure_leaves_nothing(rep: mk.Reproduction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> str:
        raise OSError("disk full")

    monkeypatch.setattr(module, "report_html", broken)
    with pytest.raises(OSError, match="disk full"):
        save_reproduction(rep, tmp_path / "out")
    assert {p.name for p in tmp_path.iterdir()} == {"paper"}
