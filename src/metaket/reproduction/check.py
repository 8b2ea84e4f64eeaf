"""Is a paper folder consistent before anything is pooled? Each finding names the row, the rule, its source, how sure.

The rules stand in ``rules_*.py``, one function each under ``@RULES.add``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import metaket.reproduction.rules_bias
import metaket.reproduction.rules_claims
import metaket.reproduction.rules_effects
import metaket.reproduction.rules_folder
import metaket.reproduction.rules_rows
import metaket.reproduction.rules_sizes  # noqa: F401  the rules register themselves
from metaket._notebook import ShownAsText
from metaket.reproduction.findings import LEVELS, RULES, Finding
from metaket.reproduction.package import update_hashes
from metaket.reproduction.paper import Paper, load
from metaket.reproduction.rules_claims import smallest_denominator

__all__ = ["RULES", "CheckReport", "Finding", "check_paper", "smallest_denominator", "update_hashes"]


@dataclass(frozen=True, slots=True)
class CheckReport(ShownAsText):
    """All findings on a folder.

    Attributes
    ----------
    key : str
        The paper's.
    findings : tuple of Finding
        Errors first, then warnings, notes, and what is open.
    """

    key: str
    findings: tuple[Finding, ...]

    def of(self, level: str) -> tuple[Finding, ...]:
        """The findings of a level."""
        return tuple(f for f in self.findings if f.level == level)

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.of("error")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        counts = {level: len(self.of(level)) for level in LEVELS}
        return {"paper": self.key, "ok": self.ok, "counts": counts, "findings": [asdict(f) for f in self.findings]}

    @property
    def counted(self) -> str:
        """How many findings there are of each level."""
        return f"{self.key}: {', '.join(f'{len(self.of(level))} {level}' for level in LEVELS)}"

    def __str__(self) -> str:
        return "\n".join([*map(str, self.findings), self.counted])


def check_paper(paper: str | Path | Paper) -> CheckReport:
    """Is a paper's folder consistent, before anything is pooled?

    Parameters
    ----------
    paper : key, folder or Paper

    Returns
    -------
    CheckReport
        With ``findings``, ``of(level)``, ``ok`` and ``to_dict()``; printed, a line a finding.

    Raises
    ------
    InputError
        The folder cannot be read: no such paper, a file that is missing, an unknown key of paper.toml.

    Notes
    -----
    Comparisons are between the ranges that the printed decimals allow. Each finding names its rule, the source of the
    rule and how sure it is; the rules are listed on the page "A paper as a folder".

    Examples
    --------
    >>> import metaket as mk
    >>> mk.check_paper("colditz1994").ok
    True
    """
    paper = paper if isinstance(paper, Paper) else load(paper)
    found = []
    for entry in RULES:
        for where, message, level, *sure in entry.func(paper):
            found.append(Finding(where, entry.code, message, level, entry.reference, *sure))
    order = {"error": 0, "warning": 1, "note": 2, "open": 3}
    return CheckReport(paper.key, tuple(sorted(found, key=lambda f: order[f.level])))
