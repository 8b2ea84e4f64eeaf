"""Figures look as they did when a person last looked at them; and the comparison sees what changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.image_references import assert_image

import metaket as mk
from metaket.plots import forest

Look = Callable[[Any, str], None]


def test_forest(bcg: Any, looks_like: Look) -> None:
    looks_like(forest(bcg, title="BCG", favours=("vaccine", "none")), "forest-bcg")


def test_forest_of_one(han: Any, looks_like: Look) -> None:
    looks_like(forest(mk.pool(han.take([0]), tau2="DL")), "forest-one-study")


def test_missing_reference_is_a_failure(bcg: Any, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"no reference image no-such-figure\.png: look at"):
        assert_image(forest(bcg), "no-such-figure", tmp_path)


def test_comparison_sees_a_moved_label_and_another_size(bcg: Any, tmp_path: Path) -> None:
    ax = forest(bcg, title="BCG", favours=("vaccine", "none"))
    label = next(t for t in ax.texts if t.get_text().startswith("Hart"))
    label.set_x(label.get_position()[0] + 4.0)
    with pytest.raises(AssertionError, match="of the pixels of forest-bcg"):
        assert_image(ax, "forest-bcg", tmp_path)
    with pytest.raises(AssertionError, match="pixels, now"):
        assert_image(forest(bcg), "forest-bcg", tmp_path)
