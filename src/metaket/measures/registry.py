"""The registry of effect measures.

A measure is one function from named columns to (y, v), both of shape (k,). Adding one means writing that function
in its family's file under this decorator; nothing else has to change.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaket._checks import Array
from metaket._registry import Registry
from metaket.errors import InputError
from metaket.measures.transform import SCALES, Scale

__all__ = [
    "MEASURES",
    "SCALES",
    "TRAITS",
    "Columns",
    "MeasureFunction",
    "Scale",
    "Traits",
    "check_options",
    "measure",
    "over_studies",
    "scale_of",
    "takes_rho",
]

Columns = Mapping[str, Array]
MeasureFunction = Callable[..., tuple[Array, Array]]
MEASURES: Registry[MeasureFunction] = Registry("measure")


@dataclass(frozen=True, slots=True)
class Traits:
    """What a measure of counts does with zeros.

    Attributes
    ----------
    zero_cells : str
        The rule that holds unless the caller names one; empty for measures that are not made of counts.
    uninformative : bool
        Whether a study in which no arm, or every patient of both arms, had the event says nothing about it.
    """

    zero_cells: str = ""
    uninformative: bool = False


TRAITS: dict[str, Traits] = {}


def measure(
    code: str,
    *,
    label: str,
    reference: str,
    needs: tuple[str, ...],
    scale: str,
    zero_cells: str = "",
    uninformative: bool = False,
    aliases: tuple[str, ...] = (),
    metafor: str | None = None,
) -> Callable[[MeasureFunction], MeasureFunction]:
    """Register the decorated function as a measure; `metafor` is the same code unless said otherwise."""
    name = code if metafor is None else metafor
    add = MEASURES.add(code, label=label, reference=reference, needs=needs, aliases=aliases, metafor=name, scale=scale)

    def register(func: MeasureFunction) -> MeasureFunction:
        add(func)  # refuses a code that is taken, whose traits must then stay as they are
        TRAITS[code] = Traits(zero_cells, uninformative)
        return func

    return register


def _parameters(code: str) -> tuple[str, ...]:
    return tuple(inspect.signature(MEASURES[code].func).parameters)[1:]


def takes_rho(code: str) -> bool:
    """Whether the measure has a variance for patients who were in both arms."""
    return "rho" in _parameters(code)


def check_options(code: str, options: Mapping[str, Any]) -> None:
    """An error for the first option that the measure does not have."""
    known = [name for name in _parameters(code) if name != "rho"]
    for name in options:
        if name not in known:
            has = f"it takes {', '.join(known)}" if known else "it takes none"
            raise InputError(f"measure {code} has no option {name!r}; {has}")


def scale_of(code: str) -> Scale:
    """The scale of a measure's code."""
    return SCALES[MEASURES[code].scale]


def over_studies(value: Array, weight: Array) -> Array:
    """The weighted mean over the studies (last axis), repeated for each study; leading axes are tables of their own."""
    mean = np.sum(weight * value, axis=-1, keepdims=True) / np.sum(weight, axis=-1, keepdims=True)
    return np.broadcast_to(mean, np.shape(value))
