"""Tables for a terminal: columns lined up, long cells wrapped to the width, wide characters counted as two."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["cell_width", "plain", "plain_table", "wrap_cell"]

GAP = 2
WHOLE_WORD = 26  # longer words may be broken even where there is room in other columns
NARROWEST = 9  # characters below which a wrapped column cannot be read


def plain(text: object) -> str:
    """Our own signs in ASCII: a terminal or a log may have nothing else."""
    out = re.sub(r"\N{MINUS SIGN}(?=[\d∞])", "-", str(text))
    return out.replace("τ²", "tau2").replace("I²", "I2").replace("H²", "H2").replace("∞", "inf")


def cell_width(text: str) -> int:
    """Columns that a line takes on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F") else 1 for c in text
    )


def wrap_cell(text: str, room: int) -> list[str]:
    """Lines of at most `room` columns, broken between words, or within a word that is too long alone."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            trial = f"{line} {word}" if line else word
            if cell_width(trial) <= room:
                line = trial
                continue
            if line:
                lines.append(line)
            line = word
            while cell_width(line) > room and len(line) > 1:
                cut = _fitting(line, room)
                lines.append(line[:cut])
                line = line[cut:]
        lines.append(line)
    return lines


def _fitting(word: str, room: int) -> int:
    used = 0
    for i, c in enumerate(word):
        used += cell_width(c)
        if used > room:
            return max(1, i)
    return len(word)


def _widths(columns: Sequence[Sequence[str]], width: int | None) -> list[int]:
    """Natural widths, or narrower ones that fit: the widest columns give way first, down to their longest word."""
    natural = [max((cell_width(line) for cell in column for line in cell.split("\n")), default=0) for column in columns]
    if width is None:
        return natural
    room = width - GAP * (len(natural) - 1)
    longest = [max((cell_width(word) for cell in column for word in cell.split()), default=0) for column in columns]
    floors = [min(n, max(NARROWEST, min(word, WHOLE_WORD))) for n, word in zip(natural, longest, strict=True)]
    out = list(natural)
    for lowest in (floors, [min(n, NARROWEST) for n in natural]):
        while sum(out) > room:
            spare = [i for i in range(len(out)) if out[i] > lowest[i]]
            if not spare:
                break
            out[max(spare, key=lambda i: out[i])] -= 1
    return out


def plain_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[Any]],
    sides: Sequence[str],
    sections: Mapping[int, str],
    caption: str,
    width: int | None,
) -> str:
    """The text rendering of a `Table`."""
    heads = [plain(h) for h in headers]
    body = [[plain(cell) for cell in row] for row in rows]
    widths = _widths([[head, *(row[i] for row in body)] for i, head in enumerate(heads)], width)
    lines = wrap_cell(plain(caption), width or 10_000) if caption else []
    lines += _row(heads, widths, ["left"] * len(heads))
    lines.append(_join(["-" * w for w in widths]))
    for number, row in enumerate(body):
        if number in sections:
            lines += wrap_cell(plain(sections[number]), width or 10_000)
        lines += _row(row, widths, sides)
    return "\n".join(lines)


def _row(cells: Sequence[str], widths: Sequence[int], sides: Sequence[str]) -> list[str]:
    parts = [wrap_cell(cell, max(1, room)) for cell, room in zip(cells, widths, strict=True)]
    height = max(len(p) for p in parts)
    out = []
    for i in range(height):
        texts = [p[i] if i < len(p) else "" for p in parts]
        out.append(_join([_pad(t, w, s) for t, w, s in zip(texts, widths, sides, strict=True)]))
    return out


def _pad(text: str, width: int, side: str) -> str:
    space = " " * max(0, width - cell_width(text))
    return space + text if side == "right" else text + space


def _join(parts: Sequence[str]) -> str:
    return (" " * GAP).join(parts).rstrip()
