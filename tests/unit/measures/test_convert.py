"""Conversions of one number into another, each against a witness; and what the record says."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import metaket as mk
from metaket.errors import InputError
from metaket.measures import convert as cv
from metaket.measures import convert_d as cd
from metaket.measures import convert_sd as cs
from metaket.measures import convert_tables as ct


def test_variances_from_everything() -> None:
    """R: (3 - 1) / (2 * qnorm(0.975)), (3 - 1) / (2 * qt(0.975, 38)), (3 - 1) / (2 * qnorm(0.95))."""
    assert math.sqrt(cv.variance_from_interval(1, 3)["v"]) == pytest.approx(0.51021345692465403, rel=1e-12)
    assert math.sqrt(cv.variance_from_interval(1, 3, df=38)["v"]) == pytest.approx(0.49397494708618661, rel=1e-12)
    assert math.sqrt(cv.variance_from_interval(1, 3, level=0.9)["v"]) == pytest.approx(0.60795683191176941, rel=1e-12)
    assert cv.variance_from_se(0.3)["v"] == pytest.approx(0.09, rel=1e-15)
    assert cv.variance_from_z(-1.2, -2.4)["v"] == pytest.approx(0.25, rel=1e-15)
    assert cv.variance_from_t(1.2, -2.4)["v"] == pytest.approx(0.25, rel=1e-15)
    p = 2 * stats.t.sf(2.4, 17)
    assert cv.variance_from_p(1.2, p, df=17)["v"] == pytest.approx(0.25, rel=1e-11)
    assert cv.variance_from_p(1.2, 2 * stats.norm.sf(2.4))["v"] == pytest.approx(0.25, rel=1e-12)


def test_the_handbooks_own_numbers() -> None:
    """Cochrane Handbook 6.3, 6.5.2.3: 25 and 22 patients, MD 3.8, P = 0.008: t = 2.78, SE = 1.37, SD = 4.69."""
    v = cv.variance_from_p(3.8, 0.008, df=45)["v"]
    assert 3.8 / math.sqrt(v) == pytest.approx(2.78, abs=0.005)
    assert math.sqrt(v) == pytest.approx(1.37, abs=0.005)
    assert cs.sd_from_difference(1.37, 25, 22)["sd"] == pytest.approx(4.69, abs=0.005)


def test_standard_deviations_of_a_group() -> None:
    """R: sqrt(25) * (56 - 44) / (2 * qt(0.975, 24)), and on 99 df with n = 100."""
    assert cs.sd_from_interval(44, 56, 25)["sd"] == pytest.approx(14.535598094673643, rel=1e-12)
    assert cs.sd_from_interval(44, 56, 100)["sd"] == pytest.approx(30.238628871721371, rel=1e-12)
    assert cs.sd_from_interval(44, 56, 25, normal=True)["sd"] == pytest.approx(
        5 * 12 / (2 * 1.959963984540054), rel=1e-12
    )
    assert cs.sd_from_se(2, 25)["sd"] == 10.0


def test_the_record() -> None:
    one, many = cs.sd_from_se(2, 25), cs.sd_from_se([1.0, 2.0], 25)
    assert type(one["sd"]) is float
    assert many["sd"].tolist() == [5.0, 10.0]
    assert (one.name, one.formula) == ("sd_from_se", "sd = SE sqrt(n)")
    assert one.note == "sd by sd_from_se: sd = SE sqrt(n) (Cochrane Handbook 6.3 (2022), 6.5.2.2)"
    assert str(one).splitlines() == ["sd = 10.", one.note]
    with pytest.raises(InputError, match="sd_from_se gives sd, not 'mean'"):
        one["mean"]
    with pytest.raises(AttributeError):
        one.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("code", cv.CONVERSIONS.codes)
def test_every_conversion_is_registered_with_its_source(code: str) -> None:
    entry = cv.CONVERSIONS[code]
    assert entry.func.__name__ == code
    assert entry.label
    assert entry.reference
    assert entry.func.__doc__


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cv.variance_from_interval(3, 1), "high - low must be above 0, got -2"),
        (
            lambda: cv.variance_from_interval(1, 3, level=95),
            r"level must lie between 0 and 1, got 95\. Did you mean 0.95",
        ),
        (lambda: cv.variance_from_se(0), "se must be above 0, got 0"),
        (lambda: cv.variance_from_p(1, 0), "p must be above 0, got 0"),
        (lambda: cv.variance_from_p(1, [0.5, 1.0]), "1 - p must be above 0, got 0"),
        (lambda: cv.variance_from_p(0, 0.5), r"\|y\| must be above 0, got 0"),
        (lambda: cv.variance_from_z(1, 0), r"\|z\| must be above 0, got 0"),
        (lambda: cv.variance_from_z("much", 1), "y must be numbers, got 'much'"),
        (lambda: cv.variance_from_z([1, 2], [1, 2, 3]), r"the arguments do not fit together: y \(2,\), z \(3,\)"),
        (lambda: cv.variance_from_t(math.nan, 2), "y must be finite, got nan"),
        (lambda: cs.sd_from_interval(1, 2, 1), "n must be above 1, got 1"),
        (lambda: cd.d_from_f(-1, 9, 9), "F must be 0 or more and sign 1 or -1, got -1 and 1"),
        (lambda: cd.d_from_f(1, 9, 9, sign=0), "F must be 0 or more and sign 1 or -1, got 1 and 0"),
        (lambda: cd.d_from_r(1.0), r"1 - \|r\| must be above 0, got 0"),
        (lambda: cd.d_from_odds_ratio(-1), "odds_ratio must be above 0, got -1"),
        (
            lambda: cd.d_from_odds_ratio(2, distribution="logit"),
            "unknown distribution 'logit': .* Did you mean logistic",
        ),
        (lambda: cd.d_from_odds_ratio(2, v=0), "v must be above 0, got 0"),
        (lambda: ct.cells_from_phi(0.5, 50, 50, 50), "total - row must be above 0, got 0"),
        (
            lambda: ct.cells_from_phi(0.54, 200, 50, 400),
            "no table with these margins: the first cell would be 60.72, but lies between 0 and 50",
        ),
        (lambda: ct.cells_from_chi_square(-1, 9, 9, 20), "chi2 must be 0 or more and sign 1 or -1, got -1 and 1"),
    ],
)
def test_what_cannot_be_converted(call: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()  # type: ignore[operator]


CELLS = [(36, 86, 20, 98), (28, 14, 12, 18), (40, 60, 60, 40), (1, 30, 3, 29), (0, 9, 4, 7), (360, 860, 200, 980)]


def margins(cells: tuple[int, ...]) -> dict[str, int]:
    a, b, c, d = cells
    return {"row": a + b, "column": a + c, "total": a + b + c + d}


def check_cells(got: cv.Conversion, cells: tuple[int, ...]) -> None:
    assert [got[name] for name in "abcd"] == list(cells)


@pytest.mark.parametrize("cells", CELLS, ids=str)
def test_tables_from_exact_numbers(cells: tuple[int, ...]) -> None:
    a, b, c, d = cells
    known = margins(cells)
    table = np.array([[a, b], [c, d]])
    sign = 1 if a * d >= b * c else -1
    for yates in (True, False):
        chi2 = stats.chi2_contingency(table, correction=yates).statistic
        check_cells(ct.cells_from_chi_square(chi2, **known, sign=sign, yates=yates), cells)
    phi = np.corrcoef(np.repeat([1, 1, 0, 0], cells), np.repeat([1, 0, 1, 0], cells))[0, 1]
    check_cells(ct.cells_from_phi(phi, **known), cells)
    if a > 0:
        check_cells(ct.cells_from_odds_ratio(a * d / (b * c), **known), cells)
        check_cells(ct.cells_from_risk_ratio((a / (a + b)) / (c / (c + d)), **known), cells)


def test_tables_from_printed_numbers() -> None:
    """36, 86, 20, 98 of 240: OR 2.05, phi 0.15, chi-square 4.61 (Yates) as rounded to two decimals are enough."""
    known = margins((36, 86, 20, 98))
    check_cells(ct.cells_from_odds_ratio(2.05, **known), (36, 86, 20, 98))
    check_cells(ct.cells_from_phi(0.15, **known), (36, 86, 20, 98))
    check_cells(ct.cells_from_chi_square(4.61, **known), (36, 86, 20, 98))


def test_proportions_of_another_package() -> None:
    """R package vcmeta 1.4, table.from.odds(.17, .5, 3.18, 100) and table.from.phi(.28, .64, .38, 200)."""
    odds = ct.cells_from_odds_ratio(3.18, 17, 50, 100, whole=False)
    assert [odds[x] / 100 for x in "abcd"] == pytest.approx([0.1233262, 0.04667383, 0.3766738, 0.4533262], abs=5e-8)
    phi = ct.cells_from_phi(0.38, 56, 128, 200, whole=False)
    assert [phi[x] / 200 for x in "abcd"] == pytest.approx([0.2610974, 0.0189026, 0.3789026, 0.3410974], abs=5e-8)


@given(cells=st.tuples(*(st.integers(1, 400) for _ in range(4))))
def test_odds_ratio_and_margins_hold_the_whole_table(cells: tuple[int, ...]) -> None:
    a, b, c, d = cells
    got = ct.cells_from_odds_ratio(a * d / (b * c), **margins(cells), whole=False)
    assert [got[name] for name in "abcd"] == pytest.approx(cells, rel=1e-7, abs=1e-7)


def test_independence_is_stable() -> None:
    """At OR = 1 the quadratic has no square term; its usual root would be 0 / 0."""
    for ratio in (1.0, 1.0 + 1e-13, 1.0 - 1e-13):
        assert ct.cells_from_odds_ratio(ratio, 30, 40, 100, whole=False)["a"] == pytest.approx(12.0, rel=1e-10)


def test_the_sign_of_chi_square_matters() -> None:
    table = (40, 60, 60, 40)
    chi2 = stats.chi2_contingency(np.reshape(table, (2, 2))).statistic
    check_cells(ct.cells_from_chi_square(chi2, 100, 100, 200, sign=-1), table)
    check_cells(ct.cells_from_chi_square(chi2, 100, 100, 200), (60, 40, 40, 60))


X = np.array([3.1, 4.7, 5.2, 6.0, 7.7, 2.2, 8.1])
W = np.array([2.0, 2.9, 5.5, 4.1, 3.3])


def test_d_from_raw_data() -> None:
    """t, F and the point-biserial r of two samples (scipy) all give Cohen's d of these samples."""
    n1, n2 = X.size, W.size
    pooled = math.sqrt(((n1 - 1) * X.var(ddof=1) + (n2 - 1) * W.var(ddof=1)) / (n1 + n2 - 2))
    d = (X.mean() - W.mean()) / pooled
    t = stats.ttest_ind(X, W).statistic
    f = stats.f_oneway(X, W).statistic
    r = stats.pointbiserialr([1] * n1 + [0] * n2, np.concatenate([X, W])).statistic
    assert cd.d_from_t(t, n1, n2)["d"] == pytest.approx(d, rel=1e-12)
    assert cd.d_from_f(f, n1, n2)["d"] == pytest.approx(d, rel=1e-12)
    assert cd.d_from_f(f, n1, n2, sign=-1)["d"] == pytest.approx(-d, rel=1e-12)
    assert cd.d_from_r(r, n1, n2)["d"] == pytest.approx(d, rel=1e-12)
    assert cd.r_from_d(d, n1, n2)["r"] == pytest.approx(r, rel=1e-12)
    assert cd.t_from_d(d, n1, n2)["t"] == pytest.approx(t, rel=1e-12)
    assert cd.f_from_d(d, n1, n2)["f"] == pytest.approx(f, rel=1e-12)


@given(d=st.floats(-4, 4))
def test_there_and_back(d: float) -> None:
    assert cd.d_from_r(cd.r_from_d(d)["r"])["d"] == pytest.approx(d, rel=1e-9, abs=1e-12)
    for kind in ("logistic", "normal"):
        odds = cd.odds_ratio_from_d(d, distribution=kind)["odds_ratio"]
        assert cd.d_from_odds_ratio(odds, distribution=kind)["d"] == pytest.approx(d, rel=1e-9, abs=1e-12)


def test_d_and_odds_ratios_as_the_measures_have_them() -> None:
    """d from the table's OR is OR2DL or OR2DN, which agree with metafor in tests/against."""
    table = {"events_t": [8], "n_t": [18], "events_c": [3], "n_c": [18]}
    log_or = mk.effect_sizes(table, "OR")
    for kind, code in (("logistic", "OR2DL"), ("normal", "OR2DN")):
        effects = mk.effect_sizes(table, code)
        got = cd.d_from_odds_ratio(math.exp(log_or.y[0]), v=log_or.v[0], distribution=kind)
        assert (got["d"], got["v"]) == pytest.approx((effects.y[0], effects.v[0]), rel=1e-12)


def test_borenstein_example_of_r() -> None:
    """Borenstein et al. (2009) Introduction to Meta-Analysis, ch. 7: r = 0.5: d = 1.1547; log OR 0.9069 is d = 0.5."""
    assert cd.d_from_r(0.5)["d"] == pytest.approx(1.1547, abs=5e-5)
    got = cd.d_from_odds_ratio(math.exp(0.9069), v=0.0676)
    assert got["d"] == pytest.approx(0.5, abs=5e-5)
    assert got["v"] == pytest.approx(0.0205, abs=5e-5)


def test_conversions_take_whole_columns() -> None:
    for one, many in itertools.product([0.3], [[0.3, 0.5]]):
        assert cd.d_from_r(many)["d"][0] == cd.d_from_r(one)["d"]
    assert ct.cells_from_phi([0.15, 0.2], 122, 56, 240)["a"].shape == (2,)
