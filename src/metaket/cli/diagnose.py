"""Commands that take one CSV file's pooled result apart: diagnose."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from metaket.cli.app import Json, app, print_json, say
from metaket.cli.pool import Columns, Crossover, Level, Measure, Model, Tau2, Test, pooled, result_dict
from metaket.errors import MetaketError

if TYPE_CHECKING:
    from metaket.pooling.result import PooledResult

__all__: list[str] = []

QUIET = 2.0  # seconds of work before progress is shown, and between two lines of it
INVERSE_VARIANCE = ("random", "common")

By = Annotated[str | None, typer.Option(help="Also pool step by step, in the order of this column, e.g. year.")]
Without = Annotated[int, typer.Option(min=1, help="How many studies to leave out at a time.")]
Rule = Annotated[
    str | None, typer.Option(help="Outliers by rstudent or interval (without it: rstudent, interval for mh and peto).")
]
WithGosh = Annotated[bool, typer.Option("--gosh", help="Also pool every subset (a sample above 20 studies).")]


@app.command("diagnose")
def diagnose_command(
    file: Annotated[Path, typer.Argument(help="A CSV file, one row a study.")],
    measure: Measure = "RR",
    model: Model = "random",
    tau2: Tau2 = "REML",
    test: Test = "z",
    column: Columns = None,
    level: Level = 0.95,
    crossover: Crossover = "parallel",
    leave_out: Without = 1,
    by: By = None,
    rule: Rule = None,
    gosh: WithGosh = False,
    as_json: Json = False,
) -> None:
    """Leave-one-out, influence and outliers of the studies in a CSV file.

    Example: metaket diagnose trials.csv --measure OR --by year
    """
    from metaket._checks import check_choice, check_level
    from metaket.diagnostics.outliers import RULES, outliers

    check_level(level)
    if rule is not None:
        check_choice("rule", rule, RULES)
    result = pooled(file, measure, model, tau2, test, column, crossover)
    chosen = rule or ("rstudent" if result.spec.model in INVERSE_VARIANCE else "interval")
    parts = _parts(result, leave_out, by, gosh)
    parts["outliers"] = lambda: outliers(result, chosen, level=level)
    answers = {name: _attempt(ask) for name, ask in parts.items()}
    if as_json:
        print_json(result_dict(result, level) | {name: _part(name, answer, level) for name, answer in answers.items()})
        return
    typer.echo(result.summary(level))
    for name, answer in answers.items():
        typer.echo(f"\n{_text(name, answer, level)}")


def _parts(result: PooledResult, leave_out: int, by: str | None, gosh: bool) -> dict[str, Callable[[], Any]]:
    """What is asked, by name. A column that does not exist is the user's mistake, and ends the command."""
    from metaket.diagnostics.cumulative import cumulative
    from metaket.diagnostics.gosh import gosh as pool_every_subset
    from metaket.diagnostics.influence import influence
    from metaket.diagnostics.leave_one_out import leave_one_out
    from metaket.diagnostics.leave_one_out import leave_out as leave_several_out

    parts: dict[str, Callable[[], Any]] = {}
    if leave_out == 1:
        parts["leave_one_out"] = lambda: leave_one_out(result)
    else:
        several = leave_several_out(result, leave_out)
        parts["leave_out"] = lambda: several
    if by is not None:
        steps = cumulative(result, by)
        parts["cumulative"] = lambda: steps
    parts["influence"] = lambda: influence(result)
    if gosh:
        parts["gosh"] = lambda: pool_every_subset(result, progress=_Progress("gosh"))
    return parts


def _attempt(ask: Callable[[], Any]) -> Any:
    """The answer, or the reason why this model or these data have none; the other parts stand."""
    try:
        return ask()
    except MetaketError as reason:
        return reason


def _text(name: str, answer: Any, level: float) -> str:
    if isinstance(answer, MetaketError):
        return f"{name}: none, {answer}"
    return str(answer.summary(level) if hasattr(answer, "summary") else answer)


class _Progress:
    """A line on stderr now and then, once the work has taken a while."""

    def __init__(self, name: str) -> None:
        self.name, self.last = name, time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self.last >= QUIET:
            self.last = time.monotonic()
            say(f"{self.name}: {done} of {total} subsets")


def _part(name: str, answer: Any, level: float) -> Any:
    """Rows of an answer's frame; {"reason": ...} where there is none; five numbers a quantity for gosh."""
    if isinstance(answer, MetaketError):
        return {"reason": str(answer)}
    if name == "gosh":
        return {"every": answer.every, "subsets": int(answer.estimate.size), "quantiles": answer.quantiles()}
    if name == "outliers":
        without = None if answer.without is None else answer.without.fields(level)
        rows = answer.to_frame().to_dict(orient="records")
        return {"rule": answer.rule, "studies": rows, "outlying": list(answer.found), "without": without}
    frame = answer.to_frame() if name == "influence" else answer.to_frame(level)
    return frame.to_dict(orient="records")
