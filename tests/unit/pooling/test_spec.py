"""`PoolSpec`: every option checked once, aliases resolved, frozen."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError, UnknownChoiceError
from metaket.pooling.inference import TESTS
from metaket.pooling.spec import MODELS
from metaket.pooling.tau2 import ESTIMATORS


@pytest.mark.parametrize("entry", [*ESTIMATORS], ids=lambda e: e.code)
def test_every_estimator_by_code_and_alias(entry: Any) -> None:
    for name in (entry.code, entry.code.lower(), *entry.aliases):
        assert mk.PoolSpec.of("random", name, "z").tau2 == entry.code


@pytest.mark.parametrize("entry", [*TESTS], ids=lambda e: e.code)
def test_every_test_by_code_and_alias(entry: Any) -> None:
    for name in (entry.code, entry.code.upper(), *entry.aliases):
        assert mk.PoolSpec.of("random", "DL", name).test == entry.code


@pytest.mark.parametrize("entry", [*MODELS], ids=lambda e: e.code)
def test_every_model_by_code_and_alias(entry: Any) -> None:
    for name in (entry.code, *entry.aliases):
        assert mk.PoolSpec.of(name, "DL", "z").model == entry.code


def test_names_that_people_use() -> None:
    assert mk.PoolSpec.of("fixed", "DL", "knha").model == "common"
    assert mk.PoolSpec.of("random", "MP", "knha") == mk.PoolSpec("random", "PM", "hksj", "tau2")


@pytest.mark.parametrize("value", [0, 0.25, np.float64(0.25), np.int64(2)])
def test_a_known_tau2_becomes_a_plain_float(value: float) -> None:
    spec = mk.PoolSpec.of("random", value, "z")
    assert type(spec.tau2) is float
    assert spec.tau2 == value
    assert f"tau2 fixed at {value:g}" in spec.describe()


@pytest.mark.parametrize("value", [-1e-9, math.inf, math.nan, None, [0.1], "0.1"])
def test_a_tau2_that_is_none(value: Any) -> None:
    with pytest.raises(InputError, match="tau2"):
        mk.PoolSpec.of("random", value, "z")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (("randon", "DL", "z"), "model"),
        (("random", "DLL", "z"), "tau2 method"),
        (("random", "DL", "y"), "test"),
        (("random", "DL", "z", "q3"), "I2 definition"),
    ],
)
def test_an_unknown_option_lists_the_choices(arguments: tuple[str, ...], kind: str) -> None:
    with pytest.raises(UnknownChoiceError, match=f"unknown {kind} '.*': choose one of ") as caught:
        mk.PoolSpec.of(*arguments)
    choices = {"model": MODELS.codes, "tau2 method": ESTIMATORS.codes, "test": TESTS.codes}.get(kind, ("tau2", "Q"))
    assert ", ".join(choices) in str(caught.value)


def test_only_random_effects_have_an_i2_from_tau2() -> None:
    assert mk.PoolSpec.of("random", "DL", "z").i2 == "tau2"
    assert mk.PoolSpec.of("random", "DL", "z", "q").i2 == "Q"
    assert mk.PoolSpec.of("common", "DL", "z", "tau2").i2 == "Q"


def test_frozen_slotted_and_hashable() -> None:
    spec = mk.PoolSpec.of("random", "DL", "z")
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.tau2 = "PM"  # type: ignore[misc]
    assert not hasattr(spec, "__dict__")
    assert {spec: 1}[mk.PoolSpec.of("re", "dl", "Z")] == 1


def test_descriptions() -> None:
    assert mk.PoolSpec.of("random", "DL", "knha").describe() == (
        "random effects, tau2 by DerSimonian-Laird (DL), Hartung-Knapp-Sidik-Jonkman test"
    )
    assert mk.PoolSpec.of("common", "DL", "z").describe() == "common effect, normal test"
