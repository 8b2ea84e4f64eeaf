"""Meta-regressions of the reference grid (R's metafor): coefficients, omnibus test, heterogeneity, predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metaket as mk

REFERENCE = Path(__file__).parents[2] / "validation" / "metafor" / "reference"
CLOSED = 1e-8  # closed forms; worst seen 2e-10
ITERATED = 1e-6  # metafor stops at a step of 1e-12 in tau2; worst seen 2e-7
ITERATIVE = {"REML", "ML", "PM", "EB", "PMM"}
TESTS = {"knha": "hksj", "adhoc": "hksj-adhoc"}
FIELDS = (
    "coef", "std_error", "vcov", "tau2", "q", "q_p", "qm", "qm_p", "ci_low", "ci_high",
    "predict_estimate", "predict_ci_low", "predict_ci_high",
)  # fmt: skip


def read(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return [r for r in read("metareg") if r["kind"] == "regression" and not r.get("failed")]


@pytest.fixture(scope="module")
def effects() -> dict[str, Any]:
    return {e["id"]: e for e in read("effects")}


def fitted(record: dict[str, Any], y: np.ndarray, v: np.ndarray, design: np.ndarray) -> dict[str, Any]:
    intercept = record["columns"][0] == "(Intercept)"
    model = {"model": "common"} if record["method"] == "common" else {"tau2": record["method"]}
    matrix = design[:, 1:] if intercept else design
    if record["method"] == "GENQ":
        model["weights"] = 1 / np.sqrt(v)
    r = mk.pool(y, v, moderators=matrix, intercept=intercept, test=TESTS.get(record["test"], record["test"]), **model)
    statistic, _, p = r.omnibus()
    low, high = r.ci().T
    new = np.array(record["predict"]["x"])
    predicted = r.predict(new[:, 1:] if intercept else new)
    return {
        "coef": r.coef, "std_error": r.std_error, "vcov": r.vcov, "tau2": r.tau2, "q": r.qe, "q_p": r.qe_p,
        "qm": statistic, "qm_p": p, "ci_low": low, "ci_high": high, "predict_estimate": predicted["estimate"],
        "predict_ci_low": predicted["ci_low"], "predict_ci_high": predicted["ci_high"],
    }  # fmt: skip


def test_every_regression(records: list[dict[str, Any]], effects: dict[str, Any]) -> None:
    designs = {(r["dataset"], r["measure"], r["moderators"]): r["design"] for r in records if "design" in r}
    wrong, done = [], 0
    for record in records:
        key = (record["dataset"], record["measure"], record["moderators"])
        entry = effects.get(f"{key[0]}-{key[1]}")
        if entry is None or key not in designs:
            continue
        at = np.array(record["rows"]) - 1
        y, v = np.array(entry["yi"], dtype=float)[at], np.array(entry["vi"], dtype=float)[at]
        design = np.array(designs[key], dtype=float)
        ours = fitted(record, y, v, design)
        done += 1
        tol = ITERATED if record["method"] in ITERATIVE else CLOSED
        for name in FIELDS:
            theirs = record["predict"][name[8:]] if name.startswith("predict_") else record[name]
            if theirs is None:
                continue
            a, b = np.asarray(ours[name], dtype=float), np.asarray(theirs, dtype=float)
            # coefficients on very different scales: each is judged by its own standard error or size
            scale = np.maximum(np.abs(b), 1e-4 * np.max(np.abs(b)) + 1e-300)
            if name in ("coef", "ci_low", "ci_high"):
                scale = np.maximum(scale, record["std_error"])
            if name == "tau2":
                scale = np.maximum(scale, 1e-3 * np.median(v))
            if name in ("qm_p", "q_p"):
                scale = np.maximum(scale, 1e-6)
            if name.startswith("predict_"):
                scale = np.maximum(scale, record["predict"]["std_error"])
            if not np.all(np.abs(a - b) <= tol * scale):
                wrong.append(f"{record['id']} {name}: {a.tolist()} against {b.tolist()}")
    assert not wrong, f"{len(wrong)} of {done} fits, first: " + "; ".join(wrong[:4])
    assert done >= 680
