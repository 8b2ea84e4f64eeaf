"""One scoring step from a fit: its slopes are those of whole fits."""

from __future__ import annotations

import numpy as np
import pytest

import metaket as mk
from metaket.pooling.correlated import CorrelatedResult
from metaket.reproduction.sketch import one_step

SMALL = 1e-4  # a move of one effect by this share of its standard error
STEP = 2e-2  # of a slope: scoring uses the expected information, a whole fit the observed


@pytest.fixture(scope="module")
def rows() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    study = np.repeat(np.arange(30), 2)
    y = 0.4 + rng.normal(0, 0.3, 30)[study] + rng.normal(0, 0.25, 60)
    return {"study": study, "time": np.tile(["a", "b"], 30), "y": y, "v": rng.uniform(0.02, 0.09, 60)}


def fitted(rows: dict[str, np.ndarray], method: str, structure: str | None) -> CorrelatedResult:
    effects = mk.generic("y", "v", data=rows)
    inner = "time" if structure else None
    return mk.pool_correlated(
        effects, "study", inner=inner, structure=structure, nested=() if structure else ("study",), method=method
    )


@pytest.mark.parametrize(("method", "structure"), [("REML", "CS"), ("ML", "HCS"), ("REML", None)])
def test_slopes_of_the_mean(rows: dict[str, np.ndarray], method: str, structure: str | None) -> None:
    fit = fitted(rows, method, structure)
    for i in (0, 17, 42):
        move = SMALL * np.sqrt(rows["v"][i]) * np.eye(60)[i]
        moved = dict(rows, y=rows["y"] + move)
        whole = fitted(moved, method, structure).coef[0] - fit.coef[0]
        stepped = one_step(fit, mk.generic("y", "v", data=moved), np.diag(rows["v"])).coef[0] - fit.coef[0]
        assert stepped == pytest.approx(whole, rel=STEP)


def test_no_move_no_change(rows: dict[str, np.ndarray]) -> None:
    fit = fitted(rows, "REML", "HCS")
    same = one_step(fit, fit.effects, fit.covariance)
    assert same.coef == pytest.approx(fit.coef, rel=1e-7)  # the fit stops where a step is below this
    assert dict(same.components) == pytest.approx(dict(fit.components), rel=1e-5)


def test_a_variance_of_0_stays_where_its_slope_is_down(rows: dict[str, np.ndarray]) -> None:
    flat = dict(rows, y=np.full(60, 0.3))
    fit = fitted(flat, "ML", None)
    assert fit.components["sigma2[study]"] == 0.0
    assert one_step(fit, fit.effects, fit.covariance).components["sigma2[study]"] == 0.0
