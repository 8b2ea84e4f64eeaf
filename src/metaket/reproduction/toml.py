"""paper.toml as a text: read it, and find the line that a message is about."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from metaket.errors import PaperError

__all__ = ["line_of", "read_toml", "tables_of"]

KINDS = ("paper", "source", "analysis", "claim", "bound", "course")
HEADER = re.compile(r"\s*\[\[?\s*([\w-]+)\s*\]\]?\s*(#.*)?$")


def read_toml(path: Path) -> dict[str, Any]:
    """The parsed file.

    Raises
    ------
    PaperError
        It is not UTF-8, not TOML, has an unknown table or none called [paper]; the message names the line.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise PaperError(f"{path.name}: {error}") from None
    except UnicodeDecodeError:
        raise PaperError(f"{path.name} is not UTF-8 text") from None
    unknown = sorted(raw.keys() - set(KINDS))
    if unknown:
        raise PaperError(f"{path.name}{line_of(path, unknown[0])}: unknown table [{unknown[0]}]")
    if "paper" not in raw:
        raise PaperError(f"{path.name} has no table [paper]")
    return raw


def tables_of(raw: dict[str, Any], kind: str, path: Path) -> list[dict[str, Any]]:
    """The tables [[kind]], or an error where the file has something else under that name."""
    found = raw.get(kind, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        place = line_of(path, kind)
        raise PaperError(f"{path.name}{place}: {kind} must be tables with two brackets, [[{kind}]]")
    return [dict(item) for item in found]


def line_of(path: Path, kind: str, identity: str = "", key: str = "") -> str:
    """` line N` for messages: of a key, else of the id, else of the header of a table; empty if it is not found.

    Parameters
    ----------
    path : Path
    kind : str
        Name of the table.
    identity : str
        Its id, where there are several; the last table with this id is meant.
    key : str
        A key of it.
    """
    if not path.is_file():
        return ""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    own = re.compile(rf"\s*id\s*=\s*([\"']){re.escape(identity)}\1")
    found = 0
    for start, stop in _blocks(lines, kind):
        block = range(start, stop)
        named = next((n for n in block if own.match(lines[n])), None)
        if identity and named is None:
            continue
        keyed = next((n for n in block if key and re.match(rf"\s*{re.escape(key)}\s*=", lines[n])), None)
        found = (keyed if keyed is not None else named if named is not None else start) + 1
    return f" line {found}" if found else ""


def _blocks(lines: list[str], kind: str) -> list[tuple[int, int]]:
    """Ranges of lines of the tables called `kind`, headers included."""
    heads = [(n, match[1]) for n, line in enumerate(lines) if (match := HEADER.match(line))]
    ends = [n for n, _ in heads[1:]] + [len(lines)]
    found = [(n, end) for (n, name), end in zip(heads, ends, strict=True) if name == kind]
    bare = [(n, n + 1) for n, line in enumerate(lines) if re.match(rf"\s*{re.escape(kind)}\s*=", line)]
    return found or bare
