"""Every fit of the reference grid (R's metafor) that `pool` can do, and the grid itself."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metaket as mk
from metaket.pooling.inference import TESTS
from metaket.pooling.tau2 import ESTIMATORS

FOLDER = Path(__file__).parents[2] / "validation" / "metafor"
CLOSED = 1e-8  # closed forms: rounding of sums, worst seen 3e-11
ITERATED = 1e-6  # metafor stops at a step of 1e-12 in tau2, worst seen 3e-7 (se_tau2 of PM)
ITERATIVE = {"REML", "ML", "PM", "EB", "PMM"}
TEST_NAMES = {"knha": "hksj", "adhoc": "hksj-adhoc"}
# field of the reference -> ours
FIELDS = ("estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high", "tau2", "q", "q_p", "i2", "h2", "k")
SIZE = 6000  # fits compared when the grid was last made: it may grow, never shrink
KNOWN_DIVERGENCES = {
    # metafor has no DL2 and HE2: the reference is its GENQ with given weights, whose standard error of tau2 is computed
    # for the weights as fixed and differs by up to 40 %; the estimates agree
    ("DL2", "se_tau2"),
    ("HE2", "se_tau2"),
    ("GENQ", "se_tau2"),
}


def read(name: str) -> Any:
    return json.loads((FOLDER / "reference" / f"{name}.json").read_text(encoding="utf-8"))


def numbers(values: list[float | None]) -> np.ndarray:
    return np.array([math.nan if v is None else v for v in values], dtype=float)


@pytest.fixture(scope="module")
def effects() -> dict[str, Any]:
    return {e["id"]: e for e in read("effects")}


@pytest.fixture(scope="module")
def fits() -> list[dict[str, Any]]:
    return [f for f in read("fits") if not f.get("failed")]


def inputs(fit: dict[str, Any], effects: dict[str, Any]) -> tuple[np.ndarray, np.ndarray] | None:
    entry = effects.get(f"{fit['dataset']}-{fit['measure']}")
    if entry is None:
        return None
    y, v = numbers(entry["yi"]), numbers(entry["vi"])
    usable = np.isfinite(y) & np.isfinite(v) & (v > 0)
    return (y[usable], v[usable]) if usable.sum() == fit["k"] else None


def differences(fit: dict[str, Any], y: np.ndarray, v: np.ndarray) -> list[str]:
    method, tol = fit["method"], ITERATED if fit["method"] in ITERATIVE else CLOSED
    options = {"model": "common"} if method == "common" else {"tau2": method}
    result = mk.pool(y, v, test=TEST_NAMES.get(fit["test"], fit["test"]), **options)
    low, high = result.ci()
    ours = {"ci_low": low, "ci_high": high, "se_tau2": result.se_tau2}
    out = []
    for name in (*FIELDS, "tau2_se", "pi_low", "pi_high"):
        theirs = fit.get(name)
        field = "se_tau2" if name == "tau2_se" else name
        if theirs is None or (method, field) in KNOWN_DIVERGENCES:
            continue
        if name in ("pi_low", "pi_high"):
            interval = result.prediction_interval(method="normal" if fit["test"] == "z" else "k-1")
            if interval is None:
                continue
            ours[name] = interval.low if name == "pi_low" else interval.high
        value = ours[field] if field in ours else getattr(result, field)
        scale = max(abs(theirs), 1e-9 if name in ("tau2", "i2") else 1e-12)
        # a tau2 of 0 comes back from metafor as a tiny number; near a limit of 0 the width of the interval is the scale
        if name in ("ci_low", "ci_high", "pi_low", "pi_high", "estimate", "statistic"):
            scale = max(scale, fit["std_error"])
        if name in ("tau2", "i2", "tau2_se"):
            scale = max(scale, 1e-4 * float(np.median(v)) if name != "i2" else 1e-2)
        if not abs(value - theirs) <= tol * scale:
            out.append(f"{fit['id']} {name}: {value!r} against {theirs!r}")
    return out


def test_every_fit(effects: dict[str, Any], fits: list[dict[str, Any]]) -> None:
    wrong, done = [], Counter()
    for fit in fits:
        data = inputs(fit, effects)
        if data is None or fit["method"] == "GENQ" or not fit["k"] > 1:
            continue
        wrong += differences(fit, *data)
        done[fit["method"]] += 1
    assert not wrong, f"{len(wrong)} differences, first: " + "; ".join(wrong[:8])
    assert set(done) == ({e.code for e in ESTIMATORS} - {"GENQ"}) | {"common"}
    assert sum(done.values()) >= SIZE - 1500, done


def test_the_grid_is_complete(fits: list[dict[str, Any]]) -> None:
    assert len(fits) >= SIZE
    assert len({f["dataset"] for f in fits}) >= 20
    for fit_set in ("dat.bcg-RR", "dat.bcg-OR", "dat.bcg-RD"):
        mine = {(f["method"], f["test"]) for f in fits if f"{f['dataset']}-{f['measure']}" == fit_set}
        tests = {next((k for k, v in TEST_NAMES.items() if v == t.code), t.code) for t in TESTS}
        assert {(e.code, t) for e in ESTIMATORS for t in tests} <= mine


@pytest.mark.live_r
def test_r_makes_the_same_reference(tmp_path: Path) -> None:
    if os.environ.get("METAKET_REQUIRE_R") != "1":
        pytest.skip("set METAKET_REQUIRE_R=1 to run R again")
    assert shutil.which("Rscript"), "METAKET_REQUIRE_R=1 but there is no Rscript"
    subprocess.run(["Rscript", str(FOLDER / "run.R"), str(tmp_path)], check=True, capture_output=True, timeout=1500)
    for name in ("effects", "fits"):
        fresh = json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8"))
        assert compare(fresh, read(name)) == [], name


def compare(fresh: Any, kept: Any, where: str = "") -> list[str]:
    """Differences beyond 1e-9 relative: other builds of R's BLAS move the last digits."""
    if isinstance(kept, dict):
        if fresh.keys() != kept.keys():
            return [f"{where}: keys differ"]
        return [d for k in kept for d in compare(fresh[k], kept[k], f"{where}.{k}")]
    if isinstance(kept, list):
        if len(fresh) != len(kept):
            return [f"{where}: {len(fresh)} against {len(kept)}"]
        return [d for i, (a, b) in enumerate(zip(fresh, kept, strict=True)) for d in compare(a, b, f"{where}[{i}]")]
    if isinstance(kept, float) and isinstance(fresh, int | float):
        return [] if math.isclose(fresh, kept, rel_tol=1e-9, abs_tol=1e-10) else [f"{where}: {fresh} against {kept}"]
    return [] if fresh == kept else [f"{where}: {fresh!r} against {kept!r}"]
