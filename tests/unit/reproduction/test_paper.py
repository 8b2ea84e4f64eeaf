"""Paper folders that break the format: one sentence with file and place. And what a sound one gives."""

from __future__ import annotations

from pathlib import Path

import pytest

import metaket as mk
from metaket.errors import InputError, MetaketError, PaperError
from metaket.tables import file_digest
from tests.papers import HEADER, OUTCOMES, PAPER, claim, write_paper

ANALYSIS = PAPER[PAPER.index("[[analysis]]") :]
TRIALS = "study,year,n_randomised,comparator\nA,2013,18,saline\nB,2014,,midazolam\nC,2014,61,saline\n"
CLAIM = '[[claim]]\nid = "c"\n'


def line_of(text: str, part: str) -> int:
    """Number of the last line that holds `part`."""
    return max(i for i, line in enumerate(text.splitlines(), start=1) if part in line)


def refusal(folder: Path, paper: str = PAPER, outcomes: str = OUTCOMES, trials: str | None = None) -> str:
    write_paper(folder, paper=paper, outcomes=outcomes)
    if trials is not None:
        (folder / "trials.csv").write_text(trials, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        mk.load(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("paper", "part", "message"),
    [
        (PAPER + "colour = 3\n", "colour", "analysis 'response' has unknown key 'colour'; known: id, title, where"),
        (PAPER + "tau = 3\n", "tau = 3", "analysis 'response' has unknown key 'tau'"),
        (PAPER.replace("journal", "jornal"), "jornal", "paper has unknown key 'jornal'"),
        (PAPER + "\n[[source]]\nid = 's2'\ncitatoin = 'x'\n", "citatoin", "source 's2' has unknown key 'citatoin'"),
        (PAPER + claim("1", "k") + 'mean = "x"\n', "mean = ", "claim 'c-k' has unknown key 'mean'"),
        (PAPER + "[extra]\n", "[extra]", "unknown table [extra]"),
        (PAPER + ANALYSIS, "", "analysis 'response' stands twice"),
        (PAPER + claim("1", "k") * 2, "", "claim 'c-k' stands twice"),
        (PAPER + "[[source]]\nid = 's1'\ncitation = 'y'\n", "", "source 's1' stands twice"),
        (PAPER + '[[analysis]]\nid = "s"\nsensitivity_of = "nix"\n', "nix", "of 'nix', which is not there"),
        (PAPER + '[[analysis]]\nid = "own"\nsensitivity_of = "own"\n', "sensitivity_of", "in a circle"),
        (PAPER + claim("1", "k").replace('"response"', '"absent"'), "", "of analysis 'absent', which is not there"),
        (PAPER + CLAIM + 'printed = "1"\nof = { claim = "d" }\n', "", "of claim 'd', which is not there"),
        (PAPER + CLAIM + 'printed = "1"\nof = {}\n', "of = {}", "must name exactly one of analysis, trials"),
        (PAPER + CLAIM + 'printed = "1"\nof = { analysis = "response" }\n', "", "needs a quantity"),
        (PAPER + CLAIM + 'of = { other = "x" }\n', 'id = "c"', "claim 'c' has no printed, and needs one"),
        (PAPER + CLAIM + 'printed = 0.40\nof = { other = "x" }\n', "printed = 0", "printed must be a text in quotes"),
        (PAPER + 'better = "more"\n', 'better = "m', "better must be 'higher' or 'lower', got 'more'"),
        (PAPER.replace("{ outcome", '"x" #'), "where = ", "where must be a table, such as"),
    ],
)
def test_the_line_of_a_slip_is_named(tmp_path: Path, paper: str, part: str, message: str) -> None:
    said = refusal(tmp_path, paper)
    assert message in said
    if part:
        assert said.startswith(f"paper.toml line {line_of(paper, part)}: ")


@pytest.mark.parametrize(
    ("paper", "message"),
    [
        (PAPER + "[[", f"paper.toml line {PAPER.count(chr(10)) + 1}: not TOML: "),
        (
            PAPER + "x = \n",
            f"paper.toml line {PAPER.count(chr(10)) + 1}: not TOML: Invalid value; a text stands in quotes",
        ),
        (PAPER.replace("[paper]", "[papr]"), "unknown table [papr]"),
        (ANALYSIS, "paper.toml has no table [paper]"),
        ("", "paper.toml is empty"),
        (PAPER.replace("[paper]", "[paper"), "paper.toml line 1: not TOML: "),
        (PAPER + 'note = "no end\n', "a quote is not closed"),
        (PAPER + 'tau2 = "PM"\n', "a key stands twice"),
        (PAPER.replace('"response"\n', '""\n'), "line 11: analysis '': id must not be blank"),
        (PAPER + 'assumed = ["mesure"]\n', "line 15: analysis 'response': assumed names 'mesure'"),
        (PAPER.replace("[paper]", "[[paper]]"), "paper must be a table"),
        (PAPER.replace('title = "A tiny paper"\n', ""), "paper.toml line 1: paper has no title, and needs one"),
        (PAPER + '[[analysis]]\nmeasure = "OR"\n', "an analysis has no id, and needs one"),
    ],
)
def test_broken_toml(tmp_path: Path, paper: str, message: str) -> None:
    assert message in refusal(tmp_path, paper)


@pytest.mark.parametrize("name", ["analysis", "source", "claim"])
def test_one_bracket_where_two_belong(tmp_path: Path, name: str) -> None:
    """The slip that TOML invites: [analysis] is a table, [[analysis]] a list of tables."""
    text = (PAPER + claim("1", "k")).replace(f"[[{name}]]", f"[{name}]")
    assert f"[[{name}]]" in refusal(tmp_path, text)


@pytest.mark.parametrize("name", ["analysis", "source", "claim"])
def test_a_number_where_a_table_belongs(tmp_path: Path, name: str) -> None:
    assert name in refusal(tmp_path, f'{name} = [1]\n[paper]\nkey = "x"\ntitle = "y"\n')


def test_a_file_with_the_mark_that_windows_writes(tmp_path: Path) -> None:
    """CSV files may start with it, so paper.toml may, too."""
    assert mk.load(write_paper(tmp_path, paper="\ufeff" + PAPER)).key == "tiny"


def test_not_utf8(tmp_path: Path) -> None:
    write_paper(tmp_path)
    (tmp_path / "paper.toml").write_bytes(PAPER.replace("tiny paper", "M\xfcller").encode("latin-1"))
    with pytest.raises(PaperError, match=r"paper\.toml line 3 is not UTF-8 text"):
        mk.load(tmp_path)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no paper\.toml"):
        mk.load(tmp_path)
    folder = write_paper(tmp_path / "p")
    (folder / "outcomes.csv").unlink()
    with pytest.raises(InputError, match=r"no file .*outcomes\.csv"):
        mk.load(folder)


@pytest.mark.parametrize(
    ("outcomes", "message"),
    [
        (OUTCOMES.replace("quoted", "guessed", 1), "outcomes.csv row 2 (A): status 'guessed' is not one of quoted"),
        (OUTCOMES.replace("quoted", "", 1), "outcomes.csv row 2 (A): status '' is not one of"),
        (OUTCOMES.replace("quoted", "Quoted", 1), "status 'Quoted' is not one of"),
        (OUTCOMES.replace(",24,", ",24 h,", 1), "outcomes.csv row 2 (A): time_h is '24 h', not a number"),
        (OUTCOMES.replace(",7,25,", ",7?,25,", 1), "outcomes.csv row 3 (B): events_c is '7?', not a number"),
        (OUTCOMES.replace("time_h", "time"), "outcomes.csv has no column time_h"),
        (OUTCOMES.replace("status", "Status"), "Did you mean Status?"),
        (HEADER, "outcomes.csv has a header but no rows"),
        ("", "outcomes.csv is empty"),
        (OUTCOMES + "D,response,24\n", "outcomes.csv row 5: 3 cells"),
        (OUTCOMES.replace("C,response", ",response"), "outcomes.csv row 4"),
    ],
)
def test_broken_outcomes(tmp_path: Path, outcomes: str, message: str) -> None:
    assert message in refusal(tmp_path, outcomes=outcomes)


@pytest.mark.parametrize(
    ("trials", "message"),
    [
        (TRIALS + "A,2013,18,saline\n", "trials.csv row 5: study 'A' stands twice"),
        (TRIALS.replace("B,2014", "Bb,2014"), "outcomes.csv row 3: study 'B' is not one that trials.csv lists"),
        (TRIALS.replace("2013", "MMXIII"), "trials.csv row 2 (A): year is 'MMXIII', not a number"),
        (TRIALS.replace("study", "trial"), "trials.csv has no column study"),
    ],
)
def test_broken_trials(tmp_path: Path, trials: str, message: str) -> None:
    assert message in refusal(tmp_path, trials=trials)


def test_a_sound_folder(tmp_path: Path) -> None:
    folder = write_paper(tmp_path)
    (folder / "trials.csv").write_text(TRIALS, encoding="utf-8")
    paper = mk.load(folder)
    assert (paper.key, paper.info.journal, paper.sources[0].id) == ("tiny", "Journal of Tests", "s1")
    assert list(paper.outcomes.index) == [2, 3, 4]
    assert paper.printed.at[2, "percent_t"] == "44"
    assert dict(paper.digests) == {n: file_digest(folder / n) for n in ("paper.toml", "outcomes.csv", "trials.csv")}
    assert paper.trials["n_randomised"].isna().tolist() == [False, True, False]
    assert paper.analysis("response").tau2 == "DL"
    with pytest.raises(PaperError, match=r"tiny has no analysis 'respons': response.*Did you mean response"):
        paper.analysis("respons")


def test_further_columns_are_kept_and_filter(tmp_path: Path) -> None:
    lines = OUTCOMES.splitlines()
    text = "\n".join([lines[0] + ",blinding", *(f"{line},{mark}" for line, mark in zip(lines[1:], "xyx", strict=True))])
    folder = write_paper(tmp_path, outcomes=text, paper=PAPER.replace("time_h = 24", 'time_h = 24, blinding = "x"'))
    assert mk.reproduce(folder).results["response"].result.effects.study == ("A", "C")


# ------------------------------------------------------------------------------------------------- inheritance


def test_a_sensitivity_analysis_takes_what_it_does_not_change(tmp_path: Path) -> None:
    extra = 'better = "lower"\nassumed = ["tau2"]\ntitle = "main"\nnote = "n"\n'
    child = '\n[[analysis]]\nid = "or"\nsensitivity_of = "response"\nmeasure = "OR"\nwhere = { outcome = "response" }\n'
    found = mk.load(write_paper(tmp_path, paper=PAPER + extra + child)).analysis("or")
    assert (found.measure, found.tau2, found.better, found.assumed) == ("OR", "DL", "lower", ("tau2",))
    assert found.where == {"outcome": "response"}
    assert (found.title, found.note) == ("", "")


def test_a_sensitivity_analysis_may_stand_before_its_parent(tmp_path: Path) -> None:
    child = '[[analysis]]\nid = "or"\nsensitivity_of = "response"\nmeasure = "OR"\n\n'
    text = PAPER.replace("[[analysis]]", child + "[[analysis]]")
    assert mk.load(write_paper(tmp_path, paper=text)).analysis("or").where == {"outcome": "response", "time_h": 24}


def test_a_grandchild_inherits_through_its_parent(tmp_path: Path) -> None:
    text = PAPER.replace('"RR"', '"OR"')
    text += '\n[[analysis]]\nid = "b"\nsensitivity_of = "response"\ntest = "t"\n'
    text += '\n[[analysis]]\nid = "c"\nsensitivity_of = "b"\nmodel = "common"\n'
    found = mk.load(write_paper(tmp_path, paper=text)).analysis("c")
    assert (found.measure, found.test, found.model) == ("OR", "t", "common")
    assert found.where == {"outcome": "response", "time_h": 24}


def test_a_circle_of_sensitivity_analyses_is_refused(tmp_path: Path) -> None:
    text = PAPER + '[[analysis]]\nid = "b"\nsensitivity_of = "c"\n[[analysis]]\nid = "c"\nsensitivity_of = "b"\n'
    assert "sensitivity" in refusal(tmp_path, text)


# ------------------------------------------------------------------------------------------------- when it runs


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('test = "zz"', "unknown test 'zz'"),
        ('model = "randm"', "Did you mean random"),
        ("tau2 = -1", "tau2 must be"),
        ('zero_cells = "only1"', "Did you mean only0"),
        ('double_zero = "dropp"', "Did you mean drop"),
        ("crossover = 1.5", "between -1 and 1"),
        ('crossover = "paired"', "crossover"),
        ('include = ["guess"]', "include must name statuses"),
        ('variants = { Z = "x" }', "'Z', which is not a study"),
        ('vtype = "UB"', "vtype"),
        ('i2 = "tau"', "I2 definition"),
    ],
)
def test_an_unknown_option_names_the_analysis(tmp_path: Path, line: str, message: str) -> None:
    """Han 2016 has 58 analyses: which one is wrong?"""
    text = PAPER.replace('tau2 = "DL"\n', "") if line.startswith("tau2") else PAPER
    with pytest.raises(MetaketError, match=message) as caught:
        mk.reproduce(write_paper(tmp_path, paper=text + line + "\n"))
    assert "response" in str(caught.value)


def test_a_study_counts_once(tmp_path: Path) -> None:
    twice = OUTCOMES + OUTCOMES.splitlines()[1].replace(",8,18,", ",9,18,") + "\n"
    with pytest.raises(MetaketError, match=r"A would enter one pool 2 times .*a study counts once"):
        mk.reproduce(write_paper(tmp_path, outcomes=twice))


def test_an_unknown_filter_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'time'.*Did you mean time_h"):
        mk.reproduce(write_paper(tmp_path, paper=PAPER.replace("time_h = 24", "time = 24")))


def test_a_filter_that_matches_nothing_is_named(tmp_path: Path) -> None:
    """design.md section 9: no study left is an error, or at least a gap, that names the filter."""
    folder = write_paper(tmp_path, paper=PAPER.replace('"response", time', '"respons", time'))
    try:
        gap = mk.reproduce(folder).results["response"].gap
    except InputError as error:
        gap = str(error)
    assert "respons" in gap
