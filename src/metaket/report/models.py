"""A model with several parts in words: its coefficients or subgroups, and what it has once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metaket.diagnostics.subgroups import Subgroups
from metaket.plots._text import signed
from metaket.pooling.correlated import CorrelatedResult
from metaket.report.words import effect_text

if TYPE_CHECKING:
    from metaket.reproduction.models import Modelled

__all__ = ["model_text"]


def model_text(model: Modelled) -> str:
    """``intercept −0.63 (SE 0.159), latitude −0.0268 (SE 0.011); τ² 0.157; k = 13``."""
    if isinstance(model, Subgroups):
        groups = "; ".join(f"{name} {effect_text(r)}" for name, r in zip(model.levels, model.results, strict=True))
        return f"{groups}; Q between {_short(model.q_between)} on {model.q_between_df:g} df"
    parts = zip(model.names, model.coef.tolist(), model.std_error.tolist(), strict=True)
    coefficients = ", ".join(f"{name} {_short(value)} (SE {_short(error)})" for name, value, error in parts)
    if isinstance(model, CorrelatedResult):
        components = ", ".join(f"{name} {_short(value)}" for name, value in model.components.items())
        return f"{coefficients}; {components or 'no random effects'}; {model.effects.k} effects"
    share = "" if model.r2 is None else f", R² {_short(model.r2)} %"
    return f"{coefficients}; τ² {_short(model.tau2)}{share}; k = {model.k}"


def _short(value: float) -> str:
    return signed(f"{value:.4g}")
