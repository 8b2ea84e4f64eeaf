"""The command line inside the test process."""

from __future__ import annotations

import pytest

from metaket import cli


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    code = cli.main(list(arguments))
    out = capsys.readouterr()
    return code, out.out, out.err


def slip(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence on stderr; exit code 2, nothing on stdout."""
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert err.startswith("metaket: ")
    assert "Traceback" not in err
    return err
