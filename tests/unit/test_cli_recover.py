"""metaket recover as a new user meets it."""

from __future__ import annotations

import json

import pytest

from tests.program import run

TABLE = ("recover", "--n-t", "47", "--n-c", "25", "--percent-t", "63.8%", "--or", "4.54 (1.58 to 13.05)")


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "recover", "--help")
    assert (code, err) == (0, "")
    assert "Example: metaket recover --n-t 47" in " ".join(out.split())


def test_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *TABLE)
    assert (code, err) == (0, "")
    assert "one table of 26 agrees: 30/47 against 7/25" in out
    told = json.loads(run(capsys, *TABLE, "--json")[1])
    assert (told["verdict"], told["tables"][0]["events_c"]) == ("one", 7)


def test_means_and_percentages(capsys: pytest.CaptureFixture[str]) -> None:
    assert "not possible" in run(capsys, "recover", "--mean", "3.47", "--n", "25")[1]
    assert "possible, with 1 pair of" in run(capsys, "recover", "--mean", "2.00", "--sd", "1.00", "--n", "3")[1]
    scale = run(capsys, "recover", "--mean", "2.00", "--sd", "1.00", "--n", "3", "--scale", "1 to 3", "--json")[1]
    assert json.loads(scale)["exact"] is True
    assert "30/47" in run(capsys, "recover", "--percent", "63.8%", "--max-n", "100")[1]
    several = ("recover", "--percent", "29%", "--percent", "16.1%", "--n", "20 to 40", "--json")
    assert [d["n"] for d in json.loads(run(capsys, *several)[1])["denominators"]] == [31]


def test_a_blank_mean_is_said_to_be_blank(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "recover", "--mean", "", "--n", "20")
    assert code == 2
    assert "mean is blank: give it as printed" in err


def test_a_single_test_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    hu = ("recover", "--n-t", "13", "--n-c", "14", "--percent-t", "92.3", "--percent-c", "57.1", "--p", "0.04")
    assert "p by chi-square" in run(capsys, *hu)[1]
    assert "no table agrees" in run(capsys, *hu, "--test", "fisher")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give one of --mean, --percent or figures of a 2x2 table, got none"),
        (("--mean", "3", "--percent", "5"), "got --mean and --percent"),
        (("--mean", "3"), "--mean needs --n"),
        (("--mean", "3", "--n", "20 to 30"), "--n must be one whole number"),
        (("--mean", "3.5", "--n", "20", "--scale", "1 to 7"), "--scale needs --sd"),
        (("--mean", "3.5", "--n", "20", "--sd", "1.1", "--scale", "7"), "such as '1 to 7', got '7'"),
        (("--n-t", "x", "--n-c", "3"), "n_t must be a whole number of at least 0, got 'x'"),
        (("--or", "2"), "tables would have to be tried"),
        (("--n-t", "5", "--n-c", "5", "--p", "0.1", "--test", "fischer"), "Did you mean fisher"),
        (("--percnt", "5"), "--percent"),
    ],
)
def test_slips(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run(capsys, "recover", *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1
