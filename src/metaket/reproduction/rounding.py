"""How far a result can move while every input stays within its printed rounding.

The printed decimals come from the text of outcomes.csv: "10.97" stands for 10.965 to 10.975. Counts are exact, unless
the row says that they were derived from a percentage that several counts print as. The box of inputs goes through the
measure and the kernel as batches: thousands of fits in one call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array
from metaket.errors import InputError
from metaket.measures.counts import adjust_zero_cells
from metaket.measures.effect import EffectSizes
from metaket.measures.registry import MEASURES, TRAITS
from metaket.outcomes import FormOfRow, Rules, effect_arrays, form_of
from metaket.outcomes.effects import SPREADS
from metaket.pooling.correlated import CorrelatedResult
from metaket.reproduction.analyse import AnalysisResult, rules_of
from metaket.reproduction.box import extremes, pointed
from metaket.reproduction.claims import read_printed
from metaket.reproduction.many import in_batches, is_number, quantity_many
from metaket.reproduction.models import correlates, spec_of
from metaket.reproduction.paper import Analysis, Paper
from metaket.reproduction.sketch import sketch_many
from metaket.reproduction.typography import plain

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reach", "RoundedInput", "printed_half", "rounded_inputs", "rounding_range"]

ROUNDED = ("mean_t", "sd_t", "mean_c", "sd_c", "y", "y_low", "y_high", "se", "v", "ci_low", "ci_high", "p")
CELLS = ("events_t", "n_t", "events_c", "n_c")
FIXED = ("rate_t", "rate_c", "k", "n_total", "q_df")  # whatever the rounded inputs are
HOW = {
    "corners": "exact: monotone in each input, so at corners of their box",
    "climb": "bounded optimisation, {:,} fits",
    "slopes": "corners that the slopes point at, {:,} fits",
    "steps": "corners that one scoring step an input points at, {:,} fits",
}


@dataclass(frozen=True, slots=True)
class RoundedInput:
    """An input and the values that print like it.

    Attributes
    ----------
    row : int
        Of outcomes.csv.
    column : str
    low, high : float
    whole : bool
        A count behind a printed percentage: whole numbers only.
    """

    row: int
    column: str
    low: float
    high: float
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Reach:
    """The range of a result over the box of its inputs.

    Attributes
    ----------
    low, high : float
        In the unit of the quantity.
    how : str
        How the range was found, and whether it is exact.
    sd : float
        Standard deviation of the result under independent rounding errors, each uniform in its interval.
    """

    low: float
    high: float
    how: str
    sd: float


def rounded_inputs(paper: Paper, rows: pd.DataFrame) -> list[RoundedInput]:
    """Every rounded input of the rows, and every count that its printed percentage leaves open."""
    out = []
    for label, row in rows.iterrows():
        number = int(label)  # type: ignore[call-overload]
        printed = {str(name): str(cell) for name, cell in paper.printed.loc[number].items()}
        for column in ROUNDED:
            half = _half(printed.get(column, ""))
            if half and column in row and not np.isnan(row[column]):
                out.append(RoundedInput(number, column, row[column] - half, row[column] + half))
        for arm in ("t", "c"):
            out += _open_count(number, row, printed.get(f"percent_{arm}", ""), arm)
    return out


def _half(text: str) -> float:
    """Half a unit of the last printed decimal; 0 where the cell is blank."""
    try:
        exponent = Decimal(plain(text)).as_tuple().exponent
    except InvalidOperation:
        return 0.0
    return float(Decimal(1).scaleb(exponent) / 2) if isinstance(exponent, int) else 0.0


def printed_half(paper: Paper, number: Any, column: str) -> float:
    """Half a unit of the last printed decimal of a cell of outcomes.csv; 0 where it is blank or not there."""
    if column not in paper.printed.columns:
        return 0.0
    return _half(str(paper.printed.at[number, column]))


def _open_count(number: int, row: Any, percent: str, arm: str) -> list[RoundedInput]:
    """The counts of a derived row that print as its percentage, where there are several."""
    events, n = row.get(f"events_{arm}", np.nan), row.get(f"n_{arm}", np.nan)
    if row["status"] != "derived" or not percent.strip() or np.isnan(events) or np.isnan(n):
        return []
    try:
        printed = read_printed(percent if percent.strip().endswith("%") else f"{percent}%")
    except InputError:
        return []  # `metaket check` names the row
    low, high = np.ceil(printed.low / 100.0 * n - 1e-9), np.floor(printed.high / 100.0 * n + 1e-9)
    if not low <= events <= high or low == high:
        return []
    return [RoundedInput(number, f"events_{arm}", max(low, 0.0), min(high, n), whole=True)]


def rounding_range(paper: Paper, found: AnalysisResult, code: str) -> Reach | None:
    """Range of a quantity over the box of inputs.

    Parameters
    ----------
    paper : Paper
    found : AnalysisResult
        With the results of the inputs as printed.
    code : str
        A quantity of the analysis that is a number.

    Returns
    -------
    Reach or None
        None where no input is rounded or nothing was pooled.

    Notes
    -----
    With weights that do not depend on the effects (common effect, or a known tau2), and effects and variances that come
    from inputs of their own (MD; an effect with v, SE or interval), sum(w y) / sum(w) is increasing in each y, monotone
    in each w, and linear-fractional, hence pseudo-linear: a corner that no single move betters is the extreme
    (Boyd & Vandenberghe 2004, Convex Optimization, 3.4). Elsewhere (DerSimonian-Laird is not monotone in a variance)
    the range is the widest that bounded optimisation found: values that admissible inputs do give. A model that the
    kernel has no batch of is fitted at the corners that its slopes point at; of a model of correlated effects one
    scoring step from the printed inputs' fit gives the slope along an input. Covariances that stand in columns of their
    own are held.
    """
    rows, analysis = found.used, found.analysis
    if not found.fits or code in FIXED or not is_number(code):
        return None
    rules = rules_of(analysis)
    forms = {int(n): form_of(row, rules) for n, row in rows.iterrows()}
    inputs = [item for item in rounded_inputs(paper, rows) if _matters(item.column, forms[item.row], rules)]
    if not inputs:
        return None
    search = "steps" if correlates(analysis) else _search(code, analysis, tuple(forms.values()), rules)
    ends, count, sd = [], 0, 0.0
    for which, (_, fit) in enumerate(found.fits):  # two where an input is printed as a range
        end = ("y_low", "y_high")[which] if len(found.fits) > 1 else "y"
        box = _Box(rows, rules, forms, inputs, analysis, end, code)
        if isinstance(fit, CorrelatedResult):
            got = pointed(box, partial(box.sketch, fit=fit), len(inputs))
        else:
            got = extremes(box, len(inputs), search)
        ends += [got.low, got.high]
        count, sd = count + got.evaluations, max(sd, got.sd)
    if np.isnan(ends).all():
        return None
    return Reach(float(np.nanmin(ends)), float(np.nanmax(ends)), HOW[search].format(count), sd)


def _matters(column: str, form: FormOfRow, rules: Rules) -> bool:
    """Whether the row's effect is computed from this column."""
    if form.tabled:
        return column in MEASURES[rules.measure].needs
    effect = ("y_low", "y_high") if form.ranged else ("y",)
    return column in effect or column in SPREADS.get(form.spread, ())


def _search(code: str, analysis: Analysis, forms: tuple[FormOfRow, ...], rules: Rules) -> str:
    """How to look for the range: corners where the quantity is known to be monotone (see `rounding_range`)."""
    if not in_batches(code, analysis):
        return "slopes"
    apart = all(
        (not form.tabled and not form.standardised and form.spread in ("v", "se", "ci"))
        or (form.tabled and rules.measure == "MD" and form.rho == 0)
        for form in forms
    )
    spec = spec_of(analysis)
    alone = len(forms) == 1 and code in ("estimate", "std_error", "ci_low", "ci_high")
    weighted = code == "estimate" or (code == "std_error" and spec.test == "z")
    fixed = spec.model == "common" or not isinstance(spec.tau2, str)
    return "corners" if apart and (alone or (fixed and weighted)) else "climb"


@dataclass(frozen=True, slots=True)
class _Box:
    """The box of inputs of one analysis: from points of [-1, 1]^n, shape (m, n), to values of a quantity, (m,)."""

    rows: pd.DataFrame
    rules: Rules
    forms: Mapping[int, FormOfRow]
    inputs: list[RoundedInput]
    analysis: Analysis
    end: str
    code: str

    def __call__(self, points: Array) -> Array:
        return quantity_many(self.code, *self._effects(points), self._like(), self.analysis)

    def sketch(self, points: Array, fit: CorrelatedResult) -> Array:
        """The same of a model of correlated effects, by one scoring step from the fit of the printed inputs."""
        return sketch_many(self.code, *self._effects(points), self._like(), self.analysis, fit)

    def _effects(self, points: Array) -> tuple[Array, Array]:
        """(y, v), each (m, k)."""
        effects = [self._study(number, points) for number in self.forms]
        return np.stack([y for y, _ in effects], axis=1), np.stack([v for _, v in effects], axis=1)

    def _like(self) -> EffectSizes:
        """The measure, the studies and the table; its effects do not count."""
        studies = tuple(self.rows["study"].astype(str))
        blank = np.ones(len(studies))
        return EffectSizes(blank, blank.copy(), studies, self.rules.measure, tuple(self.forms), self.rows)

    def _study(self, number: int, points: Array) -> tuple[Array, Array]:
        """(y, v) of one study, each (m,); NaN in v where its inputs are not admissible."""
        row, form = self.rows.loc[number], self.forms[number]
        columns = {
            str(name): np.full(len(points), float(value))
            for name, value in row.items()
            if isinstance(value, float | int | np.number)
        }
        for at, item in enumerate(self.inputs):
            if item.row == number:
                value = (item.low + item.high) / 2 + points[:, at] * (item.high - item.low) / 2
                columns[item.column] = np.round(value) if item.whole else value
        y, v = effect_arrays(form, columns, self.rules, end=self.end, zero_cells=self._zero_rule())
        negative = [columns[name] < 0 for name in ("sd_t", "sd_c") if form.tabled and name in columns]
        return y, np.where(np.any(negative, axis=0), np.nan, v) if negative else v

    def _zero_rule(self) -> str:
        """ "if0all" looks at every study: the rule that it comes to on the printed counts."""
        if self.rules.zero_cells != "if0all" or not TRAITS[self.rules.measure].zero_cells:
            return ""
        try:
            cells = {name: self.rows[name].to_numpy(dtype=float) for name in MEASURES[self.rules.measure].needs}
        except KeyError as error:
            raise InputError(f"the table has no column {error}") from None
        return "all" if adjust_zero_cells(cells, "if0all").changed.any() else "none"
