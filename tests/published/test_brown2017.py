"""GRIM (Brown & Heathers 2017), GRIMMER (Anaya 2016; Allard 2018): examples that were printed about them."""

from __future__ import annotations

import pytest

import metaket as mk

# The Economist, 18 June 2016, "Come again" (49 answers on a scale of 1 to 7); the die of the encyclopedias' GRIM test;
# Allard (2018-05-20), "Analytic-GRIMMER": 3.45 x 10 = 34.5
GRIM = [("5.93", 49, False), ("3.48", 20, False), ("3.45", 20, True), ("3.45", 10, False)]
# documentation of the R package scrutiny, table pigs1 with the answers of its GRIM test
PIGS = [("7.22", 32, True), ("4.74", 25, False), ("5.23", 29, False), ("2.57", 24, False), ("6.77", 27, False)]


@pytest.mark.parametrize(("mean", "n", "possible"), GRIM + PIGS)
def test_grim(mean: str, n: int, possible: bool) -> None:
    assert mk.grim(mean, n).consistent is possible


def test_grim_shows_the_product() -> None:
    assert "5.93 x 49 = 290.57" in str(mk.grim("5.93", 49))


def test_grimmer_of_the_same_documentation() -> None:
    """Its first example: a mean of 7.3 and an SD of 2.51 cannot be of 12 whole numbers; the mean alone can."""
    assert mk.grim("7.3", 12).consistent
    assert not mk.grimmer("7.3", "2.51", 12).consistent
