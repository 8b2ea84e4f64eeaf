"""One table of paper.toml as a record: a key that is unknown, missing or of the wrong type is told with its line."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from metaket.errors import PaperError
from metaket.reproduction.paper_tables import Sampling
from metaket.reproduction.toml import line_of

__all__ = ["record_of", "records_of"]

Record = TypeVar("Record", bound=BaseModel)
_WANTED = {
    "string": 'a text in quotes, such as "0.40"',
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "dict": 'a table, such as { outcome = "response" }',
    "tuple": 'a list, such as ["a", "b"]',
    "model": "a table in { }",
}


def records_of(kind: type[Record], items: list[dict[str, Any]], path: Path, table: str) -> tuple[Record, ...]:
    """The tables [[table]] of the file, in its order."""
    return tuple(record_of(kind, item, path, table, place) for place, item in enumerate(items))


def record_of(kind: type[Record], values: Any, path: Path, table: str, number: int | None = None) -> Record:
    """One table as a record.

    Parameters
    ----------
    kind : type
    values : mapping
        Keys and values as parsed.
    path : Path
        Of paper.toml.
    table : str
        Name of the table.
    number : int, optional
        Which of the tables of this name it is, counted from 0.

    Raises
    ------
    PaperError
        A key is unknown, missing or of the wrong type; the message names the line.
    """
    if not isinstance(values, dict):
        raise PaperError(f"{path.name}{line_of(path, table)}: {table} must be a table with single brackets, [{table}]")
    name = (
        table
        if table == "paper"
        else f"{table} {values['id']!r}"
        if "id" in values
        else f"{'an' if table == 'analysis' else 'a'} {table}"
    )
    try:
        return kind(**values)
    except ValidationError as error:
        # an unknown key first: a mistyped required one is also missing under its right name
        first = sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden")[0]
        same = [e for e in error.errors() if e["loc"][:1] == first["loc"][:1]]
        key = str(first["loc"][0]) if first["loc"] else next((k for k in values if k in first["msg"].split()), "")
        place = line_of(path, table, str(values.get("id", "")), key, number)
        raise PaperError(f"{path.name}{place}: {name}{_slip(kind, first, [str(e['type']) for e in same])}") from None


def _slip(kind: type[BaseModel], first: Mapping[str, Any], types: list[str]) -> str:
    """What is wrong with a key, in our words."""
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        inner = Sampling if first["loc"][0] == "sampling" and len(first["loc"]) > 1 else kind
        near = difflib.get_close_matches(str(first["loc"][-1]), inner.model_fields, n=1)
        hint = f". Did you mean {near[0]}?" if near else ""
        return f" has unknown key {where!r}; known: {', '.join(inner.model_fields)}{hint}"
    if first["type"] == "missing":
        return f" has no {where}, and needs one"
    if first["type"] == "string_too_short":
        return f": {where} must not be blank"
    if first["type"] == "value_error":
        return f": {first['msg'].removeprefix('Value error, ')}"
    if first["type"] == "literal_error":
        return f": {where} must be {first['ctx']['expected']}, got {first['input']!r}"
    wanted = dict.fromkeys(_WANTED[t.partition("_")[0]] for t in types if t.partition("_")[0] in _WANTED)
    told = " or ".join(wanted) or str(first["msg"])
    return f": {first['loc'][0]} must be {told}, got {first['input']!r}"
