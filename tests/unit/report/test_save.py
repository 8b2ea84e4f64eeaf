"""Saving: what a slip of the hand must not delete, and what the tables hold."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import metaket as mk
from metaket.errors import DataWarning, InputError
from metaket.report import folder as module
from metaket.report.folder import analyses_frame, save_reproduction


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save without figures."""
    monkeypatch.setattr(module, "plan_figures", lambda _rep: ())


@pytest.mark.usefixtures("quick")
def test_the_working_folder_is_never_replaced(
    nasty: Callable[..., mk.Reproduction], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep = nasty()
    here = tmp_path / "here"
    (here / "below").mkdir(parents=True)
    (here / "mine.txt").write_text("mine")
    monkeypatch.chdir(here / "below")
    for target in (".", "..", here):
        with pytest.raises(InputError, match="working folder"):
            save_reproduction(rep, target, force=True)
    monkeypatch.setenv("HOME", str(here))
    monkeypatch.chdir("/")
    with pytest.raises(InputError, match="home folder"):
        save_reproduction(rep, here, force=True)
    assert (here / "mine.txt").read_text() == "mine"


@pytest.mark.usefixtures("quick")
def test_the_papers_own_folder_is_never_replaced(nasty: Callable[..., mk.Reproduction]) -> None:
    rep = nasty()
    with pytest.raises(InputError, match="the paper's data"):
        save_reproduction(rep, rep.paper.folder, force=True)
    assert (rep.paper.folder / "outcomes.csv").is_file()


@pytest.mark.usefixtures("quick")
def test_a_file_is_no_folder(nasty: Callable[..., mk.Reproduction], tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        save_reproduction(nasty(), tmp_path / "out", force=True)
    assert (tmp_path / "out").read_text() == "x"


@pytest.mark.usefixtures("quick")
def test_a_failed_replacement_keeps_the_old_folder(
    nasty: Callable[..., mk.Reproduction], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rep = nasty()
    save_reproduction(rep, tmp_path / "out")
    before = {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()}

    def broken(*_arguments: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "report_html", broken)
    with pytest.raises(KeyboardInterrupt):
        save_reproduction(rep, tmp_path / "out", force=True)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir() if p.is_file()} == before
    assert {p.name for p in tmp_path.iterdir()} == {"out", "paper"}


@pytest.mark.usefixtures("quick")
def test_a_link_to_a_folder_stays_a_link(nasty: Callable[..., mk.Reproduction], tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    written = save_reproduction(nasty(), tmp_path / "link", force=True)
    assert (tmp_path / "link").is_symlink()
    assert all(str(p).startswith(str(tmp_path / "link")) and p.is_file() for p in written)


@pytest.mark.usefixtures("quick")
def test_others_may_read_the_folder(nasty: Callable[..., mk.Reproduction], tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    save_reproduction(nasty(), tmp_path / "out")
    usual, ours = (stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "out"))
    assert ours == usual


@pytest.mark.usefixtures("quick")
def test_a_paper_without_claims_has_a_header_at_least(nasty: Callable[..., mk.Reproduction], tmp_path: Path) -> None:
    save_reproduction(nasty(claims=""), tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "comparisons.csv")
    assert len(table) == 0
    assert "verdict" in table.columns


@pytest.fixture
def forests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save the forest plots alone."""
    every = module.plan_figures
    monkeypatch.setattr(module, "plan_figures", lambda rep: tuple(p for p in every(rep) if p.group == "forest"))


@pytest.mark.usefixtures("forests")
def test_ids_with_slashes_stay_inside(nasty: Callable[..., mk.Reproduction], tmp_path: Path) -> None:
    rep = nasty()
    written = save_reproduction(rep, tmp_path / "out")
    assert {p.parent.name for p in written} == {"out", "figures"}
    assert {p.name for p in tmp_path.iterdir()} == {"out", "paper"}
    names = {p.name for p in written}
    assert {"forest-a-b-..-1.svg", "forest-more.pdf", "forest-more.png"} <= names
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == len([n for n in names if n.endswith(".svg")])
    assert json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))["paper"]["key"] == "nasty"


@pytest.mark.usefixtures("forests")
def test_letters_without_a_font_give_one_warning(
    nasty: Callable[..., mk.Reproduction], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from metaket.plots import _canvas

    monkeypatch.setattr(_canvas, "_fallback", lambda: ())  # as on a machine without such fonts
    rep = nasty(name="韩梅 2016")
    with pytest.warns(DataWarning) as caught:
        save_reproduction(rep, tmp_path / "out")
    assert len(caught) == 1
    assert all(letter in str(caught[0].message) for letter in "韩梅")
    assert "韩梅 2016" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_one_row_an_analysis_and_end(han: mk.Reproduction) -> None:
    frame = analyses_frame(han)
    assert len(frame) == sum(max(1, len(i.results)) for i in han.analyses.values())
    assert set(frame["id"]) == set(han.analyses)
    row = frame.set_index("id").loc["response-24h"]
    result = han.analyses["response-24h"].result
    assert result is not None
    assert row["estimate"] == result.back(result.estimate)
    assert (row["k"], row["kind"], row["tau2_method"], row["basis"]) == (2, "default", "DL", "2 of 10 trials")
    ends = frame[frame["id"] == "depression-72h"]
    assert len(ends) == 2
    assert ends["estimate"].is_monotonic_increasing
    empty = frame.set_index("id").loc["remission-72h"]
    assert pd.isna(empty["estimate"])
    assert empty["gap"]
