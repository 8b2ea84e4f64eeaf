"""Odd data and odd prints: an answer or one of our errors, never another exception, and always plain JSON."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

import metaket as mk
from metaket.errors import MetaketError

TEXTS = ("0", "-0.0", "1.00", "100%", "0%", "<0.001", "NS", "1e5", "12,345", "0.5%", "−0.3", "nine", "1.2 (0.8 to 1.9)")
QUANTITIES = (
    "estimate", "ci_high", "pi", "ci", "tau2", "q", "q_p", "i2", "h2", "k", "n_total", "rate_t", "p_value", "statistic",
    "significant", "heterogeneity", "untransformed:estimate", "ci_low:0.9", "study:A:estimate", "weight:A",
)  # fmt: skip
STATED: tuple[dict[str, Any], ...] = ({}, {"model": "random"}, {"model": "common"}, {"tau2": "REML", "test": "hksj"})


def odd_data(rng: random.Random) -> tuple[dict[str, list[Any]], str]:
    k = rng.choice([1, 2, 3, 5])
    n, m = ([rng.choice([2, 3, 10, 400]) for _ in range(k)] for _ in range(2))
    data: dict[str, list[Any]] = {"study": list("ABCDE")[:k]}
    kind = rng.choice(["counts", "means", "given"])
    if kind == "counts":
        data |= {"events_t": [rng.randint(0, x) for x in n], "n_t": n, "events_c": [rng.randint(0, x) for x in m]}
        return data | {"n_c": m}, rng.choice(["RR", "OR", "RD", "PETO", "AS"])
    if kind == "means":
        for arm, size in (("t", n), ("c", m)):
            data[f"mean_{arm}"] = [round(rng.gauss(0, 5), 1) for _ in size]
            data |= {f"sd_{arm}": [rng.choice([0.1, 1.5, 30.0]) for _ in size], f"n_{arm}": size}
        return data, rng.choice(["SMD", "MD", "SMD1"])
    data |= {"y": [round(rng.gauss(0, 3), 2) for _ in n], "se": [rng.choice([0.01, 0.3, 5.0]) for _ in n]}
    return data, rng.choice(["GEN", "OR", "ZCOR", "PLO"])


@pytest.mark.parametrize("seed", range(40))
def test_no_other_exception(seed: int) -> None:
    rng = random.Random(seed)
    data, measure = odd_data(rng)
    printed = {q: rng.choice(TEXTS) for q in rng.sample(QUANTITIES, rng.randint(1, 4))}
    try:
        found = mk.explain(data, printed, measure=measure, stated=rng.choice(STATED))
    except MetaketError:  # a sentence for the user; any other exception fails the test
        return
    assert found.verdict in ("reproduced", "slip", "unexplained")
    assert found.sentence in found.summary().replace("\n    ", " ")
    assert len(found.to_frame()) == len(found.settings) + len(found.nearest) + len(found.causes)
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("p", ["P = 0.03", "p-value 0.03", "p=.03", "P = 3.0 x 10^-2"])
def test_a_figure_printed_with_its_label_is_read_as_the_number(p: str) -> None:
    """Misprints are looked for among the digits of the number, not in the label."""
    trials = {"study": ["A", "B", "C"], "y": [0.10, 0.42, 0.35], "se": [0.15, 0.12, 0.20]}
    stated = {"measure": "GEN", "model": "common"}
    printed = {"estimate": "0.777 (0.411 to 0.999)", "p_value": p, "i2": "I2 = 33%", "q": "Q = 88.1", "k": "three"}
    found = mk.explain(trials, printed, stated=stated)
    assert found.verdict == "unexplained"
    right = {"estimate": "0.305", "ci": "0.14 to 0.47", "p_value": "p = 0.003", "q": "Q = 2.84"}
    off = mk.explain(trials, right, stated=stated)
    assert off.cause is not None
    assert off.cause.what.startswith("p-value printed 0.003 instead of ")
