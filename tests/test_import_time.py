"""`import metaket` costs next to nothing, and what it doesn't need stays out until it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIMIT = 0.15  # processor seconds above a bare interpreter
RUNS = 3
# what is asked -> packages that it must not load
QUESTIONS = {
    "import metaket": ("numpy", "scipy", "pandas", "matplotlib", "statsmodels", "pydantic", "typer", "rich", "jinja2"),
    "import metaket as mk; mk.errors, mk.PoolSpec, mk.Interval": ("pandas", "matplotlib", "statsmodels", "pydantic"),
    "import metaket as mk; mk.pool([.1, .2, .4], [.1, .2, .1]).ci()": ("pandas", "matplotlib", "statsmodels", "typer"),
    "import metaket as mk; mk.pool_many([[.1, .2]], [[.1, .2]]).ci()": ("pandas", "matplotlib", "statsmodels", "typer"),
    "import metaket as mk; mk.plots.forest": ("matplotlib", "statsmodels", "pydantic"),
    "import metaket as mk; mk.load, mk.effect_sizes": ("matplotlib", "statsmodels", "typer"),
}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_is_not_needed_is_not_loaded(question: str) -> None:
    assert run(f"{question}; import sys; print(*(set({QUESTIONS[question]!r}) & set(sys.modules)))") == ""


def test_import_is_fast() -> None:
    """The import alone, timed in a fresh interpreter; the best of several, in processor time: machines are shared."""
    code = "import time; t = time.process_time(); import metaket; print(time.process_time() - t)"
    assert min(float(run(code)) for _ in range(RUNS)) < LIMIT
