"""Search for outlying studies, by a stated rule, and the result without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array, check_choice, check_level
from metaket._distributions import critical, two_sided_p
from metaket._notebook import ShownAsText
from metaket.diagnostics._deletion import deletion
from metaket.diagnostics._refits import need_pooled, need_studies, need_weights, table_text
from metaket.diagnostics.residuals import residuals_of
from metaket.pooling.pool import pool_spec
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Outliers", "outliers"]

RULES = ("rstudent", "interval")
CORRECTIONS = {"holm": "holm", "bonferroni": "bonferroni", "hochberg": "simes-hochberg", "none": ""}


@dataclass(frozen=True, slots=True, eq=False)
class Outliers(ShownAsText):
    """Outlying studies.

    Attributes
    ----------
    result : PooledResult
    rule : str
        The rule in words.
    level : float
        Of the intervals, or 1 less the error rate of the test.
    study : tuple of str
    outlying : ndarray of bool, shape (k,)
    rstudent : ndarray or None, shape (k,)
        Externally studentised residuals; None by the rule "interval".
    p_value, p_adjusted : ndarray or None, shape (k,)
        Their two-sided p-values, and those corrected for looking at k studies; None by the rule "interval".
    without : PooledResult or None
        The result without the outlying studies (the same result where there are none); None where no study is left.
    notes : tuple of str
        One a study, empty unless it could not be judged.
    """

    result: PooledResult
    rule: str
    level: float
    study: tuple[str, ...]
    outlying: npt.NDArray[np.bool_]
    rstudent: Array | None
    p_value: Array | None
    p_adjusted: Array | None
    without: PooledResult | None
    notes: tuple[str, ...]

    @property
    def found(self) -> tuple[str, ...]:
        """Names of the outlying studies."""
        return tuple(s for s, out in zip(self.study, self.outlying, strict=True) if out)

    def to_frame(self, *, transform: bool = False) -> pd.DataFrame:
        """One row a study: study, estimate, ci_low, ci_high, [rstudent, p_value, p_adjusted,] outlying, note."""
        import pandas as pd

        frame = self.result.effects.to_frame(self.level, transform=transform)[
            ["study", "estimate", "ci_low", "ci_high"]
        ]
        tested = {name: getattr(self, name) for name in ("rstudent", "p_value", "p_adjusted")}
        columns = {name: values for name, values in tested.items() if values is not None}
        extra = pd.DataFrame(columns | {"outlying": self.outlying, "note": list(self.notes)})
        return pd.concat([frame, extra], axis=1)

    def __str__(self) -> str:
        frame = self.to_frame(transform=True)
        shown = frame if any(self.notes) else frame.drop(columns="note")
        lines = [f"{self.result.effects.label}: outlying is {self.rule}", table_text(shown)]
        if not self.outlying.any():
            return "\n".join([*lines, "outlying: none"])
        lines.append(f"outlying: {', '.join(self.found)}")
        lines += [_line("with all", self.result, self.level)]
        lines += [
            "no study is left without them" if self.without is None else _line("without them", self.without, self.level)
        ]
        return "\n".join(lines)


def _line(name: str, r: PooledResult, level: float) -> str:
    low, high = (r.back(x) for x in r.ci(level))
    spread = f"tau2 {r.tau2:.4f}, I2 {r.i2:.1f} %"
    return f"{name}: {r.back(r.estimate):.4f} ({100 * level:g} % CI {low:.4f} to {high:.4f}), {spread}, k = {r.k}"


def outliers(
    result: PooledResult, rule: str = "rstudent", *, level: float = 0.95, correction: str = "holm"
) -> Outliers:
    r"""Look for outlying studies and pool the others.

    Parameters
    ----------
    result : PooledResult
        The rule "rstudent" needs the model random or common and at least 3 studies, 4 for a t-type test; "interval"
        takes every model and needs 2 studies.
    rule : {"rstudent", "interval"}
        "rstudent": the study's externally studentised residual is too large for the level. "interval": the study's own
        normal interval and that of the pooled effect have no point in common.
    level : float
        Confidence level: of the intervals, or 1 less the error rate of the test.
    correction : {"holm", "bonferroni", "hochberg", "none"}
        For looking at k studies; only "rstudent" uses it. With "none", 5 % of sound studies are found outlying.

    Returns
    -------
    Outliers

    Raises
    ------
    InputError
        An unknown rule, correction or level; a model that the rule does not take; ``tau2="GENQ"``.
    NotComputableError
        Too few studies.

    Notes
    -----
    A residual is compared with the normal distribution, or after a t-type test with t on the degrees of freedom of the
    fit without the study. One search is made; masked outliers need another on `without`. That a study is outlying is no
    reason to leave it out: the result without it is a sensitivity analysis.

    References
    ----------
    Viechtbauer & Cheung (2010) Res Synth Methods 1:112-125, sec. 3.1; Holm (1979) Scand J Stat 6:65-70; the rule
    "interval": Harrer, Cuijpers, Furukawa & Ebert (2021) Doing Meta-Analysis with R, sec. 5.4.1.

    Examples
    --------
    >>> import metaket as mk
    >>> y, v = [0.1, 0.2, 0.15, 0.05, 0.1, 2.5], [0.04, 0.05, 0.06, 0.04, 0.03, 0.05]
    >>> search = mk.outliers(mk.pool(y, v))
    >>> search.found, round(search.without.estimate, 3)
    (('Study 6',), 0.113)
    """
    need_pooled(result, "outliers")
    need_weights(result, "outliers")
    rule, correction = check_choice("rule", rule, RULES), check_choice("correction", correction, tuple(CORRECTIONS))
    check_level(level)
    if rule == "interval":
        need_studies(result.effects, 2, "a search for outliers")
        return _by_interval(result, level)
    need_studies(result.effects, 3 if result.spec.test == "z" else 4, "a search for outliers by rstudent")
    return _by_residual(result, level, correction)


def _by_interval(result: PooledResult, level: float) -> Outliers:
    effects, pooled = result.effects, result.ci(level)
    half = float(critical(level, np.inf)) * np.sqrt(effects.v)
    outlying = (effects.y + half < pooled.low) | (effects.y - half > pooled.high)
    rule = f"a study whose {100 * level:g} % interval does not touch the pooled one"
    notes = ("",) * effects.k
    return Outliers(result, rule, level, effects.study, outlying, None, None, None, _without(result, outlying), notes)


def _by_residual(result: PooledResult, level: float, correction: str) -> Outliers:
    found = deletion(result, "a search for outliers")
    rstudent = residuals_of(result, found).rstudent
    p_value = two_sided_p(rstudent, found.fits.df)
    adjusted = _adjusted(p_value, CORRECTIONS[correction])
    outlying = np.asarray(adjusted < 1.0 - level)
    how = "uncorrected" if correction == "none" else f"{correction.capitalize()}-corrected"
    rule = f"an externally studentised residual with a {how} p-value below {1 - level:.4g}"
    without = _without(result, outlying)
    names = result.effects.study
    return Outliers(result, rule, level, names, outlying, rstudent, p_value, adjusted, without, found.notes)


def _adjusted(p_value: Array, method: str) -> Array:
    """p-values corrected for their number; a missing one stays missing and does not count."""
    known = np.isfinite(p_value)
    if not method or not known.any():
        return p_value
    from statsmodels.stats.multitest import multipletests

    out = np.full(p_value.shape, np.nan)
    corrected: Any = multipletests(p_value[known], method=method)[1]
    out[known] = corrected
    return out


def _without(result: PooledResult, outlying: npt.NDArray[np.bool_]) -> PooledResult | None:
    """The others pooled; a t-type test needs two of them."""
    left = int((~outlying).sum())
    if left == result.k:
        return result
    return pool_spec(result.effects.take(~outlying), result.spec) if left > (result.spec.test != "z") else None
