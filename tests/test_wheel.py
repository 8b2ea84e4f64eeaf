"""A wheel that is installed elsewhere, outside the checkout, reproduces Han 2016 as the checkout does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import metaket as mk
from metaket.tables import file_digest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow
Run = Callable[..., str]


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outside")


@pytest.fixture(scope="module")
def run(outside: Path) -> Run:
    """Run a command outside the checkout, with nothing of it in the environment; its stdout."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def command(*parts: str, cwd: Path = outside) -> str:
        done = subprocess.run(parts, cwd=cwd, env=clean, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return command


@pytest.fixture(scope="module")
def wheel(outside: Path, run: Run) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(outside / "dist"), cwd=ROOT)
    (found,) = (outside / "dist").glob("*.whl")
    return found


@pytest.fixture(scope="module")
def programs(outside: Path, wheel: Path, run: Run) -> Path:
    """The new environment's folder of programs. The dependencies come from the tests' environment by a .pth file.

    Such a line adds one folder to sys.path and doesn't follow the .pth files in it, hence not the editable checkout.
    """
    run(sys.executable, "-m", "venv", "--without-pip", str(outside / "env"))
    found = outside / "env" / "bin"
    python = str(found / "python")
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", str(wheel))
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return found


def test_the_wheel_holds_the_package_and_the_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {"metaket", f"metaket-{mk.__version__}.dist-info"}
    assert {"metaket/py.typed", "metaket/_data/han2016/paper.toml", "metaket/_data/han2016/outcomes.csv"} <= set(names)
    papers = {f"metaket/_data/{p.relative_to(ROOT / 'data')}" for p in (ROOT / "data").rglob("*") if p.is_file()}
    assert papers <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    unwanted = (".pyc", ".ipynb")
    assert not [name for name in names if "__pycache__" in name or name.endswith(unwanted) or "/tests/" in name]
    assert {str(p.relative_to(ROOT / "src")) for p in (ROOT / "src" / "metaket").rglob("*.py")} <= set(names)


def test_the_installed_package_is_the_one_that_runs(outside: Path, programs: Path, run: Run) -> None:
    code = "import sys, json, metaket; print(json.dumps([metaket.__file__, metaket.__version__, sys.path]))"
    home, version, path = json.loads(run(str(programs / "python"), "-c", code))
    assert Path(home).is_relative_to(outside)
    assert version == mk.__version__
    assert not [p for p in path if p and Path(p).resolve() in (ROOT, ROOT / "src")]


def test_it_lists_checks_and_reproduces_han2016(programs: Path, run: Run) -> None:
    program = str(programs / "metaket")
    assert "han2016" in run(program, "list")
    assert json.loads(run(program, "check", "han2016", "--json"))["ok"]
    theirs = json.loads(run(program, "reproduce", "han2016", "--json"))
    ours = json.loads(json.dumps(mk.reproduce("han2016").to_dict()))
    assert theirs["paper"] == ours["paper"]
    assert theirs["analyses"] == ours["analyses"]
    assert theirs["claims"] == ours["claims"]
    assert theirs["provenance"]["digests"]["outcomes.csv"] == file_digest(ROOT / "data" / "han2016" / "outcomes.csv")


def test_it_pools_a_file(outside: Path, programs: Path, run: Run) -> None:
    (outside / "trials.csv").write_text("study,y,v\nA,0.1,0.04\nB,0.3,0.05\nC,0.5,0.06\n", encoding="utf-8")
    program = str(programs / "metaket")
    document = json.loads(run(program, "pool", "trials.csv", "--measure", "GEN", "--tau2", "DL", "--json"))
    w = [1 / 0.04, 1 / 0.05, 1 / 0.06]  # Q is below its degrees of freedom: tau2 is 0
    assert document["result"]["estimate"] == pytest.approx((0.1 * w[0] + 0.3 * w[1] + 0.5 * w[2]) / sum(w), rel=1e-12)
