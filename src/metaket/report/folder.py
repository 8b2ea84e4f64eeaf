"""The output folder of a reproduction: written whole or not at all."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaket.errors import DataWarning, InputError
from metaket.plots import alt_text, save
from metaket.plots._scripts import NO_FONT, missing_scripts
from metaket.report.figures import Plan, plan_figures
from metaket.report.html import Picture, report_html
from metaket.report.models import models_frame
from metaket.report.svg import LARGEST, inline_image, inline_svg, natural_width
from metaket.report.words import by_kind, result_n
from metaket.reproduction.analyse import rules_of

if TYPE_CHECKING:
    import pandas as pd

    from metaket.reproduction.analyse import AnalysisResult
    from metaket.reproduction.run import Reproduction

__all__ = ["analyses_frame", "save_reproduction"]

OWN_FILES = ("analyses.csv", "comparisons.csv", "figures", "models.csv", "report.html", "results.json")
FORMATS = (".svg", ".pdf", ".png")
GLYPH = re.compile(r"Glyph (\d+) ")  # matplotlib's words
CLAIM_COLUMNS = ("id", "by", "where", "printed", "quantity", "analysis", "verdict", "recomputed", "cause")


def save_reproduction(
    rep: Reproduction, folder: str | Path, *, force: bool = False, progress: Callable[[str], None] | None = None
) -> tuple[Path, ...]:
    """Write results.json, comparisons.csv, analyses.csv, report.html and figures/ (SVG, PDF, PNG).

    Parameters
    ----------
    rep : Reproduction
    folder : path-like
        Made in a temporary folder beside it and then renamed: it appears whole or not at all.
    force : bool
        Replace an existing folder: an empty one, or the output of an earlier run.
    progress : callable, optional
        Gets a line of text for each step.

    Returns
    -------
    tuple of Path
        The files, sorted.

    Raises
    ------
    InputError
        The folder exists and `force` is off; or it is a file; or replacing it would delete the working folder, the
        home folder, the paper's own data, or a file that metaket did not write.
    """
    given = Path(folder)
    target = given.resolve()
    if target.exists() and not target.is_dir():
        raise InputError(f"{given} is a file; give a folder")
    if target.exists() and not force:
        raise InputError(f"{given} exists; give another folder, or use --force (force=True) to replace it")
    if target.exists():
        _refuse_to_delete(given, target, rep.paper.folder)
        _refuse_strangers(given, target)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        work = scratch / "new"  # mkdtemp's own folder is closed to others; this one has the usual rights
        work.mkdir()
        _fill(rep, work, progress or (lambda _text: None))
        _swap(work, target, scratch / "old")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return tuple(sorted(given / p.relative_to(target) for p in target.rglob("*") if p.is_file()))


def _refuse_to_delete(given: Path, target: Path, data: Path) -> None:
    """A slip such as ``--out . --force`` must not cost the user's files."""
    for kept, name in (
        (Path.cwd(), "the working folder"),
        (Path.home(), "the home folder"),
        (data, "the paper's data"),
    ):
        if kept.resolve().is_relative_to(target):
            raise InputError(f"{given} holds {name}, and replacing it would delete that; give another folder")


def _refuse_strangers(given: Path, target: Path) -> None:
    """Only what an earlier run wrote is replaced: its results.json says so, and nothing else lies beside it."""
    inside = sorted(path.name for path in target.iterdir())
    if not inside:
        return
    advice = "give another folder, or remove it yourself"
    strange = [name for name in inside if name not in OWN_FILES]
    strange += sorted(f"figures/{path.name}" for path in (target / "figures").glob("*") if path.suffix not in FORMATS)
    if strange:
        raise InputError(f"{given} holds {strange[0]!r}, which metaket did not write; {advice}")
    try:
        marks = json.loads((target / "results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        marks = None
    if not isinstance(marks, dict) or "metaket" not in (marks.get("provenance") or {}):
        raise InputError(f"{given} has no results.json of metaket's, so it may not be its output; {advice}")


def _swap(work: Path, target: Path, aside: Path) -> None:
    """Put `work` in the place of `target`; the old one is moved aside first and comes back if that fails."""
    if not target.exists():
        work.rename(target)
        return
    target.rename(aside)
    try:
        work.rename(target)
    except OSError:
        aside.rename(target)
        raise


def _fill(rep: Reproduction, work: Path, progress: Callable[[str], None]) -> None:
    if rep.paper.bounds:
        progress(f"{len(rep.paper.bounds)} questions about missing counts")
    document = json.dumps(rep.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    (work / "results.json").write_text(document + "\n", encoding="utf-8")
    comparisons = rep.to_frame()
    if not len(comparisons.columns):
        comparisons = comparisons.reindex(columns=list(CLAIM_COLUMNS))
    comparisons.to_csv(work / "comparisons.csv", index=False)
    analyses_frame(rep).to_csv(work / "analyses.csv", index=False)
    if any(item.models for item in rep.analyses.values()):
        models_frame(rep).to_csv(work / "models.csv", index=False)
    pictures = _pictures(rep, work / "figures", progress)
    progress("report.html")
    (work / "report.html").write_text(report_html(rep, pictures), encoding="utf-8")


def _pictures(rep: Reproduction, folder: Path, progress: Callable[[str], None]) -> list[Picture]:
    """Every figure, drawn, saved and as markup; one warning in all about letters that no font has."""
    plans = plan_figures(rep)
    pictures = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.filterwarnings("always", message="Glyph ")
        for number, plan in enumerate(plans, start=1):
            progress(f"figure {number} of {len(plans)}: {plan.name}")
            pictures.append(_draw(plan, folder, number))
    missing = sorted({int(found[1]) for w in caught if (found := GLYPH.match(str(w.message)))})
    for w in caught:
        if not (GLYPH.match(str(w.message)) or str(w.message).startswith(NO_FONT)):
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
    if missing:
        letters = "".join(map(chr, missing))
        fonts = ", ".join(sorted({font for font, _ in missing_scripts(letters).values()}))
        warnings.warn(
            f"no font here has {letters}: they are boxes in the PNG and PDF figures; install {fonts}",
            DataWarning,
            stacklevel=2,
        )
    return pictures


def _draw(plan: Plan, folder: Path, number: int) -> Picture:
    """Draw, save in every format, and turn into markup for the page."""
    ax = plan.draw()
    words = alt_text(ax) or plan.caption
    svg, _, png = save(ax, folder / plan.name, formats=("svg", "pdf", "png"))
    if svg.stat().st_size <= LARGEST:
        markup = inline_svg(svg, f"f{number}-", words)
    else:
        markup = inline_image(png, words, natural_width(svg))
    return Picture(plan.name, plan.caption, markup, plan.group, plan.key)


def analyses_frame(rep: Reproduction) -> pd.DataFrame:
    """One row an analysis and end of a range: what was asked, what came out on the scale that people read, its basis.

    `n` counts the patients behind the result, those of a crossover trial once; `statuses` those of its rows. Where
    there is no result `gap` says why.
    """
    import pandas as pd

    kinds = {item.id: kind for kind, items in by_kind(rep).items() for item in items}
    rows: list[dict[str, Any]] = []
    for item in rep.analyses.values():
        head = _asked(item) | {"kind": kinds[item.id]}
        results = item.to_dict()["results"]
        for (_, result), values in zip(item.results, results, strict=True):
            rows.append(head | values | {"n": result_n(result), "converged": result.converged})
        if not results:
            rows.append(head)
    return pd.DataFrame(rows)


def _asked(item: AnalysisResult) -> dict[str, Any]:
    a = item.analysis
    return {
        "id": a.id,
        "title": a.title,
        "sensitivity_of": a.sensitivity_of,
        "outcome": a.where.get("outcome"),
        "time_h": a.where.get("time_h"),
        "measure": a.measure,
        "model": a.model,
        "tau2_method": a.tau2,
        "test": a.test,
        "i2_definition": a.i2,
        "zero_cells": rules_of(a).zero_cells,
        "double_zero": a.double_zero,
        "crossover": a.crossover,
        "include": "; ".join(a.include),
        "assumed": "; ".join(a.assumed),
        "basis": item.basis,
        "statuses": "; ".join(item.selection.statuses),
        "gap": item.gap,
    }
