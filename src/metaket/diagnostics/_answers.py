"""What the answers about small-study effects and selection share."""

from __future__ import annotations

import numpy as np

from metaket._checks import check_level
from metaket._distributions import critical, two_sided_p
from metaket._notebook import ShownAsText
from metaket.pooling.result import Interval

__all__ = ["Judged", "Normal"]


class Judged(ShownAsText):
    """An answer that comes with the reasons not to trust it."""

    __slots__ = ()
    cautions: tuple[str, ...]

    @property
    def trust(self) -> bool:
        """Whether nothing speaks against the answer."""
        return not self.cautions


class Normal:
    """An estimate on the analysis scale whose test and interval are normal."""

    __slots__ = ()
    estimate: float
    std_error: float

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no effect, normal."""
        return float(two_sided_p(np.asarray(self.estimate / self.std_error), np.asarray(np.inf)))

    def ci(self, level: float = 0.95) -> Interval:
        """Wald interval, on the analysis scale."""
        half = float(critical(check_level(level), np.inf)) * self.std_error
        return Interval(self.estimate - half, self.estimate + half)
