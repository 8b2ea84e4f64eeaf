"""The grid of explain against pool, setting by setting; classes of settings; versions of the inputs in batches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.errors import InputError
from metaket.pooling.result import PooledResult
from metaket.reproduction.claims import read_printed
from metaket.reproduction.explain_classes import cover
from metaket.reproduction.explain_effects import Variant, effects_of
from metaket.reproduction.explain_figures import Figure, distance
from metaket.reproduction.explain_fit import AXES, Method
from metaket.reproduction.explain_inputs import Inputs, inputs_of, inputs_of_frame
from metaket.reproduction.explain_plan import Plan, plan_of
from metaket.reproduction.explain_registry import Edit, versions
from metaket.reproduction.explain_search import distances, weights

RTOL = 1e-7  # iterated estimators stop at a relative 1e-8 of tau2, once in a batch and once alone

COUNTS = {
    "study": list("ABCDEF"),
    "events_t": [12, 31, 0, 45, 17, 9],
    "n_t": [60, 110, 35, 151, 72, 40],
    "events_c": [21, 38, 4, 77, 11, 20],
    "n_c": [61, 104, 36, 149, 70, 41],
}
MEANS = {
    "study": list("ABCDE"),
    "mean_t": [14.1, 11.9, 15.0, 12.2, 13.4],
    "sd_t": [6.2, 5.1, 7.0, 5.8, 6.6],
    "n_t": [24, 61, 33, 48, 40],
    "mean_c": [17.3, 13.8, 14.1, 18.0, 16.2],
    "sd_c": [6.0, 5.6, 6.9, 6.1, 6.3],
    "n_c": [25, 59, 30, 50, 41],
}
GIVEN = {"study": list("ABCD"), "y": [0.10, 0.62, 0.35, -0.2], "se": [0.15, 0.12, 0.20, 0.25]}
RATES = {
    "study": list("ABCD"),
    "events_t": [12, 31, 0, 45],
    "time_t": [260.5, 410.0, 135.2, 551.0],
    "events_c": [21, 38, 4, 77],
    "time_c": [261.0, 404.5, 136.0, 549.9],
}
SHARES = {"study": list("ABCD"), "events": [12, 31, 3, 45], "n": [60, 110, 35, 151]}
LINKS = {"study": list("ABCD"), "r": [0.31, 0.12, 0.45, 0.2], "n": [60, 110, 35, 151]}
CASES = {
    "counts": (COUNTS, "RR"),
    "means": (MEANS, "SMD"),
    "rates": (RATES, "IRR"),
    "proportions": (SHARES, "PLO"),
    "correlations": (LINKS, "ZCOR"),
    "given": (GIVEN, "OR"),
}
QUANTITIES = ("estimate", "ci_low", "ci_high", "tau2", "q", "i2", "k", "p_value", "pi_low", "std_error", "q_p")


def inputs_for(kind: str) -> Inputs:
    data, measure = CASES[kind]
    return inputs_of_frame(data, measure)


def pool_of(kind: str, variant: Variant, method: Method) -> PooledResult:
    """The same setting by the public functions."""
    data, measure = CASES[kind]
    if kind == "given":
        effects = mk.generic(data=data, measure=measure)
    else:
        options: dict[str, Any] = {p: getattr(variant, p) for p in ("zero_cells", "double_zero", "vtype", "j")}
        code = variant.measure
        if code == "PETO":
            options["zero_cells"] = "none"
        effects = mk.effect_sizes(data, code, **{n: v for n, v in options.items() if v})
    settings = {"tau2": method.tau2} if method.tau2 else {}
    return mk.pool(effects, model=method.model, test=method.test, **settings)


def expected(r: PooledResult, quantity: str) -> list[float]:
    """What the result says, one number an option."""
    random = r.spec.model in ("random", "random-mh")
    if quantity == "i2":
        return [r.i2_q, r.i2_tau2 if random else math.nan]
    if quantity.startswith("ci"):
        side = quantity == "ci_high"
        rough = r.estimate + (1 if side else -1) * 1.96 * r.std_error
        return [r.back(r.ci()[side]), r.back(rough) if math.isinf(r.df) else math.nan]
    if quantity == "pi_low":
        found = [r.prediction_interval(method=m) if random else None for m in AXES["prediction"]]
        return [math.nan if f is None else r.back(f.low) for f in found]
    if quantity == "tau2":
        return [r.tau2 if random else math.nan]
    return [r.back(r.estimate) if quantity == "estimate" else float(getattr(r, quantity))]


def settings(plan: Plan) -> Iterator[tuple[int, int]]:
    for v in range(len(plan.variants)):
        for m in range(len(plan.methods)):
            if plan.possible[v, m]:
                yield v, m


@pytest.mark.parametrize("kind", CASES)
def test_every_setting_is_what_pool_gives(kind: str) -> None:
    inputs = inputs_for(kind)
    plan = plan_of(inputs, {})
    figures = [Figure(q, read_printed("1.00")) for q in QUANTITIES]
    table = distances(inputs, plan, figures)
    for v, m in settings(plan):
        r = pool_of(kind, plan.variants[v], plan.methods[m])
        for figure, values in zip(figures, table.values, strict=True):
            want = expected(r, figure.quantity)
            np.testing.assert_allclose(
                values[:, m, v], want, rtol=RTOL, atol=1e-12, err_msg=f"{plan.variants[v]} {plan.methods[m]} {figure}"
            )


@pytest.mark.parametrize("kind", CASES)
def test_a_study_counted_twice_is_its_row_twice(kind: str) -> None:
    data, measure = CASES[kind]
    frame = pd.DataFrame(data)
    twice = inputs_of_frame(pd.concat([frame, frame.loc[[1]].assign(study="again")], ignore_index=True), measure)
    inputs = inputs_for(kind)
    figures = [Figure(q, read_printed("1.00")) for q in ("estimate", "std_error", "q", "tau2", "k")]
    plan = plan_of(inputs, {})
    same = distances(inputs, plan, figures, versions(inputs, [Edit(1, "", times=2.0)]))
    other = distances(twice, plan_of(twice, {}), figures)
    keep = [i for i, v in enumerate(plan.variants) if v.vtype not in ("AV", "AVHO")]  # a mean over the rows as typed
    for a, b in zip(same.values, other.values, strict=True):
        np.testing.assert_allclose(a[..., keep], b[..., keep], rtol=RTOL, atol=1e-12)


def test_the_weights_of_the_settings_add_to_one_and_only_stated_ones_have_any() -> None:
    plan = plan_of(inputs_for("counts"), {"measure": "OR", "model": "random", "test": "hksj"})
    assert plan.weight.sum() == pytest.approx(1.0)
    for v, m in zip(*np.nonzero(plan.weight), strict=True):
        assert plan.variants[v].measure == "OR"
        assert plan.methods[m].model in ("random", "random-mh")
        assert plan.methods[m].test == "hksj"


@pytest.mark.parametrize("test", ["z", "t", "hksj", "hksj-adhoc"])
@pytest.mark.parametrize("model", ["common", "random-mh"])
def test_every_test_goes_with_every_model_that_takes_one(model: str, test: str) -> None:
    """What `pool` prints for a model and a test is found under that model and test."""
    r = mk.pool(mk.effect_sizes(CASES["counts"][0], "OR"), model=model, tau2="DL", test=test)
    low, high = (f"{r.back(x):.5f}" for x in r.ci())
    printed = {"estimate": f"{r.back(r.estimate):.5f}", "ci_low": low, "ci_high": high, "p_value": f"{r.p_value:.6f}"}
    found = mk.explain(CASES["counts"][0], printed, measure="OR", stated={"model": model, "test": test})
    assert found.verdict == "reproduced"
    assert any({"measure": "OR", "model": model, "test": test} in c for c in found.settings)


def test_a_version_that_prints_like_the_paper_has_the_weight_of_its_settings() -> None:
    inputs = inputs_for("given")
    stated = {"model": "common"}
    plan = plan_of(inputs, stated)
    r = mk.pool(mk.generic(data={**GIVEN, "y": [0.10, 0.26, 0.35, -0.2]}, measure="OR"), model="common")
    figure = Figure("estimate", read_printed(f"{r.back(r.estimate):.4f}"))
    batch = versions(inputs, [Edit(1, "typed 0.26", {"y": 0.26}), Edit(1, "typed 0.63", {"y": 0.63})])
    assert weights(batch, inputs, plan, [figure]).tolist() == pytest.approx([1.0, 0.0])


def test_a_measure_whose_back_transformation_needs_sizes_is_refused() -> None:
    with pytest.raises(InputError, match="PFT: its pooled value depends"):
        plan_of(inputs_of_frame({"y": [0.1, 0.2], "se": [0.1, 0.1]}, "PFT"), {})


def test_impossible_versions_never_match() -> None:
    inputs = inputs_for("counts")
    batch = versions(inputs, [Edit(0, "more events than patients", {"events_t": 99.0})])
    found = effects_of(batch, Variant("RD"), inputs)
    assert np.isnan(found.y).all()
    any_estimate = Figure("estimate", read_printed("<100"))
    assert weights(batch, inputs, plan_of(inputs, {}), [any_estimate]).tolist() == [0.0]


def test_classes_cover_each_setting_once() -> None:
    chosen = [{"model": m, "tau2": t, "test": x} for m in ("random",) for t in ("DL", "PM") for x in ("z", "t")]
    found = cover([(s, 0.1) for s in [*chosen, {"model": "common", "test": "z"}]])
    assert ({"model": ("random",), "tau2": ("DL", "PM"), "test": ("z", "t")}, pytest.approx(0.4)) in found
    assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "quantity", "value", "far"),
    [
        ("0.40", "estimate", 0.404, 0.0),
        ("0.40", "estimate", 0.42, 2.0),
        ("2.9%", "estimate", 0.0294, 0.0),
        ("69%", "i2", 69.4, 0.0),
        ("<0.001", "p_value", 0.0004, 0.0),
        ("NS", "p_value", 0.2, 0.0),
        ("NS", "p_value", 0.049, 1.0),
        ("12", "k", 13.0, 1.0),
    ],
)
def test_distance_in_units_of_the_last_decimal(text: str, quantity: str, value: float, far: float) -> None:
    assert distance(np.array([value]), Figure(quantity, read_printed(text)))[0] == pytest.approx(far)


def test_inputs_of_effects_are_the_columns_that_they_came_from() -> None:
    assert inputs_of(mk.effect_sizes(COUNTS, "RR")).kind == "counts"
    given = inputs_of(mk.generic(data=GIVEN, measure="OR"))
    assert (given.kind, given.texts["se"][0]) == ("given", "0.15")
    computed = inputs_of(mk.generic([0.1, 0.2], [1 / 30, 1 / 7]))
    assert computed.texts["se"] == ("", "")  # nobody typed these digits
