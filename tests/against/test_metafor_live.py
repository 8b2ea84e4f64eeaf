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
LIMIT = 1800  # seconds


def differences(fresh: Any, kept: Any, where: str) -> list[str]:
    """Where two parts of the reference disagree."""
    if isinstance(kept, dict) and isinstance(fresh, dict):
        out = [f"{where}.{key}: only in one" for key in fresh.keys() ^ kept.keys()]
        return out + [
            d for key in kept.keys() & fresh.keys() for d in differences(fresh[key], kept[key], f"{where}.{key}")
        ]
    if isinstance(kept, list) and isinstance(fresh, list):
        if len(kept) != len(fresh):
            return [f"{where}: {len(fresh)} against {len(kept)} entries"]
        return [d for i, (a, b) in enumerate(zip(fresh, kept, strict=True)) for d in differences(a, b, f"{where}[{i}]")]
    numeric = all(isinstance(x, int | float) and not isinstance(x, bool) for x in (fresh, kept))
    same = math.isclose(fresh, kept, rel_tol=RTOL, abs_tol=ATOL) if numeric else fresh == kept
    return [] if same else [f"{where}: {fresh!r} against {kept!r}"]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if os.environ.get("METAKET_REQUIRE_R") != "1":
        pytest.skip("METAKET_REQUIRE_R is not 1: R does not run")
    assert shutil.which("Rscript"), "METAKET_REQUIRE_R=1, but there is no Rscript"
    folder = tmp_path_factory.mktemp("reference")
    run = subprocess.run(
        ["Rscript", str(FOLDER / "run.R"), str(folder)], capture_output=True, text=True, timeout=LIMIT, cwd=folder
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return folder


@pytest.mark.live_r
@pytest.mark.slow
@pytest.mark.xdist_group("live_r")
@pytest.mark.parametrize("name", FILES)
def test_r_gives_what_is_committed(name: str, fresh: Path) -> None:
    missing = json.loads((fresh / "versions.json").read_text(encoding="utf-8")).get("skipped", {}).get(name)
    if missing:
        pytest.skip(f"run.R leaves {name} out: no R package {', '.join(missing)}")
    new, old = (json.loads((at / f"{name}.json").read_text(encoding="utf-8")) for at in (fresh, FOLDER / "reference"))
    by_id = [{record["id"]: record for record in records} for records in (new, old)]
    found = differences(*by_id, where=name)
    assert not found, f"{len(found)} differences: {'; '.join(found[:6])}"


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
