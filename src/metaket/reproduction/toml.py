"""paper.toml as a text: read it, and find the line that a message is about."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from metaket.errors import PaperError
from metaket.tables import read_text

__all__ = ["line_about", "line_of", "read_toml", "tables_of"]

KINDS = ("paper", "source", "analysis", "claim", "bound", "course")
HEADER = re.compile(r"\s*\[\[?\s*([\w-]+)\s*\]\]?\s*(#.*)?$")
_AT = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.S)
# what the parser says -> what the slip behind it usually is
_SLIPS = {
    "Invalid value": "a text stands in quotes, a list in [ ], a table in { }",
    "Cannot overwrite a value": "a key stands twice",
    "Illegal character '\\n'": "a quote is not closed",
    "Expected '=' after a key": "a line is key = value",
    "Expected newline or end of document": "a quote, bracket or # is missing",
}


def read_toml(path: Path) -> dict[str, Any]:
    """The parsed file.

    Raises
    ------
    PaperError
        It is not UTF-8, not TOML, has an unknown table or none called [paper]; the message names the line.
    """
    text = read_text(path, PaperError, "save it as UTF-8")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PaperError(f"{path.name} {_parser_says(str(error), text)}") from None
    unknown = sorted(raw.keys() - set(KINDS))
    if unknown:
        known = ", ".join(KINDS)
        raise PaperError(f"{path.name}{line_of(path, unknown[0])}: unknown table [{unknown[0]}]; known: {known}")
    if "paper" not in raw:
        raise PaperError(f"{path.name} {'has no table [paper]' if text.strip() else 'is empty'}")
    return raw


def _parser_says(message: str, text: str) -> str:
    """`line N: ...` of an error of the TOML parser, with the slip that usually is behind it."""
    found = _AT.fullmatch(message)
    if not found:
        return f"is not TOML: {message}"
    line = found[2] or max(1, len(text.splitlines()))
    slip = next((f"; {hint}" for start, hint in _SLIPS.items() if found[1].startswith(start)), "")
    return f"line {line}: not TOML: {found[1]}{slip}"


def tables_of(raw: dict[str, Any], kind: str, path: Path) -> list[dict[str, Any]]:
    """The tables [[kind]], or an error where the file has something else under that name."""
    found = raw.get(kind, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        place = line_of(path, kind)
        raise PaperError(f"{path.name}{place}: {kind} must be tables with two brackets, [[{kind}]]")
    return [dict(item) for item in found]


def line_of(path: Path, kind: str, identity: str = "", key: str = "", number: int | None = None) -> str:
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
    number : int, optional
        Which of the tables is meant, counted from 0, where their ids do not tell.
    """
    lines, block, named = _block(path, kind, identity, number)
    if not block:
        return ""
    keyed = next((n for n in block if key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", lines[n])), None)
    return f" line {1 + next(n for n in (keyed, named, block[0]) if n is not None)}"


def line_about(path: Path, kind: str, identity: str, message: str, key: str = "") -> str:
    """` line N` of what a message quotes from a table, such as 'REM'; else of the key, or of the id."""
    lines, block, named = _block(path, kind, identity, None)
    for quoted in re.findall(r"'([^']+)'|\"([^\"]+)\"", message):
        part = quoted[0] or quoted[1]
        whole = re.compile(rf"(?<![\w.-]){re.escape(part)}(?![\w-])")
        for n in block:
            if n != named and not HEADER.match(lines[n]) and whole.search(lines[n]):
                return f" line {n + 1}"
    return line_of(path, kind, identity, key)


def _block(path: Path, kind: str, identity: str, number: int | None) -> tuple[list[str], range, int | None]:
    """The lines of the file, the range of the lines of one table, and the line of its id."""
    if not path.is_file():
        return [], range(0), None
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    own = re.compile(rf"\s*id\s*=\s*([\"']){re.escape(identity)}\1")
    found: tuple[range, int | None] = (range(0), None)
    for place, (start, stop) in enumerate(_blocks(lines, kind)):
        block = range(start, stop)
        named = next((n for n in block if identity and own.match(lines[n])), None)
        if place == number or (number is None and (named is not None or not identity)):
            found = (block, named)
    return lines, *found


def _blocks(lines: list[str], kind: str) -> list[tuple[int, int]]:
    """Ranges of lines of the tables called `kind`, headers included."""
    heads = [(n, match[1]) for n, line in enumerate(lines) if (match := HEADER.match(line))]
    ends = [n for n, _ in heads[1:]] + [len(lines)]
    found = [(n, end) for (n, name), end in zip(heads, ends, strict=True) if name == kind]
    bare = [(n, n + 1) for n, line in enumerate(lines) if re.match(rf"\s*{re.escape(kind)}\s*=", line)]
    return found or bare
