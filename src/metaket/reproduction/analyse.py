"""One analysis of a paper: its rows, its pooled result (or results), and what it left out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket._checks import check_choice
from metaket.diagnostics.subgroups import Subgroups
from metaket.errors import InputError, NotComputableError
from metaket.measures.counts import DOUBLE_ZERO, ZERO_CELLS
from metaket.measures.effect import EffectSizes
from metaket.measures.registry import check_options
from metaket.outcomes import Left, Rules, Selection, join_trials, row_effects, select
from metaket.pooling.correlated import CorrelatedResult
from metaket.pooling.result import PooledResult
from metaket.reproduction.models import Fit, Modelled, effects_of, fit_effects, fit_model, is_modelled, rows_by, spec_of
from metaket.reproduction.paper import Analysis, Paper
from metaket.reproduction.paper_tables import MODEL_OPTIONS, Sampling
from metaket.reproduction.quantities import arm_rate
from metaket.reproduction.quantity import Quantity
from metaket.reproduction.terms import quantity_of
from metaket.reproduction.toml import line_about
from metaket.timecourse import patients, pool_selection, time_label

if TYPE_CHECKING:
    import pandas as pd

DEFAULTS = {name: Analysis.model_fields[name].get_default(call_default_factory=True) for name in MODEL_OPTIONS}
__all__ = ["AnalysisResult", "refit", "rules_of", "run_analysis", "spec_of"]


@dataclass(frozen=True, slots=True, eq=False)
class AnalysisResult:
    """An analysis and what came out.

    Attributes
    ----------
    analysis : Analysis
    selection : Selection
    results : tuple of (str, PooledResult)
        Empty where nothing can be pooled, and for models; two, an end each, where an input is printed as a range.
    gap : str
        Why there is no result, else empty.
    models : tuple of (str, RegressionResult, CorrelatedResult or Subgroups)
        The same for an analysis whose answer is more than one pooled effect.
    """

    analysis: Analysis
    selection: Selection
    results: tuple[tuple[str, PooledResult], ...]
    gap: str
    models: tuple[tuple[str, Modelled], ...] = ()

    @property
    def id(self) -> str:
        """The analysis' id."""
        return self.analysis.id

    @property
    def result(self) -> PooledResult | None:
        """The result, or the one at the low end of a range, or None."""
        return self.results[0][1] if self.results else None

    @property
    def fits(self) -> tuple[tuple[str, Fit], ...]:
        """The results or models, whichever there are."""
        return self.results or self.models

    @property
    def effects(self) -> tuple[EffectSizes, ...]:
        """The effects that entered: one set, one a subgroup, or none."""
        return effects_of(self.fits[0][1]) if self.fits else ()

    @property
    def asked(self) -> int:
        """Number of studies that the filter asks for."""
        return self.selection.rows["study"].nunique() + len(self.selection.left)

    @property
    def used(self) -> Any:
        """The rows that entered the pool, a DataFrame: none without a result."""
        return self.selection.rows.loc[[row for e in self.effects for row in e.rows]]

    @property
    def open(self) -> tuple[Left, ...]:
        """The studies that lack a number."""
        return tuple(item for item in self.selection.left if item.open)

    @property
    def basis(self) -> str:
        """How much of what is asked for is there: ``2 of 10 trials``."""
        used = {study for e in self.effects for study in e.study}
        return f"{len(used)} of {self.asked} trials"

    def quantity(self, code: str) -> tuple[Quantity, ...]:
        """A quantity of each result. Raises `NotComputableError` where it has none."""
        if not self.fits:
            raise NotComputableError(self.gap)
        if code in ("rate_t", "rate_c"):  # a trial without an event is in no ratio, but its patients are in the rate
            return (arm_rate(self.selection.rows, code[-1]),)
        return tuple(quantity_of(fit, code, self.analysis.better) for _, fit in self.fits)

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
                for d in (self.effects[0].dropped if self.effects else ())
                if d.row not in {item.row for item in self.selection.left}
            ]
            + [
                {"study": str(row["study"]), "row": int(number), "reason": self.gap, "where": ""}  # type: ignore[call-overload]
                for number, row in (self.selection.rows.iterrows() if not self.fits else ())
            ],
            "basis": self.basis,
            "gap": self.gap,
            "n_total": patients(self.used),
            "results": [{"end": end} | _clean(r.fields(transform=True)) | rates(self, r) for end, r in self.results],
            "models": [{"end": end} | model_dict(model) for end, model in self.models],
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
    used = {name: getattr(a, name) for name in names} | {"zero_cells": rules_of(a).zero_cells}
    spec = {"measure": a.measure} | used | {"where": dict(a.where)}
    options = {name: _plain(getattr(a, name)) for name in MODEL_OPTIONS}
    return spec | {name: value for name, value in options.items() if value != _plain(DEFAULTS[name])}


def _plain(value: Any) -> Any:
    if isinstance(value, Sampling):
        return value.model_dump(exclude_defaults=True)
    return list(value) if isinstance(value, tuple) else value


def model_dict(model: Modelled) -> dict[str, Any]:
    """Coefficients or groups, and what there is once a model, as plain data."""
    rows = [_clean({str(k): v for k, v in row.items()}) for row in model.to_frame().to_dict(orient="records")]
    if isinstance(model, Subgroups):
        once = {name: getattr(model, name) for name in ("q_between", "q_between_df", "q_between_p", "shared_tau2")}
        return {"groups": rows} | once
    if isinstance(model, CorrelatedResult):
        return {"coefficients": rows, "components": _clean(dict(model.components)), "loglik": model.loglik}
    names = ("tau2", "qe", "qe_df", "qe_p", "i2", "r2")
    return {"coefficients": rows} | _clean({name: getattr(model, name) for name in names})


def rules_of(a: Analysis) -> Rules:
    """How the rows of an analysis become effects."""
    options = {"vtype": a.vtype} if a.vtype else {}
    return Rules(a.measure, a.zero_cells, a.double_zero, a.crossover, options)


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
        place = line_about(paper.folder / "paper.toml", "analysis", analysis.id, str(error))
        if str(error).startswith("row "):
            raise type(error)(f"outcomes.csv {error} (analysis {analysis.id!r})") from None
        raise type(error)(f"paper.toml{place}: analysis {analysis.id!r}: {error}") from None


def _run(paper: Paper, analysis: Analysis) -> AnalysisResult:
    table = join_trials(paper.outcomes, paper.trials)
    rules, spec = rules_of(analysis), spec_of(analysis)
    check_choice("zero-cell rule", rules.zero_cells, ZERO_CELLS)
    check_choice("double-zero rule", rules.double_zero, DOUBLE_ZERO)
    check_options(rules.measure, rules.options)
    by = rows_by(analysis, table.columns)
    where, include, variants = analysis.where, analysis.include, analysis.variants
    selection = select(table, where, rules.measure, include=include, variants=variants, by=by)
    if is_modelled(analysis) and len(selection.rows):
        models = tuple((end, fit_model(analysis, effects)) for end, effects in row_effects(selection, rules))
        return AnalysisResult(analysis, selection, (), "", models)
    results, gap = pool_selection(selection, rules, spec)
    if not selection.left and len(selection.rows) == 0:
        gap = f"no row has {', '.join(f'{c} = {v}' for c, v in analysis.where.items()) or 'anything'}"
    return AnalysisResult(analysis, selection, results, gap)


def refit(analysis: Analysis, rows: pd.DataFrame, end: int = 0) -> Fit:
    """The answer of an analysis on changed rows of its selection; `end` counts the ends of a printed range."""
    effects = row_effects(Selection(rows, ()), rules_of(analysis))
    return fit_effects(analysis, effects[end][1])


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
