"""Risk-of-bias judgements: the columns of each tool, what they may hold, and what a slip says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import DataError, InputError, UnknownChoiceError
from metaket.rob_tools import ROB_TOOLS, overall_slip


def table(tool: str = "rob2", cells: Any = "low", **more: Any) -> pd.DataFrame:
    columns = dict.fromkeys(ROB_TOOLS[tool].columns, cells)
    return pd.DataFrame({"study": ["A", "B"], **columns, **more})


def test_the_tools_have_the_domains_and_judgements_of_their_articles() -> None:
    # Sterne 2019, table 1; Sterne 2016, table 1; Higgins 2011, table 1
    assert {c: (len(t.domains), t.choices) for c, t in ROB_TOOLS.items()} == {
        "rob2": (5, ("low", "some concerns", "high")),
        "robins": (7, ("low", "moderate", "serious", "critical", "no information")),
        "rob1": (7, ("low", "unclear", "high")),
    }
    assert ROB_TOOLS["rob2"].domains[0] == "randomisation process"
    assert ROB_TOOLS["robins"].domains[0] == "confounding"


def test_judgements_are_read_in_any_spelling_and_blank_stays_blank() -> None:
    rows = table(
        rob2_d1=["Low", "SC"], rob2_d2=["some_concerns", "High risk"], rob2_d3=["", None], rob2_d4=["L", np.nan]
    )
    rob = mk.risk_of_bias(rows)
    assert rob.domains == (("low", "some concerns", "", "low", "low"), ("some concerns", "high", "", "", "low"))
    assert rob.of("B")[:2] == ("some concerns", "high")
    assert rob.of("C") == ("",) * 6
    assert rob.to_frame()["rob2_d2"].tolist() == ["some concerns", "high"]


def test_shares_are_of_the_judged_studies() -> None:
    rob = mk.risk_of_bias(table(rob2_d1=["low", "high"], rob2_d2=["low", ""], rob2_d3=["", ""]))
    first, second, third, *_ = rob.shares()
    assert (first, second, third) == ({"low": 0.5, "high": 0.5}, {"low": 1.0}, {})
    assert rob.shares({"A": 3.0, "B": 1.0})[0] == {"low": 0.75, "high": 0.25}


def test_a_wrong_judgement_names_row_study_and_choices() -> None:
    rows = table(rob2_d2=["low", "hihg"])
    with pytest.raises(
        DataError, match=r"row 2 \(B\): rob2_d2 is 'hihg'; RoB 2 has low, some concerns, high. Did you mean high\?"
    ):
        mk.risk_of_bias(rows)
    with pytest.raises(DataError, match="rob2_d1 is 'unclear'"):
        mk.risk_of_bias(table(cells="unclear"))


@pytest.mark.parametrize(
    ("rows", "tool", "message"),
    [
        (pd.DataFrame({"study": ["A"]}), None, "no column of a risk-of-bias tool: name them rob2_d1"),
        (table().drop(columns="rob2_d4"), None, "RoB 2 has 5 domains, but there is no column rob2_d4"),
        (table(rob2_d6="low"), None, "RoB 2 has no column rob2_d6"),
        (table().drop(columns="study"), None, "no column 'study'"),
        (table().merge(table("rob1"), on="study"), None, "several risk-of-bias tools: choose one of rob2, rob1"),
    ],
)
def test_wrong_tables(rows: pd.DataFrame, tool: str | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        mk.risk_of_bias(rows, tool)


def test_one_of_several_tools() -> None:
    both = table().merge(table("rob1", "unclear"), on="study")
    assert mk.risk_of_bias(both, "rob1").overall == ("unclear", "unclear")
    with pytest.raises(UnknownChoiceError, match=r"unknown risk-of-bias tool 'rob3'"):
        mk.risk_of_bias(both, "rob3")


def test_overall_is_no_better_than_the_worst_domain() -> None:
    rob2, robins, rob1 = ROB_TOOLS.values()
    assert overall_slip(rob2, ("low", "high", "low"), "low") == "rob2_overall is low, better than high in D2"
    assert overall_slip(rob2, ("low", "some concerns"), "high") == ""  # several concerns may make it high
    assert overall_slip(robins, ("no information", "low"), "low") == ""
    assert overall_slip(rob1, ("high", "low"), "low") == ""  # of the key domains only
