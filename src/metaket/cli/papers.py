"""Commands on paper folders: list, reproduce, check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metaket.cli.app import Json, app, print_json, say
from metaket.errors import InputError, MetaketError

__all__: list[str] = []

OneOrAll = Annotated[str, typer.Argument(metavar="KEY|DIR", help="A key of `metaket list`, or a folder.")]


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
    paper: OneOrAll = "",
    every: Annotated[bool, typer.Option("--all", help="Every paper that comes with metaket, a line each.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write results.json, tables, figures and report.html here.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing output folder.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when a claim differs.")] = False,
    as_json: Json = False,
) -> None:
    """Recompute a paper's analyses and judge every printed claim.

    Example: metaket reproduce han2016 --out out/
    """
    from metaket.reproduction.run import reproduce

    if _all(paper, every):
        _reproduce_all(out, strict, as_json)
        return
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


def _all(paper: str, every: bool) -> bool:
    """Whether every paper is meant; a paper beside --all, or neither, is refused."""
    if every and paper:
        raise InputError(f"give a paper or --all, not both: {paper!r}")
    if not every and not paper:
        raise InputError("name a paper (see metaket list) or a folder, or give --all")
    return every


def _reproduce_all(out: Path | None, strict: bool, as_json: bool) -> None:
    from metaket.reproduction.bank import reproduce_bank

    if out is not None:
        raise InputError("--out writes the report of one paper; name it instead of --all")
    lines = reproduce_bank()
    if as_json:
        print_json({"papers": [line.to_dict() for line in lines]})
    else:
        for line in lines:
            typer.echo(str(line))
    if strict and any(line.differs for line in lines):
        raise typer.Exit(1)


@app.command("check")
def check_command(
    paper: OneOrAll = "",
    every: Annotated[bool, typer.Option("--all", help="Every paper that comes with metaket, a line each.")] = False,
    update_hashes: Annotated[bool, typer.Option("--update-hashes", help="Record the files as they are now.")] = False,
    as_json: Json = False,
) -> None:
    """Check a paper folder and list what is still open.

    Example: metaket check han2016
    """
    from metaket.datasets import find_paper, list_papers
    from metaket.reproduction.check import check_paper
    from metaket.reproduction.check import update_hashes as record
    from metaket.reproduction.paper import load

    everything = _all(paper, every)
    names = list_papers() if everything else (paper,)
    if update_hashes:
        say(f"{sum(record(find_paper(name)) for name in names)} digests recorded")
    reports = []
    for name in names:
        try:
            reports.append(check_paper(load(name)))
        except MetaketError as error:
            raise type(error)(f"{name}: {error}" if everything else str(error)) from None
    if as_json:
        print_json({"papers": [r.to_dict() for r in reports]} if everything else reports[0].to_dict())
    for report in () if as_json else reports:
        for finding in report.findings:
            if not everything or finding.level in ("error", "warning"):
                typer.echo(str(finding))
        typer.echo(report.counted)
    if not all(report.ok for report in reports):
        raise typer.Exit(2)
