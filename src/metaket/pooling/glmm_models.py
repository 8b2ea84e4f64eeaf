"""What each generalised linear mixed model looks like: its counts, its likelihood and the places of its parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from metaket._checks import Array
from metaket.errors import InputError, NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.pooling.families import Binomial, Family, Hypergeometric, Poisson
from metaket.pooling.quadrature import Marginal

__all__ = ["ALLOWED", "GLMM_MODELS", "Question", "counts_for", "question"]

GLMM_MODELS = ("UM.FS", "UM.RS", "CM.EL", "CM.AL", "GLMM")
ALLOWED = {"OR": GLMM_MODELS[:4], "IRR": GLMM_MODELS[:3], "PLO": ("GLMM",), "IRLN": ("GLMM",)}
COLUMNS = {
    "OR": ("events_t", "n_t", "events_c", "n_c"),
    "IRR": ("events_t", "time_t", "events_c", "time_c"),
    "PLO": ("events", "n"),
    "IRLN": ("events", "time"),
}
TWO_ARMS = np.array([[1.0, 0.5], [1.0, -0.5]])


@dataclass(frozen=True, slots=True)
class Question:
    """A likelihood with the places of its parameters: `effect` and `tau`, `level` where the studies' levels spread."""

    family: Family
    fixed: Array
    random: Array
    own: int | None
    effect: int
    tau: int
    spread: int | None

    def likelihood(self, points: int) -> Marginal:
        return Marginal(self.family, self.fixed, self.random, points)


def counts_for(effects: EffectSizes) -> dict[str, Array]:
    names = COLUMNS[effects.measure]
    if effects.table is None or not set(names) <= set(effects.table.columns):
        raise InputError(f"a GLMM needs the counts {', '.join(names)}; compute the effects with effect_sizes(...)")
    out = {name: np.array(effects.table[name], dtype=np.float64) for name in names}
    _check_finite(effects.measure, out)
    return out


def _check_finite(measure: str, c: dict[str, Array]) -> None:
    """An error where every study lies at the same end of what its margins allow: the estimate would be infinite."""
    if "events" in c:
        y = c["events"]
        ends = {"no study has an event": y == 0}
        if measure == "PLO":
            ends["every patient of every study has the event"] = y == c["n"]
    else:
        use = _informative(measure, c)
        y, total = c["events_t"][use], (c["events_t"] + c["events_c"])[use]
        rest = total - c["n_c"][use] if measure == "OR" else np.zeros_like(y)
        most = np.minimum(total, c["n_t"][use]) if measure == "OR" else total
        ends = {
            "the treatment arms have as few events as their margins allow": y == np.maximum(rest, 0.0),
            "the treatment arms have as many events as their margins allow": y == most,
        }
    for reason, at_end in ends.items():
        if at_end.all():
            raise NotComputableError(f"the estimate is infinite: {reason}")


def question(measure: str, model: str, c: dict[str, Array]) -> Question:
    one = np.ones((1, 1))
    if measure in ("PLO", "IRLN"):
        y, size = c["events"][:, None], c["n" if measure == "PLO" else "time"][:, None]
        single: Family = Binomial(y, size, np.zeros_like(y)) if measure == "PLO" else Poisson(y, size)
        return Question(single, one, one, None, 0, 1, None)
    if model == "UM.RS":
        return Question(_two_arms(measure, c), TWO_ARMS, TWO_ARMS, None, 1, 3, 2)
    informative = _informative(measure, c)
    kept = {name: a[informative] for name, a in c.items()}
    if model.startswith("CM"):
        return Question(_conditional(measure, model, kept), one, one, None, 0, 1, None)
    return Question(_two_arms(measure, kept), TWO_ARMS, TWO_ARMS[:, 1:], 0, 1, 2, None)


def _informative(measure: str, c: dict[str, Array]) -> Array:
    """Studies whose margins leave a choice."""
    total = c["events_t"] + c["events_c"]
    return np.asarray((total > 0) & (total < c["n_t"] + c["n_c"]) if measure == "OR" else total > 0)


def _two_arms(measure: str, c: dict[str, Array]) -> Family:
    y = np.column_stack([c["events_t"], c["events_c"]])
    if measure == "IRR":
        return Poisson(y, np.column_stack([c["time_t"], c["time_c"]]))
    return Binomial(y, np.column_stack([c["n_t"], c["n_c"]]), np.zeros_like(y))


def _conditional(measure: str, model: str, c: dict[str, Array]) -> Family:
    events = c["events_t"] + c["events_c"]
    if measure == "OR" and model == "CM.EL":
        return Hypergeometric(c["events_t"], c["n_t"], c["n_c"], events)
    size = ("time_t", "time_c") if measure == "IRR" else ("n_t", "n_c")
    offset = np.log(c[size[0]]) - np.log(c[size[1]])
    return Binomial(c["events_t"][:, None], events[:, None], offset[:, None])
