"""`generic`: effects with a variance, standard error, interval, z, t or p, mixed, and every way to get it wrong."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import metaket as mk
from metaket.errors import DataError, DataWarning, InputError, UnknownChoiceError

Y, SE = 0.5, 0.2
Z = float(stats.norm.ppf(0.975))
P = 2 * float(stats.norm.sf(Y / SE))
WAYS = {
    "v": {"v": SE**2},
    "se": {"se": SE},
    "interval": {"ci_low": Y - Z * SE, "ci_high": Y + Z * SE},
    "z": {"z": Y / SE},
    "t": {"t": Y / SE},
    "p": {"p": P},
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_gives_the_same_variance(way: str) -> None:
    given = {name: [value] for name, value in WAYS[way].items()}
    assert mk.generic([Y], **given).v[0] == pytest.approx(SE**2, rel=1e-12)
    assert mk.effect_sizes({"y": [Y], **given}, "GEN").v[0] == pytest.approx(SE**2, rel=1e-12)


def test_mixed_rows_take_the_first_that_is_not_blank_and_say_which() -> None:
    rows = [{"study": way, "y": Y, **values} for way, values in WAYS.items()]
    effects = mk.generic(data=pd.DataFrame(rows))
    np.testing.assert_allclose(effects.v, SE**2, rtol=1e-12)
    names = ("se", "interval", "z", "t", "p")
    assert effects.notes[0] == ""
    for note, name in zip(effects.notes[1:], names, strict=True):
        assert note.startswith(f"v by variance_from_{name} (Cochrane Handbook 6.3 (2022), 6.")
    assert effects.study == tuple(WAYS)


def test_degrees_of_freedom_and_level() -> None:
    """R: (3 - 1) / (2 * qt(0.975, 38)) = 0.49397494708618661 and with qnorm(0.95) 0.60795683191176941."""
    by_t = mk.generic([2.0], ci_low=[1.0], ci_high=[3.0], df=[38.0])
    assert math.sqrt(by_t.v[0]) == pytest.approx(0.49397494708618661, rel=1e-12)
    at_90 = mk.generic([2.0], ci_low=[1.0], ci_high=[3.0], level=0.9)
    assert math.sqrt(at_90.v[0]) == pytest.approx(0.60795683191176941, rel=1e-12)
    # Cochrane Handbook 6.3, 6.5.2.3: P = 0.008 on 45 df is t = 2.78, and MD 3.8 has SE 1.37.
    by_p = mk.generic([3.8], p=[0.008], df=[45.0])
    assert math.sqrt(by_p.v[0]) == pytest.approx(1.37, abs=0.005)
    mixed = mk.generic([2.0, 2.0], ci_low=[1.0, 1.0], ci_high=[3.0, 3.0], df=[38.0, math.nan])
    assert math.sqrt(mixed.v[1]) == pytest.approx(0.51021345692465403, rel=1e-12)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"v": [0.1, 0.0]}, r"row 2 \(B\): v is 0; a variance must be above 0"),
        ({"v": [0.1, -0.3]}, r"row 2 \(B\): v is -0.3; a variance must be above 0"),
        ({"v": [0.1, math.inf]}, r"row 2 \(B\): v is inf; a variance must be above 0"),
        ({"v": [0.1, math.nan]}, r"row 2 \(B\): y is 0.2 but its precision is blank \(v\); give one of them"),
        ({"se": [0.1, 0.0]}, r"row 2 \(B\): se is 0; a standard error must be above 0"),
        ({"p": [0.1, 0.0]}, r"row 2 \(B\): p is 0; an exact p-value lies between 0 and 1"),
        ({"p": [0.1, 1.0]}, r"row 2 \(B\): p is 1; an exact p-value lies between 0 and 1"),
        ({"p": [0.1, 0.5], "df": [9, 0]}, r"row 2 \(B\): df is 0; degrees of freedom must be above 0"),
        ({"ci_low": [0.1, 0.3], "ci_high": [0.9, 0.1]}, r"row 2 \(B\): ci_low is 0.3, not below ci_high, which is 0.1"),
        ({"ci_low": [0.1, 0.1], "ci_high": [0.9, math.nan]}, r"row 2 \(B\): ci_low is 0.1 and ci_high is nan"),
        ({"z": [1.0, 0.0]}, r"row 2 \(B\): z is 0; a statistic of 0 holds no variance"),
        ({"se": [0.1, math.nan], "p": [0.1, math.nan]}, r"row 2 \(B\): .* is blank \(se, p\)"),
    ],
)
def test_bad_rows_are_named(given: dict[str, list[float]], message: str) -> None:
    with pytest.raises(DataError, match=f"^{message}"):
        mk.generic([0.5, 0.2], study=["A", "B"], **given)  # type: ignore[arg-type]
    table = pd.DataFrame({"study": ["A", "B"], "y": [0.5, 0.2], **given}, index=pd.Index([4, 9], name="row"))
    finite = not any(math.isinf(x) for column in given.values() for x in column)
    if finite:  # an infinite cell is refused when the table is read
        with pytest.raises(DataError, match=f"^{message.replace('row 2', 'row 9')}"):
            mk.generic(data=table)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_effects_must_be_finite(bad: float) -> None:
    with pytest.raises(DataError, match=rf"^row 2 \(Study 2\): effect y is {bad}; it must be finite"):
        mk.generic([0.5, bad], [0.1, 0.1])


def test_an_effect_of_zero_has_no_variance_from_p() -> None:
    with pytest.raises(DataError, match=r"GEN gives y = 0 and v = 0; .* Give a variance"):
        mk.generic([0.0], p=[0.5])


def test_a_blank_effect_of_a_table_is_left_out() -> None:
    effects = mk.generic(data={"study": ["A", "B"], "y": [0.5, None], "v": [0.1, None]})
    assert effects.study == ("A",)
    assert [tuple(d) for d in effects.dropped] == [(2, "B", "y not known")]
    assert effects.table is not None
    assert len(effects.table) == 1
    with pytest.raises(InputError, match="no study left for GEN: A: y not known"):
        mk.generic(data={"study": ["A"], "y": [None], "v": [0.1]})


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"y": [0.5]}, "generic effects need v, se, ci_low and ci_high, z, t, or p beside y"),
        ({"v": [0.5]}, "generic effects need y"),
        ({"y": [0.5], "ci_low": [0.1]}, "an interval needs both ci_low and ci_high"),
        ({"y": [0.5, 0.1], "v": [0.1]}, "v has 1 values but y has 2"),
        ({"y": [0.5], "v": [0.1], "study": ["A", "B"]}, "study has 2 values but y has 1"),
        ({"y": [], "v": []}, "no study left: y is empty"),
        ({"y": ["much"], "v": [0.1]}, "y must be numbers"),
        ({"y": "effect", "v": [0.1]}, "y='effect' names a column; give the table as data="),
        ({"y": "effect", "v": "v", "data": {"y": [1.0], "v": [1.0]}}, "y= names column 'effect'; the table has y, v"),
        ({"data": {"y": [1.0, 2.0], "v": [1.0, 1.0]}, "study": ["A"]}, "study has 1 values but the table has 2 rows"),
        ({"data": {"y": [], "v": []}}, "no study left: the table has no rows"),
        ({"data": {"effect": [1.0]}}, "generic effects need y"),
        ({"y": [1.0], "v": [1.0], "level": 95}, r"level must lie between 0 and 1, got 95\. Did you mean 0.95"),
    ],
)
def test_calls_that_cannot_be_answered(args: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        mk.generic(**args)  # type: ignore[arg-type]


def test_unknown_measure() -> None:
    with pytest.raises(UnknownChoiceError, match="unknown measure 'RRR'"):
        mk.generic([0.5], [0.1], measure="RRR")


def test_columns_by_name_and_by_mapping() -> None:
    table = pd.DataFrame({"trial": ["A"], "lnrr": [0.5], "stderr": ["0.2"]})
    by_name = mk.generic("lnrr", se="stderr", data=table, study=["A"], measure="RR")
    by_map = mk.generic(data=table, columns={"y": "lnrr", "se": "stderr", "study": "trial"}, measure="RR")
    assert (by_name.y[0], by_name.v[0], by_name.study) == (by_map.y[0], by_map.v[0], by_map.study)
    assert by_map.scale.back(0.0) == 1.0
    assert by_map.measure == "RR"
    assert mk.generic([0.5], se=[0.2], data=table, study=["A"]).v[0] == pytest.approx(0.04)


@pytest.mark.parametrize(("y", "warns"), [(0.5, False), (0.579, False), (0.581, True), (0.42, False), (0.419, True)])
def test_an_estimate_off_the_middle_is_worth_a_look(y: float, warns: bool) -> None:
    """Over 10 % of the width (0.08 of 0.8) off the middle of 0.1 to 0.9."""
    call = {"ci_low": [0.1], "ci_high": [0.9], "study": ["A"]}
    if warns:
        with pytest.warns(DataWarning, match=r"row 1 \(A\): the estimate is not near the middle of its interval"):
            mk.generic([y], **call)  # type: ignore[arg-type]
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            mk.generic([y], **call)  # type: ignore[arg-type]


def test_a_conversion_stands_for_its_value_and_signs_the_note() -> None:
    """By hand: t = 2.5 with 20 and 30 patients is d = 2.5 sqrt(1/12), v = 1/12 + d^2 / 100."""
    found = mk.conversions.d_from_t([2.5, 1.0], [20, 30], [30, 30])
    effects = mk.generic(found, found, measure="SMD")
    d = 2.5 / math.sqrt(12)
    assert effects.y[0] == pytest.approx(d, rel=1e-14)
    assert effects.v[0] == pytest.approx(1 / 12 + d**2 / 100, rel=1e-14)
    assert effects.notes == (found.note,) * 2
    with pytest.raises(InputError, match="variance_from_se gives v, not 'd'"):
        mk.generic(mk.conversions.variance_from_se([0.1]), [0.1])


def test_a_column_of_conversions_goes_into_the_notes() -> None:
    table = {"y": [0.1, 0.2], "v": [0.1, 0.1], "conversion": ["v by hand", None]}
    assert mk.generic(data=table).notes == mk.effect_sizes(table, "GEN").notes == ("v by hand", "")
