"""The words and statistics of a forest plot, in the form of its style. No matplotlib here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from metaket.plots._forest_styles import ForestStyle
from metaket.plots._text import clean, marker, signed
from metaket.pooling.spec import MODELS, WITHOUT_TAU2

if TYPE_CHECKING:
    from metaket.diagnostics.subgroups import Subgroups
    from metaket.measures.effect import EffectSizes
    from metaket.pooling.result import PooledResult

__all__ = [
    "between_text",
    "footnote_marks",
    "heterogeneity",
    "level_text",
    "model_name",
    "overall",
    "own_notes",
    "statistics",
]

UNVERIFIED = "unverified: no source at hand"


def level_text(level: float) -> str:
    """`95%`."""
    return f"{100 * level:.6g}%"


def model_name(result: PooledResult, *, first: bool = True) -> str:
    """`Random effects (DL, HKSJ)`; with the label's own first letter where it isn't the `first` word."""
    name = MODELS[result.spec.model].label
    spec = result.spec
    options = []
    if spec.model == "random":
        options.append(spec.tau2 if isinstance(spec.tau2, str) else f"τ² = {spec.tau2:g}")
    if spec.test != "z":
        options.append(spec.test.upper() if spec.test == "hksj" else f"{spec.test} test")
    name = name[:1].upper() + name[1:] if first else name
    return f"{name} ({', '.join(options)})" if options else name


def heterogeneity(result: PooledResult, style: ForestStyle) -> str:
    """Q, I2 and tau2 of a result; I2 says which definition it follows."""
    if result.k == 1:
        return f"{style.heterogeneity}not defined for 1 study"
    source = "Q" if result.spec.i2 == "Q" else "τ²"
    q = style.q.format(q=f"{result.q:.2f}", df=f"{result.q_df:g}", p=style.p(result.q_p))
    parts = [q, f"{style.i2.format(f'{result.i2:.1f}')} (from {source})"]
    if result.spec.model not in WITHOUT_TAU2:
        tau2 = style.tau2.format(_small(result.tau2))
        parts = [*parts, tau2] if style.code == "plain" else [tau2, *parts]
    return style.heterogeneity + style.sep.join(parts)


def overall(result: PooledResult, style: ForestStyle) -> str:
    """The test of the pooled effect."""
    revman = style.code == "revman"  # which prints Z without its sign
    name = ("Z" if revman else "z") if np.isinf(result.df) else f"t({result.df:g})"
    value = signed(f"{abs(result.statistic) if revman else result.statistic:.2f}")
    return style.overall.format(statistic=name, value=value, p=style.p(result.p_value))


def statistics(result: PooledResult, style: ForestStyle) -> tuple[str, ...]:
    """Heterogeneity, the test of the effect, and why there is no prediction interval."""
    gap = result.prediction_gap()
    return (heterogeneity(result, style), overall(result, style), *((f"No prediction interval: {gap}",) if gap else ()))


def between_text(groups: Subgroups, style: ForestStyle) -> str:
    """The test of whether the subgroups differ, and how tau2 was had."""
    q, df = groups.q_between, groups.q_between_df
    i2 = max(0.0, 100.0 * (q - df) / q) if q > 0 else 0.0
    text = style.between.format(q=f"{q:.2f}", df=f"{df:g}", p=style.p(groups.q_between_p), i2=f"{i2:.1f}")
    random = any(r.spec.model not in WITHOUT_TAU2 for r in groups.results)
    if not random:
        return text
    return text + ("; a τ² of each subgroup" if groups.shared_tau2 is None else "; one τ² for all subgroups")


def _small(value: float) -> str:
    return f"{value:.3f}" if 0.01 <= value < 1e4 else f"{value:.3g}"


def own_notes(effects: EffectSizes) -> list[list[str]]:
    """What has to be said of each study."""
    status = ["" for _ in range(effects.k)]
    if effects.table is not None and "status" in effects.table.columns:
        status = [str(s) for s in effects.table["status"]]
    return [
        [n for n in (effects.notes[i].split("; ") if effects.notes else []) if n]
        + ([UNVERIFIED] if status[i] == "unverified" else [])
        for i in range(effects.k)
    ]


def footnote_marks(notes: Sequence[Sequence[str]]) -> tuple[list[str], tuple[str, ...]]:
    """Markers of each row and the notes that they point to, in the order of appearance."""
    index: dict[str, int] = {}
    marks = ["".join(marker(index.setdefault(clean(n), len(index))) for n in own) for own in notes]
    return marks, tuple(f"{marker(i)} {note}" for note, i in index.items())
