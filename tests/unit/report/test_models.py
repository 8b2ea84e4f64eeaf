"""Models in words, and measures that have no value of no effect."""

from __future__ import annotations

import metaket as mk
from metaket.report.models import model_text, models_frame
from metaket.report.words import decision_text, model_words, sides
from metaket.reproduction.paper import Analysis

ROWS = {"study": list("ABCDEF"), "y": [0.1, 0.4, 0.2, 0.6, 0.5, 0.9], "v": [0.02, 0.03, 0.02, 0.04, 0.03, 0.05]}
ROWS |= {"dose": [1, 2, 3, 4, 5, 6], "arm": ["low", "low", "low", "high", "high", "high"], "site": [1, 1, 2, 2, 3, 3]}


def test_a_regression() -> None:
    model = mk.pool(mk.generic("y", "v", data=ROWS), moderators="dose", tau2="DL")
    text = model_text(model)
    assert text.startswith(f"intercept {model.coef[0]:.4g}".replace("-", "\N{MINUS SIGN}"))
    assert f"dose {model.coef[1]:.4g} (SE " in text
    assert text.endswith("k = 6")


def test_subgroups() -> None:
    found = mk.subgroups(mk.pool(mk.generic("y", "v", data=ROWS), model="common"), "arm")
    assert model_text(found).startswith("high ")
    assert f"Q between {found.q_between:.4g} on 1 df" in model_text(found)


def test_correlated_effects() -> None:
    model = mk.pool_correlated(mk.generic("y", "v", data=ROWS), "site", nested=("site", "study"))
    assert "sigma2[site]" in model_text(model)
    assert model_text(model).endswith("6 effects")


def test_a_proportion_favours_nobody() -> None:
    result = mk.pool(mk.effect_sizes({"study": ["A", "B"], "events": [3, 5], "n": [30, 40]}, "PLO"))
    assert "no value of no effect" in decision_text(result, "higher")
    assert "no value of no effect" in sides(Analysis(id="a", measure="PLO"))


def test_what_makes_an_analysis_a_model() -> None:
    assert model_words(Analysis(id="a")) == ""
    told = model_words(Analysis(id="a", moderators=("dose", "route*site"), structure="HAR", inner="time"))
    assert told == "; moderators dose and route x site; random effects HAR over time"
    assert model_words(Analysis(id="a", random=("district", "study"), robust="CR2")).endswith("CR2 standard errors")


def test_parts_of_every_model_as_a_table() -> None:
    rep = mk.reproduce("lipsey2001")
    frame = models_frame(rep)
    assert list(frame.columns[:4]) == ["analysis", "end", "kind", "part"]
    mixed = frame[(frame["analysis"] == "mixed") & (frame["kind"] == "coefficient")].set_index("part")
    assert mixed["estimate"].tolist() == rep.results["mixed"].models[0][1].coef.tolist()
    groups = frame[frame["kind"] == "subgroup"].set_index("part")
    assert round(groups.at["0", "estimate"], 4) == 0.2984  # p. 138, Exhibit 7.4
    assert len(models_frame(mk.reproduce("yusuf1985"))) == 0
