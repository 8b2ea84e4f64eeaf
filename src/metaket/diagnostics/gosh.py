"""GOSH: the result of every subset of the studies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, generator
from metaket._notebook import ShownAsText
from metaket.diagnostics._refits import need_inverse_variance, need_pooled, need_studies, table_text
from metaket.errors import InputError
from metaket.pooling.batch import BatchResult, pool_many
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Gosh", "gosh"]

ALL_LIMIT = 20  # studies; 2^20 - 1 subsets are a million
DRAWS = 100_000
SEED = 20121201  # of the sample of subsets, unless a generator is given
BLOCK = 16_384  # subsets a call of the engine
KEPT = ("estimate", "tau2", "q", "i2", "h2", "k")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Gosh(ShownAsText):
    """Results of subsets.

    Attributes
    ----------
    result : PooledResult
    estimate, tau2, q, i2, h2, k : ndarray, shape (m,)
        One a subset; a single study has tau2 0 and Q 0.
    converged : ndarray of bool, shape (m,)
    every : bool
        Whether these are all non-empty subsets, subset j holding study i where bit i of j + 1 is set; else a random
        sample.
    packed : ndarray of uint8, shape (m, ceil(k / 8))
        The subsets as bits; `include` unpacks them.
    """

    result: PooledResult
    estimate: Array
    tau2: Array
    q: Array
    i2: Array
    h2: Array
    k: Array
    converged: npt.NDArray[np.bool_]
    every: bool
    packed: npt.NDArray[np.uint8]

    def include(self, rows: Any = slice(None)) -> npt.NDArray[np.bool_]:
        """Which studies the chosen subsets hold, bool of shape (rows, k)."""
        return _unpack(self.packed[rows], self.result.k)

    def holding(self, study: str) -> npt.NDArray[np.bool_]:
        """Whether each subset holds the study of that name, bool of shape (m,)."""
        names = self.result.effects.study
        if study not in names:
            raise InputError(f"no study {study!r} among {', '.join(names)}")
        return self.include()[:, names.index(study)]

    def to_frame(self) -> pd.DataFrame:
        """One row a subset: estimate, tau2, q, i2, h2, k, converged."""
        import pandas as pd

        frame = pd.DataFrame({name: getattr(self, name) for name in (*KEPT, "converged")})
        return frame.astype({"k": int})

    def quantiles(self) -> dict[str, list[float]]:
        """Minimum, quartiles and maximum of estimate, i2, tau2 and q over the subsets of at least 2 studies."""
        used = (self.k >= 2) & self.converged
        values = {name: getattr(self, name)[used] for name in ("estimate", "i2", "tau2", "q")}
        return {name: np.quantile(v, [0, 0.25, 0.5, 0.75, 1]).tolist() for name, v in values.items() if v.size}

    def __str__(self) -> str:
        import pandas as pd

        rows = self.quantiles()
        table = pd.DataFrame(rows, index=["min", "25 %", "median", "75 %", "max"]).T.reset_index(names="")
        which, m = "all" if self.every else "a sample of", self.estimate.size
        lines = [
            f"{self.result.effects.label}: {which} {m} subsets of {self.result.k} studies",
            f"of the {int((self.k >= 2).sum())} with at least 2 studies, estimates on the analysis scale:",
            table_text(table),
        ]
        failed = int((~self.converged & (self.k >= 2)).sum())  # one study has no t-type test
        return "\n".join([*lines, *([f"WARNING: {failed} fits did not converge"] if failed else [])])


def gosh(
    result: PooledResult,
    *,
    draws: int | None = None,
    rng: np.random.Generator | int | None = None,
    progress: Progress | None = None,
) -> Gosh:
    """Pool every subset of the studies (graphical display of study heterogeneity).

    Parameters
    ----------
    result : PooledResult
        Of the model random or common, of at least 2 studies.
    draws : int, optional
        Take a random sample of that many subsets, which may repeat. Without it all are taken up to 20 studies,
        and 100 000 at random above.
    rng : numpy.random.Generator or seed, optional
        Of the sample; ``default_rng(20121201)`` unless given.
    progress : callable, optional
        Called with (subsets done, subsets in all) after each block.

    Returns
    -------
    Gosh

    Raises
    ------
    InputError
        Another model (a subset of counts would be a call of `pool` each), ``tau2="GENQ"``, or draws below 1.
    NotComputableError
        A single study.

    Notes
    -----
    In a sample each study is in with probability 1/2, so that all subsets are equally likely; the empty one is drawn
    again. Memory beyond the answer is that of a block of 16 384 subsets.

    References
    ----------
    Olkin, Dahabreh & Trikalinos (2012) Res Synth Methods 3:214-223, sec. 2.

    Examples
    --------
    >>> import metaket as mk
    >>> every = mk.gosh(mk.pool([0.1, 0.3, 0.5], [0.04, 0.05, 0.06]))
    >>> every.estimate.round(2).tolist()
    [0.1, 0.3, 0.19, 0.5, 0.28, 0.39, 0.27]
    """
    need_pooled(result, "gosh")
    need_inverse_variance(result, "gosh")
    need_studies(result.effects, 2, "gosh")
    if draws is not None and draws < 1:
        raise InputError(f"draws must be at least 1, got {draws!r}")
    k = result.k
    every = draws is None and k <= ALL_LIMIT
    m = 2**k - 1 if every else (draws or DRAWS)
    columns: dict[str, Any] = {name: np.empty(m) for name in KEPT}
    converged, packed = np.empty(m, dtype=bool), np.empty((m, -(-k // 8)), dtype=np.uint8)
    blocks = _all_subsets(k) if every else _some_subsets(k, m, generator(SEED if rng is None else rng))
    done = 0
    for bits in blocks:
        here = slice(done, done + bits.shape[0])
        found = _pool_block(result, bits)
        for name in KEPT:
            columns[name][here] = getattr(found, name)
        converged[here], packed[here] = found.converged, np.packbits(bits, axis=1, bitorder="little")
        done = here.stop
        if progress is not None:
            progress(done, m)
    return Gosh(result, **columns, converged=converged, every=every, packed=packed)


def _pool_block(result: PooledResult, bits: npt.NDArray[np.bool_]) -> BatchResult:
    spec, e = result.spec, result.effects
    # only the normal test, as nothing of the test is kept and the others are not defined for one study
    return pool_many(e.y, e.v, bits, model=spec.model, tau2=spec.tau2, test="z", i2=spec.i2)


def _unpack(packed: npt.NDArray[np.uint8], k: int) -> npt.NDArray[np.bool_]:
    return np.unpackbits(packed, axis=-1, count=k, bitorder="little").astype(bool)


def _all_subsets(k: int) -> Iterator[npt.NDArray[np.bool_]]:
    for start in range(1, 2**k, BLOCK):
        numbers = np.arange(start, min(start + BLOCK, 2**k))
        yield (numbers[:, None] >> np.arange(k)) & 1 == 1


def _some_subsets(k: int, m: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.bool_]]:
    for start in range(0, m, BLOCK):
        bits = rng.random((min(BLOCK, m - start), k)) < 0.5
        while (empty := ~bits.any(axis=1)).any():
            bits[empty] = rng.random((int(empty.sum()), k)) < 0.5
        yield bits
