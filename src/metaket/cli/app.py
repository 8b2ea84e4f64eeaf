"""The command line: argument parsing only.

Exit codes: 0 done; 1 ``--strict`` and a claim differs; 2 the input is wrong (one sentence on stderr); 3 a
defect of ours.
"""

from __future__ import annotations

import json
import sys
import warnings
from typing import Annotated, Any, TextIO

import typer

from metaket import __version__
from metaket.errors import MetaketError, MetaketWarning

__all__ = ["Json", "PaperName", "app", "main", "print_json", "run", "say"]

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Does this published meta-analysis hold? Start with: metaket reproduce han2016 --out out/",
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
PaperName = Annotated[str, typer.Argument(metavar="KEY|DIR", help="A key of `metaket list`, or a folder.")]


def _version(value: bool) -> None:
    if value:
        typer.echo(f"metaket {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")]


@app.callback()
def _root(version: Version = False) -> None:
    del version


def print_json(value: Any) -> None:
    typer.echo(json.dumps(finite(value), indent=1, ensure_ascii=False, allow_nan=False))


def finite(value: Any) -> Any:
    """JSON has no NaN or infinity: null."""
    if isinstance(value, dict):
        return {str(k): finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def say(text: str) -> None:
    typer.echo(text, err=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; the console script exits with what this returns."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            code = app(args=given or ["--help"], prog_name="metaket", standalone_mode=False)
    except typer.TyperException as error:
        say(f"metaket: {error.format_message()} (see metaket --help)")
        return 2
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except MetaketError as error:
        say(f"metaket: {error}")
        return 2
    except OSError as error:
        say(f"metaket: {error.strerror or error}: {error.filename or ''}".rstrip(": "))
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
        say(f"warning: {message}")


def run() -> None:
    """Entry point of the console script; an exception that is not ours to raise is a defect (exit code 3)."""
    try:
        code = main()
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    except Exception as error:  # noqa: BLE001  the last resort of the program: report the defect, never a traceback
        say(f"metaket: defect: {type(error).__name__}: {error}. Please report it with the command you ran.")
        code = 3
    sys.exit(code)
