"""The columns of a forest plot that show the data of each arm."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import Array
from metaket.measures.compute import METAFOR_COLUMNS
from metaket.plots._forest_layout import ForestColumn
from metaket.plots._forest_styles import PLAIN, ForestStyle
from metaket.plots._text import NO_VALUE, Numbers, clean, study_count

if TYPE_CHECKING:
    from metaket.measures.effect import Dropped, EffectSizes

__all__ = ["arm_columns", "left_out", "name_columns"]

COUNTS = ("events_t", "n_t", "events_c", "n_c")
ARM_COLUMN = re.compile(r"\b(events|n|mean|sd)_([tc])\b")
MEANS = ("mean_t", "sd_t", "mean_c", "sd_c")


Members = Sequence[Sequence[int]]


def arm_columns(
    effects: EffectSizes,
    arms: tuple[str, str],
    columns: Mapping[str, str] | str | None,
    style: ForestStyle = PLAIN,
    members: Members = (),
) -> tuple[ForestColumn, ...]:
    """Counts, or means with standard deviations, where every row has them; else the sizes of the arms that are known.

    A size that is not known is a dash, and then there is no total. `members` are the studies of each subgroup.
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
        if complete(*COUNTS):
            out += _counts(arm, have[f"events_{end}"], n, style, members)
        elif complete(*MEANS, "n_t", "n_c"):
            numbers = Numbers(_decimals(np.concatenate([have[c] for c in MEANS])))
            out += _means(arm, have[f"mean_{end}"], have[f"sd_{end}"], numbers, style)
            out.append(_sizes(arm, n, style, members))
        elif np.isfinite([have["n_t"], have["n_c"]]).any():
            out.append(_sizes(arm, n, style, members))
    return tuple(out)


def _sums(values: Array, members: Members) -> tuple[str, tuple[str, ...]]:
    """Total, and the total of each subgroup; blank where a value is not known."""

    def total(x: Array) -> str:
        return f"{x.sum():.0f}" if np.isfinite(x).all() else ""

    return total(values), tuple(total(values[list(m)]) for m in members)


def _counts(arm: str, events: Array, n: Array, style: ForestStyle, members: Members) -> list[ForestColumn]:
    if style.apart:
        cells = tuple(f"{a:.0f}" for a in events)
        return [ForestColumn(arm, style.headings[0], cells, *_sums(events, members)), _sizes(arm, n, style, members)]
    both = tuple(f"{a:.0f}/{b:.0f}" for a, b in zip(events, n, strict=True))
    (all_events, some_events), (all_n, some_n) = _sums(events, members), _sums(n, members)
    subtotals = tuple(f"{a}/{b}" for a, b in zip(some_events, some_n, strict=True))
    return [ForestColumn(arm, style.headings[0], both, f"{all_events}/{all_n}", subtotals)]


def _means(arm: str, mean: Array, sd: Array, numbers: Numbers, style: ForestStyle) -> list[ForestColumn]:
    if style.apart:
        return [
            ForestColumn(arm, name, tuple(numbers(x) for x in values))
            for name, values in ((style.headings[1], mean), ("SD", sd))
        ]
    cells = tuple(f"{numbers(a)} ({numbers(b)})" for a, b in zip(mean, sd, strict=True))
    return [ForestColumn(arm, style.headings[1], cells)]


def _sizes(arm: str, n: Array, style: ForestStyle, members: Members) -> ForestColumn:
    cells = tuple(NO_VALUE if np.isnan(x) else f"{x:.0f}" for x in n)
    return ForestColumn(arm, style.headings[2], cells, *_sums(n, members))


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
