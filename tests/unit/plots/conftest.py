"""Inputs that the figures are drawn from, and a ruler for the text that they draw."""

from __future__ import annotations

import json
import string
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from tests.image_references import assert_image

import metaket as mk
from metaket.measures.compute import generic
from metaket.measures.registry import MEASURES, Scale, scale_of
from metaket.pooling.result import PooledResult
from metaket.reproduction.compare import Comparison

DATASETS = Path(__file__).parents[3] / "validation" / "metafor" / "reference" / "datasets.json"
SLACK = 0.5  # points by which measured boxes may touch: glyph boxes are rounded to pixels


@dataclass(frozen=True)
class Point:
    """A time point as `metaket.timecourse.TimePoint` offers it."""

    time_h: float
    label: str
    results: tuple[tuple[str, PooledResult], ...]
    n: int = 100
    gap: str = ""

    @property
    def k(self) -> int:
        return self.results[0][1].k if self.results else 0


@dataclass(frozen=True)
class Course:
    """A time course as `metaket.timecourse.TimeCourse` offers it."""

    title: str
    measure: str
    points: tuple[Point, ...]
    complete: tuple[Point, ...] = ()

    @property
    def label(self) -> str:
        return MEASURES[self.measure].label

    @property
    def scale(self) -> Scale:
        return scale_of(self.measure)


@dataclass(frozen=True)
class Curve:
    """A specification curve as `metaket.reproduction.specification.SpecificationCurve` offers it."""

    title: str
    rows: pd.DataFrame
    choices: tuple[str, ...]
    null: float = 1.0
    log_axis: bool = True
    axis_label: str = "Risk ratio"
    failed: tuple[str, ...] = ()


def words(rng: np.random.Generator, length: int, letters: str = string.ascii_letters) -> str:
    """Text of exactly `length` characters with words of 1 to 14 letters."""
    text = ""
    while len(text) < length:
        text += "".join(rng.choice(list(letters), int(rng.integers(1, 15)))) + " "
    return text[: length - 1] + letters[0]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture(scope="session")
def bcg() -> PooledResult:
    """Colditz 1994, the 13 trials, pooled as in the textbooks: log risk ratios, DerSimonian-Laird."""
    data = {d["id"]: d for d in json.loads(DATASETS.read_text(encoding="utf-8"))}["dat.bcg"]
    return mk.pool(mk.effect_sizes(pd.DataFrame(data["columns"]), "RR"), tau2="DL")


@pytest.fixture
def han() -> mk.EffectSizes:
    """Response at 24 h in Han 2016: two complete rows, the second a crossover trial, and two that lack cells."""
    rows = pd.DataFrame(
        {
            "study": ["Murrough 2013", "Lapidus 2014", "Sos 2013", "Hu 2016"],
            "events_t": [30, 8, None, None],
            "n_t": [47, 18, 27, None],
            "events_c": [7, 1, None, None],
            "n_c": [25, 18, 27, 13],
            "design": ["parallel", "crossover", "parallel", "parallel"],
        }
    )
    return mk.effect_sizes(rows, "RR")


@pytest.fixture
def make_result(rng: np.random.Generator) -> Callable[..., PooledResult]:
    """Studies with effects over six orders of magnitude, on a ratio or a plain scale, and names of a given length."""

    def make(k: int, length: int = 20, measure: str = "RR", letters: str = string.ascii_letters) -> PooledResult:
        if measure == "RR":
            y = rng.uniform(np.log(1e-3), np.log(1e3), k)
            v = 10.0 ** rng.uniform(-3, 1, k)
        else:
            size = 10.0 ** rng.uniform(-3, 3, k)
            y, v = size * rng.choice([-1.0, 1.0], k), (size * 10.0 ** rng.uniform(-1, 0.3, k)) ** 2
        names = [words(rng, length, letters) for _ in range(k)]
        return mk.pool(generic(y, v, study=names, measure=measure), tau2="DL")

    return make


@pytest.fixture
def make_course(make_result: Callable[..., PooledResult], rng: np.random.Generator) -> Callable[..., Course]:
    """A course of `times` points: some empty, some with both ends of a range, with text of a given length."""

    def make(times: int, length: int = 20, measure: str = "RR", complete: bool = True) -> Course:
        points, full = [], []
        for i in range(times):
            ends = [(words(rng, length), make_result(3, 5, measure)) for _ in range(1 + (i % 3 == 1))]
            empty = i % 4 == 3
            hours = 2.0 * 3.0**i
            label = words(rng, min(length, 20))
            gap = words(rng, 3 * length) if empty else ""
            points.append(Point(hours, label, () if empty else tuple(ends), 10**i, gap))
            full.append(Point(hours, label, () if empty else (("", make_result(2, 5, measure)),), 50, gap))
        return Course(words(rng, length), measure, tuple(points), tuple(full) if complete else ())

    return make


@pytest.fixture
def make_curve(rng: np.random.Generator) -> Callable[..., Curve]:
    """`size` specifications of each measure, with options of a given length."""

    def make(size: int, length: int = 12, families: tuple[str, ...] = ("RR",)) -> Curve:
        options = {f"choice {c} " + words(rng, length): [words(rng, length) for _ in range(c + 1)] for c in range(3)}
        rows = []
        for family in families:
            for i in range(size):
                middle, half = rng.normal(0.7, 0.4), 10.0 ** rng.uniform(-1, 0.5)
                ends = (middle, middle - half, middle + half)
                shown = ends if family == "RD" else tuple(np.exp(ends))
                row: dict[str, Any] = dict(zip(("estimate", "ci_low", "ci_high"), shown, strict=True))
                row |= {"k": 5, "n": 100, "family": family, "decision": ends[1] > 0, "default": i == 0}
                rows.append(row | {name: str(rng.choice(values)) for name, values in options.items()})
        return Curve(words(rng, length), pd.DataFrame(rows), tuple(options))

    return make


@pytest.fixture
def make_claims(rng: np.random.Generator) -> Callable[..., list[Comparison]]:
    """Claims of every kind and verdict, with text of a given length."""
    verdicts = ("exact", "input-rounding", "near", "differs", "decision differs", "not computable")

    def make(count: int, length: int = 20) -> list[Comparison]:
        claims = []
        for i in range(count):
            verdict = verdicts[i % len(verdicts)]
            name, by, where, printed, basis = (words(rng, length) for _ in range(5))
            cause = words(rng, 3 * length)
            claim = Comparison(name, by, where, printed, "", "", verdict, cause=cause, basis=basis)
            if i % 3 == 2:
                claims.append(replace(claim, words=words(rng, 2 * length)))
                continue
            value = float(10.0 ** rng.uniform(-3, 3)) if i % 3 else float(rng.uniform(0, 100))
            ours = None if verdict == "not computable" else value * 1.02
            claims.append(
                replace(
                    claim,
                    printed=f"{value:.2f}",
                    printed_low=value - 0.005,
                    printed_high=value + 0.005,
                    recomputed=ours,
                    unit="" if i % 3 else "%",
                )
            )
        return claims

    return make


@dataclass(frozen=True)
class Ruler:
    """Boxes of all drawn text, in points."""

    names: list[str]
    boxes: np.ndarray[Any, np.dtype[np.float64]]
    frame: tuple[float, float, float, float]
    panels: np.ndarray[Any, np.dtype[np.float64]]
    on_page: np.ndarray[Any, np.dtype[np.bool_]]

    @classmethod
    def of(cls, ax: Axes, frame: Axes | None = None) -> Ruler:
        figure = ax.get_figure(root=True)
        assert isinstance(figure, Figure)
        figure.draw_without_rendering()
        scale = 72.0 / figure.dpi
        whole = np.asarray((figure.bbox if frame is None else frame.get_window_extent()).extents) * scale
        texts = [(t, t.axes is ax) for t in _texts(ax)]
        boxes = np.array([t.get_window_extent().extents for t, _ in texts]) * scale
        panels = np.array([p.get_window_extent().extents for p in ax.child_axes]).reshape(-1, 4) * scale
        on_page = np.array([on for _, on in texts])
        return cls([t.get_text() for t, _ in texts], boxes, (whole[0], whole[1], whole[2], whole[3]), panels, on_page)

    @property
    def cut(self) -> list[str]:
        """Texts that stick out of the frame."""
        x0, y0, x1, y1 = self.frame
        b = self.boxes
        out = (b[:, 0] < x0 - SLACK) | (b[:, 1] < y0 - SLACK) | (b[:, 2] > x1 + SLACK) | (b[:, 3] > y1 + SLACK)
        return [self.names[i] for i in np.flatnonzero(out)]

    @property
    def overlapping(self) -> list[tuple[str, str]]:
        """Pairs of texts whose boxes overlap."""
        first, second = np.nonzero(np.triu(_overlap(self.boxes, self.boxes), 1))
        return [(self.names[i], self.names[j]) for i, j in zip(first, second, strict=True)]

    @property
    def on_panels(self) -> list[str]:
        """Texts of the page that run into a panel of data."""
        if not len(self.panels):
            return []
        hit = _overlap(self.boxes, self.panels).any(axis=1) & self.on_page
        return [self.names[i] for i in np.flatnonzero(hit)]


def _overlap(a: Any, b: Any) -> Any:
    width = np.minimum(a[:, None, 2], b[None, :, 2]) - np.maximum(a[:, None, 0], b[None, :, 0])
    height = np.minimum(a[:, None, 3], b[None, :, 3]) - np.maximum(a[:, None, 1], b[None, :, 1])
    return (width > SLACK) & (height > SLACK)


def _texts(ax: Axes) -> Iterator[Any]:
    for axes in (ax, *ax.child_axes):
        yield from (t for t in axes.texts if t.get_visible() and t.get_text())


@pytest.fixture
def markers() -> Callable[[Axes], list[Any]]:
    """The scatter artists of an Axes that show something, in the order in which they were drawn."""

    def find(axes: Axes) -> list[Any]:
        return [c for c in axes.collections if isinstance(c, PathCollection) and len(c.get_offsets())]  # type: ignore[arg-type]

    return find


@pytest.fixture
def assert_clean() -> Callable[..., Ruler]:
    """Fails when text is cut off, overlaps other text, or runs into a panel."""

    def check(ax: Axes, frame: Axes | None = None) -> Ruler:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph ")  # no font for the script on this machine: boxes
            ruler = Ruler.of(ax, frame)
        assert len(ruler.names) > 3
        assert ruler.cut == []
        assert ruler.overlapping == []
        assert ruler.on_panels == []
        return ruler

    return check


@pytest.fixture
def looks_like(tmp_path: Path) -> Callable[[Any, str], None]:
    """Compares a drawn figure with the reference ``tests/images/<name>.png``; see `tests/image_references.py`."""
    return lambda target, name: assert_image(target, name, tmp_path)
