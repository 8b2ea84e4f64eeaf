"""Whatever table a paper printed from, it is among the recovered ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import metaket as mk
from metaket.reproduction.recover_tests import log_effect

Z = 1.96


@st.composite
def arms(draw: st.DrawFn) -> tuple[int, int, int, int]:
    n1, n2 = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    return draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2


def printed(table: tuple[int, int, int, int], decimals: int) -> dict[str, str]:
    """What a paper prints of a table: percentages, both ratios with Woolf's and Katz's interval, p and chi-square."""
    a, n1, c, n2 = table
    out = {"percent_t": f"{100 * a / n1:.{decimals}f}%", "percent_c": f"{100 * c / n2:.{decimals}f}%"}
    for name, code in (("odds_ratio", "OR"), ("risk_ratio", "RR")):
        y, se = (float(x[0]) for x in log_effect(code, *(np.array([float(i)]) for i in table)))
        ends = [np.exp(y + side * Z * se) for side in (0.0, -1.0, 1.0)]
        out[name] = "{} ({} to {})".format(*(f"{x:.{decimals}f}" for x in ends))
    if 0 < a + c < n1 + n2:
        cells = [[a, n1 - a], [c, n2 - c]]
        out["p"] = f"{stats.fisher_exact(cells).pvalue:.3f}"
        out["chi2"] = f"{stats.chi2_contingency(cells, correction=True).statistic:.{decimals}f}"
    return out


@settings(max_examples=150, deadline=None)
@given(arms(), st.integers(0, 2), st.data())
def test_the_true_table_is_among_the_recovered(
    table: tuple[int, int, int, int], decimals: int, data: st.DataObject
) -> None:
    facts = printed(table, decimals)
    shown = data.draw(st.lists(st.sampled_from(sorted(facts)), min_size=1, unique=True))
    given_facts = {name: facts[name] for name in shown}
    a, n1, c, n2 = table
    found = mk.recover(n_t=n1, n_c=n2, **given_facts)
    cells = set(map(tuple, np.stack(found.tables.cells, axis=-1).astype(int).tolist()))
    assert table in cells
    more = mk.recover(n_total=n1 + n2, events_total=a + c, **given_facts)
    assert table in set(map(tuple, np.stack(more.tables.cells, axis=-1).astype(int).tolist()))


@settings(max_examples=60, deadline=None)
@given(arms(), st.integers(0, 1))
def test_more_figures_never_add_a_table(table: tuple[int, int, int, int], decimals: int) -> None:
    facts = printed(table, decimals)
    before = None
    known: dict[str, str] = {}
    for name, text in facts.items():
        known[name] = text
        found = mk.recover(n_t=table[1], n_c=table[3], **known)
        cells = set(map(tuple, np.stack(found.tables.cells, axis=-1).astype(int).tolist()))
        assert before is None or cells <= before
        before = cells


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10), min_size=2, max_size=25), st.integers(1, 3))
def test_the_true_data_pass_grim_and_grimmer(data: list[int], decimals: int) -> None:
    mean, sd, n = np.mean(data), np.std(data, ddof=1), len(data)
    found = mk.grimmer(f"{mean:.{decimals}f}", f"{sd:.{decimals}f}", n)
    assert (sum(data), sum(x * x for x in data)) in found.squares
