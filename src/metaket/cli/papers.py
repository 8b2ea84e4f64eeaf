"""Commands on paper folders: list, reproduce, check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metaket.cli.app import Json, PaperName, app, print_json, say

__all__: list[str] = []


@app.command("list")
def list_command(as_json: Json = False) -> None:
    """List the papers that come with metaket.

    Example: metaket list
    """
    from metaket.datasets import list_papers
    from metaket.reproduction.paper import load

    papers = [load(key).info for key in list_papers()]
    if as_json:
        print_json([p.model_dump() for p in papers])
        return
    for p in papers:
        typer.echo(f"{p.key:24s} {p.citation or p.title}")


@app.command("reproduce")
def reproduce_command(
    paper: PaperName,
    out: Annotated[Path | None, typer.Option(help="Write results.json, tables, figures and report.html here.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output folder.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when a claim differs.")] = False,
    as_json: Json = False,
) -> None:
    """Recompute a paper's analyses and judge every printed claim.

    Example: metaket reproduce han2016 --out out/
    """
    from metaket.reproduction.run import reproduce

    rep = reproduce(paper)
    written: tuple[Path, ...] = ()
    if out is not None:
        from metaket.report.folder import save_reproduction

        written = save_reproduction(rep, out, force=force, progress=say)
    if as_json:
        print_json(rep.to_dict())
    else:
        typer.echo(str(rep))
        if out is not None:
            typer.echo(f"\n{len(written)} files in {out}; open {out / 'report.html'}")
    if strict and (rep.counts["differs"] or rep.counts["decision differs"]):
        raise typer.Exit(1)


@app.command("check")
def check_command(
    paper: PaperName,
    update_hashes: Annotated[bool, typer.Option("--update-hashes", help="Record the files as they are now.")] = False,
    as_json: Json = False,
) -> None:
    """Check a paper folder and list what is still open.

    Example: metaket check han2016
    """
    from metaket.datasets import find_paper
    from metaket.reproduction.check import check_paper
    from metaket.reproduction.check import update_hashes as record

    if update_hashes:
        count = record(find_paper(paper))
        say(f"{count} digests recorded")
    from metaket.reproduction.paper import load

    report = check_paper(load(paper))
    if as_json:
        print_json(report.to_dict())
    else:
        for finding in report.findings:
            typer.echo(f"{finding.level:8s} {finding.where}: {finding.message}")
        counts = ", ".join(f"{len(report.of(level))} {level}" for level in ("error", "warning", "note", "open"))
        typer.echo(f"{report.key}: {counts}")
    if not report.ok:
        raise typer.Exit(2)
