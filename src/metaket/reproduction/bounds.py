"""`bounds`: what can be said about a pooled result when counts are missing."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from metaket._checks import check_choice, check_level
from metaket._distributions import critical
from metaket.errors import InputError
from metaket.measures.counts import DOUBLE_ZERO, ZERO_CELLS
from metaket.measures.registry import MEASURES, TRAITS, scale_of
from metaket.pooling.spec import WITHOUT_TAU2, PoolSpec
from metaket.reproduction.bounds_answer import Bounds, StudySet
from metaket.reproduction.bounds_cells import counted_pieces, ranges_of_counts
from metaket.reproduction.bounds_decision import possible_totals, weighted_pieces
from metaket.reproduction.bounds_found import RANGES, found_by_search, side_of, spans_of
from metaket.reproduction.bounds_inputs import CELLS, Study, Tie, read_studies, read_ties
from metaket.reproduction.bounds_program import Program, cheapest, make_program, thinned
from metaket.reproduction.bounds_proof import BOUNDED, ranges_of
from metaket.reproduction.bounds_search import DECISIONS, ENUMERATE, Asked, enumerate_all
from metaket.reproduction.bounds_sums import COUNTED, check_counted
from metaket.reproduction.recover_text import SIGNIFICANT

__all__ = ["bounds"]

CHOICES = 2_000  # choices of studies that are gone through
ROUNDING = 1e-9  # proved ranges are widened by this, relative to their size, for the arithmetic


def bounds(
    data: Any,
    measure: str = "RR",
    *,
    ties: Mapping[str, str] | Sequence[Tie] = (),
    studies: int | None = None,
    model: str = "random",
    tau2: str | float = "DL",
    test: str = "z",
    level: float = 0.95,
    better: str = "higher",
    zero_cells: str = "",
    double_zero: str = "drop",
    seed: int = 0,
) -> Bounds:
    r"""The range of a pooled result over every whole-number completion of missing counts.

    Parameters
    ----------
    data : DataFrame, mapping of columns, or sequence of mapping
        One row a study: study, events_t, n_t, events_c, n_c, and optionally percent_t, percent_c (as printed) and
        n_total. A blank number of events is anything from 0 to n. A size is a number or a range such as "30 to 60".
    measure : {"RR", "OR", "RD", "AS", "PETO"}
    ties : mapping of str to str
        What is printed about all studies together: events_t, events_c, events_total, n_t, n_c, n_total, rate_t, rate_c
        (all events over all patients), estimate, ci_low, ci_high, p_value, decision ("treatment better", "no
        difference", "control better"), significant or heterogeneity ("significant", "not significant").
    studies : int, optional
        How many of the rows take part, if not all: every choice of that many is gone through.
    model, tau2, test, level, zero_cells, double_zero
        As in `pool` and `effect_sizes`; models random, common, mh (OR, RR, RD) and peto (OR, PETO), the latter two
        without tau2 and with the normal test. Without `zero_cells` the measure's own rule.
    better : {"higher", "lower"}
        Which direction of the effect favours the treatment.
    seed : int
        Of the search.

    Returns
    -------
    Bounds
        For the estimate, both ends of its interval and the totals of the counts the range that was *found* (attained
        by a completion) and the range that is *proved* (nothing admissible outside); and for each decision whether it
        is possible, impossible, or neither found nor excluded.

    Raises
    ------
    InputError
        An option that is unknown, a model, measure or rule that is not bounded, too many choices.
    DataError
        A row without a size, or whose own facts no table fits; the message names it.

    Notes
    -----
    Up to 200,000 completions are all pooled: the ranges are exact. Beyond that the proof is a program over totals of
    counts: the least :math:`\sum w_i y_i / \sum w_i` under sums that are tied, by Dinkelbach (1967) and dynamic
    programming; exact for a common effect, and for random effects valid for every tau2 in cells that together cover
    what the estimator can give. The ends of intervals are proved for the normal test, with tau2 known or by any
    estimator but PMM. The estimate of mh and peto is such a ratio, too, and exact; the ends of its interval are by
    branch and bound over cells of the estimate. Between what is found and what is proved nothing is claimed. Partial
    identification: Manski (2003).

    Examples
    --------
    >>> import metaket as mk
    >>> trials = {"study": ["A", "B"], "events_t": [8, 12], "n_t": [18, 30], "events_c": [1, ""], "n_c": [18, 30]}
    >>> found = mk.bounds(trials, ties={"events_c": "6"})
    >>> found.exact, round(found.spans["estimate"].found_low, 2)
    (True, 3.15)
    """
    rows = _rows(data)
    spec = PoolSpec.of(model, tau2, test)
    _check_model(spec, MEASURES[measure].code)
    zero_cells = check_choice("zero-cell rule", zero_cells or _own_rule(measure), ZERO_CELLS)
    check_choice("double-zero rule", double_zero, DOUBLE_ZERO)
    check_choice("better", better, ("higher", "lower"))
    all_ties = read_ties(ties)
    _check_decisions(all_ties)
    asked = Asked(MEASURES[measure].code, spec, check_level(level), better, all_ties)
    every = read_studies(rows, measure, zero_cells, double_zero, spec.model)
    sets = [_set(chosen, every, asked, seed) for chosen in _choices(every, studies)]
    texts = tuple(tie.label or f"{tie.quantity} {tie.printed.text}" for tie in all_ties)
    return Bounds(asked.measure, tuple(s.name for s in every), texts, tuple(sets), seed)


def _own_rule(measure: str) -> str:
    return TRAITS[MEASURES[measure].code].zero_cells or "only0"


def _check_model(spec: PoolSpec, measure: str) -> None:
    if spec.model in COUNTED:
        check_counted(spec.model, measure, spec.test)
    elif spec.model not in ("random", "common"):
        raise InputError(f"bounds has the models random, common, mh and peto, got {spec.model!r}")
    elif spec.tau2 == "GENQ":
        raise InputError("bounds has tau2 from the data or known; 'GENQ' needs weights")


def _rows(data: Any) -> list[dict[str, Any]]:
    import pandas as pd

    if isinstance(data, Mapping):
        return list(pd.DataFrame(dict(data), dtype=object).to_dict(orient="records"))  # type: ignore[arg-type]
    if isinstance(data, pd.DataFrame):
        return list(data.to_dict(orient="records"))  # type: ignore[arg-type]
    rows = [dict(row) for row in data]
    if not rows:
        raise InputError("no study left: data has no row")
    return rows


def _check_decisions(ties: Iterable[Tie]) -> None:
    for tie in ties:
        choices = DECISIONS if tie.quantity == "decision" else ("significant", "not significant")
        if tie.quantity in ("decision", "significant", "heterogeneity"):
            check_choice(tie.quantity, tie.printed.decision, choices)


def _choices(every: Sequence[Study], count: int | None) -> Iterable[tuple[Study, ...]]:
    if count is None:
        return [tuple(every)]
    if not 1 <= count <= len(every):
        raise InputError(f"studies must be from 1 to {len(every)}, got {count}")
    number = math.comb(len(every), count)
    if number > CHOICES:
        raise InputError(
            f"{number:,} choices of {count} of {len(every)} studies are more than {CHOICES:,}; name the rows"
        )
    return itertools.combinations(every, count)


def _set(chosen: Sequence[Study], every: Sequence[Study], asked: Asked, seed: int) -> StudySet:
    left_out = tuple(s.name for s in every if s not in chosen)
    count = math.prod(s.size for s in chosen)
    program = make_program(chosen, asked.ties)
    if not cheapest(program, [np.zeros(s.size) for s in chosen]).choice:
        return StudySet(left_out, "impossible", "margins", count, {}, dict.fromkeys(DECISIONS, "impossible"))
    if count <= ENUMERATE:
        return _enumerated(chosen, asked, left_out, count)
    return _proved(chosen, program, asked, left_out, count, seed)


def _enumerated(chosen: Sequence[Study], asked: Asked, left_out: tuple[str, ...], count: int) -> StudySet:
    found = enumerate_all(chosen, asked)
    found = found.take(found.fits)
    status = "possible" if len(found.estimate) else "impossible"
    spans = spans_of(chosen, found, asked, None)
    seen = set(found.decisions(asked.measure, asked.better).tolist())
    decisions = {name: "possible" if i in seen else "impossible" for i, name in enumerate(DECISIONS)}
    return StudySet(left_out, status, "enumeration", count, spans, decisions)


def _proved(
    chosen: Sequence[Study], program: Program, asked: Asked, left_out: tuple[str, ...], count: int, seed: int
) -> StudySet:
    known, z = _known_tau2(asked.spec), _critical(asked)
    proved, met = _ranges(program, asked, known, z)
    proved = {name: _widened(*ends) for name, ends in proved.items()} | _totals(program)
    _use_ties(proved, chosen, asked, known, z)
    found = found_by_search(program, asked, met, proved, seed)
    impossible = any(low > high for low, high in proved.values())
    status = "impossible" if impossible else "possible" if len(found.estimate) else "not found"
    spans = {} if impossible else spans_of(chosen, found, asked, proved)
    seen = set(found.decisions(asked.measure, asked.better).tolist())
    decisions = {}
    for i, name in enumerate(DECISIONS):
        out = impossible or any(_rules_out(t, name, asked.level) for t in asked.ties)
        out = out or _excluded(name, proved, asked)
        decisions[name] = "possible" if i in seen else "impossible" if out else "not found"
    return StudySet(left_out, status, "proof and search", count, spans, decisions, program.relaxed)


def _ranges(
    program: Program, asked: Asked, known: float | None, z: float | None
) -> tuple[Mapping[str, tuple[float, float]], list[tuple[int, ...]]]:
    if asked.spec.model in COUNTED and z is not None:
        return ranges_of_counts(program, z)
    return ranges_of(thinned(program), known, z)


def _widened(low: float, high: float) -> tuple[float, float]:
    slack = ROUNDING * (1.0 + max((abs(x) for x in (low, high) if math.isfinite(x)), default=0.0))
    return low - slack, high + slack


def _known_tau2(spec: PoolSpec) -> float | None:
    """tau2 where it is known; None where it is bounded by the effects; infinite where nothing bounds it."""
    if spec.model in WITHOUT_TAU2:
        return 0.0
    if not isinstance(spec.tau2, str):
        return float(spec.tau2)
    return None if spec.tau2 in BOUNDED else math.inf


def _critical(asked: Asked) -> float | None:
    """The critical value, where the ends of the interval can be proved."""
    known = _known_tau2(asked.spec)
    return float(critical(asked.level, math.inf)) if asked.spec.test == "z" and known != math.inf else None


def _totals(program: Program) -> dict[str, tuple[float, float]]:
    """Exact ranges of the totals under the margin ties, and of the rates where the sizes are known."""
    out = {}
    for name in CELLS:
        cells = [s.cells[name].astype(np.float64) for s in program.studies]
        out[name] = (cheapest(program, cells).value, -cheapest(program, [-c for c in cells]).value)
    for arm in "tc":
        (low, high), (fewest, most) = out[f"events_{arm}"], out[f"n_{arm}"]
        out[f"rate_{arm}"] = (100.0 * low / most, min(100.0, 100.0 * high / fewest))
    return out


def _use_ties(
    proved: dict[str, tuple[float, float]], chosen: Sequence[Study], asked: Asked, known: float | None, z: float | None
) -> None:
    """Narrow the proved ranges by the ties that are about the pooled result."""
    forward = scale_of(asked.measure).forward
    for tie in asked.ties:
        if tie.quantity in RANGES and tie.printed.relation != "words":
            with np.errstate(divide="ignore", invalid="ignore"):
                ends = (float(forward(tie.printed.low)), float(forward(tie.printed.high)))
            _clip(proved, tie.quantity, *(x if not math.isnan(x) else -math.inf for x in ends))
        if tie.quantity.startswith("rate"):
            _clip(proved, tie.quantity, tie.printed.low, tie.printed.high)
        side = side_of(tie, asked.better)
        if side:
            for name in RANGES:
                _clip(proved, name, *((0.0, math.inf) if side > 0 else (-math.inf, 0.0)))
        if side and z is not None:
            _clip_events(proved, chosen, asked, known, z, side)


def _clip(proved: dict[str, tuple[float, float]], name: str, low: float, high: float) -> None:
    if name in proved:
        proved[name] = (max(proved[name][0], low), min(proved[name][1], high))


def _clip_events(
    proved: dict[str, tuple[float, float]],
    chosen: Sequence[Study],
    asked: Asked,
    known: float | None,
    z: float,
    side: int,
) -> None:
    if asked.spec.model in COUNTED:
        pieces = list(counted_pieces(chosen, proved["estimate"], z, side))
    else:
        pieces = list(weighted_pieces(chosen, known, z, side))
    for arm in "tc":
        name = f"events_{arm}"
        if proved[name][0] == proved[name][1]:
            continue
        open_totals = np.flatnonzero(possible_totals(chosen, asked.ties, name, pieces))
        low, high = (float(open_totals[0]), float(open_totals[-1])) if open_totals.size else (math.inf, -math.inf)
        _clip(proved, name, low, high)
        (fewest, most) = proved[f"n_{arm}"]
        _clip(proved, f"rate_{arm}", 100.0 * low / most, 100.0 * high / fewest)


def _excluded(decision: str, proved: Mapping[str, tuple[float, float]], asked: Asked) -> bool:
    """Whether the proved ranges leave no room for a decision."""
    if "ci_low" not in proved:
        return False
    above, below = proved["ci_low"], proved["ci_high"]
    if decision == "no difference":
        return above[0] > 0 or below[1] < 0
    up = (decision == "treatment better") == (asked.better == "higher")
    return above[1] <= 0 if up else below[0] >= 0


def _rules_out(tie: Tie, decision: str, level: float) -> bool:
    """Whether a printed decision is another, or a printed p-value on the other side of what the interval would be.

    The p-value and the 95 % interval are of one test: p is below 0.05 where the interval is apart from no difference.
    """
    printed = tie.printed
    if tie.quantity == "decision":
        return printed.decision != decision
    if tie.quantity not in ("p_value", "significant") or not math.isclose(1.0 - level, SIGNIFICANT):
        return False
    if printed.relation == "words":
        below, above = printed.decision == "significant", printed.decision != "significant"
    else:
        below, above = printed.high <= SIGNIFICANT, printed.low >= SIGNIFICANT
    return below if decision == DECISIONS[1] else above
