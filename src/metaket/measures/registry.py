"""The registry of effect measures and of the scales they live on.

A measure is one function from named columns to (y, v), both of shape (k,). Adding one means writing that function
in its family's file under this decorator; nothing else has to change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaket._checks import Array
from metaket._registry import Registry

__all__ = ["MEASURES", "SCALES", "Columns", "MeasureFunction", "Scale", "scale_of"]

Columns = Mapping[str, Array]
MeasureFunction = Callable[..., tuple[Array, Array]]
MEASURES: Registry[MeasureFunction] = Registry("measure")


@dataclass(frozen=True, slots=True)
class Scale:
    """How the analysis scale relates to the scale that people read.

    Attributes
    ----------
    name : str
    forward, back : callable
        To and from the analysis scale, elementwise.
    null : float
        No effect, on the scale that people read (NaN where there is no such value).
    log_axis : bool
        Whether figures draw a logarithmic axis.
    """

    name: str
    forward: Callable[[Any], Any]
    back: Callable[[Any], Any]
    null: float
    log_axis: bool = False


def _same(value: Any) -> Any:
    return value


def _expit(value: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-np.asarray(value)))


def _logit(value: Any) -> Any:
    value = np.asarray(value, dtype=np.float64)
    return np.log(value) - np.log1p(-value)


def _sine_squared(value: Any) -> Any:
    """Inverse of the arcsine square root; angles outside [0, pi/2] are set to its ends."""
    return np.sin(np.clip(value, 0.0, np.pi / 2)) ** 2


def _square(value: Any) -> Any:
    return np.maximum(value, 0.0) ** 2


SCALES: dict[str, Scale] = {
    scale.name: scale
    for scale in (
        Scale("difference", _same, _same, 0.0),
        Scale("level", _same, _same, float("nan")),
        Scale("log ratio", np.log, np.exp, 1.0, log_axis=True),
        Scale("log level", np.log, np.exp, float("nan"), log_axis=True),
        Scale("logit", _logit, _expit, float("nan")),
        Scale("arcsine", lambda p: np.arcsin(np.sqrt(p)), _sine_squared, float("nan")),
        Scale("Fisher z", np.arctanh, np.tanh, 0.0),
        Scale("square root", np.sqrt, _square, float("nan")),
    )
}


def scale_of(measure: str) -> Scale:
    """The scale of a measure's code."""
    return SCALES[MEASURES[measure].scale]
