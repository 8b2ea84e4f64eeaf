"""Each rule of `metaket check`, triggered by a folder broken for it, and silent on a sound one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import metaket as mk
from metaket.datasets import data_root
from metaket.errors import MetaketError, PaperError
from metaket.reproduction.check import (
    RULES,
    CheckReport,
    Finding,
    check_paper,
    smallest_denominator,
    update_hashes,
)
from tests.papers import OUTCOMES, PAPER, claim, paper_of, row, table, write_paper

TRIALS = "study,year,source\nA,2013,s1\nB,2014,s1; s9\nC,2014,\n"
FULL = {"events_t": 8, "n_t": 18, "events_c": 1, "n_c": 18}


def checked(folder: Path, *rows: dict[str, str], paper: str = PAPER, claims: str = "", trials: str = "") -> CheckReport:
    outcomes = table(*rows) if rows else OUTCOMES
    write_paper(folder, paper=paper, outcomes=outcomes, claims=claims)
    if trials:
        (folder / "trials.csv").write_text(trials, encoding="utf-8")
    return check_paper(mk.load(folder))


def found(report: CheckReport, rule: str) -> list[Finding]:
    return [f for f in report.findings if f.rule == rule]


def test_a_sound_folder_has_nothing_but_the_note_on_digests(tmp_path: Path) -> None:
    report = checked(tmp_path)
    assert report.ok
    assert [(f.rule, f.level) for f in report.findings] == [("hashes", "note")]


def test_every_rule_is_triggered() -> None:
    """A new rule needs a test here or in another test_check*.py."""
    text = "".join(p.read_text(encoding="utf-8") for p in Path(__file__).parent.glob("test_check*.py"))
    assert [e.code for e in RULES if f'"{e.code}"' not in text] == []


@pytest.mark.parametrize(
    ("rule", "cells", "message"),
    [
        ("arms", FULL | {"events_t": 31}, "events_t is 31 but n_t is 18; events cannot exceed the arm"),
        ("arms", FULL | {"events_c": -1}, "events_c is -1; counts are whole and not negative"),
        ("arms", FULL | {"n_c": 18.5}, "n_c is 18.5; counts are whole"),
        (
            "arms",
            {"mean_t": 1, "sd_t": -2, "n_t": 9, "mean_c": 1, "sd_c": 2, "n_c": 9},
            "sd_t is -2; it cannot be below 0",
        ),
        ("percentages", FULL | {"percent_t": 63.8}, "no whole number of 18 patients prints as 63.8 %"),
        ("percentages", FULL | {"percent_t": 50}, "8 of 18 does not print as 50 %; 9 of 18 does"),
        ("percentages", FULL | {"percent_c": "12.5%"}, "no whole number of 18"),
        ("percentages", FULL | {"percent_t": 101}, "between 0 and 100"),
        ("percentages", {"n_t": 8, "percent_t": 33}, "no whole number of 8"),
        ("status", FULL | {"source": ""}, "status is quoted but no source is given"),
        ("status", FULL | {"source": "s1; s9"}, "source 's9' is not listed in paper.toml"),
        ("status", FULL | {"status": "missing"}, "status is missing but events_t, events_c is filled in"),
        ("intervals", {"y": 0.5, "ci_low": 0.6, "ci_high": 0.9}, "y = 0.5 is outside its interval 0.6 to 0.9"),
        ("intervals", {"y": 0.5, "ci_low": 0.9, "ci_high": 0.1}, "ci_low 0.9 is above ci_high 0.1"),
    ],
)
def test_errors(tmp_path: Path, rule: str, cells: dict[str, object], message: str) -> None:
    report = checked(tmp_path, row("A", **cells))
    assert not report.ok
    (finding,) = found(report, rule)
    assert message in finding.message
    assert finding.where == "outcomes.csv row 2 (A, response, 24 h)"
    assert finding.level == "error"


@pytest.mark.parametrize(
    ("rule", "cells", "message"),
    [
        ("status", FULL | {"status": "derived"}, "shows its arithmetic in note"),
        ("intervals", {"y": 2.18, "ci_low": 1.21, "ci_high": 4.14}, "off the interval's middle: another scale?"),
        (
            "intervals",
            {"y": 0.5, "ci_low": 0.1, "ci_high": 0.9, "se": 0.5},
            "SE 0.5 does not fit the interval's width 0.8",
        ),
    ],
)
def test_warnings(tmp_path: Path, rule: str, cells: dict[str, object], message: str) -> None:
    (finding,) = found(checked(tmp_path, row("A", **cells)), rule)
    assert (finding.level, message in finding.message) == ("warning", True)


@pytest.mark.parametrize(
    "cells",
    [
        {"y_low": 0.9, "y_high": 0.1, "se": 0.2},
        {"y": 0.5, "y_low": 0.6, "y_high": 0.9, "se": 0.2},
        {"y": 0.5, "ci_low": 0.1},
        {"y": 0.5, "se": -0.2},
        {"y": 0.5, "v": 0},
        {"y": 0.5, "p": 1.2},
    ],
)
def test_disordered_and_impossible_precision_is_an_error(tmp_path: Path, cells: dict[str, object]) -> None:
    assert not checked(tmp_path, row("A", **cells), paper=paper_of("GEN")).ok


@pytest.mark.parametrize(
    "cells", [{"y_high": 0.5}, {"sd_t": 5}, {"ci_high": 1}, {"v": 1}, {"p": 0.5}, {"percent_t": 50}]
)
def test_a_missing_row_holds_no_number_at_all(tmp_path: Path, cells: dict[str, object]) -> None:
    assert found(checked(tmp_path, row("A", status="missing", source="", **cells)), "status")


def test_what_is_fine(tmp_path: Path) -> None:
    rows = (
        row("A", **FULL, percent_t=44, percent_c="6%"),
        row("B", status="missing", source=""),
        row("C", status="derived", note="1 + 1", y=0.5, ci_low=0.1, ci_high=0.9, se=0.2),
        row("D", **FULL | {"events_t": 0, "events_c": 18}),
    )
    assert not [f for f in checked(tmp_path, *rows).findings if f.level in ("error", "warning")]


def test_sources_of_trials_and_claims(tmp_path: Path) -> None:
    text = claim("2", "k") + 'source = "s8"\n'
    got = [(f.where, f.message) for f in found(checked(tmp_path, claims=text, trials=TRIALS), "trial-sources")]
    line = (tmp_path / "paper.toml").read_text(encoding="utf-8").splitlines().index('source = "s8"') + 1
    assert got == [
        ("trials.csv row 3 (B)", "source 's9' is not listed in paper.toml"),
        (f"paper.toml line {line}", "claim 'c-k': source 's8' is not listed in paper.toml"),
    ]


def test_the_same_cell_twice(tmp_path: Path) -> None:
    rows = (row("A", **FULL), row("A", **FULL | {"events_t": 9}), row("A", variant="x", **FULL), row("A", time_h=72))
    (finding,) = found(checked(tmp_path, *rows), "duplicates")
    assert finding.where == "outcomes.csv row 3 (A, response, 24 h)"


@pytest.mark.parametrize(
    ("paper", "line", "message"),
    [
        (PAPER.replace("time_h = 24", "time = 24"), 12, "Did you mean time_h"),
        (PAPER.replace('"DL"', '"DLL"'), 14, "unknown tau2 method 'DLL'"),
        (PAPER.replace('"RR"', '"RRR"'), 13, "unknown measure 'RRR'"),
        (PAPER.replace('"response", time', '"respons", time'), 12, "respons"),
    ],
)
def test_an_analysis_that_does_not_run_or_asks_for_nothing(tmp_path: Path, paper: str, line: int, message: str) -> None:
    (finding,) = found(checked(tmp_path, paper=paper), "analyses")
    assert finding.where == f"paper.toml line {line}"
    assert finding.message.startswith("analysis 'response'")
    assert message in finding.message


@pytest.mark.parametrize(
    ("printed", "quantity", "message"),
    [("about 3", "estimate", "about 3"), ("3", "estimat", "estimate"), ("NS", "i2", "NS")],
)
def test_a_claim_that_cannot_be_compared(tmp_path: Path, printed: str, quantity: str, message: str) -> None:
    """`metaket check` says ok and `metaket reproduce` refuses the folder: the check has to say it first."""
    report = checked(tmp_path, claims=claim(printed, quantity))
    assert any(message in f.message for f in report.of("error"))


@pytest.mark.parametrize(
    "change", [{"percent_t": "about 44"}, {"percent_t": "n/a"}, {"percent_t": 44, "n_t": 0, "events_t": 0}]
)
def test_an_odd_cell_is_a_finding_and_stops_nothing(tmp_path: Path, change: dict[str, object]) -> None:
    report = checked(tmp_path, row("A", **FULL | change), row("B", **FULL | {"events_t": 99}))
    wheres = [f.where for f in report.of("error")]
    assert any("row 2" in where for where in wheres)
    assert any("row 3" in where for where in wheres)


def test_rates_of_one_time_share_a_denominator(tmp_path: Path) -> None:
    more = '\n[[analysis]]\nid = "remission"\nwhere = { outcome = "remission", time_h = 24 }\n'
    second = claim("20.6%", "rate_t").replace('"response"', '"remission"').replace("c-rate_t", "c-2")
    report = checked(tmp_path, paper=PAPER + more, claims=claim("52.2%", "rate_t") + second)
    (finding,) = found(report, "pooled-rates")
    assert "at least 136 patients in the arm" in finding.message
    assert finding.level == "note"


def test_the_two_arms_do_not_share_a_denominator(tmp_path: Path) -> None:
    report = checked(tmp_path, claims=claim("52.2%", "rate_t") + claim("20.6%", "rate_c"))
    assert not any("136" in f.message for f in found(report, "pooled-rates"))


def test_open_cells_say_where_to_look(tmp_path: Path) -> None:
    rows = (
        row("A", status="missing", where="table 3"),
        row("B", status="missing"),
        row("C", events_t=3, n_t=9, n_c=9),
        row("D", **FULL),
        row("E", y=0.5, se=0.2),
    )
    findings = found(checked(tmp_path, *rows), "open")
    assert [(f.where.split("(")[1][0], f.message) for f in findings] == [
        ("A", "look in: table 3"),
        ("B", "look in: the primary report"),
        ("C", "events_c not sourced"),
    ]


def test_errors_come_first_and_the_report_is_plain_data(tmp_path: Path) -> None:
    report = checked(tmp_path, row("A", status="missing"), row("B", **FULL | {"events_t": 99}))
    levels = [f.level for f in report.findings]
    assert levels == sorted(levels, key=("error", "warning", "note", "open").index)
    document = json.loads(json.dumps(report.to_dict()))
    assert (document["paper"], document["ok"]) == ("tiny", False)
    assert sum(document["counts"].values()) == len(document["findings"])


# ------------------------------------------------------------------------------------------------- percentages


def possible_counts(text: str, n: int) -> tuple[int, ...]:
    """The whole numbers out of n that print as the percentage."""
    found = mk.possible_counts(f"{text.removesuffix('%')}%", n=n)
    return found.counts.get(n, ((),))[0]


def test_possible_counts() -> None:
    assert possible_counts("63.8", 47) == (30,)
    assert possible_counts("50", 7) == ()
    assert possible_counts("50%", 8) == (4,)
    assert possible_counts("50", 400) == tuple(range(198, 203))  # 49.5 and 50.5 print either way
    assert smallest_denominator(("52.2%", "20.6%")) == 136
    assert smallest_denominator(("33.3%", "50.0%")) == 6
    assert smallest_denominator(("0.1%",), limit=100) is None


@pytest.mark.parametrize("n", range(1, 60))
def test_every_count_is_possible_for_its_own_percentage(n: int) -> None:
    for count in range(n + 1):
        for decimals in (0, 1, 2):
            assert count in possible_counts(f"{100 * count / n:.{decimals}f}", n)


# ------------------------------------------------------------------------------------------------- datapackage.json


def package(folder: Path, text: str | bytes) -> Path:
    write_paper(folder)
    (folder / "datapackage.json").write_bytes(text.encode() if isinstance(text, str) else text)
    return folder


def test_hashes(tmp_path: Path) -> None:
    folder = package(tmp_path, '{"resources": [{"path": "outcomes.csv", "hash": "sha256:0"}]}')
    (finding,) = found(check_paper(mk.load(folder)), "hashes")
    assert finding.level == "error"
    assert "metaket check DIR --update-hashes" in finding.message
    assert update_hashes(folder) == 1
    assert update_hashes(folder) == 0
    assert check_paper(mk.load(folder)).ok
    recorded = json.loads((folder / "datapackage.json").read_text())["resources"][0]
    assert recorded["bytes"] == (folder / "outcomes.csv").stat().st_size
    (folder / "outcomes.csv").write_text(OUTCOMES + "\n")
    assert not check_paper(mk.load(folder)).ok


def test_a_listed_file_that_is_not_there(tmp_path: Path) -> None:
    folder = package(tmp_path, '{"resources": [{"path": "absent.csv", "hash": ""}]}')
    (finding,) = found(check_paper(mk.load(folder)), "hashes")
    assert (finding.level, finding.message) == ("error", "the file is not there")


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../b", ""])
def test_a_path_that_leaves_the_folder(tmp_path: Path, path: str) -> None:
    folder = package(tmp_path, json.dumps({"resources": [{"path": path, "hash": ""}]}))
    for action in (lambda: check_paper(mk.load(folder)), lambda: update_hashes(folder)):
        with pytest.raises(PaperError, match=r"line 1: path .* leaves the folder"):
            action()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"resources": {}}', '{"resources": [], "x": "\xfc"}'.encode("latin-1")],
    ids=["cut off", "list", "empty", "no list", "latin-1"],
)
@pytest.mark.parametrize("action", [lambda f: check_paper(mk.load(f)), update_hashes], ids=["check", "update"])
def test_a_broken_package_is_said_in_words(tmp_path: Path, text: str | bytes, action: Callable[[Path], object]) -> None:
    with pytest.raises(MetaketError, match=r"datapackage\.json"):
        action(package(tmp_path, text))


@pytest.mark.parametrize("item", ["{}", '{"path": "absent.csv"}'])
def test_update_hashes_of_a_resource_that_is_none(tmp_path: Path, item: str) -> None:
    folder = package(tmp_path, f'{{"resources": [{item}]}}')
    before = (folder / "datapackage.json").read_text()
    with pytest.raises(MetaketError, match=r"datapackage\.json"):
        update_hashes(folder)
    assert (folder / "datapackage.json").read_text() == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("trials.csv", "yes,one of nine", "maybe,one of nine"),
        ("trials.csv", "unknown,crossover", "unknown,crosover"),
        ("trials.csv", "10686270", "PMID10686270"),
        ("outcomes.csv", "Berman 2000,response,72,,4,8", "Berman 2000,respons,72,,4,8"),
    ],
)
def test_the_schema_is_checked(tmp_path: Path, file: str, old: str, new: str) -> None:
    """Issue 2: `metaket check han2016` validates the schema too; "crosover" would be pooled as parallel in silence."""
    folder = tmp_path / "han2016"
    shutil.copytree(data_root() / "han2016", folder)
    assert check_paper(mk.load(folder)).ok
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    update_hashes(folder)
    errors = check_paper(mk.load(folder)).of("error")
    assert any(f.rule == "schema" and "row" in f.where for f in errors)


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ("x", "schema"),
        ({"fields": {"a": 1}}, "schema.fields"),
        ({"fields": [3]}, "schema.fields.0"),
        ({"fields": [{"type": "string"}]}, "schema.fields.0.name"),
        ({"fields": [{"name": "time_h", "constraints": {"minimum": "a"}}]}, "schema.fields.0.constraints.minimum"),
        ({"fields": [{"name": "study", "constraints": {"pattern": "("}}]}, "schema.fields.0.constraints.pattern"),
        ({"fields": [{"name": "study", "constraints": {"enum": 3}}]}, "schema.fields.0.constraints.enum"),
    ],
)
def test_a_schema_of_another_form_is_refused_in_words(tmp_path: Path, schema: object, place: str) -> None:
    folder = package(tmp_path, json.dumps({"resources": [{"path": "outcomes.csv", "schema": schema}]}))
    with pytest.raises(PaperError, match=rf"datapackage\.json: outcomes\.csv: {place}: "):
        check_paper(mk.load(folder))


@pytest.mark.parametrize(
    ("constraints", "kind", "fault"),
    [
        ({"maximum": 5}, "number", "outside -inf to 5"),
        ({"minimum": 30}, "number", "outside 30 to inf"),
        ({"enum": [12, 18]}, "number", "not one of 12, 18"),
        ({"unique": True}, "number", "stands twice"),
        ({"pattern": "1."}, "string", "not of the form 1."),
    ],
)
def test_each_constraint_of_a_schema(tmp_path: Path, constraints: dict[str, object], kind: str, fault: str) -> None:
    field = {"name": "time_h", "type": kind, "constraints": constraints}
    folder = package(tmp_path, json.dumps({"resources": [{"path": "outcomes.csv", "schema": {"fields": [field]}}]}))
    findings = found(check_paper(mk.load(folder)), "schema")
    assert findings
    assert fault in findings[0].message
