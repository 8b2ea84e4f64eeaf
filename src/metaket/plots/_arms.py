"""The columns of a forest plot that show the data of each arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import Array
from metaket.measures.compute import METAFOR_COLUMNS
from metaket.plots._text import Numbers, clean

if TYPE_CHECKING:
    from metaket.measures.effect import EffectSizes

__all__ = ["ForestColumn", "arm_columns"]


@dataclass(frozen=True, slots=True)
class ForestColumn:
    """A column of data of one arm: `group` is the arm, `cells` one a study, `total` the pooled row's."""

    group: str
    heading: str
    cells: tuple[str, ...]
    total: str


def arm_columns(
    effects: EffectSizes, arms: tuple[str, str], columns: Mapping[str, str] | str | None
) -> tuple[ForestColumn, ...]:
    """Counts, or means with standard deviations, or the sizes of the arms: whatever every row has."""
    if effects.table is None:
        return ()
    names = METAFOR_COLUMNS if isinstance(columns, str) else (columns or {})
    have = {n: _numbers(effects, names.get(n, n)) for n in
            ("events_t", "n_t", "events_c", "n_c", "mean_t", "sd_t", "mean_c", "sd_c")}  # fmt: skip

    def complete(*wanted: str) -> bool:
        return all(np.isfinite(have[n]).all() for n in wanted)

    out: list[ForestColumn] = []
    for arm, end in zip(arms, ("t", "c"), strict=True):
        n, arm = have[f"n_{end}"], clean(arm)
        size = ForestColumn(arm, "n", tuple(f"{x:.0f}" for x in n), f"{n.sum():.0f}")
        if complete("events_t", "n_t", "events_c", "n_c"):
            events = have[f"events_{end}"]
            cells = tuple(f"{a:.0f}/{b:.0f}" for a, b in zip(events, n, strict=True))
            out.append(ForestColumn(arm, "events/total", cells, f"{events.sum():.0f}/{n.sum():.0f}"))
        elif complete("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"):
            mean, sd = have[f"mean_{end}"], have[f"sd_{end}"]
            numbers = Numbers(errors=np.concatenate([have["sd_t"], have["sd_c"]]).tolist())
            cells = tuple(f"{numbers(a)} ({numbers(b)})" for a, b in zip(mean, sd, strict=True))
            out += [ForestColumn(arm, "mean (SD)", cells, ""), size]
        elif complete("n_t", "n_c"):
            out.append(size)
    return tuple(out)


def _numbers(effects: EffectSizes, column: str) -> Array:
    import pandas as pd

    if effects.table is None or column not in effects.table.columns:
        return np.full(effects.k, np.nan)
    return pd.to_numeric(effects.table[column], errors="coerce").to_numpy(dtype=np.float64)
