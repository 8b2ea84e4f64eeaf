"""Single slips, each one small function in a registry: what a reviewer's hand or eye may have done.

A slip of the inputs gives `Edit`s of the studies' columns; a slip of the settings or the effects gives `Rerun`s; a
slip of the print gives `Meant` texts. A new slip is one such function under `@slip` in `explain_slips` (inputs),
`explain_typing` (digits) or `explain_methods`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from metaket._registry import Registry
from metaket.reproduction.explain_inputs import Batch, Inputs
from metaket.reproduction.explain_plan import Plan
from metaket.reproduction.explain_search import Change

__all__ = ["SLIPS", "Edit", "Meant", "Rerun", "Slip", "everywhere", "in_each", "slip", "versions"]


@dataclass(frozen=True, slots=True)
class Slip:
    """One kind of slip.

    Attributes
    ----------
    code, label : str
    remedy : str
        What to do about it.
    prior : float
        How likely the kind is, relative to the others; its candidates share it equally.
    stage : {"inputs", "effects", "settings", "print"}
    func : callable
    """

    code: str
    label: str
    remedy: str
    prior: float
    stage: str
    func: Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """One version of the inputs.

    Attributes
    ----------
    study : int
        -1 for all.
    what : str
    cells : mapping of column to float (of the study) or ndarray of shape (k,)
    times : float
        How often the study counts.
    """

    study: int
    what: str
    cells: Mapping[str, Any] = field(default_factory=dict)
    times: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Rerun:
    """The inputs as they are, under other settings or with the effects changed on the way."""

    what: str
    plan: Plan
    change: Change = field(default_factory=Change)


@dataclass(frozen=True, slots=True)
class Meant:
    """Other texts that the paper may have meant: (place of the figure, text) pairs, usually one."""

    what: str
    texts: tuple[tuple[int, str], ...]


KINDS: Registry[Callable[..., Any]] = Registry("slip")  # for the documentation, which reads all registries
SLIPS: dict[str, Slip] = {}


def slip(
    code: str, *, label: str, remedy: str, prior: float, stage: str = "inputs", reference: str = ""
) -> Callable[[Any], Any]:
    """Register the decorated function: inputs -> edits, (inputs, stated) -> reruns, or figures -> texts meant."""

    def register(func: Any) -> Any:
        KINDS.add(code, label=label, reference=reference)(func)
        SLIPS[code] = Slip(code, label, remedy, prior, stage, func)
        return func

    return register


def versions(inputs: Inputs, edits: Sequence[Edit]) -> Batch:
    """The edits as a batch of versions."""
    c = len(edits)
    columns = {name: np.repeat(a[None, :], c, axis=0) for name, a in inputs.columns.items()}
    include = np.ones((c, inputs.k))
    for i, edit in enumerate(edits):
        at = slice(None) if edit.study < 0 else edit.study
        include[i, at] = edit.times
        for name, value in edit.cells.items():
            columns[name][i, at] = value
    names = tuple(edit.what for edit in edits)
    studies = np.array([edit.study for edit in edits], dtype=np.int64)
    return Batch(columns, include, names, studies)


def in_each(inputs: Inputs, change: Callable[[Mapping[str, Any]], Mapping[str, Any]], what: str) -> list[Edit]:
    """The change in each study on its own."""
    out = []
    for i, study in enumerate(inputs.study):
        with np.errstate(all="ignore"):  # what cannot be is left out of the batch
            cells = change({name: np.float64(a[i]) for name, a in inputs.columns.items()})
        if cells:
            out.append(Edit(i, f"{what} in {study}", cells))
    return out


def everywhere(inputs: Inputs, change: Callable[[Mapping[str, Any]], Mapping[str, Any]], what: str) -> list[Edit]:
    """The change in all studies at once."""
    with np.errstate(all="ignore"):
        cells = change(inputs.columns)
    return [Edit(-1, f"{what} in all studies", cells)] if cells else []
