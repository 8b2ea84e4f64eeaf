"""Letters that no installed font has: which script they are of, and what to install. No matplotlib here."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Set

from metaket.errors import DataWarning

__all__ = ["NO_FONT", "missing_scripts", "warn_of_missing"]

NO_FONT = "no installed font has"  # how the warning starts
CJK = "Noto Sans CJK (Debian: fonts-noto-cjk)"
# The first word of a letter's Unicode name -> the script's name, and a free font that has it.
SCRIPTS = {
    "CJK": ("Chinese, Japanese or Korean", CJK),
    "IDEOGRAPHIC": ("Chinese, Japanese or Korean", CJK),
    "HIRAGANA": ("Chinese, Japanese or Korean", CJK),
    "KATAKANA": ("Chinese, Japanese or Korean", CJK),
    "HANGUL": ("Chinese, Japanese or Korean", CJK),
    "FULLWIDTH": ("Chinese, Japanese or Korean", CJK),
}


def missing_scripts(text: str, known: Set[int]) -> dict[str, tuple[str, str]]:
    """Script -> (font to install, the letters of `text` that no font in `known` has)."""
    found: dict[str, tuple[str, str]] = {}
    for letter in dict.fromkeys(text):
        if ord(letter) in known or unicodedata.category(letter).startswith("C"):
            continue
        script, font = _script(letter)
        letters = found.get(script, (font, ""))[1]
        found[script] = font, letters + letter
    return found


def _script(letter: str) -> tuple[str, str]:
    word = unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]
    name = word.capitalize()
    return SCRIPTS.get(word, (name, f"Noto Sans {name} (Debian: fonts-noto-core)"))


def warn_of_missing(text: str, known: Set[int]) -> None:
    """A `DataWarning` for each script of the text that would be drawn as empty boxes."""
    for script, (font, letters) in missing_scripts(text, known).items():
        warnings.warn(
            f"{NO_FONT} the {script} letters {letters!r} of {text!r}: they are drawn as empty boxes; "
            f"install {font} and draw again",
            DataWarning,
            stacklevel=2,
        )
