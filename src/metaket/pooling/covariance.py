"""Sampling covariance of effects that share patients: several times, several outcomes, or a shared control arm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from metaket._checks import Array, float_array
from metaket.errors import InputError
from metaket.pooling.multivariate import indicator

__all__ = ["sampling_covariance", "shared_control_covariance"]


def sampling_covariance(
    v: Any,
    cluster: Sequence[Any],
    *,
    rho: float = 0.0,
    times: Any = None,
    decay: float | None = None,
    kinds: Sequence[Any] | None = None,
    rho_kinds: float | None = None,
) -> Array:
    r"""Covariance matrix of n effects, blocks by cluster.

    Parameters
    ----------
    v : array_like, shape (n,)
        Sampling variances > 0.
    cluster : sequence, length n
        Study of each effect; effects of different studies are independent.
    rho : float
        Correlation of two effects of one study (of the same outcome at different times where `kinds` is given).
    times : array_like, shape (n,), optional
        Times, for a correlation that falls with the gap: decay ** \|t - t'\|.
    decay : float, optional
        Correlation of effects one unit of time apart, in [0, 1]; takes the place of `rho` between times.
    kinds : sequence, length n, optional
        Outcome of each effect.
    rho_kinds : float, optional
        Correlation of different outcomes at the same time; at different times it is multiplied by the one over time.

    Returns
    -------
    ndarray, shape (n, n)

    Raises
    ------
    InputError
        Lengths differ, a correlation is outside [-1, 1], or the matrix is not positive definite.

    Notes
    -----
    :math:`\mathrm{Cov}(y_i, y_j) = r_{ij} \sqrt{v_i v_j}` within a study. Ishak et al. (2007) Clin Trials 4:525-539;
    Trikalinos & Olkin (2012) Clin Trials 9:610-620.
    """
    variances = float_array("v", v, ndim=1)
    codes, _ = indicator(list(cluster))
    n = variances.size
    if codes.size != n:
        raise InputError(f"cluster has {codes.size} values but v has {n}")
    for name, value in (("rho", rho), ("rho_kinds", rho_kinds), ("decay", decay)):
        if value is not None and not -1.0 <= value <= 1.0:
            raise InputError(f"{name} must lie between -1 and 1, got {value!r}")
    r = np.full((n, n), rho)
    if decay is not None:
        if times is None:
            raise InputError("decay needs times")
        at = float_array("times", times, ndim=1)
        r = np.power(decay, np.abs(at[:, None] - at[None, :]))
    if kinds is not None:
        which, _ = indicator(list(kinds))
        same_kind = which[:, None] == which[None, :]
        same_time = np.zeros((n, n), dtype=bool)
        if times is not None:
            at = float_array("times", times, ndim=1)
            same_time = at[:, None] == at[None, :]
        between = 0.0 if rho_kinds is None else rho_kinds
        r = np.where(same_kind, r, between * np.where(same_time, 1.0, r if times is not None else 1.0))
    r = np.where(codes[:, None] == codes[None, :], r, 0.0)
    np.fill_diagonal(r, 1.0)
    out = r * np.sqrt(np.outer(variances, variances))
    if np.linalg.eigvalsh(r).min() <= 0:
        raise InputError("the correlations do not make a positive definite matrix; use smaller ones or a decay")
    return np.asarray(out)


def shared_control_covariance(v: Any, cluster: Sequence[Any], control: Any) -> Array:
    """Covariance of differences (MD, or log ratios) of several arms against one control arm of the same study.

    Parameters
    ----------
    v : array_like, shape (n,)
        Sampling variances of the differences.
    cluster : sequence, length n
        Study of each.
    control : array_like, shape (n,)
        The part of each variance that comes from the control arm (sd_c^2 / n_c for MD, 1/e_c - 1/n_c for log RR,
        1/e_c + 1/(n_c - e_c) for log OR), the same within a study.

    Returns
    -------
    ndarray, shape (n, n)

    Notes
    -----
    Two differences from one control share its variance: Cov(a - c, b - c) = Var(c). Gleser & Olkin (2009) in Handbook
    of Research Synthesis, 2nd ed., ch. 19.
    """
    variances, shared = float_array("v", v, ndim=1), float_array("control", control, ndim=1)
    codes, _ = indicator(list(cluster))
    if not codes.size == variances.size == shared.size:
        raise InputError("v, cluster and control must have the same length")
    if np.any(shared < 0) or np.any(shared >= variances):
        raise InputError("control is the control arm's part of the variance: between 0 and v")
    same = codes[:, None] == codes[None, :]
    part = np.minimum(shared[:, None], shared[None, :])
    out = np.where(same, part, 0.0)
    np.fill_diagonal(out, variances)
    return np.asarray(out)
