"""Copas JB, Shi JQ (2000). Reanalysis of epidemiological evidence on lung cancer and passive smoking. BMJ 320:417-418.

The 37 studies of Hackshaw et al. (1997); figures of the abstract, p. 417. It says "if only 60 % of studies have been
included, the estimate of excess risk falls from 24 % to 15 %", without the two gammas; ours are those of a most precise
study that is published with a chance of 99 %, and a least precise one whose chance is lowered until 60 % are included.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

import metaket as mk


def test_unselected(dataset: Callable[[str], dict[str, np.ndarray]], agrees: Callable[[float, str], bool]) -> None:
    table = dataset("dat.hackshaw1998")
    result = mk.pool(table["y"], table["v"], tau2="DL")
    for value, printed in zip((result.estimate, *result.ci()), ("24", "13", "36"), strict=True):
        assert agrees(100 * (math.exp(value) - 1), printed)
    assert result.p_value < 0.001


def test_sixty_percent_included(
    dataset: Callable[[str], dict[str, np.ndarray]], agrees: Callable[[float, str], bool]
) -> None:
    table = dataset("dat.hackshaw1998")
    result, s = mk.pool(table["y"], table["v"]), np.sqrt(table["v"])
    found = []
    for chance in np.linspace(0.45, 0.3, 7):
        low, high = special.ndtri(chance), special.ndtri(0.99)
        gamma1 = (high - low) / (1 / s.min() - 1 / s.max())
        fit = mk.copas(result, gamma0=[low - gamma1 / s.max()], gamma1=[gamma1]).fits[0]
        found.append((37 / (37 + fit.unpublished), fit.estimate))
    included, estimate = (np.array(x)[::-1] for x in zip(*found, strict=True))
    assert included[0] < 0.6 < included[-1]
    assert agrees(100 * (math.exp(float(np.interp(0.6, included, estimate))) - 1), "15")
