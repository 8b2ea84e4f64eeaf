"""One model for all the times: multivariate random effects, with the same trials measured again and again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, check_level
from metaket._distributions import critical, two_sided_p
from metaket.errors import NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.measures.registry import Scale
from metaket.pooling.correlated import CorrelatedResult, pool_correlated
from metaket.pooling.multivariate import indicator
from metaket.pooling.robust import carried_by_one
from metaket.timecourse.correlation import Repeated, correlation_matrix
from metaket.timecourse.separate import time_label

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["JointFit", "TimeTest", "fit_joint"]

FEW_DF = 4.0  # Tipton (2015) Psychol Methods 20:375-393: CR2 intervals hold their level from about 4 degrees of freedom
FEW_TRIALS = 5  # fewer trials than this tell next to nothing about how trials differ
NO_SPREAD = 1e-8  # tau2 as a share of the typical sampling variance that counts as none
CORRELATED = ("CS", "HCS", "AR", "HAR", "CAR", "UN")  # structures with a correlation between times
OWN_VARIANCES = ("DIAG", "HCS", "HAR", "UN")  # structures with a variance for each time


class TimeTest(NamedTuple):
    """A test about the times.

    Attributes
    ----------
    question : str
    statistic : float
        Chi-square; F with cluster-robust variances.
    df : int
    df_residual : float
        Infinite for chi-square.
    p_value : float
    slope : float or None
        For the trend: change of the effect (analysis scale) per doubling of time.
    """

    question: str
    statistic: float
    df: int
    df_residual: float
    p_value: float
    slope: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class JointFit:
    """A joint model over q times with its question.

    Attributes
    ----------
    effects : EffectSizes
        n effects of all times.
    times : ndarray, shape (n,)
        Hours of each effect.
    repeated : Repeated
        What is assumed of effects of one study at different times.
    structure, method : str
    model : CorrelatedResult
        One coefficient a time, model-based.
    robust : CorrelatedResult or None
        The same coefficients with CR2 standard errors and Satterthwaite degrees of freedom.
    robust_gap : str
        Why there are none.
    """

    effects: EffectSizes
    times: Array
    repeated: Repeated
    structure: str
    method: str
    model: CorrelatedResult
    robust: CorrelatedResult | None
    robust_gap: str

    @property
    def levels(self) -> tuple[float, ...]:
        """The times of the coefficients, in hours."""
        return tuple(float(t) for t in np.unique(self.times))

    @property
    def studies(self) -> tuple[tuple[str, ...], ...]:
        """The studies present at each time."""
        names = np.array(self.effects.study, dtype=object)
        return tuple(tuple(names[self.times == t]) for t in self.levels)

    @property
    def scale(self) -> Scale:
        """How effects are shown to people."""
        return self.effects.scale

    @property
    def without_spread(self) -> bool:
        """Whether no between-study variance was found, so that the correlation between times means nothing."""
        return bool(np.all(self.tau2 <= NO_SPREAD * float(np.mean(self.effects.v))))

    @property
    def trusted(self) -> npt.NDArray[np.bool_]:
        """Whether each time's cluster-robust interval has the degrees of freedom that it needs, shape (q,)."""
        if self.robust is None:
            return np.zeros(len(self.levels), dtype=bool)
        return np.asarray(self.robust.df >= FEW_DF)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What these data do not allow, in sentences; empty where nothing speaks against the model."""
        out = []
        times = [time_label(t) for t in self.levels]
        alone = [label for label, s in zip(times, self.studies, strict=True) if len(s) == 1]
        if alone:
            out.append(
                f"one trial only at {', '.join(alone)}: the effect there is that trial's, with what other times add"
            )
        trials = len(set(self.effects.study))
        if trials < FEW_TRIALS:
            out.append(f"{trials} trials in all: normal intervals are too narrow, tau2 is hardly known")
        repeats = sum(self.effects.study.count(s) > 1 for s in set(self.effects.study))
        if len(times) > 1 and repeats < FEW_TRIALS:
            verb = "trial gives" if repeats == 1 else "trials give"
            out.append(
                f"{repeats} {verb} more than one time: the change over time rests on that and on the assumed rho"
            )
        weak = [label for label, good in zip(times, self.trusted, strict=True) if not good]
        if self.robust is None:
            out.append(f"no cluster-robust intervals: {self.robust_gap}")
        elif weak:
            out.append(f"cluster-robust intervals at {', '.join(weak)} have under {FEW_DF:g} df: not to be trusted")
        return tuple(out)

    def equal(self, *, robust: bool = False) -> TimeTest:
        """Test that the effect is the same at all times: Wald on q - 1 contrasts.

        Raises `NotComputableError` with `robust` where there are no robust variances.
        """
        result = self._result(robust)
        statistic, df, p = result.contrast(np.eye(len(self.levels))[1:] - np.eye(len(self.levels))[:1])
        return TimeTest("the effect is the same at all times", statistic, df, float(result.df.min()), p)

    def _result(self, robust: bool) -> CorrelatedResult:
        if not robust:
            if len(self.levels) < 2:
                raise NotComputableError(f"there is one time only ({time_label(self.levels[0])}): no times to compare")
            return self.model
        if self.robust is None:
            raise NotComputableError(self.robust_gap)
        return self.robust

    def to_frame(self, level: float = 0.95, *, transform: bool = True) -> pd.DataFrame:
        """One row a time: k, the effect with the model's interval and the cluster-robust one, a new trial's interval.

        Parameters
        ----------
        level : float
        transform : bool
            Show effects on the scale that people read.
        """
        import pandas as pd

        back = self.scale.back if transform else np.asarray
        frame = pd.DataFrame({"time_h": self.levels, "k": [len(s) for s in self.studies]})
        frame["estimate"] = back(self.model.coef)
        frame["std_error"] = self.model.std_error
        frame["p_value"] = two_sided_p(self.model.coef / self.model.std_error, self.model.df)
        limits = back(self.model.ci(level))
        frame["ci_low"], frame["ci_high"] = limits[:, 0], limits[:, 1]
        if self.robust is not None:
            near = back(self.robust.ci(level))
            frame["robust_std_error"], frame["robust_df"] = self.robust.std_error, self.robust.df
            frame["robust_ci_low"], frame["robust_ci_high"] = near[:, 0], near[:, 1]
        frame["tau2"] = self.tau2
        low, high = self.prediction(level)
        frame["pi_low"], frame["pi_high"] = back(low), back(high)
        return frame

    @property
    def tau2(self) -> Array:
        """Between-study variance at each time, shape (q,)."""
        parts = self.model.parts
        if parts.structure is None:
            return np.zeros(len(self.levels))
        return np.asarray(np.diag(parts.structure.matrix(self.model.theta)).copy())

    def prediction(self, level: float = 0.95) -> tuple[Array, Array]:
        """Limits of the effect at each time in a new trial (normal), on the analysis scale."""
        half = critical(check_level(level), math.inf) * np.sqrt(self.model.std_error**2 + self.tau2)
        return self.model.coef - half, self.model.coef + half


def fit_joint(effects: EffectSizes, times: Array, repeated: Repeated, structure: str, method: str) -> JointFit:
    """Fit one coefficient a time.

    Raises
    ------
    NotComputableError
        The data cannot tell the structure's parameters; the message says which structure they can.
    """
    study = effects.study
    levels = np.unique(times)
    kind = structure if levels.size > 1 else "ID"
    _check_identified(study, times, kind)
    r = correlation_matrix(repeated, study, times)
    covariance = r * np.sqrt(np.outer(effects.v, effects.v))
    design = (times[:, None] == levels[None, :]).astype(np.float64)
    model, robust, gap = fit_means(effects, times, covariance, design, kind, method)
    return JointFit(effects, times, repeated, kind, method, model, robust, gap)


def fit_means(
    effects: EffectSizes, times: Array, covariance: Array, design: Array, structure: str, method: str
) -> tuple[CorrelatedResult, CorrelatedResult | None, str]:
    """The model with any means (n, p) over time, the same with CR2, and why there is no CR2."""

    def fit(robust: str) -> CorrelatedResult:
        return pool_correlated(
            effects, effects.study, covariance=covariance, moderators=design, intercept=False,
            inner=times.tolist(), structure=structure, method=method, robust=robust,
        )  # fmt: skip

    model = fit("")
    clusters = len(set(effects.study))
    if clusters <= design.shape[1]:
        return (
            model,
            None,
            f"they need more trials than coefficients, and there are {clusters} and {design.shape[1]}",
        )
    codes, labels = indicator(effects.study)
    alone = [labels[c] for c in carried_by_one(design, codes)]
    if alone:
        return (
            model,
            None,
            f"the model cannot be estimated without {' or '.join(alone)}, whose deviation they leave out",
        )
    return model, fit("CR2"), ""


def _check_identified(study: Sequence[str], times: Array, structure: str) -> None:
    """Whether the data say anything about each parameter of the structure."""
    levels = np.unique(times)
    if times.size == levels.size > 1:
        raise NotComputableError(
            f"{times.size} effects at {levels.size} times: no time has two trials to tell how trials differ; "
            "use model='separate'"
        )
    if structure in OWN_VARIANCES:
        for t in levels:
            if int((times == t).sum()) < 2:
                raise NotComputableError(
                    f"structure {structure} has a variance for each time, but {time_label(float(t))} has one trial; "
                    "use CS, AR or CAR, which share one"
                )
    if structure in CORRELATED:
        _check_shared(study, times, structure)


def _check_shared(study: Sequence[str], times: Array, structure: str) -> None:
    seen: dict[str, set[float]] = {}
    for name, t in zip(study, times, strict=True):
        seen.setdefault(name, set()).add(float(t))
    if not any(len(s) > 1 for s in seen.values()):
        raise NotComputableError(
            f"no trial gives two of the times, so that the correlation of structure {structure} cannot be estimated; "
            "use ID or DIAG"
        )
    if structure != "UN":
        return
    levels = sorted({t for s in seen.values() for t in s})
    for i, a in enumerate(levels):
        for b in levels[i + 1 :]:
            if sum({a, b} <= s for s in seen.values()) < 2:
                raise NotComputableError(
                    f"structure UN has a correlation for every two times, but fewer than two trials give both "
                    f"{time_label(a)} and {time_label(b)}; use CS, AR or CAR"
                )
