"""How figures print numbers and choose the range and the ticks of an axis."""

from __future__ import annotations

import math

import pytest

from metaket.errors import InputError
from metaket.plots._arms import name_columns
from metaket.plots._canvas import _font, _renderers, text_width, wrap
from metaket.plots._scale import Axis, axis_for, choose_ticks
from metaket.plots._text import Numbers, clean, listing, marker, p_text, percent, power_of_ten


@pytest.mark.parametrize(
    ("value", "shown"),
    [(2.275, "2.27"), (0.4894, "0.49"), (0.0864, "0.09"), (0.0342, "0.034"), (0.00012, "0.00012"), (57.566, "57.57"),
     (3.2e-7, "3.2×10⁻⁷"), (1.5e6, "1.5×10⁶"), (math.inf, "∞"), (math.nan, "–")],
)  # fmt: skip
def test_ratios(value: float, shown: str) -> None:
    assert Numbers(ratio=True)(value) == shown


@pytest.mark.parametrize(
    ("errors", "value", "shown"),
    [((0.3,), -0.364, "−0.36"), ((2.4,), -7.95, "−7.95"), ((25.0,), 131.26, "131.3"), ((400.0,), 131.26, "131"),
     ((0.004,), -0.01234, "−0.0123"), ((0.3,), -0.001, "0.00"), ((), 1.0, "1.00")],
)  # fmt: skip
def test_differences_follow_their_standard_errors(errors: tuple[float, ...], value: float, shown: str) -> None:
    assert Numbers(errors=errors)(value) == shown


def test_decimals_can_be_given() -> None:
    assert Numbers(1, ratio=True)(2.25) == "2.2"


@pytest.mark.parametrize(("p", "shown"), [(0.0004, "p < 0.001"), (0.0153, "p = 0.015"), (math.nan, "p not defined")])
def test_p(p: float, shown: str) -> None:
    assert p_text(p) == shown


def test_small_words() -> None:
    assert [percent(x) for x in (0.0, 0.01, 0.05, 33.333)] == ["0.0", "<0.1", "0.1", "33.3"]
    assert [marker(i) for i in (0, 1, 5, 6, 12)] == ["*", "†", "‖", "**", "***"]
    assert clean(" a\tb\nc\x00d  ") == "a b c d"
    assert [listing(x) for x in ((), ("a",), ("a", "b"), ("a", "b", "c"))] == ["", "a", "a and b", "a, b and c"]
    assert name_columns("events_t, n_c not known", ("drug", "placebo")) == (
        "events (drug arm), n (placebo arm) not known"
    )
    assert [power_of_ten(x) for x in (1e-7, 0.001, 0.25, 1.0, 5e4, 2e6)] == [
        "10⁻⁷", "0.001", "0.25", "1", "50\N{THIN SPACE}000", "2×10⁶",
    ]  # fmt: skip


def test_axis_holds_points_and_null_but_not_a_wild_interval() -> None:
    axis = axis_for([2.0, 3.0, 4.0], [1.5, 2.0, 1e-9], [3.0, 5.0, 1e9], log=True, null=1.0, label="RR")
    assert all(axis.holds(x) for x in (1.0, 1.5, 2.0, 4.0, 5.0))
    assert not axis.holds(1e9)
    assert axis.clip(1e9) == axis.high
    assert axis.position(axis.low) == 0.0
    assert axis.position(axis.high) == pytest.approx(1.0)
    assert axis.position(math.sqrt(axis.low * axis.high)) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "ends", [(0.0, math.inf), (1e-300, 1e300), (math.nan, math.nan), (1.0, 1.0)], ids=["inf", "huge", "nan", "point"]
)
@pytest.mark.parametrize("log", [True, False])
def test_axis_is_finite_whatever_the_interval(ends: tuple[float, float], log: bool) -> None:
    axis = axis_for([1.0], ends[:1], ends[1:], log=log, null=1.0, label="")
    assert -math.inf < axis.low < 1.0 < axis.high < math.inf
    assert axis.low > 0 or not log


def test_axis_for_nothing() -> None:
    assert axis_for([], [], [], log=True, null=1.0, label="").holds(1.0)


@pytest.mark.parametrize("limits", [(2.0, 1.0), (0.0, 1.0), (-1.0, 2.0), (1.0, math.inf), (math.nan, 2.0)])
def test_bad_limits_are_named(limits: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="limits must be two finite numbers above 0"):
        axis_for([1.0], [1.0], [1.0], log=True, null=1.0, label="", limits=limits)


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("low", [1e-8, 1e-3, 0.1, 0.98, 3.7, 1e5])
@pytest.mark.parametrize("factor", [1.0001, 1.02, 1.5, 3.0, 20.0, 1e3, 1e6, 1e15])
def test_ticks_lie_on_the_axis_and_are_few(low: float, factor: float, log: bool) -> None:
    axis = Axis(low, low * factor, log, math.nan, "")
    ticks = choose_ticks(axis, lambda _: True)
    assert 2 <= len(ticks) <= 9
    assert all(axis.holds(value) for value, _ in ticks)
    assert len({label for _, label in ticks}) == len(ticks)


def test_ticks_read_like_a_person_would_set_them() -> None:
    labels = [label for _, label in choose_ticks(Axis(0.08, 8.0, True, 1.0, ""), lambda _: True)]
    assert labels == ["0.1", "0.3", "1", "3"] or labels == ["0.1", "0.2", "0.5", "1", "2", "5"]
    linear = [label for _, label in choose_ticks(Axis(-2.2, 0.4, False, 0.0, ""), lambda _: True)]
    assert linear == ["−2.0", "−1.5", "−1.0", "−0.5", "0.0"]


def test_without_room_only_the_null_is_left() -> None:
    assert choose_ticks(Axis(0.1, 10.0, True, 1.0, ""), lambda _: False) == ((1.0, "1"),)
    assert choose_ticks(Axis(2.0, 10.0, True, 1.0, ""), lambda _: False) == ()


@pytest.mark.parametrize("size", [7.0, 8.0, 10.5])
def test_text_is_never_drawn_wider_than_it_was_measured(size: float) -> None:
    for text in ("Frimodt-Moller et al 1973", "1065/191064", "[−2.74, −1.90]", "AVAVAV fififi", "Murrough 2013*†"):
        for renderer in _renderers():
            drawn = renderer.get_text_width_height_descent(  # type: ignore[no-untyped-call]
                text, _font(text, size, "normal"), False
            )[0]
            assert drawn * 72.0 / renderer.dpi <= text_width(text, size) + 1e-9


@pytest.mark.parametrize("text", ["one two three four five six", "x" * 90, "a " + "y" * 50 + " b", "", "ab"])
def test_wrapped_lines_fit_and_lose_nothing(text: str) -> None:
    lines = wrap(text, 60.0)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(text_width(line) <= 60.0 for line in lines)
