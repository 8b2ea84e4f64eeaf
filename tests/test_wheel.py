"""A wheel that is installed elsewhere, outside the checkout, reproduces Han 2016."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_the_wheel_works_elsewhere(tmp_path: Path) -> None:
    def run(*command: str, cwd: Path = tmp_path) -> str:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist"), cwd=ROOT)
    wheel = next((tmp_path / "dist").glob("*.whl"))
    run(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env"))
    python = str(tmp_path / "env" / "bin" / "python")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", str(wheel))
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    # the dependencies come from the environment of the tests; a .pth file adds them, but not its editable checkout
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    home = run(python, "-c", "import metaket; print(metaket.__file__)").strip()
    assert Path(home).is_relative_to(tmp_path)
    document = json.loads(run(str(tmp_path / "env" / "bin" / "metaket"), "reproduce", "han2016", "--json"))
    assert document["paper"]["key"] == "han2016"
    assert len(document["claims"]) > 15
    assert "han2016" in run(str(tmp_path / "env" / "bin" / "metaket"), "list")
