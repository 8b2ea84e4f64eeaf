"""What every measure promises: a label, a source, a scale, columns with rules; and what swapping the arms does."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import metaket as mk
from metaket.measures.registry import MEASURES, SCALES, TRAITS, Traits, check_options, measure

TABLE = {
    "study": ["A", "B"],
    **{"events_t": [8, 12], "n_t": [18, 30], "events_c": [3, 5], "n_c": [20, 28]},
    **{"mean_t": [10.0, 9.0], "sd_t": [4.0, 4.5], "mean_c": [14.0, 13.0], "sd_c": [5.0, 5.5]},
    **{"mean_post": [10.0, 9.0], "sd_post": [4.0, 4.5], "mean_pre": [14.0, 13.0], "sd_pre": [5.0, 5.5]},
    **{"n": [18, 30], "r": [0.4, 0.5], "mean": [3.0, 4.0], "sd": [1.0, 1.5], "events": [4, 9]},
    **{"time_t": [100.0, 90.0], "time_c": [95.0, 110.0], "time": [50.0, 70.0]},
    **{"yes_yes": [3, 4], "yes_no": [6, 9], "no_yes": [2, 5], "no_no": [9, 12]},
    **{"y": [0.1, 0.2], "v": [0.01, 0.02]},
}
SWAP = {"_t": "_c", "_c": "_t", "_post": "_pre", "_pre": "_post"}
STANDARDISED_BY_ONE_SIDE = ("SMD1", "SMD1H", "SMCR", "SMCRH")


@pytest.mark.parametrize("code", MEASURES.codes)
def test_entry_is_complete(code: str) -> None:
    entry = MEASURES[code]
    assert entry.label
    assert entry.reference
    assert entry.metafor == code
    assert entry.scale in SCALES
    assert isinstance(TRAITS[code], Traits)
    assert set(entry.needs) <= set(TABLE)
    assert (inspect.getdoc(entry.func) or "").endswith(".")
    counted = any(name.startswith(("events", "yes")) for name in entry.needs)
    assert bool(TRAITS[code].zero_cells) is counted


@pytest.mark.parametrize("code", MEASURES.codes)
def test_every_measure_runs_on_its_needs_alone(code: str) -> None:
    needed = {name: TABLE[name] for name in ("study", *MEASURES[code].needs)}
    effects = mk.effect_sizes(needed, code)
    assert effects.k == 2
    assert effects.label == MEASURES[code].label
    assert len(effects.to_frame(transform=True)) == 2


def swapped() -> dict[str, list[float]]:
    out = {}
    for name, column in TABLE.items():
        ending = next((e for e in SWAP if name.endswith(e)), "")
        out[name] = TABLE[name.removesuffix(ending) + SWAP[ending]] if ending else column
    return out | {"yes_no": TABLE["no_yes"], "no_yes": TABLE["yes_no"]}


@pytest.mark.parametrize(
    "code",
    [
        e.code
        for e in MEASURES
        if e.code not in STANDARDISED_BY_ONE_SIDE and any(n.endswith(("_t", "_post", "_no")) for n in e.needs)
    ],
)
def test_swapping_the_arms_changes_the_sign_only(code: str) -> None:
    one, other = mk.effect_sizes(TABLE, code), mk.effect_sizes(swapped(), code)
    np.testing.assert_allclose(one.y, -other.y, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(one.v, other.v, rtol=1e-13)


def test_a_code_registers_once() -> None:
    with pytest.raises(RuntimeError, match="measure 'RR' is registered twice"):
        measure("RR", label="", reference="", needs=(), scale="level")(lambda c: (c["y"], c["v"]))
    assert TRAITS["RR"] == Traits("only0", uninformative=True)


def test_options_are_checked_without_the_correlation() -> None:
    check_options("SMD", {"vtype": "LS", "j": "exact"})
    with pytest.raises(mk.errors.InputError, match="no option 'rho'; it takes vtype, j"):
        check_options("SMD", {"rho": 0.5})


@pytest.mark.parametrize(("arm", "cells"), [("n_t", ("events_t", "nonevents_t")), ("n_c", ("events_c", "nonevents_c"))])
def test_sizes_from_cells(arm: str, cells: tuple[str, str]) -> None:
    table = {name: column for name, column in TABLE.items() if name != arm}
    table[cells[1]] = [n - e for n, e in zip(TABLE[arm], TABLE[cells[0]], strict=True)]
    np.testing.assert_array_equal(mk.effect_sizes(table, "OR").y, mk.effect_sizes(TABLE, "OR").y)


def test_pairs_from_margins_and_r_give_the_pairs_back() -> None:
    a, b, c, d = (np.array(TABLE[name], dtype=float) for name in ("yes_yes", "yes_no", "no_yes", "no_no"))
    n = a + b + c + d
    phi = (a * d - b * c) / np.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    margins = {"events_t": a + b, "events_c": a + c, "n": n, "r": phi}
    for code in ("MPOR", "MPRR", "MPRD", "MPORC"):
        whole, built = mk.effect_sizes(TABLE, code), mk.effect_sizes(margins, code)
        np.testing.assert_allclose(built.y, whole.y, rtol=1e-12)
        np.testing.assert_allclose(built.v, whole.v, rtol=1e-12)
        assert (
            built.notes
            == ("pairs from the margins and r (Elbourne et al. (2002) Int J Epidemiol 31:140-149, appendix)",) * 2
        )


def test_r_from_the_spread_of_the_change() -> None:
    post, pre, r = (np.array(TABLE[name], dtype=float) for name in ("sd_post", "sd_pre", "r"))
    table = {name: column for name, column in TABLE.items() if name != "r"}
    table["sd_change"] = np.sqrt(post**2 + pre**2 - 2 * r * post * pre).tolist()
    for code in ("MC", "SMCC", "SMCR", "ROMC"):
        np.testing.assert_allclose(mk.effect_sizes(table, code).v, mk.effect_sizes(TABLE, code).v, rtol=1e-12)
    assert mk.effect_sizes(table, "MC").notes[0] == (
        "r from the standard deviation of the change (Cochrane Handbook 6.3 (2022), 6.5.2.8)"
    )
