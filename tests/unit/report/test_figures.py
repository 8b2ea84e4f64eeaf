"""Which figures there are, under which names, and what becomes of them in the page."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import metaket as mk
from metaket.report.figures import plan_figures, safe_name
from metaket.report.svg import inline_image, inline_svg
from metaket.report.words import by_kind


def test_names_are_safe_and_differ() -> None:
    taken: set[str] = set()
    names = [safe_name(t, taken) for t in ("../../etc/passwd", "a/b", "A/B", "...", "x" * 300, "Łążęć 24 h", "<>")]
    assert names[:3] == ["etc-passwd", "a-b", "A-B-2"]
    assert not any("/" in n or n.startswith(".") or len(n.encode()) > 100 for n in names)
    assert len({n.casefold() for n in names}) == len(names)
    assert "Łążęć-24-h" in names


def test_every_result_has_its_forest(han: mk.Reproduction) -> None:
    plans = plan_figures(han)
    names = {p.name for p in plans}
    assert len(names) == len(plans)
    kinds = by_kind(han)
    results = sum(len(i.results) for kind in ("default", "wider", "unverified") for i in kinds[kind])
    assert sum(p.group == "forest" for p in plans) == results
    assert {"agreement", "timecourse-response", "timecourse-depression", "forest-response-24h"} <= names
    assert {"forest-depression-72h-low", "forest-depression-72h-high"} <= names
    several = {i.id for i in kinds["default"] if i.result is not None and i.result.k > 1}
    assert {p.key for p in plans if p.group == "specification"} == several


def test_a_course_shows_the_results_of_its_analyses(han: mk.Reproduction) -> None:
    plan = next(p for p in plan_figures(han) if p.name == "timecourse-depression-sets")
    words = mk.plots.alt_text(plan.draw())
    for name in ("Default analyses", "Wider set of trials", "With unverified rows"):
        assert name in words
    assert "k = 10" in words


def test_inline_svg(nasty: Callable[..., mk.Reproduction], tmp_path: Path) -> None:
    plan = next(p for p in plan_figures(nasty()) if p.group == "forest")
    path, png = mk.plots.save(plan.draw(), tmp_path / "f", formats=("svg", "png"))
    markup = inline_svg(path, "f7-", 'alt <"&">')
    root = ET.fromstring(markup)
    assert root.attrib["aria-label"] == 'alt <"&">'
    ids = {e.attrib["id"] for e in root.iter() if "id" in e.attrib}
    assert all(i.startswith("f7-") for i in ids)
    targets = {v[1:] for e in root.iter() for k, v in e.attrib.items() if k == "href"}
    assert targets <= ids
    assert not {"style", "metadata", "title"} & {e.tag for e in root.iter()}
    texts = {"".join(e.itertext()).strip() for e in root.iter("text")}
    assert "Łążęć Ωμέγα 2016" in texts
    assert any("<script>" in t for t in texts)
    assert "sans-serif" in markup
    assert "<script" not in markup
    assert inline_image(png, "<a>", 100).startswith('<img src="data:image/png;base64,')
    assert 'alt="&lt;a&gt;"' in inline_image(png, "<a>", 100)
