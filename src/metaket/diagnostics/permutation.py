"""Permutation tests: p-values that need no distribution, from one batched call over all permutations."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import Array, generator
from metaket._notebook import ShownAsText, p_words
from metaket.diagnostics._refits import need_fit
from metaket.errors import InputError, NotComputableError
from metaket.pooling.batch import Fits, fit_arrays
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PermutationTest", "permutation_test"]

EXACT_LIMIT = 50_000  # fits: eight studies with a moderator, fifteen without
DRAWS = 10_000
TIE = 1e-8  # relative: statistics that are equal by symmetry differ by rounding and by the last step of an estimator


@dataclass(frozen=True, slots=True, eq=False)
class PermutationTest(ShownAsText):
    """Permutation p-values.

    Attributes
    ----------
    names : tuple of str
        Coefficients; ``intercept`` alone where there are no moderators.
    statistic, p_value : ndarray, shape (p,)
        Observed test statistics; two-sided p-values.
    omnibus, omnibus_p : float
        QM of all coefficients but the intercept (of the intercept where there is nothing else), and its p-value.
    permutations : int
        Fits that the p-values count, the observed one among them.
    exact : bool
        All permutations, or a random sample of them.
    failed : int
        Fits left out because their estimator did not converge.
    """

    names: tuple[str, ...]
    statistic: Array
    p_value: Array
    omnibus: float
    omnibus_p: float
    permutations: int
    exact: bool
    failed: int

    def to_frame(self) -> pd.DataFrame:
        """One row a coefficient: term, statistic, p_value."""
        import pandas as pd

        return pd.DataFrame({"term": list(self.names), "statistic": self.statistic, "p_value": self.p_value})

    def __str__(self) -> str:
        kind = "all" if self.exact else "a random sample of"
        lines = [f"permutation test, {kind} {self.permutations} permutations"]
        for name, statistic, p in zip(self.names, self.statistic.tolist(), self.p_value.tolist(), strict=True):
            lines.append(f"{name}: {statistic:.4f}, {p_words(p)}")
        if len(self.names) > 1:
            lines.append(f"moderators: {self.omnibus:.4f}, {p_words(self.omnibus_p)}")
        if self.failed:
            lines.append(f"WARNING: {self.failed} refits did not converge and do not count")
        return "\n".join(lines)


def permutation_test(
    result: PooledResult | RegressionResult, *, rng: np.random.Generator | int | None = None, draws: int = DRAWS
) -> PermutationTest:
    r"""Permutation test of a pooled effect or of a meta-regression.

    Parameters
    ----------
    result : PooledResult or RegressionResult
        Of the model random or common. Without moderators the signs of the effects are flipped; with moderators the
        pairs (y, v) are dealt out anew to the rows of the design, which is the same as permuting those.
    rng : numpy.random.Generator or seed, optional
        Needed where there are more than 50 000 permutations; then `draws` of them are sampled.
    draws : int
        Size of that sample, the observed order included.

    Returns
    -------
    PermutationTest

    Raises
    ------
    InputError
        Too many permutations and no generator; a model or estimator that cannot be refitted from y and v alone.
    NotComputableError
        Fewer than 2 studies.

    Notes
    -----
    The p-value of a coefficient is :math:`P(|z^*| \geq |z|)` over all permutations z*, ties included. Without
    moderators the smallest possible value is :math:`2 / 2^k`.

    References
    ----------
    Higgins & Thompson (2004) Stat Med 23:1663-1682; Follmann & Proschan (1999) Biometrics 55:732-737.
    """
    need_fit(result, "permutation_test")
    if not isinstance(draws, int | np.integer) or draws < 2:
        raise InputError(f"draws must be a whole number of at least 2, got {draws!r}")
    rng = None if rng is None else generator(rng)
    effects, spec = result.effects, result.spec
    if spec.model not in ("random", "common") or spec.tau2 == "GENQ":
        raise InputError(f"a permutation test refits y and v alone: not for model {spec.model!r}, tau2 {spec.tau2!r}")
    if effects.k < 2:
        raise NotComputableError(f"a permutation test needs at least 2 studies, there is {effects.k}")
    x = result.design.matrix if isinstance(result, RegressionResult) else None
    names = result.names if isinstance(result, RegressionResult) else ("intercept",)
    count = 2**effects.k if x is None else math.factorial(effects.k)
    exact = count <= EXACT_LIMIT
    if not exact and rng is None:
        raise InputError(f"{effects.k} studies have {count:.3g} permutations: give rng= to sample {draws} of them")
    if x is None:
        y, v = _flipped(effects.y, None if exact else rng, draws), effects.v[None, :]
    else:
        order = _orders(effects.k, None if exact else rng, draws)
        y, v = effects.y[order], effects.v[order]
    fits = fit_arrays(y, v, spec, x=x)
    tested = [i for i, name in enumerate(names) if name != "intercept"] or [0]
    z, qm = _statistics(fits, tested)
    usable = fits.converged & np.isfinite(qm) & np.isfinite(z).all(axis=1)
    if not usable[0]:
        raise NotComputableError("the observed data have no test statistic to compare with")
    p, qm_p = _p_values(z[usable], qm[usable])
    return PermutationTest(names, z[0], p, float(qm[0]), qm_p, int(usable.sum()), exact, int((~usable).sum()))


def _flipped(y: Array, rng: np.random.Generator | None, draws: int) -> Array:
    """All patterns of signs, or a sample of them; the first row is `y` itself."""
    if rng is None:
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=y.size)))
    else:
        signs = np.where(rng.random((draws, y.size)) < 0.5, -1.0, 1.0)
        signs[0] = 1.0
    return np.asarray(signs * y)


def _orders(k: int, rng: np.random.Generator | None, draws: int) -> np.ndarray:
    """All orders of k studies, or a sample of them; the first row is the observed one."""
    if rng is None:
        return np.array(list(itertools.permutations(range(k))))
    orders = rng.permuted(np.tile(np.arange(k), (draws, 1)), axis=1)
    orders[0] = np.arange(k)
    return orders


def _statistics(fits: Fits, tested: list[int]) -> tuple[Array, Array]:
    """Each coefficient over its standard error, (m, p), and QM or F, (m,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = fits.coef / np.sqrt(np.diagonal(fits.vcov, axis1=1, axis2=2))
    coef, block = fits.coef[:, tested], fits.vcov[:, tested][:, :, tested]
    sound = np.isfinite(block).all(axis=(1, 2)) & (np.abs(np.linalg.det(np.where(np.isfinite(block), block, 0.0))) > 0)
    qm = np.full(coef.shape[0], np.nan)
    solved = np.linalg.solve(block[sound], coef[sound][:, :, None])[:, :, 0]
    qm[sound] = np.einsum("mp,mp->m", coef[sound], solved)
    return np.asarray(z), qm if np.isinf(fits.df).all() else qm / len(tested)


def _p_values(z: Array, qm: Array) -> tuple[Array, float]:
    """Upper tails of the size of z and of the omnibus statistic; row 0 is the observed one, and ties count."""
    size = np.abs(z)
    return (size >= size[0] * (1.0 - TIE)).mean(axis=0), float((qm >= qm[0] * (1.0 - TIE)).mean())
