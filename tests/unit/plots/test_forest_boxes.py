"""Any combination of a forest plot's options, drawn from a seed: nothing is cut off and nothing overlaps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from tests.unit.plots.conftest import words

import metaket as mk
from metaket.plots import FOREST_STYLES, forest

QUICK = 6


def drawn_table(rng: np.random.Generator, k: int, measure: str) -> pd.DataFrame:
    """Effects over six orders of magnitude, with text and numbers beside them."""
    if measure in ("OR", "RR"):
        y, v = rng.uniform(np.log(1e-3), np.log(1e3), k), 10.0 ** rng.uniform(-4, 1.5, k)
    else:
        y = 10.0 ** rng.uniform(-3, 3, k) * rng.choice([-1.0, 1.0], k)
        v = (np.abs(y) * 10.0 ** rng.uniform(-1, 0.5, k)) ** 2
    texts = {c: [words(rng, int(rng.integers(1, 81))) for _ in range(k)] for c in ("study", "txt")}
    table = pd.DataFrame({**texts, "y": y, "v": v, "num": 10.0 ** rng.uniform(-5, 5, k)})
    if rng.random() < 0.5:
        table["n_t"], table["n_c"] = rng.integers(5, 10**6, k), rng.integers(5, 10**6, k)
    for domain in range(1, 6):
        table[f"rob2_d{domain}"] = rng.choice(["low", "high", ""], k)
    return table


def drawn_options(rng: np.random.Generator, result: Any) -> dict[str, Any]:
    """Each option with even odds, with texts of 1 to 80 characters."""

    def text() -> str:
        return words(rng, int(rng.integers(1, 81)))

    k = result.k
    options = {
        "title": text(),
        "left": {text(): "txt"},
        "right": {text(): "num:.3g", text() + "2": "txt"},
        "also": mk.pool(result.effects, model="common"),
        "rob": "rob2",
        "limits": (0.5, 2.0),
        "notes": [words(rng, 200)],
    }
    if k > 2:
        names = [text() + str(i) for i in range(3)]
        options["subgroups"] = mk.subgroups(result, [names[i % 3] for i in range(k)])
    chosen = {name: value for name, value in options.items() if rng.random() < 0.5}
    return chosen | {"favours": (text(), text()), "arms": (text(), text())}


@pytest.mark.parametrize(
    "seed", [*range(QUICK), *(pytest.param(i, marks=pytest.mark.slow) for i in range(QUICK, QUICK + 20))]
)
def test_any_combination(assert_clean: Callable[..., Any], seed: int) -> None:
    rng = np.random.default_rng(seed)
    k, measure = int(rng.choice([1, 2, 3, 7, 20, 40])), str(rng.choice(["OR", "SMD", "RR", "GEN"]))
    result = mk.pool(mk.generic(data=drawn_table(rng, k, measure), measure=measure), tau2=0.1)
    options = drawn_options(rng, result) | {"style": list(FOREST_STYLES)[seed % 4]}
    assert_clean(forest(result, **options))
    size = float(rng.uniform(4, 20)), float(rng.uniform(3, 20))
    ax = Figure(figsize=size, dpi=200).add_subplot()
    forest(result, ax=ax, **options)
    assert_clean(ax, frame=ax)
