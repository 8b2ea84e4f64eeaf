"""Every fit and every Q-profile interval of the reference grid that R's metafor made (validation/metafor)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import metaket as mk
from metaket.pooling.inference import TESTS
from metaket.pooling.tau2 import ESTIMATORS

Records = list[dict[str, Any]]
Effects = Callable[[str, str], tuple[np.ndarray, np.ndarray]]

CLOSED = 1e-8  # closed forms: rounding of sums; worst seen 7e-12 (Q's p-value of morris2008.treatment)
ITERATED = 1e-6  # metafor stops Fisher scoring at a step of 1e-12 in tau2; worst seen 1.2e-10 (morris2008.control)
INTERVAL = 1e-8  # both solve the Q-profile equation to the last digits; worst seen 8e-14
ITERATIVE = {"REML", "ML", "PM", "EB", "PMM"}

METHODS = ("common", *(e.code for e in ESTIMATORS))
TEST_OF = {entry.metafor: entry.code for entry in TESTS}
RENAMED = {"tau2_se": "se_tau2"}
EFFECT_FIELDS = ("estimate", "std_error", "statistic", "p_value", "ci_low", "ci_high", "pi_low", "pi_high")
FIELDS = (*EFFECT_FIELDS, "df", "tau2", "tau2_se", "i2", "h2", "q", "q_df", "q_p", "k")

# What the reference held when it was last made. The grid may grow; it never shrinks.
FITS, PAIRS, DATASETS, MEASURES, PROFILES = 6440, 115, 47, 42, 116


class Divergence(NamedTuple):
    """A field that isn't compared, the largest gap seen (as `gap` measures it), and why it is there."""

    size: float
    cause: str


FIXED = "metafor has no two-step method: the reference is a DL fit at the two-step tau2, and its se is that of DL there"
KNOWN_DIVERGENCES = {
    ("DL2", "tau2_se"): Divergence(0.7, FIXED),
    ("HE2", "tau2_se"): Divergence(0.7, FIXED),
}


def tolerance(method: str) -> float:
    return ITERATED if method in ITERATIVE else CLOSED


def gap(field: str, ours: float | None, theirs: float | None, std_error: float, typical: float) -> float:
    """Relative difference, with a floor to the scale for what may be 0.

    The floors: one standard error for effects and their limits, 1 for the statistic, I2 (percent) and Q, and a
    thousandth of the typical sampling variance for tau2, below which it changes no weight.
    """
    if theirs is None:
        return 0.0 if ours is None or not math.isfinite(ours) else math.inf
    if ours is None or not math.isfinite(ours):
        return math.inf
    effect = field in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
    floors = {"statistic": 1.0, "i2": 1.0, "q": 1.0, "tau2": 1e-3 * typical}
    floor = std_error if effect else floors.get(field, 1e-300)
    return abs(ours - theirs) / max(abs(theirs), floor)


def fitted(method: str, test: str, y: np.ndarray, v: np.ndarray) -> dict[str, float | None]:
    """Our fit of one case; the prediction interval is the one that metafor's `predict` gives after the same test."""
    if method == "common":
        result = mk.pool(y, v, model="common", test=test)
    else:
        result = mk.pool(y, v, tau2=method, test=test, weights=1 / np.sqrt(v) if method == "GENQ" else None)
    prediction = result.prediction_interval(method="normal" if test == "z" else "k-1") or (None, None)
    extra = {"se_tau2": result.se_tau2, "pi_low": prediction[0], "pi_high": prediction[1]}
    return result.fields() | extra


def gaps(case: dict[str, Any], effects_of: Effects) -> dict[str, float]:
    """The gap of every field of one case."""
    y, v = effects_of(case["dataset"], case["measure"])
    ours = fitted(case["method"], TEST_OF[case["test"]], y, v)
    typical = float(np.median(v))
    return {f: gap(f, ours[RENAMED.get(f, f)], case[f], case["std_error"], typical) for f in FIELDS}


@pytest.mark.parametrize("method", METHODS)
def test_every_fit(method: str, reference: Callable[[str], Records], effects_of: Effects) -> None:
    wrong, compared, diverging = [], 0, defaultdict(float)
    for case in reference("fits"):
        if case["method"] != method:
            continue
        found = gaps(case, effects_of)
        for field in FIELDS:
            if (method, field) in KNOWN_DIVERGENCES:
                diverging[field] = max(diverging[field], found[field])
            elif not found[field] <= tolerance(method):
                wrong.append(f"{case['id']} {field}: {found[field]:.1e}")
        compared += 1
    assert not wrong, f"{len(wrong)} numbers differ from metafor, first: {'; '.join(wrong[:6])}"
    assert compared >= PAIRS * len(TEST_OF)
    for field, largest in diverging.items():
        known = KNOWN_DIVERGENCES[method, field]
        assert tolerance(method) < largest <= known.size, f"{method} {field}: {largest}, but the table says {known}"


@pytest.mark.parametrize("test", [t.code for t in TESTS])
@pytest.mark.parametrize("method", [m for m in METHODS if m != "GENQ"])
def test_all_data_sets_in_one_batch(
    method: str, test: str, reference: Callable[[str], Records], effects_of: Effects
) -> None:
    """The same fits as one call of `pool_many`, the shorter ones padded and left out by `include`."""
    theirs = [c for c in reference("fits") if (c["method"], TEST_OF[c["test"]]) == (method, test)]
    data = [effects_of(c["dataset"], c["measure"]) for c in theirs]
    shape = (len(data), max(y.size for y, _ in data))
    y, v, include = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    for i, (yi, vi) in enumerate(data):
        y[i, : yi.size], v[i, : yi.size], include[i, : yi.size] = yi, vi, 1.0
    options = {"model": "common"} if method == "common" else {"tau2": method}
    frame = mk.pool_many(y, v, include, test=test, **options).to_frame()
    fields = [f for f in FIELDS if not f.startswith("pi_") and (method, f) not in KNOWN_DIVERGENCES]
    wrong = [f"{case['id']} {field}" for case, row, (_, vi) in zip(theirs, frame.to_dict("records"), data, strict=True)
             for field in fields
             if not gap(field, row[RENAMED.get(field, field)], case[field], case["std_error"], float(np.median(vi)))
             <= tolerance(method)]  # fmt: skip
    assert not wrong, f"{len(wrong)} numbers differ from metafor, first: {'; '.join(wrong[:6])}"
    assert len(theirs) >= PAIRS
    assert frame["converged"].all()


def test_the_grid_is_complete(reference: Callable[[str], Records]) -> None:
    """Each pair of data set and measure has every estimator and test of ours, and no pair has gone."""
    fits = reference("fits")
    assert not [c["id"] for c in fits if c.get("failed")]
    cells = defaultdict(set)
    for case in fits:
        cells[case["dataset"], case["measure"]].add((case["method"], TEST_OF[case["test"]]))
    whole = {(m, t.code) for m in METHODS for t in TESTS}
    assert [pair for pair, found in cells.items() if found != whole] == []
    assert len(fits) >= FITS
    assert len(cells) >= PAIRS
    assert len({dataset for dataset, _ in cells}) >= DATASETS >= 20
    assert len({measure for _, measure in cells}) >= MEASURES


def test_q_profile_intervals(reference: Callable[[str], Records], effects_of: Effects) -> None:
    cases = [r for r in reference("intervals") if r["type"] == "QP"]
    wrong = []
    for case in cases:
        y, v = effects_of(case["dataset"], case["measure"])
        ours = mk.pool(y, v, tau2=case["method"]).tau2_ci(0.95)
        floor = 1e-3 * float(np.median(v))
        for end, limit in zip(("low", "high"), ours, strict=True):
            theirs = case[f"tau2_{end}"]
            if not abs(limit - theirs) <= INTERVAL * max(theirs, floor):
                wrong.append(f"{case['id']} {end}: {limit} against {theirs}")
        wrong += [f"{case['id']}: {flag}" for flag in ("null_set", "open_high") if case[flag]]
    assert not wrong, "; ".join(wrong[:6])
    assert len(cases) >= PROFILES
