"""Means and standard deviations of whole numbers: GRIM and GRIMMER."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket._notebook import ShownAsText
from metaket.errors import InputError
from metaket.reproduction.claims import Printed
from metaket.reproduction.recover_percent import counts_within
from metaket.reproduction.recover_text import read_named

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RecoveredMean", "grim", "grimmer"]

SHOWN = 10
EXACT = 1_000_000  # steps of the exact search on a bounded scale, about a second


@dataclass(frozen=True, slots=True)
class RecoveredMean(ShownAsText):
    """The whole-number data that can have given a printed mean, and standard deviation.

    Attributes
    ----------
    mean, sd : str
        As printed; `sd` is empty for GRIM.
    n, items : int
        Participants, and answers averaged for each.
    sums : tuple of int
        Sums over all answers that give the mean.
    squares : tuple of (int, int)
        For GRIMMER: each (sum, sum of squares) that gives both. The sums of squares are of the participants' sums.
    informative : bool
        False where every mean with these decimals is possible, so that the test cannot fail.
    exact : bool
        True where `squares` was searched on a bounded scale: each pair is attained by some data. Else they pass the
        necessary conditions of GRIMMER.
    reason : str
        Why it is not consistent, else empty.
    nearest : tuple of float
        The possible means on either side, where the printed one is not.
    """

    mean: str
    sd: str
    n: int
    items: int
    sums: tuple[int, ...]
    squares: tuple[tuple[int, int], ...]
    informative: bool
    exact: bool = False
    reason: str = ""
    nearest: tuple[float, ...] = ()

    @property
    def consistent(self) -> bool:
        """Whether some whole numbers can have given what is printed."""
        return not self.reason

    def to_frame(self) -> pd.DataFrame:
        """One row a possible sum (GRIM), or a sum and sum of squares (GRIMMER), with the mean and SD unrounded."""
        import pandas as pd

        size = self.n * self.items
        if not self.sd:
            return pd.DataFrame({"total": list(self.sums), "mean": [t / size for t in self.sums]})
        rows = [(t, q, t / size, _sd(t, q, self.n) / self.items) for t, q in self.squares]
        return pd.DataFrame(rows, columns=["total", "sum_of_squares", "mean", "sd"])

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        names = ("mean", "sd", "n", "items", "consistent", "informative", "exact", "reason")
        out: dict[str, Any] = {name: getattr(self, name) for name in names}
        return out | {
            "sums": list(self.sums),
            "squares": [list(pair) for pair in self.squares],
            "nearest": list(self.nearest),
        }

    def summary(self) -> str:
        """In words."""
        spread = f", SD {self.sd}" if self.sd else ""
        of = f"{self.n} participants" + (f" with {self.items} items" if self.items > 1 else "")
        head = f"mean {self.mean}{spread} of {of}"
        if self.reason:
            near = " or ".join(f"{x:.6g}" for x in self.nearest)
            return f"{head}: not possible. {self.reason}" + (f"; the nearest possible means are {near}" if near else "")
        weak = "" if self.informative else " (every mean with these decimals is: the test cannot fail here)"
        if not self.sd:
            return f"{head}: possible{weak}, with sum {_listed(self.sums)}"
        how = "each attained by some data" if self.exact else "by the necessary conditions"
        pairs = "1 pair" if len(self.squares) == 1 else f"{len(self.squares)} pairs"
        return f"{head}: possible{weak}, with {pairs} of sum and sum of squares ({how})"

    __str__ = summary


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:SHOWN]))
    return shown if len(numbers) <= SHOWN else f"{shown}, ... ({len(numbers)} in all)"


def _sd(total: int, squares: int, n: int) -> float:
    """Sample standard deviation from the sum and the sum of squares of n whole numbers."""
    return math.sqrt(max(0, n * squares - total * total) / (n * (n - 1)))


def _read(name: str, text: object) -> Printed:
    printed = read_named(name, text)
    if printed.relation != "=" or printed.unit:
        raise InputError(
            f"{name} must be a printed number such as '3.47', got {text!r}; for percentages see possible_counts"
        )
    return printed


def _size(name: str, value: object, least: int) -> int:
    if not (isinstance(value, int) and not isinstance(value, bool) and value >= least):
        raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return value


def grim(mean: str, n: int, *, items: int = 1) -> RecoveredMean:
    """Can whole numbers have this mean? The GRIM test.

    Parameters
    ----------
    mean : str
        As printed: its decimals count.
    n : int
        Participants, at least 1.
    items : int
        Whole-number answers that are averaged for each participant.

    Returns
    -------
    RecoveredMean
        Consistent or not, and every possible sum.

    Raises
    ------
    InputError
        A text that cannot be read, or a size below 1.

    Notes
    -----
    A mean of whole numbers is i / (n items). It is possible where some whole i lies within half a unit of the last
    printed decimal; with n items >= 10^decimals every mean is. A tie may have been rounded either way.
    Brown & Heathers (2017) Soc Psychol Personal Sci 8:363-369.

    Examples
    --------
    >>> import metaket as mk
    >>> mk.grim("3.48", 20).consistent, mk.grim("3.45", 20).sums
    (False, (69,))
    """
    printed, size = _read("mean", mean), _size("n", n, 1) * _size("items", items, 1)
    sums = tuple(counts_within(printed.low, printed.high, 1.0 / size))
    informative = size < 10**printed.decimals
    if sums:
        return RecoveredMean(str(mean), "", n, items, sums, (), informative)
    middle = printed.value * size
    nearest = (math.floor(middle) / size, math.ceil(middle) / size)
    reason = f"{printed.value:g} x {size} = {middle:.6g} is not near enough to a whole number"
    return RecoveredMean(str(mean), "", n, items, (), (), informative, reason=reason, nearest=nearest)


def grimmer(mean: str, sd: str, n: int, *, items: int = 1, scale: tuple[int, int] | None = None) -> RecoveredMean:
    """Can whole numbers have this mean and this standard deviation? The GRIMMER test.

    Parameters
    ----------
    mean, sd : str
        As printed; `sd` is the sample standard deviation (n - 1).
    n : int
        Participants, at least 2.
    items : int
        Whole-number answers that are averaged for each participant.
    scale : (int, int), optional
        Lowest and highest possible answer. The sums of squares are then searched exactly: only those that some data
        on the scale have are listed.

    Returns
    -------
    RecoveredMean
        Consistent or not, and every (sum, sum of squares) that fits.

    Raises
    ------
    InputError
        A text that cannot be read, a size that is too small, or a scale too long for the exact search.

    Notes
    -----
    For each sum T that `grim` allows, the sum of squares is Q = (n - 1) s^2 + T^2 / n (of the participants' sums, on
    the scale of sums). It has to be a whole number for some s that prints like `sd`, as odd or even as T (x^2 and x
    are), and at least that of the most even spread of T. Anaya (2016) PeerJ Preprints 4:e2400v1; Allard (2018),
    Analytic-GRIMMER, for the parity.

    Examples
    --------
    >>> import metaket as mk
    >>> mk.grimmer("7.3", "2.51", 12).consistent
    False
    """
    spread = _read("sd", sd)
    if spread.value < 0:
        raise InputError(f"sd must be at least 0, got {sd!r}")
    _size("n", n, 2)
    base = grim(mean, n, items=items)
    if base.reason:
        return RecoveredMean(base.mean, str(sd), n, items, (), (), base.informative, False, base.reason, base.nearest)
    pairs = [(t, q) for t in base.sums for q in _squares(spread, t, n, items)]
    if scale is not None:
        pairs = _attained(pairs, n, (scale[0] * items, scale[1] * items))
    within = "" if scale is None else f" on a scale from {scale[0]} to {scale[1]}"
    reason = "" if pairs else f"no sum of squares fits an SD of {sd} with the sums {_listed(base.sums)}{within}"
    sums = tuple(dict.fromkeys(t for t, _ in pairs)) or base.sums
    exact = scale is not None
    return RecoveredMean(base.mean, str(sd), n, items, sums, tuple(pairs), base.informative, exact, reason)


def _squares(spread: Printed, total: int, n: int, items: int) -> list[int]:
    """Sums of squares that give the SD with this sum: whole, as odd as it is, at least the most even spread's."""
    low, high = (max(0.0, s * items) ** 2 * (n - 1) + total**2 / n for s in (spread.low, spread.high))
    whole, rest = divmod(total, n)
    least = (n - rest) * whole**2 + rest * (whole + 1) ** 2
    return [q for q in counts_within(low, high, 1.0) if q >= least and (q - total) % 2 == 0]


def _attained(pairs: Sequence[tuple[int, int]], n: int, ends: tuple[int, int]) -> list[tuple[int, int]]:
    """The pairs (sum, sum of squares) that n whole numbers between `ends` have.

    Counted from the lower end L: u = x - L, with sum U = T - n L and sum of squares Q - 2 L T + n L^2. The sums of
    squares that j numbers with sum U can have are the bits of one integer; the next number u shifts them by u^2.
    """
    low, width = ends[0], ends[1] - ends[0]
    if width < 0:
        raise InputError(f"scale must be (lowest, highest), got {ends}")
    wanted = [(t - n * low, q - 2 * low * t + n * low**2) for t, q in pairs]
    top = max((u for u, _ in wanted), default=0)
    if n * min(max(top, 0), n * width) * width > EXACT:
        raise InputError(f"scale {ends} with n = {n} is too long for the exact search; leave scale out")
    bits = [1] + [0] * max(top, 0)
    for _ in range(n):
        bits = [_or(bits[total - u] << u * u for u in range(min(width, total) + 1)) for total in range(len(bits))]
    return [pair for pair, (u, q) in zip(pairs, wanted, strict=True) if u >= 0 and q >= 0 and bits[u] >> q & 1]


def _or(numbers: Iterable[int]) -> int:
    out = 0
    for number in numbers:
        out |= number
    return out
