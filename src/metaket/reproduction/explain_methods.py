"""Slips of method: another model, measure, estimator or level than stated; a transformation forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from metaket._checks import Array
from metaket._distributions import critical
from metaket.errors import InputError
from metaket.measures.registry import MEASURES
from metaket.reproduction.explain_effects import variants_of
from metaket.reproduction.explain_inputs import Inputs
from metaket.reproduction.explain_plan import FAMILY_OF_MODEL, plan_of
from metaket.reproduction.explain_registry import Rerun, slip
from metaket.reproduction.explain_search import Change
from metaket.reproduction.explain_slips import is_log

__all__ = ["LEVELS"]

LEVELS = {0.90: "90 %", 0.99: "99 %", 0.80: "80 %", 0.999: "99.9 %", 0.6827: "one standard error"}
Stated = Mapping[str, Any]


def _rerun(inputs: Inputs, stated: Stated, what: str, change: Change | None = None) -> list[Rerun]:
    """The settings that agree with `stated`; none where there are none."""
    try:
        return [Rerun(what, plan_of(inputs, stated), change or Change())]
    except InputError:
        return []


def _without(stated: Stated, *parts: str) -> dict[str, Any]:
    return {part: value for part, value in stated.items() if part not in parts}


@slip(
    "model", label="one model's result printed as another's",
    remedy="pool with the model that the paper states, or correct the statement", prior=8, stage="settings",
)  # fmt: skip
def other_model(inputs: Inputs, stated: Stated) -> list[Rerun]:
    """Common effect printed as random effects, and the other way round."""
    model = stated.get("model", "")
    own = [name for name, models in FAMILY_OF_MODEL.items() if model in models]
    if not own:
        return []
    other = "common" if own[0] == "random" else "random"
    what = f"{other}-effect{'s' if other == 'random' else ''} result printed as that of the stated {model} model"
    return _rerun(inputs, {**_without(stated, "tau2", "test", "zero_cells"), "model": other}, what)


@slip(
    "measure", label="another measure than stated",
    remedy="compute the stated measure, or correct the statement", prior=4, stage="settings",
)  # fmt: skip
def other_measure(inputs: Inputs, stated: Stated) -> list[Rerun]:
    """RR printed as OR, SMD as MD, ..."""
    own = stated.get("measure", "")
    codes = dict.fromkeys(v.measure for v in variants_of(inputs)) if own else {}
    rest = _without(stated, "vtype", "j", "zero_cells", "double_zero")
    label = MEASURES[own].label if own else ""
    return [
        rerun
        for code in codes
        if code not in (own, "PETO")
        for rerun in _rerun(inputs, {**rest, "measure": code}, f"{MEASURES[code].label} printed as {label.lower()}")
    ]


@slip(
    "method", label="another estimator of tau2 or another test than stated",
    remedy="pool with the stated method, or correct the statement", prior=5, stage="settings",
)  # fmt: skip
def other_method(inputs: Inputs, stated: Stated) -> list[Rerun]:
    """The stated estimator, test, or both, not used."""
    told = [part for part in ("tau2", "test") if part in stated]
    out = []
    for parts in [[p] for p in told] if len(told) < 2 else [["tau2"], ["test"], ["tau2", "test"]]:
        names = " and ".join(f"{p} {stated[p]}" for p in parts)
        out += _rerun(inputs, _without(stated, *parts), f"another method than the stated {names}")
    return out


@slip(
    "formula", label="another formula than stated (zero cells, variance, correction, I2, prediction interval)",
    remedy="use the stated formula, or correct the statement", prior=3, stage="settings",
)  # fmt: skip
def other_formula(inputs: Inputs, stated: Stated) -> list[Rerun]:
    """A stated formula not used."""
    parts = ("zero_cells", "double_zero", "vtype", "j", "i2", "prediction")
    return [
        rerun
        for part in parts
        if part in stated
        for rerun in _rerun(inputs, _without(stated, part), f"another formula than the stated {part} {stated[part]}")
    ]


@slip(
    "level", label="intervals at another level",
    remedy="print the interval at the stated level, or say the level", prior=5, stage="settings",
)  # fmt: skip
def other_level(inputs: Inputs, stated: Stated) -> list[Rerun]:
    """The pooled interval alone, or all intervals, at 90 %, 99 %, ..."""
    plan = plan_of(inputs, stated)
    out = []
    for level, name in LEVELS.items():
        if abs(level - plan.level) > 1e-9:
            what = f"interval at {name} printed as {100 * plan.level:g} %"
            out += [Rerun(what, replace(plan, level=level)), Rerun(what, replace(plan, level=level, row_level=level))]
    return out


@slip(
    "exp-forgotten-all", label="pooled ratio printed as its logarithm",
    remedy="take the exponential of the pooled effect and its limits", prior=4, stage="effects",
)  # fmt: skip
def exp_forgotten_all(inputs: Inputs, stated: Stated) -> list[Rerun]:
    """The analysis scale printed."""
    what = "pooled effect printed on the log scale"
    return _rerun(inputs, stated, what, Change(plain=True)) if is_log(inputs) else []


@slip(
    "rounded-before-exp",
    label="logarithm rounded before its exponential was taken",
    remedy="take the exponential of the unrounded logarithms",
    prior=3,
    stage="effects",
)
def rounded_before_exp(inputs: Inputs, stated: Stated) -> list[Rerun]:
    """The pooled logarithm and its limits rounded to one, two or three decimals, then exponentiated."""
    if not is_log(inputs):
        return []
    what = "pooled logarithm and its limits rounded to {} decimals before taking the exponential"
    return [r for d in (1, 2, 3) for r in _rerun(inputs, stated, what.format(d), Change(places=d))]


@slip(
    "log-forgotten-all", label="ratios pooled without taking logarithms",
    remedy="pool the logarithms of the ratios", prior=4, stage="effects",
)  # fmt: skip
def log_forgotten_all(inputs: Inputs, stated: Stated) -> list[Rerun]:
    """The ratios themselves pooled, with the standard error from their limits or from the delta method."""
    if not is_log(inputs):
        return []
    changes = {"from the limits": _raw_from_limits, "by the delta method": _raw_delta}
    what = "ratios pooled without logarithms, standard errors {}"
    return [r for how, f in changes.items() for r in _rerun(inputs, stated, what.format(how), Change(f, plain=True))]


def _raw_from_limits(y: Array, v: Array) -> tuple[Array, Array]:
    q = float(critical(0.95, np.inf))
    half = q * np.sqrt(v)
    return np.exp(y), ((np.exp(y + half) - np.exp(y - half)) / (2 * q)) ** 2


def _raw_delta(y: Array, v: Array) -> tuple[Array, Array]:
    return np.exp(y), np.exp(2 * y) * v
