"""Effect sizes: what a user may type wrong, and formulas without a reference elsewhere."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metaket as mk
from metaket.errors import DataError, DataWarning, InputError
from metaket.measures.means import bias_correction, standardise_difference
from metaket.measures.transform import SCALES, freeman_tukey, inverse_freeman_tukey

COUNTS = {
    "study": ["A", "B", "C"],
    "events_t": [8, 12, 3],
    "n_t": [18, 30, 20],
    "events_c": [1, 5, 2],
    "n_c": [18, 29, 21],
}


def counts(**changes: object) -> pd.DataFrame:
    return pd.DataFrame(COUNTS | changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"events_t": [31, 12, 3]}, r"row 1 \(A\): events_t is 31 but n_t is 18; events cannot exceed the arm"),
        ({"events_c": [1, 5, -2]}, r"row 3 \(C\): events_c is -2; it must be at least 0"),
        ({"events_t": [8, 12.5, 3]}, r"row 2 \(B\): events_t is 12.5, not a whole number"),
        ({"n_c": [18, 0, 21]}, r"row 2 \(B\): n_c is 0; it must be at least 1"),
        ({"n_t": [18, "many", 20]}, r"row 2 \(B\): n_t is 'many', not a number"),
    ],
)
def test_bad_counts(change: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        mk.effect_sizes(counts(**change), "RR")


def test_missing_and_unknown_columns() -> None:
    with pytest.raises(InputError, match=r"needs column\(s\) events_t.*Did you mean event_t"):
        mk.effect_sizes(counts().rename(columns={"events_t": "event_t"}), "RR")
    with pytest.raises(InputError, match="unknown measure 'RRR'"):
        mk.effect_sizes(counts(), "RRR")
    with pytest.raises(InputError, match="no option 'vtype'; it takes none"):
        mk.effect_sizes(counts(), "RR", vtype="UB")
    with pytest.raises(InputError, match="unknown zero-cell rule"):
        mk.effect_sizes(counts(), "RR", zero_cells="only")


def test_a_blank_is_missing_never_zero() -> None:
    effects = mk.effect_sizes(counts(events_c=[1, "", 2]), "RR")
    assert effects.study == ("A", "C")
    assert effects.dropped == ((2, "B", "events_c not known"),)
    with pytest.raises(InputError, match="no study left"):
        mk.effect_sizes(counts(events_c=["", "", ""]), "RR")


def test_zero_cells() -> None:
    table = counts(events_c=[0, 5, 2])
    only = mk.effect_sizes(table, "RR")
    assert only.y[0] == pytest.approx(math.log(8.5 / 19) - math.log(0.5 / 19), rel=1e-14)
    assert only.notes == ("0.5 added to each cell", "", "")
    assert mk.effect_sizes(table, "RR", zero_cells="all").notes == ("0.5 added to each cell",) * 3
    assert mk.effect_sizes(table, "RR", zero_cells="if0all").notes == ("0.5 added to each cell",) * 3
    with pytest.raises(DataError, match=r"row 1 \(A\): RR gives .*zero-cell rule"):
        mk.effect_sizes(table, "RR", zero_cells="none")


def test_double_zeros() -> None:
    table = counts(events_t=[0, 12, 20], events_c=[0, 5, 21])
    dropped = mk.effect_sizes(table, "OR")
    assert [d.study for d in dropped.dropped] == ["A", "C"]
    assert "no information" in dropped.dropped[0].reason
    assert mk.effect_sizes(table, "OR", double_zero="keep").k == 3
    assert mk.effect_sizes(table, "RD").k == 3


def test_crossover_is_never_hidden() -> None:
    table = counts(design=["crossover", "parallel", "parallel"], n_t=[18, 30, 20])
    as_parallel, paired = mk.effect_sizes(table, "RR"), mk.effect_sizes(table, "RR", crossover=0.5)
    assert as_parallel.notes[0] == "crossover, as parallel"
    assert paired.notes[0] == "crossover, rho 0.5"
    p, q = 8 / 18, 1 / 18
    shared = 0.5 * math.sqrt(p * (1 - p) * q * (1 - q)) / 18 / (p * q)
    assert paired.v[0] == pytest.approx(as_parallel.v[0] - 2 * shared, rel=1e-12)
    assert np.array_equal(paired.v[1:], as_parallel.v[1:])
    with pytest.raises(InputError, match=r"between -1 and 1, got 1.5"):
        mk.effect_sizes(table, "RR", crossover=1.5)
    with pytest.raises(InputError, match="no variance for crossover trials"):
        mk.effect_sizes(table, "PETO", crossover=0.5)


def test_means() -> None:
    base = {"mean_t": [1.0], "sd_t": [2.0], "n_t": [10], "mean_c": [0.0], "sd_c": [3.0], "n_c": [12]}
    with pytest.raises(DataError, match="sd_t is -2; it cannot be below 0"):
        mk.effect_sizes(base | {"sd_t": [-2.0]}, "MD")
    with pytest.raises(DataError, match="sd_t is 0; it must be above 0"):
        mk.effect_sizes(base | {"sd_t": [0.0], "sd_c": [0.0]}, "SMD")
    md = mk.effect_sizes(base, "MD")
    assert (md.y[0], md.v[0]) == pytest.approx((1.0, 4 / 10 + 9 / 12), rel=1e-14)


def test_a_difference_with_its_error_is_the_same_as_the_means() -> None:
    """With equal standard deviations SE = s sqrt(1/n1 + 1/n2), so both ways give one g."""
    base = {"mean_t": [1.0], "sd_t": [2.0], "n_t": [10], "mean_c": [0.0], "sd_c": [2.0], "n_c": [12]}
    whole = mk.effect_sizes(base, "SMD")
    se = 2.0 * math.sqrt(1 / 10 + 1 / 12)
    g, v = standardise_difference(np.array(1.0), np.array(se), np.array(10.0), np.array(12.0))
    assert (float(g), float(v)) == pytest.approx((whole.y[0], whole.v[0]), rel=1e-13)


def test_bias_correction_against_mpmath() -> None:
    for df in (2, 3, 10, 250):
        half = mpmath.mpf(df) / 2
        exact = mpmath.gamma(half) / (mpmath.sqrt(half) * mpmath.gamma(half - mpmath.mpf(1) / 2))
        assert float(bias_correction(df)) == pytest.approx(float(exact), rel=1e-12)


def test_unbiased_correlation_against_mpmath() -> None:
    r, n = 0.43, 25
    exact = r * mpmath.hyp2f1(0.5, 0.5, mpmath.mpf(n - 2) / 2, 1 - mpmath.mpf(r) ** 2)
    assert mk.effect_sizes({"r": [r], "n": [n]}, "UCOR").y[0] == pytest.approx(float(exact), rel=1e-12)
    with pytest.raises(DataError, match="a correlation lies between -1 and 1"):
        mk.effect_sizes({"r": [1.2], "n": [n]}, "ZCOR")


def test_given_effects() -> None:
    by_se = mk.generic([0.5, 0.2], se=[0.1, 0.2])
    by_ci = mk.generic([0.5, 0.2], ci_low=[0.5 - 0.196, 0.2 - 0.392], ci_high=[0.5 + 0.196, 0.2 + 0.392])
    assert by_ci.v == pytest.approx(by_se.v, rel=1e-4)  # 1.96 for 1.959964
    by_p = mk.generic([0.5], p=[2 * 2.866515718791933e-07])  # the tail beyond 5 standard deviations
    assert math.sqrt(by_p.v[0]) == pytest.approx(0.1, rel=1e-9)
    with pytest.warns(DataWarning, match="not near the middle"):
        mk.generic([1.5], ci_low=[1.0], ci_high=[3.0])
    with pytest.raises(InputError, match="need v, se"):
        mk.generic([0.5])
    with pytest.raises(InputError, match="both ci_low and ci_high"):
        mk.generic([0.5], ci_low=[0.1])
    with pytest.raises(InputError, match="se has 1 values but y has 2"):
        mk.generic([0.5, 0.1], se=[0.1])


def test_names_of_others() -> None:
    theirs = {"ai": [8], "n1i": [18], "ci": [1], "n2i": [18]}
    own = {"events_t": "ai", "n_t": "n1i", "events_c": "ci", "n_c": "n2i"}
    assert mk.effect_sizes(theirs, "RR", columns="metafor").y == mk.effect_sizes(theirs, "RR", columns=own).y


@pytest.mark.parametrize("name", sorted(SCALES))
@given(value=st.floats(0.01, 0.99))
def test_back_inverts_forward(name: str, value: float) -> None:
    scale = SCALES[name]
    assert float(scale.back(scale.forward(value))) == pytest.approx(value, rel=1e-9)


@given(n=st.integers(2, 500), share=st.floats(0, 1))
def test_double_arcsine_inverts(n: int, share: float) -> None:
    p = round(share * n) / n
    assert float(inverse_freeman_tukey(freeman_tukey(p, n), n)) == pytest.approx(p, abs=1e-7)
