"""Finding a paper: by key, by folder, and what a mistyped one gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from metaket import datasets
from metaket.datasets import data_root, find_paper, list_papers
from metaket.errors import InputError, UnknownChoiceError
from tests.papers import write_paper


def test_papers_are_listed_in_order() -> None:
    papers = list_papers()
    assert "han2016" in papers
    assert list(papers) == sorted(papers)
    assert all((data_root() / key / "paper.toml").is_file() for key in papers)


def test_only_folders_with_a_paper_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_paper(tmp_path / "zebra2000")
    write_paper(tmp_path / "ant1999")
    (tmp_path / "notes").mkdir()
    (tmp_path / "README.md").write_text("text")
    monkeypatch.setattr(datasets, "data_root", lambda: tmp_path)
    assert list_papers() == ("ant1999", "zebra2000")
    monkeypatch.setattr(datasets, "data_root", lambda: tmp_path / "absent")
    assert list_papers() == ()


def test_an_installed_package_has_its_own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "src" / "metaket" / "datasets.py"))
    assert data_root() == tmp_path / "data"
    installed = tmp_path / "src" / "metaket" / "_data"
    installed.mkdir(parents=True)
    assert data_root() == installed


def test_by_key_and_by_folder(tmp_path: Path) -> None:
    folder = write_paper(tmp_path / "mine")
    assert find_paper("han2016") == data_root() / "han2016"
    assert find_paper(folder) == folder
    assert find_paper(str(folder)) == folder


def test_a_key_wins_over_a_folder_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`metaket reproduce han2016` means the same in every folder; ./han2016 is the user's own."""
    write_paper(tmp_path / "han2016")
    monkeypatch.chdir(tmp_path)
    assert find_paper("han2016") == data_root() / "han2016"
    assert find_paper("./han2016").resolve() == tmp_path / "han2016"


@pytest.mark.parametrize(
    ("key", "kind", "message"),
    [
        ("han2061", UnknownChoiceError, r"unknown paper 'han2061': choose one of .*Did you mean han2016\?"),
        ("han", UnknownChoiceError, "unknown paper 'han'"),
        ("no/such/folder", InputError, "no folder no/such/folder"),
        (Path("nowhere"), InputError, "no folder nowhere"),
    ],
)
def test_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | Path, kind: type[InputError], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=message):
        find_paper(key)


def test_a_folder_without_a_paper_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no paper\.toml; a paper folder needs paper\.toml and outcomes\.csv"):
        find_paper(tmp_path)
