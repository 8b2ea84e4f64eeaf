"""The command recover: which whole numbers can have given what is printed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from metaket.cli.app import Json, app, print_json
from metaket.errors import InputError

__all__: list[str] = []


def _text(name: str, help_text: str) -> Any:
    return typer.Option(name, help=help_text)


Size = Annotated[str | None, typer.Option(help="A whole number or a range, '20 to 40'.")]
Percent = Annotated[str | None, typer.Option(help="As printed: 63.8%.")]
Effect = "As printed, with or without an interval: '4.54 (1.58 to 13.05)'."


@app.command("recover")
def recover_command(
    n_t: Size = None,
    n_c: Size = None,
    n_total: Size = None,
    events_t: Size = None,
    events_c: Size = None,
    events_total: Size = None,
    percent_t: Percent = None,
    percent_c: Percent = None,
    odds_ratio: Annotated[str | None, _text("--or", f"Odds ratio. {Effect}")] = None,
    risk_ratio: Annotated[str | None, _text("--rr", f"Risk ratio. {Effect}")] = None,
    risk_difference: Annotated[str | None, _text("--rd", f"Risk difference. {Effect}")] = None,
    p: Annotated[str | None, _text("--p", "p-value as printed: 0.04, <0.001, NS.")] = None,
    chi2: Annotated[str | None, _text("--chi2", "Chi-square on 1 df, with or without Yates' correction.")] = None,
    test: Annotated[list[str] | None, _text("--test", "A test that may have given p: chi2, yates, z, fisher.")] = None,
    percent: Annotated[list[str] | None, _text("--percent", "Which denominators give this; once a percentage.")] = None,
    mean: Annotated[str | None, _text("--mean", "Mean of whole numbers, as printed (GRIM; with --sd GRIMMER).")] = None,
    sd: Annotated[str | None, _text("--sd", "Standard deviation, as printed.")] = None,
    n: Annotated[str | None, _text("--n", "Participants of --mean; denominators of --percent.")] = None,
    items: Annotated[int, _text("--items", "Answers averaged for each participant.")] = 1,
    scale: Annotated[
        str | None, _text("--scale", "Lowest and highest answer, '1 to 7': GRIMMER becomes exact.")
    ] = None,
    max_n: Annotated[int, _text("--max-n", "Largest arm or denominator to try.")] = 100,
    as_json: Json = False,
) -> None:
    """Recover the whole numbers behind printed figures: 2x2 tables, percentages, means.

    Example: metaket recover --n-t 47 --n-c 25 --percent-t 63.8% --or "4.54 (1.58 to 13.05)"

    Example: metaket recover --mean 3.47 --n 25 --sd 1.20

    Example: metaket recover --percent 63.8% --max-n 100
    """
    table = {
        **{"n_t": n_t, "n_c": n_c, "n_total": n_total, "events_t": events_t, "events_c": events_c},
        **{"events_total": events_total, "percent_t": percent_t, "percent_c": percent_c, "odds_ratio": odds_ratio},
        **{"risk_ratio": risk_ratio, "risk_difference": risk_difference, "p": p, "chi2": chi2},
    }
    given = {name: value for name, value in table.items() if value is not None}
    kinds = [
        kind for kind, there in (("--mean", mean is not None), ("--percent", percent), ("a 2x2 table", given)) if there
    ]
    if len(kinds) != 1:
        raise InputError(
            f"give one of --mean, --percent or figures of a 2x2 table, got {' and '.join(kinds) or 'none'}"
        )
    if mean is not None:
        found: Any = _mean(mean, sd, n, items, scale)
    elif percent:
        from metaket.reproduction.recover_percent import possible_counts

        found = possible_counts(percent, n=n, max_n=max_n)
    else:
        from metaket.reproduction.recover import recover

        found = recover(**given, max_n=max_n, **({"tests": test} if test else {}))  # type: ignore[arg-type]
    if as_json:
        print_json(found.to_dict())
    else:
        typer.echo(str(found))


def _mean(mean: str, sd: str | None, n: str | None, items: int, scale: str | None) -> Any:
    from metaket.reproduction.recover_means import grim, grimmer
    from metaket.reproduction.recover_text import read_count

    if n is None:
        raise InputError("--mean needs --n, the number of participants")
    size = read_count("--n", n)
    if size.low != size.high:
        raise InputError(f"--n must be one whole number with --mean, got {n!r}")
    if sd is None and scale is not None:
        raise InputError("--scale needs --sd: a mean alone is tested without it")
    if sd is None:
        return grim(mean, size.low, items=items)
    ends = read_count("--scale", scale) if scale else None
    if ends and ends.low == ends.high:
        raise InputError(f"--scale must be the lowest and the highest answer, such as '1 to 7', got {scale!r}")
    return grimmer(mean, sd, size.low, items=items, scale=ends)
