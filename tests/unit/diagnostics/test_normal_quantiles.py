"""Normal quantile plots: positions, envelopes, and how often normal data leave them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tests.unit.diagnostics.data import V, Y, counts_result

import metaket as mk
from metaket.errors import InputError, NotComputableError


@pytest.mark.parametrize("residual", ["rstandard", "rstudent"])
def test_points(residual: str) -> None:
    result = mk.pool(Y, V)
    found = mk.normal_quantiles(result, residual, draws=200)
    values = getattr(mk.residuals(result), residual)
    order = np.argsort(values)
    assert found.observed == pytest.approx(values[order])
    assert found.study == tuple(result.effects.study[i] for i in order)
    assert found.theoretical == pytest.approx(stats.norm.ppf((np.arange(1, 7) - 3 / 8) / 6.25))
    many = mk.normal_quantiles(mk.pool(np.tile(Y, 2), np.tile(V, 2)), draws=200)
    assert many.theoretical == pytest.approx(stats.norm.ppf((np.arange(1, 13) - 0.5) / 12))


def test_the_envelope_of_known_residuals() -> None:
    """Common effect, equal variances: the residuals are a centred normal sample, whose envelope is simulated here."""
    k = 8
    result = mk.pool(np.linspace(-1, 1, k), np.full(k, 0.5), model="common")
    found = mk.normal_quantiles(result, draws=20_000)
    z = np.random.default_rng(1).standard_normal((20_000, k))
    centred = np.sort((z - z.mean(axis=1, keepdims=True)) / np.sqrt(1 - 1 / k), axis=1)
    low, high = np.quantile(centred, [0.025, 0.975], axis=0)
    assert found.low == pytest.approx(low, abs=0.06)  # four standard errors of two simulated quantiles
    assert found.high == pytest.approx(high, abs=0.06)
    inside = ((centred >= found.band_low) & (centred <= found.band_high)).all(axis=1).mean()
    assert inside == pytest.approx(0.95, abs=0.01)
    pointwise = ((centred >= found.low) & (centred <= found.high)).all(axis=1).mean()
    assert pointwise < 0.9


def test_estimated_tau2_narrows_the_envelope() -> None:
    """Lilliefors' point: residuals of a fitted tau2 vary less than those of a known one."""
    y, v = np.random.default_rng(2).normal(0, 1, 12), np.full(12, 0.05)
    result = mk.pool(y, v)
    known = mk.pool(y, v, tau2=result.tau2)
    fitted_band, known_band = mk.normal_quantiles(result), mk.normal_quantiles(known)
    assert fitted_band.observed == pytest.approx(known_band.observed, rel=1e-6)
    width = [b.high[-1] - b.low[-1] for b in (fitted_band, known_band)]
    assert width[0] < 0.9 * width[1]


def test_p_values_of_normal_data_are_uniform() -> None:
    rng = np.random.default_rng(9)
    p = [
        mk.normal_quantiles(mk.pool(rng.normal(0, np.sqrt(V + 0.1)), V, tau2=0.1), draws=199, rng=rng).p_value
        for _ in range(300)
    ]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.04)  # three standard errors
    assert np.mean(p) == pytest.approx(0.5, abs=0.07)


def test_an_outlier_leaves_the_band() -> None:
    y = np.append(np.random.default_rng(3).normal(0, 0.3, 14), 6.0)
    found = mk.normal_quantiles(mk.pool(y, np.full(15, 0.1), tau2="DL"))
    assert "Study 15" in found.outside
    assert found.p_value < 0.01
    assert "outside the simultaneous envelope: " in str(found)


def test_seeds_regressions_and_frames() -> None:
    result = mk.pool(Y, V, moderators=np.arange(6.0))
    for residual in ("rstandard", "rstudent"):
        one, two = (mk.normal_quantiles(result, residual, draws=300) for _ in range(2))
        assert one.band_low.tolist() == two.band_low.tolist()
        other = mk.normal_quantiles(result, residual, draws=300, rng=np.random.default_rng(1))
        assert one.band_low.tolist() != other.band_low.tolist()
        assert (one.band_low <= one.low).all()
        assert (one.high <= one.band_high).all()
    assert list(one.to_frame()) == ["study", "theoretical", "observed", "low", "high", "band_low", "band_high"]


def test_deleted_fits_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    result = mk.pool(Y, V)
    whole = mk.normal_quantiles(result, "rstudent", draws=150)
    monkeypatch.setattr("metaket.diagnostics.normal_quantiles.CELLS", 36 * 7)
    assert mk.normal_quantiles(result, "rstudent", draws=150).low == pytest.approx(whole.low, rel=1e-9)


def test_what_is_refused() -> None:
    with pytest.raises(NotComputableError, match="a normal quantile plot needs at least 3 studies, there are 2"):
        mk.normal_quantiles(mk.pool(Y[:2], V[:2]))
    with pytest.raises(InputError, match=r"unknown residual 'rstudnt'.* Did you mean rstudent"):
        mk.normal_quantiles(mk.pool(Y, V), "rstudnt")
    with pytest.raises(InputError, match="draws must be at least 100, got 10"):
        mk.normal_quantiles(mk.pool(Y, V), draws=10)
    with pytest.raises(InputError, match="offered for the models random, common, not 'mh'"):
        mk.normal_quantiles(counts_result(model="mh"))
    with pytest.raises(NotComputableError, match="Study 4 has no rstandard: the model needs that study"):
        mk.normal_quantiles(mk.pool(Y, V, moderators=[0, 0, 0, 1, 0, 0]))
