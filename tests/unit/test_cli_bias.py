"""`metaket bias` on the files that users have, and what it collects."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError, NotComputableError
from tests.program import run, slip

COUNTS = {
    "events_t": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17],
    "n_t": [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716],
    "events_c": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65],
    "n_c": [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665],
}
ALWAYS = {"egger", "begg", "trim_and_fill", "pet_peese", "limit_meta_analysis", "selection_model", "p_curve",
          "p_uniform", "excess_significance"}  # fmt: skip
pytestmark = pytest.mark.filterwarnings("default")  # the program turns our warnings into lines on stderr


def write(path: Path, columns: dict[str, list[int]]) -> Path:
    rows = [",".join(map(str, row)) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join([",".join(columns), *rows]) + "\n", encoding="utf-8")
    return path


def test_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = write(tmp_path / "trials.csv", COUNTS)
    code, out, err = run(capsys, "bias", str(path), "--measure", "OR")
    assert (code, err) == (0, "")
    for words in ("[harbord] (fits this measure)", "[egger]\n", "caution: I2 is", "[selection_model]"):
        assert words in out


def test_json_is_one_document_with_the_same_numbers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    theirs = dict(zip(("ai", "n1i", "ci", "n2i"), COUNTS.values(), strict=True))
    path = write(tmp_path / "trials.csv", theirs)
    code, out, _ = run(capsys, "bias", str(path), "--measure", "RR", "--column", "metafor", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["recommended"] == ["harbord", "peters", "arcsine"]
    result = mk.pool(mk.effect_sizes(COUNTS, "RR"))
    assert found["answers"]["peters"]["rows"][0]["p_value"] == pytest.approx(mk.peters(result).p_value, rel=1e-12)
    assert found["answers"]["trim_and_fill"]["rows"][1]["estimate"] == pytest.approx(
        mk.trim_and_fill(result).result.estimate, rel=1e-12
    )


def test_two_studies_say_why(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    path.write_text("study,y,se\nA,0.2,0.1\nB,0.3,0.2\n", encoding="utf-8")
    code, out, _ = run(capsys, "bias", str(path), "--measure", "GEN")
    assert code == 0
    assert "[egger] none: Egger's test needs at least 3 studies, there are 2" in out


def test_slips(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = write(tmp_path / "trials.csv", COUNTS)
    assert "Did you mean RR?" in slip(capsys, "bias", str(path), "--measure", "RRR")
    assert "no file" in slip(capsys, "bias", str(tmp_path / "none.csv"))
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    assert "is empty" in slip(capsys, "bias", str(tmp_path / "empty.csv"))
    assert "needs column(s)" in slip(capsys, "bias", str(path), "--measure", "MD")


def test_every_question_has_an_answer_or_a_reason() -> None:
    found = mk.small_study_effects(mk.pool(mk.effect_sizes(COUNTS, "RR")))
    assert set(found.answers) | set(found.refused) == ALWAYS | {"harbord", "peters", "arcsine"}
    other = mk.small_study_effects(mk.pool(np.linspace(0, 1, 12), np.geomspace(0.01, 0.2, 12)))
    assert set(other.answers) | set(other.refused) == ALWAYS
    assert other.recommended == ("egger",)
    given = mk.effect_sizes(COUNTS, "RR")
    bare = mk.small_study_effects(mk.pool(mk.EffectSizes(given.y.copy(), given.v.copy(), given.study, "RR")))
    assert bare.recommended == ("egger",)
    assert "needs the counts of each study" in bare.refused["harbord"]
    frame = other.to_frame().set_index("name")
    assert frame.loc["egger", "p_value"] == other.answers["egger"].p_value
    assert frame.loc["trim_and_fill", "estimate"] == other.answers["trim_and_fill"].result.estimate
    assert frame.loc["selection_model", "p_value"] == other.answers["selection_model"].lrt_p
    assert math.isnan(frame.loc["pet_peese", "p_value"])
    with pytest.raises(InputError, match="give a pooled result"):
        mk.small_study_effects([1, 2])  # type: ignore[arg-type]


def test_significance_needs_a_value_of_no_effect() -> None:
    """A proportion of 0 on the logit scale is a half: nobody selects by that."""
    rates = mk.pool(mk.effect_sizes({"events": [3, 8, 20, 9], "n": [20, 30, 90, 40]}, "PLO"))
    for ask in (mk.p_curve, mk.p_uniform, mk.selection_model, mk.excess_significance, mk.fail_safe_n):
        with pytest.raises(NotComputableError, match="has no such value"):
            ask(rates)
    assert "p_curve" in mk.small_study_effects(rates).refused
