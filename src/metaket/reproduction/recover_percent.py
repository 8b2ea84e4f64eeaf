"""Percentages: which denominators can have given them, and which counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket._notebook import ShownAsText
from metaket.errors import InputError
from metaket.reproduction.claims import Printed
from metaket.reproduction.recover_text import TIE, read_count, read_percent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PossibleCounts", "counts_within", "possible_counts"]


@dataclass(frozen=True, slots=True)
class PossibleCounts(ShownAsText):
    """The denominators with which every printed percentage can be a whole number of patients.

    Attributes
    ----------
    percents : tuple of str
        As printed.
    low, high : int
        The denominators that were tried.
    counts : mapping of int to tuple of tuple of int
        For each possible denominator, the counts that give each percentage.
    """

    percents: tuple[str, ...]
    low: int
    high: int
    counts: Mapping[int, tuple[tuple[int, ...], ...]]

    @property
    def n(self) -> tuple[int, ...]:
        """The possible denominators."""
        return tuple(self.counts)

    @property
    def verdict(self) -> str:
        """ "one", "several" or "none"."""
        return "none" if not self.counts else "one" if len(self.counts) == 1 else "several"

    def to_frame(self) -> pd.DataFrame:
        """One row a denominator and choice of counts: n, and for each percentage the lowest and highest count."""
        import pandas as pd

        rows = []
        for n, counts in self.counts.items():
            row: dict[str, int] = {"n": n}
            for number, found in enumerate(counts, start=1):
                row |= {f"count_{number}_low": found[0], f"count_{number}_high": found[-1]}
            rows.append(row)
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        return {
            "percents": list(self.percents),
            "tried": [self.low, self.high],
            "verdict": self.verdict,
            "denominators": [
                {"n": n, "counts": [list(found) for found in counts]} for n, counts in self.counts.items()
            ],
        }

    def summary(self) -> str:
        """In words."""
        what = " and ".join(self.percents)
        shown = [f"{', '.join(_fraction(found, n) for found in counts)}" for n, counts in self.counts.items()]
        if self.low == self.high:
            told = f"possible, {shown[0]}" if shown else f"not possible, no whole number gives {self._it}"
            return f"{what} of {self.low}: {told}"
        if not self.counts:
            return f"{what}: no denominator from {self.low} to {self.high} gives {self._it}"
        tried = self.high - self.low + 1
        if len(self.counts) == tried:
            return f"{what}: every denominator from {self.low} to {self.high} gives {self._it}"
        head = f"{what}: {len(self.counts)} of {tried} denominators from {self.low} to {self.high} fit"
        return f"{head}\n" + "\n".join(f"  {text}" for text in shown)

    __str__ = summary

    @property
    def _it(self) -> str:
        return "it" if len(self.percents) == 1 else "all of them"


def _fraction(found: Sequence[int], n: int) -> str:
    return f"{found[0]}/{n}" if len(found) == 1 else f"{found[0]} to {found[-1]}/{n}"


def counts_within(low: float, high: float, unit: float) -> range:
    """The whole numbers i with low <= i * unit <= high; an end may be off by the last binary digit."""
    slack = TIE * max(abs(low), abs(high))
    return range(math.ceil((low - slack) / unit), math.floor((high + slack) / unit) + 1)


def possible_counts(
    percents: str | Sequence[str], *, n: Any = None, min_n: int = 1, max_n: int = 100
) -> PossibleCounts:
    """Which denominators, and which counts, can have given one or several printed percentages.

    Parameters
    ----------
    percents : str or sequence of str
        As printed: "63.8%". Several are of one denominator: an arm's rates of different outcomes.
    n : int, str or (int, int), optional
        The denominators to try: 47, or "20 to 40". Else from `min_n` to `max_n`.
    min_n, max_n : int

    Returns
    -------
    PossibleCounts

    Raises
    ------
    InputError
        A text that cannot be read, or a range without a number of at least 1.

    Notes
    -----
    A percentage p of n patients is possible where some whole i has 100 i / n within half a unit of the last printed
    decimal of p: the GRIM test (Brown & Heathers 2017) for a proportion. From n = 100 on every whole percentage is.

    Examples
    --------
    >>> import metaket as mk
    >>> mk.possible_counts("63.8%", max_n=60).counts
    {47: ((30,),), 58: ((37,),)}
    >>> mk.possible_counts(["29%", "16.1%", "9.7%", "6.5%"], n="20 to 40").n
    (31,)
    """
    texts = (percents,) if isinstance(percents, str) else tuple(percents)
    if not texts:
        raise InputError("percents is empty: give at least one, such as '63.8%'")
    printed = [read_percent("percent", text) for text in texts]
    low, high = read_count("n", n) if n is not None else (min_n, max_n)
    if not 1 <= low <= high:
        raise InputError(f"the denominators must be a range from at least 1, got {low} to {high}")
    found = {}
    for size in range(low, high + 1):
        counts = tuple(tuple(_counts(p, size)) for p in printed)
        if all(counts):
            found[size] = counts
    return PossibleCounts(texts, low, high, found)


def _counts(printed: Printed, n: int) -> range:
    """Counts of n that print as `printed`; above and below a printed < or > the end itself does not."""
    inside = counts_within(max(printed.low, 0.0), min(printed.high, 100.0), 100.0 / n)
    if printed.relation in ("<", ">"):
        keep = [i for i in inside if 100.0 * i / n != printed.value]
        return range(keep[0], keep[-1] + 1) if keep else range(0)
    return inside
