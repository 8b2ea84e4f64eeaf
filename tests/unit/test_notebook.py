"""Results show themselves in a notebook as they are printed."""

from __future__ import annotations

from html import escape

import pytest

import metaket as mk

Y, V = [0.1, 0.3, 0.8, 0.2], [0.04, 0.05, 0.06, 0.03]
PRINTED = [n for n in mk.__all__ if isinstance(getattr(mk, n), type) and "__str__" in vars(getattr(mk, n))]


@pytest.mark.parametrize("name", PRINTED)
def test_what_prints_itself_shows_itself(name: str) -> None:
    assert hasattr(getattr(mk, name), "_repr_html_")


def test_it_is_the_print_escaped() -> None:
    data = mk.generic(Y, V, study=["A & B", "<C>", "D", "E"])
    for found in (mk.pool(data), mk.pet(data), mk.limit_meta_analysis(data), mk.blup(mk.pool(data))):
        assert found._repr_html_() == f"<pre>{escape(str(found))}</pre>"
    assert "&lt;C&gt;" in mk.blup(mk.pool(data))._repr_html_()
