"""Correlated effects against R's metafor (rma.mv) and clubSandwich."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import metaket as mk

REFERENCE = Path(__file__).parents[2] / "validation" / "metafor" / "reference"
COEF = 1e-5  # rma.mv stops its optimiser at a relative change of 1e-14 in the likelihood, some 1e-6 in a component
COMPONENT = 3e-4  # worst seen 1e-4 (berkey1998, ML): a component moves a lot within the last 1e-9 of the likelihood
ERROR = 1e-4  # a standard error follows the component: worst seen 3e-5, where our likelihood is the higher one
ROBUST = 1e-4  # the sandwich squares what COMPONENT leaves in the weights
LOGLIK = 1e-8


def read(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


MODERATORS = {
    "konstantopoulos2011-nested-year": lambda table: (table[["year"]] - 1990).to_numpy(),
    "assink2016-nested-moderators": lambda table: table[["pubstatus", "year"]].to_numpy(),
}
RECORDS = {r["id"]: r for r in read("multivariate")}


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {d["id"]: pd.DataFrame(d["columns"]) for d in read("datasets")}


def fit(record: dict[str, Any], tables: dict[str, pd.DataFrame], robust: str = "") -> mk.CorrelatedResult:
    name, method = record["id"].split("-")[0], record["method"]
    table = tables[f"dat.{name}"]
    effects = mk.generic("y", "v", data=table)
    if name == "berkey1998":
        v = np.zeros((len(table), len(table)))
        for _, block in table.groupby("trial"):
            v[np.ix_(block.index, block.index)] = block[["v1i", "v2i"]].to_numpy()
        options = {"covariance": v, "moderators": "outcome", "intercept": False, "inner": "outcome", "structure": "UN"}
        return mk.pool_correlated(effects, "trial", method=method, robust=robust, **options)
    if name == "ishak2007":
        decay = None if "independent" in record["id"] else 0.97
        v = mk.sampling_covariance(effects.v, table["study"], times=table["time"], decay=decay)
        options = {"covariance": v, "moderators": "time", "intercept": False, "inner": "time", "method": method}
        return mk.pool_correlated(effects, "study", structure=record["struct"], robust=robust, **options)
    if record["struct"] == "UN":
        table = table[table["school"] <= 3]
        return mk.pool_correlated(
            mk.generic("y", "v", data=table), "district", inner="school", structure="UN", method=method, robust=robust
        )
    cluster, unit = ("district", "school") if name.startswith("kon") else ("study", "esid")
    both = [f"{a}/{b}" for a, b in zip(table[cluster], table[unit], strict=True)]
    if record["struct"] == "CS":
        return mk.pool_correlated(effects, cluster, inner=unit, structure="CS", robust=robust)
    options = {"moderators": MODERATORS[record["id"]](table)} if record["id"] in MODERATORS else {}
    return mk.pool_correlated(effects, cluster, nested=(cluster, both), method=method, robust=robust, **options)


@pytest.mark.parametrize("name", RECORDS)
def test_fit(name: str, tables: dict[str, pd.DataFrame]) -> None:
    record = RECORDS[name]
    ours = fit(record, tables)
    assert ours.converged
    assert ours.loglik >= record["loglik"] - LOGLIK
    assert ours.loglik == pytest.approx(record["loglik"], abs=1e-6)
    # berkey1998 lists the outcomes in another order
    order = np.argsort(ours.coef) if name.startswith("berkey") else np.arange(ours.coef.size)
    theirs = np.array(record["coef"])
    theirs = np.sort(theirs) if name.startswith("berkey") else theirs
    assert ours.coef[order] == pytest.approx(theirs, rel=COEF)
    assert np.sort(ours.std_error) == pytest.approx(np.sort(record["std_error"]), rel=ERROR)
    values = sorted(v for k, v in ours.components.items() if k.startswith(("tau2", "sigma2")))
    expected = record["tau2"] if record["struct"] else record["sigma2"]
    assert values == pytest.approx(sorted(expected), rel=COMPONENT)
    rho = [ours.components[k] for k in sorted(ours.components) if k.startswith("rho")]  # row by row, as metafor's
    if rho:
        assert rho == pytest.approx(record["rho"], rel=COMPONENT)


@pytest.mark.parametrize("name", [n for n in RECORDS if not n.startswith("berkey")])
def test_robust(name: str, tables: dict[str, pd.DataFrame]) -> None:
    record = RECORDS[name]
    small = fit(record, tables, "CR2")
    assert fit(record, tables, "CR0").vcov == pytest.approx(np.array(record["cr0"]["vcov"]), rel=ROBUST)
    assert fit(record, tables, "CR1").vcov == pytest.approx(np.array(record["cr1"]["vcov"]), rel=ROBUST)
    assert small.vcov == pytest.approx(np.array(record["cr2"]["vcov"]), rel=ROBUST)
    assert small.df == pytest.approx(np.array(record["cr2"]["df"]), rel=ROBUST)


def test_the_grid() -> None:
    assert len(RECORDS) >= 20
    assert {r["struct"] for r in RECORDS.values()} >= {"CS", "HCS", "UN", "ID", "DIAG", "AR", "HAR", "CAR", None}
