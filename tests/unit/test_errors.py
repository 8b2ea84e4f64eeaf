"""The exception tree is the one that its module draws, and catching the base class catches all of it."""

from __future__ import annotations

import inspect
import re

import pytest

from metaket import errors

CLASSES = {
    name: cls for name, cls in vars(errors).items() if inspect.isclass(cls) and cls.__module__ == errors.__name__
}


def drawn() -> dict[str, str]:
    """Class -> parent, read off the drawing in the module's docstring by its indentation."""
    parents: dict[str, str] = {}
    open_at: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^([ │├└─]*)([A-Z]\w+)\b", line)
        if not found or found[2] not in {*CLASSES, "Exception", "UserWarning"}:
            continue
        depth = len(found[1])
        while open_at and open_at[-1][0] >= depth:
            open_at.pop()
        if open_at:
            parents[found[2]] = open_at[-1][1]
        open_at.append((depth, found[2]))
    return parents


def test_the_drawing_is_the_tree() -> None:
    assert drawn() == {name: cls.__bases__[0].__name__ for name, cls in CLASSES.items()}


def test_all_names_are_exported() -> None:
    assert set(errors.__all__) == set(CLASSES)


def test_the_base_class_catches_every_error() -> None:
    for name, cls in CLASSES.items():
        base = errors.MetaketWarning if issubclass(cls, Warning) else errors.MetaketError
        assert issubclass(cls, base), name
        assert cls.__doc__, name


def test_bad_input_is_a_value_error_too() -> None:
    """So that code which knows nothing of this package catches what it expects."""
    assert issubclass(errors.InputError, ValueError)
    assert not issubclass(errors.NotComputableError, ValueError)
    with pytest.raises(ValueError, match="row 7"):
        raise errors.DataError("row 7")
