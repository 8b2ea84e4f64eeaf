"""Command on a paper folder: explain."""

from __future__ import annotations

from typing import Annotated

import typer

from metaket.cli.app import Json, PaperName, app, print_json

__all__: list[str] = []


@app.command("explain")
def explain_command(
    paper: PaperName,
    analysis: Annotated[
        str | None, typer.Option(help="Id of the analysis; needed where several have printed figures.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Whose claims, where the folder holds those of several.")] = None,
    as_json: Json = False,
) -> None:
    """Say which settings reproduce a print, and which single slip would where none does.

    Example: metaket explain viechtbauer2007b --analysis fixed
    """
    from metaket.reproduction.explain import explain

    found = explain(paper, analysis=analysis, by=by)
    if as_json:
        print_json(found.to_dict())
    else:
        typer.echo(found.summary())
