"""Leave-one-out, cumulative, influence, residuals, Baujat, BLUPs and GOSH against metafor's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk

Records = list[dict[str, Any]]
Effects = Callable[[str, str], tuple[np.ndarray, np.ndarray]]
Numbers = dict[str, Any]

CLOSED = 1e-8  # sums and inverses of small matrices
ITERATED = 1e-6  # metafor stops Fisher scoring at an absolute step of 1e-12 in tau2
ITERATIVE = {"REML", "ML", "PM", "EB", "PMM"}
TESTS = {"z": "z", "t": "t", "knha": "hksj"}

# How many records the reference held when it was made. The grid may grow; it never shrinks.
KINDS = {"leave_one_out": 21, "cumulative": 21, "influence": 21, "residuals": 21, "baujat": 21, "shrunken": 21}
KINDS |= {"gosh": 3, "moderated": 2}
COUNTS, QUANTILES = 8, 10

REFITS = ("estimate", "std_error", "p_value", "q", "q_p", "tau2", "i2", "h2")


def options(case: dict[str, Any]) -> dict[str, Any]:
    chosen = {"model": "common"} if case["method"] == "common" else {"tau2": case["method"]}
    return {**chosen, "test": TESTS[case["test"]]}


def floors(v: np.ndarray, case: dict[str, Any]) -> dict[str, float]:
    """What counts as small on each field's scale: where a value may be 0, the gap is taken relative to this."""
    small = float(np.sqrt(np.median(v))) / np.sqrt(v.size)
    effects = dict.fromkeys(("estimate", "ci_low", "ci_high", "pi_low", "pi_high", "resid"), small)
    return {**effects, "tau2": 1e-2 * float(np.median(v)), "q": 1.0, "i2": 1.0, "unit": 1e-2}


def compare(case: dict[str, Any], ours: Numbers, v: np.ndarray) -> list[str]:
    """The fields of `case` (those that `ours` names) that are further away than they may be."""
    floor, wrong = floors(v, case), []
    tolerance = ITERATED if case["method"] in ITERATIVE else CLOSED
    for field, value in ours.items():
        if case[field] is None:  # metafor has no tau2 for the common-effect model
            assert field == "tau2"
            assert not np.any(value)
            continue
        theirs = np.array(case[field], dtype=float)
        mine = np.asarray(value, dtype=float)
        assert mine.shape == theirs.shape, f"{case['id']} {field}: {mine.shape} against {theirs.shape}"
        base = next((size for name, size in floor.items() if name in field), floor["unit"])
        gap = np.abs(mine - theirs) / np.maximum(np.abs(theirs), base)
        gap[np.isnan(mine) & np.isnan(theirs)] = 0.0
        if not (gap <= tolerance).all():
            at = int(np.argmax(np.where(np.isnan(gap), np.inf, gap)))
            wrong.append(f"{case['id']} {field}[{at}]: {mine.flat[at]!r} against {theirs.flat[at]!r}")
    return wrong


def refitted(found: Any, case: dict[str, Any]) -> Numbers:
    low, high = found.ci(0.95)
    out = {name: getattr(found.fits, name) for name in REFITS} | {"ci_low": low, "ci_high": high}
    if case.get("statistic") is not None:
        out["statistic"] = found.fits.statistic
    return out


def leave_one_out(result: Any, case: dict[str, Any], _table: Any) -> Numbers:
    return refitted(mk.leave_one_out(result), case)


def cumulative(result: Any, case: dict[str, Any], table: Any) -> Numbers:
    found = mk.cumulative(result, by=table)
    return {"order": found.order + 1} | refitted(found, case)


def influence(result: Any, case: dict[str, Any], _table: Any) -> Numbers:
    found = mk.influence(result)
    names = (
        "rstudent",
        "dffits",
        "cooks_distance",
        "cov_ratio",
        "tau2_deleted",
        "q_deleted",
        "hat",
        "weight",
        "dfbetas",
    )
    return {name: getattr(found, name) for name in (*names, "dfbetas")} | {"influential": found.influential}


def residuals(result: Any, case: dict[str, Any], _table: Any) -> Numbers:
    r = mk.residuals(result)
    return {
        "rstandard": r.rstandard,
        "rstandard_resid": r.residual,
        "rstandard_se": r.residual_se,
        "rstudent": r.rstudent,
        "rstudent_resid": r.deleted,
        "rstudent_se": r.deleted_se,
    }


def baujat(result: Any, case: dict[str, Any], _table: Any) -> Numbers:
    found = mk.baujat(result)
    return {"x": found.heterogeneity, "y": found.influence}


ASK = {"leave_one_out": leave_one_out, "cumulative": cumulative, "influence": influence}
ASK |= {"residuals": residuals, "baujat": baujat}


@pytest.mark.parametrize("kind", ASK)
def test_case_by_case(kind: str, reference: Callable[[str], Records], effects_of: Effects) -> None:
    cases = [r for r in reference("diagnostics") if r["kind"] == kind]
    rows = {r["id"].removeprefix("fit-"): r["rows"] for r in reference("diagnostics") if r["kind"] == "fit"}
    columns = {r["id"]: r["columns"] for r in reference("datasets")}
    wrong = []
    for case in cases:
        y, v = effects_of(case["dataset"], case["measure"])
        years = columns[case["dataset"]].get("year")
        used = rows[case["id"].removeprefix(f"{kind}-")]
        order = None if years is None else [years[i - 1] for i in used]
        wrong += compare(case, ASK[kind](mk.pool(y, v, **options(case)), case, order), v)
    assert not wrong, f"{len(wrong)}: " + "; ".join(wrong[:8])
    assert len(cases) >= KINDS[kind]


def test_best_linear_unbiased_predictions(reference: Callable[[str], Records], effects_of: Effects) -> None:
    cases = [r for r in reference("diagnostics") if r["kind"] == "shrunken"]
    wrong = []
    for case in cases:
        y, v = effects_of(case["dataset"], case["measure"])
        found = mk.blup(mk.pool(y, v, **options(case)))
        whole = dict(zip(("pi_low", "pi_high"), found.interval(), strict=True))
        alone = dict(zip(("pi_low", "pi_high"), found.random_interval(), strict=True))
        head = {"id": case["id"], "method": case["method"]}
        wrong += compare(head | case["blup"], {"estimate": found.estimate, "std_error": found.std_error} | whole, v)
        random = {"estimate": found.random_effect, "std_error": found.random_effect_se} | alone
        wrong += compare(head | case["ranef"], random, v)
    assert not wrong, f"{len(wrong)}: " + "; ".join(wrong[:8])
    assert len(cases) >= KINDS["shrunken"]


def test_case_diagnostics_of_a_meta_regression(reference: Callable[[str], Records], effects_of: Effects) -> None:
    cases = [r for r in reference("diagnostics") if r["kind"] == "moderated"]
    columns = {r["id"]: r["columns"] for r in reference("datasets")}
    wrong = []
    for case in cases:
        y, v = effects_of(case["dataset"], case["measure"])
        x = np.column_stack([columns[case["dataset"]][name] for name in case["moderators"].split("+")])
        result = mk.pool(y, v, moderators=x, **options(case))
        wrong += compare(case, influence(result, case, None) | residuals(result, case, None), v)
    assert not wrong, f"{len(wrong)}: " + "; ".join(wrong[:8])
    assert len(cases) >= KINDS["moderated"]


def test_every_subset(reference: Callable[[str], Records], effects_of: Effects) -> None:
    cases = [r for r in reference("diagnostics") if r["kind"] == "gosh"]
    wrong = []
    for case in cases:
        y, v = effects_of(case["dataset"], case["measure"])
        found = mk.gosh(mk.pool(y, v, **options(case)))
        number = [int(bits[::-1], 2) - 1 for bits in case["subset"]]
        assert sorted(number) == list(range(2**y.size - 1))
        assert (found.include(number) == [[b == "1" for b in bits] for bits in case["subset"]]).all()
        names = ("k", "q", "i2", "tau2", "estimate")
        ours = {name: getattr(found, name)[number] for name in names}
        # metafor's gosh with DL has H2 = Q / df even where tau2 is 0, while ours is then 1
        ratio = found.q / np.maximum(found.k - 1, 1)
        below = (case["method"] == "DL") & (found.tau2 == 0) & (found.k > 1)
        wrong += compare(case, ours | {"h2": np.where(below, ratio, found.h2)[number]}, v)
    assert not wrong, f"{len(wrong)}: " + "; ".join(wrong[:8])
    assert len(cases) >= KINDS["gosh"]


@pytest.mark.parametrize("kind", ["leave_one_out", "cumulative"])
def test_models_of_counts(kind: str, reference: Callable[[str], Records]) -> None:
    tables = {r["id"]: pd.DataFrame(r["columns"]) for r in reference("datasets")}
    cases = [r for r in reference("refits") if r["kind"] == kind]
    wrong = []
    for case in cases:
        result = mk.pool(mk.effect_sizes(tables[case["dataset"]], case["measure"]), model=case["model"])
        found = mk.leave_one_out(result) if kind == "leave_one_out" else mk.cumulative(result, "year")
        low, high = found.ci()
        fields = ("estimate", "std_error", "statistic", "p_value", "q", "q_p", "i2", "h2")
        ours = {name: getattr(found.fits, name) for name in fields} | {"ci_low": low, "ci_high": high}
        wrong += compare(case | {"method": case["model"]}, ours, result.effects.v)
    assert not wrong, f"{len(wrong)}: " + "; ".join(wrong[:8])
    assert len(cases) >= COUNTS


def test_normal_quantiles(reference: Callable[[str], Records], effects_of: Effects) -> None:
    cases = [r for r in reference("refits") if r["kind"] == "normal_quantiles"]
    wrong = []
    for case in cases:
        y, v = effects_of(case["dataset"], case["measure"])
        found = mk.normal_quantiles(mk.pool(y, v, **options(case)), case["residual"], draws=100)
        wrong += compare(case, {"x": found.theoretical, "y": found.observed}, v)
    assert not wrong, f"{len(wrong)}: " + "; ".join(wrong[:8])
    assert len(cases) >= QUANTILES


def test_the_grid_is_complete(reference: Callable[[str], Records]) -> None:
    records = [r for r in reference("diagnostics") if r["kind"] in KINDS]
    assert not [r["id"] for r in records if r.get("failed")]
    held = Counter(r["kind"] for r in records)
    assert {kind: n for kind, n in KINDS.items() if held[kind] < n} == {}
