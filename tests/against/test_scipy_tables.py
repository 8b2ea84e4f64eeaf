"""The tests of a 2x2 table against scipy's and, for the odds ratio's z, plain arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from metaket.reproduction.recover_tests import TABLE_TESTS, chi_square

EXACT = 1e-9  # scipy sums the same probabilities by other routines; worst seen 3e-12
ARMS = [(1, 1), (4, 7), (13, 14), (20, 9), (31, 35)]


def every_table(n1: int, n2: int) -> tuple[np.ndarray, ...]:
    a, c = (x.ravel().astype(float) for x in np.meshgrid(np.arange(n1 + 1), np.arange(n2 + 1), indexing="ij"))
    return a, np.full_like(a, n1), c, np.full_like(a, n2)


@pytest.mark.parametrize(("n1", "n2"), ARMS)
def test_every_table_of_two_arms(n1: int, n2: int) -> None:
    a, m1, c, m2 = every_table(n1, n2)
    inner = (a + c > 0) & (a + c < n1 + n2)
    ours = {e.code: e.func(a, m1, c, m2) for e in TABLE_TESTS}
    for code in ("chi2", "yates", "fisher"):
        assert np.isnan(ours[code][~inner]).all()
    for i in np.flatnonzero(inner):
        table = [[a[i], n1 - a[i]], [c[i], n2 - c[i]]]
        for code, correct in (("chi2", False), ("yates", True)):
            want = stats.chi2_contingency(table, correction=correct)
            assert ours[code][i] == pytest.approx(want.pvalue, rel=EXACT)
            assert chi_square(a, m1, c, m2, correct)[i] == pytest.approx(want.statistic, rel=EXACT, abs=EXACT)
        assert ours["fisher"][i] == pytest.approx(stats.fisher_exact(table).pvalue, rel=EXACT)


def test_arms_of_different_sizes_in_one_call() -> None:
    parts = [every_table(*arms) for arms in ARMS]
    a, n1, c, n2 = (np.concatenate(cells) for cells in zip(*parts, strict=True))
    shuffled = np.random.default_rng(1).permutation(a.size)
    fisher = TABLE_TESTS["fisher"].func
    whole = fisher(*(x[shuffled] for x in (a, n1, c, n2)))
    apart = np.concatenate([fisher(*part) for part in parts])
    np.testing.assert_array_equal(whole, apart[shuffled])


def test_z_of_the_log_odds_ratio() -> None:
    z = math.log(30 * 18 / (17 * 7)) / math.sqrt(1 / 30 + 1 / 17 + 1 / 7 + 1 / 18)
    ours = TABLE_TESTS["z"].func(*(np.array([float(x)]) for x in (30, 47, 7, 25)))
    assert ours[0] == pytest.approx(2 * stats.norm.sf(abs(z)), rel=EXACT)
