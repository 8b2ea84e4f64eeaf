"""What is printed about one 2x2 table, each figure with the values that a table gives for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket._distributions import critical
from metaket.errors import InputError
from metaket.reproduction.claims import Printed
from metaket.reproduction.recover_tests import TABLE_TESTS, chi_square, log_effect, risk_difference
from metaket.reproduction.recover_text import EffectText, agrees, read_effect, read_named, read_percent

__all__ = ["EFFECTS", "Figure", "Tables", "figures_of"]

EFFECTS = {"odds_ratio": "OR", "risk_ratio": "RR", "risk_difference": "RD"}
RATIOS = ("odds_ratio", "risk_ratio")
ROUNDED = {0.90: 1.645, 0.95: 1.96, 0.99: 2.576}  # critical values as papers write them
LABELS = {"odds_ratio": "odds ratio", "risk_ratio": "risk ratio", "risk_difference": "risk difference"}


@dataclass(frozen=True, slots=True, eq=False)
class Tables:
    """Many 2x2 tables.

    Attributes
    ----------
    events_t, n_t, events_c, n_c : ndarray, shape (m,)
        Whole numbers as float64.
    """

    events_t: Array
    n_t: Array
    events_c: Array
    n_c: Array

    def take(self, keep: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Tables:
        """Some of them."""
        return Tables(*(cell[keep] for cell in self.cells))

    @property
    def cells(self) -> tuple[Array, Array, Array, Array]:
        """In the order in which every formula takes them."""
        return self.events_t, self.n_t, self.events_c, self.n_c

    @staticmethod
    def join(parts: Sequence[Tables]) -> Tables:
        """One after the other."""
        cells = zip(*(p.cells for p in parts), strict=True) if parts else [(np.empty(0),)] * 4
        return Tables(*(np.concatenate(cell) for cell in cells))


Reading = Callable[[Tables], Array]


@dataclass(frozen=True, slots=True)
class Figure:
    """A printed figure.

    Attributes
    ----------
    name : str
        The argument it came from, and for an interval which end.
    label : str
        For people.
    printed : Printed
    readings : mapping of str to callable
        Each way in which a table may have given the figure, by its label: (m,) values of m tables.
    cost : int
        0 for arithmetic, 1 for a distribution, 2 for an exact test: the cheap ones are tried first.
    partner : Figure or None
        For the upper limit of an interval the lower one: a paper has both by the same reading.
    """

    name: str
    label: str
    printed: Printed
    readings: Mapping[str, Reading]
    cost: int = 0
    partner: Figure | None = None

    def by_reading(self, tables: Tables) -> dict[str, npt.NDArray[np.bool_]]:
        """Where each reading prints as printed, and is one that gives the partner."""
        open_ones = self._open(tables)
        return {label: agrees(self.printed, func(tables)) & open_ones[label] for label, func in self.readings.items()}

    def _open(self, tables: Tables) -> dict[str, npt.NDArray[np.bool_]]:
        """Where each reading may be the one: where it gives the partner, or where none does."""
        if self.partner is None:
            return dict.fromkeys(self.readings, np.ones(len(tables.n_t), dtype=bool))
        hits = self.partner.by_reading(tables)
        none = ~np.any(list(hits.values()), axis=0)
        return {label: np.asarray(hit | none) for label, hit in hits.items()}

    def holds(self, tables: Tables) -> npt.NDArray[np.bool_]:
        """Where any reading does."""
        return np.asarray(np.any(list(self.by_reading(tables).values()), axis=0))

    def gap(self, tables: Tables) -> Array:
        """How far the nearest reading is from the print, in halves of its last unit; infinite where undefined."""
        if self.printed.relation != "=":
            return np.where(self.holds(tables), 0.0, np.inf)
        half = 0.5 * 10.0**self.printed.exponent
        open_ones = self._open(tables)
        far = []
        for label, func in self.readings.items():
            steps = np.abs(func(tables) - self.printed.value) / half
            far.append(np.where(open_ones[label] & ~np.isnan(steps), steps, np.inf))
        return np.asarray(np.min(far, axis=0))


def figures_of(
    percents: Mapping[str, str | None],
    effects: Mapping[str, str | None],
    p: str | None,
    chi2: str | None,
    tests: Sequence[str],
) -> tuple[Figure, ...]:
    """The printed figures that were given, cheap ones first.

    Raises
    ------
    InputError
        A text that cannot be read, or an unknown test.
    """
    out = [_percent(name, text) for name, text in percents.items() if text is not None]
    for name, text in effects.items():
        if text is not None:
            given = read_effect(name, text)
            out += _effect(name, given)
            out += [_p_value(f"{name}_p", given.p, tests)] if given.p else []
    if chi2 is not None:
        readings = {"chi-square": _statistic(False), "chi-square with Yates' correction": _statistic(True)}
        printed = read_named("chi2", chi2)
        _check_value("chi2", printed, 0.0)
        out.append(Figure("chi2", "chi-square", printed, readings))
    if p is not None:
        out.append(_p_value("p", read_named("p", p), tests))
    return tuple(sorted(out, key=lambda figure: figure.cost))


def _percent(name: str, text: str) -> Figure:
    events, n = (0, 1) if name.endswith("_t") else (2, 3)
    arm = "treatment" if name.endswith("_t") else "control"
    reading = {"": lambda t: 100.0 * t.cells[events] / t.cells[n]}
    return Figure(name, f"percentage of the {arm} arm", read_percent(name, text), reading)


def _p_value(name: str, printed: Printed, tests: Sequence[str]) -> Figure:
    if printed.relation != "words":
        _check_value(name, printed, 0.0, 1.0)
    entries = [TABLE_TESTS[code] for code in tests]
    if not entries:
        raise InputError(f"tests must name at least one of {', '.join(TABLE_TESTS.codes)}")
    cost = 2 if any(entry.code == "fisher" for entry in entries) else 1
    return Figure(name, "p", printed, {entry.label: _test(entry.code) for entry in entries}, cost)


def _statistic(correct: bool) -> Reading:
    return lambda t: chi_square(*t.cells, correct=correct)


def _test(code: str) -> Reading:
    return lambda t: TABLE_TESTS[code].func(*t.cells)


def _effect(name: str, given: EffectText) -> list[Figure]:
    places = (
        ("", "", given.estimate, 0.0),
        ("_low", ", lower limit", given.low, -1.0),
        ("_high", ", upper limit", given.high, 1.0),
    )
    out: list[Figure] = []
    low = None
    for end, where, printed, side in places:
        if printed is None:
            continue
        _check_value(name, printed, 0.0 if name in RATIOS else -np.inf)
        factor = 100.0 if printed.unit == "%" else 1.0
        if name not in RATIOS and side == 0.0 and abs(printed.value) > factor:
            raise InputError(f"{name} must be between -1 and 1, or a percentage such as '-12.1%', got {printed.text!r}")
        readings = {
            ", ".join(filter(None, (label, by))): partial(func, half=side * z, factor=factor)
            for label, func in _READINGS[name].items()
            for by, z in (_critical(given.level) if side else {"": 0.0}).items()
        }
        out.append(Figure(f"{name}{end}", f"{LABELS[name]}{where}", printed, readings, partner=low))
        low = out[-1] if side < 0 else None
    return out


def _check_value(name: str, printed: Printed, least: float, most: float = np.inf) -> None:
    """Words and numbers that no table can give are no figures."""
    if printed.relation == "words":
        raise InputError(f"{name} must be a number, got {printed.text!r}")
    if not least <= printed.value <= most:
        told = f"between {least:g} and {most:g}" if np.isfinite(most) else f"at least {least:g}"
        raise InputError(f"{name} must be {told}, got {printed.text.strip()!r}")


def _critical(level: float) -> dict[str, float]:
    """The critical value, and as it is often rounded: with large limits the printed decimals tell them apart."""
    exact = {"": float(critical(level, np.inf))}
    return exact | ({f"by {ROUNDED[level]}": ROUNDED[level]} if level in ROUNDED else {})


def _difference(t: Tables, half: float, factor: float) -> Array:
    y, se = risk_difference(*t.cells)
    return factor * (y + half * se)


def _corrected(measure: str, t: Tables, half: float, factor: float) -> Array:
    y, se = log_effect(measure, *t.cells)
    return np.asarray(factor * np.exp(y + half * se))


def _plain(measure: str, t: Tables, half: float, factor: float) -> Array:
    """Without a half added: 0 or infinite where a cell is empty, and then without an interval."""
    a, n1, c, n2 = t.cells
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = a * n2 / (n1 * c) if measure == "RR" else a * (n2 - c) / ((n1 - a) * c)
        if half == 0.0:
            return np.asarray(factor * ratio)
        b, d = (n1, n2) if measure == "RR" else (n1 - a, n2 - c)
        sign = -1.0 if measure == "RR" else 1.0
        se = np.sqrt(1 / a + sign / b + 1 / c + sign / d)
        return np.asarray(factor * ratio * np.exp(half * se))


_READINGS: dict[str, dict[str, Callable[..., Array]]] = {
    "odds_ratio": {"as counted": partial(_plain, "OR"), "a half added to empty cells": partial(_corrected, "OR")},
    "risk_ratio": {"as counted": partial(_plain, "RR"), "a half added to empty cells": partial(_corrected, "RR")},
    "risk_difference": {"": _difference},
}
