"""Bounds hold the truth, whatever is missing; what is proved holds all that there is; what is found is attained."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metaket as mk
import metaket.reproduction.bounds as module
import metaket.reproduction.bounds_program as program
from metaket.errors import MetaketError
from metaket.reproduction.bounds_answer import Bounds
from metaket.reproduction.bounds_decision import possible_totals, weighted_pieces
from metaket.reproduction.bounds_inputs import read_studies, read_ties

EXACT = 1e-7  # relative: back-transformed ends of a range by two routes, proved ones widened by 1e-9
CELLS = 1e-6  # two searches for the best tangent may stop at different ones
Z = 1.959963984540054
Row = dict[str, Any]


@st.composite
def trials(draw: st.DrawFn, largest: int = 9, most: int = 4) -> tuple[list[Row], list[Row]]:
    """Complete trials, and the same with some events blank (few enough to enumerate)."""
    whole, open_rows = [], []
    tables = 1
    for i in range(draw(st.integers(2, most))):
        n1, n2 = draw(st.integers(2, largest)), draw(st.integers(2, largest))
        row: Row = {"study": f"S{i}", "n_t": n1, "n_c": n2}
        row |= {"events_t": draw(st.integers(0, n1)), "events_c": draw(st.integers(0, n2))}
        whole.append(row)
        blank = [c for c in ("events_t", "events_c") if draw(st.booleans())]
        size = math.prod(row[c.replace("events", "n")] + 1 for c in blank)
        if tables * size > 20_000:
            blank, size = [], 1
        tables *= size
        open_rows.append(row | dict.fromkeys(blank, ""))
    return whole, open_rows


def printed_totals(whole: list[Row], names: list[str]) -> dict[str, str]:
    total = {c: sum(r[c] for r in whole) for c in ("events_t", "n_t", "events_c", "n_c")}
    texts = {
        "rate_t": f"{100 * total['events_t'] / total['n_t']:.1f}%",
        "rate_c": f"{100 * total['events_c'] / total['n_c']:.0f}%",
        "events_total": str(total["events_t"] + total["events_c"]),
    }
    return {name: texts[name] for name in names}


def by_proof(rows: list[Row], measure: str, **options: Any) -> Bounds:
    """As if the completions were too many to enumerate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "ENUMERATE", 0)
        return module.bounds(rows, measure, **options)


def inside(low: float, value: float, high: float) -> bool:
    slack = EXACT * (1 + abs(value))
    return low - slack <= value <= high + slack


TIES = st.lists(st.sampled_from(["rate_t", "rate_c", "events_total"]), unique=True)
MEASURES = st.sampled_from(["RR", "OR", "RD"])
MODELS = st.sampled_from([{"model": "common"}, {"tau2": "DL"}, {"tau2": "HE"}, {"tau2": "PM"}, {"tau2": 0.3}])


@settings(max_examples=120, deadline=None)
@given(trials(), TIES, MEASURES, MODELS)
def test_the_truth_is_inside(data: Any, names: list[str], measure: str, options: dict[str, Any]) -> None:
    whole, rows = data
    try:
        truth = mk.pool(mk.effect_sizes({k: [r[k] for r in whole] for k in whole[0]}, measure), **options)
    except MetaketError:
        return  # nothing to pool in the true data: both arms empty everywhere
    ties = printed_totals(whole, names)
    values = {"estimate": truth.back(truth.estimate), "ci_low": truth.back(truth.ci().low)}
    values["ci_high"] = truth.back(truth.ci().high)
    exact = module.bounds(rows, measure, ties=ties, **options)
    proof = by_proof(rows, measure, ties=ties, **options)
    assert exact.exact
    assert exact.status == "possible"
    for name, value in values.items():
        assert inside(exact.spans[name].found_low, value, exact.spans[name].found_high), name
        assert inside(proof.spans[name].proved_low, value, proof.spans[name].proved_high), name


@settings(max_examples=120, deadline=None)
@given(trials(), TIES, MEASURES, MODELS)
def test_proof_holds_all_and_search_finds_only_what_there_is(
    data: Any, names: list[str], measure: str, options: dict[str, Any]
) -> None:
    whole, rows = data
    ties = printed_totals(whole, names)
    exact = module.bounds(rows, measure, ties=ties, **options)
    proof = by_proof(rows, measure, ties=ties, **options)
    if exact.status == "impossible":
        assert proof.status != "possible"
        return
    for name, all_of_it in exact.spans.items():
        span = proof.spans[name]
        assert inside(span.proved_low, all_of_it.found_low, math.inf), name
        assert inside(-math.inf, all_of_it.found_high, span.proved_high), name
        if proof.status == "possible":
            assert inside(all_of_it.found_low, span.found_low, all_of_it.found_high), name
            assert inside(all_of_it.found_low, span.found_high, all_of_it.found_high), name
    for decision, status in exact.decisions.items():
        allowed = ("possible", "not found") if status == "possible" else ("impossible", "not found")
        assert proof.decisions[decision] in allowed


@settings(max_examples=120, deadline=None)
@given(trials(), st.lists(st.sampled_from(["rate_t", "rate_c"]), unique=True), MEASURES)
def test_a_common_effect_is_exact(data: Any, names: list[str], measure: str) -> None:
    """Dinkelbach over totals equals enumeration."""
    whole, rows = data
    ties = printed_totals(whole, names)
    exact = module.bounds(rows, measure, ties=ties, model="common")
    proof = by_proof(rows, measure, ties=ties, model="common")
    if exact.status == "impossible":
        return
    for name in ("estimate", "events_t", "events_c"):
        want, have = exact.spans[name], proof.spans[name]
        assert have.proved_low == pytest.approx(want.found_low, rel=EXACT, abs=EXACT), name
        assert have.proved_high == pytest.approx(want.found_high, rel=EXACT, abs=EXACT), name


@settings(max_examples=80, deadline=None)
@given(trials(), st.booleans(), st.sampled_from([1, -1]), st.sampled_from([0.0, 0.2, None]))
def test_no_total_of_a_decided_completion_is_excluded(data: Any, tied: bool, side: int, known: float | None) -> None:
    whole, rows = data
    ties = printed_totals(whole, ["rate_t"] if tied else [])
    wanted = ties | {"decision": "treatment better" if side > 0 else "control better"}
    options: dict[str, Any] = {"tau2": "DL"} if known is None else {"tau2": known}
    exact = module.bounds(rows, "RR", ties=wanted, **options)
    if exact.status == "impossible":
        return
    studies = read_studies(rows, "RR")
    for name in ("events_t", "events_c"):
        kept = possible_totals(studies, read_ties(ties), name, weighted_pieces(studies, known, Z, side))
        span = exact.spans[name]
        assert kept[int(span.found_low)]
        assert kept[int(span.found_high)]


@settings(max_examples=40, deadline=None)
@given(trials(), MEASURES)
def test_more_ties_never_widen_a_range(data: Any, measure: str) -> None:
    whole, rows = data
    wide = module.bounds(rows, measure)
    narrow = module.bounds(rows, measure, ties=printed_totals(whole, ["rate_t", "rate_c"]))
    for name, span in narrow.spans.items():
        assert inside(wide.spans[name].found_low, span.found_low, wide.spans[name].found_high)
        assert inside(wide.spans[name].found_low, span.found_high, wide.spans[name].found_high)


def test_the_random_generator_of_a_search_is_its_seed() -> None:
    rows: list[Row] = [{"study": f"S{i}", "n_t": 20, "n_c": 20, "events_t": 8 + i} for i in range(5)]
    first, second = (module.bounds(rows, seed=3).to_dict() for _ in range(2))
    assert first == second
    assert np.isfinite(first["spans"][0]["found_low"])


@settings(max_examples=80, deadline=None)
@given(trials(), TIES, MEASURES, MODELS)
def test_thinning_changes_no_proof(data: Any, names: list[str], measure: str, options: dict[str, Any]) -> None:
    """Tables that no cost can pick may be left out: the proved ranges stay."""
    whole, rows = data
    ties = printed_totals(whole, names)
    full = by_proof(rows, measure, ties=ties, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "FEW", 0)
        thin = by_proof(rows, measure, ties=ties, **options)
    assert thin.status == full.status or "possible" not in (thin.status, full.status)
    for name in ("estimate", "ci_low", "ci_high"):
        if name in full.spans:
            one, other = full.spans[name], thin.spans[name]
            assert other.proved_low == pytest.approx(one.proved_low, rel=CELLS, abs=CELLS)
            assert other.proved_high == pytest.approx(one.proved_high, rel=CELLS, abs=CELLS)
