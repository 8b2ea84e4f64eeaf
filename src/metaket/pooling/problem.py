"""Blocks of fits as the kernel holds them: arrays only, the fits contiguous in memory.

A sum over ten studies is then ten vector additions over thousands of fits, and a block is small enough to stay in the
processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from metaket._checks import Array

__all__ = ["BLOCK", "WIDE", "Problem", "blocks", "survivors"]

BLOCK = 131_072  # study cells a block: large enough to spread the cost of a call, a megabyte an array
WIDE = 1e4  # ratio of the variances from which the plain traces of P lose more than its square times 1e-16


def survivors(keep: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """The indices of the fits that go on, a lone one of several twice.

    Sums over one fit alone are taken in another order than beside others, and its last bits would hang on these.
    """
    index = np.flatnonzero(keep)
    return np.repeat(index, 2) if index.size == 1 < keep.size else index


@dataclass(frozen=True, slots=True)
class Problem:
    """A block of fits.

    Attributes
    ----------
    y, v : ndarray, shape (m, k)
        Effects less `origin`, and sampling variances; cells that do not count hold 0 and 1.
    n : ndarray, shape (m, k), or None
        How often each study counts (None: all once).
    x : ndarray, shape (m, k, p), or None
        Moderators; None is the intercept alone.
    k : ndarray, shape (m,)
        Number of studies counted.
    v_min, v_max : ndarray, shape (m,)
        Range of the variances of the studies that count.
    origin : ndarray, shape (m,)
        What was taken off `y`: in `wide` fits without moderators the effect of the most precise study, whose residual
        then keeps its digits; else 0.
    """

    y: Array
    v: Array
    n: Array | None
    x: Array | None
    k: Array
    v_min: Array
    v_max: Array
    origin: Array

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return 1 if self.x is None else self.x.shape[-1]

    @property
    def df(self) -> Array:
        """Residual degrees of freedom, k - p."""
        return self.k - self.p

    @classmethod
    def of(cls, y: Array, v: Array, n: Array | None = None, x: Array | None = None) -> Problem:
        """Lay out (m, k) arrays with the fits contiguous; neutralise the cells that do not count."""
        if n is None:
            counted, spread, k = None, v, np.full(y.shape[0], float(y.shape[-1]))
        else:
            n, k = np.asfortranarray(n), n.sum(axis=-1)
            counted = n > 0
            y, spread, v = np.where(counted, y, 0.0), np.where(counted, v, np.inf), np.where(counted, v, 1.0)
        y, v, spread = np.asfortranarray(y), np.asfortranarray(v), np.asfortranarray(spread)
        v_min, v_max = spread.min(axis=-1), v.max(axis=-1) if counted is None else _largest(v, counted)
        pr = cls(y, v, n, x, k, v_min, v_max, np.zeros(y.shape[0]))
        return pr._centred(pr.wide) if x is None and pr.wide.any() else pr

    def _centred(self, which: npt.NDArray[np.bool_]) -> Problem:
        """Some fits with their effects less that of the most precise study; halfway between such that tie."""
        y, on = self.y[which], self.v[which] == self.v_min[which, None]
        if self.n is not None:
            on &= self.n[which] > 0
        moved, origin = self.y.copy(order="F"), self.origin.copy()
        origin[which] = 0.5 * _largest(y, on) - 0.5 * _largest(-y, on)
        y = y - origin[which, None]
        moved[which] = y if self.n is None else np.where(self.n[which] > 0, y, 0.0)
        return replace(self, y=moved, origin=origin)

    @property
    def wide(self) -> npt.NDArray[np.bool_]:
        """Where the variances are so far apart that plain sums lose digits."""
        return np.asarray(self.v_max > WIDE * self.v_min)

    def take(self, which: np.ndarray) -> Problem:
        """The chosen fits alone (boolean mask or indices over m)."""

        index = np.flatnonzero(which) if which.dtype == bool else which

        def rows(a: Array) -> Array:
            return a.T.take(index, axis=1).T  # reads and writes along the fits, which are contiguous

        return Problem(
            rows(self.y),
            rows(self.v),
            None if self.n is None else rows(self.n),
            None if self.x is None else self.x[which],
            self.k[which],
            self.v_min[which],
            self.v_max[which],
            self.origin[which],
        )

    def counted(self, a: Array) -> Array:
        """`a` times how often each study counts."""
        return a if self.n is None else self.n * a

    def weights(self, t: Array) -> Array:
        """1 / (v + t) for one t a fit: (m,) -> (m, k)."""
        out: Array = 1.0 / (self.v + t[:, None])
        return out


def _largest(a: Array, among: npt.NDArray[np.bool_]) -> Array:
    return np.asarray(np.where(among, a, -np.inf).max(axis=-1))


def blocks(m: int, k: int) -> Iterator[slice]:
    """Slices over m fits of k studies, each small enough for the cache, and as good as equal (none of a lone fit)."""
    size = max(1, BLOCK // max(k, 1))
    count = -(-m // size)
    for i in range(count):
        yield slice(i * m // count, (i + 1) * m // count)
