"""explain: settings, slips and their ranking on small cases worked by hand."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import metaket as mk
from metaket.errors import InputError, MetaketError, NotComputableError, UnknownChoiceError
from metaket.reproduction.explain_causes import kinds
from metaket.reproduction.explain_typing import mistyped, transposed
from tests.program import run, slip

TRIALS = pd.DataFrame(
    {
        "study": ["Ash 2001", "Birch 2004", "Cedar 2009", "Doum 2012", "Elm 2015"],
        "events_t": [12, 31, 8, 45, 17],
        "n_t": [60, 110, 35, 151, 72],
        "events_c": [21, 38, 15, 77, 19],
        "n_c": [61, 104, 36, 149, 70],
    }
)
STATED = {"measure": "RR", "model": "random", "tau2": "DL", "test": "z"}


def printed(frame: pd.DataFrame, measure: str = "RR", **options: str) -> dict[str, str]:
    """What a paper would print of these trials."""
    settings = {"tau2": "DL", "i2": "Q"} | options
    r = mk.pool(mk.effect_sizes(frame, measure), **settings)
    low, high = r.ci()
    shown = {"estimate": r.back(r.estimate), "ci_low": r.back(low), "ci_high": r.back(high)}
    return {n: f"{x:.2f}" for n, x in shown.items()} | {"q": f"{r.q:.2f}", "i2": f"{r.i2:.0f}%", "k": str(r.k)}


def changed(row: int, **cells: int) -> pd.DataFrame:
    frame = TRIALS.copy()
    for name, value in cells.items():
        frame.loc[row, name] = value
    return frame


def test_the_settings_of_a_print_without_a_slip() -> None:
    found = mk.explain(TRIALS, printed(TRIALS), stated=STATED)
    assert found.verdict == "reproduced"
    assert not found.causes
    assert {"measure": "RR", "model": "random", "tau2": "DL", "test": "z"} in found.settings[0]
    assert found.settings[0].stated


def test_settings_that_nobody_stated_are_found() -> None:
    found = mk.explain(TRIALS, printed(TRIALS, "OR", tau2="PM", test="hksj"), measure="RR")
    assert any({"measure": "OR", "model": "random", "tau2": "PM", "test": "hksj"} in c for c in found.settings)
    assert not any({"measure": "RR", "model": "random", "tau2": "PM", "test": "hksj"} in c for c in found.settings)


def test_the_model_printed_as_another_is_named() -> None:
    spread = changed(0, events_t=40)  # with a tau2 above 0 the two models differ
    found = mk.explain(spread, printed(spread, model="common"), stated=STATED)
    assert found.verdict == "slip"
    assert found.cause is not None
    assert found.cause.code == "model"
    assert "common" in found.cause.settings


@pytest.mark.parametrize(
    ("frame", "code", "study"),
    [
        (TRIALS.drop(index=2), "left-out", "Cedar 2009"),
        (pd.concat([TRIALS, TRIALS.loc[[3]].assign(study="again")]), "counted-twice", "Doum 2012"),
        (changed(3, events_t=77, n_t=149, events_c=45, n_c=151), "arms-swapped", "Doum 2012"),
        (changed(1, n_c=140), "digits-transposed", "Birch 2004"),
        (changed(0, events_c=27), "digit-mistyped", "Ash 2001"),
    ],
)
def test_a_slip_in_one_study_is_ranked_first(frame: pd.DataFrame, code: str, study: str) -> None:
    found = mk.explain(TRIALS, printed(frame), stated=STATED)
    assert found.cause is not None
    assert code in {found.cause.code, *(c for c, _ in found.cause.also)}
    assert found.cause.study == study


def test_the_print_itself_may_be_wrong() -> None:
    text = printed(TRIALS)
    wrong = text | {"q": text["q"][:-2] + text["q"][-1] + text["q"][-2]}
    found = mk.explain(TRIALS, wrong, stated=STATED)
    assert found.cause is not None
    assert found.cause.code == "print-transposed"
    assert f"instead of {text['q']}" in found.cause.what


def test_a_last_decimal_that_is_one_off_is_no_slip_of_the_inputs() -> None:
    text = printed(TRIALS)
    cut = text | {"ci_high": f"{float(text['ci_high']) - 0.01:.2f}"}
    found = mk.explain(TRIALS, cut, stated=STATED)
    assert found.cause is not None
    assert found.cause.code == "print-unit"
    assert f"instead of {text['ci_high']}" in found.cause.what


def test_an_interval_at_another_level() -> None:
    r = mk.pool(mk.effect_sizes(TRIALS, "RR"), tau2="DL")
    low, high = (f"{r.back(x):.3f}" for x in r.ci(0.9))
    found = mk.explain(TRIALS, {"estimate": f"{r.back(r.estimate):.3f}", "ci": f"{low} to {high}"}, stated=STATED)
    assert found.cause is not None
    assert found.cause.code == "level"
    assert "90 %" in found.cause.what


def test_nothing_explains_a_print_that_is_made_up() -> None:
    made_up = {"estimate": "3.17", "ci_low": "0.22", "ci_high": "4.91", "q": "99.99", "i2": "1%"}
    found = mk.explain(TRIALS, made_up, stated=STATED)
    assert found.verdict == "unexplained"
    assert not found.causes
    assert found.nearest
    assert found.nearest[0].matched < 5


def test_the_probabilities_of_the_causes_add_to_one_and_rivals_are_counted() -> None:
    vague = {"estimate": "0.7", "ci_high": "1.1"}
    found = mk.explain(TRIALS, vague, stated=STATED)
    assert len(found.causes) > 1
    assert sum(c.probability for c in found.causes) == pytest.approx(1.0)
    for c in found.causes:
        assert c.same_kind + c.other_kinds == len(found.causes) - 1


def test_rows_of_the_forest_plot_point_at_the_study() -> None:
    frame = changed(4, events_t=71)
    rows = mk.effect_sizes(frame, "RR").to_frame(transform=True)
    text = {r.study: {"estimate": f"{r.estimate:.2f}", "ci_low": f"{r.ci_low:.2f}"} for r in rows.itertuples()}
    found = mk.explain(TRIALS, printed(frame), studies=text, stated=STATED)
    assert found.cause is not None
    assert found.cause.study == "Elm 2015"
    assert found.cause.same_kind == 0


def test_frame_dict_and_summary_say_the_same() -> None:
    found = mk.explain(TRIALS, printed(TRIALS.drop(index=2)), stated=STATED)
    frame = found.to_frame()
    assert frame[frame["what"] == "cause"]["text"].iloc[0] == found.causes[0].what
    assert json.loads(json.dumps(found.to_dict()))["causes"][0]["code"] == found.causes[0].code
    assert found.causes[0].what in found.summary()
    assert repr(found) == "<Explanation of print: slip>"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"printed": {"estimat": "0.7"}}, "Did you mean estimate"),
        ({"printed": {"estimate": 0.7}}, "text as printed"),
        ({"printed": {}}, "nothing printed"),
        ({"printed": {"ci": "0.7"}}, "an interval, and prints a single number"),
        ({"printed": {"estimate": "NS"}}, "must be a number"),
        ({"printed": {"q": "1"}, "studies": {"Oak": {"estimate": "1"}}}, "unknown study"),
        ({"printed": {"q": "1"}, "stated": {"modell": "random"}}, "Did you mean model"),
        ({"printed": {"q": "1"}, "stated": {"tau2": "RELM"}}, "Did you mean REML"),
        ({"printed": {"q": "1"}, "stated": {"measure": "RR", "model": "peto"}}, "no setting"),
        ({"printed": {"q": "1"}, "measure": "SMD"}, "mean_t"),
    ],
)
def test_bad_input_is_named(call: dict[str, object], words: str) -> None:
    with pytest.raises(MetaketError, match=words):
        mk.explain(TRIALS, **({"measure": "RR"} | call))  # type: ignore[arg-type]


def test_blank_cells_and_papers_are_refused_with_words() -> None:
    with pytest.raises(InputError, match="complete rows; blank cells for Ash 2001"):
        mk.explain(TRIALS.assign(n_t=[None, 1, 1, 1, 1]), {"q": "1"}, measure="RR")
    with pytest.raises(InputError, match="name one of them"):
        mk.explain("han2016")
    with pytest.raises(NotComputableError, match="lack a number"):
        mk.explain("han2016", analysis="response-24h")
    with pytest.raises(InputError, match="its claims"):
        mk.explain("han2016", {"q": "1"})
    with pytest.raises(UnknownChoiceError):
        mk.explain("han2017")


def test_digits() -> None:
    assert list(transposed("1.23")) == ["2.13", "1.32"]
    assert list(transposed("110")) == ["101"]
    assert "013" not in set(transposed("103"))
    assert set(mistyped("7")) == {str(d) for d in range(10) if d != 7}
    assert "0.3" in set(mistyped("0.4"))
    assert "04" not in set(mistyped("14"))


def test_every_slip_says_what_to_do() -> None:
    for s in kinds():
        assert s.label
        assert s.remedy
        assert s.prior > 0
        assert s.func.__doc__
        assert s.stage in ("inputs", "effects", "settings", "print")


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert "lack a number" in slip(capsys, "explain", "han2016", "--analysis", "response-24h")
    code, out, _ = run(capsys, "explain", "yusuf1985", "--json")
    assert code == 0
    assert json.loads(out)["verdict"] == "reproduced"
