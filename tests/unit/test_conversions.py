"""`mk.conversions` holds every named conversion, each recording itself."""

from __future__ import annotations

import pytest

import metaket as mk
from metaket.measures.convert import CONVERSIONS


def test_every_conversion_is_there() -> None:
    assert set(mk.conversions.__all__) == {*CONVERSIONS.codes, "Conversion"}


def test_a_conversion_records_itself() -> None:
    found = mk.conversions.d_from_t(2.5, 20, 22)
    assert found["d"] == pytest.approx(2.5 * (1 / 20 + 1 / 22) ** 0.5)
    assert "d_from_t" in found.note
