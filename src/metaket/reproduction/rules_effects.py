"""Rules on effects: an interval and its middle, p and SE against it, SDs that look like SEs, studies that stand twice.

What is printed is rounded, so every comparison is between the ranges that the printed decimals allow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy import stats

from metaket.measures.registry import scale_of
from metaket.outcomes import NUMBERS
from metaket.reproduction.findings import RULES, Hits, row_name
from metaket.reproduction.paper import Paper
from metaket.reproduction.precision import Z, middle_gap, p_conflict
from metaket.reproduction.rounding import printed_half

__all__: list[str] = []

LARGE = 3.0  # standardised differences beyond this are rare enough to be looked at
OFF = 0.02  # share of an interval's width by which its middle may be off beyond rounding
FAR_OFF = 0.1  # from here it is likely that something is wrong
FEWEST_DF = 5.0  # a t interval on no fewer degrees of freedom is up to 1.31 times as wide as the normal one
FAR = 2.0  # an SD below the others' by more than this
ARMS_APART = 3.0  # of the SDs of two arms of at least 10: an F of 9, which chance gives less than once in 200 rows
SAME_SCALE = 3.0  # means further apart than this factor are of different scales
FEWEST = 6  # patients in the arm: below, an SE is not far from an SD
SAME = 1.5  # an SD that, times sqrt(n), is within this factor of the others' SDs was probably an SE
DIGITS = (8, 12)  # printed digits that two studies share: worth a look, and hardly by chance


@RULES.add("intervals", label="estimate within its interval", reference="Cochrane Handbook 6.3, 6.5.2.2")
def _intervals(paper: Paper) -> Hits:
    """Limits in order, the estimate between them and near the middle, a possible precision that agrees with them."""
    for number, row in paper.outcomes.iterrows():
        halves = {name: printed_half(paper, number, name) for name in ("y", "ci_low", "ci_high", "se")}
        for message in (*_disordered(row), *_impossible(row)):
            yield row_name(number, row), message, "error"
        for message, sure in (*_off_middle(row, halves), *_other_width(row, halves)):
            yield row_name(number, row), message, "warning", sure


def _disordered(row: Any) -> Iterator[str]:
    low, high, y = row["ci_low"], row["ci_high"], row["y"]
    if np.isnan(low) != np.isnan(high):
        yield "an interval needs both ci_low and ci_high"
    if low > high:
        yield f"ci_low {low:g} is above ci_high {high:g}"
    elif y < low or y > high:
        yield f"y = {y:g} is outside its interval {low:g} to {high:g}"
    if row["y_low"] > row["y_high"]:
        yield f"y_low {row['y_low']:g} is above y_high {row['y_high']:g}"
    elif y < row["y_low"] or y > row["y_high"]:
        yield f"y = {y:g} is outside its printed range {row['y_low']:g} to {row['y_high']:g}"


def _impossible(row: Any) -> Iterator[str]:
    for name in ("se", "v"):
        if row[name] <= 0:
            yield f"{name} is {row[name]:g}; it must be above 0"
    if row["p"] <= 0 or row["p"] > 1:
        yield f"p is {row['p']:g}; a p-value lies between 0 and 1"


def _off_middle(row: Any, halves: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """An estimate off the middle of its interval by more than the rounding of the three.

    A derived row may come from numbers with fewer decimals than its own, so that only a wide gap says something.
    """
    low, high, y = row["ci_low"], row["ci_high"], row["y"]
    if not low <= y <= high:
        return
    gap = middle_gap(y, low, high, [halves[name] for name in ("y", "ci_low", "ci_high")])
    if gap > (FAR_OFF if row["status"] == "derived" else OFF):
        sure = "likely" if gap > FAR_OFF else "possible"
        yield f"y is {100 * gap:.2g} % of the width off the interval's middle: another scale?", sure


def _other_width(row: Any, halves: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """A standard error that no interval of that width has, from the normal to the t on few degrees of freedom."""
    se, width, wide = row["se"], row["ci_high"] - row["ci_low"], halves["ci_low"] + halves["ci_high"]
    if not (se > 0 and width > 0):
        return
    most = (width + wide) / 2 / Z
    least = max(width - wide, 0.0) / 2 / float(stats.t.ppf(0.975, FEWEST_DF))
    slack = halves["se"] + OFF * se
    if se - slack > most or se + slack < least:
        yield (
            f"SE {se:g} does not fit the interval's width {width:g}, which is of one from {least:.3g} to {most:.3g}",
            "likely",
        )


@RULES.add(
    "ratio-scale",
    label="ratios entered as they are printed, not as logarithms",
    reference="Cochrane Handbook 6.3 (2022), 6.3.1: ratios are analysed as logarithms",
)
def _ratio_scale(paper: Paper) -> Hits:
    """An estimate in the geometric middle of its interval, and not in the arithmetic one, is a ratio."""
    for number, row in paper.outcomes.iterrows():
        y, low, high = (float(row[name]) for name in ("y", "ci_low", "ci_high"))
        if not 0 < min(y, low, high) or low > high:
            continue
        halves = [printed_half(paper, number, name) for name in ("y", "ci_low", "ci_high")]
        if middle_gap(y, low, high, halves) > OFF and middle_gap(y, low, high, halves, scale_of("RR").forward) == 0.0:
            message = f"{y:g} ({low:g} to {high:g}) fits as a ratio only; y and its limits are logarithms here"
            yield row_name(number, row), message, "warning"


@RULES.add(
    "p-interval",
    label="p-value against estimate and interval",
    reference="Altman & Bland (2011) BMJ 343:d2304 (P value from an interval) and d2090 (interval from a P value)",
)
def _p_interval(paper: Paper) -> Hits:
    """A row's p-value against its estimate and interval, or standard error."""
    for number, row in paper.outcomes.iterrows():
        y, p, interval = float(row["y"]), float(row["p"]), _symmetric(paper, number, row)
        if interval is None or not 0 < p <= 1 or np.isnan(y):
            continue
        half = printed_half(paper, number, "p")
        conflict = p_conflict(y, *interval, (p - half, p + half))
        if conflict:
            yield row_name(number, row), f"p = {p:g}, but {conflict[0]}", "warning", conflict[1]


def _symmetric(paper: Paper, number: Any, row: Any) -> tuple[float, float, list[float]] | None:
    """(low, high) and the halves of a unit of estimate and limits: as printed, or from the standard error."""
    halves = [printed_half(paper, number, name) for name in ("y", "ci_low", "ci_high")]
    if row["ci_low"] < row["ci_high"]:
        return float(row["ci_low"]), float(row["ci_high"]), halves
    if not row["se"] > 0:
        return None
    wide = Z * printed_half(paper, number, "se")
    return float(row["y"] - Z * row["se"]), float(row["y"] + Z * row["se"]), [halves[0], wide, wide]


@RULES.add(
    "sd-or-se",
    label="standard errors typed as standard deviations",
    reference="Cochrane Handbook 6.3 (2022), 6.5.2.2; Kadlec, Sainani & Nimphius (2023) Sports Med 53:313-325",
)
def _sd_or_se(paper: Paper) -> Hits:
    """An SD far below those of the other studies that becomes like them when multiplied by sqrt(n)."""
    for number, row in paper.outcomes.iterrows():
        usual = _usual_sd(paper, row)
        both = [(float(row[f"sd_{arm}"]), float(row[f"n_{arm}"])) for arm in ("t", "c")]
        arms = [(sd, n) for sd, n in both if not np.isnan(sd)]
        if usual is not None and arms and all(_like_an_se(sd, n, usual) for sd, n in arms):
            shown = " and ".join(f"{sd:g} sqrt({n:g}) = {sd * math.sqrt(n):.3g}" for sd, n in arms)
            message = f"its standard deviations look like standard errors: {shown}, the other studies have {usual:.3g}"
            yield row_name(number, row), message, "warning", "likely"
        elif message := _one_arm(arms):
            yield row_name(number, row), message, "warning", "possible"
        pooled = math.sqrt((row["sd_t"] ** 2 + row["sd_c"] ** 2) / 2)
        if pooled > 0 and abs(row["mean_t"] - row["mean_c"]) > LARGE * pooled:
            apart = abs(row["mean_t"] - row["mean_c"]) / pooled
            message = f"the means are {apart:.3g} standard deviations apart: standard errors for deviations?"
            yield row_name(number, row), message, "warning", "possible"


def _one_arm(arms: list[tuple[float, float]]) -> str:
    """What to say where the SD of one arm alone looks like a standard error; empty where neither does."""
    if len(arms) < 2 or min(n for _, n in arms) < 10:
        return ""
    (low, n), (high, _) = sorted(arms)
    if low <= 0 or low * ARMS_APART > high or not _like_an_se(low, n, high):
        return ""
    shown = f"{low:g} sqrt({n:g}) = {low * math.sqrt(n):.3g}, the other arm has {high:g}"
    return f"one arm's standard deviation looks like a standard error: {shown}"


def _like_an_se(sd: float, n: float, usual: float) -> bool:
    """Whether an SD is far below the usual one, and like it when multiplied by sqrt(n)."""
    return sd > 0 and n >= FEWEST and sd * FAR < usual and 1 / SAME < sd * math.sqrt(n) / usual < SAME


def _usual_sd(paper: Paper, row: Any) -> float | None:
    """The median SD of the other studies with this outcome and scale; None with fewer than two of them.

    Where no column names the scale, studies whose means are of another size are on another one.
    """
    table = paper.outcomes
    same = (table["outcome"] == row["outcome"]) & (table["study"] != row["study"])
    if "scale" in table.columns:
        same &= table["scale"] == row["scale"]
    else:
        level = table[["mean_t", "mean_c"]].abs().mean(axis=1)
        own = level[row.name]
        same &= (level < SAME_SCALE * own) & (own < SAME_SCALE * level)
    sds = table.loc[same, ["sd_t", "sd_c"]].to_numpy(dtype=float)
    others = table.loc[same & (table["sd_t"].notna() | table["sd_c"].notna()), "study"].nunique()
    return float(np.nanmedian(sds)) if others >= 2 else None


@RULES.add(
    "same-numbers",
    label="the same numbers under two names",
    reference="Tramer et al. (1997) BMJ 315:635-640 (covert duplicate publication)",
)
def _same_numbers(paper: Paper) -> Hits:
    """Two studies with the same outcome, time and printed numbers; or with the same PubMed id."""
    columns = [c for c in NUMBERS if c != "time_h" and c in paper.printed.columns]
    seen: dict[tuple[str, ...], Any] = {}
    for number, row in paper.outcomes.iterrows():
        cells = tuple(str(paper.printed.at[number, c]).strip() for c in columns)
        digits = sum(ch.isdigit() for cell in cells for ch in cell)
        key = (str(row["outcome"]), str(row["time_h"]), *cells)
        first = seen.setdefault(key, row)
        if digits >= DIGITS[0] and str(first["study"]) != str(row["study"]):
            sure = "likely" if digits >= DIGITS[1] else "possible"
            yield row_name(number, row), f"has the very numbers of {first['study']}: one study twice?", "warning", sure
    yield from _same_pmid(paper)


def _same_pmid(paper: Paper) -> Iterator[tuple[str, str, str, str]]:
    if paper.trials is None or "pmid" not in paper.trials.columns:
        return
    seen: dict[str, str] = {}
    for number, row in paper.trials.iterrows():
        pmid, study = str(row["pmid"]).strip(), str(row["study"])
        if pmid and pmid != "nan" and seen.setdefault(pmid, study) != study:
            yield f"trials.csv row {number} ({study})", f"has the PubMed id of {seen[pmid]}", "warning", "likely"


@RULES.add(
    "arm-totals",
    label="arms against the trial's number randomised",
    reference="CONSORT 2010 item 13a: Schulz, Altman & Moher (2010) BMJ 340:c332",
)
def _arm_totals(paper: Paper) -> Hits:
    """No arm, and no two arms of a parallel trial together, are larger than what was randomised."""
    if paper.trials is None:
        return
    for number, trial in paper.trials.iterrows():
        arms, total = _number(trial, "randomised_t") + _number(trial, "randomised_c"), _number(trial, "n_randomised")
        if arms > total and not _crossover(trial):
            message = f"randomised_t and randomised_c are {arms:g} together, n_randomised is {total:g}"
            yield f"trials.csv row {number} ({trial['study']})", message, "error"
    trials = {str(trial["study"]): trial for _, trial in paper.trials.iterrows()}
    for number, row in paper.outcomes.iterrows():
        if row["status"] != "missing" and str(row["study"]) in trials:
            for message in _too_many(row, trials[str(row["study"])]):
                yield row_name(number, row), message, "warning"


def _too_many(row: Any, trial: Any) -> Iterator[str]:
    """What is larger than the number randomised; in a crossover each patient is in both arms."""
    total = _number(trial, "n_randomised")
    arms = [float(row["n_t"]), float(row["n_c"])]
    both = np.nansum(arms) if not _crossover(trial) else max(arms)
    if both > total:
        yield f"{both:g} patients, but {total:g} were randomised"
    for arm, n in zip(("t", "c"), arms, strict=True):
        limit = _number(trial, f"randomised_{arm}")
        if n > limit and not _crossover(trial):
            yield f"n_{arm} is {n:g}, but {limit:g} were randomised to it"


def _crossover(trial: Any) -> bool:
    return str(trial.get("design", "")).startswith("cross")


def _number(row: Any, name: str) -> float:
    try:
        return float(row.get(name, math.nan))
    except (TypeError, ValueError):
        return math.nan
