"""Data at the ends of what doubles hold: the same answer, or a sentence; never a leaked warning or a wrong number."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.laws.strategies import METHODS, RTOL, Data, fit, gaps, meta_analyses

import metaket as mk
from metaket.errors import DataWarning, InputError, NotComputableError

TESTS = ("z", "t", "hksj", "hksj-adhoc")


@pytest.mark.filterwarnings("ignore:all effects are equal")
@given(data=meta_analyses(), power=st.integers(-480, 480), test=st.sampled_from(TESTS))
def test_any_scale(data: Data, power: int, test: str) -> None:
    """Effects times 2^power, from 1e-144 to 1e144: one by one and beside a fit of the usual size."""
    y, v = data
    s = 2.0**power
    for method in METHODS:
        plain, moved = fit(method, y, v, test=test), fit(method, y * s, v * s * s, test=test)
        assert moved.converged
        assert max(gaps(moved, plain, 0.0, s, ()).values()) <= RTOL, method
        if method != "GENQ":
            both = mk.pool_many(np.stack([y * s, y]), np.stack([v * s * s, v]), tau2=method, test=test)
            assert both.converged.all()
            for i, scale in enumerate((s, 1.0)):
                assert max(gaps(both, plain, 0.0, scale, i).values()) <= RTOL, method


@pytest.mark.parametrize(
    ("y", "v"),
    [
        ([1e160, 0.0, 1.0], [1.0, 1.0, 1.0]),
        ([1e60, 0.0, 1.0], [1.0, 1.0, 1.0]),
        ([0.1, 0.2, 0.3], [1e-301, 1e-301, 1e-301]),
        ([0.1, 0.2, 0.3], [1e301, 1e301, 1e301]),
        ([0.1, 0.2, 0.3], [1e-100, 1.0, 1.0]),
        ([1e200, 1e-200, 0.0], [1e-250, 1e250, 1.0]),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_out_of_range(method: str, y: list[float], v: list[float]) -> None:
    weights = [1.0, 1.0, 1.0] if method == "GENQ" else None
    with pytest.raises(NotComputableError, match="out of the range of double precision: both effects and standard"):
        mk.pool(y, v, tau2=method, weights=weights)
    if method != "GENQ":
        found = mk.pool_many([y, [0.1, 0.2, 0.3]], [v, [1.0, 1.0, 1.0]], tau2=method)
        assert found.converged.tolist() == [False, True]
        assert np.isnan(found.estimate[0])


def test_a_known_tau2_sets_the_scale_too() -> None:
    found = mk.pool([1e-100, 3e-100], [1e-200, 1e-200], tau2=1e-200)
    assert found.estimate == pytest.approx(2e-100, rel=1e-14)
    assert found.std_error == pytest.approx(1e-100, rel=1e-14)
    with pytest.raises(NotComputableError):
        mk.pool([1e-100, 3e-100], [1e-200, 1e-200], tau2=1.0)


def test_regression_far_out() -> None:
    y, v, x = np.array([0.1, 0.4, 0.2, 0.9]), np.array([0.1, 0.2, 0.1, 0.3]), np.array([1.0, 2.0, 3.0, 5.0])
    plain = mk.pool(y, v, moderators=x)
    far = mk.pool(y * 2.0**400, v * 2.0**800, moderators=x)
    np.testing.assert_allclose(far.coef / 2.0**400, plain.coef, rtol=1e-12)
    with pytest.raises(NotComputableError, match="out of the range"):
        mk.pool(y * 1e200, v, moderators=x)
    with pytest.raises(InputError, match=r"moderator 'x1' has values of the size of 5e\+200; give it in another unit"):
        mk.pool(y, v, moderators=x * 1e200)


@pytest.mark.parametrize("value", [0.3, 0.1, -1e-9, 0.0, 12345.678])
@pytest.mark.parametrize("k", [2, 3, 7, 40])
def test_equal_effects_under_hartung_knapp(value: float, k: int) -> None:
    """metafor's answer too: a standard error of 0 and no test; here with the reason."""
    y, v = np.full(k, value), np.linspace(0.1, 0.7, k)
    with pytest.warns(DataWarning, match="all effects are equal, so that Hartung and Knapp's standard error is 0"):
        found = mk.pool(y, v, test="hksj")
    assert (found.estimate, found.std_error, found.q) == (value, 0.0, 0.0)
    assert np.isnan([found.statistic, found.p_value]).all()
    assert "not defined" in str(found)
    many = mk.pool_many([y, y + np.arange(k)], v, test="hksj")
    assert many.converged.all()
    assert np.isnan(many.p_value).tolist() == [True, False]
    assert mk.pool(y, v, test="hksj-adhoc").std_error > 0


def test_equal_effects_in_diagnostics_have_a_note() -> None:
    result = mk.pool([0.3, 0.3, 0.3, 0.7], [0.1, 0.2, 0.3, 0.2], test="hksj")
    for found in (mk.leave_one_out(result), mk.cumulative(result)):
        frame = found.to_frame()
        rows = frame["std_error"] == 0
        assert rows.any()
        assert frame.loc[rows, "note"].eq("effects do not differ: standard error 0, p not defined").all()
        assert frame.loc[rows, "p_value"].isna().all()
