"""Imports go down the list of layers only; imports inside functions count, those under TYPE_CHECKING do too."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "metaket"
LAYERS = (
    "errors",
    "_registry",
    "_checks",
    "_distributions",
    "tables",
    "datasets",
    "measures",
    "pooling",
    "outcomes",
    "diagnostics",
    "timecourse",
    "reproduction",
    "plots",
    "report",
    "cli",
)
# what a method may load at the moment it is called, because the user asks a result to show or save itself
UPWARD = {
    ("reproduction.run", "report"),
    ("reproduction.run", "metaket"),
    ("cli", "metaket"),
}
FILES = sorted(p for p in SOURCE.rglob("*.py") if p != SOURCE / "__init__.py")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("metaket"):
            if node.module == "metaket":
                found |= {f"metaket.{alias.name}" for alias in node.names}
            else:
                found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("metaket")}
    return found


def test_every_module_has_a_layer() -> None:
    assert {module_of(p).split(".")[0] for p in FILES} <= set(LAYERS)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_down(path: Path) -> None:
    module = module_of(path)
    own = module.split(".")[0]
    for name in imported(path):
        parts = name.split(".")
        target = parts[1] if len(parts) > 1 and parts[1] in LAYERS else "metaket"
        if (module, target) in UPWARD:
            continue
        assert target in LAYERS, f"{module} imports {name}"
        assert LAYERS.index(target) <= LAYERS.index(own), f"{module} imports {name}, which is in a higher layer"
