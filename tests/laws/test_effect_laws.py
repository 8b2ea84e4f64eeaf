"""Laws of effect sizes: swapped arms, the order of rows, back-transformation, recovered standard errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metaket as mk
from metaket.measures.registry import MEASURES
from metaket.measures.transform import SCALES

COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=6).filter(
    lambda rows: any(a + c > 0 for a, c in rows)
)
MEANS = st.lists(
    st.tuples(st.floats(-5, 5), st.floats(0.1, 3), st.integers(3, 50), st.floats(-5, 5), st.floats(0.1, 3),
              st.integers(3, 50)), min_size=1, max_size=5
)  # fmt: skip
MEAN_COLUMNS = ("mean_t", "sd_t", "n_t", "mean_c", "sd_c", "n_c")
# Where a value of each scale may lie for the way there and back to be defined.
DOMAINS = {"difference": (-50, 50), "level": (-50, 50), "log ratio": (1e-6, 1e6), "log level": (1e-6, 1e6),
           "logit": (1e-6, 1 - 1e-6), "arcsine": (0, 1), "Fisher z": (-0.999, 0.999),
           "square root": (0, 1e6), "Freeman-Tukey": (0, 1), "Freeman-Tukey rate": (0, 1e3)}  # fmt: skip
ROOTS = 1e-7  # a square root that ends near 0 halves the digits (arcsine at 0 and 1)


def two_arms(rows: list[tuple[int, int]], *, swapped: bool = False) -> dict[str, np.ndarray]:
    a, c = np.array(rows).T
    arms = (a, np.full(a.size, 40)), (c, np.full(a.size, 35))
    (first, n1), (second, n2) = arms[::-1] if swapped else arms
    return {"events_t": first, "n_t": n1, "events_c": second, "n_c": n2}


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
@given(rows=COUNTS, zero_cells=st.sampled_from(["only0", "if0all", "all"]))
def test_swapped_arms_negate_counts(measure: str, rows: list[tuple[int, int]], zero_cells: str) -> None:
    a = mk.effect_sizes(two_arms(rows), measure, zero_cells=zero_cells)
    b = mk.effect_sizes(two_arms(rows, swapped=True), measure, zero_cells=zero_cells)
    np.testing.assert_allclose(b.y, -a.y, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(b.v, a.v, rtol=1e-12)
    assert [d.row for d in a.dropped] == [d.row for d in b.dropped]
    first, second = mk.pool(a), mk.pool(b)
    assert second.estimate == pytest.approx(-first.estimate, abs=1e-9 * first.std_error)
    assert second.back(second.estimate) == pytest.approx(
        1 / first.back(first.estimate) if measure != "RD" else -first.estimate, rel=1e-9, abs=1e-12
    )


@given(rows=COUNTS)
def test_events_and_their_absence_give_opposite_odds_ratios(rows: list[tuple[int, int]]) -> None:
    table = two_arms(rows)
    other = table | {"events_t": table["n_t"] - table["events_t"], "events_c": table["n_c"] - table["events_c"]}
    a, b = mk.effect_sizes(table, "OR"), mk.effect_sizes(other, "OR")
    np.testing.assert_allclose(b.y, -a.y, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(b.v, a.v, rtol=1e-12)


@pytest.mark.parametrize("measure", ["MD", "SMD"])
@given(rows=MEANS)
def test_swapped_arms_negate_means(measure: str, rows: list[tuple[float, ...]]) -> None:
    columns = dict(zip(MEAN_COLUMNS, np.array(rows, dtype=float).T, strict=True))
    swapped = {name: columns[name[:-1] + {"t": "c", "c": "t"}[name[-1]]] for name in MEAN_COLUMNS}
    a, b = mk.effect_sizes(columns, measure), mk.effect_sizes(swapped, measure)
    np.testing.assert_allclose(b.y, -a.y, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(b.v, a.v, rtol=1e-12)


@given(rows=COUNTS, seed=st.integers(0, 100))
def test_rows_may_come_in_any_order(rows: list[tuple[int, int]], seed: int) -> None:
    turn = np.random.default_rng(seed).permutation(len(rows))
    names = np.array([f"S{i}" for i in range(len(rows))])
    table = two_arms(rows) | {"study": names}
    a = mk.effect_sizes(table, "RR")
    b = mk.effect_sizes({name: column[turn] for name, column in table.items()}, "RR")
    assert dict(zip(a.study, a.y, strict=True)) == dict(zip(b.study, b.y, strict=True))
    assert {d.study for d in a.dropped} == {d.study for d in b.dropped}


@pytest.mark.parametrize("name", SCALES)
@given(share=st.floats(0, 1), size=st.sampled_from([1.0, 10.0, 1e4]))
def test_back_transformation_inverts_the_transformation(name: str, share: float, size: float) -> None:
    scale = SCALES[name].at(size)
    low, high = DOMAINS[name]
    value = low * (high / low) ** share if scale.log_axis else low + share * (high - low)
    inside = float(scale.forward(value))
    assert float(scale.back(inside)) == pytest.approx(value, rel=1e-9, abs=ROOTS)
    assert float(scale.forward(scale.back(inside))) == pytest.approx(inside, rel=1e-9, abs=ROOTS)


def test_every_measure_has_a_scale_that_is_tried_here() -> None:
    assert set(DOMAINS) == set(SCALES) >= {entry.scale for entry in MEASURES}


@given(y=st.floats(-3, 3).filter(lambda x: abs(x) > 0.01), se=st.floats(0.05, 2))
def test_a_standard_error_comes_back_from_interval_and_p(y: float, se: float) -> None:
    single = mk.pool([y], [se**2])
    low, high = single.ci(0.95)
    from_interval = mk.generic([y], ci_low=[low], ci_high=[high])
    assert from_interval.v[0] == pytest.approx(se**2, rel=1e-9)
    if single.p_value > 1e-12:
        assert mk.generic([y], p=[single.p_value]).v[0] == pytest.approx(se**2, rel=1e-6)
    assert mk.generic([y], se=[se]).v[0] == pytest.approx(se**2, rel=1e-14)
