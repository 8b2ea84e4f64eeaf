"""The gallery: every figure's code runs, and its page and picture are those that `make figures` would make."""

from __future__ import annotations

import importlib.util
import runpy
from pathlib import Path
from types import ModuleType

import pytest

from metaket.plots import alt_text

DOCS = Path(__file__).parents[1] / "docs"
CODE = sorted((DOCS / "gallery" / "code").glob("*.py"))


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_figures", DOCS / "make_figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", CODE, ids=lambda p: p.stem)
def test_page_and_picture(path: Path, maker: ModuleType) -> None:
    assert (DOCS / "gallery" / f"{path.stem}.rst").read_text(encoding="utf-8") == maker.page(path)
    assert (DOCS / "figures" / "gallery" / f"{path.stem}.png").is_file()
    title, text = maker.words_of(path)
    assert title
    assert text


def test_the_index_lists_all_of_them(maker: ModuleType) -> None:
    assert (DOCS / "gallery" / "index.rst").read_text(encoding="utf-8") == maker.index()
    assert set(maker.ORDER) == {path.stem for path in CODE}
    assert {p.stem for p in (DOCS / "figures" / "gallery").glob("*.png")} == {path.stem for path in CODE}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::metaket.errors.DataWarning")
@pytest.mark.parametrize("path", CODE, ids=lambda p: p.stem)
def test_the_code_draws(path: Path) -> None:
    assert alt_text(runpy.run_path(str(path))["ax"])
