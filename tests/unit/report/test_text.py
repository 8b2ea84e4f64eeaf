"""What the terminal shows: results, verdicts, what is missing, which rows have no source."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import metaket as mk
from metaket.report.answer import answer, verdict_phrase
from metaket.report.text import reproduction_text
from metaket.report.words import by_kind, changes, effect_text, question, unverified_used


@pytest.mark.parametrize("width", [60, 80, 110, 160])
def test_lines_fit_the_width(han: mk.Reproduction, width: int) -> None:
    assert max(len(line) for line in reproduction_text(han, width=width).splitlines()) <= width


def test_every_default_analysis_and_every_claim_is_there(han: mk.Reproduction) -> None:
    out = reproduction_text(han, width=160)
    for item in by_kind(han)["default"]:
        for _, result in item.results:
            assert effect_text(result).replace("−", "-") in out
    for c in han.comparisons:
        assert c.id in out
    assert out.count("no result:") == sum(not i.results for i in by_kind(han)["default"])


def test_both_ends_of_a_range_are_shown(han: mk.Reproduction) -> None:
    out = reproduction_text(han, width=160)
    ranged = [i for i in by_kind(han)["default"] if len(i.results) == 2]
    assert ranged
    for item in ranged:
        for end, _ in item.results:
            assert out.count(end) == len(ranged)
        assert item.results[0][0] != item.results[1][0]


def test_analyses_with_unverified_rows_are_named(han: mk.Reproduction) -> None:
    out = " ".join(reproduction_text(han, width=160).split())
    used = unverified_used(han)
    assert used
    assert all(name in out for name in used)
    assert not {i.id for i in by_kind(han)["default"]} & set(used)


def test_missing_cells_are_counted(han: mk.Reproduction) -> None:
    default = by_kind(han)["default"]
    asked, still = sum(i.asked for i in default), sum(len(i.open) for i in default)
    assert f"{still} of the {asked} cells" in reproduction_text(han, width=160)


def test_names_stay_as_they_are(nasty: Callable[..., mk.Reproduction]) -> None:
    out = reproduction_text(nasty(), width=100)
    assert 'Drugs <i>A</i> & B: "a" study of Łążęć' in out
    assert "Verdicts: 2 not computable." in out
    assert "2 of the 5 cells" in out
    assert "1 of them partly" in out


def test_a_paper_without_claims(nasty: Callable[..., mk.Reproduction]) -> None:
    rep = nasty(claims="")
    assert "Verdict" not in reproduction_text(rep, width=100)
    assert "No printed claim is recorded" in answer(rep, by_kind(rep))[0]


def test_kinds(han: mk.Reproduction) -> None:
    kinds = by_kind(han)
    assert sum(map(len, kinds.values())) == len(han.analyses)
    assert all(not i.analysis.sensitivity_of for i in kinds["default"])
    assert all("unverified" in i.analysis.include for i in kinds["unverified"])
    for item in kinds["wider"]:
        parent = han.analyses[item.analysis.sensitivity_of].analysis
        assert item.analysis.where.items() < parent.where.items()
        assert changes(item.analysis, parent).startswith("any ")


def test_changes_are_named(han: mk.Reproduction) -> None:
    parent = han.analyses["response-24h"].analysis
    assert changes(han.analyses["response-24h-or"].analysis, parent) == "measure OR instead of RR"
    assert changes(parent, parent) == "nothing"


def test_the_question_names_what_is_assumed(han: mk.Reproduction) -> None:
    sentences = question(by_kind(han)["default"])
    assert len(sentences) == 1
    assert "Response at 24 h, 72 h and day 7 (risk ratio)" in sentences[0]
    assert "Not stated by the paper, and assumed: measure" in sentences[0]


def test_verdicts_in_words() -> None:
    assert verdict_phrase({"exact": 1, "near": 0, "differs": 2}) == "1 is reproduced exactly and 2 differ"


def test_the_answer_follows_the_data(nasty: Callable[..., mk.Reproduction]) -> None:
    rep = nasty()
    text = " ".join(answer(rep, by_kind(rep)))
    assert "Of 2 printed claims, 2 are not computable" in text
    assert "1 would be exact and 1 would differ" in text
    assert effect_text(next(iter(rep.analyses.values())).result) in text  # type: ignore[arg-type]
    assert "2 of 5 trials" in text
