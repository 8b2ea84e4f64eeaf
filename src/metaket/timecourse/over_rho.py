"""How much the joint model depends on the correlation that had to be assumed: the whole range of it as one batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import special

from metaket._checks import Array, check_level, float_array
from metaket._distributions import critical
from metaket.errors import InputError
from metaket.pooling.scoring import first_starts, fit_many
from metaket.timecourse.correlation import correlation_matrix
from metaket.timecourse.joint import JointFit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RhoBand", "over_rho"]

GRID = np.round(np.linspace(0.0, 0.95, 39), 3)


@dataclass(frozen=True, slots=True, eq=False)
class RhoBand:
    """The joint model at m assumed correlations.

    Attributes
    ----------
    fit : JointFit
        The model at the stated correlation.
    rho : ndarray, shape (m,)
    coef : ndarray, shape (m, q)
        Effect at each time, analysis scale.
    std_error : ndarray, shape (m, q)
        Model-based.
    tau2 : ndarray, shape (m, q)
        Between-study variance at each time.
    equal_p : ndarray, shape (m,)
        p-value of the test that all times have the same effect; NaN for one time.
    converged : ndarray of bool, shape (m,)
    """

    fit: JointFit
    rho: Array
    coef: Array
    std_error: Array
    tau2: Array
    equal_p: Array
    converged: npt.NDArray[np.bool_]

    def to_frame(self, level: float = 0.95, *, transform: bool = True) -> pd.DataFrame:
        """One row a correlation and time."""
        import pandas as pd

        back = self.fit.scale.back if transform else np.asarray
        half = critical(check_level(level), np.inf) * self.std_error
        m, q = self.coef.shape
        return pd.DataFrame(
            {
                "rho": np.repeat(self.rho, q),
                "time_h": np.tile(self.fit.levels, m),
                "estimate": back(self.coef).ravel(),
                "ci_low": back(self.coef - half).ravel(),
                "ci_high": back(self.coef + half).ravel(),
                "tau2": self.tau2.ravel(),
                "equal_p": np.repeat(self.equal_p, q),
                "converged": np.repeat(self.converged, q),
            }
        )

    def reach(self, level: float = 0.95, *, transform: bool = True) -> pd.DataFrame:
        """One row a time: smallest and largest estimate and limits over all the correlations."""
        frame = self.to_frame(level, transform=transform)
        grouped = frame.groupby("time_h", sort=True)
        out = grouped["estimate"].agg(estimate_low="min", estimate_high="max")
        out["ci_low"], out["ci_high"] = grouped["ci_low"].min(), grouped["ci_high"].max()
        return out.reset_index()


def over_rho(fit: JointFit, rho: Any = None) -> RhoBand:
    """Fit the joint model at every correlation of a grid, all in one batch.

    Parameters
    ----------
    fit : JointFit
    rho : array_like, shape (m,), optional
        Correlations in (-1, 1), from 0 for a correlation that falls with the gap; by default 0 to 0.95 by 0.025.

    Raises
    ------
    InputError
        A correlation outside (-1, 1), or one at which the covariance is not positive definite.
    """
    grid = np.atleast_1d(GRID if rho is None else float_array("rho", rho))
    low = 0.0 if fit.repeated.decay != "none" else -1.0
    bad = grid[~((grid > -1.0) & (grid >= low) & (grid < 1.0))]
    if bad.size:
        raise InputError(f"rho must lie in {'[0' if low == 0 else '(-1'}, 1), got {bad[0]:g}")
    r = correlation_matrix(fit.repeated, fit.effects.study, fit.times, grid)
    v = r * np.sqrt(np.outer(fit.effects.v, fit.effects.v))
    parts, design = fit.model.parts, fit.model.design.matrix
    starts = np.vstack([fit.model.theta, first_starts(parts, fit.effects.y, v[0])])
    found = fit_many(fit.effects.y, design, v, parts, fit.method, starts)
    structure = parts.structure
    g = np.zeros((grid.size, *2 * (len(fit.levels),))) if structure is None else structure.matrix(found.theta)
    errors = np.sqrt(np.einsum("mpp->mp", found.at.vcov))
    return RhoBand(
        fit, grid, found.at.coef, errors, np.einsum("mpp->mp", g).copy(), _equal(found.at), np.asarray(found.converged)
    )


def _equal(at: Any) -> Array:
    q = at.coef.shape[-1]
    if q < 2:
        return np.full(at.coef.shape[0], np.nan)
    c = np.eye(q)[1:] - np.eye(q)[:1]
    b = at.coef @ c.T
    middle = c @ at.vcov @ c.T
    wald = np.einsum("mi,mi->m", b, np.linalg.solve(middle, b[..., None])[..., 0])
    return np.asarray(special.chdtrc(q - 1, wald))
