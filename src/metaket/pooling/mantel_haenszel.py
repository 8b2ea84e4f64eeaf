"""Mantel-Haenszel pooling of 2x2 tables and of events in person-time, with the tests that go with it.

The pooled estimate uses the counts as they are (no cell is corrected); the heterogeneity Q uses each study's own
effect, corrected by the rule with which the effects were computed: metafor's default too. a, c are events and n1, n2
patients (or times) of treatment and control; the formulas sum over the last axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from metaket._checks import Array
from metaket._notebook import ShownAsText, p_words
from metaket.errors import InputError, NotComputableError
from metaket.measures.effect import EffectSizes, check_effect_sizes
from metaket.pooling.batch import fit_arrays
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import MODELS, PoolSpec

__all__ = [
    "FORMULAS",
    "AssociationTest",
    "breslow_day",
    "cochran_mantel_haenszel",
    "counts_of",
    "mantel_haenszel",
    "without_tau2",
]

COUNTS = ("events_t", "n_t", "events_c", "n_c")
PERSON_TIME = ("events_t", "time_t", "events_c", "time_c")
RATES = ("IRR", "IRD")


@dataclass(frozen=True, slots=True)
class AssociationTest(ShownAsText):
    """A chi-square test.

    Attributes
    ----------
    statistic, df, p_value : float
    """

    statistic: float
    df: float
    p_value: float

    def __str__(self) -> str:
        return f"chi-square {self.statistic:.4f} on {self.df:g} df, {p_words(self.p_value)}"


def counts_of(effects: EffectSizes, who: str) -> tuple[Array, Array, Array, Array]:
    """events_t, n_t (for rates time_t), events_c, n_c of the studies, uncorrected, each of shape (k,)."""
    names = PERSON_TIME if effects.measure in RATES else COUNTS
    if effects.table is None or not set(names) <= set(effects.table.columns):
        raise InputError(f"{who} needs the counts {', '.join(names)}; compute the effects with effect_sizes(...)")
    a, n1, c, n2 = (np.asarray(effects.table[name], dtype=np.float64) for name in names)
    return a, n1, c, n2


def without_tau2(
    effects: EffectSizes, spec: PoolSpec, estimate: float, variance: float, q: float, weights: Array
) -> PooledResult:
    """A result of a common-effect model that is not of the inverse-variance kind."""
    if spec.test != "z":
        raise InputError(f"model {spec.model!r} has the normal test only; use test='z'")
    if not (math.isfinite(estimate) and math.isfinite(variance) and variance > 0):
        raise NotComputableError(f"model {spec.model!r} has no estimate: too few events in one of the arms")
    return PooledResult(
        effects=effects,
        spec=spec,
        estimate=estimate,
        std_error=math.sqrt(variance),
        df=math.inf,
        tau2=0.0,
        se_tau2=math.nan,
        q=q,
        q_df=float(effects.k - 1),
        typical_variance=math.nan,
        weights=np.asarray(100.0 * weights / weights.sum()),
        converged=True,
        n_iter=0,
    )


def _odds_ratio(a: Array, n1: Array, c: Array, n2: Array) -> tuple[Array, Array, Array]:
    """Robins, Breslow & Greenland (1986) Biometrics 42:311-323."""
    b, d, n = n1 - a, n2 - c, n1 + n2
    r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
    sum_r, sum_s = r.sum(axis=-1), s.sum(axis=-1)
    own, cross, other = (x.sum(axis=-1) for x in (p * r, p * s + q * r, q * s))
    variance = own / (2 * sum_r**2) + cross / (2 * sum_r * sum_s) + other / (2 * sum_s**2)
    return np.log(sum_r / sum_s), variance, s


def _risk_ratio(a: Array, n1: Array, c: Array, n2: Array) -> tuple[Array, Array, Array]:
    """Greenland & Robins (1985) Biometrics 41:55-68."""
    n = n1 + n2
    r, s = (a * n2 / n).sum(axis=-1), c * n1 / n
    variance = ((n1 * n2 * (a + c) - a * c * n) / n**2).sum(axis=-1) / (r * s.sum(axis=-1))
    return np.log(r / s.sum(axis=-1)), variance, s


def _risk_difference(a: Array, n1: Array, c: Array, n2: Array) -> tuple[Array, Array, Array]:
    """Estimate of Greenland & Robins (1985); variance of Sato (1989) Biometrics 45:1323-1324."""
    n = n1 + n2
    w = n1 * n2 / n
    rd = ((a * n2 - c * n1) / n).sum(axis=-1) / w.sum(axis=-1)
    p = ((n1 / n) ** 2 * c - (n2 / n) ** 2 * a + n1 * n2 * (n2 - n1) / (2 * n**2)).sum(axis=-1)
    q = ((a * (n2 - c) + c * (n1 - a)) / (2 * n)).sum(axis=-1)
    return rd, (rd * p + q) / w.sum(axis=-1) ** 2, w


def _rate_ratio(a: Array, t1: Array, c: Array, t2: Array) -> tuple[Array, Array, Array]:
    """Greenland & Robins (1985), p. 63; Rothman, Greenland & Lash (2008) Modern Epidemiology, 3rd ed., p. 273."""
    t = t1 + t2
    r, s = (a * t2 / t).sum(axis=-1), c * t1 / t
    variance = (t1 * t2 * (a + c) / t**2).sum(axis=-1) / (r * s.sum(axis=-1))
    return np.log(r / s.sum(axis=-1)), variance, s


def _rate_difference(a: Array, t1: Array, c: Array, t2: Array) -> tuple[Array, Array, Array]:
    """Greenland & Robins (1985), p. 62; Rothman, Greenland & Lash (2008), p. 274."""
    w = t1 * t2 / (t1 + t2)
    estimate = (w * (a / t1 - c / t2)).sum(axis=-1) / w.sum(axis=-1)
    return estimate, (w**2 * (a / t1**2 + c / t2**2)).sum(axis=-1) / w.sum(axis=-1) ** 2, w


FORMULAS = {
    "OR": _odds_ratio,
    "RR": _risk_ratio,
    "RD": _risk_difference,
    "IRR": _rate_ratio,
    "IRD": _rate_difference,
}


@MODELS.add(
    "mh",
    label="Mantel-Haenszel",
    reference="Mantel & Haenszel (1959) J Natl Cancer Inst 22:719-748",
    aliases=("mantel-haenszel",),
    metafor="rma.mh",
)
def mantel_haenszel(effects: EffectSizes, spec: PoolSpec, weights: Array | None = None) -> PooledResult:
    """OR, RR, RD, IRR or IRD by Mantel-Haenszel weights."""
    del weights
    estimate, variance, w = _estimate(effects)
    q = float(((effects.y - estimate) ** 2 / effects.v).sum())
    return without_tau2(effects, spec, estimate, variance, q, w)


def _estimate(effects: EffectSizes) -> tuple[float, float, Array]:
    """The Mantel-Haenszel estimate, its variance and the studies' weights."""
    if effects.measure not in FORMULAS:
        raise InputError(f"Mantel-Haenszel pools {', '.join(FORMULAS)}, not {effects.measure}")
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate, variance, weights = FORMULAS[effects.measure](*counts_of(effects, "Mantel-Haenszel"))
    return float(estimate), float(variance), weights


@MODELS.add(
    "random-mh",
    label="random effects around the Mantel-Haenszel Q",
    reference="Deeks & Higgins (2010) Statistical algorithms in Review Manager 5, sec. 'DerSimonian and Laird'",
    aliases=("revman",),
)
def random_mantel_haenszel(effects: EffectSizes, spec: PoolSpec, weights: Array | None = None) -> PooledResult:
    """Inverse-variance weights 1 / (v + tau2), with tau2 = (Q - df) / tr P from the Q around the Mantel-Haenszel mean.

    A model and not an estimator of tau2, because it needs counts, which no kernel on (y, v) has.
    """
    del weights
    if spec.tau2 not in ("DL", "REML"):  # REML is what `pool` takes unless told otherwise
        raise InputError(f"model 'random-mh' has its own DerSimonian-Laird tau2; leave tau2={spec.tau2!r} out")
    centre, variance, _ = _estimate(effects)
    if not (math.isfinite(centre) and variance > 0):
        raise NotComputableError("model 'random-mh' has no Mantel-Haenszel estimate: too few events in one of the arms")
    w = 1.0 / effects.v
    q, df = float((w * (effects.y - centre) ** 2).sum()), float(effects.k - 1)
    trace = float(w.sum() - (w**2).sum() / w.sum())
    tau2 = max(0.0, (q - df) / trace) if df > 0 else 0.0
    fits = fit_arrays(effects.y[None, :], effects.v[None, :], replace(spec, model="random", tau2=tau2))
    share = 1.0 / (effects.v + tau2)
    return PooledResult(
        effects=effects,
        spec=replace(spec, tau2="DL"),
        estimate=float(fits.coef[0, 0]),
        std_error=float(np.sqrt(fits.vcov[0, 0, 0])),
        df=float(fits.df[0]),
        tau2=tau2,
        se_tau2=math.nan,
        q=q if df > 0 else 0.0,
        q_df=df,
        typical_variance=df / trace if df > 0 else 0.0,
        weights=np.asarray(100.0 * share / share.sum()),
        converged=True,
        n_iter=0,
    )


def cochran_mantel_haenszel(effects: EffectSizes, *, correct: bool = True) -> AssociationTest:
    """Is there an association in any stratum?

    Parameters
    ----------
    effects : EffectSizes
        With counts in its table.
    correct : bool
        Subtract one half from the absolute difference (continuity correction).

    Returns
    -------
    AssociationTest

    Raises
    ------
    InputError
        Effects without counts.
    NotComputableError
        No stratum with events and non-events.

    Notes
    -----
    ``(|sum (a - E)| - 1/2)^2 / sum V``, with E = n1 m1 / N and V = n1 n2 m1 m2 / (N^2 (N - 1)), on 1 degree of freedom.
    For rates V = t1 t2 m1 / T^2: given their total, the events are binomial.
    Mantel & Haenszel (1959) J Natl Cancer Inst 22:719-748; Rothman, Greenland & Lash (2008) Modern Epidemiology, 3rd
    ed., p. 277.
    """
    check_effect_sizes(effects, "cochran_mantel_haenszel")
    a, n1, c, n2 = counts_of(effects, "the Cochran-Mantel-Haenszel test")
    n, m1 = n1 + n2, a + c
    expected, variance = n1 * m1 / n, n1 * n2 * m1 / n**2
    if effects.measure not in RATES:
        variance = variance * (n - m1) / (n - 1)
    total = float(variance.sum())
    if total <= 0:
        raise NotComputableError(
            "the Cochran-Mantel-Haenszel test needs at least one stratum with events and non-events"
        )
    gap = max(0.0, abs(float((a - expected).sum())) - (0.5 if correct else 0.0))
    statistic = gap**2 / total
    return AssociationTest(statistic, 1.0, float(special.chdtrc(1, statistic)))


def breslow_day(effects: EffectSizes, *, tarone: bool = True) -> AssociationTest:
    """Are the odds ratios equal across strata?

    Parameters
    ----------
    effects : EffectSizes
        With counts in its table.
    tarone : bool
        With Tarone's correction, which makes the test exact in the limit.

    Returns
    -------
    AssociationTest

    Raises
    ------
    InputError
        Effects without counts, or rates.
    NotComputableError
        Fewer than 2 strata with events and non-events.

    Notes
    -----
    sum (a - A)^2 / V, where A is the count expected under the Mantel-Haenszel odds ratio and the margins, and
    V = 1 / (1/A + 1/B + 1/C + 1/D); Tarone subtracts (sum (a - A))^2 / sum V. On k - 1 degrees of freedom.
    Breslow & Day (1980) Statistical Methods in Cancer Research I, p. 142; Tarone (1985) Biometrika 72:91-95.
    """
    check_effect_sizes(effects, "breslow_day")
    if effects.measure in RATES:
        raise InputError(f"the Breslow-Day test is for odds ratios, not {effects.measure}")
    a, n1, c, n2 = counts_of(effects, "the Breslow-Day test")
    informative = (a + c > 0) & (a + c < n1 + n2)
    a, n1, c, n2 = a[informative], n1[informative], c[informative], n2[informative]
    if a.size < 2:
        raise NotComputableError("the Breslow-Day test needs at least 2 strata with events and non-events")
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = float(_odds_ratio(a, n1, c, n2)[0])
    if not math.isfinite(log_ratio):
        raise NotComputableError("the Breslow-Day test has no pooled odds ratio: too few events in one of the arms")
    ratio = math.exp(log_ratio)
    expected = _expected_events(ratio, n1, n2, a + c)
    cells = (expected, n1 - expected, a + c - expected, n2 - (a + c) + expected)
    variance = 1.0 / np.sum([1.0 / x for x in cells], axis=0)
    statistic = float(((a - expected) ** 2 / variance).sum())
    if tarone:
        statistic -= float((a - expected).sum() ** 2 / variance.sum())
    return AssociationTest(statistic, float(a.size - 1), float(special.chdtrc(a.size - 1, statistic)))


def _expected_events(ratio: float, n1: Array, n2: Array, m1: Array) -> Array:
    """The events_t that give the odds ratio under the margins: a root of a quadratic, within the table."""
    if abs(ratio - 1.0) < 1e-12:
        return n1 * m1 / (n1 + n2)
    u, v, w = 1.0 - ratio, n2 - m1 + ratio * (n1 + m1), -ratio * n1 * m1
    root = np.sqrt(v**2 - 4 * u * w)
    # the stable form of (-v + root) / (2 u), the root between the margins
    return np.asarray(-2.0 * w / (v + root))
