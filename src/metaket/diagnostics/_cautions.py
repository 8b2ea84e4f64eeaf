"""When an answer about small-study effects is not to be trusted, in words."""

from __future__ import annotations

import numpy as np

from metaket.errors import InputError, NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.batch import fit_arrays
from metaket.pooling.heterogeneity import i2_h2_from_q
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import PoolSpec

__all__ = [
    "Question",
    "effects_of",
    "few",
    "funnel_cautions",
    "lines_of",
    "need_null",
    "need_spread",
    "precision_ratio",
    "shown_p",
    "spec_of",
]

Question = PooledResult | EffectSizes

FEW = 10  # Sterne et al. (2011) p. 3; Ioannidis & Trikalinos (2007) p. 1092
SPREAD = 2.0  # largest over smallest standard error; Ioannidis & Trikalinos (2007): variances at least fourfold apart
HETEROGENEOUS = 50.0  # I2 in percent; Ioannidis & Trikalinos (2007)
Z = 1.959963984540054
SAME = 1e-12  # relative: differences below it are rounding
COUPLED = {
    **dict.fromkeys(("OR", "RR", "PETO", "OR2DN", "OR2DL", "PBIT", "YUQ", "YUY", "IRR"), "counts of events"),
    **dict.fromkeys(("SMD", "SMDH", "SMD1", "SMD1H", "SMCC", "SMCR"), "the standardised difference itself"),
    **dict.fromkeys(("PR", "PLN", "PLO", "IR", "IRLN"), "counts of events"),
    "COR": "the correlation itself",
}


def effects_of(result: Question) -> EffectSizes:
    """The effects of a pooled result, or what is given."""
    if isinstance(result, PooledResult):
        return result.effects
    if isinstance(result, EffectSizes):
        return result
    raise InputError(f"give a pooled result or effect sizes (mk.pool, mk.effect_sizes), got {type(result).__name__}")


def spec_of(result: Question, what: str) -> PoolSpec:
    """The options of an inverse-variance result; REML and z for plain effects."""
    spec = result.spec if isinstance(result, PooledResult) else PoolSpec()
    if spec.model not in ("random", "common") or spec.tau2 == "GENQ":
        raise InputError(
            f"{what} pools y and v again: not for model {spec.model!r}, tau2 {spec.tau2!r}; pool with model 'random' "
            "or 'common' and another tau2 method"
        )
    return spec


def need_null(effects: EffectSizes, what: str) -> None:
    """Significance has a meaning only for measures with a value of no effect, which is 0 on the analysis scale."""
    if np.isnan(effects.scale.null):
        raise NotComputableError(f"{what} needs a test of no effect; a {effects.label.lower()} has no such value")


def need_spread(effects: EffectSizes, who: str, least: int) -> None:
    """What is read off a funnel needs studies of different precision."""
    equal = np.ptp(effects.v) <= SAME * effects.v.max()
    if effects.k < least or equal:
        why = f"there are {effects.k}" if effects.k < least else "they are all equal"
        raise NotComputableError(f"{who} needs at least {least} studies whose standard errors differ; {why}")


def precision_ratio(effects: EffectSizes) -> float:
    """Largest over smallest standard error."""
    return float(np.sqrt(effects.v.max() / effects.v.min()))


def few(k: int, what: str = "studies") -> tuple[str, ...]:
    """A caution where there are fewer than 10."""
    return (f"{k} {what}: below 10 there is too little power to tell chance from asymmetry",) if k < FEW else ()


def funnel_cautions(effects: EffectSizes, *, coupled: bool = True) -> tuple[str, ...]:
    """Why a test of funnel-plot asymmetry is not to be trusted; empty where nothing speaks against it.

    Parameters
    ----------
    effects : EffectSizes
    coupled : bool
        Whether the test suffers where the standard error is a function of the effect.

    Notes
    -----
    The rules: at least 10 studies, standard errors that differ (here: at least twofold), I2 below 50 %, at least one
    significant study; for odds ratios and other measures whose standard error depends on the effect itself, the
    tests on the standard error find asymmetry that isn't there.

    References
    ----------
    Sterne et al. (2011) BMJ 343:d4002; Ioannidis & Trikalinos (2007) CMAJ 176:1091-1096; Pustejovsky & Rodgers (2019)
    Res Synth Methods 10:57-71 for standardised differences.
    """
    found = list(few(effects.k))
    ratio = precision_ratio(effects)
    if ratio < SPREAD:
        found.append(f"standard errors differ {ratio:.2f}-fold only: below 2 there is no funnel to judge")
    if effects.k > 1:
        fit = fit_arrays(effects.y[None, :], effects.v[None, :], PoolSpec.of("common", "DL", "z"))
        i2 = float(i2_h2_from_q(fit.q, fit.q_df)[0][0])
        if i2 >= HETEROGENEOUS:
            found.append(f"I2 is {i2:.0f} %: asymmetry may come from heterogeneity (limit 50 %)")
    if not (np.abs(effects.y) / np.sqrt(effects.v) > Z).any():
        found.append("no single study is significant, so that selection by significance can't be seen")
    if coupled and effects.measure in COUPLED:
        cause = COUPLED[effects.measure]
        found.append(f"the standard error of {effects.measure} depends on {cause}: false alarms are frequent")
    return tuple(found)


def lines_of(cautions: tuple[str, ...]) -> list[str]:
    """The cautions as they are printed."""
    return [f"caution: {text}" for text in cautions]


def shown_p(p: float) -> str:
    """A p-value for people."""
    if p != p:
        return "not defined"
    return "< 0.0001" if p < 1e-4 else f"= {p:.4f}"
