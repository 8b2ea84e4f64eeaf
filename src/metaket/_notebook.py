"""How results show themselves in a notebook."""

from __future__ import annotations

from html import escape

__all__ = ["ShownAsText"]


class ShownAsText:
    """Shown in a notebook as it is printed."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return "<pre>" + escape(str(self)) + "</pre>"
