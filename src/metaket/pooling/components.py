"""Variance components as they are reported: variances, correlations and nested variances by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from metaket._checks import Array
from metaket.pooling.multivariate import Covariances
from metaket.pooling.structures import Structure

__all__ = ["levels_of", "reported", "spelled", "undefined_correlation"]


def reported(parts: Covariances, theta: Array, labels: Sequence[str]) -> dict[str, float]:
    """Components by name, from the unconstrained parameters.

    Parameters
    ----------
    parts : Covariances
    theta : ndarray, shape (a,)
    labels : sequence of str
        Of the nested groupings.

    Returns
    -------
    dict of str to float
        ``tau2...`` and ``rho...`` of the structure under its own names, then ``sigma2[label]``. A correlation
        that is undefined is NaN.
    """
    out: dict[str, float] = {}
    used = 0
    if parts.structure is not None:
        s = parts.structure
        used = s.size
        natural = s.natural(theta[:used])
        g = s.matrix(theta[:used])
        sd = np.sqrt(np.diag(g))
        for i, name in enumerate(s.names):
            out[name] = float(natural[i] ** 2 if i < s.n_sd else natural[i] ** (1.0 / s.unit))
            if undefined_correlation(parts, theta, i):
                out[name] = math.nan
            elif i >= s.n_sd and s.size - s.n_sd > 1:  # unstructured: not the partial correlation that builds it
                c, r = levels_of(s, i)
                out[name] = float(g[r, c] / (sd[r] * sd[c]))
    for label, value in zip(labels, theta[used:], strict=True):
        out[f"sigma2[{label}]"] = float(value**2)
    return out


def levels_of(s: Structure, index: int) -> tuple[int, ...]:
    """The levels whose variances parameter `index` of a structure, a correlation, stands between."""
    if s.size - s.n_sd == 1:
        return tuple(range(s.n_sd))
    rows, columns = np.tril_indices(s.n_sd, -1)
    return int(columns[index - s.n_sd]), int(rows[index - s.n_sd])


def undefined_correlation(parts: Covariances, theta: Array, index: int) -> str:
    """Why component `index` is a correlation without a value; empty where it has one, or is a variance."""
    s = parts.structure
    if s is None or not s.n_sd <= index < s.size:
        return ""
    if s.build(np.ones(s.size)).shape[-1] < 2:
        return f"{s.names[index]} is undefined: the inner factor has one level"
    concerned = levels_of(s, index)
    zero = [s.names[i] for i in concerned if theta[i] == 0.0]
    if len(concerned) - len(zero) >= min(2, len(concerned)):
        return ""
    verb = "is" if len(zero) == 1 else "are"
    return (
        f"{s.names[index]} is undefined: {', '.join(zero)} {verb} 0, and the likelihood is the same at any correlation"
    )


def spelled(components: Mapping[str, float], number: Callable[[float], str]) -> str:
    """``tau2 0.0251, rho undefined``: components in one line, each number as `number` writes it."""
    return ", ".join(
        f"{name} {'undefined' if math.isnan(value) else number(value)}" for name, value in components.items()
    )
