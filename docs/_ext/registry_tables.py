"""`.. registry:: measures` prints a registry as a table, so that the docs cannot go stale."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive

from metaket.measures.registry import MEASURES
from metaket.pooling.inference import PREDICTION, TESTS
from metaket.pooling.pool import MODELS
from metaket.pooling.structures import STRUCTURES
from metaket.pooling.tau2 import ESTIMATORS
from metaket.reproduction.check import RULES
from metaket.reproduction.quantities import QUANTITIES

REGISTRIES = {
    "measures": MEASURES,
    "estimators": ESTIMATORS,
    "tests": TESTS,
    "models": MODELS,
    "prediction": PREDICTION,
    "structures": STRUCTURES,
    "quantities": QUANTITIES,
    "rules": RULES,
}


class RegistryTable(Directive):
    """A table with code, name, columns or aliases, and source of each entry."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        registry = REGISTRIES[self.arguments[0]]
        rows = [(e.code, e.label, ", ".join(e.needs or e.aliases), e.reference) for e in registry]
        return [_table(("Code", "Name", "Needs or aliases", "Source"), rows)]


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> nodes.table:
    table = nodes.table(classes=["registry"])
    group = nodes.tgroup(cols=len(header))
    table += group
    for _ in header:
        group += nodes.colspec(colwidth=1)
    head, body = nodes.thead(), nodes.tbody()
    group += [head, body]
    head += _row(header)
    for row in rows:
        body += _row(row)
    return table


def _row(cells: tuple[str, ...]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        entry = nodes.entry()
        entry += nodes.paragraph(text=cell)
        row += entry
    return row


def setup(app: Any) -> dict[str, Any]:
    app.add_directive("registry", RegistryTable)
    return {"version": "1", "parallel_read_safe": True}
