"""`recover` against exact rational arithmetic: every table one by one, and the two sets are the same.

The interval of values that print like a text is closed at both ends, because a tie may have been rounded either way.
Percentages, ratios, differences, chi-square and Fisher's p are rational, so that ties are decided exactly; only limits
need logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction as Exact

from hypothesis import given, settings
from hypothesis import strategies as st

import metaket as mk

Table = tuple[int, int, int, int]
Values = Callable[[Table], list[Exact]]


def like(value: Exact, text: str) -> bool:
    half = Exact(1, 2 * 10 ** len(text.partition(".")[2]))
    return Exact(text) - half <= value <= Exact(text) + half


def text_of(value: Exact, decimals: int, half_even: bool) -> str:
    """Rounded half to even, or half away from zero."""
    scaled = abs(value) * 10**decimals
    whole = round(scaled) if half_even else math.floor(scaled + Exact(1, 2))
    digits = f"{whole:0{decimals + 1}d}"
    sign = "-" if value < 0 and whole else ""
    return sign + (f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits)


def with_half(table: Table) -> list[tuple[Exact, ...]]:
    a, n1, c, n2 = (Exact(x) for x in table)
    empty = 0 in (a, n1 - a, c, n2 - c)
    half = (a + Exact(1, 2), n1 + 1, c + Exact(1, 2), n2 + 1)
    return [(a, n1, c, n2), half] if empty else [(a, n1, c, n2)]


def ratios(kind: str, table: Table) -> list[Exact]:
    out = []
    for a, n1, c, n2 in with_half(table):
        above, below = (a * (n2 - c), (n1 - a) * c) if kind == "odds_ratio" else (a * n2, n1 * c)
        out += [above / below] if below else []
    return out


def chi_squares(table: Table) -> list[Exact]:
    a, n1, c, n2 = table
    n, m = n1 + n2, a + c
    if m in (0, n):
        return []
    gap = abs(Exact(a * (n2 - c) - (n1 - a) * c))
    return [n * g**2 / (n1 * n2 * m * (n - m)) for g in (gap, max(gap - Exact(n, 2), Exact(0)))]


def fisher(table: Table) -> list[Exact]:
    a, n1, c, n2 = table
    m = a + c
    if m in (0, n1 + n2):
        return []
    ways = [math.comb(n1, x) * math.comb(n2, m - x) for x in range(max(0, m - n2), min(n1, m) + 1)]
    mine = math.comb(n1, a) * math.comb(n2, c)
    return [Exact(sum(w for w in ways if w <= mine), math.comb(n1 + n2, m))]


FIGURES: dict[str, Values] = {
    "percent_t": lambda t: [Exact(100 * t[0], t[1])],
    "percent_c": lambda t: [Exact(100 * t[2], t[3])],
    "odds_ratio": lambda t: ratios("odds_ratio", t),
    "risk_ratio": lambda t: ratios("risk_ratio", t),
    "risk_difference": lambda t: [Exact(t[0], t[1]) - Exact(t[2], t[3])],
    "chi2": chi_squares,
    "p": fisher,
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    n1, n2 = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    return draw(st.integers(0, n1)), n1, draw(st.integers(0, n2)), n2


def every(n_t: range, n_c: range) -> Iterator[Table]:
    for n1 in n_t:
        for n2 in n_c:
            yield from ((a, n1, c, n2) for a in range(n1 + 1) for c in range(n2 + 1))


@settings(max_examples=150, deadline=None)
@given(tables(), st.data())
def test_the_recovered_tables_are_all_there_are(table: Table, data: st.DataObject) -> None:
    printed: dict[str, str] = {}
    for name in data.draw(st.lists(st.sampled_from(sorted(FIGURES)), min_size=1, max_size=3, unique=True)):
        values = FIGURES[name](table)
        if values:
            value = data.draw(st.sampled_from(values))
            printed[name] = text_of(value, data.draw(st.integers(0, 3)), data.draw(st.booleans()))
    wide = data.draw(st.integers(0, 2))
    n_t = range(max(1, table[1] - wide), table[1] + wide + 1)
    found = mk.recover(n_t=(n_t[0], n_t[-1]), n_c=table[3], tests=["fisher"], **printed)
    want = {
        t
        for t in every(n_t, range(table[3], table[3] + 1))
        if all(any(like(value, text) for value in FIGURES[name](t)) for name, text in printed.items())
    }
    assert set(zip(*(x.astype(int).tolist() for x in found.tables.cells), strict=True)) == want
    assert found.verdict == ("none" if not want else "one" if len(want) == 1 else "several")


def limits(kind: str, table: Table, z: float) -> list[tuple[float, float]]:
    """Woolf's and Katz's interval by each reading of an empty cell."""
    out = []
    for a, n1, c, n2 in with_half(table):
        parts = (a, n1 - a, c, n2 - c) if kind == "odds_ratio" else (a, -n1, c, -n2)
        if 0 in parts or a == 0:
            continue
        ratio = float(a * (n2 - c) / ((n1 - a) * c) if kind == "odds_ratio" else a * n2 / (n1 * c))
        half = z * math.sqrt(max(0.0, float(sum(1 / x for x in parts))))
        out.append((ratio * math.exp(-half), ratio * math.exp(half)))
    return out


@settings(max_examples=100, deadline=None)
@given(tables(), st.sampled_from(["odds_ratio", "risk_ratio"]), st.integers(0, 2), st.data())
def test_intervals_too(table: Table, kind: str, decimals: int, data: st.DataObject) -> None:
    critical = (1.96, 1.959963984540054)
    low, high = data.draw(st.sampled_from(limits(kind, table, data.draw(st.sampled_from(critical)))))
    estimate = data.draw(st.sampled_from(ratios(kind, table)))
    texts = [text_of(Exact(x), decimals, half_even=True) for x in (estimate, low, high)]
    found = mk.recover(n_t=table[1], n_c=table[3], **{kind: "{} ({} to {})".format(*texts)})  # type: ignore[arg-type]
    want = {
        t
        for t in every(*(range(n, n + 1) for n in (table[1], table[3])))
        if any(like(x, texts[0]) for x in ratios(kind, t))
        and any(
            like(Exact(lo), texts[1]) and like(Exact(hi), texts[2]) for z in critical for lo, hi in limits(kind, t, z)
        )
    }
    assert table in want
    assert set(zip(*(x.astype(int).tolist() for x in found.tables.cells), strict=True)) == want
