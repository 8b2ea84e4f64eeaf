"""explain on synthetic papers: the true settings are listed, no false alarm, the planted slip ranked first.

A tie counts only between names of one event: slips that give the same inputs (swapped arms, flipped sign) come as one
cause. Of different events with the same print only the first one counts.
"""

from __future__ import annotations

import time

import pytest

import metaket as mk
from metaket.reproduction.explain_causes import kinds
from tests.synthetic.papers import Outcome, outcomes, rates, synthetic_paper
from tests.synthetic.slips import PLANTS

PAPERS = 1000
PARTS = 4  # tests of their own, so that two processes share them
RANKED_FIRST = 0.9  # of all planted slips
OF_A_KIND = 0.3  # of six papers of a kind in a part: below it a kind is broken and not merely hard to see
SECONDS = 2.0  # issue 4, in processor time: wall time would measure the machine's other work


def test_every_slip_can_be_planted() -> None:
    assert set(PLANTS) == {slip.code for slip in kinds()}


def check(found: list[Outcome]) -> None:
    clean = [o for o in found if not o.slip]
    planted = [o for o in found if o.slip]
    assert all(o.right for o in clean), [o.seed for o in clean if not o.right]
    right = sum(o.right for o in planted)
    assert right >= RANKED_FIRST * len(planted), rates(found).to_string()


def test_forty_papers() -> None:
    check(outcomes(40, 900_000))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_thousand_papers(part: int) -> None:
    size = PAPERS // PARTS
    found = outcomes(size, part * size)
    assert {o.slip for o in found} == {"", *PLANTS}
    check(found)
    table = rates(found)
    assert (table["right"] >= OF_A_KIND * table["papers"]).all(), table.to_string()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_a_thousand_papers_without_a_slip(part: int) -> None:
    """The true settings are always among those listed, and no cause is named."""
    size = PAPERS // PARTS
    check(outcomes(size, 2_000_000 + part * size, clean=True))


def twenty_studies(slip: str) -> mk.Explanation:
    """The slowest case: means, nothing stated, no rows, no Q to end the search early."""
    seeds = (synthetic_paper(seed, slip) for seed in range(10_000, 10_400))
    paper = next(p for p in seeds if p.kind == "means" and len(p.table) >= 18)
    printed = {name: text for name, text in paper.printed.items() if name in ("estimate", "ci_low", "ci_high", "i2")}
    start = time.process_time()
    found = mk.explain(paper.table, printed, measure=paper.settings.measure)
    assert time.process_time() - start < SECONDS
    return found


@pytest.mark.parametrize("slip", ["", "digit-mistyped", "se-for-sd"])
def test_twenty_studies_take_less_than_two_seconds(slip: str) -> None:
    twenty_studies(slip)
