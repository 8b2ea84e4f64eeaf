"""The command bias: small-study effects in one CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from metaket.cli.app import Json, app, print_json
from metaket.cli.pool import Columns, Crossover, Measure, Model, Tau2, Test, columns_of, pooled

__all__: list[str] = []


@app.command("bias")
def bias_command(
    file: Annotated[Path, typer.Argument(help="A CSV file, one row a study.")],
    measure: Measure = "RR",
    model: Model = "random",
    tau2: Tau2 = "REML",
    test: Test = "z",
    column: Columns = None,
    crossover: Crossover = "parallel",
    as_json: Json = False,
) -> None:
    """Test a CSV file's studies for small-study effects and publication bias.

    Every test and adjustment that fits the measure, each with the reasons not to trust it. For a column see
    `metaket pool --help`.

    Example: metaket bias trials.csv --measure OR
    """
    from metaket.diagnostics.small_study import small_study_effects

    result = pooled(file, measure, model, tau2, test, column, crossover)
    found = small_study_effects(result, columns=columns_of(column))
    if as_json:
        print_json(found.to_dict())
    else:
        typer.echo(str(found))
