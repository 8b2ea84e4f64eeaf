"""Empty cells: a paper, its times and `bounds` follow the measure's own rule as `effect_sizes` does."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import metaket as mk
from tests.papers import write_paper

SAME = 1e-12  # the same arithmetic by another way
ROWS = pd.DataFrame(
    {"study": ["A", "B"], "events_t": [0, 2], "n_t": [5, 5], "events_c": [3, 3], "n_c": [8, 8]}
)  # fmt: skip
PAPER = '[paper]\nkey = "empty"\ntitle = "T"\n[[source]]\nid = "s1"\ncitation = "C"\n[[analysis]]\nid = "a"\n'
MEASURES = ["RR", "OR", "RD", "AS", "PETO"]


def folder(path: Path, options: str) -> Path:
    table = ROWS.assign(outcome="response", time_h=24, status="quoted", source="s1")
    return write_paper(path, paper=PAPER + options, outcomes=table.to_csv(index=False))


@pytest.mark.parametrize("measure", [*MEASURES, "PHI"])
def test_an_analysis_pools_what_pool_does(tmp_path: Path, measure: str) -> None:
    paper = mk.load(folder(tmp_path, f'measure = "{measure}"\nmodel = "common"\n'))
    found, effects = mk.reproduce(paper).results["a"], mk.effect_sizes(ROWS, measure)
    assert found.result is not None
    assert found.result.estimate == pytest.approx(mk.pool(effects, model="common").estimate, rel=SAME)
    assert found.to_dict()["spec"]["zero_cells"] == effects.options["zero_cells"]


def test_a_rule_that_the_paper_states_holds(tmp_path: Path) -> None:
    paper = mk.load(folder(tmp_path, 'measure = "AS"\nmodel = "common"\nzero_cells = "only0"\n'))
    found, effects = mk.reproduce(paper).results["a"], mk.effect_sizes(ROWS, "AS", zero_cells="only0")
    assert found.result is not None
    assert found.result.estimate == pytest.approx(mk.pool(effects, model="common").estimate, rel=SAME)


def test_times_are_pooled_alike() -> None:
    course = mk.pool_over_time(ROWS.assign(time_h=24, status="quoted", outcome="o"), measure="AS", pooling="common")
    expected = mk.pool(mk.effect_sizes(ROWS, "AS"), model="common")
    assert float(course.to_frame()["estimate"].iloc[0]) == pytest.approx(expected.back(expected.estimate), rel=SAME)


@pytest.mark.parametrize("measure", MEASURES)
def test_bounds_of_a_whole_table_are_its_pool(measure: str) -> None:
    found = mk.bounds(ROWS, measure, model="common").spans["estimate"]
    expected = mk.pool(mk.effect_sizes(ROWS, measure), model="common")
    assert (found.found_low, found.found_high) == pytest.approx([expected.back(expected.estimate)] * 2, rel=SAME)
