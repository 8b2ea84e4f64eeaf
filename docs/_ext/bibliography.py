"""References in one place: `docs/references.bib`.

``:cite:`viechtbauer2005``` prints "Viechtbauer (2005)", ``:citep:`` inside brackets "Viechtbauer, 2005"; both link to
the page that has `.. bibliography::`. An unknown key, and an entry that no page cites, fail the build.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

__all__ = ["setup"]

BIB = Path(__file__).parents[1] / "references.bib"
ENTRY = re.compile(r"@(\w+)\{([\w-]+),\n(.*?)\n\}", re.DOTALL)
FIELD = re.compile(r"^\s*(\w+)\s*=\s*\{(.*)\},?\s*$", re.MULTILINE)
logger = logging.getLogger(__name__)


@cache
def entries() -> dict[str, dict[str, str]]:
    """Key -> fields, in the order of authors and years."""
    text = BIB.read_text(encoding="utf-8")
    found = {key: dict(FIELD.findall(body)) for _, key, body in ENTRY.findall(text)}
    if len(found) != text.count("\n@") + text.startswith("@"):
        raise ValueError(f"{BIB.name}: an entry has another form than @kind{{key, field = {{...}}, ...}}")
    for key, item in found.items():
        missing = [name for name in ("author", "year", "title") if name not in item]
        if missing:
            raise ValueError(f"{BIB.name}: {key} has no {missing[0]}")
    return dict(sorted(found.items(), key=lambda pair: (_authors(pair[1])[0].casefold(), pair[1]["year"], pair[0])))


def _authors(item: dict[str, str]) -> list[str]:
    return item["author"].split(" and ")


def short(item: dict[str, str], *, bracketed: bool = False) -> str:
    """Egger et al. (1997); inside brackets Egger et al., 1997."""
    names = [name.split(",")[0] for name in _authors(item)]
    who = names[0] if len(names) == 1 else f"{names[0]} & {names[1]}" if len(names) == 2 else f"{names[0]} et al."
    return f"{who}, {item['year']}" if bracketed else f"{who} ({item['year']})"


def full(item: dict[str, str]) -> str:
    """One line: authors, year, title, where, doi."""
    where = item.get("journal") or item.get("booktitle") or item.get("publisher") or ""
    volume = f" {item['volume']}" if "volume" in item else ""
    pages = f":{item['pages'].replace('--', '-')}" if "pages" in item else ""
    pages = pages if volume else pages.replace(":", ", p. ")
    doi = f", doi {item['doi']}" if "doi" in item else ""
    title = item["title"].replace("{", "").replace("}", "").rstrip(".")
    stop = "" if title.endswith("?") else "."
    who = "; ".join(_authors(item)).replace("; others", " et al.")
    return f"{who} ({item['year']}). {title}{stop} {where}{volume}{pages}{doi}."


class Cite(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        if self.text not in entries():
            message = self.inliner.reporter.error(f"{BIB.name} has no {self.text!r}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        self.env.metadata[self.env.docname].setdefault("cited", set()).add(self.text)  # type: ignore[arg-type]
        words = nodes.inline(text=short(entries()[self.text], bracketed=self.name == "citep"))
        options = {"refdomain": "std", "reftype": "ref", "refexplicit": True, "refwarn": True}
        return [addnodes.pending_xref("", words, reftarget=f"cite-{self.text}", refdoc=self.env.docname, **options)], []


class Bibliography(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(BIB))
        domain = self.env.get_domain("std")
        out = nodes.bullet_list(classes=["bibliography"])
        for key, item in entries().items():
            label = f"cite-{key}"
            domain.anonlabels[label] = (self.env.docname, label)  # type: ignore[attr-defined]
            line = nodes.list_item(ids=[label])
            line += nodes.paragraph(text=full(item))
            out += line
        return [out]


def _uncited(app: Any, env: Any) -> None:
    del app
    cited = {key for data in env.metadata.values() for key in data.get("cited", ())}
    for key in sorted(entries().keys() - cited):
        logger.warning("%s: no page cites %s", BIB.name, key)


def setup(app: Any) -> dict[str, Any]:
    app.add_role("cite", Cite())
    app.add_role("citep", Cite())
    app.add_directive("bibliography", Bibliography)
    app.connect("env-check-consistency", _uncited)
    return {"version": "1", "parallel_read_safe": True}
