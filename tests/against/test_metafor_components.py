"""Profile-likelihood intervals of variances and correlations against metafor's confint of rma.mv."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

import metaket as mk
from tests.against.test_metafor_correlated import REFERENCE, fit, tables  # noqa: F401

# Both solve for the crossing; the maximum is known to about 1e-10 of the likelihood. Worst seen 2e-9, and 4e-8 for
# berkey1998, where metafor's optimiser is the looser one.
RTOL = 1e-7
RECORDS = {r["id"]: r for r in json.loads((REFERENCE / "components.json").read_text(encoding="utf-8"))}


def components(result: mk.CorrelatedResult) -> list[str]:
    """In metafor's order: variances, then correlations row by row."""
    variances = [name for name in result.components if not name.startswith("rho")]
    return variances + sorted(name for name in result.components if name.startswith("rho"))


@pytest.mark.parametrize("name", RECORDS)
def test_limits(name: str, tables: dict[str, pd.DataFrame]) -> None:  # noqa: F811
    record: dict[str, Any] = RECORDS[name]
    ours = fit(record, tables)
    assert ours.converged
    for component, theirs in zip(components(ours), record["limits"], strict=True):
        assert ours.component_ci(component) == pytest.approx((theirs["low"], theirs["high"]), rel=RTOL), component


def test_the_grid_does_not_shrink() -> None:
    assert len(RECORDS) >= 8
    assert sum(len(RECORDS[name]["limits"]) for name in RECORDS) >= 25


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_scale_and_the_unit_of_time(scale: float, tables: dict[str, pd.DataFrame]) -> None:  # noqa: F811
    """Effects times s: variances times s squared. Time in seconds: rho to the power of a second's share of the unit."""
    table = tables["dat.ishak2007"]
    day = 86_400.0

    def limits(s: float, unit: float) -> tuple[mk.Interval, mk.Interval]:
        effects = mk.generic(s * table["y"], s**2 * table["v"])
        options = {"inner": (unit * table["time"]).tolist(), "structure": "CAR", "moderators": table["time"].map(str)}
        options["moderators"] = pd.get_dummies(options["moderators"], dtype=float).to_numpy()
        found = mk.pool_correlated(effects, table["study"].tolist(), intercept=False, **options)
        return found.component_ci("tau2"), found.component_ci("rho")

    tau2, rho = limits(1.0, 1.0)
    moved, per_second = limits(scale, day)
    assert moved == pytest.approx([s * scale**2 for s in tau2], rel=1e-5)
    assert [r**day for r in per_second] == pytest.approx(rho, rel=1e-5)
