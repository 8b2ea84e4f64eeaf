"""`reproduce`: every analysis and every claim of a paper, with provenance."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaket._notebook import ShownAsText
from metaket.errors import DataWarning
from metaket.reproduction.analyse import AnalysisResult, run_analysis
from metaket.reproduction.bounds_paper import BoundResult, run_bound
from metaket.reproduction.compare import compare_claim
from metaket.reproduction.comparison import GROUPS, VERDICTS, Comparison, worst_verdict
from metaket.reproduction.explain_verdicts import explained
from metaket.reproduction.over_time import CourseResult, run_course
from metaket.reproduction.paper import Paper, load

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Reproduction", "reproduce"]

PACKAGES = ("numpy", "scipy", "pandas", "statsmodels", "matplotlib")


@dataclass(frozen=True, slots=True, eq=False)
class Reproduction(ShownAsText):
    """A paper's analyses and claims, recomputed.

    Attributes
    ----------
    paper : Paper
    analyses : mapping of id to AnalysisResult
    comparisons : tuple of Comparison
        One a claim, in the order of paper.toml.
    provenance : mapping
        Version, digests of the inputs, packages.
    notes : tuple of str
        Warnings raised on the way.
    answered : dict
        Where `bounds` keeps its answers once they are computed.
    joined : dict
        The same for `courses`.
    """

    paper: Paper
    analyses: Mapping[str, AnalysisResult]
    comparisons: tuple[Comparison, ...]
    provenance: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    answered: dict[str, BoundResult] = field(default_factory=dict, repr=False)
    joined: dict[str, CourseResult] = field(default_factory=dict, repr=False)

    @property
    def bounds(self) -> tuple[BoundResult, ...]:
        """What must be true given only what is printed: one a `[[bound]]` of paper.toml, computed when first asked."""
        for bound in self.paper.bounds:
            if bound.id not in self.answered:
                self.answered[bound.id] = run_bound(self.paper, bound)
        return tuple(self.answered[bound.id] for bound in self.paper.bounds)

    @property
    def courses(self) -> tuple[CourseResult, ...]:
        """One model for all times: one a `[[course]]` of paper.toml, computed when first asked."""
        for course in self.paper.courses:
            if course.id not in self.joined:
                self.joined[course.id] = run_course(self.paper, course)
        return tuple(self.joined[course.id] for course in self.paper.courses)

    @property
    def results(self) -> Mapping[str, AnalysisResult]:
        """The analyses by id."""
        return self.analyses

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have each verdict."""
        return {v: sum(c.verdict == v for c in self.comparisons) for v in VERDICTS}

    @property
    def groups(self) -> dict[str, dict[str, Any]]:
        """Effect, heterogeneity, and numbers and facts apart: each with its worst verdict and its counts."""
        parts = [p for c in self.comparisons for p in (c.parts or (c,))]
        out: dict[str, dict[str, Any]] = {}
        for group in GROUPS:
            mine = [p for p in parts if p.group == group]
            counts = {v: sum(p.verdict == v for p in mine) for v in VERDICTS}
            out[group] = {"worst": worst_verdict(mine), "counts": counts}
        return out

    @property
    def worst(self) -> str:
        """The worst verdict."""
        return worst_verdict(self.comparisons)

    def to_frame(self) -> pd.DataFrame:
        """One row a claim: id, by, where, printed, quantity, analysis, recomputed, verdict, gaps by band, cause."""
        import pandas as pd

        rows = []
        for c in self.comparisons:
            row = {k: v for k, v in c.to_dict().items() if k not in ("gap", "missing", "parts", "evidence")}
            row |= {"missing": "; ".join(c.missing), "evidence": "; ".join(c.evidence)}
            if c.gap is not None:
                row |= {"difference": c.gap.difference, "relative": c.gap.relative}
                row |= {f"band {name}": inside for name, inside in c.gap.bands.items()}
            rows.append(row)
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """The whole as plain data: paper, trials, analyses, claims, provenance."""
        trials = self.paper.trials
        rows = [] if trials is None else trials.astype(object).where(trials.notna(), None).to_dict(orient="records")
        return {
            "paper": self.paper.info.model_dump(),
            "trials": rows,
            "analyses": [a.to_dict() for a in self.analyses.values()],
            "claims": [c.to_dict() for c in self.comparisons],
            "bounds": [b.to_dict() for b in self.bounds],
            "courses": [c.to_dict() for c in self.courses],
            "verdicts": self.counts,
            "worst": self.worst,
            "verdict_groups": self.groups,
            "provenance": dict(self.provenance) | {"warnings": list(self.notes)},
        }

    def save(self, folder: str | Path, *, force: bool = False) -> tuple[Path, ...]:
        """Write results.json, comparisons.csv, analyses.csv, report.html and the figures (SVG, PDF, PNG).

        The folder appears whole or not at all; an existing one is kept unless `force`.
        """
        from metaket.report.folder import save_reproduction

        return save_reproduction(self, Path(folder), force=force)

    def __str__(self) -> str:
        from metaket.report.text import reproduction_text

        return reproduction_text(self)

    def __repr__(self) -> str:
        return f"<Reproduction of {self.paper.key}: {len(self.analyses)} analyses, {len(self.comparisons)} claims>"


def reproduce(paper: str | Path | Paper) -> Reproduction:
    """Recompute every analysis of a paper and judge every claim.

    Parameters
    ----------
    paper : str, Path or Paper
        A key of `list_papers`, a folder, or a loaded paper.

    Returns
    -------
    Reproduction

    Raises
    ------
    PaperError, DataError, InputError
        The folder breaks the format, or a row breaks a rule; the message names the place.

    Examples
    --------
    >>> import metaket as mk
    >>> rep = mk.reproduce("han2016")
    >>> rep.results["response-24h"].basis
    '2 of 10 trials'
    """
    loaded = paper if isinstance(paper, Paper) else load(paper)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        analyses = {a.id: run_analysis(loaded, a) for a in loaded.analyses}
        judged = [compare_claim(claim, loaded, analyses) for claim in loaded.claims]
        comparisons = explained(loaded, analyses, judged)
    notes = tuple(dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, DataWarning)))
    for w in caught:
        if not issubclass(w.category, DataWarning):
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
    return Reproduction(loaded, analyses, comparisons, provenance(loaded), notes)


def provenance(paper: Paper) -> dict[str, Any]:
    """What made these numbers: version, inputs' digests, packages, interpreter."""
    from metaket import __version__

    return {
        "metaket": __version__,
        "command": f"metaket reproduce {paper.key}",
        "digests": dict(paper.digests),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "python": ".".join(str(part) for part in sys.version_info[:3]),
    }
