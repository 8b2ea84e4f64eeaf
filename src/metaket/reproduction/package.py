"""datapackage.json: the digests of a folder's files, and the schema of its tables.

Frictionless Data Package 1.0 (specs.frictionlessdata.io): of the table schema, types, `required`, `unique`, `enum`,
`pattern`, `minimum` and `maximum`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from metaket.errors import PaperError
from metaket.tables import read_table, read_text

__all__ = ["PACKAGE", "file_of", "hash_of", "read_package", "resources_of", "schema_errors", "update_hashes"]

PACKAGE = "datapackage.json"


class _Constraints(BaseModel):
    """The constraints that are checked; others are allowed."""

    model_config = ConfigDict(extra="allow")
    required: bool = False
    unique: bool = False
    enum: list[str | int | float] | None = None
    pattern: re.Pattern[str] | None = None
    minimum: float | None = None
    maximum: float | None = None


class _Field(BaseModel):
    """A column of a table schema."""

    model_config = ConfigDict(extra="allow")
    name: str
    type: str = "string"
    constraints: _Constraints = Field(default_factory=_Constraints)


class _Schema(BaseModel):
    """A table schema."""

    model_config = ConfigDict(extra="allow")
    fields: list[_Field] = Field(default_factory=list)


def read_package(folder: Path) -> dict[str, Any]:
    """The parsed file, or an error that names it."""
    try:
        package = json.loads(read_text(folder / PACKAGE, PaperError, "save it as UTF-8"))
    except FileNotFoundError:
        raise PaperError(f"{folder} has no {PACKAGE}") from None
    except json.JSONDecodeError as error:
        raise PaperError(f"{PACKAGE} line {error.lineno}: {error.msg}") from None
    if not isinstance(package, dict) or not isinstance(package.get("resources"), list):
        raise PaperError(f"{PACKAGE} has no list of resources")
    return package


def resources_of(package: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources, each a table with a path."""
    for item in package["resources"]:
        if not isinstance(item, dict) or not isinstance(item.get("path"), str):
            raise PaperError(f"{PACKAGE}: a resource has no path")
    return list(package["resources"])


def file_of(folder: Path, name: str) -> Path:
    """A file of the folder; a path that leaves it is refused."""
    target = (folder / name).resolve()
    if not name or not target.is_relative_to(folder.resolve()):
        raise PaperError(f"{PACKAGE}{_line_with(folder, json.dumps(name))}: path {name!r} leaves the folder")
    return target


def _line_with(folder: Path, text: str) -> str:
    """` line N` of the first line that holds the text; empty if none does."""
    lines = (folder / PACKAGE).read_text(encoding="utf-8").splitlines()
    return next((f" line {n}" for n, line in enumerate(lines, start=1) if text in line), "")


def hash_of(file: Path) -> str:
    """SHA-256 in the form that data packages use."""
    return "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()


def update_hashes(folder: Path) -> int:
    """Record the present SHA-256 and size of each file; returns how many changed. Nothing is written on an error."""
    package = read_package(folder)
    changed = 0
    for item in resources_of(package):
        file = file_of(folder, item["path"])
        if not file.is_file():
            raise PaperError(f"{PACKAGE}: the file {item['path']!r} is not there")
        new = {"bytes": file.stat().st_size, "hash": hash_of(file)}
        changed += any(item.get(key) != value for key, value in new.items())
        item.update(new)
    (folder / PACKAGE).write_text(json.dumps(package, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return changed


def schema_errors(folder: Path, item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(where, what) of every cell of a table that breaks its schema."""
    fields = _fields(item)
    file = file_of(folder, item["path"])
    if not fields or file.suffix != ".csv" or not file.is_file():
        return
    table = read_table(file)
    for field in fields:
        if field.name not in table.columns:
            yield item["path"], f"the schema has a column {field.name!r} that the table lacks"
            continue
        for number, message in _cells(table[field.name].items(), field):
            study = str(table["study"].loc[number]) if "study" in table.columns else ""
            yield f"{item['path']} row {number}" + (f" ({study})" if study else ""), message


def _fields(item: dict[str, Any]) -> list[_Field]:
    """The columns that a resource's schema describes; a schema of another form is refused."""
    if "schema" not in item:
        return []
    try:
        return _Schema.model_validate(item["schema"]).fields
    except ValidationError as error:
        found = error.errors()[0]
        place = ".".join(str(part) for part in ("schema", *found["loc"]))
        what = str(found["msg"]).partition(" or instance of")[0]
        raise PaperError(f"{PACKAGE}: {item['path']}: {place}: {what}") from None


def _cells(cells: Any, field: _Field) -> Iterator[tuple[Any, str]]:
    seen: set[str] = set()
    for number, cell in cells:
        text = str(cell)
        if not text:
            if field.constraints.required:
                yield number, f"{field.name} is blank, and the schema requires it"
            continue
        fault = _fault(text, field)
        if not fault and field.constraints.unique and text in seen:
            fault = "stands twice, and the schema wants it once"
        seen.add(text)
        if fault:
            yield number, f"{field.name} is {text!r}: {fault}"


def _fault(text: str, field: _Field) -> str:
    """What is wrong with a filled-in cell; empty if nothing is."""
    rules = field.constraints
    if field.type in ("integer", "number"):
        try:
            value = float(text.replace("\N{MINUS SIGN}", "-"))
        except ValueError:
            return f"no {field.type}"
        if field.type == "integer" and not value.is_integer():
            return "no integer"
        low = -math.inf if rules.minimum is None else rules.minimum
        high = math.inf if rules.maximum is None else rules.maximum
        if not low <= value <= high:
            return f"outside {low:g} to {high:g}"
    if rules.enum is not None and text not in map(str, rules.enum):
        return f"not one of {', '.join(map(str, rules.enum))}"
    if rules.pattern is not None and not rules.pattern.fullmatch(text):
        return f"not of the form {rules.pattern.pattern}"
    return ""
