"""Counts and sizes of the studies of a result, read again from its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from metaket._checks import Array
from metaket.errors import NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.measures.table import read_source

__all__ = ["Columns", "TwoByTwo", "sizes_of", "two_by_two"]

Columns = Mapping[str, str] | str | None


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """Counts of k studies, each an array of shape (k,)."""

    events_t: Array
    n_t: Array
    events_c: Array
    n_c: Array

    @property
    def n(self) -> Array:
        """Patients of both arms."""
        return self.n_t + self.n_c

    @property
    def events(self) -> Array:
        """Events of both arms."""
        return self.events_t + self.events_c


def two_by_two(effects: EffectSizes, columns: Columns, who: str) -> TwoByTwo:
    """The counts of the studies that gave an effect."""
    if effects.table is None:
        raise NotComputableError(
            f"{who} needs the counts of each study: make the effects with mk.effect_sizes from a table with "
            "events_t n_t events_c n_c"
        )
    source = read_source(effects.table, ("events_t", "n_t", "events_c", "n_c"), columns, who)
    return TwoByTwo(*(source.values[name] for name in ("events_t", "n_t", "events_c", "n_c")))


def sizes_of(effects: EffectSizes, columns: Columns, who: str) -> Array:
    """The sample size of each study: ``n``, or ``n_t + n_c``."""
    table = effects.table
    if table is None:
        raise NotComputableError(f"{who} needs the size of each study: a table with n, or with n_t and n_c")
    names = dict(columns) if isinstance(columns, Mapping) else {}
    if columns != "metafor" and names.get("n", "n") in table.columns:
        return read_source(table, ("n",), columns, who).values["n"]
    values = read_source(table, ("n_t", "n_c"), columns, who).values
    return values["n_t"] + values["n_c"]
