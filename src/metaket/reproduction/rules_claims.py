"""Rules on the printed figures of one analysis, held against each other before anything is pooled."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from scipy import stats

from metaket.errors import InputError
from metaket.measures.registry import MEASURES, scale_of
from metaket.outcomes import join_trials, matching
from metaket.reproduction.claim_parts import printed_figures
from metaket.reproduction.claims import Printed, read_printed
from metaket.reproduction.findings import RULES, Hits
from metaket.reproduction.paper import Analysis, Paper
from metaket.reproduction.precision import middle_gap, p_conflict, rounded_ends
from metaket.reproduction.recover_percent import possible_counts
from metaket.reproduction.rounding import printed_half
from metaket.timecourse import time_label

__all__ = ["smallest_denominator"]

OFF = 0.02  # share of an interval's width by which its middle may be off beyond rounding
MAX_DENOMINATOR = 2000
Figures = Mapping[str, Printed]
_SIDES = {"significant": (0.0, 0.05), "not significant": (0.05, 1.0)}


def _analyses(paper: Paper) -> Iterator[tuple[str, Analysis, Figures]]:
    """(where, analysis, its printed figures) of each analysis that has any."""
    for analysis in paper.analyses:
        figures = printed_figures(paper, analysis.id)
        if figures and analysis.measure.upper() in MEASURES:  # the rule `analyses` speaks of an unknown one
            yield f"paper.toml claims of analysis {analysis.id}", analysis, figures


def _interval(figures: Figures) -> tuple[list[float], list[float]] | None:
    """(estimate, low, high) and their halves of a unit, where all three are printed as numbers."""
    parts = [figures.get(name) for name in ("estimate", "ci_low", "ci_high")]
    if any(part is None or part.relation != "=" for part in parts):
        return None
    found = [part for part in parts if part is not None]
    return [p.value for p in found], [(p.high - p.low) / 2 for p in found]


@RULES.add(
    "claim-middle",
    label="a printed estimate in the middle of its interval",
    reference="Cochrane Handbook 6.3 (2022), 6.3.2: an interval of a ratio is symmetric on the log scale",
)
def _middle(paper: Paper) -> Hits:
    """A printed estimate lies in its interval, and in its middle: on the log scale for ratios."""
    for where, analysis, figures in _analyses(paper):
        found = _interval(figures)
        if not found:
            continue
        (y, low, high), halves = found
        shown = f"{y:g} ({low:g} to {high:g})"
        scale = scale_of(analysis.measure)
        if not low <= y <= high:
            yield where, f"{shown}: the estimate is outside its interval", "error"
        elif (gap := middle_gap(y, low, high, halves, scale.forward)) > OFF:
            named = "" if scale.name in ("difference", "level") else f" on the scale of the analysis ({scale.name})"
            yield where, f"{shown}: {100 * gap:.0f} % of the width off the middle{named}", "warning", "likely"


@RULES.add(
    "claim-p",
    label="a printed p-value against its estimate and interval",
    reference="Altman & Bland (2011) BMJ 343:d2304",
)
def _p(paper: Paper) -> Hits:
    """A printed p-value, or "significant", against the printed estimate and interval."""
    for where, analysis, figures in _analyses(paper):
        found, scale = _interval(figures), scale_of(analysis.measure)
        said = [*_p_values(figures), *_significance(paper, analysis)]
        if not found or not said or not math.isfinite(scale.null):
            continue
        (y, low, high), halves = found
        null = float(scale.forward(scale.null))
        ends = rounded_ends((y, low, high), halves, scale.forward)
        if ends is None:
            continue
        y, low, high = ((a + b) / 2 - null for a, b in ends)
        halves = [(b - a) / 2 for a, b in ends]
        for text, p in said:
            conflict = p_conflict(y, low, high, halves, p)
            if conflict:
                yield where, f"p printed as {text}, but {conflict[0]}", "warning", conflict[1]


def _p_values(figures: Figures) -> Iterator[tuple[str, tuple[float, float]]]:
    """The printed p-value and the values that it stands for."""
    p = figures.get("p_value")
    if p is not None:
        yield _text(p), _SIDES[p.decision] if p.decision else (max(p.low, 0.0), min(p.high, 1.0))


def _significance(paper: Paper, analysis: Analysis) -> Iterator[tuple[str, tuple[float, float]]]:
    """The same of claims in words, such as "not significant"."""
    for claim in paper.claims:
        if claim.of.get("analysis") == analysis.id and claim.of.get("quantity") == "significant":
            try:
                decision = read_printed(claim.means or claim.printed).decision
            except InputError:
                continue  # the rule `analyses` says so
            if decision:
                yield claim.printed, _SIDES[decision]


@RULES.add(
    "claim-i2",
    label="printed I2 against Q and its degrees of freedom",
    reference="Higgins & Thompson (2002) Stat Med 21:1539-1558: I2 = (Q - df) / Q",
)
def _i2(paper: Paper) -> Hits:
    """I2 is 100 (Q - df) / Q, or 0. An I2 from tau2, as the analysis may say, is another."""
    for where, analysis, figures in _analyses(paper):
        q, i2, df = figures.get("q"), figures.get("i2"), _df(figures)
        if (
            q is None
            or i2 is None
            or df is None
            or q.relation != "="
            or i2.relation != "="
            or q.low <= 0
            or analysis.i2 == "tau2"
        ):
            continue
        low, high = (100.0 * max(0.0, 1.0 - df / x) for x in (q.low, q.high))
        factor = 100.0 if i2.unit != "%" and i2.value <= 1 and i2.decimals >= 2 else 1.0
        if factor * i2.low <= high + 1e-9 and factor * i2.high >= low - 1e-9:
            continue
        sure = "possible" if "i2" in analysis.assumed else "likely"
        message = f"Q = {_text(q)} on {df:g} df gives I2 = {low:.1f} to {high:.1f} %, printed is {_text(i2)}"
        yield where, message, "warning", sure


@RULES.add(
    "claim-q",
    label="printed p-value of heterogeneity against Q and its degrees of freedom",
    reference="Cochran (1954) Biometrics 10:101-129: Q is chi-square on k - 1 degrees of freedom",
)
def _q(paper: Paper) -> Hits:
    """The upper tail of chi-square at Q."""
    for where, _, figures in _analyses(paper):
        q, p, df = figures.get("q"), figures.get("q_p"), _df(figures)
        if q is None or p is None or df is None or q.relation != "=" or p.relation == "words" or df < 1:
            continue
        least, most = (float(stats.chi2.sf(x, df)) for x in (q.high, max(q.low, 0.0)))
        if p.high < least or p.low > most:
            message = f"Q = {_text(q)} on {df:g} df gives p = {least:.3g} to {most:.3g}, printed is {_text(p)}"
            yield where, message, "warning", "likely"


def _text(printed: Printed) -> str:
    return printed.text.strip()


def _df(figures: Figures) -> float | None:
    """Degrees of freedom of Q: printed, or the printed number of studies less 1."""
    for name, less in (("q_df", 0.0), ("k", 1.0)):
        printed = figures.get(name)
        if printed is not None and printed.relation == "=":
            return printed.value - less
    return None


@RULES.add(
    "weights",
    label="weights that add up to 100 per cent",
    reference="Cochrane Handbook 6.3 (2022), 10.3: weights are shares of a whole",
)
def _weights(paper: Paper) -> Hits:
    """Printed weights of an analysis' rows (column `weight`) are 100 together, within their rounding."""
    if "weight" not in paper.printed.columns:
        return
    table = join_trials(paper.outcomes, paper.trials)
    for analysis in paper.analyses:
        try:
            rows = table.index[matching(table, analysis.where)]
        except InputError:
            continue  # the rule `analyses` says so
        cells = [str(paper.printed.at[number, "weight"]).strip().rstrip("%") for number in rows]
        try:
            values = np.array([float(cell) for cell in cells if cell])
        except ValueError:
            yield f"paper.toml analysis {analysis.id}", "the column weight holds a text that is no number", "error"
            continue
        if analysis.sensitivity_of or len(values) < 2 or len(values) < len(cells):
            continue
        slack = sum(printed_half(paper, number, "weight") for number in rows) + 1e-9
        if abs(values.sum() - 100.0) > slack:
            message = f"the {len(values)} printed weights are {values.sum():g} % together, not 100"
            yield f"paper.toml analysis {analysis.id}", message, "warning", "certain"


def smallest_denominator(printed: tuple[str, ...], limit: int = MAX_DENOMINATOR) -> int | None:
    """The smallest n for which every percentage is a whole number of n patients."""
    return next(iter(possible_counts(list(printed), max_n=limit).n), None)


@RULES.add(
    "pooled-rates",
    label="one denominator for the rates of a time",
    reference="Brown & Heathers (2017) Soc Psychol Personal Sci 8:363-369 (GRIM)",
)
def _pooled_rates(paper: Paper) -> Hits:
    """Claims of treatment-arm rates at one time: how many patients they need together."""
    by_time: dict[tuple[float, str], list[tuple[str, str]]] = {}
    for claim in paper.claims:
        if claim.of.get("quantity") in ("rate_t", "rate_c") and claim.printed.strip().endswith("%"):
            time = paper.analysis(claim.of["analysis"]).where.get("time_h")
            if isinstance(time, int | float):
                by_time.setdefault((float(time), claim.of["quantity"]), []).append((claim.id, claim.printed))
    for (time, _arm), items in sorted(by_time.items()):
        texts = tuple(text for _, text in items)
        n = smallest_denominator(texts)
        claims = ", ".join(name for name, _ in items)
        least = f"at least {n} patients in the arm" if n else f"more than {MAX_DENOMINATOR} patients in the arm"
        message = f"{' and '.join(texts)} are whole patients of one arm only with {least}"
        yield f"paper.toml claims {claims} ({time_label(time)})", message, "note"
