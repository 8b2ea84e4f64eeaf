"""A small paper folder with everything that is hard to print: markup, quotes, other scripts, slashes in ids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import metaket as mk

HEADER = (
    "study,outcome,time_h,variant,events_t,n_t,events_c,n_c,mean_t,sd_t,mean_c,sd_c,"
    "y,y_low,y_high,se,ci_low,ci_high,y_measure,status,source,where,note\n"
)
OUTCOMES = (
    HEADER
    + """"<script>alert(""1"")</script> & 'Müller'",réponse <b>,24,,8,18,1,18,,,,,,,,,,,,quoted,s1,t1,"a | b, c_d & 5 %"
Łążęć Ωμέγα 2016,réponse <b>,24,,30,47,7,25,,,,,,,,,,,,derived,s1; s2,table 2,
Third 2001,réponse <b>,24,,0,10,0,12,,,,,,,,,,,,quoted,s1,table 3,no event in either arm
Fourth 2002,réponse <b>,24,,5,,,,,,,,,,,,,,,quoted,s1,table 4,
Fourth 2002,réponse <b>,24,,5,11,1,10,,,,,,,,,,,,unverified,s2,,believed
Fifth 2003,réponse <b>,24,,,,,,,,,,,,,,,,,missing,,"p. 7 of the <report>",
"""
)
PAPER = """[paper]
key = "nasty"
title = "Drugs <i>A</i> & B: \\"a\\" study of Łążęć"
citation = "Someone <else> & others"

[[source]]
id = "s1"
citation = "made up <for> a test"
url = "https://example.org/?a=1&b=2"

[[source]]
id = "s2"
citation = "made up too"
url = "javascript:alert(1)"

[[analysis]]
id = "a/b ../<1>"
where = { outcome = "réponse <b>", time_h = 24 }
measure = "RR"
tau2 = "DL"
assumed = ["measure"]

[[analysis]]
id = "more"
title = "With <believed> rows"
include = ["unverified"]
sensitivity_of = "a/b ../<1>"

[[claim]]
id = "c<1>"
by = "the <paper>"
printed = "4.00"
of = { analysis = "a/b ../<1>", quantity = "estimate" }
note = "x < y & z"

[[claim]]
id = "c2"
by = "another"
printed = "significantly better"
means = "treatment better"
of = { analysis = "a/b ../<1>", quantity = "decision" }
"""


REPLACEABLE = {"name": "Łążęć Ωμέγα 2016", "claims": PAPER[PAPER.index("[[claim]]") :], "id": "a/b ../<1>"}


def _write(folder: Path, paper: str, outcomes: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "paper.toml").write_text(paper, encoding="utf-8")
    (folder / "outcomes.csv").write_text(outcomes, encoding="utf-8")
    return folder


@pytest.fixture
def nasty(tmp_path: Path) -> Callable[..., mk.Reproduction]:
    """Reproduce the small paper, with parts of its files replaced (old text -> new text)."""

    def reproduce(**changes: str) -> mk.Reproduction:
        paper, outcomes = PAPER, OUTCOMES
        for key, new in changes.items():
            old = REPLACEABLE[key]
            paper, outcomes = paper.replace(old, new), outcomes.replace(old, new)
        return mk.reproduce(_write(tmp_path / "paper", paper, outcomes))

    return reproduce


@pytest.fixture(scope="session")
def han() -> mk.Reproduction:
    """Han 2016."""
    return mk.reproduce("han2016")
