"""`pool_over_time`: each time on its own, or one model for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack, overload

import numpy as np

from metaket._checks import Array, check_choice
from metaket.errors import InputError, NotComputableError
from metaket.measures.effect import EffectSizes
from metaket.outcomes import Rules, row_effects
from metaket.pooling.spec import MODELS as POOLING_MODELS
from metaket.pooling.spec import PoolSpec
from metaket.pooling.structures import STRUCTURES
from metaket.timecourse.correlation import Repeated, raw_correlations
from metaket.timecourse.course import JointCourse
from metaket.timecourse.joint import JointFit, fit_joint
from metaket.timecourse.rows import Rows, rows_over_time
from metaket.timecourse.separate import TimeCourse, pool_complete, pool_time

__all__ = ["join_effects", "joint_course", "pool_over_time"]

MODELS = ("separate", "joint")


class Options(TypedDict, total=False):
    """The keyword arguments of `pool_over_time` beside `model`."""

    outcome: str | None
    measure: str
    times: Sequence[float] | None
    where: Mapping[str, Any] | None
    include: Sequence[str]
    variants: Mapping[str, str] | None
    pooling: str
    tau2: str | float
    test: str
    crossover: str | float
    zero_cells: str
    double_zero: str
    title: str
    structure: str | None
    rho: float | None
    decay: str | None
    raw: Any


@overload
def pool_over_time(data: Any, *, model: Literal["separate"] = "separate", **options: Unpack[Options]) -> TimeCourse: ...
@overload
def pool_over_time(data: Any, *, model: Literal["joint"], **options: Unpack[Options]) -> JointCourse: ...
def pool_over_time(
    data: Any,
    *,
    model: str = "separate",
    outcome: str | None = None,
    measure: str = "RR",
    times: Sequence[float] | None = None,
    where: Mapping[str, Any] | None = None,
    include: Sequence[str] = (),
    variants: Mapping[str, str] | None = None,
    pooling: str = "random",
    tau2: str | float = "REML",
    test: str = "z",
    crossover: str | float = "parallel",
    zero_cells: str = "",
    double_zero: str = "drop",
    title: str = "",
    structure: str | None = None,
    rho: float | None = None,
    decay: str | None = None,
    raw: Any = None,
) -> TimeCourse | JointCourse:
    r"""Pool effects over time: each time on its own, or one model for all times.

    Parameters
    ----------
    data : Paper, DataFrame or mapping of columns
        A paper from `load`, or rows with ``study``, ``time_h`` and the measure's columns (optionally ``outcome``,
        ``status``, ``variant``, ``design``).
    model : {"separate", "joint"}
        One pool a time, or multivariate random effects over the times.
    outcome : str, optional
        The value of the column ``outcome``; needed where the data have several.
    measure : str
        RR, OR, RD, MD, SMD, GEN, ...
    times : sequence of float, optional
        Hours; by default those of the paper's analyses of the outcome, else all in the data.
    where : mapping, optional
        Further filter; for a paper the filter of its own analyses of the outcome unless given.
    include, variants
        As in `metaket.outcomes.select`.
    pooling : str
        Model of each separate pool: random, common, mh, ...; the joint model is random.
    tau2, test
        As in `pool`; the joint model takes REML or ML, and the normal test.
    crossover, zero_cells, double_zero
        As in `effect_sizes`; without `zero_cells` the measure's own rule.
    title : str
        For figures and tables; the outcome by default.
    structure : {"CS", "HCS", "AR", "HAR", "CAR", "UN", "DIAG", "ID"}, optional
        Joint only: how the trials' true effects at different times vary together; CS by default.
    rho : float, optional
        Joint only: correlation of two effects of one trial at different times, from patients measured again; 0.5 by
        default, and stated in every output. `JointCourse.over_rho` shows how much depends on it.
    decay : {"none", "rank", "time"}, optional
        Joint only: `rho` is constant, or falls by powers of the distance in rank, or in time (then it is that of the
        smallest gap).
    raw : DataFrame or mapping of columns, optional
        Joint only: data of single patients (``study patient arm time_h value``), whose trials then need no `rho`.

    Returns
    -------
    TimeCourse or JointCourse
        Separate: one result per time with its own k, N, tau2, I2 and prediction interval. Joint: one coefficient a time
        with the model's and with cluster-robust intervals, and the separate pools. Both hold the trials present at each
        time, and the result on the trials present at all of them. There is no result across times.

    Raises
    ------
    DataError
        A study with two rows at one time: it would count twice.
    InputError
        An unknown column, outcome or option, or an option of the other model.
    NotComputableError
        Joint: the data cannot tell the structure's parameters; the message says which structure they can.

    Notes
    -----
    Joint: :math:`y_{it} = \mu_t + u_{it} + e_{it}`, :math:`\mathrm{Var}(u_i) = G`,
    :math:`\mathrm{Cov}(e_{is}, e_{it}) = \rho_{st} \sqrt{v_{is} v_{it}}`. Ishak et al. (2007) Clin Trials 4:525-539;
    Trikalinos & Olkin (2012) Clin Trials 9:610-620; Musekiwa et al. (2016) PLoS ONE 11:e0164898. Cluster-robust
    intervals: Tipton & Pustejovsky (2015) J Educ Behav Stat 40:604-634.

    Examples
    --------
    >>> import metaket as mk
    >>> rows = {"study": ["A", "B", "A"], "time_h": [24, 24, 72], "y": [0.5, 0.3, 0.2], "v": [0.04, 0.05, 0.04]}
    >>> course = mk.pool_over_time(rows, measure="GEN")
    >>> [(p.label, p.k) for p in course.points]
    [('24 h', 2), ('72 h', 1)]
    >>> joint = mk.pool_over_time(rows, measure="GEN", model="joint", rho=0.6)
    >>> joint.to_frame()[["time_h", "k", "estimate"]].round(3).values.tolist()
    [[24.0, 2.0, 0.411], [72.0, 1.0, 0.147]]
    """
    if model in POOLING_MODELS:
        raise InputError(f"model is one of {', '.join(MODELS)}; {model!r} is a model of each pool: pooling={model!r}")
    kind = check_choice("model", model, MODELS)
    rows = rows_over_time(
        data, outcome=outcome, measure=measure, times=times, where=where, include=include, variants=variants
    )
    rules = Rules(rows.measure, zero_cells, double_zero, crossover)
    spec = PoolSpec.of(pooling, tau2, test)
    points = tuple(pool_time(t, s, rules, spec) for t, s in rows.picks.items())
    name = title or outcome or "effect"
    course = TimeCourse(name, outcome or "", rows.measure, points, pool_complete(points, rules, spec))
    if kind == "joint":
        _check_joint(spec)
        return joint_course(course, rows, rules, str(spec.tau2), structure or "CS", rho, decay or "none", raw)
    for option, value in (("structure", structure), ("rho", rho), ("decay", decay), ("raw", raw)):
        if value is not None:
            raise InputError(f"{option} belongs to model='joint'; separate pools have no correlation between times")
    return course


def _check_joint(spec: PoolSpec) -> None:
    if spec.model != "random":
        raise InputError(f"model='joint' has random effects; pooling is {spec.model!r}")
    if spec.tau2 not in ("REML", "ML"):
        raise InputError(f"model='joint' is fitted by REML or ML; tau2 is {spec.tau2!r}")
    if spec.test != "z":
        raise InputError(
            f"model='joint' gives normal and cluster-robust intervals; test is {spec.test!r}, leave it out"
        )


def joint_course(
    course: TimeCourse,
    rows: Rows,
    rules: Rules,
    method: str,
    structure: str,
    rho: float | None,
    decay: str,
    raw: Any,
) -> JointCourse:
    """The joint model of the rows of a separate course."""
    code = STRUCTURES[structure].code
    filled = [p.time_h for p in course.points if p.results]
    if not filled:
        raise NotComputableError(f"no time has a result: {course.points[0].gap}")
    known = None if raw is None else raw_correlations(raw, rules.measure)
    repeated = Repeated.of(0.5 if rho is None else rho, decay, filled, known)
    sets = join_effects(rows, filled, rules)
    fits = tuple((end, fit_joint(e, t, repeated, code, method)) for end, e, t in sets)
    complete, gap = _complete(fits, len(filled))
    return JointCourse(course.title, course.outcome, course.measure, fits, complete, gap, course)


def join_effects(rows: Rows, times: Sequence[float], rules: Rules) -> list[tuple[str, EffectSizes, Array]]:
    """The effects of all times in one set, or in two where an input is printed as a range; and their times."""
    by_time = [(t, row_effects(rows.picks[t], rules)) for t in times]
    ends = max(len(sets) for _, sets in by_time)
    out = []
    for i in range(ends):
        chosen = [(t, sets[min(i, len(sets) - 1)]) for t, sets in by_time]
        names = list(dict.fromkeys(end for _, (end, _) in chosen if end))
        at = np.concatenate([np.full(e.k, t) for t, (_, e) in chosen])
        out.append(("; ".join(names), _stack([e for _, (_, e) in chosen]), at))
    return out


def _stack(parts: Sequence[EffectSizes]) -> EffectSizes:
    import pandas as pd

    first = parts[0]
    tables = [p.table for p in parts if p.table is not None]
    return EffectSizes(
        np.concatenate([p.y for p in parts]),
        np.concatenate([p.v for p in parts]),
        tuple(s for p in parts for s in p.study),
        first.measure,
        tuple(r for p in parts for r in p.rows),
        pd.concat(tables) if len(tables) == len(parts) else None,
        tuple(d for p in parts for d in p.dropped),
        first.options,
        tuple(n for p in parts for n in p.notes),
    )


def _complete(fits: Sequence[tuple[str, JointFit]], q: int) -> tuple[tuple[tuple[str, JointFit], ...], str]:
    """The same on the trials with every time, or why not."""
    fit = fits[0][1]
    shared = set.intersection(*(set(s) for s in fit.studies))
    if q < 2 or all(set(s) == shared for s in fit.studies):
        return (), "these are all the trials"
    if not shared:
        return (), "no trial gives every time"
    keep = np.array([s in shared for s in fit.effects.study])
    try:
        again = [
            (end, fit_joint(f.effects.take(keep), f.times[keep], f.repeated, f.structure, f.method)) for end, f in fits
        ]
    except NotComputableError as error:
        return (), f"{', '.join(sorted(shared))}: {error}"
    return tuple(again), ""
