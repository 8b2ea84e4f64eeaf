"""The specification curve: the same question under every defensible choice that the paper leaves open."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket.errors import MetaketError
from metaket.measures.effect import EffectSizes
from metaket.measures.registry import MEASURES, scale_of
from metaket.outcomes import Rules, join_trials, row_effects, select
from metaket.pooling.pool import pool_spec
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import PoolSpec
from metaket.reproduction.analyse import rules_of, spec_of, title_of
from metaket.reproduction.paper import Analysis, Paper
from metaket.tables import numeric
from metaket.timecourse import patients

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SpecificationCurve", "specification_curve"]

COUNT_MEASURES = ("RR", "OR", "RD")
MODELS = (("DL", "z"), ("DL", "hksj"), ("REML", "z"), ("REML", "hksj"), ("PM", "hksj"), ("common", "z"))
CROSSOVERS: tuple[str | float, ...] = ("parallel", 0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True, eq=False)
class SpecificationCurve:
    """Every specification and its result.

    Attributes
    ----------
    title : str
    rows : DataFrame
        One row a specification: estimate, ci_low, ci_high on the scale that people read, p_value, k, n, family (the
        measure), decision (the interval excludes the null), default, one column per choice.
    choices : tuple of str
    null : float
    log_axis : bool
    axis_label : str
    failed : tuple of str
        Specifications that give no result, with the reason.
    """

    title: str
    rows: pd.DataFrame
    choices: tuple[str, ...]
    null: float
    log_axis: bool
    axis_label: str
    failed: tuple[str, ...]

    @property
    def panels(self) -> tuple[str, ...]:
        """The measures, each drawn on its own axis."""
        return tuple(dict.fromkeys(self.rows["family"])) if len(self.rows) else ()


@dataclass(frozen=True, slots=True)
class _Choice:
    trials: str
    rows: str
    denominator: str
    measure: str
    crossover: str | float
    end: str = ""


def specification_curve(paper: Paper, analysis: Analysis, measures: Sequence[str] | None = None) -> SpecificationCurve:
    """All combinations of measure, denominator, crossover handling, tau2 and test, rows and set of trials.

    Parameters
    ----------
    paper : Paper
    analysis : Analysis
        The default specification; its filter on trials is one of the choices.
    measures : sequence of str, optional
        By default RR, OR and RD for counts, else the analysis' own measure.

    Returns
    -------
    SpecificationCurve

    Notes
    -----
    Choices that change nothing on these data (no crossover trial, no unverified row, ...) are left out. Simonsohn,
    Simmons & Nelson (2020) Nat Hum Behav 4:1208-1214.
    """
    own = MEASURES[analysis.measure].code
    wanted = measures or (_first(own, COUNT_MEASURES) if own in COUNT_MEASURES else (own,))
    records: list[dict[str, Any]] = []
    failed: list[str] = []
    seen: set[tuple[Any, ...]] = set()
    for choice, effects in _effect_sets(paper, analysis, wanted, failed):
        for estimator, test in _first(_own_model(analysis), MODELS):
            record = _record(choice, effects, estimator, test, analysis, failed)
            key = (effects.digest, estimator, test) if record else ()
            if record and key not in seen:
                seen.add(key)
                records.append(record)
    return _curve(title_of(analysis), records, analysis, failed)


def _first(own: Any, others: Sequence[Any]) -> tuple[Any, ...]:
    """The paper's own choice before the others: of specifications that come to the same, the first is kept."""
    return (own, *(item for item in others if item != own))


def _own_model(analysis: Analysis) -> tuple[str | float, str]:
    spec = spec_of(analysis)
    return (spec.tau2 if spec.model == "random" else spec.model), spec.test


def _own_rows(analysis: Analysis) -> str:
    return "with unverified" if "unverified" in analysis.include else "sourced"


def _trial_sets(paper: Paper, analysis: Analysis) -> dict[str, Mapping[str, Any]]:
    """Named filters on trials: the analysis' own, without each doubtful kind, and without any filter."""
    core = {c: v for c, v in analysis.where.items() if c in ("outcome", "time_h")}
    sets: dict[str, Mapping[str, Any]] = {"as analysed": dict(analysis.where)}
    if paper.trials is None:
        return sets
    for column, value, name in (
        ("comparator", "midazolam", "without midazolam"),
        ("drug", "esketamine", "without esketamine"),
        ("doses", "single", "single dose only"),
    ):
        if column in paper.trials:
            present = [str(v) for v in dict.fromkeys(paper.trials[column]) if str(v)]
            keep = [v for v in present if v == value] if value == "single" else [v for v in present if value not in v]
            sets[name] = dict(analysis.where) | {column: keep}
    if core != analysis.where:
        sets["every trial with a row"] = core
    return sets


def _effect_sets(
    paper: Paper, analysis: Analysis, measures: Sequence[str], failed: list[str]
) -> Iterator[tuple[_Choice, EffectSizes]]:
    table, own = join_trials(paper.outcomes, paper.trials), rules_of(analysis)
    statuses: dict[str, tuple[str, ...]] = {"sourced": (), "with unverified": ("unverified",)}
    includes = {name: statuses[name] for name in _first(_own_rows(analysis), tuple(statuses))}
    crossovers = _first(analysis.crossover, CROSSOVERS)
    grid = itertools.product(_trial_sets(paper, analysis).items(), includes.items(), measures, crossovers)
    for (name, where), (rows, include), measure, crossover in grid:
        code = MEASURES[measure].code
        for denominator, frame in _denominators(table, code).items():
            choice = _Choice(name, rows, denominator, code, crossover)
            try:
                selection = select(frame, where, code, include=include, variants=analysis.variants)
                options = own.options if code == own.measure else {}
                sets = row_effects(selection, Rules(code, analysis.zero_cells, own.double_zero, crossover, options))
            except MetaketError as error:
                failed.append(f"{choice}: {error}")
                continue
            for end, effects in sets:
                yield _Choice(name, rows, denominator, code, crossover, end), effects


def _denominators(table: pd.DataFrame, measure: str) -> dict[str, pd.DataFrame]:
    """Patients analysed, as in the rows; and everybody randomised, the lost counted as without the event.

    Randomised arms are those of trials.csv (`randomised_t`, `randomised_c`; in a crossover `n_randomised` is both);
    where they are not known the row keeps its own.
    """
    sets = {"analysed": table}
    if measure not in COUNT_MEASURES or "n_randomised" not in table.columns:
        return sets
    randomised = numeric(table, ("randomised_t", "randomised_c"), "trials.csv")
    crossover = randomised["design"].astype(str).str.startswith("crossover")
    for arm in ("t", "c"):
        n = randomised[f"n_{arm}"].to_numpy(dtype=float)
        known = np.where(crossover, randomised["n_randomised"], randomised[f"randomised_{arm}"]).astype(float)
        randomised[f"n_{arm}"] = np.where(np.isnan(n) | np.isnan(known), n, np.maximum(n, known))
    sets["randomised where known"] = randomised
    return sets


def _record(
    choice: _Choice, effects: EffectSizes, estimator: str | float, test: str, analysis: Analysis, failed: list[str]
) -> dict[str, Any] | None:
    if (estimator, test) == _own_model(analysis):
        spec = spec_of(analysis)  # Mantel-Haenszel and the like are no estimators of tau2
    elif estimator == "common":
        spec = PoolSpec.of("common", "DL", test)
    else:
        spec = PoolSpec.of("random", estimator, test)
    if effects.k == 1 and (test != "z" or estimator not in ("DL", _own_model(analysis)[0])):
        return None
    try:
        result = pool_spec(effects, spec)
    except MetaketError as error:
        failed.append(f"{choice}: {error}")
        return None
    return _row(choice, result, estimator, test, analysis)


def _row(
    choice: _Choice, result: PooledResult, estimator: str | float, test: str, analysis: Analysis
) -> dict[str, Any]:
    low, high = result.ci()
    scale = result.effects.scale
    null = float(scale.forward(scale.null))
    default = (
        choice.trials == "as analysed"
        and choice.rows == _own_rows(analysis)
        and choice.denominator == "analysed"
        and choice.measure == MEASURES[analysis.measure].code
        and choice.crossover == analysis.crossover
        and (estimator, test) == _own_model(analysis)
    )
    return {
        "estimate": result.back(result.estimate),
        "ci_low": result.back(low),
        "ci_high": result.back(high),
        "p_value": result.p_value,
        "k": result.k,
        "n": None if result.effects.table is None else patients(result.effects.table),
        "family": choice.measure,
        "decision": not low <= null <= high,
        "default": default,
        "trials": choice.trials,
        "rows": choice.rows,
        "denominator": choice.denominator,
        "measure": choice.measure,
        "crossover": "parallel" if choice.crossover == "parallel" else f"rho {choice.crossover:g}",
        "tau2": estimator if isinstance(estimator, str) else f"{estimator:g}",
        "test": test,
        "range end": choice.end or "-",
    }


def _curve(title: str, records: list[dict[str, Any]], analysis: Analysis, failed: list[str]) -> SpecificationCurve:
    import pandas as pd

    names = ("trials", "rows", "denominator", "measure", "crossover", "tau2", "test", "range end")
    frame = pd.DataFrame(records)
    varied = tuple(n for n in names if len(frame) and frame[n].nunique() > 1)
    if len(frame):
        frame = frame.sort_values(["family", "estimate"], kind="stable").reset_index(drop=True)
    scale = scale_of(analysis.measure)
    label = MEASURES[analysis.measure].label
    return SpecificationCurve(title, frame, varied, scale.null, scale.log_axis, label, tuple(failed))
