"""Scales: inverse of each other, and the ones that need the size of the study."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metaket as mk
from metaket.measures.registry import MEASURES, SCALES, scale_of
from metaket.measures.transform import freeman_tukey, freeman_tukey_rate, inverse_freeman_tukey

# Miller (1978) Am Stat 32:138: successes 3 of 11, 6 of 17, 10 of 21, 1 of 6.
MILLER = {"events": [3, 6, 10, 1], "n": [11, 17, 21, 6]}


@pytest.mark.parametrize("name", SCALES)
@given(value=st.floats(0.02, 0.98), size=st.integers(2, 10_000))
def test_back_inverts_forward(name: str, value: float, size: int) -> None:
    scale = SCALES[name].at(size)
    assert float(scale.back(scale.forward(value))) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("name", SCALES)
def test_scales_increase(name: str) -> None:
    scale = SCALES[name].at(30)
    shown = scale.back(scale.forward(np.linspace(0.05, 0.95, 40)))
    assert (np.diff(shown) > 0).all()


def test_double_arcsine_of_millers_example() -> None:
    """metafor 3.8-1: escalc(measure="PFT"), rma(method="FE"), predict(transf=transf.ipft.hm, targs=list(ni=ni))."""
    effects = mk.effect_sizes(MILLER, "PFT")
    expected = [0.569539242134343038, 0.644415662958575108, 0.762639468888094529, 0.475769664007904769]
    np.testing.assert_allclose(effects.y, expected, rtol=1e-14)
    result = mk.pool(effects, model="common")
    assert result.estimate == pytest.approx(0.654670645323954803, rel=1e-13)
    low, high = result.ci()
    back = [result.back(x) for x in (result.estimate, low, high)]
    assert back == pytest.approx([0.35952171975730907, 0.22970859440806735, 0.49899354220248443], rel=1e-12)


def test_each_study_is_shown_at_its_own_size() -> None:
    effects = mk.effect_sizes(MILLER, "PFT")
    np.testing.assert_allclose(
        effects.to_frame(transform=True)["estimate"], [3 / 11, 6 / 17, 10 / 21, 1 / 6], rtol=1e-12
    )
    np.testing.assert_allclose(scale_of("PFT").size(effects.v), MILLER["n"], rtol=1e-12)  # type: ignore[misc]
    part = effects.take([1, 3])
    np.testing.assert_allclose(part.to_frame(transform=True)["estimate"], [6 / 17, 1 / 6], rtol=1e-12)


def test_double_arcsine_ends() -> None:
    """metafor 3.8-1: transf.ipft(c(0.05, 1.55), 10) is 0 and 1."""
    assert inverse_freeman_tukey(np.array([0.05, 1.55]), 10).tolist() == [0.0, 1.0]
    assert float(inverse_freeman_tukey(freeman_tukey(0.0, 12), 12)) == 0.0
    assert float(inverse_freeman_tukey(freeman_tukey(1.0, 12), 12)) == 1.0
    assert float(inverse_freeman_tukey(0.0)) == 0.0


def test_double_arcsine_of_a_large_study_is_the_arcsine() -> None:
    p = np.linspace(0.01, 0.99, 9)
    np.testing.assert_allclose(freeman_tukey(p), np.arcsin(np.sqrt(p)), rtol=1e-14)
    np.testing.assert_allclose(inverse_freeman_tukey(np.arcsin(np.sqrt(p))), p, rtol=1e-13)


def test_freeman_tukey_rates() -> None:
    """metafor 3.8-1: escalc(measure="IRFT", xi=c(0,3,10), ti=c(4.5,12,30)) and transf.iirft of it."""
    effects = mk.effect_sizes({"events": [0, 3, 10], "time": [4.5, 12, 30]}, "IRFT")
    np.testing.assert_allclose(effects.y, [0.23570226039551584, 0.53867513459481287, 0.59144017000456195], rtol=1e-14)
    shown = effects.to_frame(transform=True)["estimate"]
    np.testing.assert_allclose(shown, [0.0, 0.25, 1 / 3], rtol=1e-12, atol=1e-15)
    assert float(SCALES["Freeman-Tukey rate"].at(20.0).back(freeman_tukey_rate(0.4, 20.0))) == pytest.approx(
        0.4, rel=1e-13
    )
    assert float(SCALES["Freeman-Tukey rate"].back(0.0)) == 0.0


@pytest.mark.parametrize("code", MEASURES.codes)
def test_every_measure_has_a_scale(code: str) -> None:
    scale = scale_of(code)
    v = np.array([0.02, 0.05])
    assert scale.of_studies(v).size is None
    assert scale.of_pool(v).size is None
    shown = np.asarray(scale.of_pool(v).back(np.array([0.3, 0.6])))
    assert shown.shape == (2,)
    assert shown[0] < shown[1]
    if not np.isnan(scale.null):
        assert float(scale.back(0.0)) == scale.null
