"""datapackage.json: the digests of a folder's files, and the schema of its tables.

Frictionless Data Package 1.0 (specs.frictionlessdata.io): of the table schema, types, `required`, `unique`, `enum`,
`pattern`, `minimum` and `maximum`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaket.errors import PaperError
from metaket.tables import read_table

__all__ = ["PACKAGE", "file_of", "hash_of", "read_package", "resources_of", "schema_errors", "update_hashes"]

PACKAGE = "datapackage.json"


def read_package(folder: Path) -> dict[str, Any]:
    """The parsed file, or an error that names it."""
    try:
        package = json.loads((folder / PACKAGE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PaperError(f"{folder} has no {PACKAGE}") from None
    except UnicodeDecodeError:
        raise PaperError(f"{PACKAGE} is not UTF-8 text") from None
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
        raise PaperError(f"{PACKAGE}: path {name!r} leaves the folder")
    return target


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
    schema = item.get("schema")
    fields = schema.get("fields", []) if isinstance(schema, dict) else []
    file = file_of(folder, item["path"])
    if not fields or file.suffix != ".csv" or not file.is_file():
        return
    table = read_table(file)
    for field in fields:
        name = str(field.get("name", ""))
        if name not in table.columns:
            yield item["path"], f"the schema has a column {name!r} that the table lacks"
            continue
        for number, message in _cells(table[name].items(), name, field):
            study = str(table["study"].loc[number]) if "study" in table.columns else ""
            yield f"{item['path']} row {number}" + (f" ({study})" if study else ""), message


def _cells(cells: Any, name: str, field: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    rules = field.get("constraints", {})
    seen: set[str] = set()
    for number, cell in cells:
        text = str(cell)
        if not text:
            if rules.get("required"):
                yield number, f"{name} is blank, and the schema requires it"
            continue
        fault = _fault(text, str(field.get("type", "string")), rules)
        if not fault and rules.get("unique") and text in seen:
            fault = "stands twice, and the schema wants it once"
        seen.add(text)
        if fault:
            yield number, f"{name} is {text!r}: {fault}"


def _fault(text: str, kind: str, rules: dict[str, Any]) -> str:
    """What is wrong with a filled-in cell; empty if nothing is."""
    if kind in ("integer", "number"):
        try:
            value = float(text.replace("\N{MINUS SIGN}", "-"))
        except ValueError:
            return f"no {kind}"
        if kind == "integer" and value != int(value):
            return "no integer"
        if value < rules.get("minimum", value) or value > rules.get("maximum", value):
            return f"outside {rules.get('minimum', '-inf')} to {rules.get('maximum', 'inf')}"
    if "enum" in rules and text not in map(str, rules["enum"]):
        return f"not one of {', '.join(map(str, rules['enum']))}"
    if "pattern" in rules and not re.fullmatch(rules["pattern"], text):
        return f"not of the form {rules['pattern']}"
    return ""
