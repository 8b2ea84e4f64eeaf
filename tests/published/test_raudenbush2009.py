"""Raudenbush SW (2009). Analyzing effect sizes: random-effects models. In: Cooper H, Hedges LV, Valentine JC (eds),
The handbook of research synthesis and meta-analysis, 2nd ed. Russell Sage Foundation, pp. 295-315.

Teacher-expectancy studies. Figures as collected at metafor-project.org/doku.php/analyses:raudenbush2009.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import metaket as mk

Agrees = Callable[[float, str], bool]
Dataset = Callable[[str], dict[str, np.ndarray]]


@pytest.fixture
def studies(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    columns = dataset("dat.raudenbush1985")
    return columns["y"], columns["v"]


# p. 301, Table 16.2 and p. 302: fixed effects
def test_common_effect(studies: tuple[np.ndarray, np.ndarray], agrees: Agrees) -> None:
    found = mk.pool(*studies, model="common")
    assert agrees(found.estimate, "0.060")
    assert agrees(found.q, "35.83")
    assert agrees(found.statistic, "1.66")
    assert not agrees(found.statistic, "1.65")  # as printed


# p. 301, Table 16.2: random effects by REML
def test_random_effects(studies: tuple[np.ndarray, np.ndarray], agrees: Agrees) -> None:
    found = mk.pool(*studies, tau2="REML")
    assert agrees(found.statistic, "1.62")
    assert agrees(found.tau2, "0.019")
    assert not agrees(found.estimate, "0.083")  # as printed
    assert agrees(found.estimate, "0.084")


# p. 302: the chapter's 95 % range of true effects, -0.19 to 0.35, leaves the uncertainty of the mean out
def test_range_of_true_effects(studies: tuple[np.ndarray, np.ndarray], agrees: Agrees) -> None:
    found = mk.pool(*studies, tau2="REML")
    half = 1.96 * found.tau2**0.5
    assert agrees(found.estimate - half, "-0.19")
    assert agrees(found.estimate + half, "0.35")
    low, high = found.prediction_interval(method="normal") or (0.0, 0.0)
    assert low < found.estimate - half
    assert high > found.estimate + half


METHODS = {"FE": {"model": "common"}} | {m: {"tau2": m} for m in ("ML", "REML", "DL", "HE")}


# p. 309, Table 16.3: tau2, mean, standard error, ratio, 95 % limits; conventional approach
@pytest.mark.parametrize(("method", "printed"), [
    ("FE", ("0", "0.060", "0.036", "1.655", "-0.011", "0.132")),
    ("ML", ("0.013", "0.078", "0.047", "1.637", "-0.015", "0.171")),
    ("REML", ("0.019", "0.084", "0.052", "1.621", "-0.018", "0.185")),
    ("DL", ("0.026", "0.089", "0.056", "1.601", "-0.020", "0.199")),
    ("HE", ("0.080", "0.114", "0.079", "1.443", "-0.041", "0.270")),
])  # fmt: skip
def test_table_16_3_conventional(
    method: str, printed: tuple[str, ...], studies: tuple[np.ndarray, np.ndarray], agrees: Agrees
) -> None:
    found = mk.pool(*studies, **METHODS[method])
    values = (found.tau2, found.estimate, found.std_error, found.statistic, *found.ci())
    assert [text for value, text in zip(values, printed, strict=True) if not agrees(value, text)] == []


# p. 309, Table 16.3: the same, Knapp and Hartung's approach
@pytest.mark.parametrize(("method", "printed"), [
    ("FE", ("0", "0.060", "0.051", "1.173", "-0.048", "0.168")),
    ("ML", ("0.013", "0.078", "0.059", "1.311", "-0.047", "0.202")),
    ("REML", ("0.019", "0.084", "0.062", "1.359", "-0.046", "0.213")),
    ("DL", ("0.026", "0.089", "0.064", "1.405", "-0.044", "0.223")),
    ("HE", ("0.080", "0.114", "0.071", "1.608", "-0.035", "0.264")),
])  # fmt: skip
def test_table_16_3_knapp_hartung(
    method: str, printed: tuple[str, ...], studies: tuple[np.ndarray, np.ndarray], agrees: Agrees
) -> None:
    found = mk.pool(*studies, test="hksj", **METHODS[method])
    values = (found.tau2, found.estimate, found.std_error, found.statistic, *found.ci())
    assert [text for value, text in zip(values, printed, strict=True) if not agrees(value, text)] == []


# ---------------------------------------------------------------- the folder data/raudenbush2009

VERDICTS = {
    # p. 301, Table 16.2 and p. 302, fixed effects
    "q": "exact",
    "z": "input-rounding",
    # p. 301, Table 16.2 and p. 302, random effects
    "random-mean": "input-rounding",
    "random-z": "exact",
    "random-tau2": "exact",
    "range-low": "exact",
    "range-high": "exact",
    # p. 301, Table 16.2, weeks of prior contact
    "weeks-tau2": "exact",
    "weeks-intercept": "exact",
    "weeks-slope": "exact",
    "weeks-q": "exact",
    "weeks-intercept-z": "exact",
    "weeks-slope-z": "exact",
    "weeks-smallest": "input-rounding",
    "weeks-largest": "exact",
    # p. 309, Table 16.3, conventional approach
    "fe-mean": "exact",
    "fe-se": "exact",
    "fe-z": "exact",
    "fe-low": "exact",
    "fe-high": "exact",
    "ml-tau2": "exact",
    "ml-mean": "exact",
    "ml-se": "exact",
    "ml-z": "exact",
    "ml-low": "exact",
    "ml-high": "exact",
    "reml-tau2": "exact",
    "reml-mean": "exact",
    "reml-se": "exact",
    "reml-z": "exact",
    "reml-low": "exact",
    "reml-high": "exact",
    "dl-tau2": "exact",
    "dl-mean": "exact",
    "dl-se": "exact",
    "dl-z": "exact",
    "dl-low": "exact",
    "dl-high": "exact",
    "he-tau2": "exact",
    "he-mean": "exact",
    "he-se": "exact",
    "he-z": "exact",
    "he-low": "exact",
    "he-high": "exact",
    # p. 309, Table 16.3, Knapp and Hartung
    "fe-kh-mean": "exact",
    "fe-kh-se": "exact",
    "fe-kh-z": "exact",
    "fe-kh-low": "exact",
    "fe-kh-high": "exact",
    "ml-kh-mean": "exact",
    "ml-kh-se": "exact",
    "ml-kh-z": "exact",
    "ml-kh-low": "exact",
    "ml-kh-high": "exact",
    "reml-kh-mean": "exact",
    "reml-kh-se": "exact",
    "reml-kh-z": "exact",
    "reml-kh-low": "exact",
    "reml-kh-high": "exact",
    "dl-kh-mean": "exact",
    "dl-kh-se": "exact",
    "dl-kh-z": "exact",
    "dl-kh-low": "exact",
    "dl-kh-high": "exact",
    "he-kh-mean": "exact",
    "he-kh-se": "exact",
    "he-kh-z": "exact",
    "he-kh-low": "exact",
    "he-kh-high": "exact",
    # p. 309, Table 16.3, Huber and White
    "fe-hw-se": "exact",
    "ml-hw-se": "exact",
    "reml-hw-se": "exact",
    # p. 301, Table 16.2 and p. 302, random effects
    "shrunken-low": "exact",
    "shrunken-high": "exact",
}


def test_verdicts(verdicts: Callable[[str], dict[str, str]]) -> None:
    assert verdicts("raudenbush2009") == VERDICTS
