"""Events over person-time, in two groups or one."""

from __future__ import annotations

import numpy as np

from metaket._checks import Array
from metaket.measures.registry import Columns, measure
from metaket.measures.transform import freeman_tukey_rate

TWO = ("events_t", "time_t", "events_c", "time_c")
ONE = ("events", "time")
SOURCE = "Rothman, Greenland & Lash (2008) Modern Epidemiology, 3rd ed., ch. 14"
ROOT = "Bishop, Fienberg & Holland (1975) Discrete Multivariate Analysis, p. 491"


@measure(
    "IRR",
    label="Incidence rate ratio",
    reference=SOURCE,
    needs=TWO,
    scale="log ratio",
    zero_cells="only0",
    uninformative=True,
)
def log_rate_ratio(c: Columns) -> tuple[Array, Array]:
    """log((x1/t1) / (x2/t2)) and 1/x1 + 1/x2."""
    a, b = c["events_t"], c["events_c"]
    return np.log(a / c["time_t"]) - np.log(b / c["time_c"]), 1 / a + 1 / b


@measure("IRD", label="Incidence rate difference", reference=SOURCE, needs=TWO, scale="difference", zero_cells="only0")
def rate_difference(c: Columns) -> tuple[Array, Array]:
    """x1/t1 - x2/t2 and x1/t1^2 + x2/t2^2."""
    a, t, b, u = (c[name] for name in TWO)
    return a / t - b / u, a / t**2 + b / u**2


@measure("IRSD", label="Square-root rate difference", reference=ROOT, needs=TWO, scale="difference", zero_cells="none")
def root_rate_difference(c: Columns) -> tuple[Array, Array]:
    """sqrt(x1/t1) - sqrt(x2/t2) and 1/(4 t1) + 1/(4 t2)."""
    a, t, b, u = (c[name] for name in TWO)
    return np.sqrt(a / t) - np.sqrt(b / u), 1 / (4 * t) + 1 / (4 * u)


@measure("IR", label="Incidence rate", reference=SOURCE, needs=ONE, scale="level", zero_cells="only0")
def rate(c: Columns) -> tuple[Array, Array]:
    """x/t and x/t^2."""
    return c["events"] / c["time"], c["events"] / c["time"] ** 2


@measure("IRLN", label="Incidence rate (log)", reference=SOURCE, needs=ONE, scale="log level", zero_cells="only0")
def log_rate(c: Columns) -> tuple[Array, Array]:
    """log(x/t) and 1/x."""
    return np.log(c["events"] / c["time"]), 1 / c["events"]


@measure("IRS", label="Incidence rate (square root)", reference=ROOT, needs=ONE, scale="square root", zero_cells="none")
def root_rate(c: Columns) -> tuple[Array, Array]:
    """sqrt(x/t) and 1/(4 t)."""
    return np.sqrt(c["events"] / c["time"]), 1 / (4 * c["time"])


@measure(
    "IRFT",
    label="Incidence rate (Freeman-Tukey)",
    reference="Freeman & Tukey (1950) Ann Math Stat 21:607-611",
    needs=ONE,
    scale="Freeman-Tukey rate",
    zero_cells="none",
)
def freeman_tukey_rates(c: Columns) -> tuple[Array, Array]:
    """(sqrt(x/t) + sqrt((x + 1)/t)) / 2 and 1/(4 t)."""
    return freeman_tukey_rate(c["events"] / c["time"], c["time"]), 1 / (4 * c["time"])
