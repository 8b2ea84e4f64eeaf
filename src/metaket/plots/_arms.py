"""The columns of a forest plot that show the data of each arm."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import Array
from metaket.measures.compute import METAFOR_COLUMNS
from metaket.plots._text import NO_VALUE, Numbers, clean, study_count

if TYPE_CHECKING:
    from metaket.measures.effect import Dropped, EffectSizes

__all__ = ["ForestColumn", "arm_columns", "left_out", "name_columns"]

COUNTS = ("events_t", "n_t", "events_c", "n_c")
ARM_COLUMN = re.compile(r"\b(events|n|mean|sd)_([tc])\b")
MEANS = ("mean_t", "sd_t", "mean_c", "sd_c")


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
    """Counts, or means with standard deviations, where every row has them; else the sizes of the arms that are known.

    A size that is not known is a dash, and then there is no total.
    """
    if effects.table is None:
        return ()
    names = METAFOR_COLUMNS if isinstance(columns, str) else (columns or {})
    have = {n: _numbers(effects, names.get(n, n)) for n in (*COUNTS, *MEANS)}

    def complete(*wanted: str) -> bool:
        return all(np.isfinite(have[n]).all() for n in wanted)

    out: list[ForestColumn] = []
    for arm, end in zip(arms, ("t", "c"), strict=True):
        n, arm = have[f"n_{end}"], clean(arm)
        cells = tuple(NO_VALUE if np.isnan(x) else f"{x:.0f}" for x in n)
        size = ForestColumn(arm, "n", cells, f"{n.sum():.0f}" if complete(f"n_{end}") else "")
        if complete(*COUNTS):
            events = have[f"events_{end}"]
            cells = tuple(f"{a:.0f}/{b:.0f}" for a, b in zip(events, n, strict=True))
            out.append(ForestColumn(arm, "events/total", cells, f"{events.sum():.0f}/{n.sum():.0f}"))
        elif complete(*MEANS, "n_t", "n_c"):
            mean, sd = have[f"mean_{end}"], have[f"sd_{end}"]
            numbers = Numbers(_decimals(np.concatenate([have[c] for c in MEANS])))
            cells = tuple(f"{numbers(a)} ({numbers(b)})" for a, b in zip(mean, sd, strict=True))
            out += [ForestColumn(arm, "mean (SD)", cells, ""), size]
        elif np.isfinite([have["n_t"], have["n_c"]]).any():
            out.append(size)
    return tuple(out)


def _numbers(effects: EffectSizes, column: str) -> Array:
    import pandas as pd

    if effects.table is None or column not in effects.table.columns:
        return np.full(effects.k, np.nan)
    return pd.to_numeric(effects.table[column], errors="coerce").to_numpy(dtype=np.float64)


def name_columns(text: str, arms: tuple[str, str]) -> str:
    """A message for people: `events_t` becomes `events (ketamine arm)`."""
    names = {"t": arms[0], "c": arms[1]}
    return ARM_COLUMN.sub(lambda match: f"{match[1]} ({names[match[2]]} arm)", text)


def left_out(dropped: Sequence[Dropped], arms: tuple[str, str]) -> tuple[str, ...]:
    """The footnote that lists the rows without an effect, with columns named as the figure names the arms."""
    if not dropped:
        return ()
    reasons: dict[str, list[str]] = {}
    for d in dropped:
        reasons.setdefault(name_columns(d.reason, arms), []).append(d.study)
    listed = "; ".join(f"{', '.join(studies)} ({reason})" for reason, studies in reasons.items())
    return (clean(f"Left out, {study_count(len(dropped))}: {listed}"),)


def _decimals(values: Array) -> int:
    """As many decimals as the data have, at most 2."""
    return next((d for d in (0, 1) if np.allclose(values, np.round(values, d), rtol=0.0, atol=1e-9)), 2)
