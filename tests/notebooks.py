"""Run notebooks and store their output without anything that changes from run to run.

`python -m tests.notebooks notebooks` runs every notebook of a folder in place.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

__all__ = ["execute", "text_outputs"]

TIMEOUT = 300  # seconds a cell; the slowest takes under ten


class _ThisPython(AsyncKernelManager):
    """A kernel of the running interpreter, whatever kernels are installed on the machine."""

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


def execute(path: Path) -> Any:
    """The notebook with fresh output, free of execution times and interpreter versions."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=TIMEOUT, kernel_manager_class=_ThisPython).execute()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell.metadata = {}
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return notebook


def text_outputs(notebook: Any) -> list[str]:
    """The text of every output; figures leave only the fact that there is one."""
    out = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                out.append(output.text)
            elif output.output_type in ("display_data", "execute_result"):
                data = output.data
                text = "<figure>" if "image/png" in data else data.get("text/plain", "")
                out.append(re.sub(r"0x[0-9a-f]+", "0x", text))
    return out


def main(folder: str) -> None:
    """Run every notebook of a folder in place."""
    for path in sorted(Path(folder).glob("*.ipynb")):
        nbformat.write(execute(path), path)
        print(path)


if __name__ == "__main__":
    main(sys.argv[1])
