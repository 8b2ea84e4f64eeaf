"""Dean 2021 (Cochrane Database Syst Rev CD011612.pub3): its risk-of-bias judgements of the trials of Han 2016.

Typed from the tables of characteristics (PMC8434915), one a trial, in their order of bias: L low, U unclear, H high. A
table whose public copy breaks off ends early.
"""

from __future__ import annotations

import pytest

import metaket as mk

READ = {
    "Berman 2000": ("0008", "UUUUHHL"),
    "Zarate 2006": ("0064", "LUUUUUL"),
    "Lapidus 2014": ("0034", "LLLLLUL"),
    "Hu 2016": ("0025", "UUU"),
    "Singh 2016 esketamine": ("0056", "LU"),
    "Downey 2016": ("0015", "ULUUUUH"),
    "Grunebaum 2018": ("0022", "LUUUL"),
    "ASPIRE I 2020": ("0019", "LLUUL"),
    "ASPIRE II 2021": ("0030", "LLUUL"),
    "Su 2017": ("0059", "UUUULLL"),
}
WORDS = {"L": "low", "U": "unclear", "H": "high"}


@pytest.fixture(scope="module")
def paper() -> mk.Paper:
    return mk.load("han2016")


def test_judgements_are_those_of_the_tables(paper: mk.Paper) -> None:
    rob = mk.risk_of_bias(paper.trials)
    for study, judged, source in zip(rob.study, rob.domains, rob.source, strict=True):
        letters = READ.get(study, ("", ""))[1]
        assert judged == tuple(WORDS[x] for x in letters) + ("",) * (7 - len(letters)), study
        assert source == ("pmc8434915" if letters else ""), study
    assert not rob.has_overall


def test_each_judged_trial_has_its_address(paper: mk.Paper) -> None:
    where = paper.trials.set_index("study")["rob1_where"].dropna()
    assert {s: w for s, w in where.items() if w} == {s: f"table CD011612-tblf-{n}" for s, (n, _) in READ.items()}
