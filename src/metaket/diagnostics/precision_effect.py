"""PET, PEESE and the conditional PET-PEESE: the effect at infinite precision as an adjusted estimate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from metaket._checks import check_choice, check_level
from metaket._distributions import critical, two_sided_p
from metaket.diagnostics._answers import Judged
from metaket.diagnostics._cautions import Question, effects_of, funnel_cautions, lines_of, need_spread, shown_p
from metaket.diagnostics.asymmetry import weighted_line
from metaket.errors import InputError
from metaket.measures.effect import EffectSizes
from metaket.pooling.result import Interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PrecisionEffect", "peese", "pet", "pet_peese"]


@dataclass(frozen=True, slots=True, eq=False)
class PrecisionEffect(Judged):
    """An effect at infinite precision.

    Attributes
    ----------
    method : {"PET", "PEESE", "PET-PEESE"}
    used : {"PET", "PEESE"}
        Which line the estimate comes from.
    effects : EffectSizes
    estimate, std_error : float
        The intercept, on the analysis scale.
    slope, slope_se : float
        On the standard error (PET) or on the variance (PEESE).
    df : float
        k - 2.
    pet_p : float
        Two-sided p-value of PET's intercept, which chooses in PET-PEESE.
    cautions : tuple of str
    """

    method: str
    used: str
    effects: EffectSizes
    estimate: float
    std_error: float
    slope: float
    slope_se: float
    df: float
    pet_p: float
    cautions: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of studies."""
        return self.effects.k

    @property
    def statistic(self) -> float:
        """Estimate over its standard error: t on k - 2."""
        return self.estimate / self.std_error

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no effect at infinite precision."""
        return float(two_sided_p(np.asarray(self.statistic), np.asarray(self.df)))

    def ci(self, level: float = 0.95) -> Interval:
        """Confidence interval on the analysis scale."""
        half = float(critical(check_level(level), self.df)) * self.std_error
        return Interval(self.estimate - half, self.estimate + half)

    def to_frame(self, level: float = 0.95, *, transform: bool = False) -> pd.DataFrame:
        """One row: method, used, estimate, std_error, statistic, df, p_value, ci_low, ci_high, slope, k, cautions."""
        import pandas as pd

        back = self.effects.scale.back if transform else float
        low, high = self.ci(level)
        row = {"method": self.method, "used": self.used, "estimate": float(back(self.estimate))}
        row |= {"std_error": self.std_error, "statistic": self.statistic, "df": self.df, "p_value": self.p_value}
        row |= {"ci_low": float(back(low)), "ci_high": float(back(high)), "slope": self.slope, "k": self.k}
        return pd.DataFrame([row | {"cautions": "; ".join(self.cautions)}])

    def __str__(self) -> str:
        low, high = self.ci()
        how = f" (the {self.used} line, since PET's p {shown_p(self.pet_p)})" if self.method == "PET-PEESE" else ""
        lines = [
            f"{self.method}{how}; k = {self.k}",
            f"effect at infinite precision {self.estimate:.4f} (SE {self.std_error:.4f}), "
            f"95 % CI {low:.4f} to {high:.4f}, p {shown_p(self.p_value)}",
        ]
        return "\n".join(lines + lines_of(self.cautions))


def pet(result: Question) -> PrecisionEffect:
    r"""Precision-effect test: the intercept of the regression on the standard error.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        At least 3 studies whose standard errors differ.

    Returns
    -------
    PrecisionEffect

    Raises
    ------
    NotComputableError
        Fewer than 3 studies, or equal standard errors.

    Notes
    -----
    Weighted regression :math:`y_i = \beta_0 + \beta_1 \mathrm{se}_i`, weights :math:`1/v_i`, free scale: Egger's line.

    References
    ----------
    Stanley & Doucouliagos (2014) Res Synth Methods 5:60-78, eq. 5.
    """
    return _fit(effects_of(result), "PET", "PET")


def peese(result: Question) -> PrecisionEffect:
    r"""Precision-effect estimate with standard error: the intercept of the regression on the variance.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        At least 3 studies whose standard errors differ.

    Returns
    -------
    PrecisionEffect

    Raises
    ------
    NotComputableError
        Fewer than 3 studies, or equal standard errors.

    Notes
    -----
    Weighted regression :math:`y_i = \beta_0 + \beta_1 v_i`, weights :math:`1/v_i`, free scale.

    References
    ----------
    Stanley & Doucouliagos (2014) Res Synth Methods 5:60-78, eq. 6.
    """
    return _fit(effects_of(result), "PEESE", "PEESE")


def pet_peese(result: Question, *, alpha: float = 0.05, alternative: str = "two.sided") -> PrecisionEffect:
    """The conditional estimator: PEESE where PET finds an effect, else PET.

    Parameters
    ----------
    result : PooledResult or EffectSizes
        At least 3 studies whose standard errors differ.
    alpha : float
        Level of PET's test, between 0 and 1.
    alternative : {"two.sided", "greater", "less"}
        Of PET's test. Papers differ (two-sided 0.05 and one-sided 0.05 or 0.10 are all in use): say which one you took.

    Returns
    -------
    PrecisionEffect
        With `used` saying which line it is.

    Raises
    ------
    NotComputableError
        Fewer than 3 studies, or equal standard errors.

    References
    ----------
    Stanley & Doucouliagos (2014) Res Synth Methods 5:60-78, section 4.
    """
    side = check_choice("alternative", alternative, ("two.sided", "greater", "less"))
    if not 0.0 < alpha < 1.0:
        raise InputError(f"alpha must lie between 0 and 1, got {alpha!r}")
    first = _fit(effects_of(result), "PET-PEESE", "PET")
    towards = first.statistic > 0 if side == "greater" else first.statistic < 0
    p = first.p_value if side == "two.sided" else (first.p_value / 2 if towards else 1 - first.p_value / 2)
    return _fit(first.effects, "PET-PEESE", "PEESE") if p < alpha else first


def _fit(effects: EffectSizes, method: str, used: str) -> PrecisionEffect:
    need_spread(effects, method, 3)
    pet_line = weighted_line(effects.y, np.sqrt(effects.v), 1.0 / effects.v)
    line = pet_line if used == "PET" else weighted_line(effects.y, effects.v, 1.0 / effects.v)
    pet_p = float(two_sided_p(np.asarray(pet_line.intercept / pet_line.intercept_se), np.asarray(pet_line.df)))
    fitted = (line.intercept, line.intercept_se, line.slope, line.slope_se, line.df)
    return PrecisionEffect(method, used, effects, *fitted, pet_p, funnel_cautions(effects))
