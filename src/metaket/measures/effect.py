"""`EffectSizes`: study effects with their variances, and the way they came about."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from metaket._checks import Array, check_effects, check_level
from metaket._distributions import critical
from metaket.errors import InputError
from metaket.measures.registry import MEASURES, Scale, scale_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Dropped", "EffectSizes", "check_effect_sizes"]

TRANSFORMED = ("log level", "logit", "arcsine", "Fisher z", "square root", "Freeman-Tukey", "Freeman-Tukey rate")
NAMES = ("Peto",)  # of people, which keep their capital


class Dropped(NamedTuple):
    """A row that gave no effect."""

    row: int
    study: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class EffectSizes:
    """Effects of k studies.

    Attributes
    ----------
    y, v : ndarray, shape (k,)
        Effects on the analysis scale (log for ratios) and their sampling variances.
    study : tuple of str
    measure : str
        Code of the measure.
    rows : tuple of int
        Row of each study in its table, the first data row being 1.
    table : pandas.DataFrame or None
        The rows that gave an effect, in the order of `y`.
    dropped : tuple of Dropped
        The rows that gave none, each with the reason.
    options : mapping
        How the effects were computed (zero-cell rule, crossover handling, ...).
    notes : tuple of str
        One a study: what was done to it beyond the formula, empty if nothing.
    """

    y: Array
    v: Array
    study: tuple[str, ...]
    measure: str = "GEN"
    rows: tuple[int, ...] = ()
    table: pd.DataFrame | None = None
    dropped: tuple[Dropped, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_effects(self.y, self.v, self.study, self.rows or None)
        for array in (self.y, self.v):
            array.flags.writeable = False

    def __len__(self) -> int:
        return int(self.y.size)

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self)

    @property
    def scale(self) -> Scale:
        """How a pooled effect is shown to people (for PFT and IRFT at the harmonic mean of the studies' sizes)."""
        return scale_of(self.measure).of_pool(self.v)

    @property
    def study_scale(self) -> Scale:
        """How the studies' own effects are shown to people (for PFT and IRFT at each study's size)."""
        return scale_of(self.measure).of_studies(self.v)

    @property
    def label(self) -> str:
        """The measure's name."""
        return MEASURES[self.measure].label

    @property
    def shown_label(self) -> str:
        """What a back-transformed effect is, within a sentence: "proportion" for PLO, whose label names the logit."""
        name = self.label.split(" (")[0] if self.scale.name in TRANSFORMED else self.label
        return name if name.startswith(NAMES) else name[0].lower() + name[1:]

    @property
    def digest(self) -> str:
        """SHA-256 of studies, effects and variances: equal digests are equal inputs."""
        text = "\n".join(
            f"{s}\t{y!r}\t{v!r}" for s, y, v in zip(self.study, self.y.tolist(), self.v.tolist(), strict=True)
        )
        return hashlib.sha256(f"{self.measure}\n{text}".encode()).hexdigest()

    def take(self, which: Any) -> EffectSizes:
        """The chosen studies (indices or mask), in that order."""
        index = np.arange(self.k)[which]

        def pick(values: tuple[Any, ...]) -> tuple[Any, ...]:
            return tuple(values[i] for i in index) if values else ()

        table = None if self.table is None else self.table.iloc[index]
        return EffectSizes(
            self.y[index],
            self.v[index],
            pick(self.study),
            self.measure,
            pick(self.rows),
            table,
            self.dropped,
            self.options,
            pick(self.notes),
        )

    def to_frame(self, level: float = 0.95, *, transform: bool = False) -> pd.DataFrame:
        """One row a study: estimate, std_error, ci_low, ci_high (back-transformed on request)."""
        import pandas as pd

        se = np.sqrt(self.v)
        half = float(critical(check_level(level), np.inf)) * se
        back = self.study_scale.back if transform else np.asarray
        return pd.DataFrame(
            {
                "study": list(self.study),
                "estimate": back(self.y),
                "std_error": se,
                "ci_low": back(self.y - half),
                "ci_high": back(self.y + half),
                "note": list(self.notes) if self.notes else [""] * self.k,
            }
        )

    def __repr__(self) -> str:
        left_out = f", {len(self.dropped)} left out" if self.dropped else ""
        return f"<EffectSizes {self.measure}: {self.k} studies{left_out}>"


def check_effect_sizes(value: object, who: str) -> None:
    """An error that says what to give where `value` is not `EffectSizes`."""
    if isinstance(value, EffectSizes):
        return
    instead = "its .effects" if hasattr(value, "effects") else "those of effect_sizes(...) or generic(...)"
    raise InputError(f"{who} needs effect sizes, got {type(value).__name__}; give {instead}")
