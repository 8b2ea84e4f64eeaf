"""Imports go down the list of layers only; imports inside functions count, those under TYPE_CHECKING do too."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "metaket"
LAYERS = (
    "errors",
    "_registry",
    "_checks",
    "_distributions",
    "_notebook",
    "tables",
    "rob_tools",
    "datasets",
    "measures",
    "conversions",
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
    ("cli.app", "metaket"),
    ("cli.pool", "metaket"),
}
# arrays in, records of arrays out: these see neither effects, results, specifications nor pandas
KERNEL = (
    "pooling.problem",
    "pooling.engine",
    "pooling.likelihood",
    "pooling.tau2",
    "pooling.heterogeneity",
    "pooling.inference",
)
SEEN_BY_KERNEL = {"metaket.errors", "metaket._checks", "metaket._registry", *(f"metaket.{name}" for name in KERNEL)}
NOT_AT_THE_TOP = {"pandas", "matplotlib", "statsmodels", "jinja2", "rich"}
FILES = sorted(p for p in SOURCE.rglob("*.py") if p != SOURCE / "__init__.py")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def names_in(nodes: Iterable[ast.AST]) -> set[str]:
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}"
            found |= {f"metaket.{a.name}" for a in node.names} if node.module == "metaket" else {node.module or ""}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imported(path: Path) -> set[str]:
    """Everything that a file imports, wherever it does."""
    return names_in(ast.walk(tree_of(path)))


def imported_when_loaded(path: Path) -> set[str]:
    """What a file imports when it is loaded: not in functions, not under TYPE_CHECKING."""
    return names_in(tree_of(path).body)


def test_every_module_has_a_layer_and_every_layer_a_module() -> None:
    assert {module_of(p).split(".")[0] for p in FILES} == set(LAYERS)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_go_down(path: Path) -> None:
    module = module_of(path)
    own = module.split(".")[0]
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "metaket":
            continue
        target = parts[1] if len(parts) > 1 and parts[1] in LAYERS else "metaket"
        if (module, target) in UPWARD:
            continue
        assert target in LAYERS, f"{module} imports {name}"
        assert LAYERS.index(target) <= LAYERS.index(own), f"{module} imports {name}, which is in a higher layer"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_heavy_packages_load_when_they_are_used(path: Path) -> None:
    assert {name.split(".")[0] for name in imported_when_loaded(path)} & NOT_AT_THE_TOP == set()


@pytest.mark.parametrize("module", KERNEL)
def test_the_kernel_sees_arrays_only(module: str) -> None:
    path = SOURCE.joinpath(*module.split(".")).with_suffix(".py")
    names = imported(path)
    assert {n for n in names if n.startswith("metaket")} <= SEEN_BY_KERNEL
    assert {n.split(".")[0] for n in names} <= {"__future__", "collections", "dataclasses", "math", "metaket", "numpy",
                                                "scipy", "typing"}  # fmt: skip


def test_matplotlib_and_statsmodels_have_their_places() -> None:
    users = {package: {module_of(p).split(".")[0] for p in FILES if package in {n.split(".")[0] for n in imported(p)}}
             for package in ("matplotlib", "statsmodels")}  # fmt: skip
    assert users["matplotlib"] <= {"plots", "report", "cli"}
    assert users["statsmodels"] <= {"measures", "diagnostics", "pooling"}


def test_modules_do_not_import_each_other_in_a_ring() -> None:
    """Of what is imported on loading: a ring works or fails by the order in which a user imports."""
    known = {f"metaket.{module_of(p)}": p for p in FILES}
    # a package's own file lists its members, which may import each other but not the package
    below = {name: imported_when_loaded(p) & known.keys() for name, p in known.items() if p.name != "__init__.py"}
    finished: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in finished:
            for other in below.get(name, ()):
                visit(other, (*path, name))
            finished.add(name)

    for name in below:
        visit(name, ())
    assert len(finished) >= len(below)
