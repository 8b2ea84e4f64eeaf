"""The specification curve: order, decisions, default, one axis a measure, choices below."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from metaket.errors import InputError
from metaket.plots import specification_curve, specification_layout


def test_sorted_with_every_option_accounted_for(make_curve: Any) -> None:
    curve = make_curve(30)
    layout = specification_layout(curve)
    (panel,) = layout.panels
    estimates = [item.estimate for item in panel.items]
    assert estimates == sorted(curve.rows["estimate"])
    assert panel.decided == int(curve.rows["decision"].sum())
    for i, (name, options) in enumerate(layout.choices):
        assert set(options) == set(curve.rows[name])
        counts = [sum(item.options[i] == o for item in panel.items) for o in options]
        assert counts == sorted(counts, reverse=True)
        assert sum(counts) == 30
    assert [i.estimate for i in panel.items if i.default] == [curve.rows["estimate"].iloc[0]]


def test_each_measure_has_its_own_axis(make_curve: Any) -> None:
    layout = specification_layout(make_curve(9, families=("RD", "RR")))
    assert [(p.label, p.axis.log, p.axis.null) for p in layout.panels] == [
        ("Risk difference", False, 0.0),
        ("Risk ratio", True, 1.0),
    ]
    assert layout.size == 18


def test_default_measure_comes_first(make_curve: Any) -> None:
    curve = make_curve(5, families=("RD", "RR"))
    curve.rows["default"] = curve.rows["default"] & (curve.rows["family"] == "RR")
    assert [p.label for p in specification_layout(curve).panels] == ["Risk ratio", "Risk difference"]


def test_choice_that_repeats_the_measure_is_left_out(make_curve: Any) -> None:
    curve = make_curve(5, families=("OR", "RR"))
    curve.rows["measure"] = curve.rows["family"]
    wider = type(curve)(curve.title, curve.rows, (*curve.choices, "measure"))
    assert [name for name, _ in specification_layout(wider).choices] == list(curve.choices)


def test_decisions_are_told_apart_without_colour(make_curve: Any, markers: Any) -> None:
    curve = make_curve(40)
    ax = specification_curve(curve)
    hollow = [c for c in markers(ax.child_axes[0]) if c.get_facecolor()[0].tolist() == [1.0, 1.0, 1.0, 1.0]]
    assert len(hollow) == 1
    assert len(hollow[0].get_offsets()) == int((~curve.rows["decision"]).sum())


def test_bars_stand_in_the_line_of_the_option(make_curve: Any) -> None:
    curve = make_curve(12)
    layout = specification_layout(curve)
    _, below = specification_curve(curve).child_axes
    lines = [c for c in below.collections if isinstance(c, LineCollection)]
    drawn = [float(np.asarray(s)[0, 0]) for c in lines for s in c.get_segments()]
    # each specification has one bar for each choice
    assert sorted(drawn) == sorted(list(range(12)) * len(layout.choices))


def test_missing_default_and_failures_are_said(make_curve: Any) -> None:
    curve = make_curve(3)
    curve.rows["default"] = False
    layout = specification_layout(type(curve)(curve.title, curve.rows, curve.choices, failed=("one", "two")))
    assert layout.footnotes == (
        "2 further specifications give no result.",
        "The default analysis gives no result.",
    )
    assert all(t.get_text() != "default analysis" for t in specification_curve(curve).texts)


def test_empty_curve_is_an_error(make_curve: Any) -> None:
    curve = make_curve(3)
    with pytest.raises(InputError, match="no specification to draw"):
        specification_layout(type(curve)("", curve.rows.iloc[:0], curve.choices))
