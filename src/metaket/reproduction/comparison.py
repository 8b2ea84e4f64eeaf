"""`Comparison`: a printed statement beside what the data give."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from metaket.reproduction.bands import Gap

__all__ = ["VERDICTS", "Comparison"]

VERDICTS = ("exact", "input-rounding", "near", "not computable", "differs", "decision differs")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A printed statement beside what the data give.

    Attributes
    ----------
    id, by, where, printed, quantity, analysis : str
        Whose statement it is, where it stands, its text, and what it is of.
    verdict : str
        One of `VERDICTS`.
    recomputed : float or None
        The number on the printed scale, of the sourced rows.
    recomputed_low, recomputed_high : float or None
        Both ends where an input is printed as a range.
    words : str
        The recomputed decision or fact.
    unit : str
    gap : Gap or None
    cause : str
        Why the verdict is what it is.
    basis : str
        "2 of 10 trials".
    on_sourced_rows : str
        For an incomplete analysis: the verdict that the rows in hand would give.
    missing : tuple of str
        What would have to be known: study, time, cells, and where to look.
    printed_low, printed_high : float or None
        The values that print like the text.
    """

    id: str
    by: str
    where: str
    printed: str
    quantity: str
    analysis: str
    verdict: str
    recomputed: float | None = None
    recomputed_low: float | None = None
    recomputed_high: float | None = None
    words: str = ""
    unit: str = ""
    gap: Gap | None = None
    cause: str = ""
    basis: str = ""
    on_sourced_rows: str = ""
    missing: tuple[str, ...] = ()
    printed_low: float | None = None
    printed_high: float | None = None
    note: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: no NaN, no infinity."""
        out = asdict(replace(self, extra=dict(self.extra)))
        out.pop("extra")
        plain: dict[str, Any] = _without_infinities(out)
        return plain

    @property
    def shown(self) -> str:
        """The recomputed value for people."""
        if self.words:
            return self.words
        if self.recomputed is None:
            return ""
        if self.recomputed_low is not None and self.recomputed_high is not None:
            return f"{self.recomputed_low:.4g}{self.unit} to {self.recomputed_high:.4g}{self.unit}"
        return f"{self.recomputed:.4g}{self.unit}"


def _without_infinities(value: Any) -> Any:
    """JSON has no NaN and no infinity: null."""
    if isinstance(value, dict):
        return {name: _without_infinities(v) for name, v in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
