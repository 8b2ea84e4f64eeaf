"""The last step of every way to effect sizes: leave out, check, and keep the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, row_name
from metaket._registry import Entry
from metaket.errors import DataError, InputError
from metaket.measures.effect import Dropped, EffectSizes
from metaket.measures.registry import TRAITS, MeasureFunction
from metaket.measures.table import Source

__all__ = ["assemble", "join", "keepers"]


def join(*parts: str) -> str:
    """The parts that are not empty, with semicolons."""
    return "; ".join(part for part in parts if part)


def keepers(entry: Entry[MeasureFunction], source: Source, reason: Sequence[str]) -> npt.NDArray[np.intp]:
    """Places of the rows without a reason to leave them out; an error if there are none."""
    kept = np.array([i for i, why in enumerate(reason) if not why], dtype=np.intp)
    if kept.size == 0:
        why = "; ".join(f"{s}: {r}" for s, r in zip(source.study, reason, strict=True))
        raise InputError(f"no study left for {entry.code}: {why}")
    return kept


def assemble(
    entry: Entry[MeasureFunction],
    source: Source,
    kept: npt.NDArray[np.intp],
    effect: tuple[Array, Array],
    reason: Sequence[str],
    notes: Sequence[str],
    options: Mapping[str, Any],
) -> EffectSizes:
    """`EffectSizes` of the kept rows; `effect` and `notes` are of the kept rows, `reason` of all."""
    y, v = (np.array(a, dtype=np.float64) for a in effect)
    bad = np.flatnonzero(~(np.isfinite(y) & np.isfinite(v) & (v > 0)))
    if bad.size:
        i = int(bad[0])
        raise DataError(
            f"{row_name(int(kept[i]), source.study, source.rows)}: {entry.code} gives y = {y[i]:g} and "
            f"v = {v[i]:g}; y must be finite and v above 0. {_remedy(entry)}"
        )
    index = kept.tolist()
    return EffectSizes(
        y,
        v,
        tuple(source.study[i] for i in index),
        entry.code,
        tuple(source.rows[i] for i in index),
        None if source.table is None else source.table.iloc[index],
        tuple(Dropped(source.rows[i], source.study[i], why) for i, why in enumerate(reason) if why),
        dict(options),
        tuple(notes),
    )


def _remedy(entry: Entry[MeasureFunction]) -> str:
    if TRAITS[entry.code].zero_cells == "only0":
        return "The zero-cell rule 'only0' (zero_cells=) corrects empty cells."
    if TRAITS[entry.code].zero_cells == "none":
        return "Choose a zero-cell rule (zero_cells=), or leave the row out."
    if entry.code == "GEN":
        return "Give a variance, a standard error, an interval or an exact p-value, or leave the row out."
    if any(name.startswith("mean") for name in entry.needs) and entry.scale.startswith("log"):
        return "A log needs positive means; take another measure, or leave the row out."
    return "Check the row's cells, or leave it out."
