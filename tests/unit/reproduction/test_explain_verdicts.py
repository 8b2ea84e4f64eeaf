"""What explain finds stands in the causes of a reproduction, and only where a verdict is off."""

from __future__ import annotations

from pathlib import Path

import pytest

import metaket as mk
from tests.papers import claim, rerun, row

ROWS = [
    row("Ash 2001", events_t=12, n_t=60, events_c=21, n_c=61),
    row("Birch 2004", events_t=31, n_t=110, events_c=38, n_c=104),
    row("Cedar 2009", events_t=8, n_t=35, events_c=15, n_c=36),
    row("Doum 2012", events_t=45, n_t=151, events_c=77, n_c=149),
]


def claims_of(rows: list[dict[str, str]]) -> dict[str, str]:
    """What a paper prints of these rows."""
    counts = {c: [float(r[c]) for r in rows] for c in ("events_t", "n_t", "events_c", "n_c")}
    r = mk.pool(mk.effect_sizes(counts, "RR"), tau2="DL")
    low, high = (r.back(x) for x in r.ci())
    return {"estimate": f"{r.back(r.estimate):.2f} ({low:.2f} to {high:.2f})", "q": f"{r.q:.2f}", "k": str(r.k)}


def reproduction(folder: Path, printed: dict[str, str], rows: list[dict[str, str]]) -> mk.Reproduction:
    return rerun(folder, rows, "RR", claims="".join(claim(text, name) for name, text in printed.items()))


def test_a_slip_stands_in_the_cause_of_each_claim_that_differs(tmp_path: Path) -> None:
    swapped = dict(ROWS[3], events_t="77", n_t="149", events_c="45", n_c="151")
    rep = reproduction(tmp_path / "p", claims_of([*ROWS[:3], swapped]), ROWS)
    causes = {c.quantity: c.cause for c in rep.comparisons}
    assert "a single slip gives all 5 printed figures: arms swapped in Doum 2012" in causes["estimate"]
    assert "arms swapped in Doum 2012" in causes["q"]
    assert "arms swapped" not in causes["k"]


def test_a_print_that_holds_is_left_alone(tmp_path: Path) -> None:
    rep = reproduction(tmp_path / "p", claims_of(ROWS), ROWS)
    assert {c.verdict for c in rep.comparisons} == {"exact"}
    assert not any("slip" in c.cause for c in rep.comparisons)


def test_a_figure_alone_may_be_a_misprint(tmp_path: Path) -> None:
    printed = claims_of(ROWS)
    q = printed["q"]
    wrong = printed | {"estimate": "1.99 (1.11 to 2.22)", "q": "9" + q[1:]}
    rep = reproduction(tmp_path / "p", wrong, ROWS)
    cause = next(c.cause for c in rep.comparisons if c.quantity == "q")
    assert f"Q as printed: one digit of a printed figure mistyped: {q}" in cause


def test_an_incomplete_analysis_is_not_explained(tmp_path: Path) -> None:
    rep = reproduction(tmp_path / "p", claims_of(ROWS[:3]), [*ROWS[:3], dict(ROWS[3], events_t="", status="missing")])
    assert {c.verdict for c in rep.comparisons} == {"not computable"}
    assert not any("slip" in c.cause for c in rep.comparisons)


def test_digits_are_those_of_the_file(tmp_path: Path) -> None:
    """A cell typed as 12.50 can have lost its zero to another digit."""
    rows = [row(s, y=y, se=se) for s, y, se in (("A", "0.50", "0.20"), ("B", "0.31", "0.15"), ("C", "0.44", "0.25"))]
    paper = rerun(tmp_path / "p", rows, "GEN", 'model = "common"').paper
    typed = [dict(rows[0], y="0.57"), *rows[1:]]
    r = mk.pool([float(t["y"]) for t in typed], [float(t["se"]) ** 2 for t in typed], model="common")
    text = claim(f"{r.estimate:.3f}", "estimate") + claim(f"{r.q:.3f}", "q")
    folder = rerun(tmp_path / "q", rows, "GEN", 'model = "common"', claims=text).paper.folder
    found = mk.explain(folder, analysis="response")
    assert paper.printed.loc[2, "y"] == "0.50"
    assert "y of A typed 0.57 instead of 0.50" in {c.what for c in found.causes}


@pytest.mark.parametrize("key", ["colditz1994", "lipsey2001"])
def test_published_prints_are_reproduced(key: str) -> None:
    analysis = {"colditz1994": "trials", "lipsey2001": "random"}[key]
    assert mk.explain(key, analysis=analysis).verdict == "reproduced"


def test_two_prints_of_one_number_cannot_both_be_right() -> None:
    """Raudenbush (2009) prints 0.083 in the text and 0.084 in the table."""
    found = mk.explain("raudenbush2009", analysis="reml")
    assert found.cause is not None
    assert found.cause.what == "pooled effect printed 0.083 instead of 0.084"


def test_a_misprint_beside_the_value_says_that_it_is_one_unit_off() -> None:
    """Q is 51.5454, which prints as 51.55: one mistyped digit makes 55.54 of its neighbour 51.54 only."""
    told = str(mk.explain("viechtbauer2007b", analysis="fixed"))
    assert "one digit of a printed figure mistyped: 51.54, one unit off" in " ".join(told.split())
