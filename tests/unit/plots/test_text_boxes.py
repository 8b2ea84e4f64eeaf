"""No text is cut off, overlaps other text or runs into the data, whatever the input: measured from the drawn boxes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import metaket as mk
from metaket.plots import agreement, forest, specification_curve, time_course

CJK = "中村二〇一三年研究김철수日本語"


@pytest.mark.parametrize(
    ("k", "length", "measure"),
    [(1, 80, "RR"), (1, 1, "SMD"), (2, 1, "RR"), (2, 40, "SMD"), (10, 80, "RR"), (10, 80, "SMD"), (60, 13, "SMD"),
     (200, 80, "RR")],
)  # fmt: skip
def test_forest(make_result: Any, assert_clean: Callable[..., Any], k: int, length: int, measure: str) -> None:
    result = make_result(k, length, measure)
    ax = forest(result, title="t" * length, favours=("l" * length, "r r " * length))
    ruler = assert_clean(ax)
    assert sum(name.startswith("[") for name in ruler.names) >= k


@pytest.mark.parametrize("length", [1, 30, 80])
def test_forest_with_data_columns(assert_clean: Callable[..., Any], rng: np.random.Generator, length: int) -> None:
    k = 12
    arm = ("treated " * 10)[:length].strip(), "C" * length
    counts = pd.DataFrame(
        {
            "study": [f"{'x' * length}{i}" for i in range(k)],
            "events_t": rng.integers(0, 5, k),
            "n_t": rng.integers(5, 1_000_000, k),
            "events_c": rng.integers(1, 5, k),
            "n_c": rng.integers(5, 1_000_000, k),
            "design": ["crossover" if i % 3 else "parallel" for i in range(k)],
        }
    )
    counts.loc[4, "events_t"] = None
    assert_clean(forest(mk.pool(mk.effect_sizes(counts, "OR"), tau2="DL"), arms=arm))
    means = pd.DataFrame({"study": counts["study"], "n_t": 20, "n_c": 30})
    for end in ("t", "c"):
        means[f"mean_{end}"], means[f"sd_{end}"] = rng.normal(0, 1e5, k), rng.uniform(0.1, 1e5, k)
    assert_clean(forest(mk.pool(mk.effect_sizes(means, "MD"), tau2="DL"), arms=arm))


@pytest.mark.parametrize("letters", [CJK, "אבגדהו", "محمد", "$_^\\{}%&#"])
@pytest.mark.filterwarnings("ignore:no installed font has")  # whatever fonts this machine has
def test_forest_in_other_scripts(make_result: Any, assert_clean: Callable[..., Any], letters: str) -> None:
    result = make_result(8, 30, letters=letters)
    assert_clean(forest(result, title=letters, arms=(letters, letters), favours=(letters, letters)))


@pytest.mark.parametrize("measure", ["RR", "SMD"])
@pytest.mark.parametrize(("times", "length"), [(1, 80), (3, 20), (6, 80), (8, 1)])
def test_time_course(make_course: Any, assert_clean: Callable[..., Any], times: int, length: int, measure: str) -> None:
    course = make_course(times, length, measure)
    assert_clean(time_course(course, favours=("l" * length, "r r " * length)))


@pytest.mark.parametrize("length", [3, 80])
def test_several_courses(make_course: Any, assert_clean: Callable[..., Any], length: int) -> None:
    courses = {f"{'name ' * 20}"[:length] + str(i): make_course(4, length) for i in range(4)}
    assert_clean(time_course(courses, title="t " * length, favours=("a", "b")))


@pytest.mark.parametrize("families", [("RR",), ("RR", "OR", "RD")])
@pytest.mark.parametrize(("size", "length"), [(1, 1), (7, 80), (700, 5)])
def test_specification_curve(
    make_curve: Any, assert_clean: Callable[..., Any], size: int, length: int, families: tuple[str, ...]
) -> None:
    assert_clean(specification_curve(make_curve(size, length, families), notes=["n " * length]))


@pytest.mark.parametrize(("count", "length"), [(1, 1), (1, 80), (6, 3), (24, 80), (60, 25)])
def test_agreement(make_claims: Any, assert_clean: Callable[..., Any], count: int, length: int) -> None:
    assert_clean(agreement(make_claims(count, length), title="t" * length))


@pytest.mark.parametrize(("size", "layout"), [((5.0, 4.0), None), ((9.0, 6.0), "constrained"), ((30.0, 24.0), None)])
def test_inside_a_given_axes(
    bcg: Any,
    make_course: Any,
    make_curve: Any,
    make_claims: Any,
    assert_clean: Callable[..., Any],
    size: tuple[float, float],
    layout: Any,
) -> None:
    figure = Figure(figsize=size, layout=layout, dpi=200)
    axes = figure.subplots(2, 2).flat
    forest(bcg, ax=axes[0], favours=("vaccine", "none"))
    time_course(make_course(3), ax=axes[1])
    specification_curve(make_curve(12, 20), ax=axes[2])
    agreement(make_claims(6), ax=axes[3])
    assert tuple(figure.get_size_inches()) == size
    for ax in axes:
        assert_clean(ax, frame=ax)


def test_the_ruler_sees_what_is_wrong(bcg: Any, assert_clean: Callable[..., Any]) -> None:
    for place, fault in (((0.5, 0.995), "cut"), ((0.02, 0.5), "overlapping"), ((0.5, 0.5), "on_panels")):
        ax = forest(bcg, title="A title that is long enough to be in the way of what is written over it " * 2)
        ruler = assert_clean(ax)
        ax.text(*place, "intruder intruder", transform=ax.transAxes)
        assert getattr(type(ruler).of(ax), fault)
        with pytest.raises(AssertionError):
            assert_clean(ax)
