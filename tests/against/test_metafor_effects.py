"""Every effect size that metafor's escalc and metaket both have, on the data sets of validation/metafor.

The reference is written by validation/metafor/run.R (versions in reference/versions.json). Agreement is 1e-8 relative
by design.md section 11, and tighter here; what differs stands in DIVERGENCES with its cause.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metaket as mk
from metaket.errors import DataError, InputError
from metaket.measures.registry import MEASURES, TRAITS

REFERENCE = Path(__file__).parents[2] / "validation" / "metafor" / "reference"
SETS = {d["id"]: d["columns"] for d in json.loads((REFERENCE / "datasets.json").read_text(encoding="utf-8"))}
ENTRIES = {e["id"]: e for e in json.loads((REFERENCE / "effects.json").read_text(encoding="utf-8"))}

# Worst seen 1.5e-12: the unbiased variance of SMD, a small difference of terms with J by log-gamma against R's.
RTOL = 1e-11
# A difference of logs or of proportions near zero is rounded on the scale of its terms, not on its own.
ATOL = 1e-14

# Entries per measure that metafor answers. Fewer mean that the grid shrank.
GRID = {
    **dict.fromkeys(("RR", "OR", "PETO", "YUQ", "YUY", "PBIT", "OR2DN", "OR2DL"), 64),
    **{"RD": 104, "AS": 28, "PHI": 28},
    **{"MD": 8, "SMD": 16, "SMDH": 4, "SMD1": 16, "SMD1H": 4, "ROM": 16, "CVR": 4, "VR": 4, "D2ORN": 4, "D2ORL": 4},
    **{"MC": 2, "SMCC": 4, "SMCR": 4, "SMCRH": 2, "ROMC": 2, "CVRC": 2, "VRC": 2},
    **dict.fromkeys(("MPRD", "MPRR", "MPOR", "MPORC", "MPPETO", "MPORM"), 4),
    **{"PR": 12, "PLN": 9, "PLO": 9, "PAS": 3, "PFT": 3},
    **{"COR": 8, "ZCOR": 4},
    **{"IRR": 2, "IRD": 2, "IRSD": 2, "IR": 6, "IRLN": 6, "IRS": 3, "IRFT": 3},
    **{"MN": 2, "MNLN": 1, "SMN": 2, "CVLN": 1, "SDLN": 2},
}

# Where asking both for the same thing needs different words, or gives different answers.
DIVERGENCES = {
    "double zeros": "escalc keeps tables that say nothing about a ratio, ours leaves them out (design.md section 9); "
    "compared with double_zero='keep'",
    "IR, IRLN vtype AV": "metafor 3.8-1 takes the option and ignores it, ours refuses it; compared without it",
    "UCOR": "no reference: it needs R's gsl package; the witness is mpmath in tests/unit/measures/test_correlation.py",
    "MNLN, CVLN with a negative mean": "escalc refuses the whole table, ours too and names the row",
    "RD, AS with drop00": "ours keep the double zeros, which do inform about a difference (design.md section 9); the "
    "studies that escalc keeps too are compared",
    "v = 0": "escalc returns it with a warning, ours refuses the row (design.md section 9)",
}
IGNORES_VTYPE = ("IR", "IRLN")


def options_of(entry: dict[str, Any]) -> dict[str, Any]:
    """metafor's options under our names; None are escalc's own defaults."""
    options = entry["options"] or {}
    out: dict[str, Any] = {"double_zero": "drop" if options.get("drop00", False) else "keep"}
    if "to" in options and TRAITS[entry["measure"]].zero_cells:
        out |= {"zero_cells": options["to"], "add": options["add"]}
    if options.get("vtype", "LS") != "LS" and entry["measure"] not in IGNORES_VTYPE:
        out["vtype"] = options["vtype"]
    return out


def ours(entry: dict[str, Any], rows: np.ndarray) -> mk.EffectSizes:
    table = {name: [column[i] for i in rows] for name, column in SETS[entry["dataset"]].items()}
    return mk.effect_sizes(table, entry["measure"], **options_of(entry))


def reference(entry: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """y, v and where both are usable."""
    y, v = (np.array([np.nan if x is None else x for x in entry[name]], dtype=float) for name in ("yi", "vi"))
    return y, v, np.isfinite(y) & np.isfinite(v) & (v > 0)


ANSWERED = [i for i, e in ENTRIES.items() if not e.get("failed")]
KEEPS_DOUBLE_ZERO = ("RD", "AS")
PARTLY = [
    i
    for i in ANSWERED
    if not reference(ENTRIES[i])[2].all()
    and not (ENTRIES[i]["measure"] in KEEPS_DOUBLE_ZERO and (ENTRIES[i]["options"] or {}).get("drop00", False))
]


def test_the_grid_is_complete() -> None:
    assert Counter(ENTRIES[i]["measure"] for i in ANSWERED) == GRID
    assert set(GRID) | {"UCOR", "GEN"} == set(MEASURES.codes)


def test_what_metafor_cannot_answer_is_known() -> None:
    failed = Counter(e["measure"] for e in ENTRIES.values() if e.get("failed"))
    assert failed == {"UCOR": 12, "MNLN": 1, "CVLN": 1}


@pytest.mark.parametrize("name", ANSWERED)
def test_effects_and_variances(name: str) -> None:
    entry = ENTRIES[name]
    y, v, usable = reference(entry)
    got = ours(entry, np.flatnonzero(usable))
    np.testing.assert_allclose(got.y, y[usable], rtol=RTOL, atol=ATOL)
    np.testing.assert_allclose(got.v, v[usable], rtol=RTOL)


@pytest.mark.parametrize("name", PARTLY)
def test_rows_without_an_answer_are_left_out_or_refused(name: str) -> None:
    entry = ENTRIES[name]
    for i in np.flatnonzero(~reference(entry)[2]):
        with pytest.raises((DataError, InputError)):
            ours(entry, np.array([i]))


@pytest.mark.parametrize("code", ["MNLN", "CVLN"])
def test_negative_means_are_refused_by_row(code: str) -> None:
    table = SETS["dat.senn2013"]
    first = next(i for i, m in enumerate(table["mean"], start=1) if m <= 0)
    with pytest.raises(DataError, match=rf"^row {first} \(.*A log needs positive means"):
        mk.effect_sizes(table, code)


PETO = {e["dataset"]: e for e in json.loads((REFERENCE / "mh_peto.json").read_text("utf-8")) if e["model"] == "peto"}


@pytest.mark.parametrize("name", PETO)
def test_inverse_variance_of_peto_is_petos_method(name: str) -> None:
    """rma.peto corrects no cell, so uncorrected PETO effects pooled by inverse variance must give its estimate."""
    effects = mk.effect_sizes(SETS[name], "PETO", zero_cells="none")
    weight = 1 / effects.v
    assert float(np.sum(weight * effects.y) / weight.sum()) == pytest.approx(PETO[name]["estimate"], rel=1e-11)
    assert float(weight.sum() ** -0.5) == pytest.approx(PETO[name]["std_error"], rel=1e-12)
