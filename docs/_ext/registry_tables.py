"""Registries as tables, made when the docs are built, so that they cannot go stale.

`.. registry:: tau2 method` prints the registry of that kind; `.. other-registries::` those that no page has named
(write it at the end of the page that comes last).
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.util.docutils import SphinxDirective

import metaket
from metaket._registry import Entry, Registry

__all__ = ["setup", "table"]

Columns = dict[str, Callable[[Entry[Any]], str]]


@cache
def registries() -> dict[str, Registry[Any]]:
    """Every registry of the package by its kind, filled by importing all modules."""
    found = {}
    for module in pkgutil.walk_packages(metaket.__path__, "metaket."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Registry):
                found[value.kind] = value
    return found


def summary(function: Any) -> str:
    """The first paragraph of a docstring on one line: the formula, for most entries."""
    text = inspect.getdoc(function) or ""
    return " ".join(text.split("\n\n")[0].split())


COLUMNS: Columns = {
    "Code": lambda e: e.code,
    "Name": lambda e: e.label,
    "What it does": lambda e: summary(e.func),
    "Needs": lambda e: ", ".join(e.needs),
    "Other names": lambda e: ", ".join(e.aliases),
    "metafor": lambda e: e.metafor,
    "Source": lambda e: e.reference,
}
WIDTHS = {"Code": 10, "Name": 22, "What it does": 34, "Needs": 16, "Other names": 12, "metafor": 12, "Source": 30}
CODES = ("Code", "Needs", "Other names")


def registry_table(kind: str) -> nodes.table:
    """A row an entry; columns that are empty, or the same throughout, are left out."""
    entries = list(registries()[kind])
    columns = {name: [get(e) for e in entries] for name, get in COLUMNS.items()}
    told = {n: c for n, c in columns.items() if any(c) and (n in ("Code", "Name") or len({*c}) > 1 or len(c) == 1)}
    cells = ([cell(text, name in CODES) for text in column] for name, column in told.items())
    return table(tuple(told), list(zip(*cells, strict=True)), [WIDTHS[name] for name in told])


def cell(text: str, literal: bool = False) -> nodes.paragraph:
    """A paragraph; what stands in backticks, and names that users type, are set as code."""
    if literal and text:
        text = ", ".join(f"`{name}`" for name in text.split(", "))
    out = nodes.paragraph()
    for number, part in enumerate(text.split("`")):
        out += nodes.literal(text=part) if number % 2 else nodes.Text(part)
    return out


def table(header: Sequence[str], rows: Sequence[Sequence[nodes.Node]], widths: Sequence[int]) -> nodes.table:
    """A docutils table of paragraphs."""
    out = nodes.table(classes=["registry"])
    group = nodes.tgroup(cols=len(header))
    group += [nodes.colspec(colwidth=width) for width in widths]
    head, body = nodes.thead(), nodes.tbody()
    head += _row([nodes.paragraph(text=name) for name in header])
    body += [_row(row) for row in rows]
    group += [head, body]
    out += group
    return out


def _row(cells: Sequence[nodes.Node]) -> nodes.row:
    row = nodes.row()
    for content in cells:
        entry = nodes.entry()
        entry += content
        row += entry
    return row


class RegistryTable(Directive):
    """`.. registry:: KIND`"""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        kind = self.arguments[0]
        if kind not in registries():
            raise self.error(f"no registry {kind!r}; there are {', '.join(sorted(registries()))}")
        return [registry_table(kind)]


class OtherRegistries(SphinxDirective):
    """`.. other-registries:: KIND, KIND, ...`: all but the named kinds, each with a heading of its own."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        named = {name.strip() for name in self.arguments[0].replace("\n", " ").split(",")}
        unknown = sorted(named - registries().keys())
        if unknown:
            raise self.error(f"no registry {unknown[0]!r}; there are {', '.join(sorted(registries()))}")
        out: list[nodes.Node] = []
        for kind in sorted(registries().keys() - named):
            section = nodes.section(ids=[nodes.make_id(f"registry-{kind}")])
            section += [nodes.title(text=f"{kind[:1].upper()}{kind[1:]}"), registry_table(kind)]
            out.append(section)
        return out


def setup(app: Any) -> dict[str, Any]:
    app.add_directive("registry", RegistryTable)
    app.add_directive("other-registries", OtherRegistries)
    return {"version": "2", "parallel_read_safe": True}
