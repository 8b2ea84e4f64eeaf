"""What `bounds` answers: ranges over all admissible completions, proved or found, and said to be so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket._notebook import ShownAsText

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Bounds", "Span", "StudySet"]

STATUSES = ("possible", "not found", "impossible")
LIMIT = (
    "the inner range was found by a seeded search, from completions at the ends of the outer one and random ones; "
    "it is not proved to be all there is"
)


Table = tuple[str, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Span:
    """The range of one quantity over all admissible completions.

    Attributes
    ----------
    quantity : str
    found_low, found_high : float
        Attained: some completion that agrees with everything printed has them. NaN where none was found.
    proved_low, proved_high : float
        No admissible completion is outside. NaN where nothing is proved.
    at_low, at_high : tuple of (str, int, int, int, int)
        A completion that has the found end: study, events_t, n_t, events_c, n_c of each.
    """

    quantity: str
    found_low: float
    found_high: float
    proved_low: float
    proved_high: float
    at_low: tuple[Table, ...] = ()
    at_high: tuple[Table, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether the two are the same range, up to rounding."""
        pairs = ((self.found_low, self.proved_low), (self.found_high, self.proved_high))
        return all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9) for a, b in pairs)

    def words(self) -> str:
        """For people: what was found, and what is proved where that is another range."""
        unit = " %" if self.quantity.startswith("rate") else ""
        shown, outer = _range(self.found_low, self.found_high) + unit, _range(self.proved_low, self.proved_high) + unit
        if self.exact:
            return f"exactly {shown}"
        found = "nothing found" if math.isnan(self.found_low) else f"found {shown}"
        return f"{found}; nothing proved" if math.isnan(self.proved_low) else f"{found}; proved {outer}"

    def joined(self, other: Span) -> Span:
        """The range that holds both; a proof counts only where both have one."""
        lows, highs = (self.proved_low, other.proved_low), (self.proved_high, other.proved_high)
        lowest = other if math.isnan(self.found_low) or other.found_low < self.found_low else self
        highest = other if math.isnan(self.found_high) or other.found_high > self.found_high else self
        return Span(
            self.quantity,
            lowest.found_low,
            highest.found_high,
            min(lows) if not any(map(math.isnan, lows)) else math.nan,
            max(highs) if not any(map(math.isnan, highs)) else math.nan,
            lowest.at_low,
            highest.at_high,
        )


@dataclass(frozen=True, slots=True)
class StudySet:
    """One choice of studies.

    Attributes
    ----------
    left_out : tuple of str
        The studies that it does not have.
    status : {"possible", "not found", "impossible"}
        Whether some completion agrees with everything printed; "not found" is not proved.
    method : {"enumeration", "proof and search", "margins"}
        "margins" where the counts alone exclude it.
    completions : int
        How many completions there are, before what is printed.
    spans : mapping of str to Span
    decisions : mapping of str to {"possible", "not found", "impossible"}
    relaxed : tuple of str
        Ties that the proof had to leave out: its ranges are valid, but wider.
    """

    left_out: tuple[str, ...]
    status: str
    method: str
    completions: int
    spans: Mapping[str, Span]
    decisions: Mapping[str, str]
    relaxed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bounds(ShownAsText):
    """What follows about a pooled result from counts that are partly missing.

    Attributes
    ----------
    measure : str
    studies : tuple of str
    ties : tuple of str
        What was printed, as text.
    sets : tuple of StudySet
        One a choice of studies; a single one where all take part.
    seed : int
        Of the search.
    """

    measure: str
    studies: tuple[str, ...]
    ties: tuple[str, ...]
    sets: tuple[StudySet, ...]
    seed: int

    @property
    def possible(self) -> tuple[StudySet, ...]:
        """The choices of studies that are not proved to be impossible."""
        return tuple(s for s in self.sets if s.status != "impossible")

    @property
    def status(self) -> str:
        """The best status of a choice of studies."""
        return min((s.status for s in self.sets), key=STATUSES.index)

    @property
    def spans(self) -> dict[str, Span]:
        """The range of each quantity over all choices of studies that are not impossible."""
        out: dict[str, Span] = {}
        for chosen in self.possible:
            for name, span in chosen.spans.items():
                out[name] = out[name].joined(span) if name in out else span
        return out

    @property
    def decisions(self) -> dict[str, str]:
        """For each decision the best status over all choices."""
        out: dict[str, str] = {}
        for chosen in self.possible:
            for name, status in chosen.decisions.items():
                out[name] = min(out.get(name, status), status, key=STATUSES.index)
        return out

    @property
    def exact(self) -> bool:
        """Whether every completion was pooled."""
        return all(s.method != "proof and search" for s in self.sets)

    def to_frame(self) -> pd.DataFrame:
        """One row a quantity: what was found, what is proved, and whether the two are the same."""
        import pandas as pd

        columns = ["quantity", "found_low", "found_high", "proved_low", "proved_high", "exact"]
        return pd.DataFrame([[getattr(s, c) for c in columns] for s in self.spans.values()], columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, for JSON; what is not known is None."""
        return {
            "measure": self.measure,
            "studies": list(self.studies),
            "ties": list(self.ties),
            "status": self.status,
            "exact": self.exact,
            "seed": self.seed,
            "limits": "" if self.exact else LIMIT,
            "spans": _plain(self.spans.values()),
            "decisions": self.decisions,
            "sets": [
                {
                    "left_out": list(s.left_out),
                    "status": s.status,
                    "method": s.method,
                    "completions": str(s.completions),
                    "spans": _plain(s.spans.values()),
                    "decisions": dict(s.decisions),
                    "relaxed": list(s.relaxed),
                }
                for s in self.sets
            ],
        }

    def summary(self) -> str:
        """In words."""
        many = "1 study" if len(self.studies) == 1 else f"{len(self.studies)} studies"
        lines = [f"{self.measure} of {many}; printed: {'; '.join(self.ties) or 'nothing'}"]
        if len(self.sets) > 1:
            lines.append(f"{len(self.possible)} of {len(self.sets)} choices of studies are possible")
        if self.status == "impossible":
            return "\n".join([*lines, "no whole-number completion agrees with what is printed (proved)"])
        if self.status == "not found":
            lines.append("no completion was found that agrees with what is printed, and none is proved impossible")
        lines += [f"  {span.quantity:9s} {span.words()}" for span in self.spans.values()]
        relaxed = dict.fromkeys(label for chosen in self.possible for label in chosen.relaxed)
        lines += [f"left out of the proof, which would take too much: {'; '.join(relaxed)}"] if relaxed else []
        lines.append("  decision  " + "; ".join(f"{name}: {status}" for name, status in self.decisions.items()))
        return "\n".join(lines + ([] if self.exact else [LIMIT]))

    __str__ = summary


def _range(low: float, high: float) -> str:
    """One number where both ends read alike."""
    ends = [f"{x:.0f}" if float(x).is_integer() else f"{x:.4g}" for x in (low, high)]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def _plain(spans: Iterable[Span]) -> list[dict[str, Any]]:
    names: Sequence[str] = ("quantity", "found_low", "found_high", "proved_low", "proved_high", "exact")
    out = []
    for span in spans:
        row: dict[str, Any] = {name: _finite(getattr(span, name)) for name in names}
        out.append(row | {end: [list(table) for table in getattr(span, end)] for end in ("at_low", "at_high")})
    return out


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
