"""Tests and intervals of the pooled effect, and prediction intervals.

A test turns the inverse information, the weighted residual sum of squares and its degrees of freedom into a
covariance matrix and the degrees of freedom of the reference distribution (infinite: normal).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from metaket._checks import Array
from metaket._registry import Registry

__all__ = ["PREDICTION", "TESTS", "PredictionFunction", "TestFunction"]

EQUAL = 1e-20  # of Q: effects within 1e-10 of their standard errors differ by rounding alone

TestFunction = Callable[[Array, Array, Array], tuple[Array, Array]]
TESTS: Registry[TestFunction] = Registry("test")

PredictionFunction = Callable[[float, float, float, float], tuple[float, str]]
PREDICTION: Registry[PredictionFunction] = Registry("prediction interval")


@TESTS.add("z", label="normal test", reference="DerSimonian & Laird (1986)", metafor="z")
def z_test(vcov: Array, _q: Array, df: Array) -> tuple[Array, Array]:
    """Standard normal reference."""
    return vcov, np.full(df.shape, np.inf)


@TESTS.add("t", label="t test on k - p degrees of freedom", reference="Follmann & Proschan (1999)", metafor="t")
def t_test(vcov: Array, _q: Array, df: Array) -> tuple[Array, Array]:
    """t reference on k - p degrees of freedom, covariance unchanged."""
    return vcov, df


@TESTS.add(
    "hksj",
    label="Hartung-Knapp-Sidik-Jonkman test",
    reference="Hartung & Knapp (2001) Stat Med 20:3875-3889; Sidik & Jonkman (2002) Stat Med 21:3153-3159",
    aliases=("knha", "hk"),
    metafor="knha",
)
def hksj_test(vcov: Array, q: Array, df: Array) -> tuple[Array, Array]:
    """Covariance times q / df, t reference on k - p; 0 where all effects lie on the fitted line."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return vcov * (np.where(q < EQUAL, 0.0, q) / df)[..., None, None], df


@TESTS.add(
    "hksj-adhoc",
    label="Hartung-Knapp test, never narrower than the normal one",
    reference="Knapp & Hartung (2003) Stat Med 22:2693-2710, p. 2698",
    aliases=("adhoc",),
    metafor="adhoc",
)
def hksj_adhoc_test(vcov: Array, q: Array, df: Array) -> tuple[Array, Array]:
    """Covariance times max(1, q / df), t reference on k - p."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return vcov * np.maximum(1.0, q / df)[..., None, None], df


@PREDICTION.add(
    "higgins",
    label="t on k - 2 degrees of freedom",
    reference="Higgins, Thompson & Spiegelhalter (2009) J R Stat Soc A 172:137-159, eq. 12",
    aliases=("HTS", "k-2"),
)
def higgins(std_error: float, k: float, p: float, df: float) -> tuple[float, str]:
    """k - p - 1 degrees of freedom, the model's standard error."""
    del std_error, df
    return k - p - 1, "t on k - p - 1"


@PREDICTION.add(
    "k-1",
    label="t on k - 1 degrees of freedom",
    reference="Veroniki et al. (2019) Res Synth Methods 10:23-43",
    metafor="predict() after test = 't' or 'knha'",
)
def k_minus_1(std_error: float, k: float, p: float, df: float) -> tuple[float, str]:
    """k - p degrees of freedom."""
    del std_error, df
    return k - p, "t on k - p"


@PREDICTION.add(
    "hk",
    label="t on k - 2 degrees of freedom, Hartung-Knapp's standard error whatever the test",
    reference="Partlett & Riley (2017) Stat Med 36:301-317",
    aliases=("hksj", "knha"),
)
def hartung_knapp(std_error: float, k: float, p: float, df: float) -> tuple[float, str]:
    """k - p - 1 degrees of freedom; `PooledResult` takes the standard error of Hartung and Knapp with it."""
    del std_error, df
    return k - p - 1, "t on k - p - 1"


@PREDICTION.add(
    "normal",
    label="normal quantile",
    reference="Raudenbush (2009) in Handbook of Research Synthesis, 2nd ed., p. 302",
    metafor="predict() after test = 'z'",
)
def normal(std_error: float, k: float, p: float, df: float) -> tuple[float, str]:
    """Normal quantile, as if tau2 were known."""
    del std_error, k, p, df
    return float("inf"), "normal"
