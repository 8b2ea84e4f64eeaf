"""Correlation of the effects of one study at several times: stated, falling with the gap, or from raw data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from metaket._checks import Array, check_choice
from metaket.errors import InputError, NotComputableError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DECAYS", "Repeated", "correlation_matrix", "raw_correlations"]

DECAYS = ("none", "rank", "time")
CONTINUOUS, BINARY = ("MD", "SMD", "GEN"), ("RR", "OR", "RD")
RAW_COLUMNS = ("study", "patient", "arm", "time_h", "value")


@dataclass(frozen=True, slots=True)
class Repeated:
    """What is assumed of two effects of one study at different times.

    Attributes
    ----------
    rho : float
        Their correlation; with a decay, that of neighbouring times.
    decay : {"none", "rank", "time"}
        Constant; ``rho ** |rank - rank'|`` over the ordered times; ``rho ** (|t - t'| / unit_h)``.
    unit_h : float
        Hours that `rho` stands for where `decay` is "time": the smallest gap between two times.
    raw : mapping of study to (times, correlations)
        Studies whose correlations come from raw data instead.
    """

    rho: float
    decay: str
    unit_h: float
    raw: Mapping[str, tuple[tuple[float, ...], Array]]

    @classmethod
    def of(cls, rho: float, decay: str, times: Sequence[float], raw: Mapping[str, Any] | None = None) -> Repeated:
        """Check the choices against the times at hand."""
        decay = check_choice("decay", decay, DECAYS)
        if isinstance(rho, bool) or not isinstance(rho, int | float | np.number) or not -1.0 < rho < 1.0:
            raise InputError(f"rho must be a correlation between -1 and 1, got {rho!r}")
        if decay != "none" and rho < 0:
            raise InputError(f"rho is {rho:g}: a correlation that falls with the gap (decay={decay!r}) is not negative")
        gaps = np.diff(np.unique(np.asarray(times, dtype=np.float64)))
        return cls(float(rho), decay, float(gaps.min()) if gaps.size else 1.0, dict(raw or {}))

    @property
    def words(self) -> str:
        """For a footnote."""
        how = {
            "none": f"correlation {self.rho:g} between the times of one trial",
            "rank": f"correlation {self.rho:g} between neighbouring times of one trial, its powers beyond",
            "time": f"correlation {self.rho:g} of times {self.unit_h:g} h apart in one trial, falling with the gap",
        }[self.decay]
        return f"{how} (assumed)" + (f"; from raw data for {', '.join(self.raw)}" if self.raw else "")


def correlation_matrix(repeated: Repeated, study: Sequence[str], times: Array, rho: Any = None) -> Array:
    """Correlations of n effects, (..., n, n), for `rho` (...) in place of the stated one where it is given.

    Raises
    ------
    InputError
        The matrix is not positive definite: effects of one study would determine each other.
    """
    value = np.asarray(repeated.rho if rho is None else rho, dtype=np.float64)[..., None, None]
    levels = np.unique(times)
    rank = np.searchsorted(levels, times).astype(np.float64)
    at = {"none": None, "rank": rank, "time": times / repeated.unit_h}[repeated.decay]
    gaps = np.ones((times.size, times.size)) if at is None else np.abs(at[:, None] - at[None, :])
    names = np.array(study, dtype=object)
    same = names[:, None] == names[None, :]
    out = np.where(same, value**gaps if at is not None else value * gaps, 0.0)
    out[..., np.arange(times.size), np.arange(times.size)] = 1.0
    for name, (known, matrix) in repeated.raw.items():
        index = np.flatnonzero(names == name)
        place = [known.index(float(t)) for t in times[index] if float(t) in known]
        if len(place) < index.size:
            have = ", ".join(f"{t:g}" for t in known)
            raise InputError(f"raw data of {name} hold the times {have} h, but its effects have others, too")
        out[..., index[:, None], index[None, :]] = matrix[np.ix_(place, place)]
    if np.linalg.eigvalsh(out).min() <= 0:
        raise InputError("the correlations between times do not make a positive definite matrix; use a smaller rho")
    return np.asarray(out)


def raw_correlations(raw: Any, measure: str) -> dict[str, tuple[tuple[float, ...], Array]]:
    r"""Correlations of a study's effects over time, from the data of its patients.

    Parameters
    ----------
    raw : DataFrame or mapping of columns
        One row a patient and time: ``study``, ``patient``, ``arm`` (t or c), ``time_h``, ``value`` (a score, or 0/1 for
        an event). Patients may lack times.
    measure : str
        MD, SMD, GEN (scores); RR, OR, RD (events). For SMD the correlation is that of the raw difference.

    Returns
    -------
    dict of study to (times, ndarray of shape (q, q))

    Raises
    ------
    InputError
        A column is missing, an arm is neither t nor c, an event is neither 0 nor 1, a patient stands twice at a time.
    NotComputableError
        A study whose arms do not vary at some time.

    Notes
    -----
    With :math:`m` patients of an arm seen at both times of the :math:`n_s` and :math:`n_t` seen at each,
    :math:`\mathrm{Cov}(\bar x_s, \bar x_t) = m c_{st} / (n_s n_t)`; the arms' covariances add. For RR and OR the delta
    method divides by :math:`p_s p_t` or :math:`p_s (1 - p_s) p_t (1 - p_t)`. Trikalinos & Olkin (2012) Clin Trials
    9:610-620, section 2.
    """
    import pandas as pd

    if measure not in CONTINUOUS + BINARY:
        raise InputError(f"raw data serve the measures {', '.join(CONTINUOUS + BINARY)}, not {measure}")
    frame = pd.DataFrame(raw)
    for column in RAW_COLUMNS:
        if column not in frame.columns:
            raise InputError(f"raw data need the columns {', '.join(RAW_COLUMNS)}; {column} is missing")
    frame = frame.dropna(subset=["value"])
    _check_raw(frame, measure)
    return {str(study): _study_correlation(str(study), rows, measure) for study, rows in frame.groupby("study")}


def _check_raw(frame: pd.DataFrame, measure: str) -> None:
    arms = sorted(set(frame["arm"].astype(str)) - {"t", "c"})
    if arms:
        raise InputError(f"the column arm of the raw data holds {arms[0]!r}; it must be t or c")
    twice = frame.duplicated(["study", "patient", "arm", "time_h"])
    if twice.any():
        row = frame[twice].iloc[0]
        raise InputError(f"raw data: patient {row['patient']} of {row['study']} stands twice at {row['time_h']:g} h")
    if measure in BINARY and not frame["value"].isin([0, 1]).all():
        raise InputError(f"raw data for {measure} are events: the column value must hold 0 or 1")


def _study_correlation(study: str, rows: pd.DataFrame, measure: str) -> tuple[tuple[float, ...], Array]:
    times = tuple(sorted(float(t) for t in rows["time_h"].unique()))
    total = np.zeros((len(times), len(times)))
    for arm in ("t", "c"):
        mine = rows[rows["arm"].astype(str) == arm]
        table = mine.pivot(index="patient", columns="time_h", values="value").reindex(columns=list(times))
        total += _arm_covariance(table.to_numpy(dtype=np.float64), measure)
    sd = np.sqrt(np.diag(total))
    if not np.all(np.isfinite(total)) or np.any(sd <= 0):
        raise NotComputableError(
            f"raw data of {study}: an arm is empty or does not vary at some time, so that there is no correlation"
        )
    return times, np.asarray(total / np.outer(sd, sd))


def _arm_covariance(x: Array, measure: str) -> Array:
    """Covariance of an arm's means (log risks, log odds, risks) over time, from (patients, times) with NaN for gaps."""
    seen = np.isfinite(x).astype(np.float64)
    both = seen.T @ seen
    n = np.diag(both)
    filled = np.where(seen > 0, x, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = filled.sum(axis=0) / n
        sums = filled.T @ filled
        pair = (filled.T @ seen) / both  # mean at the row's time over those seen at both
        lost = 1.0 if measure in CONTINUOUS else 0.0
        c = (sums - both * pair * pair.T) / (both - lost)
        slope = {"RR": 1.0 / mean, "OR": 1.0 / (mean * (1.0 - mean))}.get(measure, np.ones_like(mean))
        out = np.where(both > lost, both * c, 0.0) / np.outer(n, n) * np.outer(slope, slope)
    return np.asarray(out)
