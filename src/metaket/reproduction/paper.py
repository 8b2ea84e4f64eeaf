"""A paper as data: paper.toml, outcomes.csv and trials.csv of one folder, read and checked against each other."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaket.datasets import find_paper
from metaket.errors import PaperError
from metaket.measures.registry import MEASURES
from metaket.outcomes import NUMBERS, STATUSES
from metaket.reproduction.paper_records import record_of, records_of
from metaket.reproduction.paper_tables import INHERITED, Analysis, Bound, Claim, Course, PaperInfo, Source
from metaket.reproduction.toml import line_about, line_of, read_toml, tables_of
from metaket.tables import file_digest, numeric, read_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis", "Bound", "Claim", "Course", "Paper", "PaperInfo", "Source", "load"]

FILES = ("paper.toml", "outcomes.csv", "trials.csv")
TRIAL_NUMBERS = ("year", "n_randomised", "n_analysed", "randomised_t", "randomised_c", "n_t", "n_c")


@dataclass(frozen=True, slots=True, eq=False)
class Paper:
    """A paper's folder in memory.

    Attributes
    ----------
    info : PaperInfo
    folder : Path
    outcomes : DataFrame
        outcomes.csv, numbers as float64, index = row of the file.
    trials : DataFrame or None
    analyses, claims, sources, bounds, courses : tuple
    digests : mapping of file name to SHA-256
    printed : DataFrame
        outcomes.csv as text, for the printed decimals.
    """

    info: PaperInfo
    folder: Path
    outcomes: pd.DataFrame
    trials: pd.DataFrame | None
    analyses: tuple[Analysis, ...]
    claims: tuple[Claim, ...]
    sources: tuple[Source, ...]
    digests: Mapping[str, str]
    printed: pd.DataFrame
    bounds: tuple[Bound, ...] = ()
    courses: tuple[Course, ...] = ()

    @property
    def key(self) -> str:
        """Short name of the paper."""
        return self.info.key

    def analysis(self, name: str) -> Analysis:
        """An analysis by its id."""
        for item in self.analyses:
            if item.id == name:
                return item
        names = [a.id for a in self.analyses]
        near = difflib.get_close_matches(name, names, n=1)
        hint = f". Did you mean {near[0]}?" if near else ""
        raise PaperError(f"{self.key} has no analysis {name!r}: {', '.join(names)}{hint}")

    def __repr__(self) -> str:
        return (
            f"<Paper {self.key}: {len(self.outcomes)} rows, {len(self.analyses)} analyses, {len(self.claims)} claims>"
        )


def load(key: str | Path) -> Paper:
    """Load a paper by key, or from a folder.

    Parameters
    ----------
    key : str or Path
        A key of `list_papers`, or a folder with paper.toml and outcomes.csv (trials.csv is optional).

    Returns
    -------
    Paper

    Raises
    ------
    PaperError
        A file breaks the format; the message names the file and where in it.
    UnknownChoiceError
        No such key.

    Examples
    --------
    >>> import metaket as mk
    >>> mk.load("han2016").info.year
    2016
    """
    folder = find_paper(key)
    for name in FILES:
        if not (folder / name).resolve().is_relative_to(folder.resolve()):
            raise PaperError(f"{name} of {folder} is a link that leaves the folder; put the file itself there")
    raw = read_toml(folder / "paper.toml")
    info, analyses, claims, sources = _parse(raw, folder / "paper.toml")
    trial_columns = _header(folder / "trials.csv")
    filtered = {c for a in analyses for c in a.where if c in ("outcome", "time_h") and c not in trial_columns}
    text = read_table(folder / "outcomes.csv", required=("study", *sorted(filtered), "status"))
    for optional in ("outcome", "variant", "source", "where", "note"):
        if optional not in text.columns:
            text[optional] = ""
    nameless = text["study"].astype(str).str.strip() == ""
    if nameless.any():
        raise PaperError(f"outcomes.csv row {text.index[nameless][0]}: the column study is blank")
    wrong = ~text["status"].isin(STATUSES)
    if wrong.any():
        row = text[wrong].iloc[0]
        raise PaperError(
            f"outcomes.csv row {row.name} ({row['study']}): status {row['status']!r} is not one of "
            + ", ".join(STATUSES)
        )
    outcomes = numeric(text, number_columns(text), "outcomes.csv")
    trials = _trials(folder / "trials.csv", text["study"])
    bounds = _bounds(raw, folder / "paper.toml", {a.id for a in analyses}, {c.id for c in claims})
    courses = _courses(raw, folder / "paper.toml", set(outcomes["outcome"]))
    digests = {n: file_digest(folder / n) for n in FILES if (folder / n).is_file()}
    return Paper(info, folder, outcomes, trials, analyses, claims, sources, digests, text, bounds, courses)


def _header(path: Path) -> set[str]:
    return set(read_table(path).columns) if path.is_file() else set()


def number_columns(table: pd.DataFrame) -> tuple[str, ...]:
    """The columns of numbers: `NUMBERS` always, those of single groups, pairs and rates where the table has them."""
    others = dict.fromkeys(name for entry in MEASURES for name in entry.needs if name not in NUMBERS)
    return (*NUMBERS, *(name for name in others if name in table.columns))


def _trials(path: Path, studies: pd.Series[str]) -> pd.DataFrame | None:
    if not path.is_file():
        return None
    trials = read_table(path, required=("study",))
    twice = trials["study"].duplicated()
    if twice.any():
        raise PaperError(
            f"trials.csv row {trials.index[twice][0]}: study {trials['study'][twice].iloc[0]!r} stands twice"
        )
    strangers = studies[~studies.isin(trials["study"])]
    if len(strangers):
        where = f"outcomes.csv row {strangers.index[0]}"
        raise PaperError(f"{where}: study {strangers.iloc[0]!r} is not one that trials.csv lists")
    return numeric(trials, [c for c in TRIAL_NUMBERS if c in trials.columns], "trials.csv")


def _parse(
    raw: dict[str, Any], path: Path
) -> tuple[PaperInfo, tuple[Analysis, ...], tuple[Claim, ...], tuple[Source, ...]]:
    info = record_of(PaperInfo, raw["paper"], path, "paper")
    analyses = _inherit(tables_of(raw, "analysis", path), path)
    claims = records_of(Claim, tables_of(raw, "claim", path), path, "claim")
    sources = records_of(Source, tables_of(raw, "source", path), path, "source")
    ids = {
        "analysis": [a.id for a in analyses],
        "claim": [c.id for c in claims],
        "source": [s.id for s in sources],
    }
    for kind, names in ids.items():
        twice = sorted({i for i in names if names.count(i) > 1})
        if twice:
            raise PaperError(f"{path.name}{line_of(path, kind, twice[0])}: {kind} {twice[0]!r} stands twice")
    for claim in claims:
        for kind in ("analysis", "claim"):
            if kind in claim.of and claim.of[kind] not in ids[kind]:
                place = line_of(path, "claim", claim.id, "of")
                what = f"claim {claim.id!r} is of {kind} {claim.of[kind]!r}, which is not there"
                raise PaperError(f"{path.name}{place}: {what}")
        for name in claim.evidence:
            if name not in (*ids["claim"], *ids["source"]) or name == claim.id:
                place = line_of(path, "claim", claim.id, "evidence")
                raise PaperError(
                    f"{path.name}{place}: claim {claim.id!r}: evidence {name!r} is neither another claim nor a source"
                )
    return info, analyses, claims, sources


def _bounds(raw: dict[str, Any], path: Path, analyses: set[str], claims: set[str]) -> tuple[Bound, ...]:
    found = records_of(Bound, tables_of(raw, "bound", path), path, "bound")
    names = [b.id for b in found]
    for bound in found:
        wrong = [f"names claim {c!r}, which is not there" for c in bound.ties if c not in claims]
        if bound.analysis and bound.analysis not in analyses:
            wrong.append(f"names analysis {bound.analysis!r}, which is not there")
        if bool(bound.analysis) == bool(bound.denominators):
            wrong.append("needs an analysis or denominators, and not both")
        if names.count(bound.id) > 1:
            wrong.append("stands twice")
        if wrong:
            raise PaperError(
                f"{path.name}{line_about(path, 'bound', bound.id, wrong[0])}: bound {bound.id!r} {wrong[0]}"
            )
    return found


def _courses(raw: dict[str, Any], path: Path, outcomes: set[str]) -> tuple[Course, ...]:
    found = records_of(Course, tables_of(raw, "course", path), path, "course")
    names = [c.id for c in found]
    for course in found:
        wrong = (
            []
            if course.outcome in outcomes
            else [f"is of outcome {course.outcome!r}, which outcomes.csv does not have"]
        )
        wrong += ["stands twice"] if names.count(course.id) > 1 else []
        if wrong:
            raise PaperError(
                f"{path.name}{line_about(path, 'course', course.id, wrong[0])}: course {course.id!r} {wrong[0]}"
            )
    return found


def _inherit(items: list[dict[str, Any]], path: Path) -> tuple[Analysis, ...]:
    """Sensitivity analyses take from their parent, and it from its own, what they do not change themselves."""
    by_id = {str(a.get("id")): a for a in items}
    return records_of(Analysis, [_inherited(item, by_id, path) for item in items], path, "analysis")


def _inherited(item: dict[str, Any], by_id: Mapping[str, dict[str, Any]], path: Path) -> dict[str, Any]:
    chain = [item]
    while chain[-1].get("sensitivity_of"):
        name, wanted = str(item.get("id", "?")), str(chain[-1]["sensitivity_of"])
        place = line_of(path, "analysis", name, "sensitivity_of")
        parent = by_id.get(wanted)
        if parent is None:
            what = f"analysis {name!r} is a sensitivity analysis of {wanted!r}, which is not there"
            raise PaperError(f"{path.name}{place}: {what}")
        if any(parent is known for known in chain):
            raise PaperError(f"{path.name}{place}: analysis {name!r} is, in a circle, a sensitivity analysis of itself")
        chain.append(parent)
    full: dict[str, Any] = {}
    for ancestor in reversed(chain[1:]):
        full |= {key: ancestor[key] for key in INHERITED if key in ancestor}
    return full | item
