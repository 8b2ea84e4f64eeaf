"""What a selection model found."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array, float_array
from metaket.diagnostics._answers import Judged, Normal
from metaket.diagnostics._cautions import lines_of, shown_p
from metaket.diagnostics.selection import interval_of, p_values
from metaket.diagnostics.selection_weights import STEP, label_of, log_weight
from metaket.measures.effect import EffectSizes
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SelectionModel"]


@dataclass(frozen=True, slots=True, eq=False)
class SelectionModel(Judged, Normal):
    """A selection model's fit.

    Attributes
    ----------
    effects : EffectSizes
    type : str
        Code of the weight function.
    alternative : {"greater", "less", "two.sided"}
        Towards which effects p is small.
    steps : tuple of float
        Upper ends of the intervals of p (step function), or the threshold up to which the weight is 1.
    estimate, std_error : float
        The mean effect before selection, on the analysis scale.
    tau2, se_tau2 : float
        NaN as its standard error where tau2 is 0 or has none.
    delta, se_delta : tuple of float
        Parameters of the weight function; a weight that is given or fixed at 1, or stands at a bound, has no standard
        error (NaN).
    given : bool
        Whether the weights were given, not estimated.
    precision : {"", "sei", "vi"}
    log_likelihood : float
    unselected : PooledResult
        The same model by maximum likelihood without selection.
    lrt, lrt_df, lrt_p : float
        Likelihood-ratio test against it; NaN where the weights are given.
    converged : bool
    n_iter : int
    cautions : tuple of str
    """

    effects: EffectSizes
    type: str
    alternative: str
    steps: tuple[float, ...]
    estimate: float
    std_error: float
    tau2: float
    se_tau2: float
    delta: tuple[float, ...]
    se_delta: tuple[float, ...]
    given: bool
    precision: str
    log_likelihood: float
    unselected: PooledResult
    lrt: float
    lrt_df: int
    lrt_p: float
    converged: bool
    n_iter: int
    cautions: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of studies."""
        return self.effects.k

    def weight(self, p: Any, imprecision: float = 1.0) -> Array:
        """Relative chance of publication at p-values `p` in (0, 1); what a figure of the weight function shows."""
        at = float_array("p", p)
        if self.type == STEP:
            return np.asarray(np.array(self.delta)[interval_of(at, np.array(self.steps))])
        threshold = self.steps[0] if self.steps else 0.0
        return np.asarray(np.exp(log_weight(self.type, at, self.delta, imprecision, threshold)))

    def to_frame(self, level: float = 0.95, *, transform: bool = False) -> pd.DataFrame:
        """Two rows, unselected and selected: what, estimate, std_error, ci_low, ci_high, tau2, log-likelihood test."""
        import pandas as pd

        back = self.effects.scale.back if transform else float
        base = self.unselected
        rows = [
            {"what": what, "estimate": float(back(estimate)), "std_error": se, "ci_low": float(back(low)),
             "ci_high": float(back(high)), "tau2": tau2}
            for what, estimate, se, (low, high), tau2 in (
                ("unselected (ML)", base.estimate, base.std_error, base.ci(level), base.tau2),
                (self.type, self.estimate, self.std_error, self.ci(level), self.tau2),
            )
        ]  # fmt: skip
        frame = pd.DataFrame(rows)
        return frame.assign(k=self.k, lrt=[math.nan, self.lrt], lrt_df=[0, self.lrt_df], lrt_p=[math.nan, self.lrt_p])

    def weights_frame(self) -> pd.DataFrame:
        """One row a parameter of the weight function: interval (step function), estimate, std_error, studies."""
        import pandas as pd

        frame = pd.DataFrame({"estimate": self.delta, "std_error": self.se_delta})
        if self.type != STEP:
            return frame
        ends = (0.0, *self.steps)
        p = p_values(*self._turned(), self.alternative == "two.sided")
        counts = np.bincount(interval_of(p, np.array(self.steps)), minlength=len(self.steps))
        named = [f"({a:g}, {b:g}]" for a, b in itertools.pairwise(ends)]
        return frame.assign(interval=named, studies=counts)

    def _turned(self) -> tuple[Array, Array]:
        return (-self.effects.y if self.alternative == "less" else self.effects.y), self.effects.v

    def __str__(self) -> str:
        low, high = self.ci()
        base = self.unselected
        lines = [
            f"selection model, {label_of(self.type)} ({self.alternative}); k = {self.k}",
            f"unselected {base.estimate:.4f} (SE {base.std_error:.4f}), tau2 {base.tau2:.4f}",
            f"selected   {self.estimate:.4f} (SE {self.std_error:.4f}), 95 % CI {low:.4f} to {high:.4f}, "
            f"p {shown_p(self.p_value)}, tau2 {self.tau2:.4f}",
            self.weights_frame().to_string(index=False, na_rep="fixed", float_format=lambda x: f"{x:.4f}"),
        ]
        if not self.given:
            lines.append(f"selection: chi-square {self.lrt:.3f} on {self.lrt_df} df, p {shown_p(self.lrt_p)}")
        if not self.converged:
            lines.append("WARNING: the fit did not converge")
        return "\n".join(lines + lines_of(self.cautions))
