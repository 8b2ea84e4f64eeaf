"""`metaket plot --kind`: every kind from a file, as a user would ask for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from metaket.cli.app import app
from metaket.errors import InputError
from metaket.plots._kinds import KINDS


def plot(file: Path, *options: str) -> Any:
    import metaket.cli  # noqa: F401  (registers the commands)

    return CliRunner().invoke(app, ["plot", str(file), "--out", str(file.with_suffix(".svg")), *options])


@pytest.fixture
def trials(bcg: Any, tmp_path: Path) -> Path:
    table = bcg.effects.table.rename(columns={"events_t": "cases"})
    table.to_csv(tmp_path / "trials.csv", index=False)
    return tmp_path / "trials.csv"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_kind(trials: Path, kind: str) -> None:
    done = plot(trials, "--kind", kind, "--column", "events_t=cases")
    assert done.exit_code == 0, done.output
    assert "<svg" in trials.with_suffix(".svg").read_text(encoding="utf-8")


def words(file: Path) -> str:
    return file.with_suffix(".svg").read_text(encoding="utf-8")


def test_the_order_of_a_cumulative_plot(trials: Path) -> None:
    done = plot(trials, "--kind", "cumulative", "--order", "year", "--column", "events_t=cases", "--style", "bmj")
    assert done.exit_code == 0, done.output
    assert "Cumulative forest plot by year" in words(trials)


def test_the_level_is_drawn(trials: Path) -> None:
    done = plot(trials, "--kind", "leave-one-out", "--level", "0.8", "--column", "events_t=cases")
    assert done.exit_code == 0, done.output
    assert "80%" in words(trials)


def test_wrong_measure(tmp_path: Path) -> None:
    (tmp_path / "gen.csv").write_text("study,y,v\na,0.1,0.1\nb,0.2,0.1\n", encoding="utf-8")
    done = plot(tmp_path / "gen.csv", "--measure", "GEN", "--kind", "labbe")
    assert isinstance(done.exception, InputError)
    assert "events_t" in str(done.exception)


def test_typo_and_option_of_another_kind(trials: Path) -> None:
    for options, said in (
        (("--kind", "funel"), "funnel"),
        (("--kind", "radial", "--by", "alloc"), "--by"),
        (("--kind", "baujat", "--level", "0.9"), "--level: not an option of the baujat plot"),
        (("--order", "year"), "--order: not an option of the forest plot"),
        (("--kind", "cumulative", "--order", "yaer"), "yaer"),
    ):
        done = plot(trials, "--column", "events_t=cases", *options)
        assert isinstance(done.exception, InputError)
        assert said in str(done.exception)
