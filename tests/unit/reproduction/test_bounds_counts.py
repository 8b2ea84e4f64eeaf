"""`bounds` of Mantel-Haenszel and Peto pools, against `pool` on every completion."""

from __future__ import annotations

import itertools
import math
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
import metaket.reproduction.bounds as module
from metaket.errors import InputError, MetaketError
from metaket.reproduction.bounds_cells import least_ratio
from metaket.reproduction.bounds_inputs import read_studies
from metaket.reproduction.bounds_program import make_program

EXACT = 1e-9  # two ways to the same closed form
PROVED = 1e-7  # proved ends are widened by 1e-9 of their size, and of that of the sums that cancel
BUDGET = 6.0  # processor seconds (machines are shared) for nine trials with two open arms each
KINDS = [("mh", "OR"), ("mh", "RR"), ("mh", "RD"), ("peto", "OR")]
SMALL = [
    {"study": "A", "n_t": 6, "n_c": 5, "events_t": 4, "events_c": 1},
    {"study": "B", "n_t": 5, "n_c": 5, "events_t": "", "events_c": 2},
    {"study": "C", "n_t": 4, "n_c": 6, "events_t": 3, "events_c": None},
]
LARGE = [{"study": f"S{i}", "n_t": 20 + i, "n_c": 20} for i in range(9)]
ENDS = ("estimate", "ci_low", "ci_high")


def by_pool(whole: list[dict[str, Any]], model: str, measure: str) -> tuple[float, float, float]:
    result = mk.pool(mk.effect_sizes(pd.DataFrame(whole), measure), model=model)
    return tuple(float(result.back(x)) for x in (result.estimate, result.ci().low, result.ci().high))  # type: ignore[return-value]


@pytest.mark.parametrize(("model", "measure"), KINDS)
def test_enumeration_against_pool(model: str, measure: str) -> None:
    every = []
    for b, c in itertools.product(range(6), range(7)):
        whole = [dict(r) for r in SMALL]
        whole[1]["events_t"], whole[2]["events_c"] = b, c
        every.append(by_pool(whole, model, measure))
    found = mk.bounds(SMALL, measure, model=model)
    for i, name in enumerate(ENDS):
        want = (min(e[i] for e in every), max(e[i] for e in every))
        assert (found.spans[name].found_low, found.spans[name].found_high) == pytest.approx(want, rel=EXACT)
        assert found.spans[name].exact


def open_trials(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Few patients, many empty cells, about half of the counts unknown, now and then a size."""
    rows = []
    for i in range(int(rng.integers(2, 4))):
        n1, n2 = (int(x) for x in rng.integers(1, 7, 2))
        row: dict[str, Any] = {"study": f"S{i}", "n_t": n1, "n_c": n2}
        row |= {"events_t": int(rng.integers(0, n1 + 1)), "events_c": int(rng.integers(0, n2 + 1))}
        row |= dict.fromkeys([c for c in ("events_t", "events_c") if rng.random() < 0.5], "")
        rows.append(row | ({"n_c": f"{n2} to {n2 + 1}"} if rng.random() < 0.2 else {}))
    return rows


@pytest.mark.parametrize(("model", "measure"), KINDS)
def test_proof_against_enumeration(model: str, measure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate is exact, the limits are inside and near, and what is found is attained."""
    rng = np.random.default_rng(20)
    seen = 0
    for _ in range(7):
        rows, ties = open_trials(rng), {"events_total": str(rng.integers(2, 9))} if rng.random() < 0.5 else {}
        monkeypatch.setattr(module, "ENUMERATE", 200_000)
        exact = mk.bounds(rows, measure, ties=ties, model=model)
        monkeypatch.setattr(module, "ENUMERATE", 0)
        proof = mk.bounds(rows, measure, ties=ties, model=model)
        assert (exact.status == "impossible") <= (proof.status != "possible")
        for name, want in exact.spans.items():
            seen += 1
            have = proof.spans[name]
            slack = PROVED * (1.0 + abs(want.found_low) + abs(want.found_high))
            assert have.proved_low <= want.found_low + slack, name
            assert have.proved_high >= want.found_high - slack, name
            assert have.found_low >= want.found_low - slack, name
            assert have.found_high <= want.found_high + slack, name
            if name == "estimate" and measure != "RD":
                assert have.proved_low == pytest.approx(want.found_low, rel=PROVED)
                assert have.proved_high == pytest.approx(want.found_high, rel=PROVED)
    assert seen > 30


@pytest.mark.parametrize(("model", "measure"), KINDS)
@pytest.mark.parametrize("decision", ["treatment better", "control better"])
def test_totals_under_a_decision(model: str, measure: str, decision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """None that a decided completion has is excluded, and some are."""
    rows = [{"study": "A", "n_t": 12, "n_c": 11}, {"study": "B", "n_t": 9, "n_c": 10, "events_t": 4}]
    ties = {"decision": decision}
    exact = mk.bounds(rows, measure, ties=ties, model=model).spans
    monkeypatch.setattr(module, "ENUMERATE", 0)
    proof = mk.bounds(rows, measure, ties=ties, model=model).spans
    whole = mk.bounds(rows, measure, model=model).spans
    for name in ("events_t", "events_c"):
        assert proof[name].proved_low <= exact[name].found_low
        assert proof[name].proved_high >= exact[name].found_high
    up = decision == "treatment better"
    side = ("events_c", "proved_high") if up else ("events_c", "proved_low")
    assert getattr(proof[side[0]], side[1]) != getattr(whole[side[0]], side[1])


@pytest.mark.parametrize(("model", "measure"), KINDS)
def test_swapped_arms_are_the_mirror(model: str, measure: str) -> None:
    there = read_studies(LARGE[:1], measure, model=model)[0]
    swapped = [{"study": "S", "n_t": LARGE[0]["n_c"], "n_c": LARGE[0]["n_t"]}]
    back = read_studies(swapped, measure, model=model)[0]
    assert there.sums is not None
    assert back.sums is not None
    code = {tuple(t): i for i, t in enumerate(zip(*(back.cells[c] for c in ("events_t", "events_c")), strict=True))}
    order = [code[c, a] for a, c in zip(there.cells["events_t"], there.cells["events_c"], strict=True)]
    mirror = there.sums.mirrored()
    for one, other in zip(
        (mirror.r, mirror.s, *mirror.parts), (back.sums.r, back.sums.s, *back.sums.parts), strict=True
    ):
        np.testing.assert_allclose(one, other[order], atol=1e-12)


@pytest.mark.parametrize(("model", "measure"), KINDS)
def test_too_many_to_enumerate(model: str, measure: str) -> None:
    start = time.process_time()
    found = mk.bounds(LARGE, measure, model=model, ties={"rate_t": "52.3%"})
    assert time.process_time() - start < BUDGET
    assert found.sets[0].method == "proof and search"
    assert found.status == "possible"
    assert found.spans["estimate"].exact
    for name in ENDS:
        span = found.spans[name]
        assert span.proved_low <= span.found_low * (1 + EXACT) + EXACT
        assert span.found_high <= span.proved_high * (1 + EXACT) + EXACT


def test_costs_that_are_rounding_errors_end_the_search() -> None:
    """With a single completion every cost at its own ratio is one."""
    rng = np.random.default_rng(2)
    one = read_studies([{"study": "A", "n_t": 7, "n_c": 3, "events_t": 2, "events_c": 1}], "OR", model="peto")
    program = make_program(one, ())
    for r, s in rng.uniform(0.1, 10.0, (200, 2)):
        assert least_ratio(program, [np.array([r])], [np.array([s])]).value == pytest.approx(r / s, rel=PROVED)


def test_what_a_pool_of_counts_needs() -> None:
    """A completion without any event among the controls has no Mantel-Haenszel odds ratio; nor has it in `pool`."""
    rows = [{"study": s, "n_t": 4, "n_c": 4, "events_t": 2} for s in "AB"]
    found = mk.bounds(rows, "OR", model="mh")
    assert found.spans["events_c"].found_low == 1
    with pytest.raises(MetaketError, match="too few events"):
        by_pool([dict(r, events_c=0) for r in rows], "mh", "OR")
    assert math.isfinite(found.spans["ci_high"].found_high)
    none = [dict(r, events_c=0) for r in rows]
    assert mk.bounds(none, "OR", model="mh").status == "impossible"
    assert mk.bounds(none, "OR", model="peto").status == "possible"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": "mh", "measure": "AS"}, "model 'mh' pools OR, RR, RD, not AS"),
        ({"model": "peto", "measure": "RR"}, "model 'peto' pools OR, PETO, not RR"),
        ({"model": "mh", "measure": "OR", "test": "t"}, "has the normal test only; use test='z', got 't'"),
        ({"model": "GLMM", "measure": "OR"}, "models random, common, mh and peto, got 'GLMM'"),
        ({"tau2": "GENQ"}, "'GENQ' needs weights"),
    ],
)
def test_messages(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        mk.bounds(SMALL, **options)
