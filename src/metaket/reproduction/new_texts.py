"""The texts of a new paper's folder: paper.toml, README.md and datapackage.json of a draft."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metaket.errors import InputError
from metaket.measures.registry import MEASURES
from metaket.outcomes import STATUSES
from metaket.reproduction.models import spec_of
from metaket.reproduction.package import hash_of
from metaket.reproduction.paper import Analysis

__all__ = ["CLAIMED", "OURS", "Draft", "package_text", "readme_text", "toml_text"]

CLAIMED = ("estimate", "ci_low", "ci_high", "p_value", "q", "i2", "tau2")  # what most papers print
OURS = ("study", "outcome", "time_h", "status", "source", "where", "note")
KEY = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of a paper before its printed figures are typed in.

    Attributes
    ----------
    key, title, citation : str
    measure, model, test : str
    tau2 : str or float
    columns : mapping
        Our name -> the table's.
    outcome : str
        One word for what was measured.
    time_h : float or None
        Hours after treatment, where the table has no column of it.
    status : str
        Of every row.
    where : str
        Where the rows were read: a table or figure.
    printed : mapping
        Quantity -> the text as printed; without it a claim is left blank for each of `CLAIMED`.
    """

    key: str
    title: str = ""
    citation: str = ""
    measure: str = "RR"
    model: str = "random"
    test: str = "z"
    tau2: str | float = "DL"
    columns: Mapping[str, str] = field(default_factory=dict)
    outcome: str = "outcome"
    time_h: float | None = None
    status: str = "quoted"
    where: str = ""
    printed: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not KEY.fullmatch(self.key):
            raise InputError(f"a key is lower case and starts with a letter, such as smith2020; got {self.key!r}")
        if self.status not in STATUSES[:-1]:
            raise InputError(f"status must be one of {', '.join(STATUSES[:-1])}, got {self.status!r}")
        object.__setattr__(self, "measure", MEASURES[self.measure].code)
        spec_of(self.analysis)  # names an unknown model, estimator or test

    @property
    def analysis(self) -> Analysis:
        """The one analysis of the folder."""
        return Analysis(id="main", measure=self.measure, model=self.model, tau2=self.tau2, test=self.test)


def _quote(text: str) -> str:
    """A TOML string; its escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_text(draft: Draft, rows: list[dict[str, str]]) -> str:
    wanted = list(dict.fromkeys((row["outcome"], row["time_h"]) for row in rows))
    if draft.printed and len(wanted) > 1:
        raise InputError(f"the rows are of {len(wanted)} outcomes or times; type the printed texts into paper.toml")
    name = " ".join((draft.title or draft.key).split())
    head = f"""# {name}: what is pooled (analysis) and what is printed (claim)

[paper]
key = {_quote(draft.key)}
title = {_quote(draft.title or draft.key)}
citation = {_quote(draft.citation)}
licence_note = "Facts only: study-level numbers, and figures that the paper prints."

[[source]]
id = "paper"
citation = {_quote(draft.citation or draft.title or draft.key)}

"""
    ids = _ids(wanted)
    parts = [_analysis(draft, key, outcome, time) for key, (outcome, time) in zip(ids, wanted, strict=True)]
    if not draft.printed:
        parts.append("# Type each printed text as the paper has it; delete the claims that it does not print.\n")
    for key in ids:
        prefix = "" if len(ids) == 1 else f"{key}-"
        parts += [_claim(prefix, key, *c) for c in (draft.printed or dict.fromkeys(CLAIMED, "")).items()]
    return head + "\n".join(parts)


def _ids(wanted: list[tuple[str, str]]) -> list[str]:
    """A short name for each outcome and time."""
    if len(wanted) == 1:
        return ["main"]
    names = [_slug(f"{outcome} {time}h" if time else outcome) or "analysis" for outcome, time in wanted]
    return [name if names.count(name) == 1 else f"{name}-{i + 1}" for i, name in enumerate(names)]


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def _analysis(draft: Draft, key: str, outcome: str, time: str) -> str:
    tau2 = draft.tau2 if isinstance(draft.tau2, float) else _quote(draft.tau2)
    at = f", time_h = {_time(time)}" if time else ""
    return f"""[[analysis]]
id = {_quote(key)}
where = {{ outcome = {_quote(outcome)}{at} }}
measure = {_quote(draft.measure)}
model = {_quote(draft.model)}
tau2 = {tau2}
test = {_quote(draft.test)}
assumed = []  # the options above that the paper does not state, such as ["tau2"]
"""


def _time(text: str) -> str:
    try:
        return f"{float(text):g}"
    except ValueError:
        raise InputError(f"time_h is {text!r}; give hours after treatment, or map another column to it") from None


def _claim(prefix: str, analysis: str, quantity: str, printed: str) -> str:
    return f"""[[claim]]
id = {_quote(prefix + _slug(quantity))}
where = ""  # section, table or figure
printed = {_quote(printed)}
of = {{ analysis = {_quote(analysis)}, quantity = {_quote(quantity)} }}
source = "paper"
"""


def readme_text(draft: Draft, k: int) -> str:
    where = draft.where or "to be filled in"
    return f"""# {draft.title or draft.key}

{k} rows, pooled as {MEASURES[draft.measure].label.lower()} ({draft.measure}).

## Sources

- {draft.citation or "the paper: to be filled in"}
- Where the rows were read: {where}.

## Licence

The numbers are facts. Say here what else of the paper is in this folder, and under which terms.

## What is missing

Say here what the paper prints and this folder does not have.
"""


def package_text(draft: Draft, rows: list[dict[str, str]], file: Path) -> str:
    fields = [_field(name, [row[name] for row in rows]) for name in rows[0]]
    table = {"name": "outcomes", "path": file.name, "format": "csv", "mediatype": "text/csv", "encoding": "utf-8"}
    table |= {"bytes": file.stat().st_size, "hash": hash_of(file), "profile": "tabular-data-resource"}  # type: ignore[dict-item]
    package: dict[str, Any] = {"profile": "data-package", "name": draft.key, "title": draft.title or draft.key}
    package["sources"] = [{"title": draft.citation or draft.title or draft.key}]
    package["resources"] = [{**table, "schema": {"fields": fields, "missingValues": [""]}}]
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def _field(name: str, cells: list[str]) -> dict[str, Any]:
    filled = [cell for cell in cells if cell]
    numbers = bool(filled) and name not in OURS and all(re.fullmatch(r"-?\d*\.?\d+(e-?\d+)?", c) for c in filled)
    out: dict[str, Any] = {"name": name, "type": "number" if numbers or name == "time_h" else "string"}
    if name in ("study", "status"):
        out["constraints"] = {"required": True}
    if name == "status":
        out["constraints"]["enum"] = list(STATUSES)
    return out
