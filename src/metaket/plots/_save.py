"""Writing figures: the same bytes for the same figure, text kept as text, alt text in the file."""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaket._checks import check_choice
from metaket.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

__all__ = ["FORMATS", "alt_text", "describe", "save"]

FORMATS = ("svg", "pdf", "png")
RC = {"svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "metaket", "svg.id": None, "path.simplify": True,
      "agg.path.chunksize": 0, "pdf.compression": 6, "pdf.use14corefonts": False,
      "svg.image_inline": True}  # fmt: skip

# Axes have no field for a description; the entry goes when its Axes goes.
_descriptions: weakref.WeakKeyDictionary[Axes, str] = weakref.WeakKeyDictionary()


def describe(ax: Axes, text: str) -> None:
    """Keep the alt text of a drawn Axes for `save` and `alt_text`."""
    _descriptions[ax] = text


def alt_text(target: Axes | Figure) -> str:
    """What the figure shows, in words, for readers who cannot see it; empty for Axes that metaket did not draw."""
    axes = getattr(target, "axes", None)
    members: Sequence[Axes] = axes if isinstance(axes, list) else [target]  # type: ignore[list-item]
    return " ".join(_descriptions[a] for a in members if a in _descriptions)


def save(
    target: Axes | Figure, path: str | os.PathLike[str], formats: Sequence[str] = FORMATS, *, dpi: float = 200.0
) -> tuple[Path, ...]:
    """Write a figure in several formats.

    Text stays text in SVG and PDF, no date is written, and the same figure gives the same bytes. The alt text is in
    the metadata of each file. What sticks out of the figure (a title set by hand) widens the page instead of being
    cut. Each file is written whole or not at all.

    Parameters
    ----------
    target : Axes or Figure
    path : path-like
        Without suffix: ``fig/forest`` gives ``fig/forest.svg``, ``.pdf`` and ``.png``. Folders are made.
    formats : sequence of {"svg", "pdf", "png"}
    dpi : float
        Dots per inch of the PNG, above 0.

    Returns
    -------
    tuple of Path
        The files, in the order of `formats`.

    Raises
    ------
    UnknownChoiceError
        A format that is not one of the three.
    InputError
        `dpi` is not above 0, or `formats` is empty.
    """
    names = [check_choice("figure format", f, FORMATS) for f in ((formats,) if isinstance(formats, str) else formats)]
    if not names:
        raise InputError(f"formats is empty: choose from {', '.join(FORMATS)}")
    if not dpi > 0:
        raise InputError(f"dpi must be above 0, got {dpi!r}")
    figure = _root(target)
    words = alt_text(target) or alt_text(figure)
    base = Path(path)
    base.parent.mkdir(parents=True, exist_ok=True)
    return tuple(_write(figure, base.with_name(f"{base.name}.{name}"), name, words, dpi) for name in names)


def _root(target: Any) -> Figure:
    from matplotlib.figure import Figure

    figure = target if isinstance(target, Figure) else getattr(target, "get_figure", lambda **_: None)(root=True)
    if not isinstance(figure, Figure):
        raise InputError(f"save takes an Axes or a Figure, got {type(target).__name__}")
    return figure


def _write(figure: Figure, path: Path, name: str, words: str, dpi: float) -> Path:
    import matplotlib

    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with matplotlib.rc_context(RC):  # type: ignore[arg-type]
            figure.savefig(scratch, format=name, dpi=dpi, metadata=_metadata(name, words), facecolor="white",
                           edgecolor="none", transparent=False, bbox_inches=_page(figure))  # fmt: skip
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return path


def _page(figure: Figure) -> Bbox:
    """The figure's own rectangle in inches, widened where something sticks out."""
    from matplotlib.transforms import Bbox

    drawn = figure.get_tightbbox()
    whole = figure.bbox_inches
    box = Bbox.union([whole, drawn]) if drawn is not None else whole
    return box if not _same(box, whole) else Bbox(whole.get_points())


def _same(a: Bbox, b: Bbox) -> bool:
    return all(abs(x - y) < 0.005 for x, y in zip(a.extents, b.extents, strict=True))  # inches


def _metadata(name: str, words: str) -> dict[str, Any]:
    title = words.split(". ", 1)[0].rstrip(".")
    if name == "svg":
        return {"Date": None, "Title": title or None, "Description": words or None}
    if name == "pdf":
        return {"CreationDate": None, "ModDate": None, "Title": title or None, "Subject": words or None}
    return {"Software": None} | ({"Title": title, "Description": words} if words else {})
