"""The printed figures of one analysis, and how far computed values are from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaket._checks import Array
from metaket._registry import unknown_choice
from metaket.errors import InputError
from metaket.reproduction.claims import Printed, matches, read_printed
from metaket.reproduction.compare import claim_parts

__all__ = ["POOLED", "ROWS", "Figure", "claim_figures", "distance", "figures_of", "in_words"]

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
PERCENT = {"i2", "rate_t", "rate_c", "weight"}


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
        return self.printed.unit == "%" and self.quantity not in PERCENT

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
        texts |= {f"weight:{study}" if name == "weight" else f"study:{study}:{name}": t for name, t in row.items()}
    figures = [f for code, text in texts.items() if not _blank(text) for f in _named(code, text, names)]
    if not figures:
        raise InputError("nothing printed: give printed={'estimate': '0.49', 'ci_low': '0.33', ...}, texts as printed")
    return tuple(figures)


def _blank(text: Any) -> bool:
    return text is None or str(text).strip() in ("", "nan")


def _named(code: str, text: Any, names: tuple[str, ...]) -> list[Figure]:
    """The figures of one printed text: "1.58 (1.20 to 2.09)" is three. An error where it is none that we know."""
    if not isinstance(text, str):
        raise InputError(f"printed {code} must be the text as printed, such as '0.40' for two decimals, got {text!r}")
    if code.split(":")[-1] not in (*POOLED, *ROWS, "ci", "pi") and code.split(":")[0] not in POOLED | {"weight": ""}:
        raise unknown_choice("printed quantity", code, (*POOLED, "ci", "pi"))
    found = claim_figures(code, text, names)
    if not found:
        raise InputError(f"printed {code} must be a number that `explain` knows, got {text!r}")
    return found


def claim_figures(code: str, text: str, names: tuple[str, ...]) -> list[Figure]:
    """The figures of a claim's text; those that are not of a pooled effect or of a study's row are left out."""
    figures = []
    for name, part in claim_parts(code, text):
        printed = read_printed(text) if part is None else part.printed
        figure = figure_of(name, printed, names)
        if figure is not None and (printed.relation != "words" or figure.quantity in WORDS):
            figures.append(figure)
    return figures


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
    if rest and head[:3] == "ci_" and not re.fullmatch(r"0?\.\d+", rest):
        return None
    level = float(rest) if rest and head[:3] == "ci_" else 0.0
    return Figure(head, printed, -1, POOLED[head] + (f" at {100 * level:g} %" if level else ""), plain, level)


def in_words(figure: Figure) -> str:
    """The figure and its text."""
    return f"{figure.label} {figure.printed.text.strip()}"


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
            hit = matches(values, printed, unit="%" if figure.quantity in PERCENT else "")
            scaled = 100.0 * values if figure.percent else values
            gap = np.where(hit, 0.0, np.abs(scaled - printed.value) / figure.unit)
    return np.where(np.isnan(values), np.inf, gap)
