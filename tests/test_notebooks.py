"""Each notebook runs again, says what its committed output says, and hides nothing from the reader."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks import code_cells, execute, outputs, readable

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
IMPORTS = {"metaket", "numpy", "pandas", "io", "pathlib", "tempfile"}
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def nodes(path: Path) -> list[ast.AST]:
    """Everything in the code of a notebook, but for the lines that are IPython's."""
    sources = [c.source for c in code_cells(read(path))]
    plain = ["\n".join(line for line in text.splitlines() if not line.startswith("%")) for text in sources]
    return [node for text in plain for node in ast.walk(ast.parse(text))]


def test_there_are_notebooks() -> None:
    assert {"01_han2016_over_time", "02_pooling_functions"} <= {p.stem for p in NOTEBOOKS}


@pytest.mark.slow
@each_notebook
def test_runs_again(path: Path, tmp_path: Path) -> None:
    """From a copy in an empty folder, so that nothing but the installed package is at hand."""
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    kept, again = read(path), execute(copy)
    assert [readable(o) for o in outputs(again)] == [readable(o) for o in outputs(kept)]
    assert [c.execution_count for c in code_cells(again)] == [c.execution_count for c in code_cells(kept)]


@each_notebook
def test_every_cell_was_run_in_order(path: Path) -> None:
    cells = code_cells(read(path))
    assert [c.execution_count for c in cells] == list(range(1, len(cells) + 1))
    assert any(readable(o) == "<figure>" for o in outputs(read(path)))


@each_notebook
def test_no_error_and_no_warning(path: Path) -> None:
    for output in outputs(read(path)):
        assert output.output_type != "error", readable(output)
        assert output.get("name") != "stderr", readable(output)


@each_notebook
def test_nothing_of_the_machine_or_the_day(path: Path) -> None:
    notebook = read(path)
    assert notebook.metadata.get("language_info", {}).keys() <= {"name"}
    assert all(cell.metadata == {} for cell in notebook.cells)
    text = "\n".join(readable(o) for o in outputs(notebook)) + "\n".join(c.source for c in notebook.cells)
    assert [p for p in ("/work/", "/home/", "/root/", "/tmp/", "site-packages", str(ROOT)) if p in text] == []


@each_notebook
def test_defines_nothing(path: Path) -> None:
    assert [ast.unparse(n) for n in nodes(path) if isinstance(n, DEFINITIONS)] == []


@each_notebook
def test_the_installed_package_is_all_it_needs(path: Path) -> None:
    imported = {a.name.split(".")[0] for n in nodes(path) if isinstance(n, ast.Import) for a in n.names}
    imported |= {(n.module or "").split(".")[0] for n in nodes(path) if isinstance(n, ast.ImportFrom)}
    assert imported <= IMPORTS


@each_notebook
def test_numbers_of_the_prose_are_in_a_cell(path: Path) -> None:
    """What the text says in figures stands in code or in its output, so that it is computed and runs with it."""
    notebook = read(path)
    shown = "\n".join([c.source for c in code_cells(notebook)] + [readable(o) for o in outputs(notebook)])
    known = set(NUMBER.findall(shown))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"`[^`]*`", "", cell.source)
            assert [n for n in NUMBER.findall(prose) if n not in known] == [], cell.source
