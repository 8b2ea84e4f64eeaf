"""An SVG file as part of an HTML page: unique identifiers, fonts that every machine has, alternative text."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from html import escape
from pathlib import Path

__all__ = ["LARGEST", "inline_image", "inline_svg"]

LARGEST = 300_000  # bytes of SVG; a figure with more marks than that is embedded as PNG
FONTS = "'DejaVu Sans', Verdana, sans-serif"  # Verdana has nearly the widths that the figure was laid out with
PIXELS_A_POINT = 96.0 / 72.0
COORDINATES = ("d", "x", "y", "points")
DROPPED = ("metadata", "title", "style", "desc")


def inline_svg(path: Path, prefix: str, alt: str) -> str:
    """The drawing of `path` as an ``<svg>`` element.

    Parameters
    ----------
    path : Path
        A file that `metaket.plots.save` wrote.
    prefix : str
        Put before every id.
    alt : str
        What a reader who cannot see the figure gets.
    """
    root = ET.fromstring(path.read_bytes())
    _simplify(root, prefix)
    box = root.attrib["viewBox"].split()
    width, height = (float(x) * PIXELS_A_POINT for x in box[2:4])
    kept = {"viewBox": " ".join(box), "role": "img", "aria-label": alt, "focusable": "false"}
    root.attrib.clear()
    root.attrib.update(kept)
    root.attrib["width"], root.attrib["height"] = f"{width:.0f}", f"{height:.0f}"
    root.attrib["style"] = "stroke-linejoin:round;stroke-linecap:butt"
    return ET.tostring(root, encoding="unicode")


def inline_image(path: Path, alt: str, width: float) -> str:
    """A PNG as ``<img>`` with its data inside, `width` pixels wide."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt)}" width="{width:.0f}">'


def natural_width(path: Path) -> float:
    """Width of an SVG file in CSS pixels."""
    box = ET.fromstring(path.read_bytes()).attrib["viewBox"].split()
    return float(box[2]) * PIXELS_A_POINT


def _simplify(element: ET.Element, prefix: str) -> None:
    element.tag = _local(element.tag)
    element.attrib = {_local(name): _value(_local(name), text, prefix) for name, text in element.attrib.items()}
    for child in list(element):
        if not isinstance(child.tag, str) or _local(child.tag) in DROPPED:
            element.remove(child)
        else:
            _simplify(child, prefix)
    if element.tag not in ("text", "tspan"):
        element.text = (element.text or "").strip() or None
    for child in element:
        if element.tag not in ("text", "tspan"):
            child.tail = None


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1]


def _value(name: str, text: str, prefix: str) -> str:
    if name == "id":
        return prefix + text
    if name == "href" and text.startswith("#"):
        return f"#{prefix}{text[1:]}"
    if name in COORDINATES:
        text = re.sub(r"-?\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), text)
        return " ".join(text.split())
    if name == "style":
        text = re.sub(r"font-family:[^;]*", f"font-family: {FONTS}", text)
        text = re.sub(r"font:\s*([^;']*)'[^;]*", rf"font: \1{FONTS}", text)
    return text.replace("url(#", f"url(#{prefix}")
