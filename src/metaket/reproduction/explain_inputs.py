"""What the studies gave, as columns of text and numbers, and batches of the same columns with something changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.errors import InputError
from metaket.measures.effect import EffectSizes
from metaket.measures.registry import MEASURES
from metaket.measures.table import as_table, column_names, numbers_of, study_names

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GIVEN", "KINDS", "Batch", "Inputs", "as_typed", "inputs_of", "inputs_of_frame"]

GIVEN = (("se",), ("ci_low", "ci_high"), ("v",))
KINDS: dict[str, tuple[str, ...]] = {
    "counts": ("events_t", "n_t", "events_c", "n_c"),
    "means": ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c"),
    "rates": ("events_t", "time_t", "events_c", "time_c"),
    "proportions": ("events", "n"),
    "correlations": ("r", "n"),
    "given": ("y",),
}
LONGEST_NUMBER = 7  # digits: a longer cell was computed, not typed


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The study-level inputs of one analysis.

    Attributes
    ----------
    columns : mapping of str to ndarray, each of shape (k,)
        The columns that the measure needs, or y with se, v or ci_low and ci_high (on the analysis scale).
    texts : mapping of str to tuple of str
        The cells as typed; empty where a number was computed and not typed.
    study : tuple of str
    measure : str
        The measure that the analysis uses; of given effects, what they are.
    rho : ndarray, shape (k,), or None
        Correlation between the periods of crossover trials.
    """

    columns: Mapping[str, Array]
    texts: Mapping[str, tuple[str, ...]]
    study: tuple[str, ...]
    measure: str
    rho: Array | None = None

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.study)

    @property
    def kind(self) -> str:
        """A key of `KINDS`, or "other" for inputs that only one measure is made of."""
        return next((kind for kind, names in KINDS.items() if set(names) <= set(self.columns)), "other")

    def batch(self) -> Batch:
        """The inputs as they are: a batch of one."""
        return Batch({name: a[None, :] for name, a in self.columns.items()}, np.ones((1, self.k)), ("as given",))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Many versions of the inputs.

    Attributes
    ----------
    columns : mapping of str to ndarray, each of shape (c, k)
    include : ndarray, shape (c, k)
        How often each study counts.
    names : tuple of str
        What was changed, one a version.
    studies : ndarray of int, shape (c,)
        Which study was changed; -1 for all.
    """

    columns: Mapping[str, Array]
    include: Array
    names: tuple[str, ...]
    studies: npt.NDArray[np.int64] = field(default_factory=lambda: np.full(1, -1))

    def __len__(self) -> int:
        return len(self.names)


def as_typed(value: float) -> str:
    """A number as people type it: empty where it has more digits than anybody types."""
    if not np.isfinite(value):
        return ""
    text = str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
    return text if "e" not in text and sum(c.isdigit() for c in text) <= LONGEST_NUMBER else ""


def _typed_columns(columns: Mapping[str, Array], table: Any, names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The cells as text where the table holds texts, else as the number is typed."""
    out = {}
    for name, values in columns.items():
        cells: list[Any] = [None] * values.size
        column = names.get(name, name)
        if table is not None and column in table.columns:
            cells = list(table[column])
        typed = [c.strip() if isinstance(c, str) else as_typed(v) for c, v in zip(cells, values.tolist(), strict=True)]
        out[name] = tuple(typed)
    return out


def inputs_of(effects: EffectSizes, printed: pd.DataFrame | None = None) -> Inputs:
    """The inputs of effect sizes: the counts or means that they came from, else y and its standard error.

    `printed` has the cells as texts, by the effects' row numbers.
    """
    table = effects.table
    shown = table if printed is None else printed.loc[list(effects.rows)]
    needs = MEASURES[effects.measure].needs
    rho = _rho(effects)
    if table is not None and effects.measure != "GEN" and set(needs) <= set(table.columns):
        columns = {name: numbers_of(table, name, {}) for name in needs}
        if not any(np.isnan(a).any() for a in columns.values()):
            return Inputs(columns, _typed_columns(columns, shown, {}), effects.study, effects.measure, rho)
    if table is not None and "y" in table.columns and np.allclose(numbers_of(table, "y", {}), effects.y):
        for spread in GIVEN:
            if set(spread) <= set(table.columns):
                columns = {name: numbers_of(table, name, {}) for name in ("y", *spread)}
                if not any(np.isnan(a).any() for a in columns.values()) and _same_v(columns, effects):
                    return Inputs(columns, _typed_columns(columns, shown, {}), effects.study, effects.measure)
    columns = {"y": np.array(effects.y), "se": np.sqrt(effects.v)}
    return Inputs(columns, _typed_columns(columns, None, {}), effects.study, effects.measure)


def _same_v(columns: Mapping[str, Array], effects: EffectSizes) -> bool:
    """Whether the columns are where the effects' variances came from."""
    from metaket.measures.generic import variance_of

    return bool(np.allclose(variance_of(columns)[0], effects.v, rtol=1e-9))


def _rho(effects: EffectSizes) -> Array | None:
    crossover = effects.options.get("crossover", "parallel")
    if isinstance(crossover, str) or not effects.notes:
        return None
    return np.array([float(crossover) if "crossover, rho" in note else 0.0 for note in effects.notes])


def inputs_of_frame(
    data: pd.DataFrame | Mapping[str, Any], measure: str, columns: Mapping[str, str] | str | None = None
) -> Inputs:
    """Inputs from a table with the columns of the measure, or with y and se, v or an interval."""
    table = as_table(data)
    code = MEASURES[measure].code
    needs = MEASURES[code].needs if code != "GEN" else ()
    names = column_names(table, columns, needs)

    def has(wanted: tuple[str, ...]) -> bool:
        return all(names.get(n, n) in table.columns for n in wanted)

    sets = [needs] if needs else []
    found = [s for s in (*sets, *(("y", *g) for g in GIVEN)) if has(s)]
    if not found:
        have = ", ".join(map(str, table.columns)) or "none"
        wanted = f"{', '.join(needs)}, or " if needs else ""
        raise InputError(
            f"explain needs the columns {wanted}y with se, v or ci_low and ci_high; the table has {have}. "
            "Name the measure (measure=) and map other names (columns=)"
        )
    read = {name: numbers_of(table, names.get(name, name), names) for name in found[0]}
    blank = np.any([np.isnan(a) for a in read.values()], axis=0)
    study = study_names(table, names)
    if blank.any():
        who = ", ".join(study[i] for i in np.flatnonzero(blank))
        raise InputError(f"explain needs complete rows; blank cells for {who}: fill them in or leave the rows out")
    return Inputs(read, _typed_columns(read, table, names), study, code)
