"""The command new: a paper's folder from a CSV file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from metaket.cli.app import Json, app, print_json, say
from metaket.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__: list[str] = []

Source = Annotated[Path | None, typer.Option("--from", help="A CSV file, one row a study.")]
Pairs = Annotated[list[str] | None, typer.Option("--column", help="OURS=YOURS, once a column: events_t=ai.")]
Printed = Annotated[
    list[str] | None, typer.Option("--printed", help="QUANTITY=TEXT as printed, once a claim: estimate=2.35.")
]


@app.command("new")
def new_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make; its name is the paper's key.")],
    source: Source = None,
    measure: Annotated[str | None, typer.Option(help="RR, OR, RD, MD, SMD, ZCOR, GEN, ...")] = None,
    column: Pairs = None,
    model: Annotated[str, typer.Option(help="random, common, mh, peto, ...")] = "random",
    tau2: Annotated[str, typer.Option(help="DL, REML, PM, ...; or a known value.")] = "DL",
    test: Annotated[str, typer.Option(help="z, t, hksj or hksj-adhoc.")] = "z",
    title: Annotated[str, typer.Option(help="Title of the paper.")] = "",
    citation: Annotated[str, typer.Option(help="Authors, journal, year, pages.")] = "",
    outcome: Annotated[str, typer.Option(help="A word for what was measured.")] = "outcome",
    time_h: Annotated[float | None, typer.Option(help="Hours after treatment, if all rows share it.")] = None,
    where: Annotated[str, typer.Option(help="Where the rows were read: a table or figure.")] = "",
    status: Annotated[str, typer.Option(help="Of the rows: quoted, derived, digitised or unverified.")] = "quoted",
    printed: Printed = None,
    as_json: Json = False,
) -> None:
    """Make a paper's folder from a CSV file, ready for its printed figures.

    What is not given is asked for, where there is a terminal to ask at.

    Example: metaket new smith2020 --from trials.csv --measure OR --column events_t=ai --printed estimate=2.35
    """
    from metaket.reproduction.new import Draft, write_folder
    from metaket.tables import read_table

    asks = sys.stdin.isatty() and not as_json
    if folder.exists():
        raise InputError(f"{folder} exists; give the name of a folder that does not")
    table = read_table(source or Path(_ask("CSV file, one row a study", "--from FILE", asks)))
    code = measure or _ask("Measure (RR, OR, RD, MD, SMD, ZCOR, GEN, ...)", "--measure CODE", asks)
    columns = _mapping(table, code, column, asks)
    if asks and not title:
        title, citation = typer.prompt("Title of the paper"), citation or typer.prompt("Citation", default="")
    draft = Draft(
        folder.resolve().name, title, citation, code, model, test, _number(tau2), columns, outcome, time_h, status,
        where, _claims(printed, asks),
    )  # fmt: skip
    files = write_folder(folder, table, draft)
    _report(folder, files, as_json)


def _ask(question: str, flag: str, asks: bool) -> str:
    if not asks:
        raise InputError(f"nothing to ask at: give {flag}")
    return str(typer.prompt(question))


def _mapping(table: pd.DataFrame, measure: str, column: list[str] | None, asks: bool) -> dict[str, str]:
    """The columns by name, by flag, and by question for those that are still missing."""
    from metaket.cli.pool import columns_of
    from metaket.reproduction.new import guess_columns, missing_columns

    names = [str(c) for c in table.columns]
    given = columns_of(column)
    columns = guess_columns(names, measure) | (given if isinstance(given, dict) else {})
    if asks:
        for ours in missing_columns(columns, measure):
            answer = typer.prompt(f"Which column is {ours}? ({', '.join(names)})")
            if answer not in names:
                raise InputError(f"the table has no column {answer!r}; it has {', '.join(names)}")
            columns[ours] = answer
    return columns


def _claims(pairs: list[str] | None, asks: bool) -> dict[str, str]:
    from metaket.reproduction.new import CLAIMED

    out = {}
    for pair in pairs or ():
        quantity, sign, text = pair.partition("=")
        if not sign or not quantity.strip() or not text.strip():
            raise InputError(f"--printed takes QUANTITY=TEXT, such as estimate=2.35, got {pair!r}")
        out[quantity.strip()] = text.strip()
    if asks and not out:
        say("What the paper prints, each as printed; blank where it does not:")
        answers = {name: typer.prompt(f"  {name}", default="", show_default=False) for name in CLAIMED}
        out = {name: text for name, text in answers.items() if text.strip()}
    return out


def _number(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _report(folder: Path, files: tuple[Path, ...], as_json: bool) -> None:
    from metaket.reproduction.check import check_paper
    from metaket.reproduction.paper import load

    paper = load(folder)
    report = check_paper(paper)
    blank = [claim.id for claim in paper.claims if not claim.printed.strip()]
    if as_json:
        found: dict[str, Any] = {"folder": str(folder), "files": [f.name for f in files], "to_fill_in": blank}
        print_json(found | {"check": report.to_dict()})
        return
    typer.echo(f"{len(files)} files in {folder}: {', '.join(f.name for f in files)}")
    for finding in report.findings:
        if not any(finding.message.startswith(f"claim {name!r}: ") for name in blank):
            typer.echo(str(finding))
    if blank:
        typer.echo(f"To fill in: the printed texts of {len(blank)} claims in {folder / 'paper.toml'}")
    typer.echo(f"Then: metaket check {_address(folder)} and metaket reproduce {_address(folder)}")


def _address(folder: Path) -> str:
    """A bare name could be a key: a folder is told by its slash."""
    text = str(folder)
    return text if "/" in text or "\\" in text else f"./{text}"
