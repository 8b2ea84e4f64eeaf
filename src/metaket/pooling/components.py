"""Variance components as they are reported: variances, correlations and nested variances by name."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from metaket._checks import Array
from metaket.pooling.multivariate import Covariances

__all__ = ["reported"]


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
        ``tau2...`` and ``rho...`` of the structure under its own names, then ``sigma2[label]``. A correlation with a
        level whose variance is 0 is NaN.
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
        if s.size - s.n_sd > 1:  # unstructured: report correlations, not the partial ones that build them
            rows, columns = np.tril_indices(sd.size, -1)
            for name, r, c in zip(s.names[s.n_sd :], rows, columns, strict=True):
                out[name] = float(g[r, c] / (sd[r] * sd[c])) if sd[r] * sd[c] > 0 else math.nan
    for label, value in zip(labels, theta[used:], strict=True):
        out[f"sigma2[{label}]"] = float(value**2)
    return out
