"""`PooledResult`: one pooled result that holds its question and answers at any level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from metaket._checks import Array, check_level
from metaket._distributions import critical, two_sided_p
from metaket._notebook import ShownAsText, p_words
from metaket.errors import NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.engine import Problem
from metaket.pooling.heterogeneity import i2_h2_from_q, i2_h2_from_tau2, q_p_value
from metaket.pooling.inference import PREDICTION
from metaket.pooling.spec import WITHOUT_TAU2, PoolSpec
from metaket.pooling.tau2_interval import Tau2Question, tau2_limits

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Interval", "PooledResult"]


class Interval(NamedTuple):
    """Two limits."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """high - low."""
        return self.high - self.low

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True, eq=False)
class PooledResult(ShownAsText):
    """A pooled effect, with the effects and the options that it came from.

    Attributes
    ----------
    effects : EffectSizes
    spec : PoolSpec
    estimate, std_error : float
        On the analysis scale (log for ratios); `back` gives the scale that people read.
    df : float
        Degrees of freedom of the test, infinite for the normal one.
    tau2, se_tau2 : float
        Between-study variance; NaN as its standard error where tau2 was given or the model has none.
    q, q_df : float
        Cochran's Q and k - 1.
    typical_variance : float
        (k - 1) / tr P at tau2 = 0, the s2 of Higgins & Thompson (2002).
    weights : ndarray, shape (k,)
        Share of each study in percent.
    converged : bool
    n_iter : int
        Evaluations of an iterative estimator, 0 for a closed form.
    """

    effects: EffectSizes
    spec: PoolSpec
    estimate: float
    std_error: float
    df: float
    tau2: float
    se_tau2: float
    q: float
    q_df: float
    typical_variance: float
    weights: Array
    converged: bool
    n_iter: int

    def __post_init__(self) -> None:
        self.weights.setflags(write=False)

    @property
    def k(self) -> int:
        """Number of studies."""
        return self.effects.k

    @property
    def statistic(self) -> float:
        """Estimate over its standard error."""
        return self.estimate / self.std_error if self.std_error > 0 else math.nan

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no effect."""
        return float(two_sided_p(np.asarray(self.statistic), np.asarray(self.df)))

    @property
    def q_p(self) -> float:
        """p-value of homogeneity."""
        return float(q_p_value(np.asarray(self.q), np.asarray(self.q_df)))

    def _i2_h2(self, definition: str) -> tuple[float, float]:
        if definition == "Q":
            i2, h2 = i2_h2_from_q(np.asarray(self.q), np.asarray(self.q_df))
        else:
            i2, h2 = i2_h2_from_tau2(np.asarray(self.tau2), np.asarray(self.typical_variance))
        return float(i2), float(h2)

    @property
    def i2(self) -> float:
        """I2 in percent by the definition in `spec.i2`."""
        return self._i2_h2(self.spec.i2)[0]

    @property
    def h2(self) -> float:
        """H2 by the definition in `spec.i2`."""
        return self._i2_h2(self.spec.i2)[1]

    @property
    def i2_q(self) -> float:
        """I2 in percent from Q: max(0, (Q - df) / Q)."""
        return self._i2_h2("Q")[0]

    @property
    def i2_tau2(self) -> float:
        """I2 in percent from tau2: tau2 / (tau2 + s2)."""
        return self._i2_h2("tau2")[0]

    def ci(self, level: float = 0.95) -> Interval:
        """Confidence interval of the pooled effect, on the analysis scale."""
        half = float(critical(check_level(level), self.df)) * self.std_error
        return Interval(self.estimate - half, self.estimate + half)

    def prediction_interval(self, level: float = 0.95, method: str = "higgins") -> Interval | None:
        """Where the effect of a new study is expected, or None (see `prediction_gap` for the reason).

        estimate ± q sqrt(tau2 + se^2), with q by `method`: "higgins" (t on k - 2), "k-1", "hk" (t on k - 2 with the
        standard error of Hartung and Knapp, whatever the test), or "normal" (as metafor after a z test).
        """
        if self.prediction_gap(method):
            return None
        df, spread = self.predictive(method)
        half = float(critical(check_level(level), df)) * spread
        return Interval(self.estimate - half, self.estimate + half)

    def predictive(self, method: str = "higgins") -> tuple[float, float]:
        """Degrees of freedom and scale sqrt(tau2 + se^2) of the distribution of a new study's effect."""
        entry = PREDICTION[method]
        df, _ = entry.func(self.std_error, self.k, 1, self.df)
        error = self._hartung_knapp_error() if entry.code == "hk" else self.std_error
        return df, math.sqrt(self.tau2 + error**2)

    def _hartung_knapp_error(self) -> float:
        """sqrt(q / (k - 1)) times the standard error of the normal test. Hartung & Knapp (2001) Stat Med 20:3875."""
        if self.spec.test == "hksj":
            return self.std_error
        w = 1.0 / (self.effects.v + self.tau2)
        mean = (w @ self.effects.y) / w.sum()
        factor = float(w @ (self.effects.y - mean) ** 2) / (self.k - 1)
        return self.std_error * math.sqrt(min(1.0, factor) if self.spec.test == "hksj-adhoc" else factor)

    def prediction_gap(self, method: str = "higgins") -> str:
        """Why there is no prediction interval; empty if there is one."""
        if self.spec.model in WITHOUT_TAU2:
            return "a common-effect model has no spread of effects to predict from"
        entry = PREDICTION[method]
        df, _ = entry.func(self.std_error, self.k, 1, self.df)
        if self.k < 2 or df < 1:
            return f"needs at least {3 if entry.code in ('higgins', 'hk') else 2} studies, has {self.k}"
        if entry.code == "hk" and self.spec.model not in ("random", "random-mh"):
            return f"Hartung and Knapp's standard error needs an inverse-variance model, not {self.spec.model!r}"
        return ""

    def tau2_ci(self, level: float = 0.95, method: str = "QP", weights: Array | None = None) -> Interval:
        """Interval of tau2 by Q-profile ("QP"), exact generalised Q ("GENQ"), profile likelihood ("PL") or "Wald".

        `weights`, one a study, are those of the generalised Q; without them it is Cochran's, with 1 / v. Where the
        effects are more alike than even tau2 = 0 allows, QP and GENQ give (0, 0) with a DataWarning.
        """
        if self.k < 2:
            raise NotComputableError("an interval for tau2 needs at least 2 studies, there is 1")
        if self.spec.model not in ("random", "common", "random-mh"):
            raise NotComputableError(f"an interval for tau2 needs an inverse-variance model, not {self.spec.model!r}")
        pr = Problem.of(self.effects.y[None, :], self.effects.v[None, :])
        question = Tau2Question(pr, check_level(level), self.tau2, self.se_tau2, self.spec.tau2, weights)
        return Interval(*tau2_limits(question, method))

    def i2_ci(self, level: float = 0.95, method: str = "QP", weights: Array | None = None) -> Interval:
        """Interval of I2 (percent, from tau2): the limits of tau2, transformed."""
        limits = np.asarray(self.tau2_ci(level, method, weights))
        return Interval(*i2_h2_from_tau2(limits, np.asarray(self.typical_variance))[0].tolist())

    def h2_ci(self, level: float = 0.95, method: str = "QP", weights: Array | None = None) -> Interval:
        """Interval of H2 (from tau2): the limits of tau2, transformed."""
        limits = np.asarray(self.tau2_ci(level, method, weights))
        return Interval(*i2_h2_from_tau2(limits, np.asarray(self.typical_variance))[1].tolist())

    def back(self, value: float) -> float:
        """From the analysis scale to the one that people read (exp for log ratios)."""
        with np.errstate(over="ignore"):  # the exponential of a huge logarithm is infinite
            return float(self.effects.scale.back(value))

    def fields(self, level: float = 0.95, *, transform: bool = False) -> dict[str, Any]:
        """Everything of `to_frame` as a dict of plain numbers."""
        low, high = self.ci(level)
        prediction = self.prediction_interval(level)
        back = self.back if transform else float
        return {
            "estimate": back(self.estimate),
            "std_error": self.std_error,
            "statistic": self.statistic,
            "df": self.df,
            "p_value": self.p_value,
            "ci_low": back(low),
            "ci_high": back(high),
            "pi_low": None if prediction is None else back(prediction.low),
            "pi_high": None if prediction is None else back(prediction.high),
            "tau2": self.tau2,
            "se_tau2": self.se_tau2,
            "q": self.q,
            "q_df": self.q_df,
            "q_p": self.q_p,
            "i2": self.i2,
            "h2": self.h2,
            "k": self.k,
        }

    def to_frame(self, level: float = 0.95, *, transform: bool = False) -> pd.DataFrame:
        """One row: estimate, std_error, statistic, df, p_value, ci_low, ci_high, pi_low, pi_high, tau2, ..., k."""
        import pandas as pd

        return pd.DataFrame([self.fields(level, transform=transform)])

    def summary(self, level: float = 0.95) -> str:
        """The result in words, at any level."""
        return "\n".join(self._lines(check_level(level)))

    def _lines(self, level: float) -> list[str]:
        low, high = self.ci(level)
        percent = f"{100 * level:g} %"
        shown = f"{self.estimate:.4f} (SE {self.std_error:.4f}), {percent} CI {low:.4f} to {high:.4f}"
        lines = [
            f"{self.effects.label}: {self.spec.describe()}; k = {self.k}",
            f"estimate  {shown}, {p_words(self.p_value)}",
        ]
        if self.effects.scale.name not in ("difference", "level"):
            back = [self.back(x) for x in (self.estimate, low, high)]
            lines.append(f"{self.effects.shown_label:9s} {back[0]:.4f}, {percent} CI {back[1]:.4f} to {back[2]:.4f}")
        if self.k > 1:
            spread = "" if self.spec.model in WITHOUT_TAU2 else f"tau2 {self.tau2:.4f}, "
            lines.append(
                f"{spread}I2 {self.i2:.1f} % (from {self.spec.i2}), H2 {self.h2:.2f}, "
                f"Q {self.q:.3f} on {self.q_df:g} df, {p_words(self.q_p)}"
            )
        prediction = self.prediction_interval(level)
        gap = self.prediction_gap()
        lines.append(f"prediction interval: none, {gap}" if prediction is None else self._predicted(*prediction))
        lines += [f"left out: {d.study} ({d.reason})" for d in self.effects.dropped]
        if not self.converged:
            lines.append("WARNING: the estimator of tau2 did not converge")
        return lines

    def _predicted(self, low: float, high: float) -> str:
        """The prediction interval on both scales."""
        text = f"prediction interval {low:.4f} to {high:.4f}"
        if self.effects.scale.name in ("difference", "level"):
            return text
        return f"{text}, {self.effects.shown_label} {self.back(low):.4f} to {self.back(high):.4f}"

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<PooledResult {self.effects.measure} {self.estimate:.4g} (SE {self.std_error:.3g}), k = {self.k}>"
