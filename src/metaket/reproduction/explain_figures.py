"""The printed figures of one analysis, and how far computed values are from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaket._checks import Array
from metaket._registry import unknown_choice
from metaket.errors import InputError
from metaket.reproduction.claims import Printed, read_printed

__all__ = ["POOLED", "ROWS", "Figure", "distance", "figure_of", "figures_of", "in_words"]

POOLED = {
    "estimate": "pooled effect",
    "ci_low": "lower limit",
    "ci_high": "upper limit",
    "pi_low": "lower prediction limit",
    "pi_high": "upper prediction limit",
    "std_error": "standard error",
    "statistic": "test statistic",
    "p_value": "p-value",
    "significant": "significance",
    "tau2": "tau2",
    "tau": "tau",
    "se_tau2": "standard error of tau2",
    "q": "Q",
    "q_df": "degrees of freedom of Q",
    "q_p": "p-value of Q",
    "heterogeneity": "significance of Q",
    "i2": "I2",
    "h2": "H2",
    "k": "number of studies",
    "n_total": "number of patients",
    "rate_t": "rate in the treatment arm",
    "rate_c": "rate in the control arm",
}
ROWS = {
    "estimate": "effect",
    "ci_low": "lower limit",
    "ci_high": "upper limit",
    "std_error": "standard error",
    "variance": "variance",
    "weight": "weight",
}
UNTRANSFORMED = "untransformed:"
WORDS = {"p_value", "q_p", "significant", "heterogeneity"}
SLACK = 1e-9  # of a unit of the last decimal: both ends of the printed interval count, ties round either way


@dataclass(frozen=True, slots=True)
class Figure:
    """One printed figure.

    Attributes
    ----------
    quantity : str
        A key of `POOLED`, or of `ROWS` for a figure of one study.
    printed : Printed
    study : int
        Place of the study, -1 for a pooled figure.
    label : str
    plain : bool
        Whether it is printed on the analysis scale (the logarithm of a ratio).
    level : float
        Of an interval with a level of its own; 0 is the stated level.
    """

    quantity: str
    printed: Printed
    study: int = -1
    label: str = ""
    plain: bool = False
    level: float = 0.0

    @property
    def percent(self) -> bool:
        """Whether an effect is printed in percent."""
        return self.printed.unit == "%" and self.quantity[:2] in ("es", "ci", "pi")

    @property
    def unit(self) -> float:
        """One unit of the last printed decimal."""
        return float(10.0**self.printed.exponent)


def figures_of(printed: Mapping[str, Any], studies: Any, names: tuple[str, ...]) -> tuple[Figure, ...]:
    """Figures from texts by quantity, and from texts of the studies' rows.

    Raises
    ------
    InputError
        An unknown quantity or study, a text that cannot be read, or no figure at all.
    """
    texts = dict(printed)
    for study, row in _study_rows(studies).items():
        texts |= {f"study:{study}:{name}": text for name, text in row.items()}
    figures = []
    for code, text in _spread(texts).items():
        figure = figure_of(code, _read(code, text), names)
        if figure is None:
            raise unknown_choice("printed quantity", code, tuple(POOLED))
        figures.append(figure)
    if not figures:
        raise InputError("nothing printed: give printed={'estimate': '0.49', 'ci_low': '0.33', ...}, texts as printed")
    return tuple(figures)


def _spread(printed: Mapping[str, Any]) -> dict[str, Any]:
    """One entry a quantity: "ci": "0.33 to 0.70" is two. A blank text is none."""
    out: dict[str, Any] = {}
    for code, text in printed.items():
        head, mark, name = code.rpartition(":")
        if name in ("ci", "pi"):
            ends = _two(code, str(text))
            out |= {f"{head}{mark}{name}_low": ends[0], f"{head}{mark}{name}_high": ends[1]}
        elif text is not None and str(text).strip() not in ("", "nan"):
            out[code] = text
    return out


def _two(name: str, text: str) -> tuple[str, str]:
    for mark in (" to ", ";", ","):
        low, found, high = text.strip("[]() ").partition(mark)
        if found:
            return low.strip(), high.strip()
    raise InputError(f"{name} must be two limits such as '0.33 to 0.70', got {text!r}")


def _study_rows(studies: Any) -> dict[str, Mapping[str, Any]]:
    """Study -> its printed figures, from a mapping or a table with a column study."""
    if studies is None:
        return {}
    if isinstance(studies, Mapping):
        return {str(name): row for name, row in studies.items()}
    columns = [c for c in ROWS if c in studies.columns]
    if "study" not in studies.columns or not columns:
        raise InputError("studies= needs a column study and any of estimate, ci_low, ci_high, weight, as texts")
    return {str(row["study"]): {c: row[c] for c in columns} for _, row in studies.iterrows()}


def _read(code: str, text: Any) -> Printed:
    if not isinstance(text, str):
        raise InputError(f"printed {code} must be the text as printed, such as '0.40' for two decimals, got {text!r}")
    printed = read_printed(text)
    if printed.relation == "words" and code not in WORDS:
        raise InputError(f"printed {code} must be a number, got {text!r}")
    return printed


def figure_of(code: str, printed: Printed, names: tuple[str, ...]) -> Figure | None:
    """The figure that a claim's quantity names; None for one that is not of a pooled effect or of a study's row.

    ``study:NAME:ci_low`` and ``weight:NAME`` are of a row, ``untransformed:estimate`` is on the analysis scale,
    ``ci_low:0.9`` has its own level; in ``pi_low:normal`` the method is one of the options tried.
    """
    plain, code = code.startswith(UNTRANSFORMED), code.removeprefix(UNTRANSFORMED)
    head, _, rest = code.partition(":")
    if head in ("study", "weight"):
        study, _, name = rest.rpartition(":") if head == "study" else (rest, "", "weight")
        if study not in names:
            raise unknown_choice("study with a printed row", study, names)
        label = f"{ROWS.get(name, name)} of {study}"
        return Figure(name, printed, names.index(study), label, plain) if name in ROWS else None
    if head not in POOLED or (rest and head[:3] not in ("ci_", "pi_")):
        return None
    level = float(rest) if rest and head[:3] == "ci_" else 0.0
    return Figure(head, printed, -1, POOLED[head] + (f" at {100 * level:g} %" if level else ""), plain, level)


def in_words(figure: Figure) -> str:
    """The figure and its text."""
    return f"{figure.label} {figure.printed.text}"


def distance(values: Array, figure: Figure) -> Array:
    """How far values are from the printed text, in units of its last decimal; 0 where they print like it.

    A value that is not there (NaN) is infinitely far.
    """
    printed = figure.printed
    with np.errstate(invalid="ignore"):
        if printed.relation == "words":
            significant = printed.decision == "significant"
            gap = np.where((values < 0.05) == significant, 0.0, np.abs(values - 0.05) / 0.001)
        else:
            scaled = 100.0 * values if figure.percent else values
            outside = np.maximum(printed.low - scaled, scaled - printed.high) / figure.unit
            if printed.relation == "=":
                gap = np.where(outside <= SLACK, 0.0, np.abs(scaled - printed.value) / figure.unit)
            else:
                gap = np.where(outside <= SLACK, 0.0, outside)
    return np.where(np.isnan(values), np.inf, gap)
