"""Mantel-Haenszel, Peto and their tests against R's metafor (rma.mh, rma.peto)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import metaket as mk

REFERENCE = Path(__file__).parents[2] / "validation" / "metafor" / "reference"
TOLERANCE = 1e-8  # closed forms; worst seen 4e-12
# where some study has no event, or only events, in both arms: for RD metafor leaves it out of Q, we keep it (its effect
# of 0 is information for RD); for Peto metafor takes Q's degrees of freedom from all studies
Q_CONVENTION = {("mh", "RD"), ("peto", "OR")}
FIELDS = ("estimate", "std_error", "statistic", "p_value", "q", "q_p", "i2", "h2")


def read(name: str) -> Any:
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))


RECORDS = [
    r for r in read("mh_peto")
    if r["measure"] in ("OR", "RR", "RD") and r.get("zero_cells", "q_only") == "q_only" and not r.get("failed")
]  # fmt: skip


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return {d["id"]: pd.DataFrame(d["columns"]) for d in read("datasets") if "events_t" in d["columns"]}


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r["id"])
def test_pooled(record: dict[str, Any], tables: dict[str, pd.DataFrame]) -> None:
    effects = mk.effect_sizes(tables[record["dataset"]], record["measure"])
    ours = mk.pool(effects, model=record["model"])
    for name in FIELDS:
        convention = (record["model"], record["measure"]) in Q_CONVENTION and record["k"] != record["k_effects"]
        if convention and name in ("q", "q_p", "i2", "h2"):
            continue
        expected = record[name]
        assert getattr(ours, name) == pytest.approx(expected, rel=TOLERANCE, abs=1e-10), name


@pytest.mark.parametrize("record", [r for r in RECORDS if r.get("cmh") is not None], ids=lambda r: r["id"])
def test_association(record: dict[str, Any], tables: dict[str, pd.DataFrame]) -> None:
    effects = mk.effect_sizes(tables[record["dataset"]], record["measure"])
    ours = mk.cochran_mantel_haenszel(effects, correct=record["continuity_correct"])
    assert ours.statistic == pytest.approx(record["cmh"], rel=TOLERANCE, abs=1e-12)
    assert ours.p_value == pytest.approx(record["cmh_p"], rel=1e-7)  # the tail magnifies the statistic's rounding
    if record.get("breslow_day") is not None:
        assert mk.breslow_day(effects, tarone=False).statistic == pytest.approx(record["breslow_day"], rel=TOLERANCE)
        assert mk.breslow_day(effects).statistic == pytest.approx(record["tarone"], rel=TOLERANCE)


def test_the_grid() -> None:
    assert len(RECORDS) >= 80
    assert {(r["model"], r["measure"]) for r in RECORDS} >= {("mh", "OR"), ("mh", "RR"), ("mh", "RD"), ("peto", "OR")}


def test_what_they_cannot_pool() -> None:
    with pytest.raises(mk.MetaketError, match="pools OR, RR, RD"):
        mk.pool([0.1, 0.2], [0.1, 0.1], model="mh")
    effects = mk.generic([0.1, 0.2], [0.1, 0.1], measure="OR")
    with pytest.raises(mk.MetaketError, match="needs the counts"):
        mk.pool(effects, model="peto")
