"""What is public is listed, loads, is documented, and is not hidden by a module of the same name."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import importlib.util
import inspect
import itertools
from pathlib import Path
from typing import Any

import pytest

import metaket as mk

SOURCE = Path(mk.__file__).parent
OBJECTS: dict[str, Any] = {name: getattr(mk, name) for name in mk.__all__}
FUNCTIONS = sorted(n for n, o in OBJECTS.items() if inspect.isfunction(o))
CLASSES = sorted(n for n, o in OBJECTS.items() if inspect.isclass(o))
SUBMODULES = sorted(n for n, o in OBJECTS.items() if inspect.ismodule(o))
MODULES = sorted(
    "metaket." + ".".join(p.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
    for p in SOURCE.rglob("*.py")
    if p.parent != SOURCE or p.name != "__init__.py"
)


def static_imports() -> set[tuple[str, str, str]]:
    """(home module, name there, public name) of the imports that type checkers see."""
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If))
    return {(n.module or "", a.name, a.asname or a.name)
            for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names}  # fmt: skip


def test_all_is_what_is_public() -> None:
    assert sorted(mk.__all__) == sorted(dir(mk)) == sorted(set(mk.__all__))
    assert {*FUNCTIONS, *CLASSES, *SUBMODULES, "__version__"} == set(mk.__all__)
    assert [name for name in mk.__all__ if name.startswith("_")] == ["__version__"]


def test_type_checkers_see_the_same_names() -> None:
    seen = static_imports()
    assert {public for _, _, public in seen} == set(mk.__all__) - {"__version__"}
    for home, name, public in seen:
        module = importlib.import_module(home)
        found = importlib.import_module(f"metaket.{name}") if home == "metaket" else getattr(module, name)
        assert found is OBJECTS[public], public


def test_public_names_are_public_at_home() -> None:
    for home, name, _ in static_imports():
        if home != "metaket":
            assert name in importlib.import_module(home).__all__, f"{home}.{name}"


def test_no_module_hides_a_function() -> None:
    """Importing `metaket.x` sets the attribute x of the package, so no public function or class may be called x."""
    assert [name for name in (*FUNCTIONS, *CLASSES) if importlib.util.find_spec(f"metaket.{name}")] == []


def test_names_stay_what_they_are_once_all_modules_are_loaded() -> None:
    for name in MODULES:
        importlib.import_module(name)
    assert {name: getattr(mk, name) for name in mk.__all__} == OBJECTS


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'metaket' has no attribute 'pol'"):
        mk.pol  # noqa: B018


@pytest.mark.parametrize("name", MODULES)
def test_modules_export_what_exists(name: str) -> None:
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    assert (module.__doc__ or "").strip(), "no docstring"
    assert [n for n in exported if not hasattr(module, n)] == []
    assert len(set(exported)) == len(exported)


def sections(text: str) -> set[str]:
    """The numpydoc sections of a docstring."""
    pairs = itertools.pairwise(text.splitlines())
    return {title.strip() for title, line in pairs if line.strip() and set(line.strip()) == {"-"}}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_documented(name: str) -> None:
    text = inspect.getdoc(OBJECTS[name]) or ""
    signature = inspect.signature(OBJECTS[name])
    assert 10 < len(text.splitlines()[0]) <= 120
    assert text.splitlines()[0].endswith((".", "?"))
    if signature.parameters:
        answers = {"Returns"} if signature.return_annotation not in (None, "None") else set()
        needed = {"Parameters"} | answers
        assert needed <= sections(text), f"{name}: {needed - sections(text)} missing"
    assert [p for p in signature.parameters if p not in text] == []


@pytest.mark.parametrize("name", CLASSES)
def test_classes_and_their_methods_are_documented(name: str) -> None:
    cls = OBJECTS[name]
    text = inspect.getdoc(cls) or ""
    assert len(text.splitlines()[0]) > 5
    if dataclasses.is_dataclass(cls):
        assert "Attributes" in sections(text)
        assert [f.name for f in dataclasses.fields(cls) if f.name not in text] == []
    own = {n: m for n, m in vars(cls).items() if not n.startswith("_") and (callable(m) or isinstance(m, property))}
    assert [n for n, member in own.items() if not (inspect.getdoc(member) or "").strip()] == []
