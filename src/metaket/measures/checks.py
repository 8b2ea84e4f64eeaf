"""Rules for the cells of a table, by the names of its columns."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, fail_row
from metaket.measures.counts import PAIR_CELLS
from metaket.measures.table import Source

__all__ = ["check_source"]

Test = Callable[[Array], npt.NDArray[np.bool_]]


def _kind(name: str) -> str:
    """What a column holds, from its name: ``events_t`` holds events, ``sd_pre`` a standard deviation."""
    if name in PAIR_CELLS:
        return "events"
    return name.split("_")[0]


# A row breaks the rule where the test holds; blank cells (NaN) break none.
RULES: dict[str, tuple[tuple[Test, str], ...]] = {
    "events": (
        (lambda a: a != np.round(a), "{name} is {{:g}}, not a whole number"),
        (lambda a: a < 0, "{name} is {{:g}}; it must be at least 0"),
    ),
    "n": (
        (lambda a: a != np.round(a), "{name} is {{:g}}, not a whole number"),
        (lambda a: a < 1, "{name} is {{:g}}; it must be at least 1"),
    ),
    "sd": (
        (lambda a: a < 0, "{name} is {{:g}}; it cannot be below 0"),
        (lambda a: a == 0, "{name} is 0; it must be above 0 (a blank cell leaves the study out)"),
    ),
    "time": ((lambda a: a <= 0, "{name} is {{:g}}; person-time must be above 0"),),
    "r": ((lambda a: np.abs(a) > 1, "{name} is {{:g}}; a correlation lies between -1 and 1"),),
}
RULES["nonevents"] = RULES["events"]


def check_source(source: Source) -> None:
    """Raise `DataError` for the first cell that breaks a rule, naming row and study."""
    for name, array in source.read.items():
        shown = source.names.get(name, name)
        for test, message in RULES.get(_kind(name), ()):
            bad = ~np.isnan(array) & test(array)
            fail_row(bad, message.format(name=shown), (array,), source.study, source.rows)
    for arm in ("_t", "_c", ""):
        _check_arm(source, f"events{arm}", f"n{arm}" if f"n{arm}" in source.read else "n")
    _check_pairs(source)


def _check_arm(source: Source, events: str, size: str) -> None:
    if events not in source.read or size not in source.read:
        return
    e, n = source.read[events], source.read[size]
    message = f"{source.names.get(events, events)} is {{:g}} but {source.names.get(size, size)} is {{:g}}; "
    fail_row(e > n, message + "events cannot exceed the arm", (e, n), source.study, source.rows)


def _check_pairs(source: Source) -> None:
    """Pairs that were derived from margins must not be negative; a derived correlation must be one."""
    derived = {name: a for name, a in source.values.items() if name not in source.read}
    if "yes_yes" in derived:
        negative = np.min([derived[name] for name in PAIR_CELLS], axis=0) < 0
        margins = tuple(source.read[name] for name in ("r", "events_t", "events_c", "n"))
        message = "a correlation r of {:g} is not possible with {:g} and {:g} events among {:g} pairs"
        fail_row(negative, message, margins, source.study, source.rows)
    if "r" in derived:
        sds = tuple(source.read[name] for name in ("sd_change", "sd_post", "sd_pre"))
        message = "sd_change {:g} is not possible with sd_post {:g} and sd_pre {:g}: r would lie beyond -1 or 1"
        fail_row(np.abs(derived["r"]) > 1, message, sds, source.study, source.rows)
