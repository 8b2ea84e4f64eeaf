"""`Comparison`: a printed statement beside what the data give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from metaket.reproduction.bands import Gap

__all__ = ["GROUPS", "VERDICTS", "Comparison", "group_of", "worst_verdict"]

VERDICTS = ("exact", "input-rounding", "near", "not computable", "differs", "decision differs")
GROUPS = ("effect", "heterogeneity", "numbers and facts")  # judged apart: a paper may be right in one, wrong in another
_EFFECT = frozenset(
    [
        "estimate",
        "ci",
        "pi",
        "effects",
        "std_error",
        "statistic",
        "p_value",
        "decision",
        "significant",
        "egger_p",
        "begg_p",
        "harbord_p",
        "peters_p",
        "filled_estimate",
        "coef",
        "se",
        "p",
        "prediction",
        "study",
        "qm",
        "qm_p",
        "q_between",
        "q_between_p",
        "cmh",
        "cmh_p",
        "equal",
        "equal_p",
    ]
)
_HETEROGENEITY = frozenset(
    [
        "tau2",
        "tau",
        "se_tau2",
        "q",
        "q_df",
        "q_p",
        "i2",
        "h2",
        "heterogeneity",
        "sigma2",
        "q_within",
        "rho",
        "r2",
        "breslow_day",
        "breslow_day_p",
    ]
)


def group_of(quantity: str) -> str:
    """Which of `GROUPS` a quantity belongs to."""
    names = quantity.split(" at ")[0].split(":")
    stems = {n.removesuffix("_low").removesuffix("_high").removesuffix("_ci") or n for n in names}
    if stems & _HETEROGENEITY:
        return GROUPS[1]
    return GROUPS[0] if stems & _EFFECT else GROUPS[2]


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
    group : str
        One of `GROUPS`.
    parts : tuple of Comparison
        One a number, where the text prints several.
    reach_low, reach_high : float or None
        Range of the result while every input stays within its printed rounding, where it was looked for.
    reach_how : str
        How that range was found: exact, or by bounded optimisation.
    reach_sd : float or None
        Standard deviation of the result where the inputs' rounding errors are independent and uniform.
    evidence : tuple of str
        For a statement: the claims, trials and sources that the verdict rests on.
    secondary : bool
        Somebody else says it of the paper.
    nearest_true : str
        For a statement that does not hold: the nearest one that does.
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
    group: str = GROUPS[2]
    parts: tuple[Comparison, ...] = ()
    reach_low: float | None = None
    reach_high: float | None = None
    reach_how: str = ""
    reach_sd: float | None = None
    evidence: tuple[str, ...] = ()
    secondary: bool = False
    nearest_true: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: no NaN, no infinity."""
        out = asdict(self)
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
            return f"{_short(self.recomputed_low)}{self.unit} to {_short(self.recomputed_high)}{self.unit}"
        return f"{_short(self.recomputed)}{self.unit}"


def worst_verdict(comparisons: Sequence[Comparison]) -> str:
    """The worst verdict, in the order of `VERDICTS`; empty without claims."""
    found = [VERDICTS.index(c.verdict) for c in comparisons]
    return VERDICTS[max(found)] if found else ""


def _short(value: float) -> str:
    """Four digits; a whole number, such as a count, entire."""
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}"


def _without_infinities(value: Any) -> Any:
    """JSON has no NaN and no infinity: null."""
    if isinstance(value, list | tuple):
        return [_without_infinities(v) for v in value]
    if isinstance(value, dict):
        return {name: _without_infinities(v) for name, v in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
