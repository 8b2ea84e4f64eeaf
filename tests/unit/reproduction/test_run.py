"""`reproduce` as a whole: plain data, provenance, warnings kept, nothing changed on the way."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import metaket as mk
from metaket.errors import ConvergenceWarning
from metaket.reproduction import run as run_module
from metaket.tables import file_digest
from tests.papers import claim, paper_of, row, table, write_paper

FIVE = tuple(row(s, y=f"{0.1 * i}", se=f"{0.1 + 0.05 * i}") for i, s in enumerate("ABCDE", start=1))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    text = claim("0.90", "egger_p") + claim("5", "k") + claim("9.9", "estimate")
    return write_paper(tmp_path, paper=paper_of("GEN"), outcomes=table(*FIVE), claims=text)


def plain(value: object) -> bool:
    """Only what JSON knows, and no numpy number in disguise."""
    if isinstance(value, dict):
        return all(isinstance(k, str) and plain(v) for k, v in value.items())
    if isinstance(value, list | tuple):
        return all(plain(v) for v in value)
    return value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, np.generic))


def test_a_key_a_folder_and_a_loaded_paper_are_the_same(folder: Path) -> None:
    one, two, three = mk.reproduce(folder), mk.reproduce(str(folder)), mk.reproduce(mk.load(folder))
    assert one.to_dict() == two.to_dict() == three.to_dict()


def test_the_document_is_plain_data(folder: Path) -> None:
    for rep in (mk.reproduce(folder), mk.reproduce("han2016")):
        document = rep.to_dict()
        assert plain(document)
        assert json.loads(json.dumps(document, allow_nan=False)).keys() == document.keys()
        assert set(document) >= {"paper", "trials", "analyses", "claims", "provenance"}
        assert len(document["claims"]) == len(rep.paper.claims)
        assert sum(document["verdicts"].values()) == len(rep.comparisons)


def test_provenance_names_what_made_the_numbers(folder: Path) -> None:
    found = mk.reproduce(folder).provenance
    assert found["metaket"] == mk.__version__
    assert found["digests"]["outcomes.csv"] == file_digest(folder / "outcomes.csv")
    assert found["packages"]["numpy"] == np.__version__
    assert "tiny" in found["command"]


def test_a_warning_on_the_data_becomes_a_note(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rep = mk.reproduce(folder)
    assert rep.notes == ("Egger's test on 5 studies has little power; 10 are advised",)
    assert rep.to_dict()["provenance"]["warnings"] == list(rep.notes)
    assert "little power" in str(rep)


def test_a_warning_on_convergence_is_still_a_warning(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stubborn(*args: object) -> object:
        warnings.warn("did not converge", ConvergenceWarning, stacklevel=1)
        return original(*args)

    original = run_module.run_analysis
    monkeypatch.setattr(run_module, "run_analysis", stubborn)
    with pytest.warns(ConvergenceWarning, match="did not converge"):
        mk.reproduce(folder)


def test_the_frame_has_a_row_a_claim_and_a_column_a_band(folder: Path) -> None:
    frame = mk.reproduce(folder).to_frame()
    assert list(frame["id"]) == ["c-egger_p", "c-k", "c-estimate"]
    assert {"printed", "recomputed", "verdict", "cause", "difference", "relative", "band relative-5"} <= set(frame)


def test_the_result_depends_on_the_files_alone(folder: Path) -> None:
    """Order of rows, and reading twice, change nothing but the order of the studies."""
    first = mk.reproduce(folder).results["response"].result
    (folder / "outcomes.csv").write_text(table(*reversed(FIVE)), encoding="utf-8")
    second = mk.reproduce(folder).results["response"].result
    assert second.effects.study == tuple(reversed(first.effects.study))
    assert second.estimate == pytest.approx(first.estimate, rel=1e-13)
    assert second.tau2 == pytest.approx(first.tau2, rel=1e-10, abs=1e-13)


def test_nothing_in_the_folder_is_written(folder: Path) -> None:
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    str(mk.reproduce(folder))
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_a_folder_without_claims_or_analyses(tmp_path: Path) -> None:
    head = paper_of("RR")
    rep = mk.reproduce(write_paper(tmp_path, paper=head[: head.index("[[analysis]]")]))
    assert (rep.worst, rep.comparisons, len(rep.analyses)) == ("", (), 0)
    assert rep.to_frame().empty
    assert "A tiny paper" in str(rep)
    assert "tiny: 0 analyses, 0 claims" in repr(rep)
