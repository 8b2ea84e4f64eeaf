"""How results show themselves in a notebook."""

from __future__ import annotations

from html import escape

__all__ = ["ShownAsText", "p_words"]


class ShownAsText:
    """Shown in a notebook as it is printed."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return "<pre>" + escape(str(self)) + "</pre>"


def p_words(p: float) -> str:
    """A p-value in a sentence: ``p = 0.0312``, ``p < 0.0001``, ``p not defined``."""
    if p != p:
        return "p not defined"
    return "p < 0.0001" if p < 1e-4 else f"p = {p:.4f}"
