"""The command line: argument parsing only.

Exit codes: 0 done; 1 ``--strict`` and a claim differs; 2 the input is wrong (one sentence on stderr); 3 a
defect of ours.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from metaket import __version__
from metaket.errors import InputError, MetaketError, MetaketWarning

if TYPE_CHECKING:
    from metaket.pooling.result import PooledResult

__all__ = ["app", "main"]

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Does this published meta-analysis hold? Start with: metaket reproduce han2016 --out out/",
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
PaperName = Annotated[str, typer.Argument(metavar="KEY|DIR", help="A key of `metaket list`, or a folder.")]
Measure = Annotated[str, typer.Option(help="RR, OR, RD, MD, SMD, GEN, ...")]
Model = Annotated[str, typer.Option(help="random or common.")]
Tau2 = Annotated[str, typer.Option(help="DL, PM, REML, ML, SJ, HE, HS, EB, ...")]
Test = Annotated[str, typer.Option(help="z, t, hksj or hksj-adhoc.")]
Columns = Annotated[
    list[str] | None, typer.Option("--column", help="OURS=YOURS, once a column, e.g. events_t=ai; or metafor.")
]
Level = Annotated[float, typer.Option(help="Confidence level.")]
Crossover = Annotated[str, typer.Option(help="parallel, or the correlation rho for rows whose design is crossover.")]


def _version(value: bool) -> None:
    if value:
        typer.echo(f"metaket {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")]


@app.callback()
def _root(version: Version = False) -> None:
    del version


@app.command("list")
def list_command(as_json: Json = False) -> None:
    """List the papers that come with metaket.

    Example: metaket list
    """
    from metaket.datasets import list_papers
    from metaket.reproduction.paper import load

    papers = [load(key).info for key in list_papers()]
    if as_json:
        _print_json([p.model_dump() for p in papers])
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

        written = save_reproduction(rep, out, force=force, progress=_say)
    if as_json:
        _print_json(rep.to_dict())
    else:
        typer.echo(str(rep))
        if out is not None:
            typer.echo(f"\n{len(written)} files in {out}; open {out / 'report.html'}")
    if strict and (rep.counts["differs"] or rep.counts["decision differs"]):
        raise typer.Exit(1)


@app.command("pool")
def pool_command(
    file: Annotated[Path, typer.Argument(help="A CSV file, one row a study.")],
    measure: Measure = "RR",
    model: Model = "random",
    tau2: Tau2 = "REML",
    test: Test = "z",
    column: Columns = None,
    level: Level = 0.95,
    crossover: Crossover = "parallel",
    as_json: Json = False,
) -> None:
    """Pool the studies of a CSV file.

    Example: metaket pool trials.csv --measure OR --tau2 DL --column events_t=ai --column n_t=n1i
    """
    from metaket._checks import check_level

    check_level(level)
    result = _pooled(file, measure, model, tau2, test, column, crossover)
    if as_json:
        _print_json(_result_dict(result, level))
        return
    typer.echo(result.summary(level))


@app.command("plot")
def plot_command(
    file: Annotated[Path, typer.Argument(help="A CSV file, one row a study.")],
    out: Annotated[Path, typer.Option(help="forest.svg, forest.pdf or forest.png.")],
    measure: Measure = "RR",
    model: Model = "random",
    tau2: Tau2 = "REML",
    test: Test = "z",
    column: Columns = None,
    level: Level = 0.95,
    crossover: Crossover = "parallel",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Draw the forest plot of a CSV file.

    Example: metaket plot trials.csv --measure RR --out forest.svg
    """
    from metaket.plots import forest, save

    suffix = out.suffix.lstrip(".").lower()
    if suffix not in ("svg", "pdf", "png"):
        raise InputError(f"--out must end in .svg, .pdf or .png, got {out.name!r}")
    if out.exists() and not force:
        raise InputError(f"{out} exists; use --force to replace it")
    result = _pooled(file, measure, model, tau2, test, column, crossover)
    save(forest(result, level=level), out.with_suffix(""), formats=(suffix,))
    typer.echo(f"{out}")


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
        _say(f"{count} digests recorded")
    from metaket.reproduction.paper import load

    report = check_paper(load(paper))
    if as_json:
        _print_json(report.to_dict())
    else:
        for finding in report.findings:
            typer.echo(f"{finding.level:8s} {finding.where}: {finding.message}")
        counts = ", ".join(f"{len(report.of(level))} {level}" for level in ("error", "warning", "note", "open"))
        typer.echo(f"{report.key}: {counts}")
    if not report.ok:
        raise typer.Exit(2)


def _pooled(
    file: Path, measure: str, model: str, tau2: str, test: str, column: list[str] | None, crossover: str
) -> PooledResult:
    from metaket.measures.compute import effect_sizes
    from metaket.pooling.pool import pool
    from metaket.tables import read_table

    table = read_table(file)
    known_tau2: str | float = float(tau2) if _is_number(tau2) else tau2
    rho: str | float = float(crossover) if _is_number(crossover) else crossover
    effects = effect_sizes(table, measure, columns=_columns(column), crossover=rho)
    return pool(effects, model=model, tau2=known_tau2, test=test)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _columns(pairs: list[str] | None) -> dict[str, str] | str | None:
    if not pairs:
        return None
    if pairs == ["metafor"]:
        return "metafor"
    out = {}
    for pair in pairs:
        ours, sign, theirs = pair.partition("=")
        if not sign or not ours or not theirs:
            raise InputError(f"--column takes OURS=YOURS, such as events_t=ai, got {pair!r}")
        out[ours.strip()] = theirs.strip()
    return out


def _result_dict(result: PooledResult, level: float) -> dict[str, Any]:
    shown = result.fields(level, transform=True)
    studies = result.effects.to_frame(level).assign(weight=result.weights)
    return {
        "measure": result.effects.measure,
        "spec": {"model": result.spec.model, "tau2": result.spec.tau2, "test": result.spec.test, "i2": result.spec.i2},
        "level": level,
        "result": result.fields(level),
        "back_transformed": {name: shown[name] for name in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")},
        "studies": studies.to_dict(orient="records"),
        "left_out": [d._asdict() for d in result.effects.dropped],
        "options": dict(result.effects.options),
        "converged": result.converged,
        "provenance": {"metaket": __version__, "digest": result.effects.digest},
    }


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(_finite(value), indent=1, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    """JSON has no NaN or infinity: null."""
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def _say(text: str) -> None:
    typer.echo(text, err=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the console script exits with what this returns."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            code = app(args=given or ["--help"], prog_name="metaket", standalone_mode=False)
    except typer.TyperException as error:
        _say(f"metaket: {error.format_message()} (see metaket --help)")
        return 2
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except MetaketError as error:
        _say(f"metaket: {error}")
        return 2
    except OSError as error:
        _say(f"metaket: {error.strerror or error}: {error.filename or ''}".rstrip(": "))
        return 2
    return int(code or 0)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Our warnings as one line on stderr; those of libraries are not the user's business."""
    del filename, lineno, file, line
    if issubclass(category, MetaketWarning):
        _say(f"warning: {message}")


def run() -> None:
    """Entry point of the console script; an exception that is not ours to raise is a defect (exit code 3)."""
    try:
        code = main()
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    except Exception as error:  # noqa: BLE001  the last resort of the program: report the defect, never a traceback
        _say(f"metaket: defect: {type(error).__name__}: {error}. Please report it with the command you ran.")
        code = 3
    sys.exit(code)


if __name__ == "__main__":
    run()
