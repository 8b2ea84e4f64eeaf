"""Comparison of a drawn figure with a reference PNG that a person has looked at. References are never made here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.image import imread

from metaket.plots import save

REFERENCES = Path(__file__).parent / "images"
DPI = 72.0
# Edges are smoothed a little differently on other processors; a colour that is off by this much is another colour.
LEVELS = 48 / 255
# Share of pixels that may differ: a label of five letters that moves by a line is about 100 pixels of 200 000.
PIXELS = 2e-4


def assert_image(target: Any, name: str, folder: Path) -> None:
    """The figure of `target` (Axes or Figure) looks like ``tests/images/<name>.png``; `folder` gets the new image."""
    drawn = save(target, folder / name, ("png",), dpi=DPI)[0]
    reference = REFERENCES / f"{name}.png"
    advice = f"look at {drawn}; if it is right: cp {drawn} {reference}"
    assert reference.exists(), f"no reference image {name}.png: {advice}"
    have, want = imread(drawn)[..., :3], imread(reference)[..., :3]
    assert have.shape == want.shape, f"{name}.png is {want.shape[1::-1]} pixels, now {have.shape[1::-1]}: {advice}"
    share = float((np.abs(have - want).max(axis=-1) > LEVELS).mean())
    assert share <= PIXELS, f"{share:.2%} of the pixels of {name}.png differ: {advice}"
