"""What was asked of a pooling: every option, frozen, so that a result can be asked again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaket._checks import check_choice
from metaket._registry import Registry
from metaket.errors import InputError
from metaket.pooling.inference import TESTS
from metaket.pooling.tau2 import ESTIMATORS

__all__ = ["I2_DEFINITIONS", "MODELS", "WITHOUT_TAU2", "PoolSpec"]

I2_DEFINITIONS = ("tau2", "Q")
WITHOUT_TAU2 = ("common", "mh", "peto")


def _is_number(value: object) -> bool:
    """A number, which True is not."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


MODELS: Registry[Callable[..., Any]] = Registry("model")  # filled by the models' own modules


@dataclass(frozen=True, slots=True)
class PoolSpec:
    """The options of one pooling.

    Attributes
    ----------
    model : {"random", "common", "mh", "random-mh", "peto", "UM.FS", "UM.RS", "CM.EL", "CM.AL", "GLMM"}
    tau2 : str or float
        Code of the estimator, or the known value of tau2 (>= 0).
    test : {"z", "t", "hksj", "hksj-adhoc"}
    i2 : {"tau2", "Q"}
        Which definition `i2` and `h2` follow; models without a tau2 always use Q.
    """

    model: str = "random"
    tau2: str | float = "REML"
    test: str = "z"
    i2: str = "tau2"

    @classmethod
    def of(cls, model: str, tau2: str | float, test: str, i2: str = "tau2") -> PoolSpec:
        """Check every option and resolve aliases."""
        model = MODELS[model].code
        if isinstance(tau2, str):
            method: str | float = ESTIMATORS[tau2].code
        elif _is_number(tau2) and math.isfinite(tau2) and tau2 >= 0:
            method = float(tau2)
        else:
            raise InputError(f"tau2 must be a method's code or a number of at least 0, got {tau2!r}")
        definition = check_choice("I2 definition", i2, I2_DEFINITIONS)
        return cls(model, method, TESTS[test].code, "Q" if model in WITHOUT_TAU2 else definition)

    def describe(self) -> str:
        """One line for people: model, estimator, test."""
        if self.model in WITHOUT_TAU2:
            estimator = ""
        elif isinstance(self.tau2, float):
            estimator = f", tau2 fixed at {self.tau2:g}"
        else:
            estimator = f", tau2 by {ESTIMATORS[self.tau2].label} ({self.tau2})"
        return f"{MODELS[self.model].label}{estimator}, {TESTS[self.test].label}"
