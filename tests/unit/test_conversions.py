"""`mk.conversions` holds every named conversion, each recording itself."""

from __future__ import annotations

import inspect
import re

import pytest

import metaket as mk
from metaket.measures.convert import CONVERSIONS


def test_every_conversion_is_there() -> None:
    assert set(mk.conversions.__all__) == {*CONVERSIONS.codes, "Conversion"}


def test_a_conversion_records_itself() -> None:
    found = mk.conversions.d_from_t(2.5, 20, 22)
    assert found["d"] == pytest.approx(2.5 * (1 / 20 + 1 / 22) ** 0.5)
    assert "d_from_t" in found.note


@pytest.mark.parametrize("name", sorted(CONVERSIONS.codes))
def test_every_conversion_says_what_it_takes_gives_and_refuses(name: str) -> None:
    text = inspect.getdoc(getattr(mk.conversions, name)) or ""
    for part in ("Parameters\n----------", "Returns\n-------", "Raises\n------\nInputError", "Notes\n-----"):
        assert part in text
    taken = text.split("Parameters\n----------")[1].split("Returns\n")[0]
    for argument in inspect.signature(getattr(mk.conversions, name)).parameters:
        assert re.search(rf"^(\w+, )*{argument}(, \w+)* : ", taken, re.M), argument
