"""Rules on single rows: counts within arms, percentages, status and source, what is still open."""

from __future__ import annotations

import numpy as np

from metaket.errors import InputError
from metaket.outcomes import NUMBERS, SOURCED
from metaket.reproduction.findings import RULES, Hits, row_name
from metaket.reproduction.paper import Paper
from metaket.reproduction.recover_percent import possible_counts
from metaket.reproduction.toml import line_of

__all__: list[str] = []


@RULES.add("arms", label="events within arms", reference="a count cannot exceed its arm")
def _arms(paper: Paper) -> Hits:
    """Counts are whole, not negative, and within their arm; standard deviations are not negative."""
    for number, row in paper.outcomes.iterrows():
        for arm in ("t", "c"):
            e, n, sd = row[f"events_{arm}"], row[f"n_{arm}"], row[f"sd_{arm}"]
            for name, value in ((f"events_{arm}", e), (f"n_{arm}", n)):
                if not np.isnan(value) and (value < 0 or value != round(value)):
                    yield row_name(number, row), f"{name} is {value:g}; counts are whole and not negative", "error"
                elif value == 0 and name == f"n_{arm}":
                    yield row_name(number, row), f"{name} is 0; an arm has patients", "error"
            if e > n:
                yield (
                    row_name(number, row),
                    f"events_{arm} is {e:g} but n_{arm} is {n:g}; events cannot exceed the arm",
                    "error",
                )
            if sd < 0:
                yield row_name(number, row), f"sd_{arm} is {sd:g}; it cannot be below 0", "error"


@RULES.add("status", label="status and source of each row", reference="data format: status of a row")
def _status(paper: Paper) -> Hits:
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
                    row_name(number, row),
                    f"status is missing but {', '.join(filled)} is filled in; give its status",
                    "error",
                )
            continue
        if not ids:
            yield row_name(number, row), f"status is {row['status']} but no source is given", "error"
        for name in ids:
            if name not in known:
                yield row_name(number, row), f"source {name!r} is not listed in paper.toml", "error"
        if row["status"] == "derived" and not str(row["note"]).strip():
            yield row_name(number, row), "a derived row shows its arithmetic in note", "warning"


@RULES.add("trial-sources", label="sources of trials and claims", reference="data format: sources")
def _trial_sources(paper: Paper) -> Hits:
    """Every source that a trial or a claim names is listed."""
    known = {s.id for s in paper.sources}
    rows = [] if paper.trials is None or "source" not in paper.trials else list(paper.trials.iterrows())
    named = [(f"trials.csv row {n} ({r['study']})", str(r["source"])) for n, r in rows]
    for where, text in named:
        for name in _unlisted(text, known):
            yield where, f"source {name!r} is not listed in paper.toml", "error"
    for claim in paper.claims:
        for name in _unlisted(claim.source, known):
            line = line_of(paper.folder / "paper.toml", "claim", claim.id, "source")
            yield f"paper.toml{line}", f"claim {claim.id!r}: source {name!r} is not listed in paper.toml", "error"


def _unlisted(text: str, known: set[str]) -> list[str]:
    """The ids of a cell "s1; s2" that are not known."""
    return [name for name in (part.strip() for part in text.split(";")) if name and name not in known]


@RULES.add(
    "percentages",
    label="percentages that whole patients can give",
    reference="Brown & Heathers (2017) Soc Psychol Personal Sci 8:363-369 (GRIM)",
)
def _percentages(paper: Paper) -> Hits:
    """Printed percentages (columns percent_t, percent_c) against counts and arms."""
    for number, row in paper.outcomes.iterrows():
        for arm in ("t", "c"):
            text, n, events = str(row.get(f"percent_{arm}", "")).strip(), row[f"n_{arm}"], row[f"events_{arm}"]
            if not text or np.isnan(n) or n < 1:
                continue
            try:
                found = possible_counts(text if text.endswith("%") else f"{text}%", n=int(n))
            except InputError as error:
                yield row_name(number, row), f"percent_{arm}: {error}", "error"
                continue
            counts = found.counts.get(int(n), ((),))[0]
            if not counts:
                yield row_name(number, row), f"no whole number of {n:g} patients prints as {text} %", "error"
            elif not np.isnan(events) and int(events) not in counts:
                message = f"{events:g} of {n:g} does not print as {text} %; {counts[0]} of {n:g} does"
                yield row_name(number, row), message, "error"


@RULES.add("duplicates", label="one row a study, outcome, time, variant and status", reference="data format")
def _duplicates(paper: Paper) -> Hits:
    """Two rows that say the same cell; an analysis of correlated effects names what else tells rows apart."""
    more = [c for a in paper.analyses for c in (a.inner, *a.random)]
    keys = [c for c in ("study", "outcome", "time_h", "variant", "status", *dict.fromkeys(more)) if c in paper.outcomes]
    keys = list(dict.fromkeys(keys))
    twice = paper.outcomes.duplicated(keys)
    for number, row in paper.outcomes[twice].iterrows():
        yield row_name(number, row), "repeats the study, outcome, time, variant and status of an earlier row", "error"


@RULES.add("open", label="numbers still missing", reference="data format: status missing")
def _open(paper: Paper) -> Hits:
    """The cells still open, and where to look."""
    complete = paper.outcomes[paper.outcomes["status"].isin(SOURCED)]
    for number, row in paper.outcomes.iterrows():
        if row["status"] == "missing":
            yield row_name(number, row), f"look in: {row['where'] or 'the primary report'}", "open"
    for number, row in complete.iterrows():
        blank = [c for c in ("events_t", "n_t", "events_c", "n_c") if np.isnan(row[c])]
        if blank and not np.isnan(row[["events_t", "events_c"]].astype(float)).all():
            yield row_name(number, row), f"{', '.join(blank)} not sourced", "open"
