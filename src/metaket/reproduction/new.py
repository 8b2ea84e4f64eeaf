"""A new paper's folder from a table: what `metaket new` writes, and what is left to fill in."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaket.errors import InputError
from metaket.measures.registry import MEASURES
from metaket.measures.table import METAFOR_COLUMNS, METAFOR_RATES
from metaket.outcomes import STATUSES
from metaket.reproduction.models import spec_of
from metaket.reproduction.package import PACKAGE, hash_of
from metaket.reproduction.paper import Analysis

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CLAIMED", "Draft", "guess_columns", "missing_columns", "write_folder"]

CLAIMED = ("estimate", "ci_low", "ci_high", "p_value", "q", "i2", "tau2")  # what most papers print
OURS = ("study", "outcome", "time_h", "status", "source", "where", "note")
SPREADS = (("v",), ("se",), ("ci_low", "ci_high"))
STUDY_NAMES = ("study", "author", "authors", "trial", "slab", "source", "id")
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


def guess_columns(names: list[str], measure: str) -> dict[str, str]:
    """Our name -> the table's, for every column that is called as ours or as metafor's."""
    entry = MEASURES[measure]
    theirs = METAFOR_COLUMNS | (METAFOR_RATES if "time_t" in entry.needs else {})
    wanted = dict.fromkeys((*entry.needs, "y", *(n for spread in SPREADS for n in spread), "time_h", "outcome"))
    found = {}
    for ours in wanted:
        name = next((n for n in (ours, theirs.get(ours, "")) if n in names), "")
        if name:
            found[ours] = name
    study = next((n for n in STUDY_NAMES if n in names), "")
    return {"study": study, **found} if study else found


def missing_columns(columns: Mapping[str, str], measure: str) -> tuple[str, ...]:
    """What the measure still needs; empty where its own columns, or an effect with its precision, are there."""
    needs = MEASURES[measure].needs
    study = () if "study" in columns else ("study",)
    given = "y" in columns and any(all(n in columns for n in spread) for spread in SPREADS)
    if given:
        return study
    return (*study, *(n for n in needs if n not in columns))


def write_folder(folder: Path, table: pd.DataFrame, draft: Draft) -> tuple[Path, ...]:
    """Write paper.toml, outcomes.csv, datapackage.json and README.md; the folder appears whole or not at all.

    Parameters
    ----------
    folder : Path
        Must not exist.
    table : DataFrame
        One row a study, cells as text (see `read_table`).
    draft : Draft

    Returns
    -------
    tuple of Path

    Raises
    ------
    InputError
        The folder exists, or a column that the measure needs is missing.
    """
    if folder.exists():
        raise InputError(f"{folder} exists; give the name of a folder that does not")
    lacking = missing_columns(draft.columns, draft.measure)
    if lacking:
        have = ", ".join(str(c) for c in table.columns)
        raise InputError(
            f"measure {draft.measure} needs column(s) {', '.join(lacking)}; the table has {have}. "
            f"Say which is which: --column {lacking[0]}=NAME"
        )
    rows = _rows(table, draft)
    texts = {"outcomes.csv": _csv(rows), "paper.toml": _toml(draft, rows), "README.md": _readme(draft, len(rows))}
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        work = scratch / "new"  # mkdtemp's own folder is closed to others; this one has the usual rights
        work.mkdir()
        for name, text in texts.items():
            (work / name).write_text(text, encoding="utf-8")
        (work / PACKAGE).write_text(_package(draft, rows, work / "outcomes.csv"), encoding="utf-8")
        work.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tuple(sorted(p for p in folder.iterdir()))


def _rows(table: pd.DataFrame, draft: Draft) -> list[dict[str, str]]:
    """Our columns first, then the table's others as they are: moderators and whatever else it holds."""
    unknown = [name for name in draft.columns.values() if name not in table.columns]
    if unknown:
        raise InputError(f"the table has no column {unknown[0]!r}; it has {', '.join(map(str, table.columns))}")
    numbers = [ours for ours in draft.columns if ours not in OURS]
    taken = {*draft.columns.values(), *OURS, *numbers}
    others = [str(c) for c in table.columns if c not in taken]
    tabled = set(MEASURES[draft.measure].needs) <= draft.columns.keys()
    out = []
    for _, row in table.iterrows():
        cells = {str(name): str(cell) for name, cell in row.items()}
        mapped = {ours: cells[theirs] for ours, theirs in draft.columns.items()}
        line = {"study": mapped["study"], "outcome": mapped.get("outcome") or draft.outcome}
        line["time_h"] = mapped.get("time_h", _hours(draft.time_h))
        line |= {name: mapped[name] for name in numbers}
        line |= {} if tabled else {"y_measure": draft.measure}
        line |= {"status": cells.get("status") or draft.status, "source": "paper"}
        line |= {"where": cells.get("where") or draft.where, "note": cells.get("note", "")}
        if "source" in cells and "source" not in draft.columns.values():  # ours names ids of paper.toml
            line["source_in_table"] = cells["source"]
        out.append(line | {name: cells[name] for name in others})
    return out


def _hours(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _quote(text: str) -> str:
    """A TOML string; its escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _toml(draft: Draft, rows: list[dict[str, str]]) -> str:
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


def _readme(draft: Draft, k: int) -> str:
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


def _package(draft: Draft, rows: list[dict[str, str]], file: Path) -> str:
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
