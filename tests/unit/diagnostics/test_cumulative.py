"""Cumulative meta-analysis, each step held against a pooling of the studies so far."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.unit.diagnostics.data import COUNTS, V, Y, counts_result

import metaket as mk
from metaket.errors import DataError, InputError

SAME = 1e-10  # the batch and the single fit sum in another order


@pytest.mark.parametrize("test", ["z", "t", "hksj"])
@pytest.mark.parametrize("descending", [False, True])
def test_each_step_pools_the_studies_so_far(test: str, descending: bool) -> None:
    by = [3, 1, 2, 6, 5, 4]
    found = mk.cumulative(mk.pool(Y, V, tau2="DL", test=test), by, descending=descending)
    order = np.argsort(by)[::-1] if descending else np.argsort(by)
    assert found.order.tolist() == order.tolist()
    low, high = found.ci()
    for step in range(6):
        so_far = order[: step + 1]
        expected = mk.pool(Y[so_far], V[so_far], tau2="DL", test=test if step else "z")
        assert found.estimate[step] == pytest.approx(expected.estimate, rel=SAME)
        assert (low[step], high[step]) == pytest.approx(tuple(expected.ci()), rel=SAME)
        assert found.study[step] == f"Study {order[step] + 1}"
    assert found.notes == ("" if test == "z" else "one study: normal test", *[""] * 5)


def test_by_a_column_with_ties_and_collapsed() -> None:
    result = counts_result()
    found = mk.cumulative(result, "year")
    assert found.study == ("A", "B", "D", "C", "E")
    assert found.values == (1948, 1949, 1949, 1960, 1973)
    assert mk.cumulative(result, "year", descending=True).study == ("E", "C", "B", "D", "A")
    joined = mk.cumulative(result, "year", collapse=True)
    assert joined.study == ("A", "B + D", "C", "E")
    assert joined.fits.k.tolist() == [1, 3, 4, 5]
    assert joined.estimate.tolist() == pytest.approx(found.estimate[[0, 2, 3, 4]].tolist(), rel=SAME)
    frame = joined.to_frame(transform=True)
    assert frame["by"].tolist() == [1948, 1949, 1960, 1973]
    assert frame["estimate"].iloc[-1] == pytest.approx(result.back(result.estimate))
    assert str(joined).startswith("Odds ratio, cumulative by year\n")


def test_orders_of_other_kinds() -> None:
    result = counts_result()
    assert mk.cumulative(result).study == tuple("ABCDE")
    assert mk.cumulative(result, descending=True).study == tuple("EDCBA")
    assert mk.cumulative(result, "study", descending=True).study == tuple("EDCBA")
    assert mk.cumulative(result, "arm").study == ("B", "D", "A", "C", "E")
    assert mk.cumulative(result, 1 / result.effects.v).order.tolist() == np.argsort(1 / result.effects.v).tolist()
    assert mk.cumulative(result, ["10", "9", "8", "7", "6"]).study == tuple("EDCBA")  # numbers typed as text
    dates = pd.to_datetime(["2003", "2001", "2002", "2005", "2004"])
    assert mk.cumulative(result, dates).study == tuple("BCAED")


def test_models_of_counts() -> None:
    found = mk.cumulative(counts_result("RR", model="mh"), "year")
    some = mk.pool(mk.effect_sizes(COUNTS.iloc[[0, 1, 3]], "RR"), model="mh")
    assert found.estimate[2] == pytest.approx(some.estimate, rel=SAME)
    assert found.fits.i2[0] == 0


def test_a_meta_regression_starts_when_it_can() -> None:
    x = np.array([1.0, 2.0, 4.0, 3.0, 7.0, 5.0])
    found = mk.cumulative(mk.pool(Y, V, moderators=x))
    assert np.isnan(found.coef[0]).all()
    assert found.notes[0] == "the studies do not identify every coefficient"
    assert found.k.tolist() == [1, 2, 3, 4, 5, 6]
    assert found.coef[3] == pytest.approx(mk.pool(Y[:4], V[:4], moderators=x[:4]).coef, rel=1e-8)


def test_a_study_that_was_left_out_stays_out() -> None:
    table = COUNTS.assign(events_t=[0, 6, 3, 62, 33], events_c=[0, 29, 11, 248, 47])
    result = mk.pool(mk.effect_sizes(table, "OR"))
    assert [d.study for d in result.effects.dropped] == ["A"]
    assert mk.cumulative(result, "year").study == ("B", "D", "C", "E")
    with pytest.raises(InputError, match="by has 5 values but there are 4 studies"):
        mk.cumulative(result, table["year"])


def test_what_is_refused() -> None:
    result = counts_result()
    with pytest.raises(InputError, match=r"no column 'yaer' to order by among study, year, .*\. Did you mean year\?"):
        mk.cumulative(result, "yaer")
    with pytest.raises(InputError, match="'year' is a column name, but the effects have no table"):
        mk.cumulative(mk.pool(Y, V), "year")
    with pytest.raises(InputError, match="by has 2 values but there are 5 studies"):
        mk.cumulative(result, [1, 2])
    with pytest.raises(DataError, match=r"B has no value of 'given values' to be ordered by \(1 more are blank\)"):
        mk.cumulative(result, [1, None, 2, float("nan"), 3])
    with pytest.raises(InputError, match="cannot be put in order: they are a mixture of int, str"):
        mk.cumulative(result, [1, "early", 2, 3, 4])
    with pytest.raises(InputError, match="by must be a column or a value for each study, got 3"):
        mk.cumulative(result, 3)  # type: ignore[call-overload]
