"""One self-contained HTML page: it opens without a network, on a phone and on paper, and is the same in every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket.outcomes import Left
from metaket.report.answer import answer
from metaket.report.words import by_kind, changes, effect_text, outcome_name, prediction_text, result_n, when
from metaket.reproduction.bands import BANDS
from metaket.reproduction.compare import VERDICTS, Comparison
from metaket.tables import read_table

if TYPE_CHECKING:
    from metaket.reproduction.analyse import AnalysisResult
    from metaket.reproduction.run import Reproduction

__all__ = ["Picture", "report_html"]

TRIAL_COLUMNS = (
    "study", "year", "fits_criteria", "why", "in_paper", "design", "drug", "comparator", "doses", "n_randomised",
)  # fmt: skip
MEANINGS = {
    "exact": "the recomputed value, rounded to the printed decimals, is the printed text; or the decision is the same",
    "input-rounding": "some inputs within their own printed rounding give the printed text",
    "near": "none of these, but within 5 % of the estimate or of the interval's width",
    "differs": "outside that",
    "decision differs": "the side of the null, or of p = 0.05, is not the stated one",
    "not computable": "inputs are missing; the cause says which",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure for the page: its caption, alternative text and SVG markup."""

    name: str
    caption: str
    alt: str
    svg: str


def report_html(rep: Reproduction, pictures: Sequence[Picture] = ()) -> str:
    """The page as text.

    Parameters
    ----------
    rep : Reproduction
    pictures : sequence of Picture
        Drawn into the page in this order.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    kinds = by_kind(rep)
    environment = Environment(
        loader=PackageLoader("metaket.report", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("report.html.j2").render(
        info=rep.paper.info,
        answer=answer(rep, kinds),
        claims=_claims(rep.comparisons),
        counts={v: n for v, n in rep.counts.items() if n},
        bands=BANDS,
        meanings={v: MEANINGS[v] for v in VERDICTS},
        results={kind: [_result_rows(i, rep) for i in items] for kind, items in kinds.items() if items},
        pictures=pictures,
        reviews=_reviews(rep),
        trials=_trials(rep),
        used=_used(rep),
        open=_open(rep),
        provenance=rep.provenance,
        notes=rep.notes,
    )


def _claims(comparisons: Sequence[Comparison]) -> dict[str, list[Comparison]]:
    groups: dict[str, list[Comparison]] = {}
    for c in comparisons:
        groups.setdefault(c.by or "the paper", []).append(c)
    return groups


def _result_rows(item: AnalysisResult, rep: Reproduction) -> dict[str, Any]:
    parent = rep.analyses.get(item.analysis.sensitivity_of)
    return {
        "id": item.id,
        "outcome": outcome_name(item),
        "when": when(item),
        "change": changes(item.analysis, parent.analysis) if parent else "",
        "basis": item.basis,
        "gap": item.gap,
        "assumed": ", ".join(item.analysis.assumed),
        "rows": [
            {
                "end": end,
                "effect": effect_text(r),
                "prediction": prediction_text(r),
                "k": r.k,
                "n": result_n(r),
                "i2": f"{r.i2:.1f}" if r.k > 1 else "",
                "tau2": f"{r.tau2:.3f}" if r.k > 1 else "",
                "model": r.spec.describe(),
            }
            for end, r in item.results
        ],
    }


def _reviews(rep: Reproduction) -> tuple[list[str], list[list[str]]]:
    """Other reviews' printed results, where the folder has them: a yardstick, not an input."""
    path = rep.paper.folder / "reviews.csv"
    if not path.is_file():
        return [], []
    frame = read_table(path)
    return list(frame.columns), frame.to_numpy().tolist()


def _trials(rep: Reproduction) -> tuple[list[str], list[list[str]]]:
    trials = rep.paper.trials
    if trials is None:
        return [], []
    columns = [c for c in TRIAL_COLUMNS if c in trials.columns]
    rows = [
        ["" if v != v else f"{v:g}" if isinstance(v, float) else str(v) for v in r] for r in trials[columns].to_numpy()
    ]
    return columns, rows


def _used(rep: Reproduction) -> list[dict[str, str]]:
    """Every row that entered an analysis, once, with its source."""
    numbers = sorted({int(n) for a in rep.analyses.values() for n in a.selection.rows.index})
    rows = rep.paper.printed.loc[numbers]
    names = ("study", "outcome", "time_h", "status", "source", "where", "note")
    return [{"row": str(n), **{c: str(row[c]) for c in names}} for n, row in rows.iterrows()]


def _open(rep: Reproduction) -> list[tuple[str, list[Left]]]:
    """What is still open, by default analysis."""
    items = [a for a in rep.analyses.values() if not a.analysis.sensitivity_of and a.open]
    return [(a.analysis.title or a.id, list(a.open)) for a in items]
