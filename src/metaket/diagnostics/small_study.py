"""All tests of small-study effects that fit a result, in one answer: what `metaket bias` prints."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket._notebook import ShownAsText
from metaket.diagnostics._counts import Columns
from metaket.diagnostics.asymmetry import egger
from metaket.diagnostics.counts_asymmetry import harbord, peters, schwarzer
from metaket.diagnostics.excess import excess_significance
from metaket.diagnostics.limit import limit_meta_analysis
from metaket.diagnostics.p_curve import p_curve
from metaket.diagnostics.p_uniform import p_uniform
from metaket.diagnostics.precision_effect import pet_peese
from metaket.diagnostics.rank import begg
from metaket.diagnostics.selection_models import selection_model
from metaket.diagnostics.trim_and_fill import trim_and_fill
from metaket.errors import InputError, MetaketWarning, NotComputableError
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SmallStudyEffects", "small_study_effects"]

COUNTS = ("OR", "RR", "PETO")


@dataclass(frozen=True, slots=True, eq=False)
class SmallStudyEffects(ShownAsText):
    """The answers of every test and adjustment that fits.

    Attributes
    ----------
    result : PooledResult
    recommended : tuple of str
        Names of the tests that fit the measure best: Harbord, Peters and the arcsine test for odds and risk ratios,
        Egger for the others, and where there are no counts.
    answers : dict of str to object
        Name -> answer (`Egger`, `TrimAndFill`, ...), each with `cautions`, `to_frame()` and a printed form.
    refused : dict of str to str
        Name -> why it has no answer on these data.
    """

    result: PooledResult
    recommended: tuple[str, ...]
    answers: dict[str, Any]
    refused: dict[str, str]

    def to_frame(self) -> pd.DataFrame:
        """One row an answer: name, recommended, p_value (of asymmetry or selection), estimate (adjusted), cautions."""
        import pandas as pd

        rows = []
        for name, answer in self.answers.items():
            p, estimate = _summary(answer)
            row = {"name": name, "recommended": name in self.recommended, "p_value": p, "estimate": estimate}
            rows.append(row | {"cautions": "; ".join(answer.cautions)})
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        frames = {name: answer.to_frame().to_dict(orient="records") for name, answer in self.answers.items()}
        return {
            "measure": self.result.effects.measure,
            "k": self.result.k,
            "result": self.result.fields(),
            "recommended": list(self.recommended),
            "answers": {
                name: {"cautions": list(self.answers[name].cautions), "rows": rows} for name, rows in frames.items()
            },
            "refused": dict(self.refused),
        }

    def __str__(self) -> str:
        blocks = [f"{self.result}{_scale_note(self.result)}"]
        for name, answer in self.answers.items():
            mark = " (fits this measure)" if name in self.recommended else ""
            blocks.append(f"[{name}]{mark}\n{answer}")
        blocks += [f"[{name}] none: {why}" for name, why in self.refused.items()]
        return "\n\n".join(blocks)


def _scale_note(result: PooledResult) -> str:
    """What the effects below are in, where people read another scale."""
    plain = result.effects.scale.name in ("difference", "level")
    return "" if plain else f"\neffects below are on the scale of the analysis, {result.effects.scale.name}"


def small_study_effects(result: PooledResult, *, columns: Columns = None) -> SmallStudyEffects:
    """Every test of small-study effects and every adjustment that a result allows, with its cautions.

    Parameters
    ----------
    result : PooledResult
    columns : mapping or "metafor", optional
        Our name -> the name in the table, for the tests that read counts.

    Returns
    -------
    SmallStudyEffects

    Raises
    ------
    InputError
        Something other than a pooled result.

    Notes
    -----
    What cannot be computed is listed with its reason, and never left out in silence. No test decides: read the
    cautions first (Sterne et al. 2011 BMJ 343:d4002).
    """
    if not isinstance(result, PooledResult):
        raise InputError(f"give a pooled result (mk.pool), got {type(result).__name__}")
    answers: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for name, ask in _questions(result, columns).items():
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", MetaketWarning)  # what they say stands in the answers' cautions
                answers[name] = ask()
        except (NotComputableError, InputError) as error:
            refused[name] = str(error)
    wanted = ("harbord", "peters", "arcsine") if result.effects.measure in COUNTS else ("egger",)
    recommended = tuple(name for name in wanted if name in answers)
    if not recommended and "egger" in answers:  # ratios that are given without their counts
        recommended = ("egger",)
    return SmallStudyEffects(result, recommended, answers, refused)


def _questions(result: PooledResult, columns: Columns) -> dict[str, Callable[[], Any]]:
    """Name -> what to ask; tests of counts only where the measure is made of them."""
    counted: dict[str, Callable[[], Any]] = {
        "harbord": lambda: harbord(result, columns=columns),
        "peters": lambda: peters(result, columns=columns),
        "arcsine": lambda: schwarzer(result, columns=columns),
    }
    return {
        **(counted if result.effects.measure in COUNTS else {}),
        "egger": lambda: egger(result),
        "begg": lambda: begg(result),
        "trim_and_fill": lambda: trim_and_fill(result),
        "pet_peese": lambda: pet_peese(result),
        "limit_meta_analysis": lambda: limit_meta_analysis(result),
        "selection_model": lambda: selection_model(result),
        "p_curve": lambda: p_curve(result),
        "p_uniform": lambda: p_uniform(result, method="star"),
        "excess_significance": lambda: excess_significance(result),
    }


def _summary(answer: Any) -> tuple[float, float]:
    """The p-value that speaks of asymmetry or selection, and the adjusted estimate; NaN where there is none."""
    for name in ("lrt_p", "q_small_p", "k0_p", "full_p", "p_value"):
        if hasattr(answer, name) and not (name == "p_value" and hasattr(answer, "estimate")):
            p = float(getattr(answer, name))
            break
    else:
        p = math.nan
    filled = getattr(answer, "result", None)
    estimate = filled.estimate if isinstance(filled, PooledResult) else getattr(answer, "estimate", math.nan)
    return p, float(estimate)
