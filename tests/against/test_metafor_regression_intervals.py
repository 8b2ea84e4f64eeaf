"""Intervals of the residual tau2, I2 and H2 of meta-regressions against R's metafor (metareg_intervals.json)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import metaket as mk

Records = list[dict[str, Any]]
Effects = tuple[np.ndarray, np.ndarray, np.ndarray, bool]

CLOSED = 1e-8  # Q-profile and profile likelihood, solved to the last digits, and closed forms
# metafor's tau2 and its standard error are as good as its stopping rule, a step of 1e-12
ITERATED = 1e-6
QUESTIONS = 23  # meta-regressions; the grid may grow, it never shrinks
KINDS = {("QP", m) for m in ("REML", "DL", "PM", "ML")} | {("PL", m) for m in ("REML", "ML")}
KINDS |= {("Wald", m) for m in ("REML", "ML", "DL", "SJ", "EB", "HE", "HS")}


@pytest.fixture(scope="module")
def data(reference: Callable[[str], Records]) -> Callable[[dict[str, Any]], Effects]:
    """y, v, the design without its intercept, and whether it has one."""
    effects = {r["id"]: (r["yi"], r["vi"]) for r in reference("effects") if not r.get("failed")}
    tables = {r["id"]: r["columns"] for r in reference("datasets")}
    designs = {question(r): r for r in reference("metareg") if "design" in r}

    def read(record: dict[str, Any]) -> Effects:
        design, dataset = designs[question(record)], record["dataset"]
        table = tables[dataset]
        pair = (table["y"], table["v"]) if record["measure"] == "GEN" else effects[f"{dataset}-{record['measure']}"]
        at = np.array(design["rows"]) - 1
        y, v = (np.array(column, dtype=float)[at] for column in pair)
        x, intercept = np.array(design["design"], dtype=float), design["columns"][0] == "(Intercept)"
        return y, v, x[:, 1:] if intercept else x, intercept

    return read


def question(record: dict[str, Any]) -> tuple[str, str, str]:
    return record["dataset"], record["measure"], record["moderators"]


def fitted(record: dict[str, Any], data: Callable[[dict[str, Any]], Effects]) -> Any:
    y, v, x, intercept = data(record)
    return mk.pool(y, v, moderators=x, intercept=intercept, tau2=record["method"])


@pytest.mark.parametrize("kind", sorted(KINDS), ids="-".join)
def test_every_interval(
    kind: tuple[str, str], reference: Callable[[str], Records], data: Callable[[dict[str, Any]], Effects]
) -> None:
    cases = [r for r in reference("metareg_intervals") if (r["type"], r["method"]) == kind]
    assert len(cases) >= QUESTIONS
    allowed = ITERATED if kind[0] == "Wald" else CLOSED
    wrong = []
    for case in cases:
        result = fitted(case, data)
        floors = {"tau2": 1e-3 * float(np.median(result.effects.v)), "h2": 1.0, "i2": 1.0}
        for name, floor in floors.items():
            limits = getattr(result, f"{name}_ci")(method=kind[0])
            for end, limit in zip(("low", "high"), limits, strict=True):
                theirs = case[f"{name}_{end}"]
                if not abs(limit - theirs) <= allowed * max(theirs, floor):
                    wrong.append(f"{case['id']} {name} {end}: {limit} against {theirs}")
        if kind[0] == "Wald" and not abs(result.se_tau2 - case["tau2_se"]) <= allowed * case["tau2_se"]:
            wrong.append(f"{case['id']} standard error of tau2: {result.se_tau2} against {case['tau2_se']}")
    assert not wrong, f"{len(wrong)} limits differ from metafor, first: {'; '.join(wrong[:6])}"


def test_generalised_q_has_its_tail_probabilities(
    reference: Callable[[str], Records], data: Callable[[dict[str, Any]], Effects]
) -> None:
    """metafor needs CompQuadForm for this one; the witness is Q simulated under either limit, with its own algebra."""
    record = next(r for r in reference("metareg_intervals") if question(r) == ("dat.bcg", "RR", "ablat"))
    y, v, x, _ = data(record)
    design = np.column_stack([np.ones(y.size), x])
    rng, draws = np.random.default_rng(2014), 100_000
    for weights in (1 / v, 1 / np.sqrt(v)):
        low, high = mk.pool(y, v, moderators=x, tau2="REML").tau2_ci(0.8, "GENQ", weights)
        root = np.sqrt(weights)[:, None]
        basis = np.linalg.qr(root * design)[0]  # Q = squared length of the weighted residual

        def q(values: np.ndarray, root: np.ndarray = root, basis: np.ndarray = basis) -> np.ndarray:
            scaled = root * values
            return ((scaled - basis @ (basis.T @ scaled)) ** 2).sum(axis=0)

        for tau2, tail in ((low, 0.1), (high, 0.9)):
            simulated = q(rng.standard_normal((y.size, draws)) * np.sqrt(v + tau2)[:, None])
            share = float((simulated >= q(y[:, None])).mean())
            error = math.sqrt(tail * (1 - tail) / draws)
            assert abs(share - tail) <= 4 * error, (tau2, share)
        assert 0 < low < high


def test_the_grid(reference: Callable[[str], Records]) -> None:
    records = reference("metareg_intervals")
    assert not [r["id"] for r in records if r.get("failed")]
    found = Counter((r["type"], r["method"]) for r in records)
    assert min(found[k] for k in KINDS) >= QUESTIONS
    assert len({question(r) for r in records}) >= QUESTIONS
