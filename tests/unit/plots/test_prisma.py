"""Flow diagrams: numbers that add up or a warning with the sum, blanks, text boxes."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from metaket.errors import DataWarning, InputError
from metaket.plots import alt_text, prisma, prisma_layout

WHOLE = {"databases": 100, "registers": 20, "duplicates": 30, "screened": 90, "excluded": 60, "sought": 30,
         "not_retrieved": 2, "assessed": 28, "studies": 7, "reports": 9}  # fmt: skip
WHY = {"wrong design": 12, "no control": 7}


@pytest.mark.parametrize("length", [1, 80])
def test_whole_flow(assert_clean: Any, length: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = prisma(WHOLE, reasons={**WHY, "x" * length: 0}, title="t " * length, notes=["n " * length])
    assert_clean(ax)
    assert "Records screened (n = 90)" in alt_text(ax)


@pytest.mark.parametrize(
    ("name", "said"),
    [("screened", "100 + registers 20 - duplicates 30 is 90"),
     ("sought", "is 30"), ("assessed", "is 28"), ("reports", "is 9")],
)  # fmt: skip
def test_a_wrong_sum_is_said(name: str, said: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        prisma_layout({**WHOLE, name: 91}, reasons=WHY)
    assert {w.category for w in caught} == {DataWarning}
    assert any(f"{name} is 91, but" in str(w.message) and said in str(w.message) for w in caught)


def test_blank_stays_blank(assert_clean: Any) -> None:
    flow = prisma_layout({"databases": None, "studies": 3})
    lines = [line for box in flow.boxes for line in box.lines]
    assert "Databases (n = )" in lines
    assert "Records screened (n = )" in lines
    assert_clean(prisma({"studies": 3}))


@pytest.mark.parametrize("value", [-1, 2.5, True])
def test_bad_numbers(value: Any) -> None:
    with pytest.raises(InputError, match="screened"):
        prisma_layout({"screened": value})
    with pytest.raises(InputError, match="screened"):
        prisma_layout({"screend": 3})


def test_image(looks_like: Any) -> None:
    looks_like(prisma(WHOLE, reasons=WHY, title="Flow of a review"), "prisma")
