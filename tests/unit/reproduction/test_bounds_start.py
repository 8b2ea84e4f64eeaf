"""Where the search of `bounds` begins: a print that holds only in the middle of the range is met, too."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.reproduction.bounds_inputs import read_studies, read_ties
from metaket.reproduction.bounds_program import make_program
from metaket.reproduction.bounds_start import drawn

ROWS = [
    {"study": f"S{i}", "n_t": 30 + i, "n_c": 30, "events_t": 12 + i % 4, "events_c": "" if i < 5 else 8 + i % 3}
    for i in range(10)
]
UNIT = 1e-9  # ends of what prints like the text, beyond floating-point ties


def pooled(tables: Any) -> mk.PooledResult:
    """The completion that is said to have an end of a range, pooled again."""
    columns = ["study", "events_t", "n_t", "events_c", "n_c"]
    return mk.pool(mk.effect_sizes(pd.DataFrame(tables, columns=columns), "RR"), tau2="DL")


@pytest.mark.parametrize(
    ("ties", "agrees"),
    [
        ({"estimate": "1.25"}, lambda r: abs(r.back(r.estimate) - 1.25) <= 0.005 + UNIT),
        ({"p_value": "0.03"}, lambda r: abs(r.p_value - 0.03) <= 0.005 + UNIT),
        ({"decision": "no difference"}, lambda r: r.ci().low <= 0.0 <= r.ci().high),
        ({"significant": "not significant", "heterogeneity": "significant"}, lambda r: r.p_value >= 0.05 > r.q_p),
    ],
)
def test_a_print_of_the_middle_is_met(ties: dict[str, str], agrees: Any) -> None:
    found = mk.bounds(ROWS, ties=ties)
    assert (found.exact, found.status) == (False, "possible")
    span = found.spans["estimate"]
    assert span.found_low < span.found_high
    for end, tables in ((span.found_low, span.at_low), (span.found_high, span.at_high)):
        result = pooled(tables)
        assert agrees(result)
        assert result.back(result.estimate) == pytest.approx(end)


def test_draws_fit_the_totals_and_are_not_all_alike() -> None:
    ties = read_ties({"events_c": "95"})
    studies = read_studies(ROWS, "RR")
    program = make_program(studies, ties)
    choices = drawn(program, np.random.default_rng(1))
    totals = sum(s.cells["events_c"][c] for s, c in zip(studies, choices.T, strict=True))
    assert np.all(totals == 95)
    assert len(np.unique(choices, axis=0)) > 10


def test_the_same_seed_finds_the_same() -> None:
    first, second = (mk.bounds(ROWS, ties={"estimate": "1.25"}, seed=3).to_dict() for _ in range(2))
    assert first == second


def test_what_cannot_be_is_not_found() -> None:
    """An estimate and a lower limit so close that no such studies have them."""
    found = mk.bounds(ROWS, ties={"estimate": "1.25", "ci_low": "1.24"})
    assert found.status != "possible"
    assert all(math.isnan(s.found_low) for s in found.spans.values())


@pytest.mark.parametrize(
    ("ties", "impossible"),
    [
        ({"p_value": "0.03"}, ["no difference"]),
        ({"p_value": "<0.05"}, ["no difference"]),
        ({"p_value": "0.05"}, []),
        ({"significant": "significant"}, ["no difference"]),
        ({"p_value": "NS"}, ["treatment better", "control better"]),
        ({"p_value": "0.2"}, ["treatment better", "control better"]),
    ],
)
def test_a_printed_p_proves_what_the_decision_is_not(ties: dict[str, str], impossible: list[str]) -> None:
    found = mk.bounds(ROWS, ties=ties)
    assert [name for name, status in found.decisions.items() if status == "impossible"] == impossible
    elsewhere = mk.bounds(ROWS, ties=ties, level=0.9)  # p against 0.05 says nothing about a 90 % interval
    assert "impossible" not in elsewhere.decisions.values()
