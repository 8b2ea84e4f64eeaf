"""Is a paper folder consistent before anything is pooled? Each finding names the row, the rule, its source, how sure.

A rule is one function of a `Paper` that yields findings; adding one means writing that function under the decorator.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from metaket._registry import Registry
from metaket.errors import DataWarning, InputError, MetaketError
from metaket.outcomes import NUMBERS, SOURCED
from metaket.reproduction.analyse import run_analysis
from metaket.reproduction.claims import read_printed
from metaket.reproduction.compare import compare_claim
from metaket.reproduction.package import (
    PACKAGE,
    file_of,
    hash_of,
    read_package,
    resources_of,
    schema_errors,
    update_hashes,
)
from metaket.reproduction.paper import Paper
from metaket.timecourse import time_label

__all__ = ["RULES", "CheckReport", "Finding", "check_paper", "possible_counts", "smallest_denominator", "update_hashes"]

MAX_DENOMINATOR = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule found.

    Attributes
    ----------
    where : str
        File, row and study.
    rule : str
        Code of the rule.
    message : str
    level : {"error", "warning", "open", "note"}
        Wrong for certain; likely wrong; a number still missing; worth knowing.
    source : str
        Where the rule comes from.
    """

    where: str
    rule: str
    message: str
    level: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All findings on a folder."""

    key: str
    findings: tuple[Finding, ...]

    def of(self, level: str) -> tuple[Finding, ...]:
        """The findings of a level."""
        return tuple(f for f in self.findings if f.level == level)

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.of("error")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        counts = {level: len(self.of(level)) for level in ("error", "warning", "open", "note")}
        return {"paper": self.key, "ok": self.ok, "counts": counts, "findings": [asdict(f) for f in self.findings]}


Rule = Callable[[Paper], Iterator[tuple[str, str, str]]]  # (where, message, level)
RULES: Registry[Rule] = Registry("rule")


def check_paper(paper: Paper) -> CheckReport:
    """Run every rule on a paper."""
    found = []
    for entry in RULES:
        for where, message, level in entry.func(paper):
            found.append(Finding(where, entry.code, message, level, entry.reference))
    order = {"error": 0, "warning": 1, "note": 2, "open": 3}
    return CheckReport(paper.key, tuple(sorted(found, key=lambda f: order[f.level])))


def _name(number: Any, row: Any) -> str:
    time = "" if np.isnan(row["time_h"]) else f", {time_label(float(row['time_h']))}"
    return f"outcomes.csv row {number} ({row['study']}, {row['outcome']}{time})"


@RULES.add("arms", label="events within arms", reference="a count cannot exceed its arm")
def _arms(paper: Paper) -> Iterator[tuple[str, str, str]]:
    """Counts are whole, not negative, and within their arm; standard deviations are not negative."""
    for number, row in paper.outcomes.iterrows():
        for arm in ("t", "c"):
            e, n, sd = row[f"events_{arm}"], row[f"n_{arm}"], row[f"sd_{arm}"]
            for name, value in ((f"events_{arm}", e), (f"n_{arm}", n)):
                if not np.isnan(value) and (value < 0 or value != round(value)):
                    yield _name(number, row), f"{name} is {value:g}; counts are whole and not negative", "error"
                elif value == 0 and name == f"n_{arm}":
                    yield _name(number, row), f"{name} is 0; an arm has patients", "error"
            if e > n:
                yield (
                    _name(number, row),
                    f"events_{arm} is {e:g} but n_{arm} is {n:g}; events cannot exceed the arm",
                    "error",
                )
            if sd < 0:
                yield _name(number, row), f"sd_{arm} is {sd:g}; it cannot be below 0", "error"


@RULES.add("status", label="status and source of each row", reference="data format: status of a row")
def _status(paper: Paper) -> Iterator[tuple[str, str, str]]:
    """Every row that holds numbers names listed sources; a missing row holds none."""
    known = {s.id for s in paper.sources}
    numbers = [c for c in NUMBERS if c not in ("time_h", "n_t", "n_c")]
    percents = [c for c in ("percent_t", "percent_c") if c in paper.outcomes.columns]
    for number, row in paper.outcomes.iterrows():
        ids = [s.strip() for s in str(row["source"]).split(";") if s.strip()]
        filled = [c for c in numbers if not np.isnan(row[c])] + [c for c in percents if str(row[c]).strip()]
        if row["status"] == "missing":
            if filled:
                yield (
                    _name(number, row),
                    f"status is missing but {', '.join(filled)} is filled in; give its status",
                    "error",
                )
            continue
        if not ids:
            yield _name(number, row), f"status is {row['status']} but no source is given", "error"
        for name in ids:
            if name not in known:
                yield _name(number, row), f"source {name!r} is not listed in paper.toml", "error"
        if row["status"] == "derived" and not str(row["note"]).strip():
            yield _name(number, row), "a derived row shows its arithmetic in note", "warning"


@RULES.add("trial-sources", label="sources of trials and claims", reference="data format: sources")
def _trial_sources(paper: Paper) -> Iterator[tuple[str, str, str]]:
    """Every source that a trial or a claim names is listed."""
    known = {s.id for s in paper.sources}
    rows = [] if paper.trials is None or "source" not in paper.trials else list(paper.trials.iterrows())
    named = [(f"trials.csv row {n} ({r['study']})", str(r["source"])) for n, r in rows]
    named += [(f"paper.toml claim {c.id}", c.source) for c in paper.claims if c.source]
    for where, text in named:
        for name in (s.strip() for s in text.split(";")):
            if name and name not in known:
                yield where, f"source {name!r} is not listed in paper.toml", "error"


def possible_counts(printed: str, n: int) -> tuple[int, ...]:
    """The whole numbers out of `n` that print as the percentage."""
    value = read_printed(printed if printed.endswith("%") else printed + "%")
    counts = range(n + 1)
    slack = 1e-9  # a count exactly on a rounding boundary prints either way
    return tuple(c for c in counts if value.low - slack <= 100.0 * c / n <= value.high + slack)


def smallest_denominator(printed: tuple[str, ...], limit: int = MAX_DENOMINATOR) -> int | None:
    """The smallest n for which every percentage is a whole number of n patients."""
    return next((n for n in range(1, limit + 1) if all(possible_counts(p, n) for p in printed)), None)


@RULES.add(
    "percentages",
    label="percentages that whole patients can give",
    reference="Brown & Heathers (2017) Soc Psychol Personal Sci 8:363-369 (GRIM)",
)
def _percentages(paper: Paper) -> Iterator[tuple[str, str, str]]:
    """Printed percentages (columns percent_t, percent_c) against counts and arms."""
    for number, row in paper.outcomes.iterrows():
        for arm in ("t", "c"):
            text, n, events = str(row.get(f"percent_{arm}", "")).strip(), row[f"n_{arm}"], row[f"events_{arm}"]
            if not text or np.isnan(n) or n < 1:
                continue
            try:
                counts = possible_counts(text, int(n))
            except InputError as error:
                yield _name(number, row), f"percent_{arm}: {error}", "error"
                continue
            if not counts:
                yield _name(number, row), f"no whole number of {n:g} patients prints as {text} %", "error"
            elif not np.isnan(events) and int(events) not in counts:
                message = f"{events:g} of {n:g} does not print as {text} %; {counts[0]} of {n:g} does"
                yield _name(number, row), message, "error"


@RULES.add("pooled-rates", label="one denominator for the rates of a time", reference="GRIM, as above")
def _pooled_rates(paper: Paper) -> Iterator[tuple[str, str, str]]:
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


@RULES.add("intervals", label="estimate within its interval", reference="Cochrane Handbook 6.3, 6.5.2.2")
def _intervals(paper: Paper) -> Iterator[tuple[str, str, str]]:
    """Limits in order, the estimate between them and near the middle, a possible precision that agrees with them."""
    for number, row in paper.outcomes.iterrows():
        for message, level in (*_disordered(row), *_precision(row)):
            yield _name(number, row), message, level


def _disordered(row: Any) -> Iterator[tuple[str, str]]:
    low, high, y = row["ci_low"], row["ci_high"], row["y"]
    if np.isnan(low) != np.isnan(high):
        yield "an interval needs both ci_low and ci_high", "error"
    if low > high:
        yield f"ci_low {low:g} is above ci_high {high:g}", "error"
    elif y < low or y > high:
        yield f"y = {y:g} is outside its interval {low:g} to {high:g}", "error"
    elif abs(y - (low + high) / 2) > 0.1 * (high - low):
        yield "y is over 10 % of the width off the interval's middle: another scale?", "warning"
    if row["y_low"] > row["y_high"]:
        yield f"y_low {row['y_low']:g} is above y_high {row['y_high']:g}", "error"
    elif y < row["y_low"] or y > row["y_high"]:
        yield f"y = {y:g} is outside its printed range {row['y_low']:g} to {row['y_high']:g}", "error"


def _precision(row: Any) -> Iterator[tuple[str, str]]:
    se, width = row["se"], row["ci_high"] - row["ci_low"]
    for name in ("se", "v"):
        if row[name] <= 0:
            yield f"{name} is {row[name]:g}; it must be above 0", "error"
    if row["p"] <= 0 or row["p"] > 1:
        yield f"p is {row['p']:g}; a p-value lies between 0 and 1", "error"
    if se > 0 and abs(width / (2 * 1.959964 * se) - 1) > 0.1:
        yield f"SE {se:g} does not fit the interval's width {width:g}", "warning"


@RULES.add("duplicates", label="one row a study, outcome, time, variant and status", reference="data format")
def _duplicates(paper: Paper) -> Iterator[tuple[str, str, str]]:
    """Two rows that say the same cell; an analysis of correlated effects names what else tells rows apart."""
    more = [c for a in paper.analyses for c in (a.inner, *a.random)]
    keys = [c for c in ("study", "outcome", "time_h", "variant", "status", *dict.fromkeys(more)) if c in paper.outcomes]
    keys = list(dict.fromkeys(keys))
    twice = paper.outcomes.duplicated(keys)
    for number, row in paper.outcomes[twice].iterrows():
        yield _name(number, row), "repeats the study, outcome, time, variant and status of an earlier row", "error"


@RULES.add("analyses", label="every analysis runs, every claim can be compared", reference="data format: analysis")
def _analyses(paper: Paper) -> Iterator[tuple[str, str, str]]:
    """Filters name columns and match rows, options exist, no study enters twice; claims can be read."""
    found = {}
    for analysis in paper.analyses:
        try:
            found[analysis.id] = run_analysis(paper, analysis)
        except MetaketError as error:
            yield f"paper.toml analysis {analysis.id}", str(error), "error"
            continue
        if found[analysis.id].asked == 0:
            yield f"paper.toml analysis {analysis.id}", f"asks for nothing: {found[analysis.id].gap}", "error"
    for claim in paper.claims:
        if "analysis" in claim.of and claim.of["analysis"] not in found:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DataWarning)
                compare_claim(claim, paper, found)
        except MetaketError as error:
            yield f"paper.toml claim {claim.id}", str(error), "error"


@RULES.add("schema", label="tables as described", reference="Frictionless Data Package: table schema")
def _schema(paper: Paper) -> Iterator[tuple[str, str, str]]:
    """Every cell has the type and obeys the constraints that datapackage.json gives its column."""
    if (paper.folder / PACKAGE).is_file():
        for item in resources_of(read_package(paper.folder)):
            for where, message in schema_errors(paper.folder, item):
                yield where, message, "error"


@RULES.add("hashes", label="files as described", reference="Frictionless Data Package: hash")
def _hashes(paper: Paper) -> Iterator[tuple[str, str, str]]:
    """SHA-256 of each file that datapackage.json lists; paths stay in the folder."""
    if not (paper.folder / PACKAGE).is_file():
        yield PACKAGE, "not there: digests are not recorded", "note"
        return
    changed = "its SHA-256 is not the one recorded; after a wanted change run metaket check DIR --update-hashes"
    for item in resources_of(read_package(paper.folder)):
        file = file_of(paper.folder, item["path"])
        if not file.is_file():
            yield f"{PACKAGE} {item['path']}", "the file is not there", "error"
        elif str(item.get("hash", "")) != hash_of(file):
            yield f"{PACKAGE} {item['path']}", changed, "error"


@RULES.add("open", label="numbers still missing", reference="data format: status missing")
def _open(paper: Paper) -> Iterator[tuple[str, str, str]]:
    """The cells still open, and where to look."""
    complete = paper.outcomes[paper.outcomes["status"].isin(SOURCED)]
    for number, row in paper.outcomes.iterrows():
        if row["status"] == "missing":
            yield _name(number, row), f"look in: {row['where'] or 'the primary report'}", "open"
    for number, row in complete.iterrows():
        blank = [c for c in ("events_t", "n_t", "events_c", "n_c") if np.isnan(row[c])]
        if blank and not np.isnan(row[["events_t", "events_c"]].astype(float)).all():
            yield _name(number, row), f"{', '.join(blank)} not sourced", "open"
