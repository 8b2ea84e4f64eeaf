"""Runs R again and compares with what is committed (METAKET_REQUIRE_R=1, as in `.ci/run`)."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
FILES = sorted(p.stem for p in (FOLDER / "reference").glob("*.json") if p.stem != "versions")
RTOL = 1e-6  # another build of R's BLAS or libm moves an iterated fit by up to its stopping rule
ATOL = 1e-9  # what is 0 in exact arithmetic (a log ratio of equal rates, tau2 at its limit) comes out as noise
# Where more than that moves, because an optimiser or a numerical derivative of R stops on a plateau: part, fragment of
# the record's id, tolerance. The gaps are those of Debian's OpenBLAS against its reference one; a BLAS repeats
# its own bytes.
LOOSE = (
    ("glmm", "-OR-CM.EL-", 5e-3),  # BiasedUrn's probabilities (1e-7) through numDeriv's second differences; 2.3e-3
    ("small_study", "selection-", 1e-2),  # selmodel's optimiser and Hessian; 4.3e-3, in a limit next to 0
    ("metareg", "permutation-dat.bcg-RR-ablat+year-REML", 5e-3),  # one fit of 720 converges or not; 1.4e-3
    ("over_time", "fine1993-", 1e-5),  # rma.mv's optimiser close to a bound; 1.0e-6
)
LIMIT = 1800  # seconds


def tolerance(part: str, record: str) -> float:
    return next((rtol for name, fragment, rtol in LOOSE if name == part and fragment in record), RTOL)


def differences(fresh: Any, kept: Any, where: str, rtol: float = RTOL) -> list[str]:
    """Where two parts of the reference disagree."""
    if isinstance(kept, dict) and isinstance(fresh, dict):
        out = [f"{where}.{key}: only in one" for key in fresh.keys() ^ kept.keys()]
        return out + [
            d for key in kept.keys() & fresh.keys() for d in differences(fresh[key], kept[key], f"{where}.{key}", rtol)
        ]
    if isinstance(kept, list) and isinstance(fresh, list):
        if len(kept) != len(fresh):
            return [f"{where}: {len(fresh)} against {len(kept)} entries"]
        pairs = enumerate(zip(fresh, kept, strict=True))
        return [d for i, (a, b) in pairs for d in differences(a, b, f"{where}[{i}]", rtol)]
    numeric = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (fresh, kept))
    same = math.isclose(fresh, kept, rel_tol=rtol, abs_tol=ATOL) if numeric else fresh == kept
    return [] if same else [f"{where}: {fresh!r} against {kept!r}"]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if os.environ.get("METAKET_REQUIRE_R") != "1":
        pytest.skip("METAKET_REQUIRE_R is not 1: R does not run")
    assert shutil.which("Rscript"), "METAKET_REQUIRE_R=1, but there is no Rscript"
    folder = tmp_path_factory.mktemp("reference")
    if "PYTEST_XDIST_WORKER" in os.environ:  # the parent of a worker's folder belongs to the whole run
        once = tmp_path_factory.getbasetemp().parent / "r_runs_here"
        assert not once.exists(), "R runs on another worker already: keep a file's tests together, --dist loadfile"
        once.touch()
    run = subprocess.run(
        ["Rscript", str(FOLDER / "run.R"), str(folder)], capture_output=True, text=True, timeout=LIMIT, cwd=folder
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return folder


@pytest.mark.live_r
@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_r_gives_what_is_committed(name: str, fresh: Path) -> None:
    missing = json.loads((fresh / "versions.json").read_text(encoding="utf-8")).get("skipped", {}).get(name)
    assert not missing, f"run.R leaves {name} out: no R package {', '.join(missing)} (see validation/metafor/README.md)"
    new, old = (json.loads((at / f"{name}.json").read_text(encoding="utf-8")) for at in (fresh, FOLDER / "reference"))
    fresh_ones, kept = ({record["id"]: record for record in records} for records in (new, old))
    assert list(fresh_ones) == list(kept)
    found = [d for key in kept for d in differences(fresh_ones[key], kept[key], f"{name} {key}", tolerance(name, key))]
    assert not found, f"{len(found)} differences: {'; '.join(found[:6])}"


@pytest.mark.live_r
@pytest.mark.slow
def test_the_versions_are_those_named(fresh: Path) -> None:
    """The committed file names no package that a run with those of the install line does without."""
    new, old = (json.loads((at / "versions.json").read_text("utf-8")) for at in (fresh, FOLDER / "reference"))
    skipped = new.get("skipped", {})
    assert sorted([*new["written"], *skipped]) == sorted(old["written"])
    has = [{name for name, version in v["packages"].items() if version} for v in (new, old)]
    assert has[1] - has[0] <= {name for missing in skipped.values() for name in missing}


def test_every_exception_has_its_records() -> None:
    for part, fragment, rtol in LOOSE:
        records = json.loads((FOLDER / "reference" / f"{part}.json").read_text(encoding="utf-8"))
        assert any(fragment in record["id"] for record in records), fragment
        assert RTOL < rtol < 0.05


def test_a_difference_is_seen() -> None:
    """The comparison itself: a moved number, a lost record and a changed text are found, the last digits are not."""
    old = {"a": [1.0, 2.0], "b": "x", "c": None, "d": True}
    assert differences(old, old, "r") == []
    assert differences(old | {"a": [1.0, 2.0 + 1e-12]}, old, "r") == []
    assert differences(old | {"a": [1.0, 2.001]}, old, "r") == ["r.a[1]: 2.001 against 2.0"]
    assert differences({k: old[k] for k in "abc"}, old, "r") == ["r.d: only in one"]
    assert differences(old | {"b": "y"}, old, "r") == ["r.b: 'y' against 'x'"]
    assert differences(old | {"c": 0.0}, old, "r") == ["r.c: 0.0 against None"]
    assert differences(old | {"a": [1.0]}, old, "r") == ["r.a: 1 against 2 entries"]
