"""One self-contained HTML page: it opens without a network, on a phone and on paper, and is the same in every run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metaket.measures.registry import MEASURES
from metaket.outcomes import STATUSES
from metaket.pooling.inference import TESTS
from metaket.pooling.spec import MODELS
from metaket.pooling.tau2 import ESTIMATORS
from metaket.report.answer import answer
from metaket.report.audits import audits_table
from metaket.report.bounds import bounds_section
from metaket.report.courses import lasting
from metaket.report.evidence import cells_table, left_table, rows_table, sources_table, trials_table
from metaket.report.sections import (
    BAND_NAMES,
    claims_table,
    reviews_table,
    sensitivity_table,
    time_table,
    verdict_badge,
)
from metaket.report.table import Table
from metaket.report.words import KINDS, by_kind, outcomes_of, question, unverified_used
from metaket.reproduction.bands import BANDS
from metaket.reproduction.compare import VERDICTS

if TYPE_CHECKING:
    from metaket.reproduction.analyse import AnalysisResult
    from metaket.reproduction.run import Reproduction

__all__ = ["Picture", "report_html"]

MEANINGS = {
    "exact": "the recomputed value, rounded to the printed decimals (half up or half to even), is the printed text; "
    "or the recomputed decision is the stated one",
    "input-rounding": "some inputs within their own printed rounding give the printed text",
    "near": "not the above, but within 5 % of the estimate, or of the interval's width for its limits",
    "not computable": "inputs are missing, or the statement is not one about these data; the cause says which",
    "differs": "outside that",
    "decision differs": "the sign, or whether the interval holds no difference, or the side of p = 0.05, is another",
}
STATUS_MEANINGS = {
    "quoted": "read in the source",
    "derived": "arithmetic on quoted values, shown in the note",
    "digitised": "read off a figure",
    "unverified": "believed, no source at hand; only in sensitivity analyses named for it",
    "missing": "nothing sourced; the row says where to look",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure for the page.

    Attributes
    ----------
    name, caption : str
    markup : str
        An ``<svg>`` or ``<img>`` element with its alternative text.
    group, key : str
        Where it stands: see `metaket.report.figures.Plan`.
    """

    name: str
    caption: str
    markup: str
    group: str
    key: str = ""


def report_html(rep: Reproduction, pictures: Sequence[Picture] = ()) -> str:
    """The page as text.

    Parameters
    ----------
    rep : Reproduction
    pictures : sequence of Picture
        Each is shown where its group belongs.

    Returns
    -------
    str
        HTML without scripts and without anything to fetch; no date, so that equal inputs give equal pages.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    kinds = by_kind(rep)
    default = kinds["default"]
    environment = Environment(
        loader=PackageLoader("metaket.report", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("report.html.j2").render(
        info=rep.paper.info,
        questions=question(default),
        answer=answer(rep, kinds),
        claims=claims_table(own) if (own := [c for c in rep.comparisons if not c.secondary]) else None,
        audits=audits_table([c for c in rep.comparisons if c.secondary], verdict_badge),
        groups=[(name, group["counts"]) for name, group in rep.groups.items() if sum(group["counts"].values())],
        counts={v: n for v, n in rep.counts.items() if n},
        outcomes=[(name, time_table(kinds, name, rep), _of(pictures, "timecourse", name),
                   lasting(rep, name), _of(pictures, "course", name)) for name in outcomes_of(default)],
        pictures={g: _of(pictures, g) for g in ("agreement", "specification")},
        forests=[(KINDS[k], k, shown) for k in KINDS if (shown := _of(pictures, "forest", k))],
        sensitivity=sensitivity_table(kinds, rep) if len(default) < len(rep.analyses) else None,
        bounds=bounds_section(rep),
        reviews=reviews_table(rep.paper, kinds),
        trials=trials_table(rep.paper),
        cells=cells_table(rep.paper, default),
        used=rows_table(rep.paper, kinds),
        left=left_table(kinds),
        sources=sources_table(rep.paper),
        unverified=unverified_used(rep),
        meanings=[(v, MEANINGS[v]) for v in VERDICTS],
        statuses=[(s, STATUS_MEANINGS[s]) for s in STATUSES],
        bands=[(BAND_NAMES.get(name, name), text) for name, text in BANDS.items()],
        methods=_methods([i for items in kinds.values() for i in items]),
        provenance=_provenance(rep.provenance),
        notes=rep.notes,
    )  # fmt: skip


def _of(pictures: Sequence[Picture], group: str, key: str | None = None) -> list[Picture]:
    return [p for p in pictures if p.group == group and key in (None, p.key)]


def _methods(items: Sequence[AnalysisResult]) -> Table:
    """What was used, with the article that each formula comes from."""
    found: dict[tuple[str, str], str] = {}
    for item in items:
        a = item.analysis
        entries: list[tuple[str, Any]] = [("effect", MEASURES[a.measure]), ("model", MODELS[a.model])]
        if MODELS[a.model].code == "random" and isinstance(a.tau2, str):
            entries.append(("between-study variance", ESTIMATORS[a.tau2]))
        entries.append(("test and interval", TESTS[a.test]))
        for kind, entry in entries:
            found.setdefault((kind, f"{entry.label} ({entry.code})"), entry.reference)
    rows = tuple((name, kind, reference) for (kind, name), reference in sorted(found.items()))
    return Table(("Method", "For", "Reference"), rows, (), "Methods in use", {}, "cards")


def _provenance(facts: Mapping[str, Any]) -> Table:
    return Table(("What", "Value"), tuple(_flat(facts)), (), "What made this page", {}, "facts")


def _flat(facts: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in facts.items():
        label = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{'SHA-256 of' if name == 'digests' else name.removesuffix('s')} ")
        else:
            yield label, str(value)
