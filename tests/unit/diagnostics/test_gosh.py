"""Every subset of the studies, and a sample of them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.diagnostics.data import V, Y, counts_result

import metaket as mk
from metaket.errors import InputError, NotComputableError

SAME = 1e-10  # the batch and the single fit sum in another order


@pytest.mark.parametrize("options", [{}, {"model": "common"}, {"tau2": "PM", "test": "hksj"}])
def test_every_subset_is_a_pool(options: dict[str, str]) -> None:
    found = mk.gosh(mk.pool(Y, V, **options))
    assert found.every
    assert found.estimate.size == 63
    subsets = found.include()
    assert len({tuple(row) for row in subsets.tolist()}) == 63
    for j in range(63):
        chosen = subsets[j]
        assert chosen.tolist() == [bool((j + 1) >> i & 1) for i in range(6)]
        one = mk.pool(Y[chosen], V[chosen], **(options if chosen.sum() > 1 else {**options, "test": "z"}))
        ours = {name: getattr(found, name)[j] for name in ("estimate", "tau2", "q", "i2", "h2", "k")}
        assert ours == pytest.approx({name: getattr(one, name) for name in ours}, rel=SAME, abs=SAME)


def test_blocks_join() -> None:
    """Seventeen studies are several blocks of subsets."""
    rng = np.random.default_rng(5)
    y, v = rng.normal(size=15), rng.uniform(0.1, 1, 15)
    calls: list[tuple[int, int]] = []
    found = mk.gosh(mk.pool(y, v, tau2="DL"), progress=lambda done, total: calls.append((done, total)))
    assert found.converged.all()
    assert calls == [(16_384, 32_767), (32_767, 32_767)]
    for j in (0, 16_383, 16_384, 32_766):
        chosen = found.include([j])[0]
        assert found.estimate[j] == pytest.approx(mk.pool(y[chosen], v[chosen], tau2="DL").estimate, rel=SAME)
    assert found.estimate[-1] == pytest.approx(found.result.estimate, rel=SAME)


def test_a_sample_is_seeded_and_uniform() -> None:
    rng = np.random.default_rng(6)
    result = mk.pool(rng.normal(size=22), rng.uniform(0.1, 1, 22), tau2="DL")
    one, two = mk.gosh(result, draws=4000), mk.gosh(result, draws=4000)
    other = mk.gosh(result, draws=4000, rng=np.random.default_rng(1))
    assert not one.every
    assert one.packed.tolist() == two.packed.tolist() != other.packed.tolist()
    assert one.estimate.tolist() == two.estimate.tolist()
    assert one.include().mean(axis=0) == pytest.approx(np.full(22, 0.5), abs=0.04)  # five standard errors
    assert mk.gosh(result).estimate.size == 100_000
    small = mk.gosh(mk.pool(Y[:2], V[:2]), draws=500)
    assert small.include().any(axis=1).all()  # the empty subset is drawn again
    assert small.include().all(axis=1).mean() == pytest.approx(1 / 3, abs=0.1)


def test_names_frames_and_prints() -> None:
    found = mk.gosh(counts_result())
    assert found.holding("C").sum() == 16
    assert found.to_frame().shape == (31, 7)
    quantiles = found.quantiles()
    pairs = found.k >= 2
    assert quantiles["estimate"][2] == pytest.approx(float(np.median(found.estimate[pairs])))
    assert str(found).startswith("Odds ratio: all 31 subsets of 5 studies\nof the 26 with at least 2 studies")
    assert "a sample of 10 subsets" in str(mk.gosh(counts_result(), draws=10))


def test_what_is_refused() -> None:
    with pytest.raises(NotComputableError, match="gosh needs at least 2 studies, there is 1"):
        mk.gosh(mk.pool(Y[:1], V[:1]))
    with pytest.raises(InputError, match="gosh is offered for the models random, common, not 'peto'"):
        mk.gosh(counts_result(model="peto"))
    with pytest.raises(InputError, match="gosh takes a PooledResult"):
        mk.gosh(mk.pool(Y, V, moderators=np.arange(6)))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="draws must be at least 1, got 0"):
        mk.gosh(mk.pool(Y, V), draws=0)
    with pytest.raises(InputError, match="no study 'F' among A, B, C, D, E"):
        mk.gosh(counts_result()).holding("F")
