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
REGRESSIONS = 1028  # the grid may grow; it never shrinks
FIELDS = (
    "coef", "std_error", "vcov", "statistic", "p_value", "df", "ci_low", "ci_high", "tau2", "tau2_se", "i2", "h2", "r2",
    "q", "q_df", "q_p", "qm", "qm_df", "qm_p",
    *(f"predict_{n}" for n in ("estimate", "std_error", "ci_low", "ci_high", "pi_low", "pi_high")),
)  # fmt: skip
# What may be 0 or next to it has a floor to its scale; a p-value is magnified by the statistic behind it.
FLOORS = {"i2": 1.0, "r2": 1.0, "h2": 1.0, "statistic": 1.0, "p_value": 1e-6, "q_p": 1e-6, "qm_p": 1e-6}


def read(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return [r for r in read("metareg") if r["kind"] == "regression" and not r.get("failed")]


@pytest.fixture(scope="module")
def effects() -> dict[str, Any]:
    given = {f"{d['id']}-GEN": {"yi": d["columns"]["y"], "vi": d["columns"]["v"]} for d in read("datasets")
             if "y" in d["columns"]}  # fmt: skip
    return given | {e["id"]: e for e in read("effects")}


def fitted(record: dict[str, Any], y: np.ndarray, v: np.ndarray, design: np.ndarray) -> dict[str, Any]:
    intercept = record["columns"][0] == "(Intercept)"
    model = {"model": "common"} if record["method"] == "common" else {"tau2": record["method"]}
    matrix = design[:, 1:] if intercept else design
    if record["method"] == "GENQ":
        model["weights"] = 1 / np.sqrt(v)
    r = mk.pool(y, v, moderators=matrix, intercept=intercept, test=TESTS.get(record["test"], record["test"]), **model)
    frame = r.to_frame()
    statistic, tested, p = r.omnibus()
    low, high = r.ci().T
    new = np.array(record["predict"]["x"])
    predicted = {f"predict_{n}": c for n, c in r.predict(new[:, 1:] if intercept else new).items()}
    return predicted | {
        "coef": r.coef, "std_error": r.std_error, "vcov": r.vcov, "ci_low": low, "ci_high": high, "df": r.df,
        "statistic": frame["statistic"], "p_value": frame["p_value"], "tau2": r.tau2, "tau2_se": r.se_tau2,
        "i2": r.i2, "h2": r.h2, "r2": r.r2, "q": r.qe, "q_df": r.qe_df, "q_p": r.qe_p,
        "qm": statistic, "qm_df": [tested, r.df], "qm_p": p,
    }  # fmt: skip


def gap(name: str, ours: Any, theirs: Any, record: dict[str, Any], v: np.ndarray) -> float:
    """Largest difference, relative to what it is judged by; infinite where only one of the two has no number."""
    a, b = (np.asarray(x, dtype=float) for x in (ours, theirs))
    a = np.where(np.isinf(a), np.nan, a)  # no degrees of freedom are infinite ones here, and null there
    if (np.isnan(a) != np.isnan(b)).any():
        return np.inf
    # coefficients on very different scales: each is judged by its own standard error or size
    scale = np.maximum(np.abs(b), 1e-4 * np.max(np.abs(np.nan_to_num(b))) + 1e-300)
    if name in ("coef", "ci_low", "ci_high"):
        scale = np.maximum(scale, record["std_error"])
    if name.startswith("predict_"):
        scale = np.maximum(scale, record["predict"]["std_error"])
    if name == "tau2":
        scale = np.maximum(scale, 1e-3 * np.median(v))
    return float(np.nan_to_num(np.max(np.nan_to_num(np.abs(a - b)) / np.maximum(scale, FLOORS.get(name, 0.0)))))


def test_every_regression(records: list[dict[str, Any]], effects: dict[str, Any]) -> None:
    designs = {(r["dataset"], r["measure"], r["moderators"]): r["design"] for r in records if "design" in r}
    # metafor has no R2 without an intercept; a factor's columns in its place give the same model, and the same R2
    by_id = {r["id"]: r for r in records}
    without_intercept = {name: by_id[name.replace("alloc-1", "alloc")] for name in by_id if "-alloc-1-" in name}
    assert len(without_intercept) == 48
    wrong, done = [], 0
    for record in records:
        key = (record["dataset"], record["measure"], record["moderators"])
        entry = effects[f"{key[0]}-{key[1]}"]
        at = np.array(record["rows"]) - 1
        y, v = np.array(entry["yi"], dtype=float)[at], np.array(entry["vi"], dtype=float)[at]
        design = np.array(designs[key], dtype=float)
        ours = fitted(record, y, v, design)
        done += 1
        tol = ITERATED if record["method"] in ITERATIVE else CLOSED
        for name in FIELDS:
            if name == "r2" and record["id"] in without_intercept:
                continue
            theirs = record["predict"][name[8:]] if name.startswith("predict_") else record.get(name)
            if not gap(name, ours[name], theirs, record, v) <= tol:
                wrong.append(f"{record['id']} {name}: {ours[name]} against {theirs}")
        twin = without_intercept.get(record["id"])
        if twin is not None and not gap("r2", ours["r2"], twin.get("r2"), record, v) <= tol:
            wrong.append(f"{record['id']} r2: {ours['r2']} against {twin['r2']}")
    assert not wrong, f"{len(wrong)} of {done} fits, first: " + "; ".join(wrong[:4])
    assert done >= REGRESSIONS
