"""Tests of funnel-plot asymmetry made for counts: Harbord's, Peters', and those on the arcsine scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import Array, check_choice
from metaket._distributions import two_sided_p
from metaket.diagnostics._answers import Judged
from metaket.diagnostics._cautions import Question, effects_of, funnel_cautions, lines_of, shown_p
from metaket.diagnostics._counts import Columns, TwoByTwo, two_by_two
from metaket.diagnostics.asymmetry import Line, mixed_line, weighted_line
from metaket.diagnostics.rank import Begg, kendall
from metaket.errors import InputError, NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.spec import PoolSpec

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SlopeTest", "deeks", "harbord", "macaskill", "peters", "schwarzer"]


@dataclass(frozen=True, slots=True)
class SlopeTest(Judged):
    """A regression test of counts.

    Attributes
    ----------
    test : str
    statistic, df, p_value : float
        t (or z, on infinite degrees of freedom) of the slope.
    slope, slope_se : float
    limit, limit_se : float
        The line's value at a predictor of 0, on the scale of the test's own effect.
    predictor, effect : str
        What is on the two axes.
    k : int
        Studies used; those without or with only events in both arms say nothing and are left out where they must be.
    cautions : tuple of str
    """

    test: str
    statistic: float
    df: float
    p_value: float
    slope: float
    slope_se: float
    limit: float
    limit_se: float
    predictor: str
    effect: str
    k: int
    cautions: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row: test, predictor, estimate (slope), std_error, statistic, df, p_value, limit, k, cautions."""
        import pandas as pd

        row = {"test": self.test, "predictor": self.predictor, "estimate": self.slope, "std_error": self.slope_se}
        row |= {"statistic": self.statistic, "df": self.df, "p_value": self.p_value, "limit": self.limit}
        return pd.DataFrame([row | {"k": self.k, "cautions": "; ".join(self.cautions)}])

    def __str__(self) -> str:
        letter = "z" if math.isinf(self.df) else f"t({self.df:g})"
        head = f"{self.test}: {self.effect} on the {self.predictor}; k = {self.k}"
        shown = f"slope {self.slope:.4f} (SE {self.slope_se:.4f}), {letter} = {self.statistic:.3f}"
        return "\n".join([head, f"{shown}, p {shown_p(self.p_value)}", *lines_of(self.cautions)])


def harbord(result: Question, *, measure: str | None = None, columns: Columns = None) -> SlopeTest:
    r"""Harbord's test: Egger's regression with the efficient score and its variance, for 2x2 tables.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        From counts (``events_t n_t events_c n_c``).
    measure : {"OR", "RR"}, optional
        Whose score; without it the effects' own measure where that is RR, else OR.
    columns : mapping or "metafor", optional
        Our name -> the name in the table.

    Returns
    -------
    SlopeTest
        `slope` is the bias, `limit` the log ratio at infinite precision.

    Raises
    ------
    NotComputableError
        No counts, or fewer than 3 studies with information.

    Notes
    -----
    With a events of n_t, m events and N patients in both arms: for the odds ratio
    :math:`Z = a - m n_t / N`, :math:`V = n_t n_c m (N - m) / (N^2 (N - 1))`; for the risk ratio
    :math:`Z = (a N - m n_t) / (N - m)`, :math:`V = n_t n_c m / (N (N - m))`. Weighted regression of Z/V on
    :math:`1/\sqrt{V}` with weights V; t on k - 2.

    References
    ----------
    Harbord, Egger & Sterne (2006) Stat Med 25:3443-3457, p. 3446; Harbord, Harris & Sterne (2009) Stata J 9:197-210.
    """
    effects = effects_of(result)
    own = "RR" if effects.measure == "RR" else "OR"
    code = check_choice("measure of Harbord's test", own if measure is None else measure, ("OR", "RR"))
    t = two_by_two(effects, columns, "Harbord's test")
    use = (t.events > 0) & (t.events < t.n)
    a, n_t, n_c, m, n = (x[use] for x in (t.events_t, t.n_t, t.n_c, t.events, t.n))
    if code == "OR":
        z, v = a - m * n_t / n, n_t * n_c * m * (n - m) / (n**2 * (n - 1.0))
    else:
        z, v = (a * n - m * n_t) / (n - m), n_t * n_c * m / (n * (n - m))
    line = _line("Harbord's test", z / v, 1.0 / np.sqrt(v), v)
    cautions = funnel_cautions(effects, coupled=False) + _rare(effects)
    return _answer("Harbord's test", line, "1 / root of the score's variance", f"score of the log {code}", z, cautions)


def peters(result: Question, *, columns: Columns = None) -> SlopeTest:
    r"""Peters' test: the log ratio on the inverse sample size, for 2x2 tables.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        Effects (log odds ratios in the article) from counts (``events_t n_t events_c n_c``).
    columns : mapping or "metafor", optional
        Our name -> the name in the table.

    Returns
    -------
    SlopeTest

    Raises
    ------
    NotComputableError
        No counts, or fewer than 3 studies with events and non-events.

    Notes
    -----
    Weighted regression of :math:`y_i` on :math:`1/N_i` with weights :math:`(1/m_i + 1/(N_i - m_i))^{-1}`, m the events
    of both arms; t on k - 2.

    References
    ----------
    Peters et al. (2006) JAMA 295:676-680, p. 677.
    """
    effects = effects_of(result)
    t = two_by_two(effects, columns, "Peters' test")
    return _on_size("Peters' test", effects, t, 1.0 / t.n, "1 / sample size")


def macaskill(result: Question, *, columns: Columns = None) -> SlopeTest:
    r"""Macaskill's test: the log ratio on the sample size, for 2x2 tables.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        Effects (log odds ratios in the article) from counts (``events_t n_t events_c n_c``).
    columns : mapping or "metafor", optional
        Our name -> the name in the table.

    Returns
    -------
    SlopeTest
        Its `limit` is the line at a sample size of 0, which means nothing.

    Raises
    ------
    NotComputableError
        No counts, or fewer than 3 studies with events and non-events.

    Notes
    -----
    Weighted regression of :math:`y_i` on :math:`N_i` with the weights of Peters' test; t on k - 2.

    References
    ----------
    Macaskill, Walter & Irwig (2001) Stat Med 20:641-654.
    """
    effects = effects_of(result)
    t = two_by_two(effects, columns, "Macaskill's test")
    return _on_size("Macaskill's test", effects, t, t.n, "sample size")


def deeks(result: Question, *, columns: Columns = None) -> SlopeTest:
    r"""Deeks' test for diagnostic accuracy: the log diagnostic odds ratio on the effective sample size.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        Log odds ratios from counts: ``events_t`` of ``n_t`` diseased and ``events_c`` of ``n_c`` healthy people test
        positive.
    columns : mapping or "metafor", optional
        Our name -> the name in the table.

    Returns
    -------
    SlopeTest

    Raises
    ------
    NotComputableError
        No counts, or fewer than 3 studies.

    Notes
    -----
    Weighted regression of :math:`y_i` on :math:`1/\sqrt{\mathrm{ESS}_i}` with weights
    :math:`\mathrm{ESS}_i = 4 n_{ti} n_{ci} / (n_{ti} + n_{ci})`; t on k - 2.

    References
    ----------
    Deeks, Macaskill & Irwig (2005) J Clin Epidemiol 58:882-893.
    """
    effects = effects_of(result)
    t = two_by_two(effects, columns, "Deeks' test")
    size = 4.0 * t.n_t * t.n_c / t.n
    line = _line("Deeks' test", effects.y, 1.0 / np.sqrt(size), size)
    cautions = funnel_cautions(effects, coupled=False)
    return _answer("Deeks' test", line, "1 / root of the effective size", effects.label.lower(), effects.y, cautions)


def schwarzer(result: Question, *, method: str = "egger", columns: Columns = None) -> SlopeTest | Begg:
    r"""Tests on the arcsine scale, where the variance doesn't depend on the effect (AS-Egger, AS-Begg, AS-Thompson).

    Parameters
    ----------
    result : PooledResult or EffectSizes
        From counts (``events_t n_t events_c n_c``). Studies that the effects left out are not there.
    method : {"egger", "begg", "thompson"}
        Weighted regression, rank test, or mixed-effects regression (REML) on the arcsine scale.
    columns : mapping or "metafor", optional
        Our name -> the name in the table.

    Returns
    -------
    SlopeTest, or Begg for the rank test

    Notes
    -----
    :math:`y_i = \arcsin\sqrt{a_i/n_{ti}} - \arcsin\sqrt{c_i/n_{ci}}`, :math:`v_i = 1/(4 n_{ti}) + 1/(4 n_{ci})`.

    References
    ----------
    Ruecker, Schwarzer & Carpenter (2008) Stat Med 27:746-763, p. 749-751.
    """
    effects = effects_of(result)
    method = check_choice("method of the arcsine test", method, ("egger", "begg", "thompson"))
    t = two_by_two(effects, columns, "the arcsine test")
    y = np.arcsin(np.sqrt(t.events_t / t.n_t)) - np.arcsin(np.sqrt(t.events_c / t.n_c))
    arcsine = EffectSizes(y, 0.25 / t.n_t + 0.25 / t.n_c, effects.study, "AS", effects.rows)
    cautions = funnel_cautions(arcsine, coupled=False)
    if method == "begg":
        if effects.k < 3:
            raise NotComputableError(f"the arcsine test needs at least 3 studies, there are {effects.k}")
        return kendall(y, arcsine.v, "auto", False, cautions, "arcsine rank test (AS-Begg)")
    se = np.sqrt(arcsine.v)
    if method == "egger":
        line, name = _line("the arcsine test", y, se, 1.0 / arcsine.v), "arcsine regression test (AS-Egger)"
    else:
        _need("the arcsine test", y, se)
        line, name = mixed_line(arcsine, se, PoolSpec()), "arcsine mixed-effects test (AS-Thompson)"
    return _answer(name, line, "standard error", "arcsine difference", y, cautions)


def _on_size(test: str, effects: EffectSizes, t: TwoByTwo, x: Array, predictor: str) -> SlopeTest:
    """Regression on a function of the sample size, with weights from the events and non-events of both arms."""
    use = (t.events > 0) & (t.events < t.n)
    weights = 1.0 / (1.0 / t.events[use] + 1.0 / (t.n - t.events)[use])
    line = _line(test, effects.y[use], x[use], weights)
    cautions = funnel_cautions(effects, coupled=False)
    return _answer(test, line, predictor, effects.label.lower(), effects.y[use], cautions)


def _rare(effects: EffectSizes) -> tuple[str, ...]:
    if effects.measure in ("OR", "RR", "PETO"):
        return ()
    return (f"the effects are {effects.measure}; the test is of the score of a log ratio",)


def _need(who: str, y: Array, x: Array) -> None:
    if y.size < 3:
        raise NotComputableError(f"{who} needs at least 3 studies with events and non-events, there are {y.size}")
    if np.ptp(x) <= 1e-12 * np.abs(x).max():
        raise NotComputableError(f"{who} needs studies of different precision")
    if not np.isfinite(y).all():
        raise InputError(f"{who} needs finite effects")


def _line(who: str, y: Array, x: Array, weights: Array) -> Line:
    _need(who, y, x)
    return weighted_line(y, x, weights)


def _answer(test: str, line: Line, predictor: str, effect: str, y: Array, cautions: tuple[str, ...]) -> SlopeTest:
    statistic = line.slope / line.slope_se
    p = float(two_sided_p(np.asarray(statistic), np.asarray(line.df)))
    limit = (line.intercept, line.intercept_se)
    return SlopeTest(
        test, statistic, line.df, p, line.slope, line.slope_se, *limit, predictor, effect, y.size, cautions
    )
