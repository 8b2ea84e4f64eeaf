"""A new paper's folder from a table: what `metaket new` writes, and what is left to fill in."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaket.errors import InputError, UnknownChoiceError
from metaket.measures.registry import MEASURES
from metaket.measures.table import metafor_names
from metaket.reproduction.claim_parts import claim_parts
from metaket.reproduction.model_quantities import MODEL_QUANTITIES
from metaket.reproduction.new_texts import CLAIMED, OURS, Draft, package_text, readme_text, toml_text
from metaket.reproduction.package import PACKAGE
from metaket.reproduction.paper import Paper, load
from metaket.reproduction.quantities import QUANTITIES
from metaket.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CLAIMED", "Draft", "guess_columns", "missing_columns", "new_paper", "write_folder"]

SPREADS = (("v",), ("se",), ("ci_low", "ci_high"))
STUDY_NAMES = ("study", "author", "authors", "trial", "slab", "source", "id")


def new_paper(
    folder: str | Path,
    data: str | Path | pd.DataFrame | Mapping[str, Any],
    measure: str,
    *,
    columns: Mapping[str, str] | None = None,
    printed: Mapping[str, str] | None = None,
    model: str = "random",
    tau2: str | float = "DL",
    test: str = "z",
    title: str = "",
    citation: str = "",
    outcome: str = "outcome",
    time_h: float | None = None,
    where: str = "",
    status: str = "quoted",
) -> Paper:
    """Make a paper's folder from a table: what the command ``metaket new`` does.

    Parameters
    ----------
    folder : str or Path
        Must not exist; its name is the paper's key.
    data : path of a CSV file, DataFrame, or mapping of columns
        One row a study. Cells that are texts keep their decimals.
    measure : str
        Code of the measure.
    columns : mapping, optional
        Our name -> the table's, where a column is called neither as ours nor as metafor's.
    printed : mapping of quantity to text, optional
        As printed; without them the folder has a blank claim for each figure that most papers print.
    model, tau2, test : str
        As in `pool`; `tau2` can be a known value.
    title, citation : str
        Of the paper.
    outcome : str
        A word for what was measured.
    time_h : float, optional
        Hours after treatment, if all rows share it.
    where : str
        Where the rows were read: a table or figure.
    status : {"quoted", "derived", "digitised", "unverified"}
        Of the rows.

    Returns
    -------
    Paper
        The folder, loaded.

    Raises
    ------
    InputError
        The folder exists, its name is not a key, a column that the measure needs is missing, or `printed` has an
        unknown quantity or a text that cannot be read. Nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> import metaket as mk
    >>> trials = {"study": ["A", "B"], "events_t": [12, 20], "n_t": [30, 60], "events_c": [5, 11], "n_c": [29, 61]}
    >>> with tempfile.TemporaryDirectory() as home:
    ...     paper = mk.new_paper(f"{home}/smith2020", trials, "OR", printed={"estimate": "2.54"})
    ...     mk.reproduce(paper.folder).comparisons[0].verdict
    'exact'
    """
    folder = Path(folder)
    table = read_table(data) if isinstance(data, str | Path) else _as_texts(data)
    found = guess_columns([str(c) for c in table.columns], measure) | dict(columns or {})
    key = folder.resolve().name
    draft = Draft(
        key, title, citation, measure, model, test, tau2, found, outcome, time_h, status, where, printed or {}
    )
    write_folder(folder, table, draft)
    return load(folder)


def _check_printed(printed: Mapping[str, str]) -> None:
    """Refuse an unknown quantity and a text that cannot be read before anything is written."""
    for code, text in printed.items():
        try:
            for name, _ in claim_parts(code, text):
                if name.isidentifier() and name not in MODEL_QUANTITIES:  # a part, as in "coef:dose", is of the model
                    QUANTITIES[name]
        except UnknownChoiceError:
            raise
        except InputError as error:
            raise InputError(f"printed {code}: {error}") from None


def _as_texts(data: pd.DataFrame | Mapping[str, Any]) -> pd.DataFrame:
    """Cells as a CSV file would hold them; a missing one is blank."""
    import pandas as pd

    frame = pd.DataFrame(data if isinstance(data, pd.DataFrame) else dict(data), dtype=object)
    if not len(frame):
        raise InputError("no study left: data has no row")
    return frame.map(lambda cell: "" if pd.isna(cell) else str(cell).strip())


def guess_columns(names: list[str], measure: str) -> dict[str, str]:
    """Our name -> the table's, for every column that is called as ours or as metafor's."""
    entry = MEASURES[measure]
    theirs = metafor_names(entry.needs, entry.code)
    wanted = dict.fromkeys((*entry.needs, "y", *(n for spread in SPREADS for n in spread), "time_h", "outcome"))
    found = {}
    for ours in wanted:
        name = next((n for n in (ours, theirs.get(ours, "")) if n in names), "")
        if name:
            found[ours] = name
    study = next((n for n in STUDY_NAMES if n in names), "")
    return {"study": study, **found} if study else found


def missing_columns(columns: Mapping[str, str], measure: str) -> tuple[str, ...]:
    """What the measure still needs; empty where its own columns, or an effect with its precision, are there."""
    needs = MEASURES[measure].needs
    study = () if "study" in columns else ("study",)
    given = "y" in columns and any(all(n in columns for n in spread) for spread in SPREADS)
    if given:
        return study
    return (*study, *(n for n in needs if n not in columns))


def write_folder(folder: Path, table: pd.DataFrame, draft: Draft) -> tuple[Path, ...]:
    """Write paper.toml, outcomes.csv, datapackage.json and README.md; the folder appears whole or not at all.

    Parameters
    ----------
    folder : Path
        Must not exist.
    table : DataFrame
        One row a study, cells as text (see `read_table`).
    draft : Draft

    Returns
    -------
    tuple of Path

    Raises
    ------
    InputError
        The folder exists, a column that the measure needs is missing, or `printed` has an
        unknown quantity or a text that cannot be read. Nothing is written then.
    """
    _check_printed(draft.printed)
    if folder.exists():
        raise InputError(f"{folder} exists; give the name of a folder that does not")
    lacking = missing_columns(draft.columns, draft.measure)
    if lacking:
        have = ", ".join(str(c) for c in table.columns)
        raise InputError(
            f"measure {draft.measure} needs column(s) {', '.join(lacking)}; the table has {have}. "
            f"Say which is which: --column {lacking[0]}=NAME"
        )
    rows = _rows(table, draft)
    texts = {
        "outcomes.csv": _csv(rows),
        "paper.toml": toml_text(draft, rows),
        "README.md": readme_text(draft, len(rows)),
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        work = scratch / "new"  # mkdtemp's own folder is closed to others; this one has the usual rights
        work.mkdir()
        for name, text in texts.items():
            (work / name).write_text(text, encoding="utf-8")
        (work / PACKAGE).write_text(package_text(draft, rows, work / "outcomes.csv"), encoding="utf-8")
        work.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tuple(sorted(p for p in folder.iterdir()))


def _rows(table: pd.DataFrame, draft: Draft) -> list[dict[str, str]]:
    """Our columns first, then the table's others as they are: moderators and whatever else it holds."""
    unknown = [name for name in draft.columns.values() if name not in table.columns]
    if unknown:
        raise InputError(f"the table has no column {unknown[0]!r}; it has {', '.join(map(str, table.columns))}")
    numbers = [ours for ours in draft.columns if ours not in OURS]
    taken = {*draft.columns.values(), *OURS, *numbers}
    others = [str(c) for c in table.columns if c not in taken]
    tabled = set(MEASURES[draft.measure].needs) <= draft.columns.keys()
    out = []
    for _, row in table.iterrows():
        cells = {str(name): str(cell) for name, cell in row.items()}
        mapped = {ours: cells[theirs] for ours, theirs in draft.columns.items()}
        line = {"study": mapped["study"], "outcome": mapped.get("outcome") or draft.outcome}
        line["time_h"] = mapped.get("time_h", _hours(draft.time_h))
        line |= {name: mapped[name] for name in numbers}
        line |= {} if tabled else {"y_measure": draft.measure}
        line |= {"status": cells.get("status") or draft.status, "source": "paper"}
        line |= {"where": cells.get("where") or draft.where, "note": cells.get("note", "")}
        if "source" in cells and "source" not in draft.columns.values():  # ours names ids of paper.toml
            line["source_in_table"] = cells["source"]
        out.append(line | {name: cells[name] for name in others})
    return out


def _hours(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
