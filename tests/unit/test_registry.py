"""Registries: filled by a decorator, looked up by code or alias in any case, errors that name the nearest choice."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from metaket._registry import Registry, unknown_choice
from metaket.errors import InputError, UnknownChoiceError
from metaket.measures.registry import MEASURES
from metaket.pooling.inference import PREDICTION, TESTS
from metaket.pooling.spec import MODELS
from metaket.pooling.tau2 import ESTIMATORS

REGISTRIES: list[Registry[Any]] = [ESTIMATORS, TESTS, PREDICTION, MODELS, MEASURES]


@pytest.fixture
def fruit() -> Registry[Any]:
    registry: Registry[Any] = Registry("fruit")

    @registry.add("Apple", label="an apple", reference="Newton (1687)", aliases=("pome",))
    def apple() -> str:
        """A fruit."""
        return "apple"

    registry.add("pear", label="a pear", reference="none", needs=("tree",))(lambda: "pear")
    return registry


def test_lookup_by_code_and_alias_in_any_case(fruit: Registry[Any]) -> None:
    for name in ("Apple", "apple", "APPLE", "pome", "Pome"):
        assert fruit[name].code == "Apple"
        assert name in fruit
    assert fruit["apple"].func() == "apple"
    assert fruit.codes == ("Apple", "pear")
    assert [e.code for e in fruit] == ["Apple", "pear"]
    assert len(fruit) == 2


@pytest.mark.parametrize("name", ["plum", "", None, 3, ("Apple",)])
def test_an_unknown_name_is_an_error_of_the_users(fruit: Registry[Any], name: object) -> None:
    assert name not in fruit
    with pytest.raises(UnknownChoiceError, match=r"unknown fruit .*: choose one of Apple, pear") as caught:
        fruit[name]  # type: ignore[index]
    assert repr(name) in str(caught.value)
    assert isinstance(caught.value, InputError)


def test_the_nearest_choice_is_named_only_if_it_is_near(fruit: Registry[Any]) -> None:
    assert str(unknown_choice("fruit", "aple", fruit.codes)).endswith("Did you mean Apple?")
    assert "Did you mean" not in str(unknown_choice("fruit", "xyz", fruit.codes))


def test_a_name_is_registered_once(fruit: Registry[Any]) -> None:
    for code, aliases in (("POME", ()), ("quince", ("Pear",))):
        with pytest.raises(RuntimeError, match=r"fruit .* is registered twice"):
            fruit.add(code, label="", reference="", aliases=aliases)(lambda: "")
    assert fruit["pear"].func() == "pear"


def test_an_entry_is_frozen(fruit: Registry[Any]) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        fruit["pear"].code = "plum"  # type: ignore[misc]
    assert not hasattr(fruit["pear"], "__dict__")


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda r: r.kind)
def test_every_entry_has_a_label_a_source_and_a_docstring(registry: Registry[Any]) -> None:
    assert len(registry) >= 2
    for entry in registry:
        assert entry.label.strip(), entry.code
        assert entry.reference.strip(), entry.code
        assert (entry.func.__doc__ or "").strip(), entry.code
    labels = [entry.label for entry in registry]
    assert len(set(labels)) == len(labels)


def test_metafors_names_are_the_codes_where_it_has_them() -> None:
    assert [e.code for e in ESTIMATORS if e.metafor not in ("", e.code)] == []
    assert [e.code for e in ESTIMATORS if not e.metafor] == ["DL2", "HE2"]
    assert {t.code: t.metafor for t in TESTS} == {"z": "z", "t": "t", "hksj": "knha", "hksj-adhoc": "adhoc"}
