"""Letters without a font are named with their script and what to install; never drawn as boxes in silence."""

from __future__ import annotations

from typing import Any

import pytest

import metaket as mk
from metaket.errors import DataWarning
from metaket.plots import _canvas, forest
from metaket.plots._scripts import missing_scripts


def test_scripts_are_named_with_a_font() -> None:
    found = missing_scripts("中村नेहा")
    assert list(found) == ["Chinese, Japanese or Korean", "Devanagari"]
    assert found["Chinese, Japanese or Korean"] == ("Noto Sans CJK (Debian: fonts-noto-cjk)", "中村")
    assert found["Devanagari"][0] == "Noto Sans Devanagari (Debian: fonts-noto-core)"


def test_figure_warns_where_no_font_has_the_letters(monkeypatch: Any) -> None:
    monkeypatch.setattr(_canvas, "_fallback", tuple)  # as on a machine without such fonts
    result = mk.pool(mk.generic([0.1, 0.2], [0.1, 0.1], study=["中村 2013", "B"]), tau2="DL")
    with pytest.warns(
        DataWarning, match=r"no installed font has the Chinese, .* '中村' of '中村 2013'.*fonts-noto-cjk"
    ):
        forest(result)


def test_latin_greek_arabic_and_hebrew_come_with_matplotlib() -> None:
    result = mk.pool(mk.generic([0.1, 0.2], [0.1, 0.1], study=["Å τ محمد", "אבגד"]), tau2="DL")
    forest(result)  # warnings are errors here


def test_only_the_fonts_that_a_text_needs_are_asked_for(monkeypatch: Any) -> None:
    letters = {"East": frozenset(map(ord, "中村")), "South": frozenset(map(ord, "नेहा"))}
    monkeypatch.setattr(_canvas, "_fallback", lambda: ("East", "South"))
    monkeypatch.setattr(_canvas, "_charmap", letters.__getitem__)
    assert _canvas._homes("A 2013") == ()
    assert _canvas._homes("A 村 2013") == ("East",)
    assert _canvas._homes("हा 中") == ("South", "East")
    assert _canvas._home("𐎀", ("East", "South")) == ""
