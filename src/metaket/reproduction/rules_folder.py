"""Rules on the folder: its schema and digests, that every analysis runs, that every claim can be compared."""

from __future__ import annotations

import warnings

from metaket.errors import DataWarning, MetaketError
from metaket.reproduction.analyse import run_analysis
from metaket.reproduction.compare import compare_claim
from metaket.reproduction.findings import RULES, Hits
from metaket.reproduction.package import PACKAGE, file_of, hash_of, read_package, resources_of, schema_errors
from metaket.reproduction.paper import Paper
from metaket.reproduction.toml import line_of

__all__: list[str] = []


@RULES.add("analyses", label="every analysis runs, every claim can be compared", reference="data format: analysis")
def _analyses(paper: Paper) -> Hits:
    """Filters name columns and match rows, options exist, no study enters twice; claims can be read."""
    found = {}
    for analysis in paper.analyses:
        try:
            found[analysis.id] = run_analysis(paper, analysis)
        except MetaketError as error:
            yield *_place_and_message(error), "error"
            continue
        if found[analysis.id].asked == 0:
            line = line_of(paper.folder / "paper.toml", "analysis", analysis.id, "where")
            what = f"analysis {analysis.id!r} asks for nothing: {found[analysis.id].gap}"
            yield f"paper.toml{line}", what, "error"
    for claim in paper.claims:
        if "analysis" in claim.of and claim.of["analysis"] not in found:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DataWarning)
                compare_claim(claim, paper, found)
        except MetaketError as error:
            yield *_place_and_message(error), "error"


def _place_and_message(error: MetaketError) -> tuple[str, str]:
    """A message's "paper.toml line 7" and what it says."""
    place, _, message = str(error).partition(": ")
    return (place, message) if place.startswith(("paper.toml", "outcomes.csv")) else ("paper.toml", str(error))


@RULES.add("schema", label="tables as described", reference="Frictionless Data Package: table schema")
def _schema(paper: Paper) -> Hits:
    """Every cell has the type and obeys the constraints that datapackage.json gives its column."""
    if (paper.folder / PACKAGE).is_file():
        for item in resources_of(read_package(paper.folder)):
            for where, message in schema_errors(paper.folder, item):
                yield where, message, "error"


@RULES.add("hashes", label="files as described", reference="Frictionless Data Package: hash")
def _hashes(paper: Paper) -> Hits:
    """SHA-256 of each file that datapackage.json lists; paths stay in the folder."""
    if not (paper.folder / PACKAGE).is_file():
        yield PACKAGE, "not there: digests are not recorded", "note"
        return
    changed = "its SHA-256 is not the one recorded; after a wanted change run metaket check DIR --update-hashes"
    for item in resources_of(read_package(paper.folder)):
        file = file_of(paper.folder, item["path"])
        if not file.is_file():
            yield f"{PACKAGE} {item['path']}", "the file is not there", "error"
        elif str(item.get("hash", "")) != hash_of(file):
            yield f"{PACKAGE} {item['path']}", changed, "error"
