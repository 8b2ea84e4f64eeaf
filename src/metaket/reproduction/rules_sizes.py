"""Rules on sizes: differences too large to be standardised, printed weights of claims, patients analysed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from metaket.errors import InputError
from metaket.measures.registry import MEASURES
from metaket.outcomes import join_trials, matching
from metaket.reproduction.claims import Printed, read_printed
from metaket.reproduction.findings import RULES, Hits, row_name
from metaket.reproduction.paper import Analysis, Paper
from metaket.reproduction.quantity import BAND_SCALE
from metaket.reproduction.rounding import printed_half

__all__: list[str] = []

LARGE = 3.0  # standardised differences beyond this are rare enough to be looked at
NEEDS = MEASURES["SMD"].needs


@RULES.add(
    "smd-size",
    label="standardised differences that are too large",
    reference="Gøtzsche et al. (2007) JAMA 298:430-437; Cochrane Handbook 6.3 (2022), 6.5.2.2",
)
def _too_large(paper: Paper) -> Hits:
    """A given standardised difference beyond 3, as when an SE stood for an SD; `sd-or-se` looks at means."""
    table = join_trials(paper.outcomes, paper.trials)
    told: set[Any] = set()
    for analysis in paper.analyses:
        if BAND_SCALE.get(analysis.measure.upper()) != "g":
            continue
        for number, row in _rows(table, analysis):
            raw = str(row.get("y_measure", "")).upper() == "MD" or all(not math.isnan(row[name]) for name in NEEDS)
            if number not in told and not raw and abs(row["y"]) - printed_half(paper, number, "y") > LARGE:
                told.add(number)
                message = f"a standardised difference of {row['y']:g}: a standard error for the deviation?"
                yield row_name(number, row), message, "warning", "possible"


def _rows(table: Any, analysis: Analysis) -> Iterator[tuple[Any, Any]]:
    """The rows that an analysis asks for; none where its filter is wrong, which the rule `analyses` says."""
    try:
        yield from table[matching(table, analysis.where)].iterrows()
    except InputError:
        return


@RULES.add(
    "claim-weights",
    label="printed weights of all studies that add up to 100 per cent",
    reference="Cochrane Handbook 6.3 (2022), 10.3: weights are shares of a whole",
)
def _weights(paper: Paper) -> Hits:
    """Claims `weight:STUDY` of one author and analysis, as many as the analysis has rows, are 100 within rounding."""
    table = join_trials(paper.outcomes, paper.trials)
    for analysis in paper.analyses:
        studies = {str(row["study"]) for _, row in _rows(table, analysis)}
        for by in dict.fromkeys(claim.by for claim in paper.claims):
            found = _printed_weights(paper, analysis.id, by)
            if len(found) < 2 or found.keys() != studies:
                continue
            total, slack = sum(p.value for p in found.values()), sum((p.high - p.low) / 2 for p in found.values())
            if abs(total - 100.0) > slack + 1e-9:
                message = f"the {len(found)} printed weights are {total:g} % together, not 100"
                yield f"paper.toml claims of analysis {analysis.id}", message, "warning", "certain"


def _printed_weights(paper: Paper, analysis: str, by: str) -> dict[str, Printed]:
    out = {}
    for claim in paper.claims:
        kind, _, study = str(claim.of.get("quantity", "")).partition(":")
        if kind == "weight" and claim.of.get("analysis") == analysis and claim.by == by:
            try:
                printed = read_printed(claim.means or claim.printed)
            except InputError:
                continue  # the rule `analyses` says so
            if printed.relation == "=":
                out[study] = printed
    return out


@RULES.add(
    "analysed",
    label="arms against the trial's number analysed",
    reference="CONSORT 2010 item 16: Schulz, Altman & Moher (2010) BMJ 340:c332",
)
def _analysed(paper: Paper) -> Hits:
    """The arms of a parallel trial make up its number analysed; those of an outcome are together no more than that."""
    if paper.trials is None or "n_analysed" not in paper.trials.columns:
        return
    totals: dict[str, float] = {}
    for number, trial in paper.trials.iterrows():
        total = float(trial["n_analysed"])
        if math.isnan(total) or str(trial.get("design", "")).startswith("cross"):
            continue
        totals[str(trial["study"])] = total
        arms = float(trial.get("n_t", math.nan)) + float(trial.get("n_c", math.nan))
        if arms > total:
            message = f"n_t and n_c are {arms:g} together, n_analysed is {total:g}"
            yield f"trials.csv row {number} ({trial['study']})", message, "error"
    for number, row in paper.outcomes.iterrows():
        arms = np.nansum([row["n_t"], row["n_c"]])
        total = totals.get(str(row["study"]), math.inf)
        if row["status"] != "missing" and arms > total:
            message = f"{arms:g} patients in its arms, but the trial analysed {total:g}"
            yield row_name(number, row), message, "warning", "possible"
