"""`[[course]]` of paper.toml: the joint model, why there is none, slips; and what the report says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import metaket as mk
from metaket.errors import PaperError
from metaket.report.courses import lasting
from tests.papers import OUTCOMES, PAPER, write_paper

MORE = """A,response,72,,7,18,2,18,,,,,,,,,,,quoted,s1,table 1,
B,response,72,,25,47,8,25,,,,,,,,,,,quoted,s1,table 1,
"""
COURSE = '\n[[course]]\nid = "long"\ntitle = "Response over time"\noutcome = "response"\ntimes = [24, 72]\n'


def paper(folder: Path, extra: str = "", course: str = COURSE) -> Path:
    return write_paper(folder, paper=PAPER + course + extra, outcomes=OUTCOMES + MORE)


def test_the_model_is_that_of_pool_over_time(tmp_path: Path) -> None:
    rep = mk.reproduce(paper(tmp_path, "rho = 0.7\n"))
    (found,) = rep.courses
    direct = mk.pool_over_time(rep.paper, outcome="response", times=[24, 72], where={}, model="joint", rho=0.7)
    assert found.course is not None
    assert found.course.fit.model.coef == pytest.approx(direct.fit.model.coef)
    data = json.loads(json.dumps(rep.to_dict()["courses"][0], allow_nan=False))
    assert data["results"][0]["estimate"] == pytest.approx(float(direct.to_frame()["estimate"][0]))
    assert data["studies"]["72.0"] == ["A", "B"]
    assert data["equal"]["df"] == 1
    assert data["over_rho"][0][0]["time_h"] == 24


def test_times_are_those_of_the_analyses_unless_given(tmp_path: Path) -> None:
    (found,) = mk.reproduce(paper(tmp_path, course=COURSE.replace("times = [24, 72]\n", ""))).courses
    assert found.course is not None
    assert found.course.times == (24.0,)


def test_no_model_is_an_answer(tmp_path: Path) -> None:
    rep = mk.reproduce(paper(tmp_path, 'structure = "UN"\nwhere = { study = ["A", "C"] }\n'))
    (found,) = rep.courses
    assert found.course is None
    assert "72 h has one trial" in found.gap
    assert lasting(rep, "response")[0].startswith("Response over time: no model can be fitted: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('strcture = "CS"\n', r"line \d+: course 'long' has unknown key 'strcture'"),
        ('structure = "SC"\n', "course 'long': unknown structure 'SC'"),
        ("rho = 1.5\n", "course 'long': rho must be a correlation"),
        ("where = { dose = 1 }\n", "course 'long': the filter names column 'dose'"),
        (COURSE, r"course 'long' stands twice"),
        (COURSE.replace("long", "other").replace('"response"', '"relapse"'), "outcome 'relapse'"),
    ],
)
def test_slips(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(PaperError, match=message):
        _ = mk.reproduce(paper(tmp_path, change)).courses


@pytest.fixture(scope="module")
def han() -> Any:
    return mk.reproduce("han2016")


def test_han_2016_answers_with_its_uncertainty(han: Any) -> None:
    """The numbers of the sentences are those of the model; what the cells do not allow is said."""
    depression = next(text for text in lasting(han, "depression") if "every trial" in text)
    course = next(c.course for c in han.courses if c.asked.id == "depression-course-wider")
    shown = f"{course.fit.model.coef[2]:.2f}".replace("-", "\N{MINUS SIGN}")
    assert f"{shown} (" in depression
    assert "which is not proof that there is none" in depression
    assert "Over assumed correlations from 0 to 0.95 the effect at day 7 runs" in depression
    assert "2 trials give more than one time" in depression
    remission = lasting(han, "remission")
    assert remission[0].startswith("Remission over time, the ten fitting trials: no model can be fitted")


def test_a_correlation_without_variance_is_null_in_json(han: Any) -> None:
    """results.json and --json must be JSON: tau2 of 0 leaves the correlation of true effects undefined."""
    data = json.loads(json.dumps(han.to_dict(), allow_nan=False))
    components = {c["id"]: c["components"] for c in data["courses"] if c["results"]}
    assert any(found["rho"] is None for found in components.values())


def test_han_2016_course_ids(han: Any) -> None:
    assert [c.asked.id for c in han.courses if c.course is None] == ["remission-course"]
    assert all(c.course.fit.model.converged for c in han.courses if c.course)
