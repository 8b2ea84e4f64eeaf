"""Cluster-robust (sandwich) covariance of the coefficients: CR0, CR1, CR2 with Satterthwaite degrees of freedom.

Works for any weight matrix W that is block-diagonal by cluster, with the working covariance taken as its inverse.
Hedges, Tipton & Johnson (2010) Res Synth Methods 1:39-65; Tipton & Pustejovsky (2015) J Educ Behav Stat 40:604-634;
Pustejovsky & Tipton (2018) J Bus Econ Stat 36:672-683.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, check_choice
from metaket.errors import InputError, NotComputableError

__all__ = ["ROBUST", "Robust", "carried_by_one", "cluster_robust"]

ROBUST = ("CR0", "CR1", "CR2")
LOST = 1e-10  # share of a direction's information that is left without a cluster, below which none is
JOINED = 1e-12  # share of the largest weight below which a weight between clusters is rounding


@dataclass(frozen=True, slots=True)
class Robust:
    """Robust covariance.

    Attributes
    ----------
    vcov : ndarray, shape (p, p)
    df : ndarray, shape (p,)
        Satterthwaite degrees of freedom for CR2, else number of clusters less p.
    kind : str
    """

    vcov: Array
    df: Array
    kind: str


def cluster_robust(y: Array, x: Array, weight: Array, cluster: npt.NDArray[np.int64], kind: str = "CR2") -> Robust:
    """Sandwich covariance of (X'WX)^-1 X'W y.

    Parameters
    ----------
    y : ndarray, shape (n,)
    x : ndarray, shape (n, p)
    weight : ndarray, shape (n, n)
        Block-diagonal by cluster; its inverse is the working covariance.
    cluster : ndarray of int, shape (n,)
    kind : {"CR0", "CR1", "CR2"}
        CR1 multiplies CR0 by m / (m - p); CR2 adjusts each cluster's residuals so that the estimate is unbiased under
        the working model.

    Raises
    ------
    InputError
        A weight joins two clusters.
    NotComputableError
        No more clusters than coefficients.
    """
    kind = check_choice("robust variance", kind, ROBUST)
    joined = np.abs(np.where(cluster[:, None] == cluster[None, :], 0.0, weight)).max()
    if joined > JOINED * np.abs(weight).max():
        raise InputError(
            "robust variances need independent clusters, but a random effect or a sampling covariance joins some; "
            "choose the coarsest grouping as cluster"
        )
    groups = [np.flatnonzero(cluster == c) for c in np.unique(cluster)]
    m, p = len(groups), x.shape[1]
    if m <= p:
        raise NotComputableError(f"robust variances need more clusters than coefficients, there are {m} and {p}")
    bread: Array = np.asarray(np.linalg.inv(x.T @ weight @ x), dtype=np.float64)
    resid = y - x @ (bread @ (x.T @ weight @ y))
    adjust = [np.eye(g.size) if kind != "CR2" else _adjustment(x, weight, bread, g) for g in groups]
    scores = [x[g].T @ weight[np.ix_(g, g)] @ a @ resid[g] for g, a in zip(groups, adjust, strict=True)]
    meat = sum(np.outer(s, s) for s in scores)
    vcov = bread @ meat @ bread
    if kind == "CR1":
        vcov = vcov * (m / (m - p))
    df = np.full(p, float(m - p))
    if kind == "CR2":
        df = _satterthwaite(x, weight, bread, groups, adjust)
    return Robust(np.asarray(vcov), df, kind)


def carried_by_one(x: Array, cluster: npt.NDArray[np.int64]) -> dict[int, tuple[int, ...]]:
    """Clusters without which some coefficients cannot be estimated: cluster -> their indices.

    Such a cluster is fitted exactly in one direction, so that a sandwich holds nothing of its own deviation there, and
    the covariance is singular.
    """
    q, r = np.linalg.qr(x)  # so that neither units nor an uncentred moderator matter
    out = {}
    for c in np.unique(cluster):
        rest = q[cluster != c]
        values, vectors = np.linalg.eigh(rest.T @ rest)
        lost = np.linalg.solve(r, vectors[:, values <= LOST]) * np.linalg.norm(x, axis=0)[:, None]
        if lost.size:
            weight = np.abs(lost).max(axis=1)
            out[int(c)] = tuple(int(j) for j in np.flatnonzero(weight > 1e-6 * weight.max()))
    return out


def _adjustment(x: Array, weight: Array, bread: Array, g: npt.NDArray[np.int64]) -> Array:
    """A_g = D' (D B D')^(-1/2) D with D the upper Cholesky factor of the working covariance.

    B = S_g - X_g M X_g' is the working covariance of the cluster's residuals.
    """
    s = np.linalg.inv(weight[np.ix_(g, g)])
    d = np.linalg.cholesky(s).T
    inner = d @ (s - x[g] @ bread @ x[g].T) @ d.T
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    keep = values > 1e-10 * max(float(values.max()), 0.0)
    root = (vectors[:, keep] / np.sqrt(values[keep])) @ vectors[:, keep].T
    return np.asarray(d.T @ root @ d)


def _satterthwaite(
    x: Array, weight: Array, bread: Array, groups: list[npt.NDArray[np.int64]], adjust: list[Array]
) -> Array:
    """2 (tr G)^2 / tr(G^2)-type degrees of freedom for each coefficient, under the working model."""
    n, p = x.shape
    working = np.linalg.inv(weight)
    residual_maker = np.eye(n) - x @ bread @ x.T @ weight
    out = np.empty(p)
    for j in range(p):
        rows = []
        for g, a in zip(groups, adjust, strict=True):
            rows.append(bread[j] @ x[g].T @ weight[np.ix_(g, g)] @ a @ residual_maker[g])
        stack = np.array(rows)
        gram = stack @ working @ stack.T
        out[j] = np.trace(gram) ** 2 / np.sum(gram * gram)
    return out
