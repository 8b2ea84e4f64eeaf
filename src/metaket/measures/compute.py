"""From a table to `EffectSizes`: `effect_sizes` for a measure's columns, `generic` for given effects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array, check_choice
from metaket._registry import Entry
from metaket.errors import InputError
from metaket.measures.build import assemble, join, keepers
from metaket.measures.checks import check_source
from metaket.measures.counts import DOUBLE_ZERO, ZERO_CELLS, adjust_zero_cells, both_empty
from metaket.measures.effect import EffectSizes
from metaket.measures.given import generic
from metaket.measures.registry import MEASURES, TRAITS, MeasureFunction, check_options, takes_rho
from metaket.measures.table import METAFOR_COLUMNS, Source, read_source, row_numbers

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METAFOR_COLUMNS", "effect_sizes", "generic", "row_numbers"]


def effect_sizes(
    data: pd.DataFrame | Mapping[str, Any],
    measure: str,
    *,
    columns: Mapping[str, str] | str | None = None,
    zero_cells: str | None = None,
    double_zero: str = "drop",
    add: float = 0.5,
    crossover: str | float = "parallel",
    **options: Any,
) -> EffectSizes:
    r"""Effect sizes and sampling variances of a measure.

    Parameters
    ----------
    data : DataFrame or mapping of columns
        One row a study, with the columns that the measure needs (``MEASURES[measure].needs``), optionally ``study``,
        ``design`` and ``conversion``. For two-group counts these are ``events_t n_t events_c n_c``, for means
        ``mean_t sd_t n_t mean_c sd_c n_c``, for pairs ``yes_yes yes_no no_yes no_no``, for one group ``events n``,
        ``mean sd n``, ``r n`` or ``events time``.
    measure : str
        A code of `MEASURES`: RR, OR, RD, AS, PETO, MD, SMD, SMDH, ROM, MC, SMCR, MPOR, PR, PFT, ZCOR, IRR, GEN, ...
    columns : mapping or "metafor", optional
        Our name -> the name in `data`.
    zero_cells : {"only0", "if0all", "all", "none"}, optional
        Which studies get `add` in each cell. Without it the measure's own rule holds: "none" for AS, PHI, IRSD, PAS,
        PFT, IRS and IRFT, "only0" for the others.
    double_zero : {"drop", "keep"}
        Ratio measures: leave out studies in which no arm, or every patient of both arms, had the event.
    add : float
        What is added, 0.5 by default; 0 or more.
    crossover : "parallel" or float
        How to treat rows whose `design` is ``crossover``: as parallel groups, or as pairs whose periods correlate
        with this rho (-1 < rho < 1). It is never hidden: the choice stands in `options` and in the study's note.
    **options
        Passed to the measure: ``vtype`` (formula of the variance) for many, ``j`` ("exact", "approx") for SMD.

    Returns
    -------
    EffectSizes
        Rows with a blank cell are left out and listed in ``dropped``; a blank is never zero.

    Raises
    ------
    DataError
        Naming row and study: counts that are negative, broken or above the arm, standard deviations not above 0, ...
    InputError
        A column is missing, an option is not the measure's, or no study is left.
    UnknownChoiceError
        An unknown measure or rule.

    Examples
    --------
    >>> import metaket as mk
    >>> trials = {"study": ["A", "B"], "events_t": [8, 12], "n_t": [18, 30], "events_c": [1, 5], "n_c": [18, 30]}
    >>> mk.effect_sizes(trials, "RR").y.round(3).tolist()
    [2.079, 0.875]
    """
    entry = MEASURES[measure]
    own_rule = TRAITS[entry.code].zero_cells
    rule = own_rule if zero_cells is None else check_choice("zero-cell rule", zero_cells, ZERO_CELLS)
    double_zero = check_choice("double-zero rule", double_zero, DOUBLE_ZERO)
    if entry.code == "GEN":
        return generic(data=data, columns=columns, **options)
    check_options(entry.code, options)
    source = read_source(data, entry.needs, columns, f"measure {entry.code}", entry.code)
    check_source(source)
    rho, crossing = _crossover(source, entry, crossover)
    reason = _reasons(source, drop=TRAITS[entry.code].uninformative and double_zero == "drop")
    kept = keepers(entry, source, reason)
    values = {name: array[kept] for name, array in source.values.items()}
    notes = [join(source.notes[i], crossing[i]) for i in kept]
    used = dict(options) | ({"crossover": crossover} if any(crossing) else {})
    if own_rule:
        values, changed = _add_to_cells(values, rule, add)
        notes = [join(note, f"{add:g} added to each cell" if c else "") for note, c in zip(notes, changed, strict=True)]
        used |= {"zero_cells": rule, "double_zero": double_zero, "add": add}
    extra = {"rho": rho[kept]} if rho[kept].any() else {}
    with np.errstate(all="ignore"):
        effect = entry.func(values, **extra, **options)
    return assemble(entry, source, kept, effect, reason, notes, used)


def _add_to_cells(values: dict[str, Array], rule: str, add: float) -> tuple[dict[str, Array], list[bool]]:
    if not isinstance(add, int | float) or not (np.isfinite(add) and add >= 0):
        raise InputError(f"add must be a number of 0 or more, got {add!r}")
    adjusted = adjust_zero_cells(values, rule, add)
    return adjusted.columns, [bool(c) and add > 0 for c in adjusted.changed]


def _reasons(source: Source, *, drop: bool) -> list[str]:
    """Why a row is left out; empty where it is not."""
    nothing = both_empty(source.values) if drop else np.zeros(len(source.study), dtype=bool)
    reasons = []
    for i in range(len(source.study)):
        blank = [source.names.get(name, name) for name, a in source.read.items() if np.isnan(a[i])]
        none = "no information: both arms at zero or all events" if nothing[i] else ""
        reasons.append(f"{', '.join(blank)} not known" if blank else none)
    return reasons


def _crossover(source: Source, entry: Entry[MeasureFunction], choice: str | float) -> tuple[Array, list[str]]:
    """The correlation of each row (0: parallel) and what is noted of it."""
    crossing = np.zeros(len(source.study), dtype=bool)
    column = source.names.get("design", "design")
    if source.table is not None and column in source.table.columns:
        cells = [str(cell).strip().lower() for cell in source.table[column]]
        crossing = np.array([cell.startswith(("crossover", "cross-over")) for cell in cells], dtype=bool)
    if isinstance(choice, str):
        check_choice("crossover handling", choice, ("parallel",))
        return np.zeros(crossing.size), ["crossover, as parallel" if c else "" for c in crossing]
    number = isinstance(choice, int | float | np.number) and not isinstance(choice, bool)
    if not number or not -1.0 < choice < 1.0:
        raise InputError(f"crossover must be 'parallel' or a correlation between -1 and 1, got {choice!r}")
    if crossing.any() and not takes_rho(entry.code):
        can = ", ".join(e.code for e in MEASURES if takes_rho(e.code))
        raise InputError(
            f"{entry.code} has no variance for crossover trials with a correlation; use crossover='parallel', "
            f"or one of {can}, or the measures for pairs"
        )
    return np.where(crossing, choice, 0.0), [f"crossover, rho {choice:g}" if c else "" for c in crossing]
