"""Yusuf S, Peto R, Lewis J, Collins R, Sleight P (1985). Beta blockade during and after myocardial infarction: an
overview of the randomized trials. Prog Cardiovasc Dis 27(5):335-371.

Figures as collected at metafor-project.org/doku.php/analyses:yusuf1985, whose "page 107" lies outside the article.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import metaket as mk


# Table 6: typical odds ratio and its 95 % interval, by Peto's method
def test_table_6(dataset: Callable[[str], dict[str, np.ndarray]], agrees: Callable[[float, str], bool]) -> None:
    found = mk.pool(mk.effect_sizes(dataset("dat.yusuf1985.table6"), "OR"), model="peto")
    low, high = (math.exp(limit) for limit in found.ci())
    assert agrees(math.exp(found.estimate), "0.93")
    assert agrees(low, "0.74")
    assert agrees(high, "1.18")


# ---------------------------------------------------------------- the folder data/yusuf1985

VERDICTS = {
    # Table 6 (page not known: the collection's 107 lies outside the article)
    "or": "exact",
    "low": "exact",
    "high": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("yusuf1985") == VERDICTS
