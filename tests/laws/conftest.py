"""Equal effects are drawn, too, and have no Hartung-Knapp test: the warning of it is an answer like another."""

from __future__ import annotations

from pathlib import Path

import pytest

EQUAL = pytest.mark.filterwarnings("ignore:all effects (are equal|lie on the fitted line)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(EQUAL)
