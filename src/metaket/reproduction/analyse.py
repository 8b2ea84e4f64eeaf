"""One analysis of a paper: its rows, its pooled result (or results), and what it left out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from metaket._checks import check_choice
from metaket.errors import InputError, NotComputableError
from metaket.measures.counts import DOUBLE_ZERO, ZERO_CELLS
from metaket.measures.registry import check_options
from metaket.outcomes import Left, Rules, Selection, join_trials, select
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import PoolSpec
from metaket.reproduction.paper import Analysis, Paper
from metaket.reproduction.quantities import QUANTITIES, Quantity, arm_rate
from metaket.timecourse import patients, pool_selection, time_label

__all__ = ["AnalysisResult", "rules_of", "run_analysis", "spec_of"]


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisResult:
    """An analysis and what came out.

    Attributes
    ----------
    analysis : Analysis
    selection : Selection
    results : tuple of (str, PooledResult)
        Empty where nothing can be pooled; two, an end each, where an input is printed as a range.
    gap : str
        Why there is no result, else empty.
    """

    analysis: Analysis
    selection: Selection
    results: tuple[tuple[str, PooledResult], ...]
    gap: str

    @property
    def id(self) -> str:
        """The analysis' id."""
        return self.analysis.id

    @property
    def result(self) -> PooledResult | None:
        """The result, or the one at the low end of a range, or None."""
        return self.results[0][1] if self.results else None

    @property
    def asked(self) -> int:
        """Number of studies that the filter asks for."""
        return self.selection.rows["study"].nunique() + len(self.selection.left)

    @property
    def used(self) -> Any:
        """The rows that entered the pool, a DataFrame: none without a result."""
        rows = self.selection.rows
        return rows.iloc[:0] if self.result is None else rows.loc[list(self.result.effects.rows)]

    @property
    def open(self) -> tuple[Left, ...]:
        """The studies that lack a number."""
        return tuple(item for item in self.selection.left if item.open)

    @property
    def basis(self) -> str:
        """How much of what is asked for is there: ``2 of 10 trials``."""
        used = self.results[0][1].k if self.results else 0
        return f"{used} of {self.asked} trials"

    def quantity(self, code: str) -> tuple[Quantity, ...]:
        """A quantity of each result. Raises `NotComputableError` where it has none."""
        func = QUANTITIES[code].func
        if not self.results:
            raise NotComputableError(self.gap)
        if code in ("rate_t", "rate_c"):  # a trial without an event is in no ratio, but its patients are in the rate
            return (arm_rate(self.selection.rows, code[-1]),)
        return tuple(func(result, self.analysis.better) for _, result in self.results)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        a = self.analysis
        return {
            "id": a.id,
            "title": a.title,
            "outcome": a.where.get("outcome"),
            "time_h": a.where.get("time_h"),
            "measure": a.measure,
            "spec": spec_dict(a),
            "assumed": list(a.assumed),
            "sensitivity": a.sensitivity_of or None,
            "sensitivity_of": a.sensitivity_of or None,
            "include": list(a.include),
            "unverified_used": "unverified" in self.selection.statuses,
            "included": [
                {"study": str(row["study"]), "row": int(number), "status": row["status"], "source": row["source"]}
                for number, row in self.used.iterrows()
            ],
            "left_out": [
                {"study": item.study, "row": item.row, "reason": item.reason, "where": item.look}
                for item in self.selection.left
            ]
            + [
                {"study": d.study, "row": d.row, "reason": d.reason, "where": ""}
                for d in (self.result.effects.dropped if self.result else ())
                if d.row not in {item.row for item in self.selection.left}
            ],
            "basis": self.basis,
            "gap": self.gap,
            "n_total": patients(self.used),
            "results": [{"end": end} | _clean(r.fields(transform=True)) | rates(self, r) for end, r in self.results],
            "note": a.note,
        }


def rates(outcome: AnalysisResult, result: PooledResult) -> dict[str, float | None]:
    """Arm rates in percent where the rows are counts."""
    out: dict[str, float | None] = {}
    del result
    for code in ("rate_t", "rate_c"):
        try:
            out[code] = outcome.quantity(code)[0].value
        except NotComputableError:
            out[code] = None
    return out


def _clean(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no NaN and no infinity: null."""
    return {k: (None if isinstance(v, float) and not math.isfinite(v) else v) for k, v in values.items()}


def spec_dict(a: Analysis) -> dict[str, Any]:
    """The options of an analysis as plain data."""
    names = ("model", "tau2", "test", "i2", "zero_cells", "double_zero", "crossover")
    return {"measure": a.measure} | {name: getattr(a, name) for name in names} | {"where": dict(a.where)}


def rules_of(a: Analysis) -> Rules:
    """How the rows of an analysis become effects."""
    options = {"vtype": a.vtype} if a.vtype else {}
    return Rules(a.measure, a.zero_cells, a.double_zero, a.crossover, options)


def spec_of(a: Analysis) -> PoolSpec:
    """How the effects of an analysis are pooled."""
    return PoolSpec.of(a.model, a.tau2, a.test, a.i2)


def run_analysis(paper: Paper, analysis: Analysis) -> AnalysisResult:
    """Select, compute and pool.

    Raises
    ------
    InputError
        An unknown column, status or option in the analysis.
    DataError
        A row that breaks a rule, or a study that would enter twice.
    """
    try:
        return _run(paper, analysis)
    except InputError as error:
        raise type(error)(f"analysis {analysis.id!r}: {error}") from None


def _run(paper: Paper, analysis: Analysis) -> AnalysisResult:
    table = join_trials(paper.outcomes, paper.trials)
    rules, spec = rules_of(analysis), spec_of(analysis)
    check_choice("zero-cell rule", rules.zero_cells, ZERO_CELLS)
    check_choice("double-zero rule", rules.double_zero, DOUBLE_ZERO)
    check_options(rules.measure, rules.options)
    selection = select(table, analysis.where, rules.measure, include=analysis.include, variants=analysis.variants)
    results, gap = pool_selection(selection, rules, spec)
    if not selection.left and len(selection.rows) == 0:
        gap = f"no row has {', '.join(f'{c} = {v}' for c, v in analysis.where.items()) or 'anything'}"
    return AnalysisResult(analysis, selection, results, gap)


def title_of(analysis: Analysis) -> str:
    """A title where the paper gives none."""
    parts = [str(analysis.where.get("outcome", analysis.id)), _times(analysis.where.get("time_h"))]
    return analysis.title or ", ".join(p for p in parts if p)


def _times(value: Any) -> str:
    """The time of a filter for people, whether it is a number, a text or a list of these."""
    if value is None:
        return ""
    values = value if isinstance(value, list | tuple) else [value]
    return " and ".join(time_label(float(v)) for v in values)
