"""Settings that print the same figures, written as few classes: "DL or PM, z, exact or 1.96"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaket._checks import Array
from metaket.reproduction.explain_figures import Figure
from metaket.reproduction.explain_fit import AXES
from metaket.reproduction.explain_plan import PARTS, TAU2, Plan
from metaket.reproduction.explain_search import Distances, axis_of

__all__ = ["Miss", "Near", "SettingClass", "cover", "joint_weight", "matching_classes", "nearest_settings"]

# merged in this order: what matters least to a reader first
MERGE = (
    "quantile", "prediction", "i2", "tau2", "test", "j", "vtype", "zero_cells", "double_zero", "model", "measure",
)  # fmt: skip
SHOWN = {
    "zero_cells": "zero cells: {}",
    "double_zero": "both arms empty: {}",
    "vtype": "variance {}",
    "j": "J {}",
    "test": "test {}",
    "i2": "I2 from {}",
    "prediction": "prediction {}",
    "quantile": "quantile {}",
}
NEAREST = 5
UNCHANGED = "as they are"
SAME = 1  # decimals of the summed distance: settings closer to each other than this are one class
NOT_THERE = 1e6  # units of distance of a figure that the settings do not give


@dataclass(frozen=True, slots=True)
class SettingClass:
    """Settings that print the same figures: every combination of the options of each part.

    Attributes
    ----------
    options : mapping of part to tuple of str
        A part that makes no difference to these data or figures is not in it.
    stated : bool
        Whether they agree with what the paper states.
    probability : float
        Of the class among the settings that agree with what is stated, before the figures are looked at.
    """

    options: Mapping[str, tuple[str, ...]]
    stated: bool
    probability: float = 0.0

    @property
    def size(self) -> int:
        """Number of settings."""
        return int(np.prod([len(o) for o in self.options.values()]))

    def __contains__(self, setting: object) -> bool:
        """Whether a setting (part -> option) belongs to the class; parts that make no difference are free."""
        if not isinstance(setting, Mapping):
            return False
        unchanged = ("only0", "if0all", "none")  # what rules come to where no cell is empty
        free = {"zero_cells": UNCHANGED} if setting.get("zero_cells") in unchanged else {}
        return all(
            setting.get(part, options[0]) in options or free.get(part) in options
            for part, options in self.options.items()
        )

    def __str__(self) -> str:
        told = {part: options for part, options in self.options.items() if options != (UNCHANGED,)}
        return ", ".join(_shown(part, options) for part, options in told.items())


def _shown(part: str, options: tuple[str, ...]) -> str:
    """The options of a part for people."""
    if part == "tau2" and set(options) == set(TAU2):
        return "any estimator of tau2"
    return SHOWN.get(part, "{}").format(" or ".join(options))


@dataclass(frozen=True, slots=True)
class Miss:
    """A figure that a setting does not give.

    Attributes
    ----------
    place : int
        Among the figures.
    label : str
    printed : str
    value : float
        What the setting gives, on the printed scale.
    reading : str
        The misprint or rounding that would explain it, empty if none would.
    """

    place: int
    label: str
    printed: str
    value: float
    reading: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """Settings that match some of the figures.

    Attributes
    ----------
    settings : SettingClass
    matched : int
    distance : float
        Sum over the figures, in units of the last printed decimal.
    off : tuple of Miss
    """

    settings: SettingClass
    matched: int
    distance: float
    off: tuple[Miss, ...]


def _grid(plan: Plan, figures: Sequence[Figure], need: Array) -> list[tuple[dict[str, str], bool, float]]:
    """The settings where `need` (axes..., methods, variants) holds, as (parts, agrees, probability)."""
    axes = _axes(figures)
    rules = any(v.zero_cells for v in plan.variants)
    out = []
    for at in np.argwhere(need):
        *options, m, v = (int(i) for i in at)
        weight = float(plan.weight[v, m])
        parts = {p: getattr(plan.variants[v], p) for p in PARTS if hasattr(plan.variants[v], p)}
        parts |= {p: getattr(plan.methods[m], p) for p in ("model", "tau2", "test")}
        parts["zero_cells"] = parts["zero_cells"] or (UNCHANGED if rules else "")
        for axis, option in zip(axes, options, strict=True):
            parts[axis] = AXES[axis][option]
            weight *= float(plan.axes[axis][option])
        out.append(({p: o for p, o in parts.items() if o}, weight > 0, weight))
    return out


def _axes(figures: Sequence[Figure]) -> list[str]:
    used = {axis_of(f) for f in figures}
    return [axis for axis in AXES if axis in used]


def _full(array: Array, figure: Figure, axes: Sequence[str]) -> Array:
    """(options, methods, variants) -> one axis for each of `axes`, then methods and variants."""
    own = axis_of(figure)
    shape = [len(AXES[a]) if a == own else 1 for a in axes]
    return array.reshape(*shape, *array.shape[1:])


def totals(table: Distances, plan: Plan, figures: Sequence[Figure]) -> tuple[Array, Array]:
    """Figures matched and summed distance of each setting: shape (axes..., methods, variants)."""
    axes = _axes(figures)
    shape = (*(len(AXES[a]) for a in axes), *plan.possible.T.shape)
    matched, far, possible = np.zeros(shape), np.zeros(shape), plan.possible.T
    for gap, figure in zip(table.gaps, figures, strict=True):
        full = _full(gap, figure, axes)
        matched = matched + (full == 0)
        far = far + np.minimum(full, NOT_THERE)
        possible = possible & (np.isfinite(full) | ~np.isfinite(gap).any(axis=0))  # 1.96 is no quantile of a t
    return np.where(possible, matched, -1.0), np.where(possible, far, np.inf)


def joint_weight(hits: Sequence[Array], plan: Plan, figures: Sequence[Figure]) -> float:
    """Probability of the settings under which every figure hits; each hit has shape (options, methods, variants)."""
    axes = _axes(figures)
    every = np.ones(1, dtype=bool)
    for hit, figure in zip(hits, figures, strict=True):
        every = every & _full(hit, figure, axes)
    share = np.broadcast_to(every, (*(len(AXES[a]) for a in axes), *plan.weight.T.shape)) * plan.weight.T
    for axis in axes:
        share = np.tensordot(plan.axes[axis], share, axes=(0, 0))
    return float(share.sum())


def matching_classes(table: Distances, plan: Plan, figures: Sequence[Figure]) -> tuple[SettingClass, ...]:
    """Every class of settings that matches all figures; those that agree with what is stated first."""
    matched, _ = totals(table, plan, figures)
    found = _grid(plan, figures, matched == len(figures))
    classes = []
    for agrees in (True, False):
        mine = [(parts, weight) for parts, ok, weight in found if ok is agrees]
        classes += [SettingClass(options, agrees, weight) for options, weight in cover(mine)]
    return tuple(sorted(classes, key=lambda c: (not c.stated, -c.probability, -c.size)))


def cover(settings: Sequence[tuple[Mapping[str, str], float]]) -> list[tuple[dict[str, tuple[str, ...]], float]]:
    """Settings as few products of options, each setting in one: merge those that differ in a single part."""
    boxes: dict[tuple[tuple[str, ...], ...], float] = {}
    for parts, weight in settings:
        boxes[tuple((parts[p],) if p in parts else () for p in PARTS)] = weight
    for part in MERGE:
        at = PARTS.index(part)
        merged: dict[tuple[Any, ...], list[tuple[tuple[str, ...], float]]] = {}
        for box, weight in boxes.items():
            merged.setdefault((*box[:at], *box[at + 1 :]), []).append((box[at], weight))
        boxes = {}
        for rest, members in merged.items():
            options = tuple(dict.fromkeys(o for own, _ in members for o in own))
            boxes[(*rest[:at], options, *rest[at:])] = sum(w for _, w in members)
    return [({p: o for p, o in zip(PARTS, box, strict=True) if o}, w) for box, w in boxes.items()]


def nearest_settings(table: Distances, plan: Plan, figures: Sequence[Figure]) -> tuple[Near, ...]:
    """The settings nearest to the print, by number of figures matched, then by distance.

    The nearest of those that agree with what is stated comes last, if it is not among the first few.
    """
    matched, far = totals(table, plan, figures)
    far = np.round(far, SAME)
    out = _nearest(table, plan, figures, (matched, far), NEAREST)
    if not any(near.settings.stated for near in out):
        told = np.broadcast_to(plan.weight.T > 0, far.shape)
        out += _nearest(table, plan, figures, (np.where(told, matched, -1.0), np.where(told, far, np.inf)), 1)
    return tuple(out)


def _nearest(
    table: Distances, plan: Plan, figures: Sequence[Figure], score: tuple[Array, Array], most: int
) -> list[Near]:
    """The first `most` classes of settings of equal score (figures matched, distance)."""
    matched, far = (a.ravel() for a in score)
    out: list[Near] = []
    seen: set[tuple[float, float]] = set()
    for flat in np.lexsort((far, -matched)):
        key = (float(matched[flat]), float(far[flat]))
        if len(out) == most or not np.isfinite(key[1]) or (out and key[0] <= 0):
            break  # what matches nothing is near to nothing
        if key not in seen:
            seen.add(key)
            found = _grid(plan, figures, (score[0] == key[0]) & (score[1] == key[1]))
            options, weight = cover([(parts, w) for parts, _, w in found])[0]
            at = np.unravel_index(int(flat), score[0].shape)
            agrees = any(ok for _, ok, _ in found)
            out.append(Near(SettingClass(options, agrees, weight), int(key[0]), key[1], _off(table, figures, at)))
    return out


def _off(table: Distances, figures: Sequence[Figure], at: tuple[Any, ...]) -> tuple[Miss, ...]:
    """The figures that a setting misses, with its values on the printed scale."""
    axes = _axes(figures)
    out = []
    for place, (gap, value, figure) in enumerate(zip(table.gaps, table.values, figures, strict=True)):
        own = axis_of(figure)
        where = (int(at[axes.index(own)]) if own else 0, *(int(i) for i in at[-2:]))
        if gap[where] != 0:
            shown = float(value[where]) * (100.0 if figure.percent else 1.0)
            out.append(Miss(place, figure.label, figure.printed.text, shown))
    return tuple(out)
