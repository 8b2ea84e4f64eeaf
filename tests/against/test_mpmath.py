"""REML, ML and Paule-Mandel against 40-digit arithmetic, on the stress set that `make_stress.py` writes."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import metaket as mk
from metaket.pooling.engine import Problem
from metaket.pooling.likelihood import log_likelihood
from tests.against.make_stress import CASES_PER_FAMILY, FAMILIES, METHODS, answers

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "stress_reference.json").read_text(encoding="utf-8"))
LARGE = 30
LIVE_SEED, LIVE, LIVE_K = 7, 100, 40

# The promise is 1e-6 of a standard error; worst seen 2e-11 (estimate) and 7e-12 (tau2).
PROMISE = 1e-6


def weighted(y: np.ndarray, v: np.ndarray, tau2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard error at tau2, centred first: (m, k), (m, k), (m,) -> (m,), (m,)."""
    w = 1 / (v + tau2[:, None])
    centre = y[:, :1]
    return centre[:, 0] + (w * (y - centre)).sum(axis=1) / w.sum(axis=1), w.sum(axis=1) ** -0.5


@pytest.fixture(scope="module")
def by_size() -> dict[int, tuple[list[int], np.ndarray, np.ndarray]]:
    """The cases as (m, k) arrays, one pair for each k."""
    index = defaultdict(list)
    for i, case in enumerate(CASES):
        index[len(case["y"])].append(i)
    return {
        k: (ids, np.array([CASES[i]["y"] for i in ids]), np.array([CASES[i]["v"] for i in ids]))
        for k, ids in index.items()
    }


def misses(
    name: str, ids: list[int], y: np.ndarray, v: np.ndarray, estimate: np.ndarray, tau2: np.ndarray, se_tau2: np.ndarray
) -> list[str]:
    """The cases whose estimate or tau2 is further off than promised."""
    true = np.array([CASES[i][name] for i in ids])
    mean, se = weighted(y, v, true)
    off = np.maximum(np.abs(estimate - mean) / se, np.abs(tau2 - true) / se_tau2)
    return [f"case {ids[j]} ({CASES[ids[j]]['family']}): {off[j]:.1e}" for j in np.flatnonzero(~(off <= PROMISE))]


@pytest.mark.parametrize("method", METHODS)
def test_the_whole_stress_set_as_batches(
    method: str, by_size: dict[int, tuple[list[int], np.ndarray, np.ndarray]]
) -> None:
    wrong, seen = [], 0
    for ids, y, v in by_size.values():
        fits = mk.pool_many(y, v, tau2=method)
        assert fits.converged.all()
        wrong += misses(method, ids, y, v, fits.estimate, fits.tau2, fits.se_tau2)
        seen += len(ids)
    assert not wrong, f"{len(wrong)} of {seen}: {'; '.join(wrong[:6])}"
    assert seen >= 2_000


@pytest.mark.parametrize("method", METHODS)
def test_the_whole_stress_set_one_by_one(method: str) -> None:
    """Single fits take another path (plain floats), with the same promise."""
    wrong = []
    for i, case in enumerate(CASES):
        fit = mk.pool(case["y"], case["v"], tau2=method)
        assert fit.converged
        row = np.array([case["y"]]), np.array([case["v"]])
        wrong += misses(method, [i], *row, *(np.array([x]) for x in (fit.estimate, fit.tau2, fit.se_tau2)))
    assert not wrong, f"{len(wrong)} of {len(CASES)}: {'; '.join(wrong[:6])}"


def test_the_answers_hold_when_computed_again() -> None:
    """A fixed hundred of the smaller cases, solved afresh: the committed answers are those of mpmath."""
    small = [i for i, case in enumerate(CASES) if len(case["y"]) <= LIVE_K]
    for i in np.random.Generator(np.random.PCG64(LIVE_SEED)).choice(small, LIVE, replace=False):
        case = CASES[i]
        found = answers(case["y"], case["v"])
        assert found["maxima"] == case["maxima"]
        for method in METHODS:
            assert found[method] == pytest.approx(case[method], rel=1e-14, abs=0.0), f"case {i}, {method}"


def test_the_stress_set_is_hard() -> None:
    """It has what it promises: sizes, spread, scales, ties, several maxima, and maxima at 0."""
    assert Counter(c["family"] for c in CASES) == dict.fromkeys(FAMILIES, CASES_PER_FAMILY) | {"large": LARGE}
    sizes = [len(c["y"]) for c in CASES]
    assert (min(sizes), max(sizes)) == (2, 500)
    spread = [max(c["v"]) / min(c["v"]) for c in CASES]
    assert max(spread) > 5e5
    scales = [math.log10(max(c["v"])) / 2 for c in CASES]
    assert min(scales) < -6
    assert max(scales) > 5.9
    assert sum(len(set(c["y"])) < len(c["y"]) for c in CASES) >= 100
    assert sum(max(c["maxima"]) > 1 for c in CASES) >= CASES_PER_FAMILY
    assert 300 <= sum(c["REML"] == 0 for c in CASES) <= 1_000


def test_a_local_maximum_would_be_caught() -> None:
    """Starting from DerSimonian-Laird and climbing ends in the wrong maximum often enough for the set to notice."""
    caught = 0
    rivals = [c for c in CASES if c["family"] == "several_maxima" and c["maxima"][0] > 1]
    for case in rivals[:40]:
        y, v = np.array([case["y"]]), np.array([case["v"]])
        there = climb(Problem.of(y, v), mk.pool(y[0], v[0], tau2="DL").tau2 + 1e-3 * v.min())
        mean, se = weighted(y, v, np.array([case["REML"]]))
        climbed, _ = weighted(y, v, np.array([there]))
        caught += bool(abs(climbed - mean)[0] > 0.01 * se[0])
    assert caught >= 10


def climb(pr: Problem, t: float) -> float:
    """Where steepest ascent in log tau2, in steps of 5 %, comes to rest."""

    def height(at: float) -> float:
        return float(log_likelihood(pr, np.array([at]), restricted=True)[0])

    here = height(t)
    step = 1.05 if height(t * 1.05) > here else 1 / 1.05
    for _ in range(2_000):
        ahead = height(t * step)
        if not ahead > here:
            break
        t, here = t * step, ahead
    return t


@pytest.mark.parametrize("method", ["REML", "ML"])
def test_no_point_of_a_grid_is_higher(method: str) -> None:
    """The likelihood at the estimate, in 40 digits, is at least that of 200 other values of tau2."""
    for case in [c for c in CASES if c["family"] in ("several_maxima", "few")][::80]:
        y, v = np.array(case["y"]), np.array(case["v"])
        found = mk.pool(y, v, tau2=method).tau2
        grid = np.concatenate([[0.0], np.geomspace(1e-4 * v.min(), 10 * (np.ptp(y) ** 2 + v.max()), 200)])
        with mp.workdps(40):
            best = height_of(y, v, found, method)
            assert all(height_of(y, v, t, method) <= best + mp.mpf("1e-12") for t in grid)


def height_of(y: np.ndarray, v: np.ndarray, t: float, method: str) -> mp.mpf:
    """(Restricted) log-likelihood without constants,, summed study by study."""
    d = [mp.mpf(x) + mp.mpf(t) for x in v]
    total = mp.fsum(1 / x for x in d)
    mean = mp.fsum(mp.mpf(a) / x for a, x in zip(y, d, strict=True)) / total
    out = mp.fsum(mp.log(x) + (mp.mpf(a) - mean) ** 2 / x for a, x in zip(y, d, strict=True))
    return -(out + (mp.log(total) if method == "REML" else 0)) / 2
