"""Each notebook runs again and says what its committed output says."""

from __future__ import annotations

import ast
import gc
from pathlib import Path

import nbformat
import pytest

from tests.notebooks import execute, text_outputs

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert {"01_han2016_over_time", "02_pooling_functions"} <= {p.stem for p in NOTEBOOKS}


@pytest.mark.slow
# the Jupyter client's own: deprecations on some Python versions, and sockets and loops that it leaves to the collector,
# which is therefore called here and not in some later test
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_runs_again(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept = text_outputs(nbformat.read(path, as_version=4))
    assert kept, "the notebook is committed without output"
    fresh = text_outputs(execute(path))
    gc.collect()
    assert fresh == kept


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_defines_nothing(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            source = "\n".join(line for line in cell.source.splitlines() if not line.startswith("%"))
            tree = ast.parse(source)
            assert not any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in ast.walk(tree)), cell.source
