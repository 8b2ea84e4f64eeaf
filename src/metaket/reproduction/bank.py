"""The papers that come with metaket, each in one line: how many of its printed claims hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from metaket.datasets import list_papers
from metaket.errors import MetaketError
from metaket.reproduction.run import reproduce

__all__ = ["BankLine", "reproduce_bank"]


@dataclass(frozen=True, slots=True)
class BankLine:
    """A paper's verdicts, counted.

    Attributes
    ----------
    key, citation : str
    k : int
        Studies in its data.
    claims : int
    verdicts : mapping of verdict to int
    worst : str
    """

    key: str
    citation: str
    k: int
    claims: int
    verdicts: Mapping[str, int]
    worst: str

    @property
    def differs(self) -> bool:
        """Whether a claim, or a decision, differs."""
        return bool(self.verdicts["differs"] or self.verdicts["decision differs"])

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self) | {"verdicts": dict(self.verdicts)}

    def __str__(self) -> str:
        counts = ", ".join(f"{n} {verdict}" for verdict, n in self.verdicts.items() if n)
        return f"{self.key:20s} {self.k:3d} studies {self.claims:4d} claims  worst: {self.worst:17s} {counts}".rstrip()


def reproduce_bank() -> tuple[BankLine, ...]:
    """Reproduce every paper of `list_papers`.

    Raises
    ------
    PaperError, DataError, InputError
        A folder breaks the format, or a row a rule; the message names the place.
    """
    lines = []
    for key in list_papers():
        try:
            rep = reproduce(key)
        except MetaketError as error:
            raise type(error)(f"{key}: {error}") from None
        studies = rep.paper.outcomes["study"].nunique()
        lines.append(BankLine(key, rep.paper.info.citation, int(studies), len(rep.comparisons), rep.counts, rep.worst))
    return tuple(lines)
