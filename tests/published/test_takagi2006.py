"""Takagi H, Sekino S, Kato T, Matsuno Y, Umemoto T (2006). Revisiting evidence on lung cancer and passive smoking:
adjustment for publication bias by means of "trim and fill" algorithm. Lung Cancer 51(2):245-246.

The 37 studies of Hackshaw et al. (1997); figures of the abstract (PubMed 16386820).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import metaket as mk


@pytest.mark.parametrize("estimator", ["L0", "R0"])
def test_abstract(
    dataset: Callable[[str], dict[str, np.ndarray]], agrees: Callable[[float, str], bool], estimator: str
) -> None:
    table = dataset("dat.hackshaw1998")
    result = mk.pool(table["y"], table["v"], tau2="DL")
    found = mk.trim_and_fill(result, estimator=estimator)
    assert (found.k0, found.result.k) == (7, 44)
    assert agrees(100 * (math.exp(result.estimate) - 1), "24")
    assert agrees(math.exp(found.result.estimate), "1.19")
    assert agrees(math.exp(found.result.ci().low), "1.08")
    assert agrees(math.exp(found.result.ci().high), "1.31")
    assert agrees(found.result.p_value, "0.0004")
