"""A model with several parts in words: its coefficients or subgroups, and what it has once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metaket.diagnostics.subgroups import Subgroups
from metaket.plots._text import signed
from metaket.pooling.components import spelled
from metaket.pooling.correlated import CorrelatedResult
from metaket.report.words import effect_text

if TYPE_CHECKING:
    import pandas as pd

    from metaket.reproduction.models import Modelled
    from metaket.reproduction.run import Reproduction

__all__ = ["model_text", "models_frame"]


def model_text(model: Modelled) -> str:
    """``intercept −0.63 (SE 0.159), latitude −0.0268 (SE 0.011); τ² 0.157; k = 13``."""
    if isinstance(model, Subgroups):
        groups = "; ".join(f"{name} {effect_text(r)}" for name, r in zip(model.levels, model.results, strict=True))
        return f"{groups}; Q between {_short(model.q_between)} on {model.q_between_df:g} df"
    parts = zip(model.names, model.coef.tolist(), model.std_error.tolist(), strict=True)
    coefficients = ", ".join(f"{name} {_short(value)} (SE {_short(error)})" for name, value, error in parts)
    if isinstance(model, CorrelatedResult):
        components = spelled(model.components, _short)
        return f"{coefficients}; {components or 'no random effects'}; {model.effects.k} effects"
    share = "" if model.r2 is None else f", R² {_short(model.r2)} %"
    return f"{coefficients}; τ² {_short(model.tau2)}{share}; k = {model.k}"


def models_frame(rep: Reproduction) -> pd.DataFrame:
    """One row a coefficient, subgroup or component of every model; no rows where an analysis is one pooled effect.

    Columns: analysis, end (of a printed range), kind, part, then those of the model's own frame.
    """
    import pandas as pd

    frames = [pd.DataFrame(columns=["analysis", "end", "kind", "part"])]
    for item in rep.analyses.values():
        for end, model in item.models:
            frames += [_headed(frame, item.id, end, kind) for kind, frame in _frames(model)]
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled or frames, ignore_index=True)


def _frames(model: Modelled) -> list[tuple[str, pd.DataFrame]]:
    import pandas as pd

    if isinstance(model, Subgroups):
        return [("subgroup", model.to_frame().rename(columns={"group": "part"}))]
    found = [("coefficient", model.to_frame().rename(columns={"term": "part"}))]
    once = dict(model.components) if isinstance(model, CorrelatedResult) else {"tau2": model.tau2}
    rows = [{"part": name, "estimate": value} for name, value in once.items()]
    return [*found, ("component", pd.DataFrame(rows, columns=["part", "estimate"]))]


def _headed(frame: pd.DataFrame, analysis: str, end: str, kind: str) -> pd.DataFrame:
    head = frame.assign(analysis=analysis, end=end, kind=kind)
    return head[["analysis", "end", "kind", "part", *(c for c in frame.columns if c != "part")]]


def _short(value: float) -> str:
    return signed(f"{value:.4g}")
