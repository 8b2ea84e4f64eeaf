"""`pool`: effect sizes and options in, one `PooledResult` out."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, float_array
from metaket.errors import ConvergenceWarning, DataError, DataWarning, InputError, NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.batch import fit_arrays
from metaket.pooling.block import out_of_range
from metaket.pooling.regression import RegressionResult, meta_regression
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import MODELS, PoolSpec

__all__ = ["inverse_variance", "pool", "pool_spec"]

_ENDINGS = tuple(f"{i:02d}" for i in range(100))


@overload
def pool(
    effects: EffectSizes | npt.ArrayLike,
    v: npt.ArrayLike | None = None,
    *,
    model: str = ...,
    tau2: str | float = ...,
    test: str = ...,
    i2: str = ...,
    weights: npt.ArrayLike | None = ...,
) -> PooledResult: ...


@overload
def pool(
    effects: EffectSizes | npt.ArrayLike,
    v: npt.ArrayLike | None = None,
    *,
    model: str = ...,
    tau2: str | float = ...,
    test: str = ...,
    i2: str = ...,
    weights: npt.ArrayLike | None = ...,
    moderators: Any,
    intercept: bool = ...,
) -> RegressionResult: ...


def pool(
    effects: EffectSizes | npt.ArrayLike,
    v: npt.ArrayLike | None = None,
    *,
    model: str = "random",
    tau2: str | float = "REML",
    test: str = "z",
    i2: str = "tau2",
    weights: npt.ArrayLike | None = None,
    moderators: Any = None,
    intercept: bool = True,
) -> PooledResult | RegressionResult:
    r"""Pool the effects of several studies.

    Parameters
    ----------
    effects : EffectSizes or array_like of shape (k,)
        From `effect_sizes` or `generic`; or plain effects, with `v`.
    v : array_like of shape (k,), optional
        Sampling variances > 0, on the scale of the effects squared.
    model : str
        "random", "common" (alias "fixed"); with counts "mh" (Mantel-Haenszel), "random-mh" (RevMan 5's random effects),
        "peto", and the GLMMs "UM.FS", "UM.RS", "CM.EL", "CM.AL" (OR, IRR) and "GLMM" (PLO, IRLN).
    tau2 : str or float
        DL, HE, HS, HSk, SJ, REML, ML, PM, EB, PMM, GENQ, DL2, HE2; or a known value.
    test : {"z", "t", "hksj", "hksj-adhoc"}
        "knha" and "adhoc" are accepted for the last two.
    i2 : {"tau2", "Q"}
        Definition that the result's `i2` and `h2` follow.
    weights : array_like of shape (k,), optional
        Positive weights for ``tau2="GENQ"``: of the generalised Q, and of the studies in the pooled effect.
    moderators : str, sequence of str, or array_like of shape (k, p), optional
        Meta-regression on columns of the effects' table ("dose", "dose:route", "dose*route") or on a matrix.
    intercept : bool
        Whether a meta-regression has one.

    Returns
    -------
    PooledResult, or RegressionResult where there are moderators

    Raises
    ------
    DataError
        A variance that is 0, negative or not finite (naming row and study); a study at several times (column
        ``time_h``), whose patients would count several times.
    NotComputableError
        Effects or variances out of the range of double precision.
    InputError
        No study, unequal lengths, a t-type test on a single study, an unknown option.

    Warns
    -----
    ConvergenceWarning
        An iterative estimator did not reach its tolerance; the result's `converged` is False.
    DataWarning
        All effects are equal under ``test="hksj"``: the standard error is 0, and there is no p-value (NaN).

    Notes
    -----
    .. math:: \hat\mu = \frac{\sum w_i y_i}{\sum w_i}, \quad w_i = \frac{1}{v_i + \hat\tau^2}, \quad
              \mathrm{se}(\hat\mu)^2 = \frac{1}{\sum w_i}

    With given weights :math:`a_i` (GENQ) :math:`\hat\mu = \sum a_i y_i / \sum a_i` and
    :math:`\mathrm{se}(\hat\mu)^2 = \sum a_i^2 (v_i + \hat\tau^2) / (\sum a_i)^2`; Hartung-Knapp's factor is
    :math:`\sum w_i (y_i - \sum w_i y_i / \sum w_i)^2 / (k - 1)` there too.

    References
    ----------
    DerSimonian & Laird (1986) Control Clin Trials 7:177-188; Viechtbauer (2005) J Educ Behav Stat 30:261-293.

    Examples
    --------
    >>> import metaket as mk
    >>> result = mk.pool([0.1, 0.3, 0.5], [0.04, 0.05, 0.06], tau2="DL")
    >>> round(result.estimate, 4), round(result.std_error, 4)
    (0.273, 0.1273)
    """
    if not isinstance(effects, EffectSizes):
        effects = _from_arrays(effects, v)
    elif v is not None:
        raise InputError("v is already part of the effect sizes; give it only beside plain effects")
    _once_each(effects)
    spec = PoolSpec.of(model, tau2, test, i2)
    checked = _checked_weights(weights, spec, effects.k)
    if moderators is None:
        return pool_spec(effects, spec, checked)
    if spec.model not in ("random", "common"):
        raise InputError(f"moderators go with the models random and common, not {spec.model!r}")
    return meta_regression(effects, moderators, spec, intercept=intercept, weights=checked)


def _once_each(effects: EffectSizes) -> None:
    """A study that gives several times may not enter one pool with all of them (Cochrane Handbook 6.3, 23.3)."""
    if effects.table is None or "time_h" not in effects.table.columns:
        return
    first: dict[str, float] = {}
    for name, at in zip(effects.study, effects.table["time_h"], strict=True):
        before = first.setdefault(name, at)
        if at != before and at == at and before == before:
            raise DataError(
                f"{name} would enter one pool at {before:g} h and at {at:g} h, its patients counted twice: "
                "use pool_over_time with model='separate' (each time on its own) or 'joint' (one model for all)"
            )


def pool_spec(effects: EffectSizes, spec: PoolSpec, weights: Array | None = None) -> PooledResult:
    """Pool with a checked specification; what diagnostics and reproductions call."""
    if effects.k == 1 and spec.test != "z":
        raise InputError(f"test {spec.test!r} needs at least 2 studies, there is 1; use test='z'")
    result: PooledResult = MODELS[spec.model].func(effects, spec, weights)
    if not result.converged:
        message = f"tau2 by {spec.tau2} did not converge for {effects!r}; the result is flagged"
        warnings.warn(message, ConvergenceWarning, stacklevel=3)
    if result.std_error == 0.0:
        message = (
            "all effects are equal, so that Hartung and Knapp's standard error is 0 and their test is not defined: "
        )
        warnings.warn(message + "use test='z' or test='hksj-adhoc'", DataWarning, stacklevel=3)
    return result


@MODELS.add(
    "random",
    label="random effects",
    reference="DerSimonian & Laird (1986) Control Clin Trials 7:177-188",
    aliases=("RE",),
    metafor="rma.uni",
)
@MODELS.add(
    "common",
    label="common effect",
    reference="Hedges & Olkin (1985) Statistical Methods for Meta-Analysis",
    aliases=("fixed", "FE", "EE", "CE"),
    metafor="rma.uni(method='EE')",
)
def inverse_variance(effects: EffectSizes, spec: PoolSpec, weights: Array | None = None) -> PooledResult:
    """Weights 1 / (v + tau2), with tau2 = 0 in the common-effect model; or the user's."""
    fits = fit_arrays(effects.y[None, :], effects.v[None, :], spec, weights=weights)
    if math.isnan(fits.coef[0, 0]):
        raise NotComputableError(out_of_range(effects.y, effects.v))
    tau2 = float(fits.tau2[0])
    w = effects.v.min() / (effects.v + tau2) if weights is None else weights / weights.max()
    return PooledResult(
        effects=effects,
        spec=spec,
        estimate=float(fits.coef[0, 0]),
        std_error=float(np.sqrt(fits.vcov[0, 0, 0])),
        df=float(fits.df[0]),
        tau2=tau2,
        se_tau2=float(fits.se_tau2[0]),
        q=float(fits.q[0]),
        q_df=float(fits.q_df[0]),
        typical_variance=float(fits.typical[0]),
        weights=np.asarray(100.0 * w / w.sum()),
        converged=bool(fits.converged[0]),
        n_iter=int(fits.n_iter[0]),
    )


def _from_arrays(y: Any, v: Any) -> EffectSizes:
    if v is None:
        raise InputError("pool needs the sampling variances v beside the effects y")
    effects, variances = float_array("y", y, ndim=1).copy(), float_array("v", v, ndim=1).copy()
    return EffectSizes(effects, variances, _numbered(effects.size))


@lru_cache(maxsize=8)
def _numbered(k: int) -> tuple[str, ...]:
    """Names for k studies without any: by the hundred, as writing a thousand one by one takes as long as the fit."""
    names = [f"Study {i}" for i in range(1, min(k, 99) + 1)]
    for hundreds in range(1, k // 100 + 1):
        head = f"Study {hundreds}"
        names += [head + ending for ending in _ENDINGS]
    return tuple(names[:k])


def _checked_weights(weights: Any, spec: PoolSpec, k: int) -> Array | None:
    if weights is None:
        if spec.tau2 == "GENQ":
            raise InputError("tau2 method 'GENQ' needs weights=, one positive number a study")
        return None
    out = float_array("weights", weights, ndim=1)
    if spec.tau2 != "GENQ":
        raise InputError(f"weights are for tau2='GENQ', not {spec.tau2!r}")
    if out.size != k or not (np.isfinite(out) & (out > 0)).all():
        raise InputError(f"weights must be {k} positive numbers, got {weights!r}")
    return out
