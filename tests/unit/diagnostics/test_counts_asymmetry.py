"""Harbord, Peters and the arcsine tests: limits, columns of other names, what is left out. Numbers: tests/against."""

from __future__ import annotations

import numpy as np
import pytest

import metaket as mk
from metaket.errors import InputError, NotComputableError

TABLE = {
    "events_t": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
    "n_t": [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716, 50634, 2498, 16913],
    "events_c": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
    "n_c": [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665, 27338, 2341, 17854],
}  # Colditz et al. (1994) JAMA 271:698-702, the BCG trials


def effects(measure: str = "OR") -> mk.EffectSizes:
    return mk.effect_sizes(TABLE, measure)


def test_the_score_of_the_odds_ratio_by_hand() -> None:
    """Study 1: a = 4 of 123, 15 events of 262."""
    e = 15 * 123 / 262
    z, v = 4 - e, 123 * 139 * 15 * 247 / (262**2 * 261)
    single = {k: [x[0], *x[1:3]] for k, x in TABLE.items()}
    found = mk.harbord(mk.effect_sizes(single, "OR"))
    rows = []
    for a, n_t, c, n_c in zip(*(single[k] for k in TABLE), strict=True):
        m, n = a + c, n_t + n_c
        rows.append((a - m * n_t / n, n_t * n_c * m * (n - m) / (n**2 * (n - 1))))
    assert rows[0] == pytest.approx((z, v))
    zs, vs = np.array(rows).T
    design = np.column_stack([np.sqrt(vs), np.ones(3)])
    slope = np.linalg.lstsq(design, zs / np.sqrt(vs), rcond=None)[0]
    assert (found.limit, found.slope) == pytest.approx(tuple(slope), rel=1e-9)


def test_the_score_of_the_risk_ratio_is_the_derivative_of_its_likelihood() -> None:
    """Z and V as first derivative and profile information of the two binomial likelihoods at a log ratio of 0."""
    import mpmath as mp

    found = mk.harbord(mk.effect_sizes({k: x[:3] for k, x in TABLE.items()}, "RR"))
    zs, vs = [], []
    for a, n_t, c, n_c in zip(*(TABLE[k][:3] for k in TABLE), strict=True):
        p = mp.mpf(a + c) / (n_t + n_c)

        def loglik(theta, q, a=a, n_t=n_t, c=c, n_c=n_c):  # type: ignore[no-untyped-def]
            treated = q * mp.e**theta
            return a * mp.log(treated) + (n_t - a) * mp.log(1 - treated) + c * mp.log(q) + (n_c - c) * mp.log(1 - q)

        zs.append(mp.diff(loglik, (0, p), (1, 0)))
        tt = n_t * p / (1 - p)  # expected information
        tq, qq = n_t / (1 - p), (n_t + n_c) / (p * (1 - p))
        vs.append(tt - tq**2 / qq)
    z, v = np.array(zs, dtype=float), np.array(vs, dtype=float)
    both = np.linalg.lstsq(np.column_stack([np.sqrt(v), np.ones(3)]), z / np.sqrt(v), rcond=None)[0]
    assert (found.limit, found.slope) == pytest.approx(tuple(both), rel=1e-9)


def test_studies_without_information_are_left_out_of_the_score() -> None:
    empty = {k: [*x, n] for (k, x), n in zip(TABLE.items(), (0, 50, 0, 50), strict=True)}
    found = mk.harbord(mk.effect_sizes(empty, "RD"), measure="OR")
    assert found.k == 13
    assert found.slope == pytest.approx(mk.harbord(effects()).slope, rel=1e-12)
    assert any("the effects are RD" in text for text in found.cautions)


def test_columns_of_other_names() -> None:
    theirs = dict(zip(("ai", "n1i", "ci", "n2i"), TABLE.values(), strict=True))
    other = mk.effect_sizes(theirs, "OR", columns="metafor")
    assert mk.peters(other, columns="metafor").statistic == mk.peters(effects()).statistic
    with pytest.raises(InputError, match="needs column"):
        mk.peters(other)


def test_no_counts() -> None:
    for test in (mk.harbord, mk.peters, mk.schwarzer, mk.deeks, mk.macaskill):
        with pytest.raises(NotComputableError, match="needs the counts of each study"):
            test(mk.pool([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]))


def test_too_few() -> None:
    two = mk.effect_sizes({k: x[:2] for k, x in TABLE.items()}, "OR")
    for test in (mk.harbord, mk.peters, mk.schwarzer, mk.deeks, mk.macaskill):
        with pytest.raises(NotComputableError, match="at least 3 studies"):
            test(two)


def test_shown() -> None:
    found = mk.harbord(effects("RR"))
    assert "score of the log RR on the 1 / root of the score's variance; k = 13" in str(found)
    assert list(found.to_frame()["k"]) == [13]
    rank = mk.schwarzer(effects(), method="begg")
    assert str(rank).startswith("arcsine rank test (AS-Begg); k = 13")
    with pytest.raises(InputError, match="Did you mean begg"):
        mk.schwarzer(effects(), method="beg")


def weighted(y: np.ndarray, x: np.ndarray, w: np.ndarray) -> tuple[float, float]:
    """Slope and its t by the normal equations."""
    design = np.column_stack([np.ones_like(x), x])
    inverse = np.linalg.inv(design.T @ (w[:, None] * design))
    b = inverse @ design.T @ (w * y)
    scale = (w * (y - design @ b) ** 2).sum() / (y.size - 2)
    return float(b[1]), float(b[1] / np.sqrt(scale * inverse[1, 1]))


def test_deeks_and_macaskill_by_the_normal_equations() -> None:
    a, n_t, c, n_c = (np.array(TABLE[k], dtype=float) for k in TABLE)
    y = effects().y
    size = 4 * n_t * n_c / (n_t + n_c)
    found = mk.deeks(effects())
    assert (found.slope, found.statistic) == pytest.approx(weighted(y, 1 / np.sqrt(size), size), rel=1e-8)
    events, n = a + c, n_t + n_c
    other = mk.macaskill(effects())
    w = 1 / (1 / events + 1 / (n - events))
    assert (1e4 * other.slope, other.statistic) == pytest.approx(weighted(y, n / 1e4, w), rel=1e-8)
    assert "Macaskill's test: odds ratio on the sample size; k = 13" in str(other)
