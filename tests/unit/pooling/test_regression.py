"""Meta-regression: designs from terms, closed forms, predictions, and the messages for bad designs."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

import metaket as mk
from metaket.errors import DataError, InputError
from metaket.pooling.design import build_design

TABLE = pd.DataFrame(
    {
        "y": [0.1, 0.45, -0.2, 0.8, 0.3, 0.05, 0.6, 0.2],
        "v": [0.04, 0.02, 0.05, 0.03, 0.08, 0.02, 0.06, 0.03],
        "dose": [1.0, 2.0, 0.5, 4.0, 3.0, 1.5, 2.5, 3.5],
        "route": ["oral", "iv", "oral", "iv", "nasal", "oral", "nasal", "iv"],
        "site": [3, 1, 1, 2, 3, 2, 1, 2],
    }
)
EFFECTS = mk.generic(data=TABLE)
Y, V = TABLE["y"].to_numpy(), TABLE["v"].to_numpy()


def design(*terms: str, **options: Any) -> Any:
    return build_design(list(terms), TABLE, len(TABLE), **options)


# ------------------------------------------------------------ designs


def test_numbers_factors_and_interactions() -> None:
    d = design("dose", "route", "dose:route")
    assert d.names == (
        "intercept", "dose", "route[nasal]", "route[oral]", "dose:route[nasal]", "dose:route[oral]",
    )  # fmt: skip
    assert d.levels == {"route": ("iv", "nasal", "oral")}
    oral = (TABLE["route"] == "oral").to_numpy(dtype=float)
    assert d.matrix[:, 3].tolist() == oral.tolist()
    assert d.matrix[:, 5].tolist() == (oral * TABLE["dose"]).tolist()
    starred = design("dose*route")
    assert starred.names == d.names
    assert np.array_equal(starred.matrix, d.matrix)


@pytest.mark.parametrize(
    ("terms", "intercept", "names"),
    [
        (["route", "C(site)"], False, "route[iv] route[nasal] route[oral] site[2] site[3]"),
        (["dose*route"], False, "dose route[iv] route[nasal] route[oral] dose:route[nasal] dose:route[oral]"),
        (["dose:route"], True, "intercept dose:route[iv] dose:route[nasal] dose:route[oral]"),
        (["dose", "dose:route"], True, "intercept dose dose:route[nasal] dose:route[oral]"),
        (["dose:route"], False, "dose:route[iv] dose:route[nasal] dose:route[oral]"),
    ],
)
def test_every_level_has_a_column_where_the_reference_has_no_parameter(
    terms: list[str], intercept: bool, names: str
) -> None:
    """The columns of model.matrix(~ 0 + route + site) and so on; the fits agree with rma(mods=) to 1e-6."""
    assert " ".join(design(*terms, intercept=intercept).names) == names


def test_a_mean_for_each_level_is_the_pooled_level() -> None:
    means = mk.pool(EFFECTS, moderators="route", intercept=False, model="common")
    for name, estimate in zip(("iv", "nasal", "oral"), means.coef, strict=True):
        at = np.flatnonzero((TABLE["route"] == name).to_numpy())
        assert estimate == pytest.approx(mk.pool(Y[at], V[at], model="common").estimate, rel=1e-12)
        assert means.predict({"route": [name]})["estimate"][0] == pytest.approx(estimate, rel=1e-12)


@pytest.mark.parametrize(
    ("moderators", "message"),
    [
        (5, "moderators must be columns' names or a matrix with a row a study, got 5"),
        ([["a"]] * 8, "moderators must be numbers"),
        ("dose + route", 'A formula is a list here: moderators=["dose", "arm", "dose:arm"]'),
        ("~ 0 + route", "or intercept=False"),
    ],
)
def test_what_is_no_list_of_moderators(moderators: Any, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        mk.pool(EFFECTS, moderators=moderators)


def test_one_coefficient_by_its_name() -> None:
    result = mk.pool(EFFECTS, moderators=["dose", "route"])
    assert result.omnibus("dose") == result.omnibus(["dose"])


def test_numbers_as_a_factor_and_another_reference() -> None:
    assert design("C(site)").names == ("intercept", "site[2]", "site[3]")
    assert design("C(site, 3)").names == ("intercept", "site[1]", "site[2]")
    assert design("C(route, oral)").names == ("intercept", "route[iv]", "route[nasal]")
    with pytest.raises(InputError, match="route has no level 'rectal' to refer to: iv, nasal, oral"):
        design("C(route, rectal)")


def test_no_intercept_and_matrices() -> None:
    assert design("dose", intercept=False).names == ("dose",)
    assert design("route", intercept=False).names == ("route[iv]", "route[nasal]", "route[oral]")
    given = build_design(TABLE[["dose", "site"]].to_numpy(), None, len(TABLE))
    assert given.names == ("intercept", "x1", "x2")
    assert given.matrix.shape == (8, 3)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (["dosis"], "no column 'dosis' among y, v, dose, route, site. Did you mean dose?"),
        (["dose", "twice"], "moderator 'twice' is constant or follows from intercept, dose"),
        (["one"], "moderator 'one' is constant or follows from intercept"),
        (["dose", "route", "C(site)", "dose:route"], "8 coefficients need at least as many studies, there are 7"),
    ],
)
def test_bad_designs_name_the_column(terms: list[str], message: str) -> None:
    table = TABLE.assign(twice=2 * TABLE["dose"], one=1.0) if terms != ["dosis"] else TABLE
    rows = 7 if len(terms) == 4 else 8
    with pytest.raises(InputError) as caught:
        build_design(terms, table.iloc[:rows], rows)
    assert message in str(caught.value)


@pytest.mark.parametrize(("column", "name"), [("dose", "dose"), ("route", "route[nasal]")])
@pytest.mark.parametrize("blank", [None, float("nan"), ""])
def test_a_blank_moderator_is_not_a_level_and_not_zero(column: str, name: str, blank: Any) -> None:
    table = TABLE.astype({column: object})
    table.loc[3, column] = blank
    with pytest.raises(DataError) as caught:
        build_design([column], table, len(table))
    assert f"row 4: moderator {name!r} is blank" in str(caught.value)


def test_effects_without_a_table() -> None:
    with pytest.raises(InputError, match="the effects have no table"):
        mk.pool(Y, V, moderators="dose")
    with pytest.raises(InputError, match="3 rows but there are 8 studies"):
        mk.pool(Y, V, moderators=[1.0, 2.0, 3.0])


# ------------------------------------------------------------ fits


def test_common_effect_is_weighted_least_squares() -> None:
    result = mk.pool(EFFECTS, moderators=["dose", "route"], model="common")
    x = design("dose", "route").matrix
    witness = sm.WLS(Y, x, weights=1 / V).fit()
    assert result.coef == pytest.approx(witness.params, rel=1e-10)
    assert result.vcov == pytest.approx(witness.cov_params() / witness.scale, rel=1e-9)
    assert result.qe == pytest.approx(witness.ssr, rel=1e-10)
    assert (result.tau2, result.r2) == (0.0, None)
    hksj = mk.pool(EFFECTS, moderators=["dose", "route"], model="common", test="hksj")
    assert hksj.vcov == pytest.approx(witness.cov_params(), rel=1e-9)
    frame = hksj.to_frame()
    assert frame["p_value"].to_numpy() == pytest.approx(witness.pvalues, rel=1e-8)
    assert hksj.ci(0.9) == pytest.approx(witness.conf_int(0.1), rel=1e-8)


def test_omnibus_tests() -> None:
    z, f = (mk.pool(EFFECTS, moderators=["dose", "route"], test=test) for test in ("z", "hksj"))
    for result in (z, f):
        b, block = result.coef[1:], result.vcov[1:, 1:]
        chi2 = float(b @ np.linalg.solve(block, b))
        statistic, df, p = result.omnibus()
        assert df == 3
        if result is z:
            assert (statistic, p) == pytest.approx((chi2, stats.chi2.sf(chi2, 3)), rel=1e-10)
        else:
            assert (statistic, p) == pytest.approx((chi2 / 3, stats.f.sf(chi2 / 3, 3, 4)), rel=1e-10)
    one = z.omnibus(["dose"])[0]
    assert one == pytest.approx(float(z.to_frame()["statistic"][1] ** 2), rel=1e-10)
    with pytest.raises(InputError, match="no coefficient 'dosis'"):
        z.omnibus(["dosis"])


def test_r2_is_the_share_of_tau2() -> None:
    result, bare = mk.pool(EFFECTS, moderators="dose", tau2="DL"), mk.pool(EFFECTS, tau2="DL")
    assert result.r2 == pytest.approx(100 * max(0.0, 1 - result.tau2 / bare.tau2), rel=1e-12)
    assert result.i2 == pytest.approx(100 * result.tau2 / (result.tau2 + result.typical_variance), rel=1e-12)


def test_r2_needs_the_null_model_inside_this_one() -> None:
    """A slope through the origin holds no constant; the levels of a factor do, with an intercept or without."""
    y, v, dose = np.array(EFFECTS.y), np.array(EFFECTS.v), np.arange(1.0, EFFECTS.k + 1)
    assert mk.pool(y, v, moderators=dose[:, None], intercept=False, tau2="DL").r2 is None
    group = (dose > 3).astype(float)
    both = mk.pool(y, v, moderators=np.column_stack([group, 1 - group]), intercept=False, tau2="DL")
    assert both.r2 == pytest.approx(mk.pool(y, v, moderators=group[:, None], tau2="DL").r2, rel=1e-9)


def test_i2_follows_the_definition_asked_for() -> None:
    for options in ({"i2": "Q"}, {"model": "common"}):
        result = mk.pool(EFFECTS, moderators="dose", **options)
        assert result.h2 == pytest.approx(result.qe / result.qe_df, rel=1e-12)
        assert result.i2 == pytest.approx(100 * max(0.0, 1 - result.qe_df / result.qe), rel=1e-12)


def test_a_common_effect_model_predicts_no_new_study() -> None:
    common, spread = (
        mk.pool(EFFECTS, moderators="dose", model=m).predict({"dose": [1.0, 2.0]}) for m in ("common", "random")
    )
    assert common[["pi_low", "pi_high"]].isna().all(axis=None)
    assert spread.notna().all(axis=None)


def test_predictions_follow_the_terms() -> None:
    result = mk.pool(EFFECTS, moderators=["dose", "route"], test="t")
    named = result.predict({"dose": [1.0, 2.0], "route": "oral"}, level=0.9)
    row = np.array([[1.0, 0.0, 1.0], [2.0, 0.0, 1.0]])
    by_matrix = result.predict(row, level=0.9)
    pd.testing.assert_frame_equal(named, by_matrix)
    x = np.column_stack([np.ones(2), row])
    assert named["estimate"].to_numpy() == pytest.approx(x @ result.coef)
    variance = np.einsum("ij,jk,ik->i", x, result.vcov, x)
    q = stats.t.ppf(0.95, 4)
    reach = (named[["ci_high", "pi_high"]].sub(named["estimate"], axis=0)).to_numpy()
    assert reach[:, 0] == pytest.approx(q * np.sqrt(variance))
    assert reach[:, 1] == pytest.approx(q * np.sqrt(variance + result.tau2))
    with pytest.raises(InputError, match="route has no level 'rectal'"):
        result.predict({"dose": 1.0, "route": "rectal"})
    with pytest.raises(InputError, match="needs values of route"):
        result.predict({"dose": 1.0})
    with pytest.raises(InputError, match="needs 3 columns, got 2"):
        result.predict(row[:, :2])


def test_predictions_with_a_marked_factor() -> None:
    result = mk.pool(EFFECTS, moderators="C(site, 3)", model="common")
    at = result.predict({"site": [1, 2, 3]})["estimate"].to_numpy()
    means = [np.average(Y[TABLE["site"] == s], weights=1 / V[TABLE["site"] == s]) for s in (1, 2, 3)]
    assert at == pytest.approx(means, rel=1e-10)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_equivariant(scale: float) -> None:
    one = mk.pool(Y, V, moderators=TABLE["dose"])
    other = mk.pool(scale * Y, scale**2 * V, moderators=TABLE["dose"])
    assert other.coef / scale == pytest.approx(one.coef, rel=1e-8)
    assert other.tau2 / scale**2 == pytest.approx(one.tau2, rel=1e-8, abs=1e-12)


def test_as_many_coefficients_as_studies() -> None:
    with pytest.raises(InputError, match="needs more studies than coefficients, there are 3 and 3"):
        mk.pool(Y[:3], V[:3], moderators=np.array([[0.0, 1], [1, 0], [2, 5]]), test="t")
    exact = mk.pool(Y[:3], V[:3], moderators=np.array([[0.0, 1], [1, 0], [2, 5]]))
    assert (exact.tau2, exact.qe_df) == (0.0, 0.0)
    assert exact.design.matrix @ exact.coef == pytest.approx(Y[:3], rel=1e-10)


def test_in_words() -> None:
    text = str(mk.pool(EFFECTS, moderators="dose"))
    assert "meta-regression, random effects" in text
    assert "dose" in text
    assert not math.isnan(mk.pool(EFFECTS, moderators="dose").qe_p)


def test_residual_intervals() -> None:
    """Equal variances have a closed Q-profile: RSS / chi-square quantile on k - p degrees of freedom, less v."""
    v = np.full(Y.size, 0.002)
    r = mk.pool(Y, v, moderators=TABLE["dose"])
    x = np.column_stack([np.ones(Y.size), TABLE["dose"]])
    rss = float(np.linalg.lstsq(x, Y, rcond=None)[1][0])
    expected = [max(0.0, rss / stats.chi2.ppf(p, Y.size - 2) - 0.002) for p in (0.975, 0.025)]
    assert r.tau2_ci() == pytest.approx(expected, rel=1e-9)
    assert expected[1] > 0
    assert r.i2_ci().high == pytest.approx(100 * expected[1] / (expected[1] + 0.002), rel=1e-9)
    assert r.h2_ci().high == pytest.approx(1 + expected[1] / 0.002, rel=1e-9)
    assert r.h2 == pytest.approx(1 + r.tau2 / 0.002)


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ({"dose": ["high"], "route": ["oral"]}, "dose must be numbers, as in the regression, got 'high'"),
        (
            {"dose": [1, 2, 3], "route": ["oral", "iv"]},
            r"prediction needs as many values .* got {'dose': 3, 'route': 2}",
        ),
        (
            {"dose": [None], "route": ["oral"]},
            "needs a value of every moderator in every row; one is blank or infinite",
        ),
        ({"dose": [1.0], "route": [None]}, "needs a value of every moderator in every row; one is blank or infinite"),
        ([[1.0, np.inf, 0.0]], "needs a value of every moderator in every row; one is blank or infinite"),
        ([["a", 1.0, 0.0]], "new must be numbers, got"),
    ],
)
def test_bad_new_values(new: Any, message: str) -> None:
    result = mk.pool(EFFECTS, moderators=["dose", "route"])
    with pytest.raises(InputError, match=message):
        result.predict(new)


@pytest.mark.parametrize("term", ["", "dose*", "dose::route", "*dose"])
def test_a_term_without_a_column(term: str) -> None:
    with pytest.raises(InputError, match="lacks a column; write dose, dose:route or dose"):
        design(term)


def test_tiny_p_values_are_printed_as_such() -> None:
    tight = mk.generic(data=TABLE.assign(v=1e-4))
    printed = str(mk.pool(tight, moderators="dose", model="common"))
    assert "p < 0.0001" in printed
    assert "0.0000" not in printed.split("moderators")[0].replace("-0.0000", "")
    answer = mk.permutation_test(mk.pool(EFFECTS, moderators="dose"))
    assert str(answer).splitlines()[0] == "permutation test, all 40320 permutations"
    assert answer._repr_html_().startswith("<pre>permutation test")
