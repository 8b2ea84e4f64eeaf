"""What a synthetic paper prints: pooled figures and the rows of its forest plot, as texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

import metaket as mk
from metaket.measures.effect import EffectSizes
from metaket.pooling.result import PooledResult
from tests.synthetic.data import LOG, Settings


@dataclass(frozen=True)
class SyntheticPaper:
    """A paper: the data as they are, what is stated and printed, and the truth."""

    kind: str
    table: pd.DataFrame  # texts, as typed
    settings: Settings
    stated: Mapping[str, Any]
    printed: Mapping[str, str]
    rows: Mapping[str, Mapping[str, str]]
    slip: str = ""
    needle: str = ""

    def explained(self, *, forest: bool = True) -> mk.Explanation:
        """What explain makes of it."""
        rows = self.rows if forest else None
        return mk.explain(self.table, self.printed, studies=rows, stated=self.stated, measure=self.settings.measure)

    @property
    def truth(self) -> dict[str, str]:
        """The true settings by explain's parts."""
        s = self.settings
        out = {"measure": s.measure, "model": s.model, "test": s.test, "quantile": s.quantile}
        if s.model == "peto":
            out["measure"] = "PETO"
        if s.model == "random":
            out |= {"tau2": s.tau2, "i2": s.i2, "prediction": s.prediction}
        return out | {p: str(v) for p, v in s.options.items()}


def effects(table: pd.DataFrame, s: Settings) -> EffectSizes:
    """The studies' effects."""
    numbers = table.assign(**{c: pd.to_numeric(table[c]) for c in table.columns if c != "study"})
    if "y" in table.columns:
        return mk.generic(data=numbers, measure=s.measure)
    return mk.effect_sizes(numbers, s.measure, **s.options)


def pooled(e: EffectSizes, s: Settings) -> PooledResult:
    """The pooled result, of the ratios themselves where logarithms were forgotten."""
    if s.raw == "log":
        low, high = (np.exp(e.y + x * 1.959963984540054 * np.sqrt(e.v)) for x in (-1, 1))
        e = EffectSizes(np.exp(e.y), ((high - low) / (2 * 1.959963984540054)) ** 2, e.study)
    return mk.pool(e, model=s.model, tau2=s.tau2, test=s.test, i2=s.i2)


@dataclass(frozen=True)
class Style:
    """Which figures a paper prints, and with how many decimals."""

    places: int
    i2: int
    q: int
    tau2: int
    which: frozenset[str]


def draw_style(rng: np.random.Generator) -> Style:
    chances = {"i2": 0.9, "q": 0.6, "tau2": 0.6, "p_value": 0.6, "k": 0.8, "pi": 0.25, "weights": 0.5, "rates": 0.3}
    which = frozenset(name for name, chance in chances.items() if rng.random() < chance)
    return Style(
        int(rng.integers(2, 4)), int(rng.integers(0, 2)), int(rng.integers(1, 3)), int(rng.integers(2, 5)), which
    )


def figures(table: pd.DataFrame, s: Settings, style: Style) -> dict[str, str]:
    """The pooled figures as texts."""
    r = pooled(effects(table, s), s)
    back = {"": r.back, "round": lambda x: r.back(round(x, 2))}.get(s.raw, float)
    low, high = r.ci(s.level)
    if s.quantile == "1.96" and s.level == 0.95 and s.test == "z":
        low, high = r.estimate - 1.96 * r.std_error, r.estimate + 1.96 * r.std_error
    d = style.places
    out = {"estimate": f"{back(r.estimate):.{d}f}", "ci_low": f"{back(low):.{d}f}", "ci_high": f"{back(high):.{d}f}"}
    more = {"i2": f"{r.i2:.{style.i2}f}%", "q": f"{r.q:.{style.q}f}", "k": str(r.k), "p_value": p_text(r.p_value)}
    if s.model == "random":
        more["tau2"] = f"{r.tau2:.{style.tau2}f}"
    out |= {name: text for name, text in more.items() if name in style.which}
    pi = r.prediction_interval(s.level, s.prediction) if "pi" in style.which else None
    if pi is not None:
        out |= {"pi_low": f"{back(pi.low):.{d}f}", "pi_high": f"{back(pi.high):.{d}f}"}
    if "rates" in style.which and "events_t" in table.columns:
        totals = {c: pd.to_numeric(table[c]).sum() for c in ("events_t", "n_t", "events_c", "n_c")}
        out |= {f"rate_{a}": f"{100 * totals[f'events_{a}'] / totals[f'n_{a}']:.1f}%" for a in ("t", "c")}
    return out


def p_text(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def forest_rows(table: pd.DataFrame, s: Settings, style: Style) -> dict[str, dict[str, str]]:
    """The rows of the forest plot as texts."""
    if s.model == "peto":
        s = replace(s, measure="PETO", options={"zero_cells": "none"})
    e = effects(table, s)
    frame = e.to_frame(transform=s.measure in (*LOG, "PETO"))
    d = style.places
    rows = {
        str(r.study): {
            "estimate": f"{r.estimate:.{d}f}",
            "ci_low": f"{r.ci_low:.{d}f}",
            "ci_high": f"{r.ci_high:.{d}f}",
        }
        for r in frame.itertuples()
    }
    if "weights" in style.which and s.model in ("random", "common") and not s.raw:
        for study, w in zip(e.study, pooled(e, s).weights, strict=True):
            rows[study]["weight"] = f"{w:.1f}"
    return rows
