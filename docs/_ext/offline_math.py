"""Equations as SVG pictures made by matplotlib, so that the pages need neither LaTeX nor a network.

matplotlib reads a part of LaTeX; an equation that it can't read fails the build.
"""

from __future__ import annotations

import hashlib
import io
import re
from functools import cache
from html import escape
from typing import Any

from docutils import nodes
from matplotlib import rc_context
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser, math_to_image
from sphinx.errors import ExtensionError

__all__ = ["setup"]

SETTINGS = {"svg.fonttype": "path", "svg.hashsalt": "metaket", "mathtext.fontset": "stix"}
INLINE, BLOCK = 12.0, 13.5  # font sizes in points
UNWANTED = re.compile(r'<metadata>.*?</metadata>|<style.*?</style>|<g id="patch_1">.*?</g>', re.DOTALL)
SMALL_FRACTION = re.compile(r"\\tfrac\s*(?:(\d)(\d)|(?=\{))")


@cache
def picture(latex: str, size: float) -> str:
    """An inline SVG whose baseline is that of the text around it."""
    text = f"${plain(latex, tall=size > INLINE)}$"
    try:
        with rc_context(SETTINGS):  # type: ignore[arg-type]
            font = FontProperties(size=size)
            depth = MathTextParser("path").parse(text, dpi=72, prop=font).depth
            stream = io.StringIO()
            math_to_image(text, stream, prop=font, dpi=72, format="svg")
    except ValueError as error:
        raise ExtensionError(f"matplotlib can't read the equation {latex!r}: {error}") from error
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :].strip()
    svg = UNWANTED.sub("", svg)
    mark = hashlib.sha256(f"{size}{latex}".encode()).hexdigest()[:10]  # ids are of the page, not of the picture
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\1m{mark}-", svg)
    label = escape(latex, quote=True)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}" style="vertical-align:{-depth:.2f}pt"', 1)


def plain(latex: str, *, tall: bool = False) -> str:
    """In the LaTeX that matplotlib reads; `tall` fractions are for equations on a line of their own."""
    text = SMALL_FRACTION.sub(lambda m: rf"\frac{{{m[1]}}}{{{m[2]}}}" if m[1] else r"\frac", latex)
    text = re.sub(r"\\frac\s*(\w)\s*(\w)", r"\\frac{\1}{\2}", text)
    text = re.sub(r"\\frac\s*(\w)\s*\{", r"\\frac{\1}{", text)
    text = re.sub(r"\\sqrt\s+(\w)", r"\\sqrt{\1}", text)
    text = text.replace("&", " ").replace(r"\!", "").replace(r"\sum ", r"\sum\,")
    return " ".join((text.replace(r"\frac", r"\dfrac") if tall else text).split())


def visit_inline(self: Any, node: nodes.math) -> None:
    self.body.append(f'<span class="math">{picture(node.astext(), INLINE)}</span>')
    raise nodes.SkipNode


def visit_block(self: Any, node: nodes.math_block) -> None:
    lines = [line for line in re.split(r"\\\\", node.astext()) if line.strip()]
    shown = "".join(f"<p>{picture(line, BLOCK)}</p>" for line in lines)
    self.body.append(f'<div class="math">{shown}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, Any]:
    app.add_html_math_renderer("matplotlib", (visit_inline, None), (visit_block, None))
    return {"version": "1", "parallel_read_safe": True}
