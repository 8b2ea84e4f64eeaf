"""Bad input, row by row of the design's table and of the issues' lists: exit 2 and one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import metaket as mk
from metaket.cli.app import main
from metaket.errors import InputError
from tests.papers import OUTCOMES, PAPER, claim, row, table, write_paper

COUNTS = "study,events_t,n_t,events_c,n_c\n"
GIVEN = "study,y,{}\nA,0.5,{}\nB,0.6,{}\n"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a slip is told: one line on stderr, nothing on stdout, exit 2."""
    capsys.readouterr()
    code = main(list(arguments))
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            GIVEN.format("se", "0.1", "-0.2"),
            ("--measure", "GEN"),
            "row 3 (B): se is -0.2; a standard error must be above 0",
        ),
        (GIVEN.format("v", "0.1", "0"), ("--measure", "GEN"), "row 3 (B): v is 0; a variance must be above 0"),
        (GIVEN.format("v", "0.1", "-1"), ("--measure", "GEN"), "row 3 (B): v is -1"),
        (GIVEN.format("v", "0.1", "inf"), ("--measure", "GEN"), "row 3 (B): v is 'inf', not a finite number"),
        (
            GIVEN.format("ci_low,ci_high", "0.1,0.9", "0.9,0.1"),
            ("--measure", "GEN"),
            "row 3 (B): ci_low is 0.9, not below",
        ),
        (
            GIVEN.format("p", "0.1", "1.5"),
            ("--measure", "GEN"),
            "row 3 (B): p is 1.5; an exact p-value lies between 0 and 1",
        ),
        (
            "study,y,v\nA,0.5,0.1\n",
            ("--measure", "GEN", "--test", "hksj"),
            "'hksj' needs at least 2 studies, there is 1",
        ),
        (COUNTS + "A,3.5,10,2,10\n", (), "row 2 (A): events_t is 3.5, not a whole number"),
        (COUNTS + "A,-3,10,2,10\n", (), "row 2 (A): events_t is -3; it must be at least 0"),
        (COUNTS + "A,13,10,2,10\n", (), "row 2 (A): events_t is 13 but n_t is 10; events cannot exceed the arm"),
        ("study,mean_t,sd_t,n_t,mean_c,sd_c,n_c\nA,1,-1,9,1,1,9\n", ("--measure", "MD"), "row 2 (A): sd_t is -1"),
        (COUNTS + "A,0,10,0,10\n", (), "no information: both arms at zero"),
        (COUNTS, (), "has a header but no rows"),
        (COUNTS + "A,1,10,2,10\n", ("--tau2", "REM"), "Did you mean REML?"),
    ],
)
def test_a_table_for_pool(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, options: tuple[str, ...], message: str
) -> None:
    file = tmp_path / "t.csv"
    file.write_text(text, encoding="utf-8")
    assert message in told(capsys, "pool", str(file), *options)


ONE = PAPER.replace("[[analysis]]", "[analysis]")


@pytest.mark.parametrize(
    ("paper", "claims", "message"),
    [
        (ONE, "", "analysis must be tables with two brackets, [[analysis]]"),
        (PAPER + 'tau = "DL"\n', "", "paper.toml line 15: analysis 'response' has unknown key 'tau'"),
        (
            PAPER.replace("outcome = ", "outcme = "),
            "",
            "paper.toml line 12: analysis 'response': the filter names column",
        ),
        (PAPER, claim("about 2", "estimate"), "paper.toml line 18: claim 'c-estimate': cannot read the printed value"),
        (
            PAPER,
            claim("2", "estimate").replace('"response"', '"respons"'),
            "claim 'c-estimate' is of analysis 'respons'",
        ),
        (
            PAPER,
            claim("2", "estimate").replace("quantity", "quantty"),
            "of = { analysis = ... } has unknown key 'quantty'",
        ),
        (PAPER, '\n[[claim]]\nid = "a"\nprinted = "3"\nof = { claim = "a" }\n', "claim 'a' is of itself"),
        (PAPER, '\n[[claim]]\nid = "a"\nprinted = "3"\nof = { trials = "n" }\n', "not computable"),
    ],
)
def test_a_paper_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], paper: str, claims: str, message: str
) -> None:
    folder = write_paper(tmp_path / "tiny", paper=paper, claims=claims)
    if message == "not computable":  # without trials.csv nothing can be added up, which is a finding and no slip
        assert main(["reproduce", str(folder)]) == 0
        assert message in capsys.readouterr().out
        return
    assert message in told(capsys, "reproduce", str(folder))


def test_files_that_are_no_text_or_not_of_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line of the first byte that is no UTF-8; a quote that never closes; a link out of the folder."""
    for name, old, new, message in (
        ("paper.toml", b"tiny paper", b"t\xefny", "paper.toml line 3 is not UTF-8 text; save it as UTF-8"),
        ("outcomes.csv", b"\nB,", b"\nB\xe9,", "outcomes.csv line 3 is not UTF-8 text; save it as CSV UTF-8"),
        ("outcomes.csv", b"\nB,", b"\nB\0,", "outcomes.csv line 3 holds a zero byte"),
        ("outcomes.csv", b"\nB,", b'\n"B,', "outcomes.csv row 3: 1 cells, but the header has 22; is a quote never"),
        ("outcomes.csv", b",", b";", "Its columns are separated by ';': save it with commas."),
    ):
        file = write_paper(tmp_path) / name
        file.write_bytes(file.read_bytes().replace(old, new))
        assert message in told(capsys, "check", str(tmp_path))
    inside = write_paper(tmp_path / "inside")
    (inside / "outcomes.csv").rename(tmp_path / "elsewhere.csv")
    (inside / "outcomes.csv").symlink_to(tmp_path / "elsewhere.csv")
    assert "is a link that leaves the folder" in told(capsys, "reproduce", str(inside))


def test_explain_refuses_a_text_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_paper(tmp_path, claims=claim("2.1 or so", "estimate") + claim("0.40", "tau2"))
    assert "paper.toml line 18: claim 'c-estimate': cannot read the printed value" in told(
        capsys, "explain", str(folder)
    )


def test_a_row_that_breaks_a_rule_is_named_with_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_paper(tmp_path, outcomes=OUTCOMES.replace(",30,47,", ",50,47,"))
    message = "outcomes.csv row 3 (B): events_t is 50 but n_t is 47; events cannot exceed the arm (analysis 'response')"
    assert message in told(capsys, "reproduce", str(folder))


def test_a_filter_that_leaves_no_study_is_named(tmp_path: Path) -> None:
    folder = write_paper(tmp_path, paper=PAPER.replace('"response", time_h', '"remission", time_h'))
    assert mk.reproduce(folder).results["response"].gap == "no row has outcome = remission, time_h = 24"


def test_one_study_is_itself(tmp_path: Path) -> None:
    """k = 1: the study; tau2 0, Q 0 on 0 df; no prediction interval, with the reason."""
    rep = mk.reproduce(write_paper(tmp_path, outcomes=table(row("A", events_t=8, n_t=18, events_c=2, n_c=18))))
    result = rep.results["response"].result
    assert result.back(result.estimate) == pytest.approx(4.0)
    assert (result.tau2, result.q, result.q_df) == (0.0, 0.0, 0.0)
    assert result.prediction_interval() is None
    assert result.prediction_gap() == "needs at least 3 studies, has 1"
    with pytest.raises(InputError, match="needs at least 2 studies"):
        mk.pool(result.effects, test="hksj")


def test_zero_cells_by_rule(tmp_path: Path) -> None:
    """Double zeros are left out with the reason, or corrected and kept; a risk difference keeps them."""
    text = OUTCOMES + "D,response,24,,0,10,0,10,,,,,,,,,,,quoted,s1,table 1,\n"
    dropped = mk.reproduce(write_paper(tmp_path / "a", outcomes=text)).to_dict()["analyses"][0]
    assert [item["study"] for item in dropped["included"]] == ["A", "B", "C"]
    assert [(item["study"], item["reason"][:14]) for item in dropped["left_out"]] == [("D", "no information")]
    kept = mk.reproduce(write_paper(tmp_path / "b", outcomes=text, paper=PAPER + 'double_zero = "keep"\n'))
    assert kept.results["response"].result.k == 4
    difference = mk.reproduce(write_paper(tmp_path / "c", outcomes=text, paper=PAPER.replace('"RR"', '"RD"')))
    assert difference.results["response"].result.k == 4
    json.dumps(difference.to_dict(), allow_nan=False)
