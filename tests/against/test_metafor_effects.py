"""Effect sizes and variances against R's metafor (escalc): every entry whose measure and variance we have."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk
from metaket.measures.registry import MEASURES

REFERENCE = Path(__file__).parents[2] / "validation" / "metafor" / "reference"
TOLERANCE = 1e-8  # closed forms; worst seen 3e-12
VARIANTS = {("SMD", "UB"): {"vtype": "UB"}}  # other variance formulas of metafor (AV, LS2, HO, ...) we don't have


def read(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {d["id"]: pd.DataFrame(d["columns"]) for d in read("datasets")}


def options_of(entry: dict[str, Any]) -> dict[str, Any] | None:
    given = entry["options"] or {}
    out: dict[str, Any] = {"double_zero": "drop" if given.get("drop00") else "keep"}
    if "to" in given:
        out |= {"zero_cells": given["to"], "add": given["add"]}
    variant = given.get("vtype", "LS")
    if variant != "LS":
        if (entry["measure"], variant) not in VARIANTS:
            return None
        out |= VARIANTS[entry["measure"], variant]
    return out


def test_every_entry(tables: dict[str, pd.DataFrame]) -> None:
    wrong, done = [], Counter()
    for entry in read("effects"):
        options = options_of(entry)
        if entry.get("failed") or entry["measure"] not in MEASURES or entry["measure"] == "GEN" or options is None:
            continue
        y, v = np.array(entry["yi"], dtype=float), np.array(entry["vi"], dtype=float)
        usable = np.isfinite(y) & np.isfinite(v) & (v > 0)
        ours = mk.effect_sizes(tables[entry["dataset"]][usable], entry["measure"], **options)
        same = ours.k == usable.sum()
        same = same and np.allclose(ours.y, y[usable], rtol=TOLERANCE, atol=1e-12)
        if not (same and np.allclose(ours.v, v[usable], rtol=TOLERANCE)):
            wrong.append(entry["id"])
        done[entry["measure"]] += 1
    assert wrong == []
    least = {"RR": 60, "OR": 60, "RD": 60, "PETO": 60, "AS": 25, "SMD": 8, "PR": 6, "PLN": 6, "PLO": 6}
    assert all(done[code] >= n for code, n in least.items()), done
    # UCOR: this build of R lacks the package that metafor computes it with; see tests/unit/measures
    assert set(done) == {e.code for e in MEASURES} - {"GEN", "UCOR"}
