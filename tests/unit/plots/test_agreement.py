"""Printed against recomputed: sections by unit, verdicts in words, markers where the values are."""

from __future__ import annotations

from typing import Any

import pytest

from metaket.errors import InputError
from metaket.plots import agreement, agreement_layout
from metaket.reproduction.compare import Comparison


def claim(name: str, printed: str, verdict: str, **more: Any) -> Comparison:
    return Comparison(name, "Colditz 1994", "Table 2", printed, "", "", verdict, **more)


CLAIMS = [
    claim("estimate", "0.49", "exact", recomputed=0.4894, printed_low=0.485, printed_high=0.495),
    claim("rate", "52.2%", "not computable", recomputed=58.5, printed_low=52.15, printed_high=52.25, unit="%",
          cause="8 of 10 trials lack a number", basis="2 of 10 trials"),
    claim("better", "significant", "decision differs", words="no difference"),
    claim("p", "<0.001", "exact", recomputed=0.0001, printed_high=0.001),
    claim("ci", "0.34", "differs", recomputed=0.5, recomputed_low=0.4, recomputed_high=0.6, printed_low=0.335,
          printed_high=0.345),
    claim("lost", "47.9%", "not computable", cause="no usable row: events_c not sourced"),
]  # fmt: skip


def test_claims_of_a_unit_share_a_section() -> None:
    layout = agreement_layout(CLAIMS)
    assert [(s.heading, [r.label for r in s.rows]) for s in layout.sections] == [
        ("Numbers", ["estimate", "ci"]),
        ("Percentages", ["rate", "lost"]),
        ("Statements", ["better", "p"]),
    ]
    assert [s.axis is not None for s in layout.sections] == [True, True, False]
    assert layout.subtitle == "6 claims: 2 exact, 1 differs, 1 decision differs, 2 not computable"


def test_rows_say_verdict_and_why() -> None:
    rows = {r.label: r for s in agreement_layout(CLAIMS, arms=("drug", "placebo")).sections for r in s.rows}
    assert (rows["rate"].verdict, rows["rate"].complete) == ("not computable", False)
    assert rows["rate"].remark == "8 of 10 trials lack a number; 2 of 10 trials used"
    assert rows["lost"].remark == "no usable row: events (placebo arm) not sourced"
    assert rows["lost"].printed_ends is not None
    assert list(rows["lost"].printed_ends) == pytest.approx([47.85, 47.95])
    assert rows["better"].ours == "no difference"
    assert rows["estimate"].source == "Colditz 1994, Table 2"
    assert {r.sign for r in rows.values()} == {"✓", "≠", "✗", "–"}


def test_markers_stand_at_the_values(markers: Any) -> None:
    ax = agreement(CLAIMS)
    numbers, percentages = ax.child_axes
    at = [round(float(c.get_offsets()[0][0]), 4) for c in markers(numbers)]
    assert at == [0.49, 0.4894, 0.34, 0.5]
    faces = [c.get_facecolor() for c in markers(percentages)]
    assert [len(f) for f in faces] == [0, 1, 0]  # printed is open; the claim without a value has no filled marker
    texts = [t.get_text() for t in ax.texts]
    assert "✓ exact" in texts
    assert "✗ decision differs" in texts
    assert "recomputed from part of the trials" in texts


def test_very_different_sizes_get_a_log_axis_or_none() -> None:
    both = [claim("k", "9", "exact", recomputed=9.0), claim("n", "368", "exact", recomputed=368.0)]
    (section,) = agreement_layout(both).sections
    assert section.axis is not None
    assert section.axis.log
    (section,) = agreement_layout([*both, claim("d", "-0.20", "exact", recomputed=-0.2)]).sections
    assert section.axis is None


def test_numbers_without_a_recomputed_value_are_not_drawn() -> None:
    layout = agreement_layout([claim("n", "368", "not computable")])
    assert not layout.drawn
    assert agreement([claim("n", "368", "not computable")]).child_axes == []


def test_takes_a_reproduction() -> None:
    class Reproduction:
        comparisons = tuple(CLAIMS)

    assert agreement_layout(Reproduction()) == agreement_layout(CLAIMS)


def test_no_claim_is_an_error() -> None:
    with pytest.raises(InputError, match="no claim to draw"):
        agreement_layout([])
