"""How likely a study is published, given its p-value: the smooth weight functions of the selection models.

The step function has its own likelihood (`selection.StepLikelihood`), since its integral is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaket._registry import Registry, unknown_choice

__all__ = ["SHAPES", "STEP", "WEIGHTS", "LogWeight", "Shape", "kind_of", "label_of", "log_weight"]

STEP = "stepfun"
STEP_NAMES = ("stepfun", "step", "3psm")
# log weight of p (any shape) at parameters delta (a tuple of numbers that broadcast), imprecision 0..1
LogWeight = Callable[[Any, tuple[Any, ...], Any], Any]
WEIGHTS: Registry[LogWeight] = Registry("selection model")
CENSOR = 1e-5  # p-values are kept that far from 0 and 1 where the weight has a pole (Citkowicz & Vevea 2017)
PRESTON = "Preston, Ashby & Smyth (2004) J Eval Clin Pract 10:313-322"


@dataclass(frozen=True, slots=True)
class Shape:
    """What the parameters of a weight function are.

    Attributes
    ----------
    null : tuple of float
        Their values without selection.
    lower, upper : float
    censor : float
        How far p is kept from 0 and 1.
    starts : tuple of tuple of float
        Where a fit begins.
    """

    null: tuple[float, ...]
    lower: float
    starts: tuple[tuple[float, ...], ...]
    censor: float = 0.0
    upper: float = 100.0


SHAPES: dict[str, Shape] = {
    "beta": Shape((1.0, 1.0), 1e-5, ((1.0, 1.0), (0.5, 0.8), (0.8, 2.0)), CENSOR),
    "halfnorm": Shape((0.0,), 0.0, ((0.5,), (3.0,))),
    "negexp": Shape((0.0,), 0.0, ((0.5,), (3.0,))),
    "logistic": Shape((0.0,), 0.0, ((0.5,), (3.0,))),
    "power": Shape((0.0,), 0.0, ((0.5,), (3.0,)), CENSOR),
    "negexppow": Shape((0.0, 1.0), 1e-3, ((0.5, 1.0), (3.0, 2.0), (3.0, 0.5))),
}


@WEIGHTS.add(
    "beta", label="beta density", reference="Citkowicz & Vevea (2017) Psychol Methods 22:28-41", metafor="beta"
)
def beta(p: Any, delta: tuple[Any, ...], imprecision: Any) -> Any:
    """p^(d1 - 1) (1 - p)^(d2 - 1)."""
    del imprecision
    return (delta[0] - 1.0) * np.log(p) + (delta[1] - 1.0) * np.log1p(-p)


@WEIGHTS.add("halfnorm", label="half-normal", reference=PRESTON, metafor="halfnorm")
def halfnorm(p: Any, delta: tuple[Any, ...], imprecision: Any) -> Any:
    """exp(-d p^2)."""
    return -delta[0] * imprecision * p**2


@WEIGHTS.add("negexp", label="negative exponential", reference=PRESTON, metafor="negexp")
def negexp(p: Any, delta: tuple[Any, ...], imprecision: Any) -> Any:
    """exp(-d p)."""
    return -delta[0] * imprecision * p


@WEIGHTS.add("logistic", label="logistic", reference=PRESTON, metafor="logistic")
def logistic(p: Any, delta: tuple[Any, ...], imprecision: Any) -> Any:
    """2 exp(-d p) / (1 + exp(-d p))."""
    x = delta[0] * imprecision * p
    return np.log(2.0) - x - np.log(1.0 + np.exp(-x))


@WEIGHTS.add("power", label="power", reference=PRESTON + ", with a power in place of their functions", metafor="power")
def power(p: Any, delta: tuple[Any, ...], imprecision: Any) -> Any:
    """(1 - p)^d."""
    return delta[0] * imprecision * np.log1p(-p)


@WEIGHTS.add(
    "negexppow",
    label="negative exponential power",
    reference="Begg & Mazumdar (1994) Biometrics 50:1088-1101, p. 1092",
    metafor="negexppow",
)
def negexppow(p: Any, delta: tuple[Any, ...], imprecision: Any) -> Any:
    """exp(-d1 p^(1 / d2))."""
    return -delta[0] * imprecision * np.exp(np.log(np.maximum(p, 1e-300)) / delta[1])


def kind_of(type: str) -> str:
    """The code of a selection model by its name or alias."""
    if isinstance(type, str) and type.casefold() in STEP_NAMES:
        return STEP
    if type not in WEIGHTS:
        raise unknown_choice("selection model", type, (STEP, *WEIGHTS.codes))
    return WEIGHTS[type].code


def label_of(kind: str) -> str:
    """What people read."""
    return "step function" if kind == STEP else WEIGHTS[kind].label


def log_weight(kind: str, p: Any, delta: tuple[Any, ...], imprecision: Any, threshold: float) -> Any:
    """Log weight of p; with a threshold 0 up to there and relative to the weight at the threshold beyond.

    The weight is then continuous: no study gains by a p-value a hair below the threshold.
    """
    shape, function = SHAPES[kind], WEIGHTS[kind].func

    def at(value: Any) -> Any:
        kept = np.clip(value, shape.censor, 1.0 - shape.censor) if shape.censor else value
        return function(kept, delta, imprecision)

    return np.where(p <= threshold, 0.0, at(p) - at(np.asarray(threshold))) if threshold else at(p)
