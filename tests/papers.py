"""Small paper folders for tests."""

from __future__ import annotations

from pathlib import Path

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
