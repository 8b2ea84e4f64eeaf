"""One result per time: each with its own numbers, none across times."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import metaket as mk
from metaket.errors import DataError, InputError, MetaketError
from metaket.plots import time_course_layout
from metaket.timecourse import patients, time_label
from tests.papers import paper_of, row, table, write_paper

HAND = 1e-10  # closed forms written twice; the difference of nearly equal sums in Q loses some digits
COUNTS = {
    "study": ["A", "B", "C", "A", "B", "D"],
    "time_h": [24, 24, 24, 72, 72, 168],
    "events_t": [8, 30, 12, 9, 14, 6],
    "n_t": [18, 47, 30, 18, 45, 19],
    "events_c": [1, 7, 9, 6, 2, 7],
    "n_c": [18, 25, 31, 18, 24, 19],
}
GIVEN = {
    "study": ["A", "B", "C", "A", "B", "C"],
    "time_h": [24, 24, 24, 72, 72, 72],
    "y": [0.1, 0.5, 1.2, 0.3, 0.2, 0.9],
    "v": [0.04, 0.05, 0.06, 0.02, 0.03, 0.05],
}


def laird(y: np.ndarray, v: np.ndarray) -> dict[str, float]:
    """DerSimonian & Laird (1986), with Q, I2 and the prediction interval of Higgins et al. (2009), eq. 12."""
    w = 1 / v
    q = float((w * (y - (w * y).sum() / w.sum()) ** 2).sum())
    df = len(y) - 1
    tau2 = max(0.0, (q - df) / (w.sum() - (w**2).sum() / w.sum())) if df else 0.0
    w = 1 / (v + tau2)
    mean, se = (w * y).sum() / w.sum(), w.sum() ** -0.5
    out = {"estimate": mean, "std_error": se, "tau2": tau2, "q": q, "i2": 100 * max(0.0, (q - df) / q) if df else 0.0}
    if df >= 2:
        half = stats.t.ppf(0.975, len(y) - 2) * math.sqrt(tau2 + se**2)
        out |= {"pi_low": mean - half, "pi_high": mean + half}
    return out


def test_each_time_has_its_own_result() -> None:
    course = mk.pool_over_time(COUNTS, measure="RR", tau2="DL")
    assert [(p.time_h, p.k, p.n) for p in course.points] == [(24, 3, 169), (72, 2, 105), (168, 1, 38)]
    frame = pd.DataFrame(COUNTS)
    for point in course.points:
        f = frame[frame["time_h"] == point.time_h]
        y = np.log(f["events_t"] / f["n_t"] / (f["events_c"] / f["n_c"])).to_numpy()
        v = (1 / f["events_t"] - 1 / f["n_t"] + 1 / f["events_c"] - 1 / f["n_c"]).to_numpy()
        expected = laird(y, v)
        got = point.result.fields() | {"i2": point.result.i2_q}
        assert {name: got[name] for name in expected} == pytest.approx(expected, rel=HAND)
        assert (got["pi_low"] is None) == (point.k < 3)


def test_heterogeneity_is_that_of_the_time() -> None:
    course = mk.pool_over_time(GIVEN, measure="GEN", tau2="DL")
    for point in course.points:
        pick = np.array(GIVEN["time_h"]) == point.time_h
        expected = laird(np.array(GIVEN["y"])[pick], np.array(GIVEN["v"])[pick])
        assert expected["tau2"] > 0
        got = point.result.fields() | {"i2": point.result.i2_q}
        assert {name: got[name] for name in expected} == pytest.approx(expected, rel=HAND)


def test_there_is_no_result_across_times() -> None:
    """The trials at the three times are partly the same patients (Cochrane Handbook 6.3, 23.3)."""
    course = mk.pool_over_time(COUNTS, measure="RR")
    for name in ("estimate", "result", "overall", "pooled", "tau2", "k"):
        assert not hasattr(course, name)
    frame = course.to_frame()
    assert frame[frame["studies"] == "all"]["time_h"].tolist() == [24, 72, 168]
    assert frame["time_h"].notna().all()
    assert not frame.duplicated(["time_h", "studies", "end"]).any()


def test_a_study_with_two_rows_at_one_time_is_refused() -> None:
    twice = {name: [*values, values[0]] for name, values in COUNTS.items()}
    with pytest.raises(DataError, match=r"A would enter one pool 2 times .*rows 1, 7.*a study counts once"):
        mk.pool_over_time(twice)


def test_the_complete_course_keeps_the_studies_of_every_time() -> None:
    first_two = {name: values[:5] for name, values in COUNTS.items()}
    course = mk.pool_over_time(first_two)
    assert [(p.time_h, p.result.effects.study, p.n) for p in course.complete] == [
        (24, ("A", "B"), 108),
        (72, ("A", "B"), 105),
    ]
    assert course.complete[0].result.estimate != course.points[0].result.estimate
    assert set(course.to_frame()["studies"]) == {"all", "present at every time"}


def test_no_complete_course_without_a_shared_study_or_with_one_time() -> None:
    assert mk.pool_over_time(COUNTS).complete == ()
    assert mk.pool_over_time(COUNTS, times=[24]).complete == ()


def test_a_time_without_data_does_not_empty_the_complete_course() -> None:
    course = mk.pool_over_time(GIVEN, measure="GEN", times=[24, 48, 72])
    assert [p.time_h for p in course.complete] == [24, 72]
    assert course.points[1].result is None
    assert course.points[1].gap == "no row"


def test_a_study_without_information_at_one_time_is_not_present_at_every_time() -> None:
    """B has no event in either arm at 24 h: the risk ratio leaves it out there, so the sets would differ."""
    cells = {"study": ["A", "B", "A", "B"], "time_h": [24, 24, 72, 72], "n_t": [10] * 4, "n_c": [10] * 4}
    course = mk.pool_over_time(cells | {"events_t": [5, 0, 5, 4], "events_c": [2, 0, 2, 2]})
    assert len({p.result.effects.study for p in course.complete}) == 1


@pytest.mark.parametrize("kind", ["mapping", "frame", "texts", "own index"])
def test_every_kind_of_table(kind: str) -> None:
    frame = pd.DataFrame(COUNTS)
    data: Any = {
        "mapping": COUNTS,
        "frame": frame,
        "texts": frame.astype(str),
        "own index": frame.set_index(pd.Index([7] * 6)),
    }[kind]
    before = frame.copy()
    course = mk.pool_over_time(data)
    assert [p.k for p in course.points] == [3, 2, 1]
    assert course.points[0].result.effects.rows == (1, 2, 3)
    pd.testing.assert_frame_equal(frame, before)


def test_two_tables_put_together_count_each_row_once() -> None:
    """pd.concat of two tables read by metaket keeps the index `row`, in which numbers then stand twice."""
    rows = pd.DataFrame(GIVEN, index=pd.Index([2, 3, 4, 2, 3, 4], name="row"))
    one_time = rows.assign(study=list("ABCDEF"), time_h=24)
    course = mk.pool_over_time(one_time, measure="GEN")
    assert course.points[0].k == 6
    assert sorted(course.points[0].result.effects.study) == list("ABCDEF")


def test_a_paper_brings_its_own_times_and_filter() -> None:
    paper = mk.load("han2016")
    course = mk.pool_over_time(paper, outcome="response", tau2="DL")
    assert [p.time_h for p in course.points] == [24, 72, 168]
    assert [p.k for p in course.points] == [2, 0, 1]
    assert set(course.points[0].selection.rows["fits_criteria"]) == {"yes"}
    wider = mk.pool_over_time(paper, outcome="response", where={})
    assert [p.k for p in wider.points] == [5, 2, 2]
    rep = mk.reproduce(paper)
    for point, name in zip(course.points, ("response-24h", "response-72h", "response-168h"), strict=True):
        theirs = rep.results[name].result
        assert (point.result is None) == (theirs is None)
        if theirs is not None:
            assert point.result.estimate == theirs.estimate


def test_the_range_of_hu_gives_two_results() -> None:
    course = mk.pool_over_time(mk.load("han2016"), outcome="depression", measure="SMD")
    day7 = course.points[2]
    assert [end for end, _ in day7.results] == ["Hu 2016 at the low end", "Hu 2016 at the high end"]
    assert [r.estimate for _, r in day7.results] == [-1.18, -1.08]
    frame = course.to_frame()
    assert len(frame[(frame["time_h"] == 168) & (frame["studies"] == "all")]) == 2


def test_every_study_of_a_paper_is_used_or_accounted_for_at_each_time() -> None:
    paper = mk.load("han2016")
    for variants in ({}, {"Murrough 2013": "change-scores"}):
        course = mk.pool_over_time(paper, outcome="depression", measure="SMD", variants=variants)
        assert [p.k + len(p.selection.left) for p in course.points] == [10, 10, 10]


def test_a_single_study_has_no_t_test_and_says_so() -> None:
    course = mk.pool_over_time(COUNTS, test="hksj")
    assert course.points[2].result is None
    assert course.points[2].gap == "test 'hksj' needs at least 2 studies, there is 1"
    assert "day 7  no result: test 'hksj'" in str(course)


def test_unverified_rows_only_on_request(tmp_path: Path) -> None:
    rows = [row("A", y=0.5, se=0.2), row("B", y=0.4, se=0.2, status="unverified")]
    paper = mk.load(write_paper(tmp_path, paper=paper_of("GEN"), outcomes=table(*rows)))
    assert mk.pool_over_time(paper, outcome="response", measure="GEN").points[0].k == 1
    assert mk.pool_over_time(paper, outcome="response", measure="GEN", include=["unverified"]).points[0].k == 2


@pytest.mark.parametrize(
    ("hours", "label"),
    [
        *((2, "2 h"), (24, "24 h"), (72, "72 h"), (96, "day 4"), (168, "day 7"), (100, "100 h")),
        *((672, "week 4"), (700, "700 h"), (504, "day 21"), (0.5, "0.5 h")),
    ],
)
def test_times_for_people(hours: float, label: str) -> None:
    assert time_label(hours) == label


def test_patients_of_a_crossover_count_once() -> None:
    rows = pd.DataFrame(
        {"n_t": [18, 47, math.nan], "n_c": [17, 25, 9], "design": ["crossover", "parallel", "crossover"]}
    )
    assert patients(rows) == 18 + 72 + 9


def test_an_unknown_number_of_patients_is_not_shown_as_zero() -> None:
    assert "N = 0" not in str(mk.pool_over_time(GIVEN, measure="GEN"))


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({"study": None}, {}, "needs the column study"),
        ({"time_h": None}, {}, "needs the column time_h"),
        ({"time_h": ["24 h"] * 6}, {}, "time_h is '24 h', not a number"),
        ({"outcome": ["response"] * 3 + ["remission"] * 3}, {}, "outcome must be one of remission, response"),
        ({"outcome": ["response"] * 6}, {"outcome": "remision"}, "outcome 'remision' is not one of response"),
        ({"events_t": [19, 1, 1, 1, 1, 1]}, {}, r"row 1 \(A\): events_t is 19 but n_t is 18"),
        ({"events_t": None}, {}, "events_t"),
        ({}, {"tau2": "REM"}, "Did you mean REML"),
        ({}, {"measure": "RRR"}, "unknown measure 'RRR'"),
        ({}, {"pooling": "randm"}, "Did you mean random"),
        ({}, {"model": "jont"}, "Did you mean joint"),
        ({}, {"model": "random"}, "pooling='random'"),
        ({}, {"where": {"dose": 1}}, "column 'dose'"),
        ({}, {"include": ["guessed"]}, "include must name statuses"),
        ({}, {"variants": {"Z": "x"}}, "'Z', which is not a study"),
        ({}, {"times": []}, "time"),
    ],
)
def test_slips(change: dict[str, Any], options: dict[str, Any], message: str) -> None:
    columns = {name: values for name, values in (COUNTS | change).items() if values is not None}
    with pytest.raises(InputError, match=message):
        mk.pool_over_time(columns, **options)


@pytest.mark.parametrize(
    "data",
    [
        [{"study": "A", "time_h": 24, "y": 1, "v": 1}],
        {"study": ["A", "B"], "time_h": [24], "y": [1, 2], "v": [1, 1]},
        "han2016",
        None,
    ],
)
def test_what_is_no_table_is_refused_in_words(data: Any) -> None:
    """Or, for the list of rows, pooled: pandas users write one."""
    try:
        course = mk.pool_over_time(data, measure="GEN")
    except MetaketError:
        return
    assert sum(p.k for p in course.points) >= 1


@pytest.mark.parametrize("missing", [None, math.nan, ""])
def test_a_row_without_a_study_is_never_dropped_in_silence(missing: Any) -> None:
    columns = GIVEN | {"study": ["A", missing, "C", "A", "B", "C"]}
    try:
        course = mk.pool_over_time(columns, measure="GEN")
    except InputError as error:
        assert "study" in str(error)  # noqa: PT017  either outcome is right, a silent loss is not
        return
    assert course.points[0].k == 3


@pytest.mark.parametrize("sizes", [{}, {"n_t": [10, "", ""], "n_c": [12, "", ""]}])
def test_a_size_that_a_row_does_not_state_is_missing_and_not_zero(sizes: dict[str, list[Any]]) -> None:
    rows = {"study": ["A", "B", "A"], "time_h": [24, 24, 72], "y": [0.5, 0.3, 0.2], "v": [0.04, 0.05, 0.04]} | sizes
    course = mk.pool_over_time(rows, measure="GEN")
    joint = mk.pool_over_time(rows, measure="GEN", model="joint", rho=0.5)
    assert [p.n for p in course.points] == [None, None]
    for frame in (course.to_frame(), joint.to_frame()):
        assert frame.loc[frame["studies"] == "all", "n"].isna().all()
    assert "N =" not in str(course)
    everyone = time_course_layout(course).rows[0]
    shown = [text for cell in everyone.cells for text in cell]
    assert [text for text in shown if text.startswith("k =")] == ["k = 2", "k = 1"]
