"""Leave-one-out and leave-k-out, each row held against a pooling of the others."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.unit.diagnostics.data import COUNTS, V, Y, counts_result

import metaket as mk
from metaket.errors import InputError, NotComputableError

SAME = 1e-10  # the batch and the single fit sum in another order


@pytest.mark.parametrize("options", [{}, {"tau2": "DL", "test": "hksj"}, {"model": "common"}, {"tau2": 0.1, "i2": "Q"}])
def test_each_row_is_a_pool_of_the_others(options: dict[str, Any]) -> None:
    found = mk.leave_one_out(mk.pool(Y, V, **options))
    for i, row in enumerate(found.to_frame(0.9).to_dict("records")):
        others = mk.pool(np.delete(Y, i), np.delete(V, i), **options).fields(0.9)
        assert row["study"] == f"Study {i + 1}"
        assert {n: row[n] for n in others if n in row} == pytest.approx(
            {n: x for n, x in others.items() if n in row}, rel=SAME, abs=SAME
        )


@pytest.mark.parametrize(("measure", "model"), [("OR", "mh"), ("RR", "random-mh"), ("OR", "peto"), ("RD", "mh")])
def test_models_of_counts_are_pooled_again(measure: str, model: str) -> None:
    found = mk.leave_one_out(counts_result(measure, model=model))
    for i in range(5):
        others = mk.pool(mk.effect_sizes(COUNTS.drop(index=i), measure), model=model)
        assert found.estimate[i] == pytest.approx(others.estimate, rel=SAME)
        assert found.fits.q[i] == pytest.approx(others.q, rel=SAME)
        assert found.fits.i2[i] == pytest.approx(others.i2, rel=SAME, abs=SAME)


def test_a_glmm_is_fitted_again() -> None:
    table = pd.DataFrame({"study": list("ABCD"), "events": [3, 9, 2, 14], "n": [40, 60, 30, 70]})
    found = mk.leave_one_out(mk.pool(mk.effect_sizes(table, "PLO"), model="GLMM", tau2="ML"))
    others = mk.pool(mk.effect_sizes(table.drop(index=1), "PLO"), model="GLMM", tau2="ML")
    assert found.estimate[1] == pytest.approx(others.estimate, rel=1e-6)  # a quasi-Newton optimum


def test_a_selection_without_events_says_why() -> None:
    table = pd.DataFrame(
        {"study": ["A", "B"], "events_t": [0, 5], "n_t": [20, 20], "events_c": [3, 4], "n_c": [20, 20]}
    )
    found = mk.leave_one_out(mk.pool(mk.effect_sizes(table, "OR"), model="mh"))
    assert np.isnan(found.estimate[1])
    assert "too few events" in found.notes[1]
    assert found.notes[0] == ""
    assert np.isfinite(found.estimate[0])
    assert "too few events" in str(found)


def test_one_study_left_has_its_normal_interval() -> None:
    found = mk.leave_one_out(mk.pool(Y[:2], V[:2], test="hksj"))
    low, high = found.ci()
    alone = [mk.pool(Y[i : i + 1], V[i : i + 1]).ci() for i in (1, 0)]
    assert list(zip(low, high, strict=True)) == [pytest.approx(tuple(ci)) for ci in alone]
    assert found.notes == ("one study: normal test",) * 2


def test_meta_regression() -> None:
    x = np.array([1.0, 2.0, 4.0, 3.0, 7.0, 5.0])
    found = mk.leave_one_out(mk.pool(Y, V, moderators=x, test="t"))
    for i in range(6):
        others = mk.pool(np.delete(Y, i), np.delete(V, i), moderators=np.delete(x, i), test="t")
        assert found.coef[i] == pytest.approx(others.coef, rel=SAME)
        assert found.vcov[i] == pytest.approx(others.vcov, rel=SAME)
        assert found.tau2[i] == pytest.approx(others.tau2, rel=SAME, abs=SAME)
        frame = found.to_frame(0.9)
        mine = frame[frame["study"] == f"Study {i + 1}"].reset_index(drop=True)
        theirs = others.to_frame(0.9)
        pd.testing.assert_frame_equal(mine[theirs.columns], theirs, rtol=1e-8)
    assert "x1" in str(found)


def test_a_regression_that_needs_a_study_says_so() -> None:
    found = mk.leave_one_out(mk.pool(Y, V, moderators=[0, 0, 0, 1, 0, 0]))
    assert np.isnan(found.coef[3]).all()
    assert np.isfinite(np.delete(found.coef, 3, axis=0)).all()
    assert found.notes == ("", "", "", "the studies do not identify every coefficient", "", "")
    assert found.k.tolist() == [5] * 6
    assert "do not identify" in str(found)


def test_leave_k_out_takes_every_set() -> None:
    found = mk.leave_out(mk.pool(Y, V), 2)
    assert found.every
    assert found.left_out.tolist() == [list(c) for c in itertools.combinations(range(6), 2)]
    for row, gone in enumerate(found.left_out):
        assert found.estimate[row] == pytest.approx(mk.pool(np.delete(Y, gone), np.delete(V, gone)).estimate, rel=SAME)
    assert found.study[1] == "Study 1 + Study 3"
    one = mk.leave_out(mk.pool(Y, V), 1)
    assert one.estimate.tolist() == mk.leave_one_out(mk.pool(Y, V)).estimate.tolist()


def test_a_sample_of_sets_is_seeded() -> None:
    rng = np.random.default_rng(3)
    result = mk.pool(rng.normal(size=60), np.full(60, 0.1), tau2="DL")
    one, two = mk.leave_out(result, 30, draws=200), mk.leave_out(result, 30, draws=200)
    other = mk.leave_out(result, 30, draws=200, rng=np.random.default_rng(1))
    assert not one.every
    assert one.left_out.shape == (200, 30)
    assert (np.diff(one.left_out, axis=1) > 0).all()
    assert (one.include.sum(axis=1) == 30).all()
    assert one.left_out.tolist() == two.left_out.tolist() != other.left_out.tolist()


def test_who_changes_the_decision() -> None:
    y, v = [0.05, 0.0, 0.6, 0.1], [0.02, 0.02, 0.01, 0.02]
    found = mk.leave_one_out(mk.pool(y, v, model="common"))
    assert found.changed() == ("Study 3",)
    assert found.changed(0.9999999) == ()
    assert "decides otherwise without: Study 3" in str(found)
    low, high = found.range
    assert (low, high) == (found.estimate.min(), found.estimate.max())


def test_prints_and_frames() -> None:
    result = counts_result()
    found = mk.leave_one_out(result)
    frame, back = found.to_frame(), found.to_frame(transform=True)
    assert list(frame) == (
        [
            "study",
            "estimate",
            "std_error",
            "statistic",
            "df",
            "p_value",
            "ci_low",
            "ci_high",
            "tau2",
            "q",
            "q_df",
            "q_p",
            "i2",
            "h2",
            "k",
            "note",
        ]
    )
    assert np.exp(frame["estimate"]).tolist() == pytest.approx(back["estimate"].tolist())
    assert frame["k"].tolist() == [4] * 5
    assert str(found).splitlines()[0] == "Odds ratio without each study"
    assert "<0.0001" in str(found)
    assert found._repr_html_().startswith("<pre>")
    assert "90 % interval" in found.summary(0.9)


def test_freeman_tukey_goes_back_at_the_size_of_the_studies_that_are_in() -> None:
    table = pd.DataFrame({"study": list("ABCD"), "events": [3, 9, 2, 14], "n": [40, 600, 30, 70]})
    found = mk.leave_one_out(mk.pool(mk.effect_sizes(table, "PFT"))).to_frame(transform=True)
    others = mk.pool(mk.effect_sizes(table.drop(index=1), "PFT")).fields(transform=True)
    assert found["estimate"][1] == pytest.approx(others["estimate"], rel=1e-12)
    assert found["ci_low"][1] == pytest.approx(others["ci_low"], rel=1e-12)


def test_what_is_refused() -> None:
    with pytest.raises(NotComputableError, match="leave-one-out needs at least 2 studies, there is 1"):
        mk.leave_one_out(mk.pool(Y[:1], V[:1]))
    with pytest.raises(InputError, match="needs the weights of tau2='GENQ'"):
        mk.leave_one_out(mk.pool(Y, V, tau2="GENQ", weights=np.ones(6)))
    result = mk.pool(Y, V)
    for n in (0, 6, -1, 1.5, True, "2"):
        with pytest.raises(InputError, match=r"n must be an integer from 1 to 5 \(there are 6 studies\)"):
            mk.leave_out(result, n)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="draws must be at least 1, got 0"):
        mk.leave_out(result, 2, draws=0)
    with pytest.raises(InputError, match=r"leave_out takes a PooledResult .* got RegressionResult"):
        mk.leave_out(mk.pool(Y, V, moderators=np.arange(6)), 2)  # type: ignore[arg-type]
