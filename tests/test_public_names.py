"""What is public is listed, loads, and is documented; importing the package stays light."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import metaket as mk

FUNCTIONS = sorted(n for n in mk.__all__ if inspect.isfunction(getattr(mk, n)))


def test_all_names_load() -> None:
    assert set(mk.__all__) == set(dir(mk))
    for name in mk.__all__:
        assert getattr(mk, name) is not None


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'pol'"):
        mk.pol  # noqa: B018


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_documented(name: str) -> None:
    text = inspect.getdoc(getattr(mk, name)) or ""
    assert len(text.splitlines()[0]) > 10
    parameters = inspect.signature(getattr(mk, name)).parameters
    if parameters:
        assert "Parameters\n----------" in text
        assert "Returns\n-------" in text or "Raises\n------" in text
    for parameter in parameters.values():
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
            assert parameter.name in text, f"{name}: {parameter.name} is not documented"


def test_import_is_light() -> None:
    heavy = "{'pandas', 'matplotlib', 'statsmodels', 'scipy', 'numpy', 'pydantic', 'typer'}"
    code = f"import sys, metaket; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pooling_arrays_needs_no_pandas() -> None:
    code = "import sys, metaket as mk; mk.pool([.1, .2], [.1, .1]); print({'pandas', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
