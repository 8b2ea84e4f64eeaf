"""Distances between printed and recomputed values, in every band of the literature."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metaket.reproduction.bands import BANDS, gap_between

POSITIVE = st.floats(0.01, 100)
SAME = 1e-9  # a difference of logarithms against the logarithm of a quotient


def test_every_band_is_always_reported() -> None:
    for gap in (gap_between(1, 2), gap_between(1, 2, log=True), gap_between(1, 0, scale="g")):
        assert set(gap.bands) == set(BANDS)


@pytest.mark.parametrize(
    ("recomputed", "printed", "five", "ten"),
    [
        (1.049, 1.00, True, True),
        (0.951, 1.00, True, True),
        (1.051, 1.00, False, True),
        (-1.051, -1.00, False, True),
        (1.11, 1.00, False, False),
    ],
)
def test_relative_bands(recomputed: float, printed: float, five: bool, ten: bool) -> None:
    gap = gap_between(recomputed, printed)
    assert (gap.bands["relative-5"], gap.bands["relative-10"]) == (five, ten)
    assert gap.relative == pytest.approx(abs(recomputed - printed))


@pytest.mark.parametrize("printed", [0.0, 1e-12, -1e-12])
def test_relative_gaps_near_zero_are_undefined(printed: float) -> None:
    gap = gap_between(0.01, printed)
    assert gap.relative is None
    assert gap.bands["relative-5"] is None
    assert gap.bands["relative-10"] is None
    assert gap.difference == pytest.approx(0.01)


def test_a_ratio_of_one_is_zero_on_the_log_scale() -> None:
    assert gap_between(1.01, 1.0, log=True).relative is None
    assert gap_between(1.01, 1.0).relative == pytest.approx(0.01)


def test_limits_are_measured_by_the_intervals_width() -> None:
    """Lopez-Nicolas et al. (2024): 5 % of the width."""
    gap = gap_between(1.01, 1.00, log=True, width=math.log(4))
    assert gap.relative == pytest.approx(math.log(1.01) / math.log(4))
    assert gap.bands["relative-5"]
    assert gap_between(1.0, 2.0, width=10.0).relative == pytest.approx(0.1)
    assert gap_between(1.0, 2.0, width=0.0).relative is None


@pytest.mark.parametrize(
    ("scale", "cuts"), [("g", (0.049, 0.151, 0.251)), ("d", (0.050, 0.152, 0.254)), ("r", (0.025, 0.076, 0.126))]
)
def test_maassens_cut_offs(scale: str, cuts: tuple[float, float, float]) -> None:
    """Maassen et al. (2020) PLoS ONE 15:e0233107."""
    names = ("negligible", "small", "moderate", "large")
    for i, cut in enumerate(cuts):
        assert gap_between(cut - 1e-6, 0.0, scale=scale).bands["maassen"] == names[i]
        assert gap_between(-cut - 1e-6, 0.0, scale=scale).bands["maassen"] == names[i + 1]
    assert gap_between(1.0, 0.0).bands["maassen"] is None


def test_the_absolute_band_is_for_standardised_differences() -> None:
    """Gotzsche et al. (2007) JAMA 298:430: 0.1 or more is an error."""
    assert gap_between(0.55, 0.46, scale="g").bands["absolute-0.1"] is True
    assert gap_between(0.57, 0.46, scale="d").bands["absolute-0.1"] is False
    for scale in ("", "r"):
        assert gap_between(0.55, 0.46, scale=scale).bands["absolute-0.1"] is None


@given(a=POSITIVE, b=POSITIVE, factor=POSITIVE)
def test_ratios_are_compared_by_their_logarithms(a: float, b: float, factor: float) -> None:
    gap = gap_between(a, b, log=True)
    assert gap.difference == pytest.approx(math.log(a / b), abs=SAME)
    assert gap_between(a * factor, b * factor, log=True).difference == pytest.approx(gap.difference, abs=SAME)
    assert gap_between(1 / a, 1 / b, log=True).difference == pytest.approx(-gap.difference, abs=SAME)


@given(a=st.floats(-100, 100), b=st.floats(-100, 100))
def test_the_tight_band_lies_in_the_wide_one(a: float, b: float) -> None:
    gap = gap_between(a, b, scale="g")
    assert not (gap.bands["relative-5"] and not gap.bands["relative-10"])
    assert gap_between(b, a, scale="g").bands["maassen"] == gap.bands["maassen"]


@pytest.mark.parametrize(("recomputed", "printed"), [(0.0, 1.0), (-0.5, 1.0), (1.0, 0.0)])
def test_what_has_no_logarithm_is_compared_as_it_is(recomputed: float, printed: float) -> None:
    gap = gap_between(recomputed, printed, log=True, width=2.0)
    assert gap.difference == recomputed - printed
    assert gap.relative is gap.bands["relative-5"] is gap.bands["relative-10"] is None
