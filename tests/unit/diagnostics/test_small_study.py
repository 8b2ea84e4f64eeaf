"""Begg, PET-PEESE, excess significance, fail-safe N and the cautions: by hand and at their limits."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

import metaket as mk
from metaket.diagnostics._cautions import funnel_cautions
from metaket.errors import InputError, NotComputableError

Y = np.array([0.12, 0.55, 1.21, -0.20, 0.33, 0.80, 0.41, 0.95, 0.10, 0.62, 1.40])
V = np.array([0.010, 0.040, 0.160, 0.020, 0.030, 0.090, 0.015, 0.200, 0.012, 0.060, 0.250])
RTOL = 1e-9  # the same sums in another order


def result(k: int = 11, model: str = "common") -> mk.PooledResult:
    return mk.pool(Y[:k], V[:k], model=model)


def test_beggs_exact_p_counts_permutations() -> None:
    found = mk.begg(result(6))
    w = 1 / V[:6]
    t = (Y[:6] - (w * Y[:6]).sum() / w.sum()) / np.sqrt(V[:6] - 1 / w.sum())
    pairs = list(itertools.combinations(range(6), 2))

    def score(order: tuple[int, ...]) -> float:
        return float(sum(np.sign((t[i] - t[j]) * (V[order[i]] - V[order[j]])) for i, j in pairs))

    seen = [score(o) for o in itertools.permutations(range(6))]
    own = score(tuple(range(6)))
    assert found.score == own
    assert found.p_value == pytest.approx(np.mean(np.abs(seen) >= abs(own)), rel=RTOL)
    assert found.method == "exact"


def test_beggs_normal_p() -> None:
    plain, corrected = mk.begg(result(), method="normal"), mk.begg(result(), method="normal", continuity=True)
    sd = math.sqrt(11 * 10 * 27 / 18)
    assert plain.statistic == pytest.approx(plain.score / sd, rel=RTOL)
    assert corrected.statistic == pytest.approx((plain.score - 1) / sd, rel=RTOL)
    assert plain.p_value == pytest.approx(2 * stats.norm.sf(plain.statistic), rel=RTOL)


def test_begg_with_ties() -> None:
    tied = mk.pool(Y[:5], [0.1, 0.1, 0.2, 0.3, 0.4])
    assert mk.begg(tied).method == "normal"
    with pytest.raises(NotComputableError, match="no exact p-value with ties"):
        mk.begg(tied, method="exact")
    with pytest.raises(NotComputableError, match="that differ"):
        mk.begg(mk.pool(Y[:4], [0.1] * 4))
    with pytest.raises(NotComputableError, match="at least 3 studies, there are 2"):
        mk.begg(result(2))


def test_pet_peese_takes_the_line_that_pet_says() -> None:
    first = mk.pet(result())
    assert mk.pet_peese(result(), alpha=first.p_value / 2).used == "PET"
    assert mk.pet_peese(result(), alpha=first.p_value * 1.01).used == "PEESE"
    assert mk.pet_peese(result(), alpha=first.p_value * 1.01).estimate == mk.peese(result()).estimate
    assert mk.pet_peese(result(), alpha=0.49, alternative="greater" if first.estimate < 0 else "less").used == "PET"
    with pytest.raises(InputError, match="alpha must lie between 0 and 1, got 5"):
        mk.pet_peese(result(), alpha=5)
    with pytest.raises(NotComputableError, match="they are all equal"):
        mk.peese(mk.pool([0.1, 0.2, 0.3], [0.1] * 3))


def test_excess_significance_by_enumeration() -> None:
    """The exact p-value over all 2^6 patterns of significance."""
    found = mk.excess_significance(result(6))
    total = 0.0
    for pattern in itertools.product((0, 1), repeat=6):
        if sum(pattern) >= found.observed:
            total += math.prod(p if s else 1 - p for p, s in zip(found.power, pattern, strict=True))
    assert found.p_value == pytest.approx(total, rel=RTOL)
    assert found.expected == pytest.approx(found.power.sum(), rel=RTOL)


def test_power_is_the_integral_over_true_effects() -> None:
    found = mk.excess_significance(result(6), theta=0.4, tau2=0.09)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    true = 0.4 + 0.3 * nodes
    for p, v in zip(found.power, V, strict=False):
        each = stats.norm.sf(1.959963984540054 - true / math.sqrt(v)) + stats.norm.cdf(
            -1.959963984540054 - true / math.sqrt(v)
        )
        assert p == pytest.approx((weights * each).sum() / weights.sum(), rel=1e-6)  # Gauss-Hermite with 60 nodes


def test_the_limit_has_a_p_of_a_tenth() -> None:
    found = mk.excess_significance(result(), test="exact")
    assert found.theta_limit is not None
    at = mk.excess_significance(result(), test="exact", theta=found.theta_limit)
    assert at.p_value == pytest.approx(0.1, rel=1e-9)
    with pytest.raises(InputError, match="alpha must lie between 0 and 1"):
        mk.excess_significance(result(), alpha=0)


@pytest.mark.parametrize("method", ["Rosenthal", "Rosenberg"])
def test_fail_safe_n_studies_bring_p_to_alpha(method: str) -> None:
    """Adding exactly that many nulls, in parts of studies, gives p = alpha."""
    found = mk.fail_safe_n(result(), method=method)
    if method == "Rosenthal":
        z = (Y / np.sqrt(V)).sum() / math.sqrt(11 + found.exact)
        assert stats.norm.sf(z) == pytest.approx(0.05, rel=RTOL)
    else:
        w = 1 / V
        z = (w * Y).sum() / math.sqrt(w.sum() + found.exact * w.mean())
        assert 2 * stats.norm.sf(z) == pytest.approx(0.05, rel=RTOL)
    assert found.n == math.ceil(found.exact)


def test_orwin() -> None:
    found = mk.fail_safe_n(result(), method="Orwin", target=0.1)
    assert (Y.sum() + 0.0) / (11 + found.exact) == pytest.approx(0.1, rel=RTOL)
    flipped = mk.fail_safe_n(result(), method="Orwin", target=-0.1)
    assert flipped.n == found.n
    assert mk.fail_safe_n(result(), method="Orwin", target=9.0).n == 0
    with pytest.raises(InputError, match="other than 0"):
        mk.fail_safe_n(result(), method="Orwin", target=0)
    with pytest.raises(InputError, match="are Orwin's"):
        mk.fail_safe_n(result(), target=0.1)
    with pytest.raises(InputError, match="Did you mean Rosenthal"):
        mk.fail_safe_n(result(), method="rosental")


def test_cautions_name_each_reason() -> None:
    none = mk.effect_sizes({"y": [0.5] * 10, "v": np.geomspace(0.01, 0.2, 10)}, "GEN")
    assert funnel_cautions(none) == ()
    cases = {
        "below 10": mk.effect_sizes({"y": [0.5] * 9, "v": np.geomspace(0.01, 0.2, 9)}, "GEN"),
        "differ 1.41-fold only": mk.effect_sizes({"y": [0.5] * 10, "v": np.geomspace(0.01, 0.02, 10)}, "GEN"),
        "asymmetry may come from heterogeneity": mk.effect_sizes(
            {"y": np.linspace(-3, 3, 10), "v": np.geomspace(0.01, 0.2, 10)}, "GEN"
        ),
        "no single study is significant": mk.effect_sizes({"y": [0.01] * 10, "v": np.geomspace(0.01, 0.2, 10)}, "GEN"),
    }
    for words, effects in cases.items():
        found = funnel_cautions(effects)
        assert len(found) == 1, found
        assert words in found[0]
    coupled = mk.EffectSizes(np.full(10, 0.5), np.geomspace(0.01, 0.2, 10), tuple("abcdefghij"), "OR")
    assert "the standard error of OR depends on counts of events" in funnel_cautions(coupled)[0]
    assert funnel_cautions(coupled, coupled=False) == ()


def test_the_answers_show_themselves() -> None:
    answers = [mk.begg(result()), mk.pet(result()), mk.peese(result()), mk.pet_peese(result())]
    answers += [mk.excess_significance(result()), mk.fail_safe_n(result()), mk.egger(result())]
    for answer in answers:
        frame = answer.to_frame()
        assert len(frame) == 1
        assert frame["cautions"].iloc[0] == "; ".join(answer.cautions)
        assert all(f"caution: {text}" in str(answer) for text in answer.cautions)
        assert answer.trust is (not answer.cautions)


def test_the_wrong_thing() -> None:
    with pytest.raises(InputError, match="give a pooled result or effect sizes"):
        mk.begg([0.1, 0.2])  # type: ignore[arg-type]
    with pytest.raises(NotComputableError, match="needs the size of each study"):
        mk.egger(result(), predictor="ninv")
    with pytest.raises(InputError, match="Did you mean sei"):
        mk.egger(result(), predictor="se")


@pytest.mark.parametrize("ask", [mk.begg, mk.pet, mk.peese, mk.limit_meta_analysis, mk.trim_and_fill])
def test_equal_effects_leave_nothing_to_test(ask: Callable[[mk.PooledResult], object]) -> None:
    """Without the check what is tested is rounding: three times 0.2 minus their mean."""
    for y in ([0.2] * 3, [0.3] * 5, [0.0] * 4):
        with pytest.raises(NotComputableError):
            ask(mk.pool(y, np.geomspace(0.01, 0.2, len(y)), model="common"))


def test_the_text_says_on_which_scale_its_effects_are() -> None:
    counts = {"study": list("ABCD"), "events_t": [8, 12, 5, 20], "n_t": [18, 30, 25, 60]}
    counts |= {"events_c": [1, 5, 4, 11], "n_c": [18, 29, 24, 61]}
    told = str(mk.small_study_effects(mk.pool(mk.effect_sizes(counts, "RR"))))
    assert "effects below are on the scale of the analysis, log ratio" in told
    assert "an interval of p has 1 study: its" in told
    assert "PooledResult" not in told
    assert "scale of the analysis" not in str(mk.small_study_effects(mk.pool(mk.effect_sizes(counts, "RD"))))


def test_what_needs_a_funnel_says_what_is_wrong_with_it() -> None:
    few, equal = mk.pool(Y[:2], V[:2]), mk.pool(Y[:5], [0.1] * 5)
    asked = {mk.pet: 3, mk.peese: 3, mk.limit_meta_analysis: 3, mk.copas: 4}
    for ask, least in asked.items():
        for data, why in ((few, "there are 2"), (equal, "they are all equal")):
            with pytest.raises(
                NotComputableError, match=f"at least {least} studies whose standard errors differ; {why}"
            ):
                ask(data)
