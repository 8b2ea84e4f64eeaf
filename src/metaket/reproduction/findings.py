"""What a consistency rule finds, and the registry of rules.

A rule is one function of a `Paper` that yields (where, message, level), or (where, message, level, how sure); adding
one means writing that function under ``@RULES.add`` in one of the files ``rules_*.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaket._registry import Registry
from metaket.reproduction.paper import Paper
from metaket.timecourse import time_label

__all__ = ["LEVELS", "RULES", "SURE", "Finding", "Hits", "Rule", "row_name"]

LEVELS = ("error", "warning", "note", "open")
SURE = ("certain", "likely", "possible")
USUAL = {"error": "certain", "warning": "likely", "note": "certain", "open": "certain"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found.

    Attributes
    ----------
    where : str
        File, row and study.
    rule : str
        Code of the rule.
    message : str
    level : {"error", "warning", "open", "note"}
        Wrong; probably wrong; a number still missing; worth knowing.
    source : str
        Where the rule comes from.
    sure : {"certain", "likely", "possible"}
        How sure it is that something is wrong (for notes and open cells: that it is so).
    """

    where: str
    rule: str
    message: str
    level: str
    source: str = ""
    sure: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "sure", self.sure or USUAL[self.level])

    def __str__(self) -> str:
        return f"{self.level:8s} {self.where}: {self.message}"


Hits = Iterator[tuple[str, str, str] | tuple[str, str, str, str]]
Rule = Callable[[Paper], Hits]
RULES: Registry[Rule] = Registry("rule")


def row_name(number: Any, row: Any) -> str:
    """Where a row of outcomes.csv is, with its study, outcome and time."""
    time = "" if np.isnan(row["time_h"]) else f", {time_label(float(row['time_h']))}"
    return f"outcomes.csv row {number} ({row['study']}, {row['outcome']}{time})"
