"""Studies that the tests of the diagnostics share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import metaket as mk

Y = np.array([0.1, 0.35, -0.2, 0.6, 0.15, 0.4])
V = np.array([0.02, 0.05, 0.03, 0.08, 0.01, 0.04])

COUNTS = pd.DataFrame(
    {
        "study": ["A", "B", "C", "D", "E"],
        "year": [1948, 1949, 1960, 1949, 1973],
        "arm": ["low", "high", "low", "high", "low"],
        "events_t": [4, 6, 3, 62, 33],
        "n_t": [123, 306, 231, 13598, 5069],
        "events_c": [11, 29, 11, 248, 47],
        "n_c": [139, 303, 220, 12867, 5808],
    }
)


def counts_result(measure: str = "OR", **options: Any) -> mk.PooledResult:
    """The five studies of counts, pooled."""
    return mk.pool(mk.effect_sizes(COUNTS, measure), **options)
