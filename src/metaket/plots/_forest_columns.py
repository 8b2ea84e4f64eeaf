"""Further columns of a forest plot: any column of the effects' table, or given values. No matplotlib here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from metaket._registry import unknown_choice
from metaket.errors import InputError
from metaket.plots._forest_layout import ForestColumn
from metaket.plots._text import clean, signed

if TYPE_CHECKING:
    from metaket.measures.effect import EffectSizes

__all__ = ["Wanted", "table_columns"]

Wanted = str | Sequence[str] | Mapping[str, Any]


def table_columns(effects: EffectSizes, wanted: Wanted) -> tuple[ForestColumn, ...]:
    """Columns by name (`"dose"`, `"dose:.2f"`, `"Dose, mg/kg=dose:.2f"`), or heading -> name or values."""
    if isinstance(wanted, Mapping):
        return tuple(_column(effects, str(heading), value) for heading, value in wanted.items())
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    return tuple(_column(effects, *_parted(effects, name)) for name in names)


def _known(effects: EffectSizes) -> tuple[str, ...]:
    return () if effects.table is None else tuple(str(c) for c in effects.table.columns)


def _parted(effects: EffectSizes, text: str) -> tuple[str, str]:
    """Heading and column of `Heading=column`; the column's name is the heading where there is none."""
    if not isinstance(text, str):
        raise InputError(f"a column is asked for by its name, got {text!r}")
    heading, sign, column = text.partition("=")
    if sign and text not in _known(effects):
        return heading.strip(), column.strip()
    name = text if text in _known(effects) else text.partition(":")[0]
    return name.replace("_", " "), text


def _column(effects: EffectSizes, heading: str, value: Any) -> ForestColumn:
    form = ""
    if isinstance(value, str):
        name = value if value in _known(effects) else value.partition(":")[0].strip()
        form = "" if name == value else value.partition(":")[2]
        values = _values(effects, name)
    else:
        values = list(value)
        if len(values) != effects.k:
            raise InputError(f"the column {heading!r} has {len(values)} values but there are {effects.k} studies")
    cells = tuple(_cell(v, form, heading) for v in values)
    number = any(cells) and all(_is_number(c) for c in cells if c)
    return ForestColumn("", clean(heading), cells, align="right" if number else "left")


def _values(effects: EffectSizes, name: str) -> list[Any]:
    if effects.table is None:
        raise InputError(f"no column {name!r}: the effects have no table; give {{heading: values}} instead")
    if name not in _known(effects):
        raise unknown_choice("column", name, _known(effects))
    return list(effects.table[name])


def _cell(value: Any, form: str, heading: str) -> str:
    """A value in print; blank where it is missing."""
    if value is None or value == "" or value != value:
        return ""
    try:
        if form:
            number = float(value) if form[-1:] in "eEfFgG%" else value
            return signed(clean(format(number, form)))
        whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    except (TypeError, ValueError):
        raise InputError(f"the column {heading!r} holds {value!r}, which the format {form!r} does not fit") from None
    return signed(f"{value:.0f}") if whole else clean(f"{value:.6g}" if isinstance(value, float) else value)


def _is_number(text: str) -> bool:
    try:
        float(text.replace("\N{MINUS SIGN}", "-").rstrip("%"))
    except ValueError:
        return False
    return True
