"""Which totals of events a printed decision excludes, proved.

For a total of events in one arm, the sum S - z sqrt(W) has to be positive somewhere for the lower limit to be above no
difference. It is bounded above as in `bounds_proof`, for all totals of that arm at once; the total of the other arm,
where it is tied, enters with a Lagrange multiplier, each of which gives a valid bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket.reproduction.bounds_inputs import CELLS, MARGINS, Study, Tie
from metaket.reproduction.bounds_proof import cells_of_tau2, secants

__all__ = ["possible_totals", "weighted_pieces"]

Bools = npt.NDArray[np.bool_]
Piece = tuple[list[Array], float]
Ints = npt.NDArray[np.int64]
MULTIPLIERS = np.linspace(
    -3.0, 3.0, 25
)  # in effect times weight an event: log ratios change by about one over the events
SLACK = 1e-9  # a bound within rounding of 0 excludes nothing
OTHER = {"events_t": "events_c", "events_c": "events_t"}


def possible_totals(studies: Sequence[Study], ties: Sequence[Tie], name: str, pieces: Iterable[Piece]) -> Bools:
    """Which totals of `name` are not excluded, from 0 on.

    Parameters
    ----------
    name : {"events_t", "events_c"}
    pieces : iterable of (list of ndarray, float)
        From `weighted_pieces` or `bounds_cells.counted_pieces`: for a completion with the decision the sum of the
        gains of its tables is above the toll in at least one of them.
    """
    targets = _targets(studies, ties, OTHER[name])
    top = sum(int(s.cells[name].max()) for s in studies)
    possible = np.zeros(top + 1, dtype=bool)
    for gains, toll in pieces:
        best = _best(_by_count(studies, gains, name), top)
        reach = best[len(MULTIPLIERS) // 2] if targets is None else _tied(best, targets)
        possible |= reach - toll > -SLACK
    mine = _targets(studies, ties, name)
    if mine is not None:
        possible &= np.isin(np.arange(top + 1), mine)
    return possible


def weighted_pieces(studies: Sequence[Study], known: float | None, z: float, side: int) -> Iterator[Piece]:
    """Gains of a pool by inverse variances, for every cell of tau2 and secant of the square root.

    Parameters
    ----------
    known : float or None
        tau2, where it is known.
    side : {1, -1}
        1 where the lower limit has to be above no difference, -1 where the upper has to be below it.
    """
    for weights in cells_of_tau2(studies, known):
        low = min(float(w.least[s.used].min()) for s, w in zip(studies, weights, strict=True) if s.used.any())
        if all(s.used.all() for s in studies):
            low = sum(float(w.least.min()) for w in weights)
        high = sum(float(w.greatest.max()) for w in weights)
        for alpha, beta in secants(low, high):
            gaps = [side * s.y - z * beta for s in studies]
            gains = [np.where(g > 0, w.greatest, w.least) * g for g, w in zip(gaps, weights, strict=True)]
            yield gains, z * alpha


def _targets(studies: Sequence[Study], ties: Sequence[Tie], name: str) -> Array | None:
    """The totals of one arm's events that the ties on that arm alone allow; None without such a tie."""
    size = name.replace("events", "n")
    alone = [t for t in ties if t.margin and name in MARGINS[t.quantity] and set(MARGINS[t.quantity]) <= {name, size}]
    if not alone or any(np.ptp(s.cells[size]) > 0 for s in studies):
        return None
    every = np.arange(sum(int(s.cells[name].max()) for s in studies) + 1, dtype=np.float64)
    patients = float(sum(int(s.cells[size][0]) for s in studies))
    totals = dict.fromkeys(CELLS, every) | {size: np.full_like(every, patients)}
    return every[np.all([tie.fits_totals(totals) for tie in alone], axis=0)]


def _by_count(studies: Sequence[Study], gains: Sequence[Array], name: str) -> list[tuple[Ints, Array]]:
    """For each study its distinct counts of `name` and the greatest gain with each, shape (multipliers, counts)."""
    out = []
    for study, gain in zip(studies, gains, strict=True):
        counts = study.cells[name]
        order = np.argsort(counts, kind="stable")
        distinct, starts = np.unique(counts[order], return_index=True)
        priced = gain[order] + MULTIPLIERS[:, None] * study.cells[OTHER[name]][order]
        out.append((distinct, np.asarray(np.maximum.reduceat(priced, starts, axis=1))))
    return out


def _best(gains: Sequence[tuple[Ints, Array]], top: int) -> Array:
    """The greatest sum of gains for each multiplier and total of `name`."""
    best = np.full((len(MULTIPLIERS), top + 1), -np.inf)
    best[:, 0] = 0.0
    for counts, gain in gains:
        after = np.full_like(best, -np.inf)
        for count, column in zip(counts.tolist(), gain.T, strict=True):
            moved = best[:, : top + 1 - count] + column[:, None]
            np.maximum(after[:, count:], moved, out=after[:, count:])
        best = after
    return best


def _tied(best: Array, targets: Array) -> Array:
    """The bound with the other arm's total at the most favourable of its possible values."""
    if not targets.size:
        return np.full(best.shape[1], -np.inf)
    priced = best[:, :, None] - MULTIPLIERS[:, None, None] * targets[None, None, :]
    return np.asarray(priced.min(axis=0).max(axis=-1))
