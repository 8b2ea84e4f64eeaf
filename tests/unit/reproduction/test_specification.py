"""The specification curve: every combination of the open choices, once, with the paper's own among them."""

from __future__ import annotations

from pathlib import Path

import pytest

import metaket as mk
from metaket.reproduction.specification import MODELS, SpecificationCurve, specification_curve
from tests.papers import paper_of, row, table, write_paper

A = row("A", events_t=8, n_t=18, events_c=1, n_c=18)
B = row("B", events_t=30, n_t=47, events_c=7, n_c=25)
MEANS = tuple(row(s, mean_t=m, sd_t=4, n_t=9, mean_c=12, sd_c=5, n_c=8) for s, m in (("A", 10), ("B", 7)))
CROSSED = B | {"design": "crossover", "n_c": "47"}


def curve(folder: Path, *rows: dict[str, str], measure: str = "RR", lines: tuple[str, ...] = ()) -> SpecificationCurve:
    paper = mk.load(write_paper(folder, paper=paper_of(measure, *lines), outcomes=table(*rows)))
    return specification_curve(paper, paper.analyses[0])


def test_every_combination_once(tmp_path: Path) -> None:
    found = curve(tmp_path, A, B)
    assert len(found.rows) == 3 * len(MODELS)
    assert not found.rows.duplicated(["measure", "tau2", "test"]).any()
    assert found.choices == ("measure", "tau2", "test")
    assert found.panels == ("OR", "RD", "RR")
    assert found.failed == ()


def test_each_row_is_what_pool_gives(tmp_path: Path) -> None:
    columns = {"events_t": [8, 30], "n_t": [18, 47], "events_c": [1, 7], "n_c": [18, 25]}
    for _, r in curve(tmp_path, A, B).rows.iterrows():
        model = "common" if r["tau2"] == "common" else "random"
        tau2 = "DL" if model == "common" else r["tau2"]
        theirs = mk.pool(mk.effect_sizes(columns, r["measure"]), model=model, tau2=tau2, test=r["test"])
        assert r["estimate"] == pytest.approx(theirs.back(theirs.estimate), rel=1e-12)
        assert r["ci_low"] == pytest.approx(theirs.back(theirs.ci().low), rel=1e-12)
        assert r["p_value"] == pytest.approx(theirs.p_value, rel=1e-12)
        assert r["decision"] == (theirs.ci().low > 0 or theirs.ci().high < 0)
        assert (r["k"], r["n"]) == (2, 108)


def test_a_choice_that_changes_nothing_is_left_out(tmp_path: Path) -> None:
    assert "crossover" not in curve(tmp_path / "a", A, B).choices
    assert "crossover" in curve(tmp_path / "b", A, CROSSED).choices
    assert "rows" not in curve(tmp_path / "c", A, B).choices
    assert "rows" in curve(tmp_path / "d", A, B, row("U", status="unverified", y=0.5, se=0.2)).choices
    assert "range end" in curve(tmp_path / "e", row("R", y_low=0.1, y_high=0.9, se=0.2), measure="GEN").choices


@pytest.mark.parametrize(
    ("measure", "lines"),
    [
        ("RR", ()),
        ("OR", ()),
        ("rr", ()),
        ("RR", ('test = "hksj"',)),
        ("RR", ('test = "t"',)),
        ("RR", ('model = "common"',)),
        ("RR", ("crossover = 0.5",)),
        ("RR", ("crossover = 0.3",)),
        ("RR", ('include = ["unverified"]',)),
        ("RR", ('zero_cells = "all"',)),
        ("OR", ('model = "mh"',)),
        ("OR", ('model = "peto"',)),
        ("SMD", ('vtype = "UB"',)),
    ],
)
def test_the_papers_own_specification_is_marked(tmp_path: Path, measure: str, lines: tuple[str, ...]) -> None:
    rows = (A, B) if measure != "SMD" else MEANS
    found = curve(tmp_path, *rows, measure=measure, lines=lines)
    mine = mk.reproduce(tmp_path).results["response"].result
    own = found.rows[found.rows["default"]]
    assert len(own) == 1
    assert own["estimate"].iloc[0] == pytest.approx(mine.back(mine.estimate), rel=1e-12)
    assert own["p_value"].iloc[0] == pytest.approx(mine.p_value, rel=1e-12)


@pytest.mark.parametrize("tau2", ['"PM"', '"SJ"', '"EB"', "0.1"])
def test_an_estimator_outside_the_grid_is_added_to_it(tmp_path: Path, tau2: str) -> None:
    text = paper_of("RR").replace('"DL"', tau2)
    paper = mk.load(write_paper(tmp_path, paper=text, outcomes=table(A, B)))
    assert specification_curve(paper, paper.analyses[0]).rows["default"].sum() == 1


def test_nothing_to_specify_is_said(tmp_path: Path) -> None:
    found = curve(tmp_path, row("A", status="missing"))
    assert len(found.rows) == 0
    assert found.failed
    assert "A: not sourced" in found.failed[0]
    assert found.panels == ()


@pytest.fixture(scope="module")
def han() -> SpecificationCurve:
    paper = mk.load("han2016")
    return specification_curve(paper, paper.analysis("response-24h"))


def test_han2016(han: SpecificationCurve) -> None:
    assert han.rows["default"].sum() == 1
    assert set(han.choices) >= {"trials", "rows", "denominator", "measure", "crossover", "tau2", "test"}
    assert han.rows[han.rows["rows"] == "sourced"]["k"].max() == 5
    assert han.rows["k"].max() == 7


def test_the_lost_count_as_without_the_event(han: SpecificationCurve) -> None:
    """Murrough 2013 started 48 and 25 and assessed 47 and 25: 30/48 against 7/25 (and Lapidus 8/20 against 1/20)."""
    rows = han.rows
    picked = rows[
        (rows["denominator"] == "randomised where known")
        & (rows["trials"] == "as analysed")
        & (rows["rows"] == "sourced")
        & (rows["measure"] == "RD")
        & (rows["crossover"] == "parallel")
        & (rows["tau2"] == "common")
    ]
    y = [30 / 48 - 7 / 25, 8 / 20 - 1 / 20]
    v = [30 * 18 / 48**3 + 7 * 18 / 25**3, 8 * 12 / 20**3 + 1 * 19 / 20**3]
    pooled = sum(a / b for a, b in zip(y, v, strict=True)) / sum(1 / b for b in v)
    assert picked["estimate"].tolist() == pytest.approx([pooled], rel=1e-10)
    assert picked["n"].tolist() == [48 + 25 + 20]
