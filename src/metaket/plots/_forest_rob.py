"""Risk-of-bias dots in a forest plot. No matplotlib here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from metaket.errors import InputError
from metaket.plots._forest_layout import ForestColumn
from metaket.plots._rob_dots import DOTS
from metaket.plots.rob import domains_text
from metaket.rob_tools import RiskOfBias, risk_of_bias

if TYPE_CHECKING:
    from metaket.measures.effect import EffectSizes

__all__ = ["rob_columns", "rob_notes", "rob_of"]


def rob_of(effects: EffectSizes, rob: RiskOfBias | str | None) -> RiskOfBias | None:
    """Judgements as given, or from the effects' table."""
    if isinstance(rob, str):
        if effects.table is None:
            raise InputError(f"rob={rob!r} reads the columns of a table, but the effects have none; pass a RiskOfBias")
        return risk_of_bias(effects.table.assign(study=list(effects.study)), rob)
    if rob is not None and not set(rob.study) & set(effects.study):
        raise InputError(f"rob holds none of the studies, such as {effects.study[0]}: their names differ")
    if rob is not None and rob.study != effects.study:
        shared = set(rob.study) & set(effects.study)
        for names in (rob.study, effects.study):
            twice = next((s for s in names if s in shared and names.count(s) > 1), "")
            if twice:
                raise InputError(
                    f"the name {twice!r} stands twice: judgements cannot be matched by it; make the names differ, or "
                    "keep the judgements as columns of the effects' table and pass the tool's name as rob"
                )
    return rob


def rob_columns(rob: RiskOfBias | None, effects: EffectSizes) -> tuple[ForestColumn, ...]:
    """A column of dots for each domain, and the overall one where it is judged."""
    if rob is None:
        return ()
    own = rob.study == effects.study  # of the same table: by row, because studies may share a name
    rows = [(*rob.domains[i], rob.overall[i]) if own else rob.of(study) for i, study in enumerate(effects.study)]
    heads = [f"D{i}" for i in range(1, len(rob.tool.domains) + 1)] + (["All"] if rob.has_overall else [])
    return tuple(
        ForestColumn("Risk of bias", head, tuple(row[i] for row in rows), align="center", dots=True)
        for i, head in enumerate(heads)
    )


def rob_notes(rob: RiskOfBias | None) -> tuple[str, ...]:
    """The tool, its domains and its signs."""
    if rob is None:
        return ()
    signs = ", ".join(f"{DOTS[c][0]} {c}" for c in rob.tool.choices)
    return (f"Risk of bias by {domains_text(rob)} {signs}.",)
