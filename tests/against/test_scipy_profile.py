"""Limits of variance components against scipy: other parameters, a likelihood written from its definition, BFGS.

At a limit twice the drop of the profile log-likelihood is the chi-square quantile; where a limit is an end of the range
the drop there is at most that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import metaket as mk
from metaket.errors import NotComputableError
from tests.against.test_metafor_correlated import fit, tables  # noqa: F401

ENOUGH = float(stats.chi2.ppf(0.95, 1))
DROP = (
    2e-5  # BFGS with slopes by differences, across the kink of a standard deviation at 0. Worst seen 1.4e-5, else 1e-7
)
SEEDS = 3  # starting points; twice as many with a nested variance, where there are more local maxima
LEVELS = 3

Matrix = Callable[[np.ndarray], tuple[np.ndarray, float]]  # raw parameters -> G, nested variance


@dataclass(frozen=True)
class Model:
    """A result's data, and the raw parameters of its G and nested variance."""

    result: mk.CorrelatedResult
    structure: str
    nested: bool

    @property
    def q(self) -> int:
        return int(self.result.parts.inner.max()) + 1

    def minus_loglik(self, g: np.ndarray, sigma2: float) -> float:
        r = self.result
        same = r.parts.outer[:, None] == r.parts.outer[None, :]
        total = r.covariance + same * (g[np.ix_(r.parts.inner, r.parts.inner)] + sigma2)
        x, y = r.design.matrix, r.effects.y
        solved = np.linalg.solve(total, np.column_stack([x, y]))
        gram = x.T @ solved[:, :-1]
        beta = np.linalg.solve(gram, x.T @ solved[:, -1])
        out = y.size * math.log(2 * math.pi) + np.linalg.slogdet(total)[1] + (y - x @ beta) @ solved[:, -1]
        if r.method == "REML":
            out += np.linalg.slogdet(gram)[1] - np.linalg.slogdet(x.T @ x)[1] - beta.size * math.log(2 * math.pi)
        return 0.5 * float(out)

    def profile(self, name: str, value: float) -> float:
        """The best log-likelihood with `name` held, from `SEEDS` starting points."""
        matrix, size = _unstructured(self, name, value) if self.structure == "UN" else _shared(self, name, value)
        spread = float(np.std(self.result.effects.y))
        best = self.minus_loglik(*matrix(np.empty(0))) if size == 0 else math.inf
        for seed in range(0 if size == 0 else 2 * SEEDS if self.nested else SEEDS):
            start = np.random.default_rng(seed).normal(0.0, spread, size)
            found = optimize.minimize(
                lambda p: self.minus_loglik(*matrix(p)), start, method="BFGS", options={"gtol": 1e-7}
            )
            best = min(best, float(found.fun))
        return -best


def _unstructured(model: Model, name: str, value: float) -> tuple[Matrix, int]:
    """G = U U' with free rows U, but for one of given length, or two at a given angle."""
    q, labels = model.q, [n[5:-1] for n in model.result.components if n.startswith("tau2")]
    rows = [labels.index(label) for label in name[name.index("[") + 1 : -1].split(",")] if "sigma2" not in name else []
    free = [i for i in range(q) if i not in rows]

    def matrix(p: np.ndarray) -> tuple[np.ndarray, float]:
        u = np.zeros((q, q))
        u[free] = p[: len(free) * q].reshape(len(free), q)
        rest = p[len(free) * q :]
        if len(rows) == 1:
            u[rows[0], 0] = math.sqrt(value)
        if len(rows) == 2:
            u[rows[0], 0] = abs(rest[0])
            u[rows[1], :2] = abs(rest[1]) * np.array([value, math.sqrt(1.0 - value**2)])
        sigma2 = value if "sigma2" in name else rest[-1] ** 2 if model.nested else 0.0
        return u @ u.T, sigma2

    held_nested = "sigma2" in name
    return matrix, len(free) * q + (2 if len(rows) == 2 else 0) + (model.nested and not held_nested)


def _shared(model: Model, name: str, value: float) -> tuple[Matrix, int]:
    """Absolute standard deviations; the one correlation by a sine over its range, whose ends it reaches."""
    q, names = model.q, list(model.result.components)
    low = {"CS": -1 / (q - 1), "HCS": -1 / (q - 1), "AR": -1.0, "HAR": -1.0, "CAR": 0.0}.get(model.structure, 0.0)
    lags = np.abs(np.subtract.outer(np.arange(q), np.arange(q)))

    def matrix(p: np.ndarray) -> tuple[np.ndarray, float]:
        at = dict(zip([n for n in names if n != name], p, strict=True))
        sd = [math.sqrt(value) if n == name else abs(at[n]) for n in names if n.startswith("tau2")]
        sigma2 = [value if n == name else at[n] ** 2 for n in names if n.startswith("sigma2")]
        rho = [
            value if n == name else low + (1 - low) * (1 + math.sin(4 * at[n])) / 2
            for n in names
            if n.startswith("rho")
        ]
        r = np.eye(q)
        if model.structure in ("CS", "HCS"):
            r = np.where(lags == 0, 1.0, rho[0])
        elif rho:
            r = rho[0] ** lags
        scale = np.array(sd if len(sd) > 1 else sd * q)
        return r * np.outer(scale, scale), sigma2[0] if sigma2 else 0.0

    return matrix, len(names) - 1


def check(model: Model, name: str) -> None:
    result = model.result
    low, high = result.component_ci(name)
    assert low <= result.components[name] + 1e-9
    assert high >= result.components[name] - 1e-9
    for limit, end in ((low, low in (0.0, -1.0) or name.startswith("rho")), (high, high == 1.0)):
        drop = 2.0 * (result.loglik - model.profile(name, limit))
        if end and drop < ENOUGH - DROP:
            assert limit in (0.0, -1.0, 1.0, -1.0 / (model.q - 1))  # the likelihood never drops enough on this side
            assert result.component_profile(name, [limit])[0] == pytest.approx(result.loglik - drop / 2, abs=DROP)
        else:
            assert drop == pytest.approx(ENOUGH, abs=DROP), (name, limit)


@pytest.fixture(scope="module")
def three(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:  # noqa: F811
    schools = tables["dat.konstantopoulos2011"]
    return schools[schools["school"] <= LEVELS].reset_index(drop=True)


def model_of(table: pd.DataFrame, structure: str, nested: bool, method: str) -> Model:
    result = mk.pool_correlated(
        mk.generic("y", "v", data=table), "district", inner="school", structure=structure,
        nested=("district",) if nested else (), method=method,
    )  # fmt: skip
    assert result.converged
    return Model(result, structure, nested)


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("structure", ["CS", "HCS", "UN", "ID", "DIAG", "AR", "HAR", "CAR"])
def test_every_structure(three: pd.DataFrame, structure: str, method: str) -> None:
    model = model_of(three, structure, False, method)
    for name in model.result.components:
        check(model, name)


@pytest.mark.slow
@pytest.mark.parametrize("structure", ["CS", "HCS", "UN", "ID", "DIAG", "AR", "HAR", "CAR"])
def test_every_structure_with_three_levels(three: pd.DataFrame, structure: str) -> None:
    model = model_of(three, structure, True, "REML")
    for name, value in model.result.components.items():
        if not math.isnan(value):
            check(model, name)


OTHERS = ("berkey1998", "ishak2007", "fine1993", "assink2016")
METHOD = {"CS": "REML", "HCS": "ML", "UN": "REML", "ID": "ML", "DIAG": "REML", "AR": "ML", "HAR": "REML", "CAR": "ML"}
CASES = [
    (name, s) for name in OTHERS for s in METHOD if (name, s) != ("ishak2007", "UN")
]  # that one: `test_four_times`


def other(table: pd.DataFrame, name: str, structure: str) -> mk.CorrelatedResult:
    """Each structure on another data set, with what that one has: times, two outcomes, or effects of one study."""
    table = table.dropna(subset=["y", "v"]).reset_index(drop=True)
    inner, rho = {"berkey1998": ("outcome", 0.4), "assink2016": ("esid", 0.5)}.get(name, ("time", 0.6))
    if inner == "outcome":
        table["outcome"] = table["outcome"].map({"PD": 1, "AL": 2})
    if inner == "esid":
        table = table[table["esid"] <= LEVELS]
    means = {} if inner == "esid" else {"moderators": inner, "intercept": False}
    covariance = mk.sampling_covariance(table["v"], table["study"], rho=rho)
    return mk.pool_correlated(
        mk.generic("y", "v", data=table), "study", covariance=covariance, inner=inner, structure=structure,
        method=METHOD[structure], **means,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "structure"), CASES)
def test_other_data(tables: dict[str, pd.DataFrame], name: str, structure: str) -> None:  # noqa: F811
    """The last component of each: its limits hold it, and the likelihood there has dropped by what it should have."""
    result = other(tables[f"dat.{name}"], name, structure)
    assert result.converged
    component, value = list(result.components.items())[-1]
    if math.isnan(value):
        with pytest.raises(NotComputableError, match=r"is 0|are 0"):
            result.component_ci(component)
        return
    low, high = result.component_ci(component)
    assert low <= value <= high
    for limit in (low, high):
        drop = 2.0 * (result.loglik - result.component_profile(component, [limit])[0])
        assert drop == pytest.approx(ENOUGH, abs=DROP) or (drop < ENOUGH and limit in (0.0, -1.0, 1.0, -0.5, -1 / 3))


@pytest.mark.slow
def test_four_times(tables: dict[str, pd.DataFrame]) -> None:  # noqa: F811
    """An upper limit at 1; at the lower one another correlation is at its end."""
    result = fit({"id": "ishak2007-UN", "method": "REML", "struct": "UN"}, tables)
    check(Model(result, "UN", False), "rho[1,4]")
