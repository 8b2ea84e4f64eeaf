"""The output folder of a reproduction: written whole or not at all."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaket.errors import InputError
from metaket.plots import alt_text, save
from metaket.report.figures import figures
from metaket.report.html import Picture, report_html

if TYPE_CHECKING:
    import pandas as pd

    from metaket.reproduction.run import Reproduction

__all__ = ["save_reproduction"]


def save_reproduction(
    rep: Reproduction, folder: Path, *, force: bool = False, progress: Callable[[str], None] | None = None
) -> tuple[Path, ...]:
    """Write results.json, comparisons.csv, analyses.csv, report.html and figures/ (SVG, PDF, PNG).

    Parameters
    ----------
    rep : Reproduction
    folder : Path
        Made in a temporary folder beside it and then renamed.
    force : bool
        Replace an existing folder.
    progress : callable, optional
        Gets a line of text for each step.

    Raises
    ------
    InputError
        The folder exists and `force` is off, or it is a file.
    """
    folder = Path(folder)
    if folder.is_file():
        raise InputError(f"{folder} is a file; give a folder")
    if folder.exists() and not force:
        raise InputError(f"{folder} exists; use --force (force=True) to replace it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        work.chmod(0o755)
        _fill(rep, work, progress or (lambda _text: None))
        _swap(work, folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return tuple(sorted(p for p in folder.rglob("*") if p.is_file()))


def _swap(work: Path, folder: Path) -> None:
    """Put `work` in the place of `folder`; the old one is moved aside first and comes back if that fails."""
    if not folder.exists():
        work.rename(folder)
        return
    aside = folder.with_name(f".{folder.name}-old")
    shutil.rmtree(aside, ignore_errors=True)
    folder.rename(aside)
    try:
        work.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    shutil.rmtree(aside)


def _fill(rep: Reproduction, work: Path, progress: Callable[[str], None]) -> None:
    document = json.dumps(rep.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
    (work / "results.json").write_text(document + "\n", encoding="utf-8")
    rep.to_frame().to_csv(work / "comparisons.csv", index=False)
    analyses_frame(rep).to_csv(work / "analyses.csv", index=False)
    (work / "figures").mkdir()
    pictures = []
    for name, caption, ax in figures(rep):
        progress(f"figure {name}")
        save(ax, work / "figures" / name)
        svg = (work / "figures" / f"{name}.svg").read_text(encoding="utf-8")
        pictures.append(Picture(name, caption, alt_text(ax), _inline(svg, name)))
    progress("report.html")
    (work / "report.html").write_text(report_html(rep, pictures), encoding="utf-8")


def _inline(svg: str, name: str) -> str:
    """The <svg> element alone, with ids that are unique on the page."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r'\bid="([^"]+)"', lambda m: f'id="{name}-{m[1]}"', body)
    body = re.sub(r'xlink:href="#([^"]+)"', lambda m: f'xlink:href="#{name}-{m[1]}"', body)
    return re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{name}-{m[1]})", body)


def analyses_frame(rep: Reproduction) -> pd.DataFrame:
    """One row an analysis and end of a range."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for item in rep.analyses.values():
        data = item.to_dict()
        names = ("id", "title", "outcome", "time_h", "measure", "sensitivity_of", "basis", "n_total", "gap")
        head = {name: data[name] for name in names} | {"statuses": "; ".join(item.selection.statuses)}
        rows += [head | result for result in data["results"]] or [head]
    return pd.DataFrame(rows)
