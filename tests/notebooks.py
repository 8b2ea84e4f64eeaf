"""Run notebooks and store their output without anything that changes from run to run.

`python -m tests.notebooks notebooks` runs every notebook of a folder in place.
"""

from __future__ import annotations

import gc
import os
import re
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

__all__ = ["code_cells", "execute", "outputs", "readable"]

TIMEOUT = 300  # seconds a cell; the slowest takes ten, more on a busy machine
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


class _ThisPython(AsyncKernelManager):
    """A kernel of the running interpreter, whatever kernels are installed on the machine."""

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


def execute(path: Path) -> Any:
    """The notebook with fresh output, run in an empty folder, free of times and versions.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        A cell that fails.
    """
    notebook = nbformat.read(path, as_version=4)
    with warnings.catch_warnings():
        # the Jupyter client leaves sockets and loops to the collector, so it is called here and not in some later test;
        # some Python versions deprecate what it asks of asyncio
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        _run(notebook)
        gc.collect()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata = {}
    notebook.metadata = METADATA
    return notebook


def _run(notebook: Any) -> None:
    """Fill in the output, without the user's IPython and matplotlib settings.

    The kernel talks over a socket file, not a network port, where the system has such files.
    """
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        (home / "matplotlibrc").touch()
        (home / "run").mkdir()
        manager = _ThisPython(transport="tcp" if os.name == "nt" else "ipc", connection_file=str(home / "kernel.json"))
        settings = {"IPYTHONDIR": str(home / "ipython"), "MATPLOTLIBRC": str(home / "matplotlibrc"), "COLUMNS": "100"}
        client = NotebookClient(notebook, km=manager, timeout=TIMEOUT, coalesce_streams=True)
        client.execute(cleanup_kc=True, cwd=str(home / "run"), env={**os.environ, **settings})


def code_cells(notebook: Any) -> list[Any]:
    """The cells that hold code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook: Any) -> list[Any]:
    """Every output, in order."""
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def readable(output: Any) -> str:
    """What a reader sees of an output: its text, its table, or only that it is a figure."""
    if output.output_type == "stream":
        text = output.text
    elif output.output_type == "error":
        text = f"{output.ename}: {output.evalue}"
    elif "image/png" in output.data:
        text = "<figure>"
    else:
        text = output.data.get("text/plain", "") + output.data.get("text/html", "")
    return re.sub(r"0x[0-9a-f]+", "0x", text)


def main(folder: str) -> None:
    """Run every notebook of a folder in place."""
    for path in sorted(Path(folder).glob("*.ipynb")):
        nbformat.write(execute(path), path)
        print(path)


if __name__ == "__main__":
    main(sys.argv[1])
