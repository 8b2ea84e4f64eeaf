"""Small paper folders for tests."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

import metaket as mk
from metaket.outcomes import NUMBERS
from metaket.tables import numeric

HEADER = (
    "study,outcome,time_h,variant,events_t,n_t,events_c,n_c,percent_t,mean_t,sd_t,mean_c,sd_c,"
    "y,se,ci_low,ci_high,y_measure,status,source,where,note\n"
)
OUTCOMES = (
    HEADER
    + """A,response,24,,8,18,1,18,44,,,,,,,,,,quoted,s1,table 1,
B,response,24,,30,47,7,25,63.8,,,,,,,,,,quoted,s1,table 1,
C,response,24,,12,30,9,31,,,,,,,,,,,quoted,s1,table 1,
"""
)
PAPER = """[paper]
key = "tiny"
title = "A tiny paper"
journal = "Journal of Tests"

[[source]]
id = "s1"
citation = "made up for a test"

[[analysis]]
id = "response"
where = { outcome = "response", time_h = 24 }
measure = "RR"
tau2 = "DL"
"""


def write_paper(folder: Path, *, claims: str = "", paper: str = PAPER, outcomes: str = OUTCOMES) -> Path:
    """A folder with paper.toml and outcomes.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "paper.toml").write_text(paper + claims, encoding="utf-8")
    (folder / "outcomes.csv").write_text(outcomes, encoding="utf-8")
    return folder


def claim(printed: str, quantity: str, means: str = "") -> str:
    """One claim of the analysis `response`."""
    extra = f'means = "{means}"\n' if means else ""
    of = f'{{ analysis = "response", quantity = "{quantity}" }}'
    return f'\n[[claim]]\nid = "c-{quantity}"\nprinted = "{printed}"\nof = {of}\n{extra}'


CELLS = (
    *(
        "study",
        "outcome",
        "time_h",
        "variant",
        "design",
        "events_t",
        "n_t",
        "events_c",
        "n_c",
        "percent_t",
        "percent_c",
    ),
    *("mean_t", "sd_t", "mean_c", "sd_c", "y", "y_low", "y_high", "v", "se", "ci_low", "ci_high", "p", "y_measure"),
    *("status", "source", "where", "note"),
)


def row(study: str = "A", **cells: object) -> dict[str, str]:
    """A row of outcomes.csv: response at 24 h, quoted from s1, with the cells given; all others blank."""
    known = {"study": study, "outcome": "response", "time_h": 24, "status": "quoted", "source": "s1"} | cells
    return {name: str(known.get(name, "")) for name in CELLS}


def table(*rows: dict[str, str]) -> str:
    """The text of outcomes.csv."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CELLS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def frame(*rows: dict[str, str]) -> pd.DataFrame:
    """The rows as `load` gives them: numbers as floats, the index as a spreadsheet counts."""
    index = pd.Index(range(2, len(rows) + 2), name="row")
    return numeric(pd.DataFrame(list(rows), index=index), NUMBERS, "outcomes.csv")


def paper_of(measure: str, *lines: str) -> str:
    """The tiny paper with another measure, and further lines of its analysis."""
    return PAPER.replace('"RR"', f'"{measure}"') + "".join(f"{line}\n" for line in lines)


def rerun(folder: Path, rows: Sequence[dict[str, str]], measure: str, *lines: str, claims: str = "") -> mk.Reproduction:
    """The reproduction of the tiny paper with these rows."""
    return mk.reproduce(write_paper(folder, paper=paper_of(measure, *lines), outcomes=table(*rows), claims=claims))
