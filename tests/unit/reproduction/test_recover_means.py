"""GRIM and GRIMMER against brute force over all data on a short scale."""

from __future__ import annotations

import itertools
import statistics
from fractions import Fraction

import pytest

import metaket as mk
from metaket.errors import InputError

HALF = Fraction(1, 200)  # half a unit of two decimals
SLACK = 1e-9  # the SD of the brute force is a square root


def attained(n: int, low: int, high: int) -> set[tuple[int, int]]:
    data = itertools.combinations_with_replacement(range(low, high + 1), n)
    return {(sum(x), sum(i * i for i in x)) for x in data}


@pytest.mark.parametrize("n", [2, 3, 5, 7])
def test_every_mean_and_sd_of_real_data_is_found(n: int) -> None:
    for data in itertools.combinations_with_replacement(range(1, 6), n):
        mean, sd = statistics.fmean(data), statistics.stdev(data)
        pair = (sum(data), sum(i * i for i in data))
        for scale in (None, (1, 5)):
            found = mk.grimmer(f"{mean:.2f}", f"{sd:.2f}", n, scale=scale)
            assert pair in found.squares, data


@pytest.mark.parametrize("n", [3, 4, 6])
def test_on_a_scale_only_attained_pairs_are_listed(n: int) -> None:
    real = attained(n, 0, 4)
    for mean, sd in itertools.product(
        ("1.33", "1.67", "2.00", "2.17", "2.25", "2.50"), ("0.58", "0.82", "1.15", "1.41", "1.63")
    ):
        found = mk.grimmer(mean, sd, n, scale=(0, 4))
        want = {
            (t, q)
            for t, q in real
            if abs(Fraction(t, n) - Fraction(mean)) <= HALF
            and abs(((q - t * t / n) / (n - 1)) ** 0.5 - float(sd)) <= float(HALF) + SLACK
        }
        assert set(found.squares) == want, (mean, sd)
        assert found.consistent == bool(want)
        assert found.exact == bool(found.sums)


def test_grim_against_fractions() -> None:
    for n in range(1, 40):
        for hundredths in range(100, 140):
            mean = f"{hundredths / 100:.2f}"
            want = tuple(i for i in range(2 * n) if abs(Fraction(i, n) - Fraction(mean)) <= HALF)
            assert mk.grim(mean, n).sums == want


def test_items_make_the_grain_finer() -> None:
    assert not mk.grim("3.47", 25).consistent
    assert mk.grim("3.47", 25, items=3).sums == (260,)
    assert mk.grimmer("3.47", "0.50", 25, items=3).consistent


def test_more_answers_than_decimals_cannot_fail() -> None:
    assert mk.grim("3.47", 99).informative
    found = mk.grim("3.47", 100)
    assert not found.informative
    assert "cannot fail here" in str(found)


def test_words_frame_and_json() -> None:
    no = mk.grim("3.47", 25)
    assert str(no) == (
        "mean 3.47 of 25 participants: not possible. 3.47 x 25 = 86.75 is not near enough to a whole number; "
        "the nearest possible means are 3.44 or 3.48"
    )
    assert no.to_dict()["nearest"] == [3.44, 3.48]
    yes = mk.grim("3.48", 25)
    assert str(yes) == "mean 3.48 of 25 participants: possible, with sum 87"
    assert yes.to_frame().to_dict(orient="records") == [{"total": 87, "mean": 3.48}]
    both = mk.grimmer("2.00", "1.00", 3)
    assert both.to_frame().to_dict(orient="records") == [{"total": 6, "sum_of_squares": 14, "mean": 2.0, "sd": 1.0}]
    assert "no sum of squares fits an SD of 1.20" in str(mk.grimmer("3.48", "1.20", 25))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mk.grim("<3", 20), "mean must be a printed number"),
        (lambda: mk.grim("34%", 20), "see possible_counts"),
        (lambda: mk.grim("3.5", 0), "n must be a whole number of at least 1, got 0"),
        (lambda: mk.grim("3.5", 2.5), "n must be a whole number"),  # type: ignore[arg-type]
        (lambda: mk.grim("3.5", 5, items=0), "items must be"),
        (lambda: mk.grimmer("3.5", "-1", 5), "sd must be at least 0"),
        (lambda: mk.grimmer("3.5", "1", 1), "n must be a whole number of at least 2"),
        (lambda: mk.grimmer("3.5", "1", 4, scale=(5, 1)), "scale must be"),
        (lambda: mk.grimmer("20.5", "8.1", 400, scale=(0, 60)), "too long for the exact search"),
    ],
)
def test_messages(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]
