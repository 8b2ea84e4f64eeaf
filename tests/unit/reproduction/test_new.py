"""A new paper's folder from a table: it passes the check once its printed texts are typed in."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import metaket as mk
from metaket.errors import InputError, UnknownChoiceError
from metaket.reproduction.check import check_paper
from metaket.reproduction.new import CLAIMED, Draft, guess_columns, missing_columns, write_folder
from metaket.tables import read_table

COUNTS = "author,ai,n1i,ci,n2i,dose\nAdams,12,30,5,29,1\nBrown,20,60,11,61,2\nChen,8,25,5,24,3\n"
EFFECTS = "study,outcome,time_h,y,se\nA,pain,24,0.3,0.1\nB,pain,24,0.2,0.1\nA,pain,72,0.1,0.1\nA,sleep,,0.1,0.1\n"


def made(folder: Path, text: str, measure: str, **options: object) -> Path:
    (folder / "table.csv").write_text(text, encoding="utf-8")
    table = read_table(folder / "table.csv")
    columns = guess_columns([str(c) for c in table.columns], measure) | options.pop("columns", {})  # type: ignore[operator]
    draft = Draft("smith2020", measure=measure, columns=columns, **options)  # type: ignore[arg-type]
    write_folder(folder / "smith2020", table, draft)
    return folder / "smith2020"


def test_it_passes_once_filled_in(tmp_path: Path) -> None:
    folder = made(tmp_path, COUNTS, "OR", title="Three trials")
    found = check_paper(mk.load(folder))
    assert len(found.of("error")) == len(CLAIMED)
    assert all("it is blank: type it as the paper prints it" in f.message for f in found.findings)
    toml = folder / "paper.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('printed = ""', 'printed = "0.5"'), encoding="utf-8")
    assert check_paper(mk.load(folder)).findings == ()
    tables = ((12, 30, 5, 29), (20, 60, 11, 61), (8, 25, 5, 24))
    logs = [math.log(a * (m - c) / (c * (n - a))) for a, n, c, m in tables]
    weights = [1 / (1 / a + 1 / (n - a) + 1 / c + 1 / (m - c)) for a, n, c, m in tables]
    mean = sum(w * y for w, y in zip(weights, logs, strict=True)) / sum(weights)  # Q is below its df: tau2 is 0
    assert mk.reproduce(folder).comparisons[0].recomputed == pytest.approx(math.exp(mean), rel=1e-9)


def test_claims_by_text(tmp_path: Path) -> None:
    folder = made(tmp_path, COUNTS, "OR", printed={"estimate": "2.35", "prediction at dose=2": "2.4"})
    paper = mk.load(folder)
    assert [(c.id, c.printed) for c in paper.claims] == [("estimate", "2.35"), ("prediction-at-dose-2", "2.4")]
    rows = paper.outcomes
    assert rows["dose"].tolist() == ["1", "2", "3"]  # further columns are kept: moderators
    assert set(rows["status"]) == {"quoted"}


def test_an_analysis_for_each_outcome_and_time(tmp_path: Path) -> None:
    folder = made(tmp_path, EFFECTS, "SMD")
    paper = mk.load(folder)
    assert [a.id for a in paper.analyses] == ["pain-24h", "pain-72h", "sleep"]
    assert set(paper.outcomes["y_measure"]) == {"SMD"}
    assert len(paper.claims) == 3 * len(CLAIMED)
    assert len({c.id for c in paper.claims}) == len(paper.claims)


def test_text_that_could_break_the_file(tmp_path: Path) -> None:
    nasty = 'A "quoted" \\ title\nwith [[claim]] and\ttabs'
    folder = made(tmp_path, COUNTS, "OR", title=nasty, outcome='pain "now"', citation="\x7f#")
    paper = mk.load(folder)
    assert paper.info.title == nasty
    assert paper.info.citation == "\x7f#"
    assert paper.analyses[0].where == {"outcome": 'pain "now"'}


def test_the_package_describes_the_table(tmp_path: Path) -> None:
    folder = made(tmp_path, COUNTS, "RR")
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    (resource,) = package["resources"]
    types = {f["name"]: f["type"] for f in resource["schema"]["fields"]}
    assert types["events_t"] == types["dose"] == "number"
    assert types["study"] == types["note"] == "string"


def test_a_column_of_theirs_called_source_is_kept(tmp_path: Path) -> None:
    folder = made(tmp_path, "study,y,v,source,where\nA,0.1,0.2,Smith p. 3,Table 1\n", "GEN", where="elsewhere")
    row = mk.load(folder).outcomes.iloc[0]
    assert (row["source"], row["source_in_table"], row["where"]) == ("paper", "Smith p. 3", "Table 1")


def test_columns_by_name() -> None:
    assert guess_columns(["slab", "ai", "n1i", "events_c", "n_c"], "OR") == {
        "study": "slab",
        "events_t": "ai",
        "n_t": "n1i",
        "events_c": "events_c",
        "n_c": "n_c",
    }
    assert guess_columns(["study", "x1i", "t1i", "x2i", "t2i"], "IRR")["events_t"] == "x1i"
    assert missing_columns({"study": "s", "y": "y"}, "GEN") == ("v",)
    assert missing_columns({"y": "y", "se": "se"}, "SMD") == ("study",)
    assert missing_columns({"study": "s", "events_t": "a"}, "RR") == ("n_t", "events_c", "n_c")


@pytest.mark.parametrize(
    ("text", "measure", "options", "message"),
    [
        (COUNTS, "SMD", {}, r"needs column\(s\) mean_t.*--column mean_t=NAME"),
        (COUNTS, "OR", {"columns": {"n_t": "N"}}, "the table has no column 'N'"),
        (COUNTS, "OR", {"status": "quotd"}, "status must be one of"),
        (COUNTS, "OR", {"status": "missing"}, "status must be one of"),
        (EFFECTS, "SMD", {"printed": {"estimate": "1"}}, "3 outcomes or times"),
        (EFFECTS.replace("24", "one day"), "SMD", {}, "time_h is 'one day'"),
        (COUNTS, "OR", {"tau2": "DLL"}, "Did you mean DL"),
    ],
)
def test_messages(tmp_path: Path, text: str, measure: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        made(tmp_path, text, measure, **options)
    assert not (tmp_path / "smith2020").exists()
    assert not list(tmp_path.glob(".smith2020*"))


def test_an_unknown_measure_and_a_key_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UnknownChoiceError, match="Did you mean PETO"):
        made(tmp_path, COUNTS, "PETTO")
    with pytest.raises(InputError, match="a key is lower case"):
        Draft("Smith 2020")


def test_an_existing_folder_is_kept(tmp_path: Path) -> None:
    folder = made(tmp_path, COUNTS, "OR")
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with pytest.raises(InputError, match="exists"):
        made(tmp_path, EFFECTS, "GEN")
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_from_python_as_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "trials.csv").write_text(COUNTS, encoding="utf-8")
    trials = {
        name: [line.split(",")[i] for line in COUNTS.split()[1:]] for i, name in enumerate(COUNTS.split()[0].split(","))
    }
    told = {"title": "Three trials", "printed": {"estimate": "2.15"}}
    a = mk.new_paper(tmp_path / "a" / "smith2020", tmp_path / "trials.csv", "OR", **told)  # type: ignore[arg-type]
    b = mk.new_paper(tmp_path / "b" / "smith2020", trials, "OR", **told)  # type: ignore[arg-type]
    c = made(tmp_path, COUNTS, "OR", **told)
    for name in ("outcomes.csv", "paper.toml", "datapackage.json", "README.md"):
        texts = {(folder / name).read_text(encoding="utf-8") for folder in (a.folder, b.folder, c)}
        assert len(texts) == 1, name


def test_a_missing_cell_of_a_frame_is_blank(tmp_path: Path) -> None:
    trials = {"study": ["A", "B"], "events_t": [3, None], "n_t": [9, 9], "events_c": [1, 2], "n_c": [9, 9]}
    paper = mk.new_paper(tmp_path / "smith2020", trials, "RR")
    assert paper.outcomes["events_t"].tolist() == [3.0, pytest.approx(math.nan, nan_ok=True)]


@pytest.mark.parametrize(
    ("data", "message"), [({"study": []}, "no row"), ({"study": ["A"], "n_t": [3]}, "needs column")]
)
def test_a_table_that_will_not_do(tmp_path: Path, data: dict[str, list[object]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        mk.new_paper(tmp_path / "smith2020", data, "RR")
    assert list(tmp_path.iterdir()) == []


def test_the_check_reads_keys_and_folders(tmp_path: Path) -> None:
    made(tmp_path, COUNTS, "OR")
    report = mk.check_paper(tmp_path / "smith2020")
    assert str(report).splitlines()[-1] == f"smith2020: {len(CLAIMED)} error, 0 warning, 0 note, 0 open"
    assert str(report).splitlines()[0] == str(report.findings[0])
