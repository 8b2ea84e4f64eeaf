"""The joint model over time against R's metafor (rma.mv) on dat.ishak2007 and dat.fine1993 (see parts/over_time.R)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk

REFERENCE = Path(__file__).parents[2] / "validation" / "metafor" / "reference" / "over_time.json"
RECORDS = {r["id"]: r for r in json.loads(REFERENCE.read_text(encoding="utf-8"))}
FITS = [r for r in RECORDS.values() if "curve" in r]
COEF = 1e-5  # rma.mv stops at a relative change of 1e-14 in the likelihood: some 1e-6 in a coefficient
ERROR = 1e-4  # a standard error follows a component, which is only as good as that likelihood
LOGLIK = 5e-6  # worst seen 1.3e-6, where a variance is 0 and a correlation 1
# validation/metafor/README.md, "Known divergences"
ANOTHER_OPTIMUM = {"fine1993-none-CS": "rho below -1/(q - 1)", "fine1993-none-HCS": "rho at -1, a lower likelihood"}


def joint(record: dict[str, Any]) -> mk.JointCourse:
    data = RECORDS["data-" + record["id"].split("-")[0]]
    rows = pd.DataFrame({name: data[name] for name in ("study", "time_h", "y", "v")})
    return mk.pool_over_time(
        rows, measure="GEN", model="joint", structure=record["struct"], rho=record["rho"], decay=record["decay"]
    )


@pytest.mark.parametrize("record", [r for r in FITS if r["curve"] == "none"], ids=lambda r: r["id"])
def test_means(record: dict[str, Any]) -> None:
    course = joint(record)
    ours = course.fit.model
    assert ours.converged
    assert ours.effects.k == record["k"]
    if record["id"] in ANOTHER_OPTIMUM:
        assert record["corr"][0] < -1 / 3  # such a G is not a covariance matrix
        return
    assert ours.loglik >= record["loglik"] - 1e-8  # never a worse optimum
    if ours.loglik > record["loglik"] + LOGLIK:
        pytest.fail(
            f"metafor stopped {ours.loglik - record['loglik']:.2g} below our likelihood: name it as a divergence"
        )
    assert ours.coef == pytest.approx(np.array(record["coef"]), rel=COEF, abs=COEF * max(record["std_error"]))
    assert ours.std_error == pytest.approx(np.array(record["std_error"]), rel=ERROR)
    assert course.equal().statistic == pytest.approx(record["equal"], rel=10 * ERROR)


@pytest.mark.parametrize("record", [r for r in FITS if r["curve"] != "none"], ids=lambda r: r["id"])
def test_curves(record: dict[str, Any]) -> None:
    """The spline basis is ours, R's is `splines::ns` with the same knots: the same curves, so the same predictions."""
    curve = joint(record).curve(record["curve"])
    assert curve.model.loglik >= record["loglik"] - 1e-8 or record["curve"] == "spline"  # REML depends on the basis
    frame = curve.at(record["at"])
    assert frame["estimate"].to_numpy() == pytest.approx(np.array(record["pred"]), rel=COEF, abs=COEF * 0.1)
    assert frame["std_error"].to_numpy() == pytest.approx(np.array(record["pred_se"]), rel=ERROR)


def test_the_grid() -> None:
    assert len(FITS) >= 38
    assert {r["struct"] for r in FITS} == {"CS", "HCS", "AR", "HAR", "CAR", "DIAG"}
    assert {r["decay"] for r in FITS} == {"none", "rank", "time"}
    assert {r["curve"] for r in FITS} == {"none", "linear", "log", "spline"}
