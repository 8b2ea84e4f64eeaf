"""Influence, residuals, Baujat's coordinates and BLUPs from their definitions; metafor's numbers stand in against/."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats
from tests.unit.diagnostics.data import V, Y, counts_result

import metaket as mk
from metaket.errors import InputError, NotComputableError

SAME = 1e-9  # matrices inverted in another way
X = np.array([1.0, 2.0, 4.0, 3.0, 7.0, 5.0])


def design(moderated: bool) -> np.ndarray:
    return np.column_stack([np.ones(6), X]) if moderated else np.ones((6, 1))


def fit(keep: Any, moderated: bool, **options: Any) -> tuple[np.ndarray, np.ndarray, float]:
    """Coefficients, covariance and tau2 of the chosen studies."""
    if moderated:
        r = mk.pool(Y[keep], V[keep], moderators=X[keep], **options)
        return r.coef, r.vcov, r.tau2
    p = mk.pool(Y[keep], V[keep], **options)
    return np.array([p.estimate]), np.array([[p.std_error**2]]), p.tau2


@pytest.mark.parametrize("moderated", [False, True])
@pytest.mark.parametrize("tau2", ["REML", "DL", 0.05])
def test_definitions(moderated: bool, tau2: str | float) -> None:
    every = np.arange(6)
    coef, vcov, whole = fit(every, moderated, tau2=tau2)
    x = design(moderated)
    w = np.diag(1 / (V + whole))
    hat = np.diag(x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w)
    result = mk.pool(Y, V, tau2=tau2, moderators=X) if moderated else mk.pool(Y, V, tau2=tau2)
    found, res = mk.influence(result), mk.residuals(result)
    points = mk.baujat(result)
    assert found.hat == pytest.approx(hat, rel=SAME)
    assert res.rstandard == pytest.approx((Y - x @ coef) / np.sqrt((V + whole) * (1 - hat)), rel=SAME)
    for i in every:
        b, c, t = fit(np.delete(every, i), moderated, tau2=tau2)
        moved, gap = coef - b, Y[i] - x[i] @ b
        spread = x[i] @ c @ x[i]
        at = np.linalg.inv(x.T @ np.diag(1 / (V + t)) @ x)
        assert res.rstudent[i] == pytest.approx(gap / np.sqrt(V[i] + t + spread), rel=SAME)
        assert found.dffits[i] == pytest.approx(x[i] @ moved / np.sqrt(hat[i] * (V[i] + t)), rel=SAME)
        assert found.cooks_distance[i] == pytest.approx(moved @ np.linalg.inv(vcov) @ moved, rel=1e-7)
        assert found.cov_ratio[i] == pytest.approx(np.linalg.det(c) / np.linalg.det(vcov), rel=SAME)
        assert found.dfbetas[i] == pytest.approx(moved / np.sqrt(np.diag(at)), rel=SAME)
        assert found.tau2_deleted[i] == pytest.approx(t, rel=SAME, abs=1e-12)
        assert points.influence[i] == pytest.approx((x[i] @ moved) ** 2 / spread, rel=1e-7)
    assert points.heterogeneity == pytest.approx((Y - x @ coef) ** 2 / (V + whole), rel=SAME)
    assert found.weight.sum() == pytest.approx(100)


def test_baujat_shares_add_to_q() -> None:
    result = mk.pool(Y, V, model="common")
    assert mk.baujat(result).heterogeneity.sum() == pytest.approx(result.q)


@pytest.mark.parametrize("p", [1, 2])
def test_flags(p: int) -> None:
    y = Y.copy()
    y[3] = 4.0
    result = mk.pool(y, V, tau2="DL", moderators=X) if p == 2 else mk.pool(y, V, tau2="DL")
    found = mk.influence(result)
    limits = found.thresholds
    assert limits["dffits"] == pytest.approx(3 * np.sqrt(p / (6 - p)))
    assert stats.chi2.cdf(limits["cooks_distance"], p) == pytest.approx(0.5)
    assert limits["hat"] == pytest.approx(3 * p / 6)
    for i, reason in enumerate(found.reasons):
        flags = {
            "DFFITS": abs(found.dffits[i]) > limits["dffits"],
            "Cook's distance": found.cooks_distance[i] > limits["cooks_distance"],
            "hat": found.hat[i] > limits["hat"],
            "DFBETAS": np.abs(found.dfbetas[i]).max() > 1,
        }
        assert reason == ", ".join(name for name, flag in flags.items() if flag)
    assert found.influential[3]
    assert "influential: Study 4" in str(found)
    frame = found.to_frame()
    assert frame["influential"].tolist() == found.influential.tolist()
    assert ("dfbetas" in frame) == (p == 1)
    assert ("dfbetas[x1]" in frame) == (p == 2)


def test_a_study_that_the_model_needs() -> None:
    """A dummy for one study: its own residual is 0 by construction, and there is no fit without it."""
    result = mk.pool(Y, V, moderators=[0, 0, 0, 1, 0, 0], test="hksj")
    found, res = mk.influence(result), mk.residuals(result)
    assert np.isnan([found.rstudent[3], found.dffits[3], res.rstandard[3]]).all()
    others = [0, 1, 2, 4, 5]
    assert (
        np.isfinite(found.to_frame().drop(columns=["study", "reason", "note"]).iloc[others].astype(float))
        .to_numpy()
        .all()
    )
    assert found.notes[3] == "the studies do not identify every coefficient"
    assert found.hat[3] == pytest.approx(1)
    assert "do not identify" in str(found)
    assert "do not identify" in str(res)
    assert "do not identify" in str(mk.baujat(result))


def test_shrinkage() -> None:
    result = mk.pool(Y, V, test="t")
    found = mk.blup(result)
    share = result.tau2 / (result.tau2 + V)
    assert found.estimate == pytest.approx(share * Y + (1 - share) * result.estimate)
    assert found.estimate - result.estimate == pytest.approx(found.random_effect)
    low, high = found.interval(0.9)
    half = stats.t.ppf(0.95, 5) * found.std_error
    assert (low, high) == (pytest.approx(found.estimate - half), pytest.approx(found.estimate + half))
    assert mk.blup(mk.pool(Y, V, model="common")).estimate == pytest.approx(mk.pool(Y, V, model="common").estimate)
    ratio = counts_result()
    assert mk.blup(ratio).to_frame(transform=True)["estimate"].to_numpy() == pytest.approx(
        np.exp(mk.blup(ratio).estimate)
    )
    assert "predicted effects" in str(found)


@pytest.mark.parametrize("ask", [mk.influence, mk.residuals, mk.baujat])
def test_what_is_refused(ask: Any) -> None:
    with pytest.raises(NotComputableError, match=r"needs at least 2 studies \(test 'z', 1 coefficient\), there is 1"):
        ask(mk.pool(Y[:1], V[:1]))
    with pytest.raises(
        NotComputableError, match=r"needs at least 3 studies \(test 'hksj', 1 coefficient\), there are 2"
    ):
        ask(mk.pool(Y[:2], V[:2], test="hksj"))
    with pytest.raises(NotComputableError, match=r"needs at least 3 studies \(test 'z', 2 coefficients\), there are 2"):
        ask(mk.pool(Y[:2], V[:2], moderators=[1, 2]))
    with pytest.raises(InputError, match="is offered for the models random, common, not 'mh'"):
        ask(counts_result(model="mh"))
    with pytest.raises(InputError, match="tau2='GENQ'"):
        ask(mk.pool(Y, V, tau2="GENQ", weights=np.ones(6)))


@pytest.mark.parametrize("ask", [mk.influence, mk.residuals, mk.baujat, mk.blup])
def test_two_studies_and_notebooks(ask: Any) -> None:
    found = ask(mk.pool(Y[:2], V[:2]))
    frame = found.to_frame()
    assert frame["study"].tolist() == ["Study 1", "Study 2"]
    assert np.isfinite(frame.select_dtypes("number")).to_numpy().all()
    assert found._repr_html_().startswith("<pre>")
