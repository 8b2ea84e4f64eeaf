"""The committed reference values of metafor, read once a session."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REFERENCE = Path(__file__).parents[2] / "validation" / "metafor" / "reference"
RATIOS_OF_EVENTS = ("RR", "OR", "PETO", "PBIT", "PHI", "YUQ", "YUY", "OR2DN", "OR2DL")


@pytest.fixture(scope="session")
def reference() -> Callable[[str], list[dict[str, Any]]]:
    """The records of one file of the reference."""
    kept: dict[str, list[dict[str, Any]]] = {}

    def read(name: str) -> list[dict[str, Any]]:
        if name not in kept:
            kept[name] = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))
        return kept[name]

    return read


@pytest.fixture(scope="session")
def effects_of(reference: Callable[[str], list[dict[str, Any]]]) -> Callable[[str, str], tuple[np.ndarray, np.ndarray]]:
    """The (y, v) that metafor pooled for a data set and a measure."""
    records = {r["id"]: r for r in reference("effects")}
    columns = {r["id"]: r["columns"] for r in reference("datasets")}
    kept: dict[tuple[str, str], tuple[np.ndarray, np.ndarray]] = {}

    def effects(dataset: str, measure: str) -> tuple[np.ndarray, np.ndarray]:
        if (dataset, measure) not in kept:
            table = columns[dataset]
            record = {"yi": table["y"], "vi": table["v"]} if measure == "GEN" else records[f"{dataset}-{measure}"]
            y, v = np.array(record["yi"], dtype=float), np.array(record["vi"], dtype=float)
            use = np.isfinite(y) & np.isfinite(v)
            if measure in RATIOS_OF_EVENTS:
                use &= ~without_information(table)
            kept[dataset, measure] = y[use], v[use]
        return kept[dataset, measure]

    return effects


def without_information(table: dict[str, list[float]]) -> np.ndarray:
    """Trials in which no arm, or every patient of both arms, had the event: no ratio of metafor's fits holds them."""
    a, n1, c, n2 = (np.array(table[name], dtype=float) for name in ("events_t", "n_t", "events_c", "n_c"))
    return ((a == 0) & (c == 0)) | ((a == n1) & (c == n2))
