"""Subgroups, permutation and association tests name what they were given and cannot use."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError, NotComputableError

EFFECTS = mk.generic(data={"y": [0.1, 0.3, 0.5, 0.2], "v": [0.04, 0.05, 0.06, 0.03], "dose": [1, 2, 3, 5]})
NO_EVENTS = {"events_t": [0, 0], "n_t": [10, 10], "events_c": [1, 2], "n_c": [10, 10]}


@pytest.mark.parametrize("given", [EFFECTS, mk.pool(EFFECTS, moderators="dose")])
def test_subgroups_take_a_pooled_result(given: Any) -> None:
    """The moderators of a regression would be left out of each subgroup without a word."""
    with pytest.raises(InputError, match=f"subgroups takes a PooledResult .*got {type(given).__name__}"):
        mk.subgroups(given, "dose")


@pytest.mark.parametrize("by", [None, 3])
def test_groups_that_are_none(by: Any) -> None:
    with pytest.raises(InputError, match=f"by must be a column's name or a group for each study, got {by}"):
        mk.subgroups(mk.pool(EFFECTS), by)


def test_permutations_need_a_result_and_a_number_of_draws() -> None:
    with pytest.raises(InputError, match=r"permutation_test takes a result of mk\.pool, got EffectSizes; pool"):
        mk.permutation_test(EFFECTS)  # type: ignore[arg-type]
    for draws in (0, 1, 2.5, "9"):
        with pytest.raises(InputError, match="draws must be a whole number of at least 2"):
            mk.permutation_test(mk.pool(EFFECTS), rng=1, draws=draws)  # type: ignore[arg-type]


def test_a_seed_is_a_generator() -> None:
    many = mk.pool(np.linspace(0.0, 1.0, 20), np.full(20, 0.05))
    for ask in (
        lambda rng: mk.permutation_test(many, rng=rng, draws=50).p_value[0],
        lambda rng: mk.gosh(many, draws=200, rng=rng).to_frame()["estimate"].sum(),
        lambda rng: mk.leave_out(many, 9, draws=50, rng=rng).to_frame()["estimate"].sum(),
    ):
        assert ask(4) == ask(np.random.default_rng(4))
        with pytest.raises(InputError, match=r"rng must be a numpy.random.Generator or a seed .* got 'x'"):
            ask("x")


def test_levels_and_degrees_of_freedom_that_are_none() -> None:
    with pytest.raises(InputError, match="level must lie between 0 and 1, got 95"):
        EFFECTS.to_frame(95)
    with pytest.raises(InputError, match="df must be above 0, got -2"):
        mk.conversions.variance_from_interval(0.1, 0.9, df=-2)


def test_a_breslow_day_test_without_events_is_not_computable() -> None:
    with pytest.raises(NotComputableError, match="no pooled odds ratio: too few events in one of the arms"):
        mk.breslow_day(mk.effect_sizes(NO_EVENTS, "OR"))


@pytest.mark.parametrize(("options", "message"), [
    ({"points": 1.5}, "points must be a whole number between 1 and 100, got 1.5"),
    ({"tau2": -1}, "tau2 must be a number of at least 0, or None to estimate it, got -1"),
    ({"tau2": "DL"}, "tau2 must be a number of at least 0, or None to estimate it, got 'DL'"),
])  # fmt: skip
def test_options_of_a_glmm(options: dict[str, Any], message: str) -> None:
    counts = {"events_t": [1, 2], "n_t": [10, 10], "events_c": [3, 4], "n_c": [10, 10]}
    with pytest.raises(InputError, match=re.escape(message)):
        mk.glmm(mk.effect_sizes(counts, "OR"), **options)
