"""How tables print numbers, and the human names of machine columns.

Decimals follow the precision of what is shown: effects to two decimals, more where their standard errors are small,
p-values to three, shares to one. Cole (2015) Arch Dis Child 100:608-609.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from metaket.plots._text import Numbers, signed

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LABELS", "PAIRS", "cell_texts", "label_of", "number_text", "p_value_text", "small_print"]

LABELS = {
    **{"study": "Study", "outcome": "Outcome", "time_h": "Time (h)", "measure": "Measure", "title": "Title"},
    **{"estimate": "Estimate", "std_error": "Std. error", "statistic": "Statistic", "df": "df", "p_value": "p"},
    **{"ci_low": "CI low", "ci_high": "CI high", "pi_low": "Prediction low", "pi_high": "Prediction high"},
    **{"tau2": "τ²", "se_tau2": "SE of τ²", "tau": "τ", "tau2_ci_low": "τ² low", "tau2_ci_high": "τ² high"},
    **{"q": "Q", "q_df": "df of Q", "q_p": "p of Q", "i2": "I² (%)", "h2": "H²", "k": "k", "n": "N", "n_total": "N"},
    **{"events_t": "Events, treatment", "n_t": "n, treatment", "events_c": "Events, control", "n_c": "n, control"},
    **{"mean_t": "Mean, treatment", "sd_t": "SD, treatment", "mean_c": "Mean, control", "sd_c": "SD, control"},
    **{"rate_t": "Rate, treatment (%)", "rate_c": "Rate, control (%)", "weight": "Weight (%)", "y": "Effect"},
    **{"v": "Variance", "se": "Std. error", "egger_p": "p of Egger's test", "n_iter": "Iterations"},
}
PAIRS = (
    ("ci_low", "ci_high", "{level} CI"),
    ("pi_low", "pi_high", "{level} prediction interval"),
    ("tau2_ci_low", "tau2_ci_high", "{level} CI of τ²"),
)
P_VALUES = {"p_value", "q_p", "egger_p", "p"}
PERCENT = {"i2", "rate_t", "rate_c", "weight"}
EFFECTS = {"estimate", "std_error", "ci_low", "ci_high", "pi_low", "pi_high", "y", "y_low", "y_high", "se"}
TWO = {"statistic", "q"}
THREE = {"tau2", "se_tau2", "tau", "h2", "tau2_ci_low", "tau2_ci_high", "v"}


def label_of(name: object) -> str:
    """The human name of a column; a name without one is shown with spaces for underscores."""
    text = str(name)
    return LABELS.get(text) or (text[:1].upper() + text[1:]).replace("_", " ").strip()


def small_print(text: str) -> Markup:
    """A line below a cell's text, in smaller letters; nothing where there is no text."""
    return Markup("<br><small>{}</small>").format(text) if text else Markup()


def p_value_text(p: float) -> str:
    """Three decimals, ``<0.001`` below them, ``>0.999`` above, blank where not defined."""
    if math.isnan(p):
        return ""
    if p < 0.001:
        return "<0.001"
    return ">0.999" if 0.9995 <= p < 1 else f"{p:.3f}"


def number_text(value: float, decimals: int) -> str:
    """A fixed number of decimals with a true minus sign; at least two digits of what would print as zero."""
    if math.isnan(value):
        return ""
    if 0 < abs(value) < 0.5 * 10.0**-decimals:
        return signed(f"{value:.2g}") if abs(value) >= 1e-4 else Numbers(1, ratio=True)(value)
    return Numbers(decimals)(value)


def cell_texts(frame: pd.DataFrame, name: str, decimals: int | None = None, *, ratio: bool = False) -> list[str]:
    """One column of a frame as text, all cells to the same decimals.

    Parameters
    ----------
    frame : DataFrame
    name : str
        The column.
    decimals : int, optional
        Of effects and of columns that metaket does not know.
    ratio : bool
        Effects below 0.1 keep two significant digits, as ratios need it.
    """
    values = list(frame[name])
    if not _numeric(values):
        return [_word(v) for v in values]
    numbers = [_float(v) for v in values]
    if name in P_VALUES:
        return [p_value_text(x) for x in numbers]
    if name in PERCENT:
        return [number_text(x, 1) for x in numbers]
    if name in EFFECTS:
        errors = [_float(v) for v in frame["std_error"]] if "std_error" in frame.columns and not ratio else []
        shown = Numbers(decimals, ratio=ratio, errors=errors)
        return ["" if math.isnan(x) else shown(x) for x in numbers]
    if all(math.isnan(x) or (math.isfinite(x) and x == round(x)) for x in numbers):
        return ["" if math.isnan(x) else signed(f"{x:.0f}") for x in numbers]
    fixed = decimals if decimals is not None else 2 if name in TWO else 3 if name in THREE else _decimals(numbers)
    return [number_text(x, fixed) for x in numbers]


def _numeric(values: Sequence[Any]) -> bool:
    kinds = [v for v in values if v is not None and not (isinstance(v, float) and math.isnan(v))]
    return bool(kinds) and all(
        isinstance(v, int | float | np.number) and not isinstance(v, bool | np.bool_) for v in kinds
    )


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)


def _word(value: Any) -> Any:
    """Text as it is; what can draw itself (`__html__`) untouched; blank for missing."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return value if hasattr(value, "__html__") else str(value)


def _decimals(numbers: Sequence[float]) -> int:
    """Decimals that give the middle value of a column three digits."""
    sizes = sorted(abs(x) for x in numbers if math.isfinite(x) and x != 0)
    return 2 if not sizes else min(8, max(0, 2 - math.floor(math.log10(sizes[len(sizes) // 2]))))
