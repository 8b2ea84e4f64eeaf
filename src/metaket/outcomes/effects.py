"""The effect of each selected row, whatever it gives: counts, means, a difference with its precision, a range.

`row_effects` makes `EffectSizes` of a table's rows. `FormOfRow` says how one row gives its effect, and `effect_arrays`
computes it for many values of the row's numbers at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket._distributions import critical
from metaket.errors import DataError, InputError
from metaket.measures.compute import effect_sizes
from metaket.measures.counts import adjust_zero_cells, both_empty
from metaket.measures.effect import Dropped, EffectSizes
from metaket.measures.generic import se_from_p
from metaket.measures.means import smd_variance, standardise_difference
from metaket.measures.registry import MEASURES, TRAITS, takes_rho
from metaket.outcomes.select import Row, Rules, Selection, has_cells

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FormOfRow", "effect_arrays", "form_of", "row_effects"]

NO_INFORMATION = "no information: both arms at zero or all events"
SPREADS = {"v": ("v",), "se": ("se",), "ci": ("ci_low", "ci_high"), "p": ("p",)}
HOW = {"v": "v as printed", "se": "SE as printed", "ci": "SE from the 95 % interval", "p": "SE from the p-value"}


def row_effects(selection: Selection, rules: Rules) -> tuple[tuple[str, EffectSizes], ...]:
    """Effects of the selected rows: one set, or two where an input is printed as a range (its low and its high end).

    Raises
    ------
    InputError
        No study is left; the message lists the reasons.
    """
    rows = selection.rows
    if len(rows) == 0:
        why = "; ".join(f"{item.study}: {item.reason}" for item in selection.left)
        raise InputError(f"no study left for {rules.measure}{': ' + why if why else ''}")
    ranged = [str(r["study"]) for _, r in rows.iterrows() if _is_range(r, rules)]
    if not ranged:
        return (("", _build(rows, rules, "y", selection)),)
    named = ", ".join(ranged)
    return tuple((f"{named} at the {end} end", _build(rows, rules, f"y_{end}", selection)) for end in ("low", "high"))


def _is_range(row: Row, rules: Rules) -> bool:
    needs = MEASURES[rules.measure].needs
    by_table = rules.measure != "GEN" and has_cells(row, needs)
    return not by_table and not has_cells(row, ("y",)) and has_cells(row, ("y_low", "y_high"))


def _build(rows: pd.DataFrame, rules: Rules, end: str, selection: Selection) -> EffectSizes:
    code = MEASURES[rules.measure].code
    tabled = rows[[code != "GEN" and has_cells(r, MEASURES[code].needs) for _, r in rows.iterrows()]]
    dropped: list[Dropped] = [Dropped(item.row, item.study, item.reason) for item in selection.left]
    parts: dict[int, tuple[float, float, str]] = {}
    options: dict[str, Any] = {"crossover": rules.crossover}
    empty = _uninformative(tabled, rules)
    dropped += [Dropped(int(n), str(tabled.at[n, "study"]), NO_INFORMATION) for n in tabled.index[empty]]
    if empty.all() and len(empty) == len(rows):
        raise InputError(f"no study left for {code}: " + "; ".join(f"{d.study}: {d.reason}" for d in dropped))
    given = rows.drop(tabled.index)
    tabled = tabled[~empty]
    if len(tabled):
        computed = effect_sizes(
            tabled,
            code,
            zero_cells=rules.zero_cells,
            double_zero=rules.double_zero,
            crossover=rules.crossover,
            **rules.options,
        )
        options |= dict(computed.options)
        dropped += computed.dropped
        for at, y, v, note in zip(computed.rows, computed.y, computed.v, computed.notes, strict=True):
            parts[at] = (float(y), float(v), note)
    for number, row in given.iterrows():
        parts[int(number)] = _given_effect(row, rules, end)  # type: ignore[call-overload]
    kept = [n for n in rows.index if n in parts]
    table = rows.loc[kept]
    return EffectSizes(
        np.array([parts[n][0] for n in kept]),
        np.array([parts[n][1] for n in kept]),
        tuple(str(s) for s in table["study"]),
        code,
        tuple(int(n) for n in kept),
        table,
        tuple(dropped),
        options,
        tuple(parts[n][2] for n in kept),
    )


def _uninformative(tabled: pd.DataFrame, rules: Rules) -> npt.NDArray[np.bool_]:
    """Rows that say nothing about a ratio: no arm, or every patient of both arms, had the event."""
    if rules.double_zero != "drop" or not TRAITS[rules.measure].uninformative or len(tabled) == 0:
        return np.zeros(len(tabled), dtype=bool)
    return both_empty({n: tabled[n].to_numpy(dtype=float) for n in MEASURES[rules.measure].needs})


@dataclass(frozen=True, slots=True)
class FormOfRow:
    """How a row gives its effect.

    Attributes
    ----------
    tabled : bool
        By the columns that the measure needs (counts, means); else the effect itself stands in the row.
    spread : {"v", "se", "ci", "p", "n", ""}
        What the variance of a given effect comes from; "n" is the arms' sizes.
    standardised : bool
        A mean difference that becomes Hedges' g.
    ranged : bool
        The effect is printed as a range, y_low to y_high.
    crossover : bool
    rho : float
        Correlation of a crossover's periods; 0 as parallel.
    """

    tabled: bool
    spread: str = ""
    standardised: bool = False
    ranged: bool = False
    crossover: bool = False
    rho: float = 0.0

    @property
    def note(self) -> str:
        """What is said of the effect."""
        how = HOW.get(self.spread, "variance from the arm sizes")
        kind = f"g from the mean difference, {how}" if self.standardised else how
        if not self.crossover:
            return kind
        return f"{kind}; crossover, " + ("as parallel" if self.rho == 0 else f"rho {self.rho:g}")


def form_of(row: Row, rules: Rules) -> FormOfRow:
    """How this row gives its effect for this measure."""
    crossover = str(row.get("design", "")).startswith("crossover")
    rho = rules.rho if crossover else 0.0
    if rules.measure != "GEN" and has_cells(row, MEASURES[rules.measure].needs):
        return FormOfRow(True, crossover=crossover, rho=rho)
    spread = next((name for name, cells in SPREADS.items() if has_cells(row, cells)), "n")
    standardised = rules.measure == "SMD" and str(row.get("y_measure", "")) == "MD"
    return FormOfRow(False, spread, standardised, not has_cells(row, ("y",)), crossover, rho)


def effect_arrays(
    form: FormOfRow, columns: Mapping[str, Array], rules: Rules, *, end: str = "y", zero_cells: str = ""
) -> tuple[Array, Array]:
    """(y, v) of a row for many values of its numbers.

    Parameters
    ----------
    form : FormOfRow
    columns : mapping of str to ndarray, each of shape (m,)
        The row's numbers under the names of outcomes.csv.
    rules : Rules
    end : {"y", "y_low", "y_high"}
        Which end of a printed range counts.
    zero_cells : str
        The zero-cell rule for this row, where it is not that of `rules` ("if0all" looks at the other rows).

    Returns
    -------
    y, v : ndarray, shape (m,)
        NaN in v where the numbers are not admissible (a standard error that is not above 0, a reversed interval).
    """
    with np.errstate(all="ignore"):
        y, v = _tabled(form, columns, rules, zero_cells) if form.tabled else _given(form, columns, end)
    return y, np.where(v > 0, v, np.nan)


def _tabled(form: FormOfRow, columns: Mapping[str, Array], rules: Rules, zero_cells: str) -> tuple[Array, Array]:
    code = rules.measure
    values = {name: columns[name] for name in MEASURES[code].needs}
    if TRAITS[code].zero_cells:
        values = adjust_zero_cells(values, zero_cells or rules.zero_cells).columns
    extra = {"rho": np.full_like(next(iter(values.values())), form.rho)} if form.rho and takes_rho(code) else {}
    return MEASURES[code].func(values, **extra, **rules.options)


def _given(form: FormOfRow, c: Mapping[str, Array], end: str) -> tuple[Array, Array]:
    y = c[end if form.ranged else "y"]
    if form.spread == "n":
        return y, smd_variance(y, c["n_t"], c["n_c"], "LS", form.rho)
    se = _standard_error(form.spread, c, y)
    if form.standardised:
        return standardise_difference(y, se, c["n_t"], c["n_c"], form.rho)
    return y, np.where(se > 0, se**2, np.nan)


def _standard_error(spread: str, c: Mapping[str, Array], y: Array) -> Array:
    if spread == "v":
        return np.sqrt(c["v"])
    if spread == "se":
        return c["se"]
    if spread == "ci":
        return (c["ci_high"] - c["ci_low"]) / (2 * float(critical(0.95, np.inf)))
    inside = (c["p"] > 0) & (c["p"] < 1)
    return np.where(inside, se_from_p(y, np.where(inside, c["p"], 0.5)), np.nan)


def _given_effect(row: Row, rules: Rules, end: str) -> tuple[float, float, str]:
    """(y, v, how) of a row that gives the effect itself; an impossible precision names row and study."""
    form = form_of(row, rules)
    names = ("y", "y_low", "y_high", "v", "se", "ci_low", "ci_high", "p", "n_t", "n_c")
    columns = {name: np.array([float(row[name])]) for name in names if name in row}
    y, v = effect_arrays(form, columns, rules, end=end)
    if not v[0] > 0:
        shown = " and ".join(f"{name} is {row[name]:g}" for name in SPREADS.get(form.spread, ("n_t", "n_c")))
        raise DataError(f"outcomes.csv row {row.name} ({row['study']}): {shown}; the variance must be above 0")
    ranged = f"{end.removeprefix('y_')} end of a printed range; " if form.ranged else ""
    return float(y[0]), float(v[0]), ranged + form.note
