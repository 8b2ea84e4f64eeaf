"""What the diagnostics share: the question of a result asked again of many selections of its studies, in one call."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array
from metaket._distributions import two_sided_p
from metaket._notebook import ShownAsText
from metaket.errors import ConvergenceWarning, InputError, NotComputableError
from metaket.measures.registry import scale_of
from metaket.pooling.batch import BatchResult, pool_many
from metaket.pooling.pool import pool_spec
from metaket.pooling.regression import RegressionResult
from metaket.pooling.result import PooledResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Refits",
    "need_inverse_variance",
    "need_pooled",
    "need_studies",
    "need_weights",
    "refit",
    "table_text",
]

INVERSE_VARIANCE = ("random", "common")
ONE_STUDY = "one study: normal test"
EQUAL_EFFECTS = "effects do not differ: standard error 0, p not defined"
FORMATS: dict[str, Any] = {
    "i2": lambda x: "-" if x != x else f"{x:.1f}",
    "weight": lambda x: "-" if x != x else f"{x:.1f}",
    "p_value": lambda x: "-" if x != x else "<0.0001" if x < 1e-4 else f"{x:.4f}",
}
COLUMNS = ("estimate", "std_error", "statistic", "df", "p_value", "ci_low", "ci_high")
MORE = ("tau2", "q", "q_df", "q_p", "i2", "h2", "k")


def table_text(frame: pd.DataFrame) -> str:
    """A frame as aligned text: four decimals, one for percentages, small p-values as such, "-" for what is missing."""
    special = {name: show for name, show in FORMATS.items() if name in frame.columns}
    text = frame.to_string(index=False, float_format=lambda x: f"{x:.4f}", na_rep="-", formatters=special)
    return "\n".join(line.rstrip() for line in str(text).splitlines())


def need_studies(effects: Any, least: int, what: str) -> None:
    """Raise unless there are at least `least` studies."""
    if effects.k < least:
        there = "there is 1" if effects.k == 1 else f"there are {effects.k}"
        raise NotComputableError(f"{what} needs at least {least} studies, {there}")


def need_inverse_variance(result: PooledResult | RegressionResult, what: str) -> None:
    """Raise for a model that is not refitted from y and v alone, and for weights that the result does not hold."""
    if result.spec.model not in INVERSE_VARIANCE:
        have = ", ".join(INVERSE_VARIANCE)
        raise InputError(f"{what} is offered for the models {have}, not {result.spec.model!r}; pool again with one")
    need_weights(result, what)


def need_pooled(result: object, what: str) -> None:
    """Raise for a meta-regression (or anything else) where only a pooled result will do."""
    if not isinstance(result, PooledResult):
        raise InputError(f"{what} takes a PooledResult (from mk.pool without moderators), got {type(result).__name__}")


def need_fit(result: object, what: str) -> None:
    """Raise for anything but a pooled result or a meta-regression."""
    if not isinstance(result, PooledResult | RegressionResult):
        raise InputError(f"{what} takes a result of mk.pool, got {type(result).__name__}; pool the effects first")


def need_weights(result: PooledResult | RegressionResult, what: str) -> None:
    """Raise for GENQ, whose weights the result does not hold."""
    if result.spec.tau2 == "GENQ":
        raise InputError(f"{what} needs the weights of tau2='GENQ', which a result does not hold; use another")


@dataclass(frozen=True, slots=True, eq=False)
class Refits(ShownAsText):
    """A pooled result, pooled again for m selections of its studies.

    Attributes
    ----------
    result : PooledResult
        The one that is taken apart.
    include : ndarray, shape (m, k)
        1 where a study was in, 0 where not.
    study : tuple of str
        What each row is called.
    fits : BatchResult
        Arrays of shape (m,): estimate, std_error, statistic, df, p_value, tau2, q, q_df, q_p, i2, h2, k, converged.
    notes : tuple of str
        One a row: why a number is missing or how it came about; mostly empty.
    """

    result: PooledResult
    include: Array
    study: tuple[str, ...]
    fits: BatchResult
    notes: tuple[str, ...]

    @property
    def estimate(self) -> Array:
        """Pooled effects on the analysis scale, shape (m,)."""
        return self.fits.estimate

    @property
    def std_error(self) -> Array:
        """Their standard errors, shape (m,)."""
        return self.fits.std_error

    def ci(self, level: float = 0.95) -> tuple[Array, Array]:
        """Limits of each pooled effect, two arrays of shape (m,)."""
        return self.fits.ci(level)

    def changed(self, level: float = 0.95) -> tuple[str, ...]:
        """The rows whose interval says otherwise about "no effect" than that of the whole result.

        Empty for measures without such a value (proportions, means of one group).
        """
        if np.isnan(self.result.effects.scale.null):
            return ()
        low, high = self.ci(level)
        whole = 0.0 in self.result.ci(level)
        other = ((low <= 0) & (high >= 0)) != whole
        return tuple(s for s, o, x in zip(self.study, other, low, strict=True) if o and np.isfinite(x))

    def to_frame(self, level: float = 0.95, *, transform: bool = False) -> pd.DataFrame:
        """One row a selection: study, estimate, std_error, ..., ci_low, ci_high, tau2, q, ..., k, note.

        `transform` takes estimate and limits to the scale that people read.
        """
        import pandas as pd

        low, high = self.ci(level)
        values = {"ci_low": low, "ci_high": high}
        columns: dict[str, Any] = {n: values.get(n, getattr(self.fits, n, None)) for n in (*COLUMNS, *MORE)}
        if transform:
            for name in ("estimate", "ci_low", "ci_high"):
                columns[name] = self._back(columns[name])
        columns["k"] = np.asarray(columns["k"]).astype(int)
        return pd.DataFrame({"study": list(self.study), **columns, "note": list(self.notes)})

    def _back(self, values: Array) -> Array:
        """To the scale that people read, which for PFT and IRFT depends on the studies that are in."""
        scale, v = scale_of(self.result.effects.measure), self.result.effects.v
        with np.errstate(over="ignore"):
            if scale.size is None:
                return np.asarray(scale.back(values))
            rows = zip(values, self.include, strict=True)
            return np.array([float(scale.of_pool(v[n > 0]).back(x)) for x, n in rows])

    def _table(self, level: float) -> str:
        frame = self.to_frame(level, transform=True)
        shown = ["study", "k", "estimate", "ci_low", "ci_high", "p_value", "tau2", "i2"]
        return table_text(frame[[*shown, "note"] if any(self.notes) else shown])


def refit(result: PooledResult, include: Array, what: str) -> tuple[BatchResult, tuple[str, ...]]:
    """`result`'s question asked of each row of `include` (m, k), and a note a row.

    Inverse-variance models are one call of the engine; the others (counts) are pooled again row by row.
    """
    need_weights(result, what)
    spec, effects = result.spec, result.effects
    if spec.model not in INVERSE_VARIANCE:
        return _pool_again(result, include)
    fits = pool_many(effects.y, effects.v, include, model=spec.model, tau2=spec.tau2, test=spec.test, i2=spec.i2)
    return _single_studies(fits, include, effects.v), _notes(fits)


def _notes(fits: BatchResult) -> tuple[str, ...]:
    single = (fits.k == 1) & (fits.spec.test != "z")
    alike = fits.std_error == 0
    return tuple(
        ONE_STUDY if one else EQUAL_EFFECTS if same else "" if good else "tau2 did not converge"
        for one, same, good in zip(single, alike, fits.converged, strict=True)
    )


def _single_studies(fits: BatchResult, include: Array, v: Array) -> BatchResult:
    """A single study has its own interval: the normal one, as no t-type test is defined for it."""
    single = fits.k == 1
    if fits.spec.test == "z" or not single.any():
        return fits
    std_error = np.where(single, np.sqrt((include * v).max(axis=-1)), fits.std_error)
    df = np.where(single, np.inf, fits.df)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(std_error > 0, fits.estimate / std_error, np.nan)
    p_value = two_sided_p(statistic, df)
    return replace(fits, std_error=std_error, df=df, statistic=statistic, p_value=p_value)


def _pool_again(result: PooledResult, include: Array) -> tuple[BatchResult, tuple[str, ...]]:
    names = [f.name for f in fields(BatchResult) if f.name != "spec"]
    rows, notes = [], []
    for selected in include > 0:
        row, note = _pool_some(result, selected, names)
        rows.append(row)
        notes.append(note)
    columns: dict[str, Any] = {n: np.array([row[i] for row in rows]) for i, n in enumerate(names)}
    return BatchResult(**columns, spec=result.spec), tuple(notes)


def _pool_some(result: PooledResult, selected: Any, names: Sequence[str]) -> tuple[list[Any], str]:
    """One selection by `pool`; where it has no answer, NaN and the reason."""
    spec = result.spec
    single = selected.sum() == 1 and spec.test != "z"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found = pool_spec(result.effects.take(selected), replace(spec, test="z") if single else spec)
    except NotComputableError as error:
        gone = {"k": float(selected.sum()), "converged": False, "n_iter": 0, "q_df": float(selected.sum() - 1)}
        return [gone.get(name, np.nan) for name in names], str(error)
    note = ONE_STUDY if single else "" if found.converged else "tau2 did not converge"
    return [getattr(found, name) for name in names], note
