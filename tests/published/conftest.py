"""What a printed number says, and the data sets of metadat (kept in validation/metafor/reference/datasets.json)."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import metaket as mk

DATASETS = Path(__file__).parents[2] / "validation" / "metafor" / "reference" / "datasets.json"
Columns = dict[str, np.ndarray]


@pytest.fixture(scope="session")
def agrees() -> Callable[[float, str], bool]:
    """Whether a value, rounded to the printed decimals (a half either way), is the printed text."""

    def check(value: float, printed: str) -> bool:
        number = Decimal(printed)
        half = Decimal(5).scaleb(number.as_tuple().exponent - 1)  # type: ignore[operator]
        return abs(Decimal(value) - number) <= half

    return check


@pytest.fixture(scope="session")
def dataset() -> Callable[[str], Columns]:
    """The columns of a data set; a blank is NaN."""
    kept = {r["id"]: r["columns"] for r in json.loads(DATASETS.read_text(encoding="utf-8"))}

    def columns(name: str) -> Columns:
        return {key: np.array(value, dtype=None if isinstance(value[0], str) else float)
                for key, value in kept[name].items()}  # fmt: skip

    return columns


@pytest.fixture(scope="session")
def verdicts() -> Callable[[str], dict[str, str]]:
    """The verdict on each claim of a paper of the bank."""

    def judged(key: str) -> dict[str, str]:
        return {c.id: c.verdict for c in mk.reproduce(key).comparisons}

    return judged
