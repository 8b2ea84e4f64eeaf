"""The grid of settings, which of it agrees with what a paper states, and how likely each setting is beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, check_choice, check_level
from metaket._registry import unknown_choice
from metaket.errors import InputError
from metaket.measures.counts import DOUBLE_ZERO, ZERO_CELLS
from metaket.measures.registry import MEASURES
from metaket.pooling.inference import PREDICTION, TESTS
from metaket.pooling.mantel_haenszel import FORMULAS
from metaket.pooling.spec import MODELS
from metaket.pooling.tau2 import ESTIMATORS
from metaket.reproduction.explain_effects import Variant, variants_of
from metaket.reproduction.explain_fit import AXES, Method
from metaket.reproduction.explain_inputs import Inputs

__all__ = ["PARTS", "TAU2", "WEIGHTS", "Plan", "check_stated", "plan_of"]

PARTS = (
    "measure", "zero_cells", "double_zero", "vtype", "j", "model", "tau2", "test", "i2", "prediction", "quantile",
)  # fmt: skip
FAMILY_OF_MODEL = {"random": ("random", "random-mh"), "common": ("common", "mh", "peto")}
# How often published meta-analyses use an option that they don't state, as odds within each part: what software
# does unless told otherwise comes first (RevMan, metan and CMA: DL, z, Q; metafor: REML; meta: both).
WEIGHTS: dict[str, dict[str, float]] = {
    "zero_cells": {"": 8, "only0": 8, "if0all": 1, "all": 1, "none": 1},
    "double_zero": {"": 1, "drop": 2, "keep": 1},
    "vtype": {"": 8, "LS": 8, "LS2": 3, "RevMan": 3, "HO": 3, "UB": 1, "AV": 1, "AVHO": 1},
    "j": {"": 1, "exact": 2, "approx": 2, "none": 1},
    "model": {"random": 6, "common": 3, "mh": 2, "random-mh": 2, "peto": 1},
    "tau2": {"": 1, "DL": 10, "REML": 4, "PM": 2},
    "test": {"z": 10, "hksj": 3, "t": 1, "hksj-adhoc": 1},
    "i2": {"Q": 3, "tau2": 1},
    "prediction": {"higgins": 2, "k-1": 1, "normal": 1},
    "quantile": {"exact": 1, "1.96": 1},
}
TAU2 = tuple(e.code for e in ESTIMATORS if e.code != "GENQ")  # GENQ needs weights that no paper prints
# common effects and RevMan 5's random effects come with the normal test; other software can pair them with any
NORMAL_ONLY, UNUSUAL = ("common", "random-mh"), 0.05
RARE = 0.5  # odds of an option without a place above


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Settings to try, with their probabilities.

    Attributes
    ----------
    variants : tuple of Variant
    methods : tuple of Method
    weight : ndarray, shape (variants, methods)
        Probability of each pair; 0 where it cannot be or does not agree with what is stated.
    possible : ndarray of bool, shape (variants, methods)
    axes : mapping of axis to ndarray, shape (options,)
        Probability of each option of I2, prediction interval and quantile.
    level : float
        Level of the pooled intervals.
    row_level : float
        Level of the intervals in the studies' rows.
    """

    variants: tuple[Variant, ...]
    methods: tuple[Method, ...]
    weight: Array
    possible: npt.NDArray[np.bool_]
    axes: Mapping[str, Array]
    level: float
    row_level: float

    def groups(self) -> dict[str, list[int]]:
        """Measure -> the places of its variants."""
        out: dict[str, list[int]] = {}
        for i, variant in enumerate(self.variants):
            out.setdefault(variant.measure, []).append(i)
        return out


def check_stated(stated: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the paper states, by our codes.

    Raises
    ------
    UnknownChoiceError
        A part or an option that there is not.
    """
    registries: dict[str, Any] = {
        "measure": MEASURES, "model": MODELS, "tau2": ESTIMATORS, "test": TESTS, "prediction": PREDICTION,
    }  # fmt: skip
    choices = {"zero_cells": ZERO_CELLS, "double_zero": DOUBLE_ZERO, "i2": AXES["i2"], "quantile": AXES["quantile"]}
    out: dict[str, Any] = {}
    for part, value in dict(stated or {}).items():
        if part == "level":
            out[part] = check_level(value)
        elif part in registries:
            out[part] = registries[part][value].code
        elif part in choices:
            out[part] = check_choice(part, value, choices[part])
        elif part in ("vtype", "j"):
            out[part] = str(value)
        else:
            raise unknown_choice("stated setting", part, (*PARTS, "level"))
    return out


def plan_of(inputs: Inputs, stated: Mapping[str, Any]) -> Plan:
    """The whole grid for these inputs, weighted by what is stated.

    Raises
    ------
    InputError
        No setting of the grid agrees with what is stated.
    """
    variants, methods = variants_of(inputs), _methods(inputs)
    if not variants:
        raise InputError(
            f"explain does not try measure {inputs.measure}: its pooled value depends on the studies' sizes"
        )
    possible = np.array([[_goes(v, m) for m in methods] for v in variants])
    agrees = np.array([[_agrees(v, m, stated) for m in methods] for v in variants])
    weight = np.outer([_odds(v) for v in variants], [_odds(m) for m in methods]) * possible * agrees
    if not weight.any():
        models = dict.fromkeys(m.model for m in methods)
        if stated.get("model", methods[0].model) not in models:
            raise InputError(f"explain tries the models {', '.join(models)} on these data, not {stated['model']}")
        told = ", ".join(f"{part} {value}" for part, value in stated.items())
        raise InputError(f"no setting for {inputs.kind} inputs agrees with what is stated ({told})")
    axes = {}
    for axis, options in AXES.items():
        odds = np.array([WEIGHTS[axis].get(o, RARE) * (stated.get(axis, o) == o) for o in options], dtype=np.float64)
        axes[axis] = odds / odds.sum()
    level = stated.get("level", 0.95)
    return Plan(variants, methods, weight / weight.sum(), possible, axes, level, level)


def _methods(inputs: Inputs) -> tuple[Method, ...]:
    tests = TESTS.codes if inputs.k > 1 else ("z",)
    out = [Method("random", e, t) for e in TAU2 for t in tests] + [Method("common", test=t) for t in tests]
    if inputs.kind in ("counts", "rates"):
        out += [Method("mh"), *(Method("random-mh", "DL", t) for t in tests)]
    if inputs.kind == "counts":
        out.append(Method("peto"))
    return tuple(out)


def _goes(variant: Variant, method: Method) -> bool:
    """Whether a method pools these effects at all."""
    if (variant.measure == "PETO") != (method.model == "peto"):
        return False
    return method.model not in ("mh", "random-mh") or variant.measure in FORMULAS


def _agrees(variant: Variant, method: Method, stated: Mapping[str, Any]) -> bool:
    models = FAMILY_OF_MODEL.get(stated.get("model", method.model), (stated.get("model", method.model),))
    measure = stated.get("measure", variant.measure)
    if method.model not in models or stated.get("test", method.test) != method.test:
        return False
    if measure != variant.measure and (measure, variant.measure) != ("OR", "PETO"):
        return False
    if method.tau2 and stated.get("tau2", method.tau2) != method.tau2:
        return False
    for part in ("vtype", "j", "double_zero"):
        own = getattr(variant, part)
        if own and stated.get(part, own) != own:
            return False
    rule = stated.get("zero_cells", variant.zero_cells)
    return rule == variant.zero_cells or (variant.zero_cells == "" and rule != "all") or variant.measure == "PETO"


def _odds(item: Variant | Method) -> float:
    parts = [p for p in PARTS if p != "measure" and hasattr(item, p)]
    odds = float(np.prod([WEIGHTS[p].get(getattr(item, p), RARE) for p in parts]))
    unusual = isinstance(item, Method) and item.test != "z" and item.model in NORMAL_ONLY
    return odds * UNUSUAL if unusual else odds
