"""The bounds that a paper folder asks for: `[[bound]]` of paper.toml, each a question of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from metaket.errors import InputError, MetaketError, PaperError
from metaket.outcomes import SOURCED, join_trials, matching
from metaket.reproduction.bounds import bounds
from metaket.reproduction.bounds_answer import Bounds
from metaket.reproduction.bounds_inputs import MARGINS, OUTCOMES, Tie, read_ties
from metaket.reproduction.paper import Analysis, Bound, Claim, Paper
from metaket.reproduction.recover_percent import PossibleCounts, possible_counts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BoundResult", "run_bound"]

SIZES = ("n_t", "n_c")
EVENTS = ("events_t", "events_c")


@dataclass(frozen=True, slots=True)
class BoundResult:
    """A question about missing counts, and its answer.

    Attributes
    ----------
    bound : Bound
        The question as paper.toml asks it.
    printed : tuple of (str, str)
        The id and the printed text of every claim that is used.
    answer : Bounds or PossibleCounts
    rows : tuple of mapping
        What is known of each study; a blank is missing. Empty for a question about denominators.
    """

    bound: Bound
    printed: tuple[tuple[str, str], ...]
    answer: Bounds | PossibleCounts
    rows: tuple[Mapping[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data, for JSON."""
        return {
            "id": self.bound.id,
            "title": self.bound.title,
            "analysis": self.bound.analysis or None,
            "assumed": list(self.bound.assumed),
            "note": self.bound.note,
            "printed": [{"claim": name, "text": text} for name, text in self.printed],
            "known": [dict(row) for row in self.rows],
            "kind": "denominators" if isinstance(self.answer, PossibleCounts) else "pool",
            "answer": self.answer.to_dict(),
        }


def run_bound(paper: Paper, bound: Bound) -> BoundResult:
    """Answer one `[[bound]]`.

    Raises
    ------
    PaperError
        A size that is not known and not given, a claim that cannot tie counts, or facts that contradict each other.
    """
    claims = [next(c for c in paper.claims if c.id == name) for name in bound.ties]
    printed = tuple((c.id, c.printed) for c in claims)
    try:
        if bound.denominators:
            texts = [_rate(claim) for claim in claims]
            return BoundResult(bound, printed, possible_counts(texts, n=bound.denominators))
        analysis = paper.analysis(bound.analysis)
        rows = tuple(_known(paper, analysis, bound))
        ties = tuple(_tie(claim) for claim in claims)
        answer = bounds(rows, analysis.measure, ties=ties, studies=bound.studies, **_options(analysis))
    except MetaketError as error:
        raise PaperError(f"paper.toml bound {bound.id!r}: {error}") from None
    return BoundResult(bound, printed, answer, rows)


def _options(analysis: Analysis) -> dict[str, Any]:
    if analysis.crossover != "parallel":
        raise InputError("bounds counts a crossover as two arms; its analysis must have crossover = 'parallel'")
    names = ("model", "tau2", "test", "better", "zero_cells", "double_zero")
    return {name: getattr(analysis, name) for name in names}


def _quantity(claim: Claim) -> str:
    quantity = str(claim.of.get("quantity", ""))
    if "analysis" not in claim.of or quantity not in (*MARGINS, *OUTCOMES):
        raise InputError(f"claim {claim.id!r} ties no counts; it must be of {', '.join((*MARGINS, *OUTCOMES))}")
    return quantity


def _rate(claim: Claim) -> str:
    if not _quantity(claim).startswith("rate"):
        raise InputError(f"claim {claim.id!r} is of {_quantity(claim)}; denominators follow from rates only")
    return claim.means or claim.printed


def _tie(claim: Claim) -> Tie:
    quantity, text = _quantity(claim), claim.means or claim.printed
    label = f"{claim.id}: {claim.printed}"
    return replace(read_ties({quantity: text})[0], label=label)


def _known(paper: Paper, analysis: Analysis, bound: Bound) -> list[dict[str, str]]:
    """For every study that the analysis asks for: its sourced counts, and the sizes of its arms."""
    table = join_trials(paper.outcomes, paper.trials)
    rows = table[matching(table, analysis.where)]
    if not len(rows):
        raise InputError(f"analysis {analysis.id!r} asks for no row")
    wrong = sorted({size for given in bound.sizes.values() for size in given} - set(SIZES))
    if wrong:
        raise InputError(f"sizes has {wrong[0]!r}; it must be {' or '.join(SIZES)}")
    strangers = sorted(bound.sizes.keys() - set(rows["study"]))
    if strangers:
        raise InputError(f"sizes name {strangers[0]!r}, which the analysis does not ask for")
    allowed = (*SOURCED, *analysis.include)
    out = []
    for name, group in rows.groupby("study", sort=False):
        study = str(name)
        mine = group[(group["variant"] == analysis.variants.get(study, "")) & group["status"].isin(allowed)]
        row = dict.fromkeys((*EVENTS, *SIZES), "")
        if len(mine):
            row = {cell: _text(mine.iloc[0][cell]) for cell in row}
        for size in SIZES:
            row[size] = bound.sizes.get(study, {}).get(size) or row[size] or _trial_size(paper, study, size)
            if not row[size]:
                raise InputError(
                    f"{study} has no {size}; give it in sizes, such as {study!r} = {{ {size} = '1 to 20' }}"
                )
        out.append({"study": study, **row})
    return out


def _text(value: Any) -> str:
    return "" if value != value or value == "" else f"{float(value):g}"


def _trial_size(paper: Paper, study: str, size: str) -> str:
    """The analysed size of trials.csv."""
    trials: pd.DataFrame | None = paper.trials
    if trials is None or size not in trials.columns:
        return ""
    mine = trials.loc[trials["study"] == study, size]
    return _text(mine.iloc[0]) if len(mine) else ""
