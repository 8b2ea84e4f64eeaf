"""Letters that no installed font has: which script they are of, and what to install. No matplotlib here."""

from __future__ import annotations

import unicodedata
import warnings

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


def missing_scripts(letters: str) -> dict[str, tuple[str, str]]:
    """Script -> (font to install, its letters among those that no font has)."""
    found: dict[str, tuple[str, str]] = {}
    for letter in dict.fromkeys(letters):
        if unicodedata.category(letter).startswith("C"):
            continue
        script, font = _script(letter)
        found[script] = font, found.get(script, (font, ""))[1] + letter
    return found


def _script(letter: str) -> tuple[str, str]:
    word = unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]
    name = word.capitalize()
    return SCRIPTS.get(word, (name, f"Noto Sans {name} (Debian: fonts-noto-core)"))


def warn_of_missing(without: str, text: str) -> None:
    """A `DataWarning` for each script of the letters `without` a font, which `text` would show as empty boxes."""
    for script, (font, letters) in missing_scripts(without).items():
        warnings.warn(
            f"{NO_FONT} the {script} letters {letters!r} of {text!r}: they are drawn as empty boxes; install {font} "
            f"and draw again (if it is installed already, {_refresh()})",
            DataWarning,
            stacklevel=2,
        )


def _refresh() -> str:
    """matplotlib lists the fonts once and does not see those installed later."""
    from matplotlib import get_cachedir

    return f"delete matplotlib's list of fonts, fontlist-*.json in {get_cachedir()}, and start Python again"
