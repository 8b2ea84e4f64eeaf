"""One analysis of a paper: its rows, its pooled result (or results), and what it left out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from metaket.errors import NotComputableError
from metaket.outcomes import Left, Rules, Selection, join_trials, select
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import PoolSpec
from metaket.reproduction.paper import Analysis, Paper
from metaket.reproduction.quantities import QUANTITIES, Quantity
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
                {"study": str(row["study"]), "row": int(number), "status": row["status"], "source": row["source"]}  # type: ignore[call-overload]
                for number, row in self.selection.rows.iterrows()
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
            "n_total": patients(self.selection.rows),
            "results": [{"end": end} | _clean(r.fields(transform=True)) | rates(self, r) for end, r in self.results],
            "note": a.note,
        }


def rates(outcome: AnalysisResult, result: PooledResult) -> dict[str, float | None]:
    """Arm rates in percent where the rows are counts."""
    out: dict[str, float | None] = {}
    for code in ("rate_t", "rate_c"):
        try:
            out[code] = QUANTITIES[code].func(result, outcome.analysis.better).value
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
    table = join_trials(paper.outcomes, paper.trials)
    selection = select(table, analysis.where, analysis.measure, include=analysis.include, variants=analysis.variants)
    results, gap = pool_selection(selection, rules_of(analysis), spec_of(analysis))
    return AnalysisResult(analysis, selection, results, gap)


def title_of(analysis: Analysis) -> str:
    """A title where the paper gives none."""
    time = analysis.where.get("time_h")
    parts = [str(analysis.where.get("outcome", analysis.id)), time_label(float(time)) if time is not None else ""]
    return analysis.title or ", ".join(p for p in parts if p)
