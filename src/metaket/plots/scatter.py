"""Figures with a point a study: Baujat, L'Abbe, radial (Galbraith), normal quantiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import Array, check_level
from metaket._distributions import critical
from metaket.errors import InputError
from metaket.measures.compute import METAFOR_COLUMNS
from metaket.plots._chart import Chart, Curve, Label, Points, Region, plain_axis
from metaket.plots._chart_draw import draw_chart
from metaket.plots._text import clean, p_text, small, study_count
from metaket.tables import numeric

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from metaket.diagnostics.baujat import Baujat
    from metaket.diagnostics.normal_quantiles import NormalQuantiles
    from metaket.measures.effect import EffectSizes
    from metaket.pooling.result import PooledResult

__all__ = ["baujat", "baujat_layout", "farthest", "labbe", "labbe_layout", "normal_quantiles",
           "normal_quantiles_layout", "radial", "radial_layout", "sizes"]  # fmt: skip

BIGGEST, SMALLEST = 16.0, 3.0  # sides of markers in points; the area follows the weight
NAMED = 6  # points farthest out that are named unless told otherwise
STEPS = 121


def sizes(weight: Array) -> tuple[float, ...]:
    """Sides of markers in points whose area follows the weight."""
    share = np.sqrt(np.asarray(weight) / float(np.max(weight)))
    return tuple(np.maximum(SMALLEST, BIGGEST * share).tolist())


def farthest(names: Sequence[str], x: Array, y: Array, wanted: int) -> tuple[Label, ...]:
    """Names of the points farthest from the middle, each direction in its own spread."""
    spread = [float(np.ptp(v)) or 1.0 for v in (x, y)]
    far = np.hypot((x - np.median(x)) / spread[0], (y - np.median(y)) / spread[1])
    order = np.argsort(-far, kind="stable")[:wanted]
    return tuple(Label(float(x[i]), float(y[i]), clean(names[i])) for i in order)


def baujat_layout(found: Baujat, *, named: int = NAMED, title: str = "", notes: Sequence[str] = ()) -> Chart:
    """The numbers and texts of a Baujat plot; see `baujat` for the parameters."""
    x, y = np.asarray(found.heterogeneity, dtype=float), np.asarray(found.influence, dtype=float)
    kept = np.isfinite(x) & np.isfinite(y)
    names = [s for s, k in zip(found.study, kept, strict=True) if k]
    x, y = x[kept], y[kept]
    far = sum((v / float(v.max()) for v in (x, y) if v.size and v.max() > 0), np.zeros(x.size))
    labels = tuple(Label(float(x[i]), float(y[i]), clean(names[i])) for i in np.argsort(-far, kind="stable")[:named])
    left = [s for s, k in zip(found.study, kept, strict=True) if not k]
    notes = [*(f"Not shown: {', '.join(left)}." for _ in left[:1]), *notes]
    top = f" {labels[0].text} contributes most." if labels and far.any() else ""
    return Chart(
        clean(title), plain_axis(x, "Contribution to Q (squared Pearson residual)", zero=True),
        plain_axis(y, "Influence on the pooled effect", zero=True), (Points(tuple(x.tolist()), tuple(y.tolist())),),
        labels=labels, footnotes=tuple(clean(n) for n in notes),
        alt_text=f"Baujat plot of {study_count(len(names))}: share in Q against influence.{top}",
    )  # fmt: skip


def baujat(
    found: Baujat, *, ax: Axes | None = None, named: int = NAMED, title: str = "", notes: Sequence[str] = ()
) -> Axes:
    """Draw each study's part in Q against its influence on the pooled effect.

    Parameters
    ----------
    found : Baujat
        From `metaket.baujat`.
    ax : Axes, optional
    named : int
        How many of the studies farthest out are named.
    title : str
    notes : sequence of str

    Returns
    -------
    Axes

    References
    ----------
    Baujat et al. (2002) Stat Med 21:2641-2652.
    """
    return draw_chart(baujat_layout(found, named=named, title=title, notes=notes), ax)


def labbe_layout(
    effects: EffectSizes,
    *,
    pooled: PooledResult | None = None,
    columns: Mapping[str, str] | str | None = None,
    named: int = 0,
    title: str = "",
    notes: Sequence[str] = (),
) -> Chart:
    """The numbers and texts of a L'Abbe plot; see `labbe` for the parameters."""
    events_t, n_t, events_c, n_c = _counts(effects, columns)
    treated, control, size = events_t / n_t, events_c / n_c, n_t + n_c
    high = min(1.0, 1.05 * max(treated.max(), control.max(), 0.05))
    axes = [
        replace(plain_axis([0.0, high], label, zero=True), high=high)
        for label in ("Control arm, rate", "Treatment arm, rate")
    ]
    grid = np.linspace(0.0, high, STEPS)
    curves = [Curve((0.0, high), (0.0, high), "same rate in both arms", 0, "dotted", 0.8)]
    if pooled is not None:
        line = _labbe_line(effects.measure, pooled, grid)
        keep = (line >= 0) & (line <= high)
        name = f"pooled {small(effects.label)} {float(pooled.back(pooled.estimate)):.2f}"
        curves.append(Curve(tuple(grid[keep].tolist()), tuple(line[keep].tolist()), name, 1))
    return Chart(
        clean(title), axes[0], axes[1],
        (Points(tuple(control.tolist()), tuple(treated.tolist()), "a study (area: patients)", 0, True, sizes(size)),),
        tuple(curves), labels=farthest(effects.study, control, treated, named),
        footnotes=tuple(clean(n) for n in notes), wide=240.0, tall=240.0,
        alt_text=f"L'Abbe plot of {study_count(effects.k)}: rate under treatment against rate under control.",
    )  # fmt: skip


def _counts(effects: EffectSizes, columns: Mapping[str, str] | str | None) -> Array:
    """Events and patients of both arms, a row each, under the names that the table has for them."""
    names = METAFOR_COLUMNS if isinstance(columns, str) else (columns or {})
    need = [names.get(n, n) for n in ("events_t", "n_t", "events_c", "n_c")]
    if effects.table is None or not set(need) <= set(effects.table.columns):
        raise InputError(f"a L'Abbe plot shows the rates of two arms; the effects have no {', '.join(need)}")
    return numeric(effects.table, need)[need].to_numpy(dtype=float).T


def _labbe_line(measure: str, pooled: PooledResult, p: Array) -> Array:
    """Treatment rate that the pooled effect gives at each control rate."""
    effect = pooled.estimate
    if measure == "RR":
        return np.asarray(p * np.exp(effect))
    if measure == "RD":
        return np.asarray(p + effect)
    if measure in ("OR", "PETO"):
        with np.errstate(divide="ignore"):
            odds = p / (1.0 - p) * np.exp(effect)
        return np.asarray(np.where(np.isinf(odds), 1.0, odds / (1.0 + odds)))
    if measure == "AS":
        return np.asarray(np.sin(np.clip(np.arcsin(np.sqrt(p)) + effect, 0.0, np.pi / 2)) ** 2)
    raise InputError(f"a L'Abbe plot has a line for RR, OR, PETO, RD and AS, not for {measure}")


def labbe(
    effects: EffectSizes,
    *,
    pooled: PooledResult | None = None,
    ax: Axes | None = None,
    columns: Mapping[str, str] | str | None = None,
    named: int = 0,
    title: str = "",
    notes: Sequence[str] = (),
) -> Axes:
    """Draw the rates of the two arms against each other, with the line of the pooled effect.

    Parameters
    ----------
    effects : EffectSizes
        Of two-arm counts.
    pooled : PooledResult, optional
        Whose RR, OR, RD or arcsine difference gives the line.
    ax : Axes, optional
    columns : mapping or "metafor", optional
        Names of the columns of counts, as given to `metaket.effect_sizes`.
    named : int
        How many of the studies farthest out are named.
    title : str
    notes : sequence of str

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Effects without counts, or a measure without a line.

    References
    ----------
    L'Abbe, Detsky & O'Rourke (1987) Ann Intern Med 107:224-233.
    """
    return draw_chart(labbe_layout(effects, pooled=pooled, columns=columns, named=named, title=title, notes=notes), ax)


def radial_layout(
    result: PooledResult, *, named: int = NAMED, level: float = 0.95, title: str = "", notes: Sequence[str] = ()
) -> Chart:
    """The numbers and texts of a radial plot; see `radial` for the parameters."""
    precision = 1.0 / np.sqrt(result.effects.v + result.tau2)
    z = result.effects.y * precision
    half = float(critical(check_level(level), np.inf))
    reach = 1.05 * float(precision.max())
    ends = (0.0, reach)
    middle = tuple(result.estimate * e for e in ends)
    sides = (tuple(m - half for m in middle), tuple(m + half for m in middle))
    band = Region(ends, *sides, f"{100 * level:.6g}% band", 0.10)
    slope = float(result.back(result.estimate))
    residual = np.abs(z - result.estimate * precision)
    order = np.argsort(-residual, kind="stable")[:named]
    labels = tuple(Label(float(precision[i]), float(z[i]), clean(result.effects.study[i])) for i in order)
    outside = int((residual > half).sum())
    return Chart(
        clean(title), plain_axis([0.0, reach], "Precision, 1 / sqrt(v + tau2)", zero=True, pad=0.0),
        plain_axis([*z.tolist(), *band.low, *band.high, 0.0], "Standardised effect, y / sqrt(v + tau2)"),
        (Points(tuple(precision.tolist()), tuple(z.tolist())),),
        (Curve(ends, middle, f"slope: the pooled effect ({small(result.effects.label)} {slope:.2f})", 1),),
        (band,), labels, across=(0.0,), footnotes=tuple(clean(n) for n in notes),
        alt_text=f"Radial plot of {study_count(result.k)}; {outside} outside the {100 * level:.6g}% band.",
    )  # fmt: skip


def radial(
    result: PooledResult, *, ax: Axes | None = None, named: int = NAMED, level: float = 0.95, title: str = "",
    notes: Sequence[str] = (),
) -> Axes:  # fmt: skip
    """Draw standardised effects against precision: the slope through 0 is the pooled effect.

    Parameters
    ----------
    result : PooledResult
    ax : Axes, optional
    named : int
        How many of the studies with the largest residuals are named.
    level : float
        Of the band.
    title : str
    notes : sequence of str

    Returns
    -------
    Axes

    References
    ----------
    Galbraith (1988) Technometrics 30:271-281; (1994) J Am Stat Assoc 89:1232-1242.
    """
    return draw_chart(radial_layout(result, named=named, level=level, title=title, notes=notes), ax)


def normal_quantiles_layout(found: NormalQuantiles, *, title: str = "", notes: Sequence[str] = ()) -> Chart:
    """The numbers and texts of a normal quantile plot; see `normal_quantiles` for the parameters."""
    x = tuple(found.theoretical.tolist())
    out = set(found.outside)
    labels = tuple(
        Label(a, b, clean(s)) for s, a, b in zip(found.study, x, found.observed.tolist(), strict=True) if s in out
    )
    share = f"{100 * found.level:.6g}%"
    regions = (
        Region(
            x, tuple(found.band_low.tolist()), tuple(found.band_high.tolist()), f"{share} envelope of all points", 0.08
        ),
        Region(x, tuple(found.low.tolist()), tuple(found.high.tolist()), f"{share} envelope of each point", 0.18),
    )
    values = [*found.observed.tolist(), *found.band_low.tolist(), *found.band_high.tolist()]
    kind = "Externally" if found.residual == "rstudent" else "Internally"
    ends = (min(x), max(x))
    return Chart(
        clean(title), plain_axis(x, "Normal quantiles"), plain_axis(values, f"{kind} studentised residuals"),
        (Points(x, tuple(found.observed.tolist()), "a study"),), (Curve(ends, ends, "", 0, "dashed", 0.8),), regions,
        labels, footnotes=(f"Simultaneous test of normality: {p_text(found.p_value)}.", *(clean(n) for n in notes)),
        alt_text=f"Normal quantile plot of {study_count(len(x))}; outside: {', '.join(sorted(out)) or 'none'}.",
    )  # fmt: skip


def normal_quantiles(
    found: NormalQuantiles, *, ax: Axes | None = None, title: str = "", notes: Sequence[str] = ()
) -> Axes:
    """Draw residuals against normal quantiles with their simulated envelopes.

    Parameters
    ----------
    found : NormalQuantiles
        From `metaket.normal_quantiles`.
    ax : Axes, optional
    title : str
    notes : sequence of str

    Returns
    -------
    Axes
    """
    return draw_chart(normal_quantiles_layout(found, title=title, notes=notes), ax)
