"""A paper as data: paper.toml, outcomes.csv and trials.csv of one folder, read and checked against each other."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from metaket.datasets import find_paper
from metaket.errors import PaperError
from metaket.outcomes import NUMBERS, STATUSES
from metaket.tables import file_digest, numeric, read_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis", "Claim", "Paper", "PaperInfo", "Source", "load"]

INHERITED = (
    *("where", "measure", "model", "tau2", "test", "i2", "zero_cells", "double_zero", "crossover", "vtype", "better"),
    *("variants", "assumed", "include"),
)
TRIAL_NUMBERS = ("year", "n_randomised", "n_analysed", "randomised_t", "randomised_c", "n_t", "n_c")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PaperInfo(_Strict):
    """What is printed on the title page."""

    key: str
    title: str
    citation: str = ""
    journal: str = ""
    year: int | None = None
    doi: str = ""
    pmid: str = ""
    licence_note: str = ""
    description: str = ""


class Source(_Strict):
    """Where a number was read."""

    id: str
    citation: str
    url: str = ""
    access: str = ""
    note: str = ""


class Analysis(_Strict):
    """One pooling: which rows, which measure, which model. A sensitivity analysis inherits from its parent.

    `better` says which direction of the effect favours the treatment: a response is better higher, a depression
    score lower.
    """

    id: str
    title: str = ""
    where: dict[str, Any] = Field(default_factory=dict)
    measure: str = "RR"
    model: str = "random"
    tau2: str | float = "DL"
    test: str = "z"
    i2: str = "Q"
    zero_cells: str = "only0"
    double_zero: str = "drop"
    crossover: str | float = "parallel"
    vtype: str = ""
    better: Literal["higher", "lower"] = "higher"
    variants: dict[str, str] = Field(default_factory=dict)
    include: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    sensitivity_of: str = ""
    note: str = ""


class Claim(_Strict):
    """One printed statement and what it is a statement of."""

    id: str
    printed: str
    of: dict[str, Any]
    by: str = ""
    where: str = ""
    means: str = ""
    source: str = ""
    note: str = ""

    @field_validator("of")
    @classmethod
    def _one_target(cls, value: dict[str, Any]) -> dict[str, Any]:
        kinds = value.keys() & {"analysis", "trials", "paper", "claim", "comparator", "other"}
        if len(kinds) != 1:
            raise ValueError("of must name exactly one of analysis, trials, paper, claim, comparator, other")
        if "analysis" in value and "quantity" not in value:
            raise ValueError("of = { analysis = ... } needs a quantity")
        return value


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
    analyses, claims, sources : tuple
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

    @property
    def key(self) -> str:
        """Short name of the paper."""
        return self.info.key

    def analysis(self, name: str) -> Analysis:
        """An analysis by its id."""
        for item in self.analyses:
            if item.id == name:
                return item
        raise PaperError(f"{self.key} has no analysis {name!r}: {', '.join(a.id for a in self.analyses)}")

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
    raw = _read_toml(folder / "paper.toml")
    info, analyses, claims, sources = _parse(raw, folder / "paper.toml")
    text = read_table(folder / "outcomes.csv", required=("study", "outcome", "time_h", "status"))
    for optional in ("variant", "source", "where", "note"):
        if optional not in text.columns:
            text[optional] = ""
    wrong = ~text["status"].isin(STATUSES)
    if wrong.any():
        row = text[wrong].iloc[0]
        raise PaperError(
            f"outcomes.csv row {row.name} ({row['study']}): status {row['status']!r} is not one of "
            + ", ".join(STATUSES)
        )
    outcomes = numeric(text, NUMBERS, "outcomes.csv")
    trials = _trials(folder / "trials.csv", set(text["study"]))
    names = ("paper.toml", "outcomes.csv", "trials.csv")
    digests = {n: file_digest(folder / n) for n in names if (folder / n).is_file()}
    return Paper(info, folder, outcomes, trials, analyses, claims, sources, digests, text)


def _trials(path: Path, studies: set[str]) -> pd.DataFrame | None:
    if not path.is_file():
        return None
    trials = read_table(path, required=("study",))
    twice = trials["study"].duplicated()
    if twice.any():
        raise PaperError(
            f"trials.csv row {trials.index[twice][0]}: study {trials['study'][twice].iloc[0]!r} stands twice"
        )
    strangers = sorted(studies - set(trials["study"]))
    if strangers:
        raise PaperError(f"outcomes.csv has study {strangers[0]!r}, which trials.csv does not list")
    return numeric(trials, [c for c in TRIAL_NUMBERS if c in trials.columns], "trials.csv")


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise PaperError(f"{path.name}: {error}") from None
    except UnicodeDecodeError:
        raise PaperError(f"{path.name} is not UTF-8 text") from None


def _parse(
    raw: dict[str, Any], path: Path
) -> tuple[PaperInfo, tuple[Analysis, ...], tuple[Claim, ...], tuple[Source, ...]]:
    unknown = sorted(raw.keys() - {"paper", "analysis", "claim", "source"})
    if unknown:
        raise PaperError(f"{path.name}{_line(path, unknown[0])}: unknown table [{unknown[0]}]")
    if "paper" not in raw:
        raise PaperError(f"{path.name} has no table [paper]")
    info = _model(PaperInfo, raw["paper"], path, "paper")
    analyses = _inherit([dict(a) for a in raw.get("analysis", [])], path)
    claims = tuple(_model(Claim, c, path, f"claim {c.get('id', '?')!r}") for c in raw.get("claim", []))
    sources = tuple(_model(Source, s, path, f"source {s.get('id', '?')!r}") for s in raw.get("source", []))
    for kind, ids in (
        ("analysis", [a.id for a in analyses]),
        ("claim", [c.id for c in claims]),
        ("source", [s.id for s in sources]),
    ):
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise PaperError(f"{path.name}{_line(path, twice[0])}: {kind} {twice[0]!r} stands twice")
    known = {"analysis": {a.id for a in analyses}, "claim": {c.id for c in claims}}
    for claim in claims:
        for kind, ids_known in known.items():
            if kind in claim.of and claim.of[kind] not in ids_known:
                raise PaperError(
                    f"{path.name}{_line(path, claim.id)}: claim {claim.id!r} is of {kind} {claim.of[kind]!r}, "
                    "which is not there"
                )
    return info, analyses, claims, sources


def _inherit(items: list[dict[str, Any]], path: Path) -> tuple[Analysis, ...]:
    """Sensitivity analyses take from their parent what they do not change themselves."""
    by_id = {a.get("id"): a for a in items}
    out = []
    for item in items:
        parent = by_id.get(item.get("sensitivity_of")) if item.get("sensitivity_of") else None
        if item.get("sensitivity_of") and (parent is None or parent is item):
            name = item.get("id", "?")
            raise PaperError(
                f"{path.name}{_line(path, str(name))}: analysis {name!r} is a sensitivity analysis of "
                f"{item['sensitivity_of']!r}, which is not there"
            )
        full = {key: parent[key] for key in INHERITED if key in parent} | item if parent else item
        out.append(_model(Analysis, full, path, f"analysis {item.get('id', '?')!r}"))
    return tuple(out)


def _model(kind: type[Any], values: Any, path: Path, name: str) -> Any:
    if not isinstance(values, dict):
        raise PaperError(f"{path.name}: {name} must be a table")
    try:
        return kind(**values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        identity = str(values.get("id", where))
        if first["type"] == "extra_forbidden":
            allowed = ", ".join(kind.model_fields)
            raise PaperError(
                f"{path.name}{_line(path, where)}: {name} has unknown key {where!r}; known: {allowed}"
            ) from None
        raise PaperError(f"{path.name}{_line(path, identity)}: {name}: {where}: {first['msg']}") from None


def _line(path: Path, text: str) -> str:
    """` line N` of the first line that holds `text`, for messages."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if text in line:
            return f" line {number}"
    return ""
