"""The public face of pooling: messages for bad input, k = 1, frozen results that answer at any level."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import metaket as mk
from metaket.errors import DataError, InputError, NotComputableError, UnknownChoiceError
from metaket.pooling.batch import fit_arrays

Y, V = [0.1, 0.3, 0.5, 0.9], [0.04, 0.05, 0.06, 0.03]


@pytest.mark.parametrize("bad", [0.0, -1.0, math.inf, math.nan])
def test_a_bad_variance_names_row_and_study(bad: float) -> None:
    with pytest.raises(DataError, match=r"row 2 \(Study 2\): sampling variance v is .*above 0"):
        mk.pool([0.1, 0.2], [0.1, bad])
    with pytest.raises(DataError, match=r"row 2 \(Sos 2013\)"):
        mk.generic([0.1, 0.2], [0.1, bad], study=["A", "Sos 2013"])


def test_a_bad_effect_names_the_row() -> None:
    with pytest.raises(DataError, match=r"row 1 .*effect y is nan"):
        mk.pool([math.nan, 1.0], [1.0, 1.0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tau2": "REM"}, "unknown tau2 method 'REM'.*Did you mean REML"),
        ({"test": "hks"}, "unknown test 'hks'.*Did you mean hksj"),
        ({"model": "randm"}, "unknown model 'randm'.*Did you mean random"),
        ({"i2": "q2"}, "unknown I2 definition"),
    ],
)
def test_unknown_options_name_the_nearest(options: dict[str, str], message: str) -> None:
    with pytest.raises(UnknownChoiceError, match=message):
        mk.pool(Y, V, **options)


@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf, None])
def test_a_known_tau2_is_a_number_of_at_least_0(bad: float) -> None:
    with pytest.raises(InputError, match="tau2 must be"):
        mk.pool(Y, V, tau2=bad)


def test_shapes() -> None:
    with pytest.raises(InputError, match="same shape"):
        mk.pool([1.0, 2.0], [1.0])
    with pytest.raises(InputError, match="no study left"):
        mk.pool([], [])
    with pytest.raises(InputError, match="needs the sampling variances"):
        mk.pool([1.0])
    with pytest.raises(InputError, match="must broadcast"):
        mk.pool_many(np.zeros((2, 3)), np.ones((2, 4)))


def test_one_study_is_the_study() -> None:
    r = mk.pool([0.4], [0.09], tau2="DL")
    assert (r.estimate, r.tau2, r.q, r.q_df, r.q_p) == (0.4, 0.0, 0.0, 0.0, 1.0)
    assert r.std_error == pytest.approx(0.3, abs=1e-15)
    assert r.prediction_interval() is None
    assert "at least 3 studies, has 1" in r.prediction_gap()
    for test in ("t", "hksj", "hksj-adhoc"):
        with pytest.raises(InputError, match="needs at least 2 studies"):
            mk.pool([0.4], [0.09], test=test)
    with pytest.raises(NotComputableError, match="at least 2 studies"):
        r.tau2_ci()


def test_results_are_frozen_and_hold_python_numbers() -> None:
    r = mk.pool(Y, V)
    with pytest.raises(dataclasses.FrozenInstanceError):
        r.estimate = 1.0  # type: ignore[misc]
    assert not hasattr(r, "__dict__")
    for value in r.fields().values():
        assert type(value) in (float, int), value
    assert "np." not in repr(r) + repr(r.ci()) + str(r)
    with pytest.raises(ValueError, match="read-only"):
        r.effects.y[0] = 3.0


def test_levels_are_asked_of_the_result() -> None:
    r = mk.pool(Y, V)
    assert r.ci(0.9).width < r.ci(0.95).width < r.ci(0.99).width
    with pytest.raises(InputError, match=r"between 0 and 1, got 95\. Did you mean 0\.95"):
        r.ci(95)


def test_prediction_by_hand() -> None:
    r = mk.pool(Y, V, tau2="DL")
    quantile = 0.95 * math.sqrt(2 / (1 - 0.95**2))  # t on k - 2 = 2 degrees has this closed form
    half = quantile * math.sqrt(r.tau2 + r.std_error**2)
    assert r.prediction_interval().high == pytest.approx(r.estimate + half, rel=1e-12)
    assert mk.pool(Y, V, model="common").prediction_interval() is None


def test_dl_by_hand() -> None:
    """DerSimonian & Laird (1986), eq. 8, in plain arithmetic."""
    y, w = np.array(Y), 1 / np.array(V)
    mean = (w * y).sum() / w.sum()
    q = (w * (y - mean) ** 2).sum()
    tau2 = max(0, (q - 3) / (w.sum() - (w**2).sum() / w.sum()))
    r = mk.pool(Y, V, tau2="DL")
    assert r.tau2 == pytest.approx(tau2, rel=1e-12)
    assert r.q == pytest.approx(q, rel=1e-12)
    assert r.i2_q == pytest.approx(100 * (q - 3) / q, rel=1e-12)


def test_q_profile_solves_its_equation() -> None:
    from scipy.stats import chi2

    r = mk.pool(Y, V, tau2="PM")
    low, high = r.tau2_ci()
    y, v = np.array(Y), np.array(V)
    for tau2, tail in ((low, 0.975), (high, 0.025)):
        w = 1 / (v + tau2)
        q = (w * (y - (w * y).sum() / w.sum()) ** 2).sum()
        if tau2 > 0:
            assert q == pytest.approx(chi2.ppf(tail, 3), rel=1e-8)


def test_genq_needs_weights() -> None:
    with pytest.raises(InputError, match="needs weights"):
        mk.pool(Y, V, tau2="GENQ")
    with pytest.raises(InputError, match="4 positive numbers"):
        mk.pool(Y, V, tau2="GENQ", weights=[1, 2, 3])
    a = mk.pool(Y, V, tau2="GENQ", weights=1 / np.array(V))
    assert a.tau2 == pytest.approx(mk.pool(Y, V, tau2="DL").tau2, rel=1e-12)
    assert a.weights == pytest.approx(100 * (1 / np.array(V)) / (1 / np.array(V)).sum())  # the user's, not 1/(v + tau2)


def test_genq_moderators_and_multiplicity() -> None:
    """A study counted twice is the row twice; an intercept alone as a matrix is the pooled effect."""
    w = np.array([1.0, 2.0, 0.5, 3.0])
    pooled = mk.pool(Y, V, tau2="GENQ", weights=w, test="hksj")
    matrix = mk.pool(Y, V, tau2="GENQ", weights=w, test="hksj", moderators=np.ones((4, 1)), intercept=False)
    assert (matrix.coef[0], matrix.std_error[0]) == pytest.approx((pooled.estimate, pooled.std_error), rel=1e-12)
    twice = fit_arrays(np.array([Y]), np.array([V]), pooled.spec, include=np.array([[1.0, 2, 1, 1]]), weights=w)
    rows = [0, 1, 1, 2, 3]
    row = mk.pool(np.array(Y)[rows], np.array(V)[rows], tau2="GENQ", weights=w[rows], test="hksj")
    assert (twice.coef[0, 0], twice.vcov[0, 0, 0]) == pytest.approx((row.estimate, row.std_error**2), rel=1e-12)


def test_true_is_no_tau2_and_weights_are_read_only() -> None:
    with pytest.raises(InputError, match="tau2 must be a method's code or a number of at least 0, got True"):
        mk.pool(Y, V, tau2=True)
    with pytest.raises(ValueError, match="read-only"):
        mk.pool(Y, V).weights[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        mk.pool(Y, V, moderators=np.arange(4.0)[:, None]).coef[0] = 1.0


def test_the_reason_without_a_prediction_interval_knows_aliases() -> None:
    two = mk.pool(Y[:2], V[:2])
    for name in ("higgins", "HTS", "hts", "k-2", "hk", "HK"):
        assert two.prediction_gap(name) == "needs at least 3 studies, has 2"
    assert two.prediction_gap("k-1") == ""
    assert mk.pool(Y[:1], V[:1]).prediction_gap("k-1") == "needs at least 2 studies, has 1"


def test_gosh_of_all_subsets_is_one_call() -> None:
    subsets = ((np.arange(1, 16)[:, None] >> np.arange(4)) & 1).astype(float)
    batch = mk.pool_many(Y, V, subsets, tau2="DL")
    assert batch.k.tolist() == subsets.sum(axis=1).tolist()
    chosen = subsets[10] > 0
    assert batch.estimate[10] == pytest.approx(
        mk.pool(np.array(Y)[chosen], np.array(V)[chosen], tau2="DL").estimate, rel=1e-13
    )
    assert len(batch.to_frame()) == 15


def test_one_set_of_effects_with_many_variances() -> None:
    v = np.array(V) * np.array([[1.0], [2.0], [5.0]])
    batch = mk.pool_many(Y, v)
    assert batch.estimate.tolist() == pytest.approx([mk.pool(Y, row).estimate for row in v], rel=1e-12)
    assert len(set(batch.std_error.tolist())) == 3


@pytest.mark.parametrize("model", ["mh", "peto"])
def test_a_batch_refuses_models_that_need_tables(model: str) -> None:
    with pytest.raises(InputError, match="random and common"):
        mk.pool_many(Y, V, model=model)
