"""Lists that must name exactly what the code has: a name that is missing, or too much, fails the build.

`.. names:: metaket.reproduction.paper.Analysis` describes the fields of a model, the entries of a tuple or the keys of
a mapping, one ``name: description`` a line. `.. public-names::` documents every public name under its layer.
"""

from __future__ import annotations

import importlib
import inspect
from dataclasses import fields, is_dataclass
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from registry_tables import table
from sphinx.util.docutils import SphinxDirective

import metaket

__all__ = ["setup"]

LAYERS = {
    "measures": "Effect sizes",
    "conversions": "Effect sizes",
    "pooling": "Pooling",
    "timecourse": "Pooling over time",
    "rob_tools": "Risk of bias",
    "diagnostics": "Diagnostics",
    "datasets": "Papers",
    "reproduction": "Papers",
    "plots": "Figures",
    "errors": "Errors",
}


def _find(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _names(thing: Any) -> dict[str, str]:
    """Names, and the default of each where there is one."""
    if inspect.isclass(thing) and issubclass(thing, BaseModel):
        return {name: "required" if f.is_required() else _default(f) for name, f in thing.model_fields.items()}
    if inspect.isclass(thing) and is_dataclass(thing):
        return {f.name: "" for f in fields(thing)}
    return {str(name): "" for name in thing}


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    return "" if value in ("", (), {}, None) else str(value)


class Names(SphinxDirective):
    """The names of an object with a description of each, held against the object."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        known = _names(_find(self.arguments[0]))
        told = self._told()
        wrong = sorted(known.keys() ^ told.keys())
        if wrong:
            where = "the code" if wrong[0] in known else "the docs"
            raise self.error(f"{self.arguments[0]}: {wrong[0]!r} is in {where} only")
        defaults = any(known.values())
        rows = []
        for name, line in told.items():
            cells = [nodes.paragraph("", "", nodes.literal(text=name))]
            cells += [nodes.paragraph(text=known[name])] if defaults else []
            rows.append([*cells, self._parsed(line)])
        header = ("Name", "Default", "What it is") if defaults else ("Name", "What it is")
        return [table(header, rows, (18, 12, 70) if defaults else (18, 82))]

    def _told(self) -> dict[str, str]:
        out: dict[str, str] = {}
        last = ""
        for line in self.content:
            if line[:1].isspace():
                out[last] += f" {line.strip()}"
            elif line.strip():
                last, _, text = (part.strip() for part in line.partition(": "))
                out[last] = text
        return out

    def _parsed(self, text: str) -> nodes.Node:
        holder = nodes.container()
        self.state.nested_parse(StringList([text], source=self.env.docname), 0, holder)
        return holder.children[0] if holder.children else nodes.paragraph()


class PublicNames(SphinxDirective):
    """Every name of ``metaket.__all__``: functions and classes by layer, then the public submodules."""

    def run(self) -> list[nodes.Node]:
        groups: dict[str, list[str]] = {}
        for name in metaket.__all__:
            if name != "__version__":
                groups.setdefault(self._group(name), []).extend(self._lines(name))
        out: list[nodes.Node] = []
        for title in dict.fromkeys(LAYERS.values()):
            if title in groups:
                section = nodes.section(ids=[nodes.make_id(f"api-{title}")])
                section += nodes.title(text=title)
                self.state.nested_parse(StringList(groups[title], source=self.env.docname), 0, section)
                out.append(section)
        return out

    def _group(self, name: str) -> str:
        value = getattr(metaket, name)
        home = value.__name__ if inspect.ismodule(value) else value.__module__
        layer = home.split(".")[1]
        if layer not in LAYERS:
            raise self.error(f"{name} is public but its layer {layer!r} has no place on this page")
        return LAYERS[layer]

    def _lines(self, name: str) -> list[str]:
        value = getattr(metaket, name)
        if inspect.ismodule(value) and hasattr(value, "__path__"):
            inner = [n for n in value.__all__ if inspect.isfunction(getattr(value, n))]
            return [line for n in inner for line in (f".. autofunction:: metaket.{name}.{n}", "")]
        if inspect.ismodule(value):
            return [f".. automodule:: metaket.{name}", "   :members:", "   :show-inheritance:", ""]
        if inspect.isclass(value) and issubclass(value, metaket.MetaketError):
            return []  # the tree of errors is documented as a whole
        kind = "autoclass" if inspect.isclass(value) else "autofunction"
        return [f".. {kind}:: metaket.{name}", *(["   :members:"] if kind == "autoclass" else []), ""]


def setup(app: Any) -> dict[str, Any]:
    app.add_directive("names", Names)
    app.add_directive("public-names", PublicNames)
    return {"version": "1", "parallel_read_safe": True}
