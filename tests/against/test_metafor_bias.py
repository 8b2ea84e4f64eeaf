"""Small-study effects against metafor's answers: regtest, ranktest, trimfill, tes, fsn (metafor 3.8-1)."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import metaket as mk
from metaket.errors import DataWarning, NotComputableError

Records = list[dict[str, Any]]
Effects = Callable[[str, str], tuple[np.ndarray, np.ndarray]]
Reference = Callable[[str], Records]

CLOSED = 1e-8  # sums and inverses of small matrices
ITERATED = 1e-6  # metafor stops Fisher scoring at an absolute step of 1e-12 in tau2
# metafor's trimfill passes no control on: its own fits stop at an absolute step of 1e-5 in tau2 (worst seen 3e-6)
UNCONTROLLED = 1e-5
INTEGRATED = 5e-5  # metafor integrates the power numerically (worst seen 2.2e-5, in p); ours is closed
UNIROOT = 1e-3  # metafor's root of the limit estimate by uniroot at its default tolerance
ITERATIVE = {"REML", "ML", "PM", "EB", "SJ"}
TESTS = {"z": "z", "t": "t", "knha": "hksj"}
NEGATIVE = 46  # records whose standard error of k0 is taken at a number below 0
# How many records the reference held when it was made. The grid may grow; it never shrinks.
KINDS = {"trim_and_fill": 189, "regression_test": 196, "rank_test": 14, "excess_significance": 51, "fail_safe_n": 56}


@pytest.fixture(autouse=True)
def _few_studies() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        yield


@pytest.fixture(scope="module")
def cases(reference: Reference) -> Callable[[str], Records]:
    return lambda kind: [r for r in reference("diagnostics") if r["kind"] == kind]


@pytest.fixture(scope="module")
def pooled(reference: Reference, effects_of: Effects) -> Callable[[dict[str, Any]], mk.PooledResult]:
    """Our fit of a record's question, its effects with the sizes beside them."""
    rows = {tuple(r[n] for n in ("dataset", "measure", "method", "test")): r["rows"] for r in reference("diagnostics")
            if r["kind"] == "fit"}  # fmt: skip
    columns = {r["id"]: r["columns"] for r in reference("datasets")}
    kept: dict[tuple[str, ...], mk.PooledResult] = {}

    def fit(case: dict[str, Any]) -> mk.PooledResult:
        key = tuple(case[n] for n in ("dataset", "measure", "method", "test"))
        if key not in kept:
            y, v = effects_of(case["dataset"], case["measure"])
            table = columns[case["dataset"]]
            at = [i - 1 for i in rows[key]]
            assert len(at) == y.size
            sizes = {n: [table[n][i] for i in at] for n in ("n", "n_t", "n_c") if n in table}
            effects = mk.effect_sizes({"y": y, "v": v, **sizes}, "GEN")
            model = {"model": "common"} if case["method"] == "common" else {"tau2": case["method"]}
            kept[key] = mk.pool(effects, **model, test=TESTS[case["test"]])
        return kept[key]

    return fit


def tolerance(case: dict[str, Any]) -> float:
    return ITERATED if case["method"] in ITERATIVE else CLOSED


def same(mine: float | None, theirs: float | None, rel: float, floor: float = 1e-6) -> bool:
    if theirs is None or mine is None:
        return theirs is None and (mine is None or math.isnan(mine))
    return abs(mine - theirs) <= rel * max(abs(theirs), floor)


def test_the_grid_is_whole(reference: Reference) -> None:
    found = Counter(r["kind"] for r in reference("diagnostics"))
    assert all(found[kind] >= count for kind, count in KINDS.items()), found


def test_eggers_regressions(cases: Any, pooled: Any) -> None:
    wrong = []
    for case in cases("regression_test"):
        found = mk.egger(pooled(case), predictor=case["predictor"], model=case["model"])
        low, high = found.limit_ci()
        df = None if math.isinf(found.df) else found.df
        ours = {"statistic": found.statistic, "df": df, "p_value": found.p_value}
        ours |= {"limit": found.limit, "limit_low": low, "limit_high": high}
        rel = tolerance(case) if case["model"] == "rma" else CLOSED
        wrong += [
            f"{case['id']} {n}: {x} against {case[n]}" for n, x in ours.items() if not same(x, case[n], rel, 1e-2)
        ]
    assert not wrong, "\n".join(wrong[:20])


def test_rank_tests(cases: Any, pooled: Any) -> None:
    for case in cases("rank_test"):
        found = mk.begg(pooled(case))
        assert found.tau == pytest.approx(case["tau"], rel=CLOSED), case["id"]
        assert found.p_value == pytest.approx(case["p_value"], rel=CLOSED), case["id"]
        assert found.method == ("normal" if "warnings" in case else "exact"), case["id"]


def test_trim_and_fill(cases: Any, pooled: Any) -> None:
    """metafor's standard error of k0 is taken at the number before it is cut off at 0, even a negative one (for which
    it can be imaginary); ours after. Those of k0 = 0 are therefore compared where the two agree that it is not below.
    """
    wrong, negative = [], 0
    for case in cases("trim_and_fill"):
        side = None if case["side"] == "auto" else case["side"]
        if case.get("failed"):
            with pytest.raises(NotComputableError, match="Q0 is the root of a negative number"):
                mk.trim_and_fill(pooled(case), estimator=case["estimator"], side=side)
            continue
        found = mk.trim_and_fill(pooled(case), estimator=case["estimator"], side=side)
        assert (found.k0, found.side, found.result.k) == (case["k0"], case["side_used"], case["k_filled"]), case["id"]
        r, rel = found.result, UNCONTROLLED if case["method"] in ITERATIVE else CLOSED
        ours = {"k0_se": found.k0_se, "k0_p": found.k0_p, "estimate": r.estimate, "std_error": r.std_error}
        ours |= {"ci_low": r.ci().low, "ci_high": r.ci().high, "p_value": r.p_value, "q": r.q}
        if found.k0 == 0 and not same(found.k0_se, case["k0_se"], rel):
            negative += 1
            del ours["k0_se"]
        wrong += [f"{case['id']} {n}: {x} against {case[n]}" for n, x in ours.items()
                  if not same(x, case[n], rel, 1e-2)]  # fmt: skip
        added = [] if found.filled is None else sorted(zip(found.filled.y, found.filled.v, strict=True))
        theirs = sorted(zip(case["y_added"], case["v_added"], strict=True))
        assert np.array(added) == pytest.approx(np.array(theirs), rel=rel, abs=1e-8), case["id"]
    assert negative <= NEGATIVE
    assert not wrong, "\n".join(wrong[:20])


def test_pet_and_peese_are_metafors_limits(cases: Any, pooled: Any) -> None:
    for case in cases("regression_test"):
        if case["model"] == "lm" and case["predictor"] in ("sei", "vi"):
            found = (mk.pet if case["predictor"] == "sei" else mk.peese)(pooled(case))
            limits = (found.estimate, *found.ci())
            theirs = (case["limit"], case["limit_low"], case["limit_high"])
            assert limits == pytest.approx(theirs, rel=CLOSED, abs=1e-9), case["id"]


def test_excess_significance(cases: Any, pooled: Any) -> None:
    """metafor finds the limit by uniroot to 1e-4 of a step, and has none where ours lies beyond its search."""
    for case in cases("excess_significance"):
        found = mk.excess_significance(pooled(case), test=case["exact_test"])
        rel = CLOSED if found.tau2 == 0 else INTEGRATED
        assert found.observed == case["observed"], case["id"]
        assert found.significant.tolist() == case["significant"], case["id"]
        assert found.power == pytest.approx(np.array(case["power"]), rel=rel), case["id"]
        assert found.p_value == pytest.approx(case["p_value"], rel=rel), case["id"]
        if case["chi2"] is not None:
            assert found.chi2 == pytest.approx(case["chi2"], rel=rel, abs=10 * rel), case["id"]
        limit = case["theta_limit"][0]
        assert (found.theta_limit is None) == (limit is None), case["id"]
        if limit is not None:
            assert found.theta_limit == pytest.approx(limit, rel=UNIROOT), case["id"]


def test_fail_safe_n(cases: Any, pooled: Any) -> None:
    for case in cases("fail_safe_n"):
        options = {"weighted": True} if case.get("weighted") else {}
        found = mk.fail_safe_n(pooled(case), method=case["type"], **options)
        assert found.n == case["n"], case["id"]
        for ours, theirs in ((found.p_value, case["p_value"]), (found.mean_effect, case["mean_effect"])):
            assert same(ours, theirs, CLOSED, 1e-300), case["id"]
        assert same(found.target, case["target"], CLOSED), case["id"]
