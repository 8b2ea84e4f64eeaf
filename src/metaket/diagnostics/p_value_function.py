"""The p-value of every possible true effect: the numbers of a drapery plot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, float_array
from metaket._distributions import two_sided_p
from metaket._notebook import ShownAsText
from metaket.diagnostics._refits import need_pooled, table_text
from metaket.errors import InputError
from metaket.pooling.inference import PREDICTION
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PValueFunction", "p_value_function"]

POINTS = 401
REACH = 4.0  # standard errors beyond the outermost estimate: two-sided p of 6e-5


@dataclass(frozen=True, slots=True, eq=False)
class PValueFunction(ShownAsText):
    """p-values over a grid of effects.

    Attributes
    ----------
    result : PooledResult
    grid : ndarray, shape (n,)
        Effects on the analysis scale, increasing.
    pooled : ndarray, shape (n,)
        Two-sided p-value of each, by the result's test.
    studies : ndarray, shape (k, n)
        The same for each study by itself, normal.
    prediction : ndarray or None, shape (n,)
        The same for the effect of a new study: the levels of prediction intervals; None where there is none.
    study : tuple of str
    """

    result: PooledResult
    grid: Array
    pooled: Array
    studies: Array
    prediction: Array | None
    study: tuple[str, ...]

    @property
    def surprisal(self) -> Array:
        """-log2 of the pooled p-value: bits of information against each effect, shape (n,)."""
        with np.errstate(divide="ignore"):
            return np.asarray(-np.log2(self.pooled))

    def to_frame(self, *, transform: bool = False) -> pd.DataFrame:
        """One row an effect: effect, pooled, prediction (where there is one), and a column a study."""
        import pandas as pd

        back: Any = self.result.effects.scale.back if transform else np.asarray
        columns = {"effect": back(self.grid), "pooled": self.pooled}
        if self.prediction is not None:
            columns["prediction"] = self.prediction
        each = pd.DataFrame(self.studies.T, columns=list(self.study))
        return pd.concat([pd.DataFrame(columns), each], axis=1)

    def __str__(self) -> str:
        rows = []
        for level in (0.5, 0.8, 0.9, 0.95, 0.99):
            low, high = (self.result.back(x) for x in self.result.ci(level))
            rows.append({"p": 1 - level, "from": low, "to": high})
        import pandas as pd

        head = f"{self.result.effects.label}: effects whose p-value is at least p, over {self.grid.size} effects"
        return f"{head}\n{table_text(pd.DataFrame(rows))}"


def p_value_function(result: PooledResult, grid: npt.ArrayLike | None = None) -> PValueFunction:
    r"""Two-sided p-value of every effect on a grid, for the pool, each study and a new study.

    Parameters
    ----------
    result : PooledResult
        Of any model.
    grid : array_like, shape (n,), optional
        Effects on the analysis scale (logarithms for ratios). Without it 401 points from the lowest estimate less 4
        standard errors of the pool (and at least the studies' estimates) to the highest plus 4, the null among them.

    Returns
    -------
    PValueFunction

    Raises
    ------
    InputError
        An empty grid, or one that is not finite.

    Notes
    -----
    :math:`p(\theta) = 2 F(-|\hat\mu - \theta| / \mathrm{se})` with F normal or t as the test has it: the effects with
    :math:`p(\theta) \geq \alpha` are the interval of level :math:`1 - \alpha`. For a new study the standard error is
    :math:`\sqrt{\hat\tau^2 + \mathrm{se}^2}` on k - 2 degrees of freedom.

    References
    ----------
    Rücker & Schwarzer (2021) Res Synth Methods 12:13-19; Infanger & Schmidt-Trucksäss (2019) Stat Med 38:4189-4197.

    Examples
    --------
    >>> import metaket as mk
    >>> curve = mk.p_value_function(mk.pool([0.1, 0.3, 0.5], [0.04, 0.05, 0.06]), [0.0, 0.3])
    >>> curve.pooled.round(3).tolist()
    [0.032, 0.832]
    """
    need_pooled(result, "p_value_function")
    theta = _default_grid(result) if grid is None else np.sort(float_array("grid", grid, ndim=1))
    if theta.size == 0 or not np.isfinite(theta).all():
        raise InputError("grid must hold finite effects on the analysis scale, at least one")
    y, se = result.effects.y, np.sqrt(result.effects.v)
    studies = two_sided_p((y[:, None] - theta) / se[:, None], np.array(np.inf))
    pooled = _p(result.estimate, result.std_error, result.df, theta)
    prediction = None
    if not result.prediction_gap():
        df, _ = PREDICTION["higgins"].func(result.std_error, result.k, 1, result.df)
        prediction = _p(result.estimate, math.hypot(math.sqrt(result.tau2), result.std_error), df, theta)
    return PValueFunction(result, theta, pooled, studies, prediction, result.effects.study)


def _p(centre: float, std_error: float, df: float, theta: Array) -> Array:
    return two_sided_p((centre - theta) / std_error, np.full(theta.shape, df))


def _default_grid(result: PooledResult) -> Array:
    y, reach = result.effects.y, REACH * result.std_error
    null = result.effects.scale.null
    ends = [*y, result.estimate - reach, result.estimate + reach, *([] if math.isnan(null) else [0.0])]
    return np.linspace(min(ends), max(ends), POINTS)
