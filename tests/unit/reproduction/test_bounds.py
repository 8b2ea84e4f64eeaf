"""`bounds`: exact where enumerated, proved and found otherwise, and what it refuses."""

from __future__ import annotations

import itertools
import json
import math
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import DataError, InputError
from metaket.reproduction.bounds import bounds
from metaket.reproduction.bounds_answer import Span
from metaket.reproduction.bounds_proof import BOUNDED, SOLVED

EXACT = 1e-9  # two ways to the same closed form
BUDGET = 3.0  # processor seconds (machines are shared) for nine trials with two open arms each

SMALL = [
    {"study": "A", "n_t": 6, "n_c": 5, "events_t": 4, "events_c": 1},
    {"study": "B", "n_t": 5, "n_c": 5, "events_t": "", "events_c": 2},
    {"study": "C", "n_t": 4, "n_c": 6, "events_t": 3, "events_c": None},
]
OPEN = [{"study": "A", "n_t": 9, "n_c": 9}, {"study": "B", "n_t": 9, "n_c": 8, "events_c": 5}]
LARGE = [{"study": f"S{i}", "n_t": 20 + i, "n_c": 20} for i in range(9)]


def pooled_by_hand(rows: list[dict[str, Any]], **keep: int) -> list[mk.PooledResult]:
    """Pool every completion of SMALL, one after the other, that has the totals asked for."""
    out = []
    for b, c in itertools.product(range(6), range(7)):
        whole = [dict(r) for r in rows]
        whole[1]["events_t"], whole[2]["events_c"] = b, c
        if all(sum(r[name] for r in whole) == total for name, total in keep.items()):
            out.append(mk.pool(mk.effect_sizes(pd.DataFrame(whole), "RR"), tau2="DL"))
    return out


@pytest.mark.parametrize("keep", [{}, {"events_t": 9}, {"events_c": 5}])
def test_enumeration_against_a_plain_loop(keep: dict[str, int]) -> None:
    found = mk.bounds(SMALL, ties={name: str(total) for name, total in keep.items()})
    every = pooled_by_hand(SMALL, **keep)
    for name, values in {
        "estimate": [math.exp(r.estimate) for r in every],
        "ci_low": [math.exp(r.ci().low) for r in every],
        "ci_high": [math.exp(r.ci().high) for r in every],
    }.items():
        span = found.spans[name]
        assert (span.found_low, span.found_high) == pytest.approx((min(values), max(values)), rel=EXACT)
        assert span.exact
    assert found.exact
    assert found.sets[0].completions == 42


def test_ties_about_the_result_filter_completions() -> None:
    every = pooled_by_hand(SMALL)
    better = [math.exp(r.estimate) for r in every if r.ci().low > 0]
    found = mk.bounds(SMALL, ties={"decision": "treatment better"})
    assert found.spans["estimate"].found_low == pytest.approx(min(better), rel=EXACT)
    assert found.decisions == {
        "treatment better": "possible",
        "no difference": "impossible",
        "control better": "impossible",
    }
    text = f"{math.exp(every[7].estimate):.3f}"
    printed = mk.bounds(SMALL, ties={"estimate": text})
    assert f"{printed.spans['estimate'].found_low:.3f}" == text
    p = mk.bounds(SMALL, ties={"p_value": "<0.05"})
    assert p.status == "possible"
    same = mk.bounds(SMALL, ties={"significant": "significant"})
    assert same.spans["estimate"] == p.spans["estimate"]


@pytest.mark.parametrize("rows", [OPEN, LARGE[:5]])
def test_lower_is_better_swaps_the_decisions(rows: list[dict[str, Any]]) -> None:
    up, down = mk.bounds(rows), mk.bounds(rows, better="lower")
    assert up.spans == down.spans
    assert up.decisions["treatment better"] == down.decisions["control better"]
    tied = mk.bounds(rows, better="lower", ties={"decision": "treatment better"})
    assert tied.spans["ci_high"].found_high <= 1.0
    assert tied.spans["events_c"].proved_low >= 1  # nobody has fewer events than none


def test_nothing_fits_and_that_is_proved() -> None:
    found = mk.bounds(SMALL, ties={"events_t": "3"})
    assert found.status == "impossible"
    assert found.sets[0].method == "margins"
    assert "no whole-number completion agrees with what is printed (proved)" in str(found)
    assert found.to_frame().empty
    result = mk.bounds(SMALL, ties={"estimate": "250.0"})
    assert (result.status, result.sets[0].method) == ("impossible", "enumeration")


def test_sizes_as_ranges_and_a_study_of_which_only_the_total_is_known() -> None:
    rows = [
        {"study": "A", "n_t": 6, "n_c": 5, "events_t": 4, "events_c": 1},
        {"study": "B", "n_t": "2 to 4", "n_c": "2 to 4", "n_total": 6},
    ]
    found = mk.bounds(rows)
    assert found.sets[0].completions == 3 * 5 + 4 * 4 + 5 * 3
    assert (found.spans["n_t"].found_low, found.spans["n_t"].found_high) == (8, 10)
    tied = mk.bounds(rows, ties={"n_t": "9", "rate_t": "50.0%"})
    assert tied.status == "impossible"
    assert mk.bounds(rows, ties={"n_t": "10", "rate_t": "50.0%"}).status == "possible"


def test_a_rate_of_arms_whose_sizes_are_ranges() -> None:
    """Too many completions to pool; the rate leaves few totals, and all that is found has them."""
    known = {"study": "A", "n_t": 47, "n_c": 25, "events_t": 30, "events_c": 7}
    found = mk.bounds([known, {"study": "B", "n_t": "15 to 35", "n_c": "15 to 35"}], ties={"rate_t": "52.2%"})
    fits = [
        (30 + e, 47 + n) for n in range(15, 36) for e in range(n + 1) if f"{100 * (30 + e) / (47 + n):.1f}" == "52.2"
    ]
    assert found.sets[0].method == "proof and search"
    assert found.status == "possible"
    for i, name in enumerate(("events_t", "n_t")):
        ends = (min(f[i] for f in fits), max(f[i] for f in fits))
        assert (found.spans[name].proved_low, found.spans[name].proved_high) == ends
    assert sum(t[1] for t in found.spans["estimate"].at_low) / sum(
        t[2] for t in found.spans["estimate"].at_low
    ) == pytest.approx(0.522, abs=0.0005)


def test_a_tie_that_takes_too_much_is_left_out_of_the_proof_and_named() -> None:
    rows = [{"study": s, "n_t": "10 to 30", "n_c": "10 to 30"} for s in "AB"]
    found = mk.bounds(rows, ties={"n_total": "80", "rate_t": "52.2%", "rate_c": "31.7%"})
    assert found.sets[0].relaxed
    assert "left out of the proof, which would take too much" in str(found)


def test_an_arms_percentage_limits_its_counts() -> None:
    rows = [SMALL[0], {"study": "B", "n_t": 11, "n_c": 5, "percent_t": "63.6%", "events_c": 2}]
    found = mk.bounds(rows)
    assert found.sets[0].completions == 1
    assert found.spans["events_t"].found_low == 11


def test_choices_of_studies() -> None:
    whole = [dict(SMALL[0]), dict(SMALL[1], events_t=5), dict(SMALL[2], events_c=0)]
    found = mk.bounds(whole, studies=2, ties={"n_t": "10"})
    assert [s.status for s in found.sets] == ["impossible", "possible", "impossible"]
    assert found.possible[0].left_out == ("B",)
    assert "1 of 3 choices of studies are possible" in str(found)


def test_too_many_to_enumerate_says_what_is_proved_and_what_found() -> None:
    start = time.process_time()
    found = mk.bounds(LARGE, ties={"rate_t": "52.3%"})
    assert time.process_time() - start < BUDGET
    assert not found.exact
    assert found.sets[0].method == "proof and search"
    for span in found.spans.values():
        assert span.proved_low <= span.found_low + EXACT
        assert span.found_high <= span.proved_high * (1 + EXACT)
    assert "it is not proved to be all there is" in str(found)
    assert found.to_dict()["limits"].startswith("the inner range was found by a seeded search")
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["status"] == "possible"


def test_a_common_effect_is_exact_however_many_completions() -> None:
    """All events in the treated, none in the controls; and the other way about: the ends of the range without ties."""
    rows = [{"study": f"S{i}", "n_t": 10, "n_c": 10} for i in range(12)]
    span = mk.bounds(rows, "RD", model="common").spans["estimate"]
    assert (span.found_low, span.found_high) == pytest.approx((-1.0 + 1 / 11, 1.0 - 1 / 11), abs=1e-6)
    assert span.exact


def test_interval_ends_are_proved_for_the_normal_test_only() -> None:
    found = mk.bounds(LARGE, test="hksj").spans
    assert math.isnan(found["ci_low"].proved_low)
    assert "nothing proved" in found["ci_low"].words()
    assert math.isfinite(found["estimate"].proved_low)
    median = mk.bounds(LARGE[:4], tau2="PMM").spans  # no bound of its tau2 is known: the estimate is proved for any
    assert math.isnan(median["ci_high"].proved_high)
    assert median["estimate"].proved_low <= median["estimate"].found_low
    reml = mk.bounds(LARGE[:4], tau2="REML").spans
    assert reml["ci_high"].found_high <= reml["ci_high"].proved_high < math.inf


@pytest.mark.parametrize("method", BOUNDED)
def test_tau2_is_at_most_half_the_squared_range_of_the_effects(method: str) -> None:
    """The inequality on which the proofs for random effects rest, where half of the effects are at either end too."""
    rng = np.random.default_rng(1)
    for k in (2, 3, 6):
        y = rng.normal(size=(300, k))
        y[:150] = np.sign(y[:150])
        v = np.exp(rng.normal(size=(300, k)) * rng.choice([0.1, 1.0, 3.0], (300, 1))) * 10.0 ** -rng.integers(
            0, 4, (300, 1)
        )
        half = np.ptp(y, axis=1) ** 2 / 2.0
        tau2 = mk.pool_many(y, v, tau2=method).tau2
        assert np.all(tau2 <= half * (1.0 + SOLVED))
        assert np.any(tau2 > 0.4 * half)  # near it, so that no smaller bound would do


def test_one_value_is_one_number() -> None:
    """ "exactly 149 to 149" says less than "exactly 149"."""
    assert Span("events_t", 149.0, 149.0, 149.0, 149.0).words() == "exactly 149"
    assert Span("rate_t", 50.0, 50.0, 50.0, 52.25).words() == "found 50 %; proved 50 to 52.25 %"
    assert Span("n_t", 12345.0, 12346.0, 12345.0, 12346.0).words() == "exactly 12345 to 12346"


def test_a_completion_without_an_interval_is_not_admissible() -> None:
    """Hartung-Knapp needs two studies; where B has no event in either arm only A is left."""
    rows = [SMALL[0], {"study": "B", "n_t": 5, "n_c": 5}]
    found = mk.bounds(rows, test="hksj")
    assert math.isfinite(found.spans["ci_low"].found_low)
    assert found.spans["events_t"].found_low == SMALL[0]["events_t"]  # with an event among the controls of B
    assert str(mk.bounds(SMALL[:1])).startswith("RR of 1 study; printed: nothing")
    only = mk.bounds([SMALL[0], {"study": "B", "n_t": 5, "n_c": 5, "events_t": 0, "events_c": 0}], test="hksj")
    assert only.status == "impossible"


def test_joined_ranges_keep_a_proof_only_where_both_have_one() -> None:
    one, two = Span("estimate", 1.0, 2.0, 0.5, 3.0), Span("estimate", math.nan, math.nan, math.nan, 9.0)
    both = one.joined(two)
    assert (both.found_low, both.found_high, both.proved_high) == (1.0, 2.0, 9.0)
    assert math.isnan(both.proved_low)
    assert two.words() == "nothing found; nothing proved"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"data": []}, InputError, "no study left"),
        ({"measure": "SMD"}, InputError, "measure must be one of RR, OR, RD, AS, PETO, got SMD"),
        ({"model": "random-mh"}, InputError, "models random, common, mh and peto"),
        ({"zero_cells": "if0all"}, InputError, "ties the studies to each other"),
        ({"ties": {"rate": "5%"}}, InputError, "unknown tie 'rate'"),
        ({"ties": {"decision": "better"}}, InputError, "Did you mean"),
        ({"ties": {"rate_t": "lots"}}, InputError, "rate_t: cannot read"),
        ({"studies": 4}, InputError, "studies must be from 1 to 3, got 4"),
        ({"better": "up"}, InputError, "better"),
        ({"data": [{"study": "A", "n_t": "", "n_c": 4}]}, DataError, r"row 1 \(A\): n_t is blank; give a number, or a"),
        ({"data": [{"study": "A", "n_t": 3, "n_c": 4, "events_t": 5}]}, DataError, "events_t is 5 but n_t is 3"),
        ({"data": [{"study": "A", "n_t": 7, "n_c": 4, "percent_t": "50%"}]}, DataError, "gives percent_t 50%"),
        ({"data": [{"study": "A", "n_t": 7, "n_c": 4, "n_total": 12}]}, DataError, "no whole-number table fits"),
        ({"data": [{"study": "A", "n_t": "1 to 90", "n_c": "1 to 90"}]}, DataError, "narrow its sizes"),
        ({"data": [{"study": "A", "n_t": 0, "n_c": 4}]}, DataError, "n_t must be at least 1"),
    ],
)
def test_messages(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        bounds(**({"data": SMALL} | arguments))


def test_too_many_choices_are_refused() -> None:
    with pytest.raises(InputError, match="184,756 choices of 10 of 20"):
        mk.bounds([dict(SMALL[0], study=f"S{i}") for i in range(20)], studies=10)


def test_blank_and_frames_are_read_alike() -> None:
    frame = pd.DataFrame(SMALL)
    frame["events_t"] = [4.0, np.nan, 3.0]
    assert mk.bounds(frame).spans == mk.bounds(SMALL).spans
