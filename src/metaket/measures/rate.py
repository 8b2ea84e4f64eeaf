"""Rates: events in a person-time, of two groups (``events_t time_t events_c time_c``) or of one (``events time``).

With the expected number of events as `time`, IR and IRLN are standardised incidence ratios.
"""

from __future__ import annotations

import numpy as np

from metaket._checks import Array
from metaket.measures.registry import Columns, measure
from metaket.measures.transform import freeman_tukey_rate

__all__: list[str] = []

NEEDS = ("events_t", "time_t", "events_c", "time_c")
SINGLE = ("events", "time")
ROTHMAN = "Rothman, Greenland & Lash (2008) Modern Epidemiology, 3rd ed., ch. 14"
BAGOS = "Bagos & Nikolopoulos (2009) Int J Biostat 5(1):21"


@measure(
    "IRR",
    label="Incidence rate ratio",
    reference=ROTHMAN,
    needs=NEEDS,
    scale="log ratio",
    zero_cells="only0",
    uninformative=True,
)
def log_rate_ratio(c: Columns) -> tuple[Array, Array]:
    """log of the ratio of the rates and 1/x1 + 1/x2."""
    x1, x2 = c["events_t"], c["events_c"]
    return np.log(x1 / c["time_t"]) - np.log(x2 / c["time_c"]), 1 / x1 + 1 / x2


@measure(
    "IRD",
    label="Incidence rate difference",
    reference=ROTHMAN,
    needs=NEEDS,
    scale="difference",
    zero_cells="only0",
)
def rate_difference(c: Columns) -> tuple[Array, Array]:
    """x1/t1 - x2/t2 and x1/t1^2 + x2/t2^2."""
    x1, t1, x2, t2 = (c[name] for name in NEEDS)
    return x1 / t1 - x2 / t2, x1 / t1**2 + x2 / t2**2


@measure(
    "IRSD",
    label="Incidence rate difference (square root)",
    reference=BAGOS,
    needs=NEEDS,
    scale="difference",
    zero_cells="none",
)
def root_rate_difference(c: Columns) -> tuple[Array, Array]:
    """sqrt(x1/t1) - sqrt(x2/t2) and 1/(4 t1) + 1/(4 t2). Empty cells need no rule."""
    x1, t1, x2, t2 = (c[name] for name in NEEDS)
    return np.sqrt(x1 / t1) - np.sqrt(x2 / t2), 1 / (4 * t1) + 1 / (4 * t2)


@measure("IR", label="Incidence rate", reference=ROTHMAN, needs=SINGLE, scale="level", zero_cells="only0")
def raw_rate(c: Columns) -> tuple[Array, Array]:
    """x/t and x/t^2."""
    return c["events"] / c["time"], c["events"] / c["time"] ** 2


@measure("IRLN", label="Incidence rate (log)", reference=ROTHMAN, needs=SINGLE, scale="log level", zero_cells="only0")
def log_rate(c: Columns) -> tuple[Array, Array]:
    """log(x/t) and 1/x."""
    return np.log(c["events"] / c["time"]), 1 / c["events"]


@measure(
    "IRS",
    label="Incidence rate (square root)",
    reference=BAGOS,
    needs=SINGLE,
    scale="square root",
    zero_cells="none",
)
def root_rate(c: Columns) -> tuple[Array, Array]:
    """sqrt(x/t) and 1 / (4 t). Empty cells need no rule."""
    return np.sqrt(c["events"] / c["time"]), 1 / (4 * c["time"])


@measure(
    "IRFT",
    label="Incidence rate (Freeman-Tukey)",
    reference="Freeman & Tukey (1950) Ann Math Stat 21:607-611",
    needs=SINGLE,
    scale="Freeman-Tukey rate",
    zero_cells="none",
)
def freeman_tukey_incidence(c: Columns) -> tuple[Array, Array]:
    """(sqrt(x/t) + sqrt((x + 1)/t)) / 2 and 1 / (4 t)."""
    return freeman_tukey_rate(c["events"] / c["time"], c["time"]), 1 / (4 * c["time"])
