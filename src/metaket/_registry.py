"""One registry for each kind of choice (measure, tau2 estimator, test, model, ...).

Error messages, command-line help, the documentation tables and the tests all read the registry, so that a code
is written down in one place only.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from metaket.errors import UnknownChoiceError

__all__ = ["Entry", "Registry", "unknown_choice"]

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Entry(Generic[F]):
    """One registered choice.

    Attributes
    ----------
    code : str
        The name that users type, metafor's where metafor has one.
    func : callable
        What the choice does.
    label : str
        What people read in reports.
    reference : str
        Article (and page) that the formula comes from.
    needs : tuple of str
        Columns or arguments that the function needs.
    aliases : tuple of str
        Other accepted names.
    metafor : str
        metafor's name, empty if metafor has none.
    scale : str
        For a measure: the name of the scale that its effects live on.
    """

    code: str
    func: F
    label: str
    reference: str
    needs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    metafor: str = ""
    scale: str = ""


class Registry(Generic[F]):
    """The choices of one kind, filled by a decorator and looked up by code or alias (any case)."""

    __slots__ = ("_entries", "_names", "kind")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry[F]] = {}
        self._names: dict[str, str] = {}

    def add(
        self,
        code: str,
        *,
        label: str,
        reference: str,
        needs: tuple[str, ...] = (),
        aliases: tuple[str, ...] = (),
        metafor: str = "",
        scale: str = "",
    ) -> Callable[[F], F]:
        """Register the decorated function under `code`."""

        def register(func: F) -> F:
            for name in (code, *aliases):
                if name.casefold() in self._names:
                    raise RuntimeError(f"{self.kind} {name!r} is registered twice")
                self._names[name.casefold()] = code
            self._entries[code] = Entry(code, func, label, reference, needs, aliases, metafor, scale)
            return func

        return register

    def __getitem__(self, name: str) -> Entry[F]:
        if isinstance(name, str) and name.casefold() in self._names:
            return self._entries[self._names[name.casefold()]]
        raise unknown_choice(self.kind, name, self.codes)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.casefold() in self._names

    def __iter__(self) -> Iterator[Entry[F]]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes, in the order of registration."""
        return tuple(self._entries)


def unknown_choice(kind: str, value: object, choices: tuple[str, ...]) -> UnknownChoiceError:
    """The error for a value outside `choices`; it names the nearest choice."""
    message = f"unknown {kind} {value!r}: choose one of {', '.join(choices)}."
    folded = {c.casefold(): c for c in choices}
    near = difflib.get_close_matches(str(value).casefold(), folded, n=1, cutoff=0.5)
    if near:
        message += f" Did you mean {folded[near[0]]}?"
    return UnknownChoiceError(message)
