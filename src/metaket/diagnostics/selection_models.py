"""Selection models: the effect before studies were selected by their p-values."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import special

from metaket._checks import Array, check_choice, float_array
from metaket.diagnostics._cautions import Question, effects_of, few, need_null, spec_of
from metaket.diagnostics._maximise import Maximum, maximise
from metaket.diagnostics.selection import SmoothLikelihood, StepLikelihood, interval_of, p_values
from metaket.diagnostics.selection_answer import SelectionModel
from metaket.diagnostics.selection_weights import SHAPES, STEP, kind_of
from metaket.errors import ConvergenceWarning, InputError, NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.pool import pool_spec
from metaket.pooling.result import PooledResult
from metaket.pooling.spec import PoolSpec

__all__ = ["selection_model"]

ALTERNATIVES = ("greater", "less", "two.sided")
PRECISIONS = ("sei", "vi")
SPARSE = 4  # p-values in an interval, below which its weight is hardly known (Vevea & Woods 2005 p. 431 pool intervals)


def selection_model(
    result: Question,
    type: str = "stepfun",
    *,
    steps: Sequence[float] | float | None = None,
    weights: Sequence[float] | None = None,
    alternative: str | None = None,
    precision: str | None = None,
) -> SelectionModel:
    r"""Fit a selection model by maximum likelihood.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        The model random or common is kept, tau2 is estimated anew by maximum likelihood.
    type : {"stepfun", "beta", "halfnorm", "negexp", "logistic", "power", "negexppow"}
        The weight function of p.
    steps : float or sequence of float, optional
        Ends of the intervals of a step function, in (0, 1]; 1 is added, 0.025 is the default (0.05 for two-sided).
        For the others one threshold, up to which the weight is 1, and beyond it relative to the weight there.
    weights : sequence of float, optional
        Given weights of a step function, one an interval, instead of estimated ones (Vevea & Woods 2005).
    alternative : {"greater", "less", "two.sided"}, optional
        Whether p is small for large, for small, or for both kinds of effects. Without it the side of the unselected
        mean.
    precision : {"sei", "vi"}, optional
        Let selection by p depend on the standard error or the variance too (Preston et al. 2004); not for steps and
        beta.

    Returns
    -------
    SelectionModel

    Raises
    ------
    NotComputableError
        A measure without a value of no effect (a proportion, a mean).
    InputError
        Steps outside (0, 1], a number of weights other than that of the intervals, an unknown type.
    NotComputableError
        No study in an interval of p: its weight cannot be estimated. Fewer studies than parameters.

    Warns
    -----
    ConvergenceWarning
        The fit did not reach a maximum; its `converged` is False.

    Notes
    -----
    With w the weight of p and :math:`\eta_i^2 = v_i + \tau^2` the likelihood is

    .. math:: \prod_i \frac{w(p_i)\, \phi((y_i - \mu) / \eta_i) / \eta_i}
              {\int w(p_i(y))\, \phi((y - \mu) / \eta_i) / \eta_i\, dy}.

    Step functions have a closed integral; the others are integrated to about 1e-13 by Gauss-Legendre panels. The
    gradient is exact, standard errors come from the Hessian, tau2 and the bounded weights may stand at their bound.

    References
    ----------
    Vevea & Hedges (1995) Psychometrika 60:419-435; Vevea & Woods (2005) Psychol Methods 10:428-443; Citkowicz & Vevea
    (2017) Psychol Methods 22:28-41; Preston, Ashby & Smyth (2004) J Eval Clin Pract 10:313-322.

    Examples
    --------
    >>> import metaket as mk
    >>> y = [0.62, 0.45, 0.31, 0.55, 0.12, 0.70, 0.52, 0.20, 0.05, 0.38, 0.66, 0.81]
    >>> v = [0.06, 0.04, 0.02, 0.07, 0.01, 0.09, 0.06, 0.02, 0.01, 0.03, 0.08, 0.12]
    >>> found = mk.selection_model(mk.pool(y, v), steps=0.025)
    >>> round(found.unselected.estimate, 2), found.estimate < found.unselected.estimate
    (0.34, True)
    """
    effects, spec = effects_of(result), spec_of(result, "a selection model")
    need_null(effects, "a selection model")
    base = pool_spec(effects, PoolSpec.of(spec.model, "ML", "z"))
    kind = kind_of(type)
    side = _side(base) if alternative is None else check_choice("alternative", alternative, ALTERNATIVES)
    ends = _steps(steps, kind, side)
    given = None if weights is None else _weights(weights, kind, len(ends))
    unit = float(np.sqrt(np.median(effects.v)))
    y = (-effects.y if side == "less" else effects.y) / unit
    v, random = effects.v / unit**2, spec.model == "random"
    f: StepLikelihood | SmoothLikelihood
    if kind == STEP:
        f = StepLikelihood(y, v, np.array(ends), side == "two.sided", random, given)
        _every_interval(y, v, f) if given is None else None
    else:
        imprecision = _imprecision(effects, kind, precision)
        f = SmoothLikelihood(y, v, kind, side == "two.sided", random, ends[0] if ends else 0.0, imprecision)
    found = _maximum(f, base, unit, side)
    if not found.converged:
        message = f"the selection model {kind!r} of {effects!r} did not converge; it is flagged"
        warnings.warn(message, ConvergenceWarning, stacklevel=2)
    return _answer(f, found, base, ends, side, precision or "", unit)


def _side(base: PooledResult) -> str:
    return "greater" if base.estimate >= 0 else "less"


def _steps(steps: Sequence[float] | float | None, kind: str, side: str) -> tuple[float, ...]:
    if steps is None:
        return () if kind != STEP else ((0.05, 1.0) if side == "two.sided" else (0.025, 1.0))
    ends = np.unique(np.atleast_1d(float_array("steps", steps)))
    if ends.size == 0 or not (np.isfinite(ends) & (ends > 0) & (ends <= 1)).all():
        raise InputError(f"steps are p-values above 0 and up to 1, got {steps!r}")
    if kind != STEP:
        if ends.size != 1 or ends[0] == 1:
            raise InputError(f"type {kind!r} takes one threshold below 1 as steps, got {steps!r}")
        return (float(ends[0]),)
    return tuple(float(e) for e in ends) if ends[-1] == 1 else (*(float(e) for e in ends), 1.0)


def _weights(weights: Sequence[float], kind: str, intervals: int) -> Array:
    out = float_array("weights", weights, ndim=1)
    if kind != STEP:
        raise InputError(f"given weights go with type 'stepfun', not {kind!r}")
    if out.size != intervals or not (np.isfinite(out) & (out > 0)).all():
        raise InputError(f"weights must be {intervals} positive numbers, one an interval of p, got {weights!r}")
    return out


def _imprecision(effects: EffectSizes, kind: str, precision: str | None) -> Array:
    if precision is None:
        return np.ones(effects.k)
    check_choice("precision", precision, PRECISIONS)
    if kind == "beta":
        raise InputError("type 'beta' has no place for a precision")
    return np.sqrt(effects.v) if precision == "sei" else effects.v


def _every_interval(y: Array, v: Array, f: StepLikelihood) -> None:
    counts = np.bincount(interval_of(p_values(y, v, f.two_sided), f.steps), minlength=f.steps.size)
    if (counts == 0).any():
        j = int(np.argmin(counts))
        low = 0.0 if j == 0 else float(f.steps[j - 1])
        raise NotComputableError(
            f"no study has a p-value in ({low:g}, {f.steps[j]:g}]: its weight can't be estimated; take other "
            "steps=, or give weights="
        )


def _maximum(f: StepLikelihood | SmoothLikelihood, base: PooledResult, unit: float, side: str) -> Maximum:
    """Fit on the scale of a median variance of 1, from several starts."""
    mu, tau2 = base.estimate / unit * (-1.0 if side == "less" else 1.0), base.tau2 / unit**2
    lower, upper = [-np.inf], [np.inf]
    heads = [[mu], [0.5 * mu]]
    if f.random:
        lower, upper = [*lower, 0.0], [*upper, np.inf]
        heads = [[mu, tau2], [0.5 * mu, 0.5 * tau2 + 0.1], [mu, 2.0 * tau2 + 1.0]]
    tails: tuple[tuple[float, ...], ...]
    if isinstance(f, StepLikelihood):
        n = 0 if f.given is not None else f.steps.size - 1
        tails, low, high = ((0.9,) * n, (0.3,) * n), 1e-5, 100.0
    else:
        shape = SHAPES[f.kind]
        tails, low, high = shape.starts, shape.lower, shape.upper
    n = len(tails[0])
    if f.y.size <= len(heads[0]) + n:
        raise NotComputableError(f"{len(heads[0]) + n} parameters need more studies than there are ({f.y.size})")
    starts = [np.array([*head, *tail]) for head in heads for tail in tails]
    return maximise(f, starts, np.array([*lower, *[low] * n]), np.array([*upper, *[high] * n]))


def _answer(
    f: StepLikelihood | SmoothLikelihood,
    found: Maximum,
    base: PooledResult,
    ends: tuple[float, ...],
    side: str,
    precision: str,
    unit: float,
) -> SelectionModel:
    first = 2 if f.random else 1
    with np.errstate(invalid="ignore"):
        se = np.sqrt(np.diag(found.vcov))
    kind = STEP if isinstance(f, StepLikelihood) else f.kind
    given = isinstance(f, StepLikelihood) and f.given is not None
    delta, se_delta = _weights_and_errors(f, found.x[first:], se[first:])
    jacobian = base.k * math.log(unit)  # of the scale that the fit is done on
    plain = _plain(base)
    value = found.value - jacobian
    lrt = math.nan if given else max(0.0, 2.0 * (value - plain))
    df = 0 if given else found.x.size - first
    p = math.nan if given else float(special.chdtrc(df, lrt))
    tau2 = float(found.x[1]) * unit**2 if f.random else 0.0
    return SelectionModel(
        base.effects,
        kind,
        side,
        ends,
        float(found.x[0]) * unit * (-1.0 if side == "less" else 1.0),
        float(se[0]) * unit,
        tau2,
        float(se[1]) * unit**2 if f.random else math.nan,
        tuple(delta.tolist()),
        tuple(se_delta.tolist()),
        given,
        precision,
        value,
        base,
        lrt,
        df,
        p,
        found.converged,
        found.n_iter,
        _cautions(f, found, base, first),
    )


def _weights_and_errors(f: StepLikelihood | SmoothLikelihood, x: Array, se: Array) -> tuple[Array, Array]:
    """All parameters of the weight function: of a step function the first weight is 1, and given ones have no error."""
    if not isinstance(f, StepLikelihood):
        return x, se
    if f.given is not None:
        return f.given, np.full(f.given.size, np.nan)
    return np.array([1.0, *x]), np.array([np.nan, *se])


def _plain(base: PooledResult) -> float:
    """Log-likelihood of the unselected maximum."""
    variance = base.effects.v + base.tau2
    return float(-0.5 * (np.log(2.0 * np.pi * variance) + (base.effects.y - base.estimate) ** 2 / variance).sum())


def _cautions(f: Any, found: Maximum, base: PooledResult, first: int) -> tuple[str, ...]:
    texts = list(few(base.k))
    p = p_values(f.y, f.v, f.two_sided)
    if isinstance(f, StepLikelihood):
        if f.given is None:
            counts = np.bincount(interval_of(p, f.steps), minlength=f.steps.size)
            if counts.min() < SPARSE:
                few_p = "1 study" if counts.min() == 1 else f"{counts.min()} studies"
                texts.append(f"an interval of p has {few_p}: its weight is hardly known")
        else:
            texts.append("the weights are given: a sensitivity analysis")
    if found.at_bound[first:].any():
        texts.append("a parameter of the weights stands at its bound: the test's distribution is not chi-square")
    if f.random and found.at_bound[1]:
        texts.append("tau2 stands at 0")
    if not found.converged or not np.isfinite(found.vcov[0, 0]):
        texts.append("the likelihood is too flat here for standard errors")
    if not f.two_sided and not (p <= 0.025).any():
        texts.append("no study is significant in the supposed direction")
    return tuple(texts)
