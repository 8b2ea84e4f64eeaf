"""Selection models and tests of counts against metafor 3.8-1 (selmodel, regtest, ranktest) and R's lm.

metafor's optimiser (nlminb) stops at a relative 1e-11 to 1e-8 of the deviance, so that its parameters have some six
digits; ours climbs until the Newton decrement is below 1e-14, and its likelihood may not be the lower one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import metaket as mk

Records = list[dict[str, Any]]
CLOSED = 1e-8  # least squares of a few studies
ITERATED = 1e-5  # REML of a regression: metafor's step in tau2; and its optimiser, worst seen 7e-6
LIKELIHOOD = 1e-8  # absolute; nlminb's stop
KINDS = {"harbord": 5, "peters": 10, "arcsine": 15, "selection": 43}
# metafor differentiates at the bound as if it were not there; ours holds such a parameter, so that the standard errors
# of the others are those without it
AT_BOUND = 4


@pytest.fixture(scope="module")
def cases(reference: Callable[[str], Records]) -> Callable[[str], Records]:
    return lambda kind: [r for r in reference("small_study") if r["kind"] == kind]


@pytest.fixture(scope="module")
def counts(reference: Callable[[str], Records]) -> Callable[[dict[str, Any], str], mk.EffectSizes]:
    columns = {r["id"]: r["columns"] for r in reference("datasets")}

    def effects(case: dict[str, Any], measure: str) -> mk.EffectSizes:
        names = ("events_t", "n_t", "events_c", "n_c")
        table = {n: [columns[case["dataset"]][n][i - 1] for i in case["rows"]] for n in names}
        return mk.effect_sizes(table, measure)

    return effects


def test_the_grid_is_whole(reference: Callable[[str], Records]) -> None:
    records = reference("small_study")
    found = Counter(r["kind"] for r in records)
    assert all(found[kind] >= count for kind, count in KINDS.items()), found
    assert not [r["id"] for r in records if r.get("failed")]


def compare(case: dict[str, Any], found: Any, rel: float) -> None:
    names = ("statistic", "p_value", "limit", "limit_se", "slope", "slope_se")
    for name in names:
        if name in case:
            assert getattr(found, name) == pytest.approx(case[name], rel=rel, abs=1e-9), (case["id"], name)
    assert found.df == (math.inf if case["df"] is None else case["df"]), case["id"]


def test_harbord(cases: Any, counts: Any) -> None:
    for case in cases("harbord"):
        compare(case, mk.harbord(counts(case, "OR")), CLOSED)


def test_peters(cases: Any, counts: Any) -> None:
    for case in cases("peters"):
        compare(case, mk.peters(counts(case, case["option"])), CLOSED)


def test_arcsine(cases: Any, counts: Any) -> None:
    for case in cases("arcsine"):
        found = mk.schwarzer(counts(case, "OR"), method=case["option"])
        if case["option"] == "begg":
            assert (found.tau, found.p_value) == pytest.approx((case["tau"], case["p_value"]), rel=CLOSED), case["id"]
        else:
            compare(case, found, ITERATED if case["option"] == "thompson" else CLOSED)


def fit(case: dict[str, Any]) -> mk.SelectionModel:
    result = mk.pool(case["y"], case["v"], model="common" if case["method"] == "EE" else "random")
    options = {"steps": case["steps"], "weights": case["weights"], "precision": case["precision"]}
    return mk.selection_model(result, case["type"], alternative=case["alternative"], **options)


def test_selection_models(cases: Any) -> None:
    bound = 0
    for case in cases("selection"):
        found = fit(case)
        assert found.converged, case["id"]
        scale = math.sqrt(float(np.median(case["v"])))
        assert found.estimate == pytest.approx(case["estimate"], rel=ITERATED, abs=ITERATED * scale), case["id"]
        assert found.tau2 == pytest.approx(case["tau2"], rel=ITERATED, abs=1e-4 * scale**2), case["id"]
        assert found.delta == pytest.approx(case["delta"], rel=ITERATED, abs=1e-5), case["id"]
        assert found.log_likelihood == pytest.approx(case["log_likelihood"], abs=LIKELIHOOD), case["id"]
        assert found.log_likelihood > case["log_likelihood"] - 1e-9, case["id"]
        if case["weights"] is None:
            assert found.lrt == pytest.approx(case["lrt"], abs=2 * LIKELIHOOD), case["id"]
            assert (found.lrt_df, found.lrt_p) == (case["lrt_df"], pytest.approx(case["lrt_p"], abs=1e-6)), case["id"]
        if any("bound" in text for text in found.cautions):
            bound += 1
            continue
        assert found.std_error == pytest.approx(case["std_error"], rel=10 * ITERATED), case["id"]
        known = [x for x in found.se_delta if not math.isnan(x)]
        assert known == pytest.approx([x for x in case["se_delta"] if x is not None], rel=10 * ITERATED), case["id"]
        if case["tau2"] > 1e-6:
            assert found.se_tau2 == pytest.approx(case["se_tau2"], rel=10 * ITERATED), case["id"]
    assert bound == AT_BOUND
