"""Commands on one CSV file: pool, plot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from metaket import __version__
from metaket.cli.app import Json, app, print_json
from metaket.errors import InputError

if TYPE_CHECKING:
    from metaket.pooling.result import PooledResult

__all__: list[str] = []

Measure = Annotated[str, typer.Option(help="RR, OR, RD, MD, SMD, GEN, ...")]
Model = Annotated[str, typer.Option(help="random, common, mh, random-mh, peto, UM.FS, UM.RS, CM.EL, CM.AL or GLMM.")]
Tau2 = Annotated[str, typer.Option(help="DL, HE, HS, HSk, SJ, REML, ML, PM, EB, PMM, DL2, HE2, or a value.")]
Test = Annotated[str, typer.Option(help="z, t, hksj or hksj-adhoc.")]
Columns = Annotated[
    list[str] | None, typer.Option("--column", help="OURS=YOURS, once a column, e.g. events_t=ai; or metafor.")
]
Level = Annotated[float, typer.Option(help="Confidence level.")]
Crossover = Annotated[str, typer.Option(help="parallel, or the correlation rho for rows whose design is crossover.")]


ZeroCells = Annotated[
    str | None,
    typer.Option(help="Studies whose cells get one half: only0, if0all, all or none; without it the measure's."),
]
DoubleZero = Annotated[str, typer.Option(help="Both arms at zero or all events, ratio measures: drop or keep.")]
Vtype = Annotated[
    str | None,
    typer.Option(help="Formula of the sampling variance, where the measure has several: LS, UB, RevMan, ..."),
]

Style = Annotated[str, typer.Option(help="Look of a forest plot: plain, revman, jama or bmj.")]
Order = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Column, e.g. year, in whose order a cumulative plot adds studies.")
]
By = Annotated[str | None, typer.Option(help="Column of subgroups.", metavar="COLUMN")]
Left = Annotated[
    list[str] | None,
    typer.Option("--left", metavar="COLUMN", help='A further column, e.g. dose, dose:.2f or "Dose, mg=dose:.2f".'),
]
Right = Annotated[list[str] | None, typer.Option("--right", metavar="COLUMN", help="The same, after the effects.")]

Kind = Annotated[
    str,
    typer.Option(
        help="forest, leave-one-out, cumulative, funnel, contour, trim-and-fill, egger, baujat, labbe, radial, gosh, "
        "influence, normal-quantiles or drapery."
    ),
]
Rob = Annotated[
    str | None, typer.Option(help="Dots of the risk of bias from columns rob2_d1, ...: rob2, robins, rob1.")
]


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
    zero_cells: ZeroCells = None,
    double_zero: DoubleZero = "drop",
    vtype: Vtype = None,
    as_json: Json = False,
) -> None:
    """Pool the studies of a CSV file.

    Example: metaket pool trials.csv --measure OR --tau2 DL --column events_t=ai --column n_t=n1i
    """
    from metaket._checks import check_level

    check_level(level)
    options = {"zero_cells": zero_cells, "double_zero": double_zero} | ({"vtype": vtype} if vtype else {})
    result = pooled(file, measure, model, tau2, test, column, crossover, **options)
    if as_json:
        print_json(result_dict(result, level))
        return
    typer.echo(result.summary(level))


@app.command("plot")
def plot_command(
    file: Annotated[Path, typer.Argument(help="A CSV file, one row a study.")],
    out: Annotated[Path, typer.Option(help="forest.svg, forest.pdf or forest.png.")],
    kind: Kind = "forest",
    measure: Measure = "RR",
    model: Model = "random",
    tau2: Tau2 = "REML",
    test: Test = "z",
    column: Columns = None,
    level: Level = 0.95,
    crossover: Crossover = "parallel",
    style: Style = "plain",
    by: By = None,
    left: Left = None,
    right: Right = None,
    rob: Rob = None,
    order: Order = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    as_json: Json = False,
) -> None:
    """Draw a CSV file: its forest plot, or another figure of its pooled result.

    Example: metaket plot trials.csv --measure RR --out forest.svg --style bmj --by design --left year
    """
    from metaket._checks import check_choice
    from metaket.plots import forest, save
    from metaket.plots._forest_styles import style_of
    from metaket.plots._kinds import KINDS, Asked

    kind = check_choice("--kind", kind, ("forest", *KINDS))
    given = {"--style": style != "plain", "--by": by, "--left": left, "--right": right, "--rob": rob}
    given |= {"--level": level != 0.95, "--order": order}
    taken = ("by", "left", "right", "rob", "level", "style") if kind == "forest" else KINDS[kind].takes
    refused = [name for name, value in given.items() if value and name.removeprefix("--") not in taken]
    if refused:
        raise InputError(
            f"{', '.join(refused)}: not an option of the {kind} plot; leave it out, or choose another --kind"
        )
    suffix = out.suffix.lstrip(".").lower()
    if suffix not in ("svg", "pdf", "png"):
        raise InputError(f"--out must end in .svg, .pdf or .png, got {out.name!r}")
    if out.exists() and not force:
        raise InputError(f"{out} exists; use --force to replace it")
    style_of(style)
    result = pooled(file, measure, model, tau2, test, column, crossover)
    if kind == "forest":
        ax = forest(
            result,
            level=level,
            columns=columns_of(column),
            style=style,
            subgroups=by,
            left=left or (),
            right=right or (),
            rob=rob,
        )
    else:
        ax = KINDS[kind].draw(result, Asked(level, columns_of(column), style, order))
    save(ax, out.with_suffix(""), formats=(suffix,))
    if as_json:
        print_json({"file": str(out), **result_dict(result, level)})
    else:
        typer.echo(f"{out}")


def pooled(
    file: Path,
    measure: str,
    model: str,
    tau2: str,
    test: str,
    column: list[str] | None,
    crossover: str,
    **options: Any,
) -> PooledResult:
    from metaket.measures.compute import effect_sizes
    from metaket.pooling.pool import pool
    from metaket.tables import read_table

    table = read_table(file)
    known_tau2: str | float = float(tau2) if _is_number(tau2) else tau2
    rho: str | float = float(crossover) if _is_number(crossover) else crossover
    effects = effect_sizes(table, measure, columns=columns_of(column), crossover=rho, **options)
    return pool(effects, model=model, tau2=known_tau2, test=test)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def columns_of(pairs: list[str] | None) -> dict[str, str] | str | None:
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


def result_dict(result: PooledResult, level: float) -> dict[str, Any]:
    """The JSON document of a pooled result."""
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
