"""The page: complete, escaped, self-contained, well formed for machines that read it aloud."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.papers import claim, paper_of, table, write_paper
from tests.papers import row as cells

import metaket as mk
from metaket.report.html import Picture, report_html
from metaket.report.words import by_kind, effect_text
from metaket.reproduction.bands import BANDS
from metaket.reproduction.compare import VERDICTS

VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """Text, ids, local links, fetched addresses, open tags and empty table headers of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.headings: list[int] = []
        self.images_without_alt = 0
        self.tables_without_header = 0
        self.scripts = 0
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.scripts += tag == "script"
        if "id" in given:
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.links.append(str(given.get("href")))
        if tag in ("img", "iframe", "source") and not str(given.get("src")).startswith("data:"):
            self.fetched.append(str(given.get("src")))
        if tag == "link":
            self.fetched.append(str(given.get("href")))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.images_without_alt += tag == "img" and not given.get("alt")
        self.images_without_alt += tag == "svg" and not given.get("aria-label")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def page(han: mk.Reproduction) -> Page:
    return Page(report_html(han))


def test_the_page_is_well_formed(page: Page) -> None:
    assert page.open == []
    assert len(set(page.ids)) == len(page.ids)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert page.headings[0] == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))


def test_nothing_is_fetched(page: Page, han: mk.Reproduction) -> None:
    assert page.fetched == []
    assert page.scripts == 0
    assert "@import" not in report_html(han)
    assert "url(" not in report_html(han)


def test_every_claim_with_its_verdict(page: Page, han: mk.Reproduction) -> None:
    for c in han.comparisons:
        assert c.id in page.text
        assert " ".join(c.printed.split()) in page.text
        assert c.verdict in page.text


def test_every_result(page: Page, han: mk.Reproduction) -> None:
    for items in by_kind(han).values():
        for item in items:
            for _, result in item.results:
                assert effect_text(result) in page.text, item.id


def test_every_row_in_use_and_everything_left_out(page: Page, han: mk.Reproduction) -> None:
    for item in han.analyses.values():
        for _, row in item.selection.rows.iterrows():
            assert row["study"] in page.text
            assert " ".join(row["note"].split()) in page.text
        for left in item.selection.left:
            assert " ".join(left.look.split()) in page.text


def test_trials_sources_reviews_glossary_and_provenance(page: Page, han: mk.Reproduction) -> None:
    assert han.paper.trials is not None
    assert all(study in page.text for study in han.paper.trials["study"])
    assert all(source.id in page.text for source in han.paper.sources)
    assert "Kishimoto 2016" in page.text
    assert all(" ".join(text.split()) in page.text for text in BANDS.values())
    assert all(verdict in page.text for verdict in VERDICTS)
    assert all(digest in page.text for digest in han.provenance["digests"].values())
    assert han.provenance["packages"]["numpy"] in page.text


def test_unverified_rows_are_marked(page: Page) -> None:
    assert "named sensitivity analyses: no source at hand for some rows" in page.text


def test_our_result_stands_beside_a_review(page: Page, han: mk.Reproduction) -> None:
    ours = han.analyses["response-24h-or"].result
    assert ours is not None
    assert f"OR {effect_text(ours)} (2 of 10 trials)" in page.text
    ours = han.analyses["depression-24h-wider"].result
    assert ours is not None
    assert f"depression: SMD {effect_text(ours)}" in page.text


def test_names_are_escaped(nasty: Callable[..., mk.Reproduction]) -> None:
    rep = nasty()
    text = report_html(rep, [Picture("fig", "<caption>", '<svg aria-label="x"></svg>', "forest", "default")])
    parsed = Page(text)
    assert parsed.scripts == 0
    assert parsed.open == []
    assert "<i>A" not in text
    assert "<script>alert(\"1\")</script> & 'Müller'" in parsed.text
    assert "Łążęć Ωμέγα 2016" in parsed.text
    assert "p. 7 of the <report>" in parsed.text
    assert not any(str(link).startswith("javascript") for link in parsed.links)
    assert "https://example.org/?a=1&b=2" in parsed.links


def test_left_out_on_purpose_is_told_from_open(nasty: Callable[..., mk.Reproduction]) -> None:
    rep = nasty()
    text = Page(report_html(rep)).text
    assert "Réponse <b>, 24 h: 2 open, 1 left out on purpose" in text
    result = next(iter(rep.analyses.values())).result
    assert result is not None
    reasons = [d.reason for d in result.effects.dropped if d.study == "Third 2001"]
    assert len(reasons) == 1
    assert f"Third 2001 {reasons[0]}" in text


def test_a_paper_without_claims_and_trials(nasty: Callable[..., mk.Reproduction]) -> None:
    parsed = Page(report_html(nasty(claims="")))
    assert "verdicts" not in parsed.ids
    assert "trials" not in parsed.ids
    assert parsed.open == []


def test_the_same_paper_gives_the_same_page(han: mk.Reproduction) -> None:
    assert report_html(han) == report_html(mk.reproduce("han2016"))


def test_what_others_say_has_a_section_of_its_own(tmp_path: Path) -> None:
    said = """
[[claim]]
id = "said"
by = "a blog"
where = "first line"
printed = "<ten> studies"
of = { paper = "journal" }
source = "s1"
"""
    rep = mk.reproduce(write_paper(tmp_path, claims=claim("2.00", "estimate") + said))
    page = report_html(rep)
    section = page[page.index('<section id="audits">') : page.index('<section id="time">')]
    assert "&lt;ten&gt; studies" in section
    assert "The journal is Journal of Tests." in section
    assert "source s1: made up for a test" in section
    verdicts = page[page.index('<section id="verdicts">') : page.index('<section id="audits">')]
    assert "said</code>" not in verdicts
    assert '<section id="audits">' not in report_html(mk.reproduce(write_paper(tmp_path / "own")))


def test_the_reach_of_the_rounding_is_shown(tmp_path: Path) -> None:
    rows = (cells("A", y="0.5", se="0.2"), cells("B", y="0.8", se="0.3"))
    paper = paper_of("GEN", 'model = "common"')
    folder = write_paper(tmp_path, paper=paper, outcomes=table(*rows), claims=claim("0.75", "estimate"))
    page = report_html(mk.reproduce(folder))
    assert "within the inputs&#39; rounding: 0.4966 to 0.7000 (exact: monotone in each input" in page
