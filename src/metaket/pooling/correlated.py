"""`pool_correlated`: several effects a study in one model, with intervals for its variance components."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from metaket._checks import Array, check_choice, check_level, float_array
from metaket._distributions import critical, two_sided_p
from metaket._notebook import ShownAsText
from metaket._registry import unknown_choice
from metaket.errors import ConvergenceWarning, DataWarning, InputError, NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.components import reported, spelled, undefined_correlation
from metaket.pooling.correlated_inputs import checked_covariance, column_of, fixed_effects, random_effects
from metaket.pooling.design import Design
from metaket.pooling.multivariate import METHODS, Covariances, indicator
from metaket.pooling.profile import Maximum, profile_interval, profile_loglik
from metaket.pooling.result import Interval
from metaket.pooling.robust import ROBUST, carried_by_one, cluster_robust
from metaket.pooling.scoring import fit_components

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CorrelatedResult", "pool_correlated"]

SINGULAR = 1e-10  # least eigenvalue of the correlations of contrasts below which they are dependent


@dataclass(frozen=True, slots=True, eq=False)
class CorrelatedResult(ShownAsText):
    """A model of correlated effects with its question.

    Attributes
    ----------
    effects : EffectSizes
    covariance : ndarray, shape (n, n)
        Sampling covariance.
    design : Design
    parts : Covariances
    method : {"REML", "ML"}
    coef : ndarray, shape (p,)
    vcov : ndarray, shape (p, p)
        Of the model, or robust where `robust` names a kind.
    df : ndarray, shape (p,)
        Infinite for the normal test.
    components : mapping
        tau2, rho and sigma2 by name; a correlation of levels whose variance is 0 is undefined: NaN.
    loglik : float
    clusters : int
    robust : str
        Empty, or "CR0", "CR1", "CR2".
    converged : bool
    theta : ndarray
        Unconstrained parameters.
    """

    effects: EffectSizes
    covariance: Array
    design: Design
    parts: Covariances
    method: str
    coef: Array
    vcov: Array
    df: Array
    components: Mapping[str, float]
    loglik: float
    clusters: int
    robust: str
    converged: bool
    theta: Array

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.design.names

    @property
    def std_error(self) -> Array:
        """Standard errors, shape (p,)."""
        return np.sqrt(np.diag(self.vcov))

    def ci(self, level: float = 0.95) -> Array:
        """Limits of each coefficient, shape (p, 2)."""
        half = critical(check_level(level), self.df) * self.std_error
        return np.column_stack([self.coef - half, self.coef + half])

    def contrast(self, matrix: Any) -> tuple[float, int, float]:
        """Test that matrix @ coef is 0: statistic, its degrees of freedom, p.

        Chi-square; with robust variances F on the smallest of the coefficients' degrees of freedom.

        Raises
        ------
        InputError
            A wrong number of columns.
        NotComputableError
            Contrasts that depend on each other, or more of them than a robust covariance has directions.
        """
        c = np.atleast_2d(np.asarray(matrix, dtype=np.float64))
        if c.shape[1] != self.coef.size:
            raise InputError(f"a contrast needs {self.coef.size} columns, got {c.shape[1]}")
        b, covariance = c @ self.coef, c @ self.vcov @ c.T
        unit = np.sqrt(np.diag(covariance))
        if np.any(unit == 0.0) or np.linalg.eigvalsh(covariance / np.outer(unit, unit)).min() < SINGULAR:
            raise NotComputableError(
                f"the covariance of the {c.shape[0]} contrasts is singular"
                + (f": {self.robust} rests on {self.clusters} clusters" if self.robust else "; drop those that depend")
            )
        wald = float(b @ np.linalg.solve(covariance, b))
        m, df = c.shape[0], float(self.df.min())
        if math.isinf(df):
            return wald, m, float(special.chdtrc(m, wald))
        return wald / m, m, float(special.fdtrc(m, df, wald / m))

    def equal(self) -> tuple[float, int, float]:
        """Test that all coefficients are equal (all times alike): statistic, degrees of freedom, p."""
        p = self.coef.size
        return self.contrast(np.eye(p)[1:] - np.eye(p)[:1]) if p > 1 else (0.0, 0, 1.0)

    def component_ci(self, name: str, level: float = 0.95) -> Interval:
        """Profile-likelihood interval of a component of `components`: Hardy & Thompson (1996) Stat Med 15:619-629.

        Where the likelihood never drops enough it ends where the component does: a variance at 0 or infinity, a
        correlation at -1 (for CS and HCS -1 / (q - 1) on q levels, for CAR 0) or 1.

        Raises
        ------
        InputError
            The model has no such component.
        NotComputableError
            A correlation with a level whose variance is 0: the likelihood does not depend on it.
        """
        return profile_interval(self._maximum(), self._index(name), check_level(level))

    def component_profile(self, name: str, values: Any) -> Array:
        """Profile log-likelihood, the best with one component held, at each of `values` (m,): for a plot of it."""
        return profile_loglik(self._maximum(), self._index(name), float_array("values", values, ndim=1))

    def component(self, name: str) -> float:
        """One of `components`.

        Raises
        ------
        InputError
            The model has no such component.
        NotComputableError
            A correlation without a value; the message says why.
        """
        reason = undefined_correlation(self.parts, self.theta, self._index(name))
        if reason:
            raise NotComputableError(reason)
        return self.components[name]

    def _index(self, name: str) -> int:
        if name not in self.components:
            raise unknown_choice("component", name, tuple(self.components))
        return list(self.components).index(name)

    def _maximum(self) -> Maximum:
        return Maximum(
            tuple(self.components),
            self.effects.y,
            self.design.matrix,
            self.covariance,
            self.parts,
            self.method,
            self.theta,
            self.loglik,
        )

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """One row a coefficient: term, estimate, std_error, statistic, df, p_value, ci_low, ci_high."""
        import pandas as pd

        limits = self.ci(level)
        statistic = self.coef / self.std_error
        return pd.DataFrame(
            {
                "term": list(self.names),
                "estimate": self.coef,
                "std_error": self.std_error,
                "statistic": statistic,
                "df": self.df,
                "p_value": two_sided_p(statistic, self.df),
                "ci_low": limits[:, 0],
                "ci_high": limits[:, 1],
            }
        )

    def __str__(self) -> str:
        values = spelled(self.components, lambda value: f"{value:.4f}")
        head = f"{self.effects.k} effects of {self.clusters} studies, {self.method}"
        head += f", {self.robust} standard errors" if self.robust else ""
        table = self.to_frame().to_string(index=False, float_format=lambda x: f"{x:.4f}")
        end = f"{values or 'no random effects'}; log-likelihood {self.loglik:.4f}"
        return f"{head}\n{table}\n{end}" + ("" if self.converged else "; not converged")


def pool_correlated(
    effects: EffectSizes,
    cluster: str | Sequence[Any],
    *,
    covariance: Any = None,
    moderators: Any = None,
    intercept: bool = True,
    inner: str | Sequence[Any] | None = None,
    structure: str | None = None,
    nested: Sequence[str | Sequence[Any]] = (),
    method: str = "REML",
    robust: str = "",
) -> CorrelatedResult:
    r"""Pool effects of which several come from the same study.

    Parameters
    ----------
    effects : EffectSizes
        n effects.
    cluster : str or sequence of length n
        Study of each effect (or the column that says it); effects of different studies are independent.
    covariance : array_like, shape (n, n), optional
        Sampling covariance, see `sampling_covariance`; by default the variances alone.
    moderators, intercept
        As in `pool`. For one coefficient a time give the factor with ``intercept=False``.
    inner : str or sequence of length n, optional
        Level of the inner factor (time, outcome, arm) for `structure`.
    structure : str, optional
        CS, HCS, UN, ID, DIAG, AR, HAR or CAR over the levels of `inner`.
    nested : sequence of str or of sequences, optional
        Groupings with a random intercept each: ``("study", "effect_id")`` is the three-level model.
    method : {"REML", "ML"}
    robust : {"", "CR0", "CR1", "CR2"}
        Cluster-robust standard errors; CR2 with Satterthwaite degrees of freedom.

    Returns
    -------
    CorrelatedResult

    Raises
    ------
    InputError
        Lengths differ, an unknown structure, a covariance that is not symmetric or not positive definite; robust
        variances where a nested group or a sampling covariance joins several clusters.
    NotComputableError
        Robust variances with no more clusters than coefficients.

    Warns
    -----
    ConvergenceWarning
        The likelihood was not maximised to tolerance.
    DataWarning
        Robust variances of coefficients that one cluster carries alone: they leave out how far that cluster is off.

    Notes
    -----
    :math:`y = X\beta + Zu + e`, :math:`\mathrm{Var}(e) = V`; the likelihood is maximised over the components of
    :math:`\mathrm{Var}(Zu)`, whose correlations stay where it is a covariance matrix. Berkey et al.
    (1998) Stat Med 17:2537-2550; Konstantopoulos (2011) Res Synth Methods 2:61-76; Ishak et al. (2007) Clin Trials
    4:525-539.
    """
    method = check_choice("method", method, METHODS)
    groups, labels = indicator(column_of(effects, cluster, "cluster"))
    v = checked_covariance(effects, covariance)
    parts = random_effects(effects, groups, inner, structure, nested)
    if moderators is None and not intercept:
        raise InputError("a model without intercept needs moderators")
    design = fixed_effects(effects, moderators, intercept)
    found = fit_components(effects.y, design.matrix, v, parts, method)
    if not found.converged:
        warnings.warn(
            f"the {method} fit of {effects.k} correlated effects has not converged; try a simpler structure",
            ConvergenceWarning, stacklevel=2,
        )  # fmt: skip
    labelled = [g if isinstance(g, str) else str(i + 1) for i, g in enumerate(nested)]
    vcov, df = found.at.vcov, np.full(found.at.coef.size, math.inf)
    if robust:
        kind = check_choice("robust variance", robust, ROBUST)
        weight = np.asarray(np.linalg.inv(v + parts.total(found.theta)), dtype=np.float64)
        sandwich = cluster_robust(effects.y, design.matrix, weight, groups, kind)
        vcov, df, robust = sandwich.vcov, sandwich.df, kind
        _warn_of_lone_clusters(design, groups, labels)
    return CorrelatedResult(
        effects, v, design, parts, method, found.at.coef, vcov, df, reported(parts, found.theta, labelled),
        found.at.value, len(labels), robust, found.converged, found.theta,
    )  # fmt: skip


def _warn_of_lone_clusters(design: Design, groups: Any, labels: Sequence[str]) -> None:
    for c, carried in carried_by_one(design.matrix, groups).items():
        names = ", ".join(design.names[j] for j in carried)
        warnings.warn(
            f"without cluster {labels[c]!r} the model cannot estimate {names}: robust variances leave "
            "out how far that cluster is off; use the model's own",
            DataWarning, stacklevel=3,
        )  # fmt: skip
