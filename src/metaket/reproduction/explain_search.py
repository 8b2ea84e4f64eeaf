"""Hold settings and changed inputs against the print: the distances of every setting, the weight of every slip."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from metaket._checks import Array
from metaket._distributions import critical
from metaket.reproduction.explain_effects import Effects, effects_of
from metaket.reproduction.explain_figures import Figure, distance
from metaket.reproduction.explain_fit import AXES, Fit, Method, Pairs, fits, pooled_values
from metaket.reproduction.explain_inputs import Batch, Inputs
from metaket.reproduction.explain_plan import Plan

__all__ = ["Change", "Distances", "affordable", "axis_of", "distances", "weights"]

WIDEST = 1e10  # ratio of variances that no meta-analysis has; near it the likelihood is lost to rounding
MOST = 30_000  # pairs of a version and a variant: half a second for twenty studies
SAME_FOR_ALL = ("k", "q_df", "q", "q_p", "heterogeneity")
OF_TEST = ("ci_low", "ci_high", "pi_low", "pi_high", "std_error", "statistic", "p_value", "significant")
OF_INPUTS = ("n_total", "rate_t", "rate_c")
AXIS = {"i2": "i2", "h2": "i2", "pi_low": "prediction", "pi_high": "prediction"}
AXIS |= {"ci_low": "quantile", "ci_high": "quantile"}
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to the effects after the studies' rows were printed, and to the pooled result.

    Attributes
    ----------
    effects : callable, optional
        (y, v) -> (y, v).
    plain : bool
        Whether the pooled result is printed without its back-transformation.
    places : int
        Decimals to which it is rounded before its back-transformation; -1 for not at all.
    """

    effects: Callable[[Array, Array], tuple[Array, Array]] | None = None
    plain: bool = False
    places: int = -1


def axis_of(figure: Figure) -> str:
    """Which option, beside method and variant, a figure depends on; empty if on none."""
    return AXIS.get(figure.quantity, "") if figure.study < 0 else ""


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """How far each figure is from its print under each setting.

    Attributes
    ----------
    gaps, values : tuple of ndarray, one a figure, each of shape (options, methods, variants)
        Options are those of the figure's axis, one where it has none.
    """

    gaps: tuple[Array, ...]
    values: tuple[Array, ...]


def distances(inputs: Inputs, plan: Plan, figures: Sequence[Figure], version: Batch | None = None) -> Distances:
    """Every figure under every setting of the plan, on the inputs as they are.

    On one version of them, only under the settings that agree with what is stated; the row of a study that the
    version leaves out says nothing, and is at no distance.
    """
    shapes = [(len(AXES.get(axis_of(f), ("",))), len(plan.methods), len(plan.variants)) for f in figures]
    values = [np.full(shape, np.nan) for shape in shapes]
    batch = inputs.batch() if version is None else version
    asked = plan.possible if version is None else plan.weight > 0
    silent = [f.study >= 0 and batch.include[0, f.study] == 0 for f in figures]
    for measure, places in plan.groups().items():
        effects = [effects_of(batch, plan.variants[i], inputs) for i in places]
        pairs = _stack(effects, [slice(None)] * len(effects), Change())
        known = [i for i, f in enumerate(figures) if _without_fit(f)]
        for i in known:
            values[i][:, :, places] = _own_values(figures[i], pairs, batch, np.zeros(len(places), dtype=np.int64), plan)
        methods = [m for j, m in enumerate(plan.methods) if asked[places, j].any()]
        for method, fit in fits(pairs, methods, measure):
            at = plan.methods.index(method)
            for i, f in enumerate(figures):
                if i not in known:
                    values[i][:, at, places] = _fitted(f, fit, pairs, plan.level)
    gaps = tuple(
        np.where(plan.possible.T[None], np.zeros_like(v) if quiet else distance(v, f), np.inf)
        for v, f, quiet in zip(values, figures, silent, strict=True)
    )
    return Distances(gaps, tuple(values))


def _without_fit(figure: Figure) -> bool:
    return figure.quantity in OF_INPUTS or (figure.study >= 0 and figure.quantity != "weight")


def _fitted(figure: Figure, fit: Fit, pairs: Pairs, level: float) -> Array:
    """A figure that depends on the fit: shape (options, p)."""
    if figure.study >= 0:
        return np.asarray(fit.shares()[:, figure.study])[None, :]
    shown = replace(pairs, back=np.asarray) if figure.plain else pairs
    values = pooled_values(figure.quantity, fit, shown, figure.level or level)
    if figure.quantity == "statistic" and figure.printed.value > 0:  # printed as |z|
        values = np.abs(values)
    return values


def _stack(effects: Sequence[Effects], which: Sequence[Any], change: Change) -> Pairs:
    """The chosen versions of each variant's effects behind each other."""
    y = np.concatenate([e.y[w] for e, w in zip(effects, which, strict=True)])
    v = np.concatenate([e.v[w] for e, w in zip(effects, which, strict=True)])
    include = np.concatenate([e.include[w] for e, w in zip(effects, which, strict=True)])
    counts: tuple[Array, ...] | None = None
    if effects[0].counts is not None:
        chosen = [[c[w] for c in e.counts or ()] for e, w in zip(effects, which, strict=True)]
        counts = tuple(np.concatenate(parts) for parts in zip(*chosen, strict=True))
    if change.effects is not None:
        y, v = change.effects(y, v)
    back = effects[0].back
    if change.plain:
        back = np.asarray
    elif change.places >= 0:
        back = partial(_rounded, effects[0].back, change.places)
    return Pairs(y, np.where(_sane(v, include)[:, None], v, np.nan), include, counts, back)


def _sane(v: Array, include: Array) -> Array:
    """Whether the variances of a version can be those of a meta-analysis at all; others match nothing."""
    counted = include > 0
    low, high = np.where(counted, v, np.inf).min(axis=-1), np.where(counted, v, 0.0).max(axis=-1)
    return np.asarray((low >= high / WIDEST) & (low > 1 / WIDEST**2) & (high < WIDEST**2))


def _rounded(back: Callable[[Array], Any], places: int, values: Array) -> Any:
    return back(np.round(values, places))


def _own_values(figure: Figure, pairs: Pairs, batch: Batch, version: Ints, plan: Plan) -> Array:
    """A figure that needs no fit: of a study's row, or of the inputs. Shape (p,)."""
    if figure.study < 0:
        return np.asarray(_of_inputs(figure.quantity, batch)[version])
    y, v = pairs.y[:, figure.study], pairs.v[:, figure.study]
    if figure.quantity in ("std_error", "variance"):
        return np.asarray(v if figure.quantity == "variance" else np.sqrt(v))
    sign = {"estimate": 0.0, "ci_low": -1.0, "ci_high": 1.0}[figure.quantity]
    value = y + sign * critical(plan.row_level, np.inf) * np.sqrt(v)
    return np.asarray(value if figure.plain else pairs.back(value))


def _of_inputs(quantity: str, batch: Batch) -> Array:
    c, n = batch.columns, batch.include
    missing = np.full(len(batch), np.nan)
    if quantity == "n_total":
        sizes = [c[name] for name in ("n_t", "n_c", "n") if name in c]
        return np.asarray(sum((n * s).sum(axis=-1) for s in sizes)) if sizes else missing
    events, size = f"events{quantity[-2:]}", f"n{quantity[-2:]}"
    if events not in c or size not in c:
        return missing
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(100.0 * (n * c[events]).sum(axis=-1) / (n * c[size]).sum(axis=-1))


@dataclass(slots=True)
class _Alive:
    effects: list[Effects]
    places: list[int]
    versions: list[Ints]

    @property
    def version(self) -> Ints:
        return np.concatenate(self.versions)

    @property
    def variant(self) -> Ints:
        sizes = [v.size for v in self.versions]
        return np.repeat(np.array(self.places, dtype=np.int64), sizes)


def weights(
    batch: Batch,
    inputs: Inputs,
    plan: Plan,
    figures: Sequence[Figure],
    change: Change | None = None,
    variants: set[int] | None = None,
) -> Array:
    """Probability of the settings under which each version of the inputs prints like the paper: shape (c,).

    `variants` are the places of those to try, the affordable ones unless given. Versions that contradict a study's
    row or a number of the inputs drop out before anything is pooled.
    """
    change = change or Change()
    out = np.zeros(len(batch))
    chosen = affordable(plan, len(batch)) if variants is None else variants
    for measure, places in plan.groups().items():
        alive = _survivors(batch, inputs, plan, figures, [p for p in places if p in chosen])
        if not alive.places or not alive.version.size:
            continue
        pairs = _stack(alive.effects, alive.versions, change)
        methods = [m for j, m in enumerate(plan.methods) if plan.weight[alive.places, j].any()]
        version, variant = alive.version, alive.variant
        for method, at, share in _shares(pairs, plan, figures, methods, measure):
            np.add.at(out, version[at], share * plan.weight[variant[at], plan.methods.index(method)])
    return out


def affordable(plan: Plan, versions: int) -> set[int]:
    """The likeliest variants, as many as make `MOST` pairs with the versions; of each measure one at least."""
    likely = plan.weight.sum(axis=1)
    order = [int(i) for i in np.argsort(-likely, kind="stable") if likely[i] > 0]
    first = {max(places, key=lambda p: likely[p]) for places in plan.groups().values()}
    return {*order[: max(1, MOST // versions)], *(p for p in first if likely[p] > 0)}


def _survivors(batch: Batch, inputs: Inputs, plan: Plan, figures: Sequence[Figure], places: list[int]) -> _Alive:
    """The (variant, version) pairs whose rows and input figures print like the paper."""
    alive = _Alive([], [], [])
    everything = np.arange(len(batch))
    for place in places:
        effects = effects_of(batch, plan.variants[place], inputs)
        pairs = Pairs(effects.y, effects.v, effects.include, None, effects.back)
        ok = np.isfinite(np.where(effects.include > 0, effects.y, 0.0)).all(axis=-1)
        for figure in figures:
            if _without_fit(figure):
                far = distance(_own_values(figure, pairs, batch, everything, plan), figure)
                ok &= (far == 0) | ((figure.study >= 0) & (batch.include[:, figure.study] == 0))
        alive.effects.append(effects)
        alive.places.append(place)
        alive.versions.append(np.flatnonzero(ok))
    return alive


def _shares(
    pairs: Pairs, plan: Plan, figures: Sequence[Figure], methods: list[Method], measure: str
) -> Iterator[tuple[Method, Ints, Array]]:
    """Per method, the pairs that print like the paper, and the probability of the options under which they do."""
    asked = sorted((f for f in figures if not _without_fit(f)), key=axis_of)
    of_q = [f for f in asked if f.quantity in SAME_FOR_ALL]
    every = np.arange(pairs.y.shape[0])
    counting = [m for m in methods if m.model in ("mh", "random-mh")]
    inverse = [m for m in methods if m not in counting]
    index = every
    if of_q and inverse:  # Q and k are the same for every inverse-variance method: most versions end here
        _, fit = next(fits(pairs, [Method("common")], measure))
        index, _ = _share(fit, pairs, plan, of_q)
    for first, tests in _by_estimator(inverse).items():  # most others end at the estimate, whatever the test
        if index.size:
            few = pairs.take(index)
            _, fit = next(fits(few, [first], measure))
            left, _ = _share(fit, few, plan, [f for f in asked if f.quantity not in OF_TEST])
            yield from _matching(pairs, index[left], tests, measure, plan, asked)
    yield from _matching(pairs, every, counting, measure, plan, asked)


def _by_estimator(methods: list[Method]) -> dict[Method, list[Method]]:
    """The methods that differ in the test alone, by the one with the normal test."""
    out: dict[Method, list[Method]] = {}
    for m in methods:
        out.setdefault(Method(m.model, m.tau2), []).append(m)
    return out


def _matching(
    pairs: Pairs, index: Ints, methods: list[Method], measure: str, plan: Plan, figures: Sequence[Figure]
) -> Iterator[tuple[Method, Ints, Array]]:
    if index.size and methods:
        few = pairs.take(index)
        for method, fit in fits(few, methods, measure):
            found, share = _share(fit, few, plan, figures)
            yield method, index[found], share


def _share(fit: Fit, pairs: Pairs, plan: Plan, figures: Sequence[Figure]) -> tuple[Ints, Array]:
    """Indices of the pairs that match, and their shares; what misses one figure is not asked for the next."""
    at = np.arange(pairs.y.shape[0])
    share = np.ones(at.size)
    for axis in dict.fromkeys(axis_of(f) for f in figures):
        options = plan.axes.get(axis, np.ones(1))
        hits = np.ones((options.size, at.size), dtype=bool)
        for f in (f for f in figures if axis_of(f) == axis):
            few = pairs.take(at)
            hit = distance(_fitted(f, fit.take(at), few, plan.level), f) == 0
            if f.study >= 0:
                hit |= few.include[:, f.study] == 0
            hits &= hit
            keep = hits.any(axis=0)
            at, share, hits = at[keep], share[keep], hits[:, keep]
        share = share * (options @ hits)
        at, share = at[share > 0], share[share > 0]
        if not at.size:
            break
    return at, share
