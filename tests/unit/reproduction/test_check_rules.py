"""Consistency rules on printed effects, intervals, p-values, heterogeneity, weights and trials' sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import metaket as mk
from metaket.reproduction.check import RULES, Finding, check_paper
from metaket.reproduction.findings import SURE
from metaket.reproduction.precision import middle_gap, p_conflict, p_range
from tests.papers import OUTCOMES, PAPER, paper_of, row, table, write_paper
from tests.synthetic.papers import synthetic_paper

MEANS = {"n_t": 25, "n_c": 25, "mean_t": 10, "mean_c": 12}


def hits(
    folder: Path, rule: str, *rows: dict[str, str], claims: str = "", trials: str = "", **kw: str
) -> list[Finding]:
    outcomes = kw.get("outcomes") or (table(*rows) if rows else OUTCOMES)
    write_paper(folder, paper=kw.get("paper", PAPER), outcomes=outcomes, claims=claims)
    if trials:
        (folder / "trials.csv").write_text(trials, encoding="utf-8")
    return [f for f in check_paper(mk.load(folder)).findings if f.rule == rule]


def printed(*pairs: tuple[str, str]) -> str:
    of = '{{ analysis = "response", quantity = "{}" }}'
    return "".join(
        f'\n[[claim]]\nid = "c{i}"\nprinted = "{text}"\nof = {of.format(q)}\n' for i, (text, q) in enumerate(pairs)
    )


def test_every_rule_says_where_it_comes_from() -> None:
    assert all(len(entry.reference) > 10 for entry in RULES)


# --- an estimate and its interval


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ({"y": 2.18, "ci_low": 1.21, "ci_high": 3.93}, True),  # 2.181 is the geometric, 2.57 the arithmetic middle
        ({"y": 0.50, "ci_low": 0.10, "ci_high": 0.90}, False),
        ({"y": 1.5, "ci_low": 1, "ci_high": 2}, False),  # within rounding of both middles
        ({"y": 2.40, "ci_low": 1.21, "ci_high": 3.93}, False),  # of neither: the rule `intervals` speaks
    ],
)
def test_ratios_that_were_not_made_logarithms(tmp_path: Path, cells: dict[str, float], found: bool) -> None:
    got = hits(tmp_path, "ratio-scale", row("A", **cells), paper=paper_of("GEN"))
    assert bool(got) is found
    if found:
        assert (got[0].level, got[0].sure) == ("warning", "likely")
        assert got[0].where == "outcomes.csv row 2 (A, response, 24 h)"
        assert "Cochrane" in got[0].source


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ((("1.58", "estimate"), ("1.20", "ci_low"), ("2.09", "ci_high")), ""),
        ((("1.58 (1.20 to 2.09)", "estimate"),), ""),
        (
            (("1.85 (1.20 to 2.09)", "estimate"),),
            "% of the width off the middle",
        ),
        ((("1.58 (1.20 to 1.50)", "estimate"),), "the estimate is outside its interval"),
        ((("1.58 (0.00 to 2.09)", "estimate"),), ""),  # zero has no logarithm
    ],
)
def test_a_printed_estimate_in_the_middle_of_its_interval(tmp_path: Path, texts: tuple, words: str) -> None:
    got = hits(tmp_path, "claim-middle", claims=printed(*texts))
    assert bool(got) is bool(words)
    if words and "outside" in words:
        assert (got[0].level, got[0].sure) == ("error", "certain")
    elif words:
        assert (got[0].level, got[0].sure) == ("warning", "likely")
        assert "off the middle on the scale of the analysis (log ratio)" in got[0].message
        assert got[0].where == "paper.toml claims of analysis response"


# --- p against the interval


@pytest.mark.parametrize(
    ("p", "sure"),
    [
        ("0.0012", ""),
        ("0.001", ""),
        ("0.0035", ""),
        ("0.03", ""),
        ("0.04", "possible"),
        ("0.20", "likely"),
        ("0.00001", "possible"),
    ],
)
def test_a_printed_p_against_its_interval(tmp_path: Path, p: str, sure: str) -> None:
    """1.58 (1.20 to 2.09) within its rounding: p 0.0010 by the normal test to 0.031 by t on one degree of freedom."""
    got = hits(tmp_path, "claim-p", claims=printed(("1.58 (1.20 to 2.09)", "estimate"), (p, "p_value")))
    assert [f.sure for f in got] == ([sure] if sure else [])
    if sure == "likely":
        assert "they decide differently" in got[0].message


@pytest.mark.parametrize(
    ("text", "quantity", "found"),
    [
        ("NS", "p_value", True),
        ("significant", "p_value", False),
        ("not significant", "significant", True),
        ("sig.", "significant", False),
        ("as it was", "significant", False),  # unreadable: the rule `analyses` says so
    ],
)
def test_words_against_the_interval(tmp_path: Path, text: str, quantity: str, found: bool) -> None:
    """1.58 (1.20 to 2.09) excludes 1."""
    got = hits(tmp_path, "claim-p", claims=printed(("1.58 (1.20 to 2.09)", "estimate"), (text, quantity)))
    assert bool(got) is found
    assert all(f.sure == "likely" for f in got)


def test_p_against_the_interval_of_a_row(tmp_path: Path) -> None:
    good = row("A", y="0.50", ci_low="0.10", ci_high="0.90", p="0.014")
    bad = row("B", y="0.50", ci_low="0.10", ci_high="0.90", p="0.14")
    by_se = row("C", y="0.50", se="0.20", p="0.60")
    got = hits(tmp_path, "p-interval", good, bad, by_se, row("D", y="0.5", se="0.2"), paper=paper_of("GEN"))
    assert [f.where for f in got] == [f"outcomes.csv row {n} ({s}, response, 24 h)" for n, s in ((3, "B"), (4, "C"))]
    assert all(f.sure == "likely" and "Altman" in f.source for f in got)


@given(st.floats(-3, 3), st.floats(0.05, 2), st.integers(1, 3), st.integers(1, 4))
def test_what_one_test_printed_is_never_in_conflict(y: float, se: float, places: int, p_places: int) -> None:
    """An interval and a p-value of the normal test, each rounded, agree; and the middle is the middle."""
    low, high = y - 1.959964 * se, y + 1.959964 * se
    half = 0.5 * 10.0**-places
    p = round(2 * float(stats.norm.sf(abs(y) / se)), p_places)
    half_p = 0.5 * 10.0**-p_places
    rounded = [round(x, places) for x in (y, low, high)]
    slack = 1e-12
    assert p_conflict(*rounded, [half + slack] * 3, (p - half_p - slack, p + half_p + slack)) is None
    assert middle_gap(*rounded, [half + slack] * 3) == 0.0


def test_an_interval_without_width_says_nothing() -> None:
    assert p_conflict(1.0, 1.0, 1.0, [0.0] * 3, (0.5, 0.5)) is None
    assert p_range(1.0, 1.0, 1.0, [0.0] * 3) == (0.0, 1.0)
    assert middle_gap(1.0, 1.0, 1.0, [0.0] * 3) == 0.0


# --- synthetic papers without a slip


@pytest.mark.parametrize("seed", range(0, 300, 12))
def test_a_paper_without_a_slip_gets_no_warning(tmp_path: Path, seed: int) -> None:
    """Printed by known settings and rounded: 300 such papers (seeds 0 to 299) were tried, and none had a warning."""
    made = synthetic_paper(seed)
    outcomes = made.table.assign(outcome="response", time_h="24", status="quoted", source="s1").to_csv(index=False)
    s = made.settings
    paper = paper_of(s.measure, f'model = "{s.model}"', f'i2 = "{s.i2}"')
    write_paper(tmp_path, paper=paper, outcomes=outcomes, claims=printed(*((t, q) for q, t in made.printed.items())))
    report = check_paper(mk.load(tmp_path))
    assert [f for f in report.findings if f.level in ("error", "warning")] == []


# --- heterogeneity


@pytest.mark.parametrize(
    ("i2", "found"),
    [("63.6%", False), ("64%", False), ("0.64", False), ("62%", True), ("0%", True), ("36.4%", True)],
)
def test_i2_against_q(tmp_path: Path, i2: str, found: bool) -> None:
    """Q = 11.0 on 4 df: 63.6 % (63.5 to 63.8 over the rounding of Q)."""
    got = hits(tmp_path, "claim-i2", claims=printed(("11.0", "q"), ("4", "q_df"), (i2, "i2")))
    assert bool(got) is found
    if found:
        assert got[0].sure == "likely"
        assert "Q = 11.0 on 4 df gives I2 = 63.5 to 63.8 %" in got[0].message


def test_i2_of_a_small_q_is_zero_and_df_comes_from_k(tmp_path: Path) -> None:
    assert not hits(tmp_path / "a", "claim-i2", claims=printed(("2.1", "q"), ("5", "k"), ("0%", "i2")))
    assert hits(tmp_path / "b", "claim-i2", claims=printed(("2.1", "q"), ("5", "k"), ("12%", "i2")))
    from_tau2 = PAPER + 'i2 = "tau2"\n'
    assert not hits(
        tmp_path / "d", "claim-i2", claims=printed(("2.1", "q"), ("5", "k"), ("12%", "i2")), paper=from_tau2
    )
    paper = PAPER + 'assumed = ["i2"]\n'
    (soft,) = hits(tmp_path / "c", "claim-i2", claims=printed(("2.1", "q"), ("5", "k"), ("12%", "i2")), paper=paper)
    assert soft.sure == "possible"


@pytest.mark.parametrize(("p", "found"), [("0.027", False), ("0.03", False), ("<0.05", False), ("0.04", True)])
def test_the_p_of_q(tmp_path: Path, p: str, found: bool) -> None:
    """R: pchisq(11, 4, lower.tail = FALSE) = 0.02656."""
    got = hits(tmp_path, "claim-q", claims=printed(("11.0", "q"), ("4", "q_df"), (p, "q_p")))
    assert bool(got) is found


# --- weights


def weighted(*weights: str) -> str:
    cells = [
        dict(row(s, events_t=8, n_t=18, events_c=1, n_c=18), weight=w) for s, w in zip("ABC", weights, strict=True)
    ]
    names = list(cells[0])
    return "\n".join([",".join(names), *(",".join(c[n] for n in names) for c in cells)]) + "\n"


@pytest.mark.parametrize(
    ("weights", "found"),
    [
        (("33.3", "33.3", "33.3"), False),  # 99.9 is within three half-units
        (("33.3%", "33.3%", "33.4%"), False),
        (("30.0", "33.3", "33.3"), True),
        (("30.0", "33.3", ""), False),  # not all printed
    ],
)
def test_weights_add_up(tmp_path: Path, weights: tuple[str, str, str], found: bool) -> None:
    got = hits(tmp_path, "weights", outcomes=weighted(*weights))
    assert bool(got) is found
    if found:
        assert (got[0].sure, got[0].message) == ("certain", "the 3 printed weights are 96.6 % together, not 100")


def test_a_weight_that_is_no_number(tmp_path: Path) -> None:
    (got,) = hits(tmp_path, "weights", outcomes=weighted("30", "much", "33"))
    assert got.level == "error"


# --- SE typed as SD


def test_a_standard_error_among_standard_deviations(tmp_path: Path) -> None:
    rows = [row(s, **MEANS, sd_t=sd, sd_c=sd) for s, sd in (("A", 8), ("B", 9), ("C", 10), ("D", 1.7))]
    got = hits(tmp_path, "sd-or-se", *rows, paper=paper_of("SMD"))
    assert {f.where for f in got} == {"outcomes.csv row 5 (D, response, 24 h)"}
    assert [f.sure for f in got] == ["likely"]
    assert "1.7 sqrt(25) = 8.5 and 1.7 sqrt(25) = 8.5, the other studies have 9" in got[0].message


def test_a_standard_error_in_one_arm(tmp_path: Path) -> None:
    """Only possible, since arms may vary unequally; nothing is said of a factor that chance gives."""
    for name, sd, found in (("a", 1.7, True), ("b", 3.1, False)):
        rows = [row("A", **MEANS, sd_t=8, sd_c=9), row("B", **MEANS, sd_t=9, sd_c=sd)]
        got = hits(tmp_path / name, "sd-or-se", *rows, paper=paper_of("SMD"))
        assert bool(got) is found
        if found:
            assert got[0].sure == "possible"
            assert "1.7 sqrt(25) = 8.5, the other arm has 9" in got[0].message


def test_studies_with_means_of_another_size_are_no_witness(tmp_path: Path) -> None:
    """Without a column scale: 1.1 sqrt(33) is as the SDs of other scales, by chance."""
    other = {"mean_t": 3.0, "sd_t": 1.1, "n_t": 33, "mean_c": 3.3, "sd_c": 1.2, "n_c": 30}
    rows = [row(s, **(MEANS | {"mean_t": 14, "mean_c": 17}), sd_t=6.2, sd_c=6) for s in "ABC"]
    assert not hits(tmp_path, "sd-or-se", *rows, row("D", **other), paper=paper_of("SMD"))


def test_means_many_standard_deviations_apart(tmp_path: Path) -> None:
    (got,) = hits(tmp_path, "sd-or-se", row("A", **MEANS, sd_t=0.5, sd_c=0.5), paper=paper_of("SMD"))
    assert (got.sure, got.message[:43]) == ("possible", "the means are 4 standard deviations apart: ")


def test_other_scales_are_no_witness(tmp_path: Path) -> None:
    """A small SD on a scale of its own is not compared with those of others."""
    names = [*row("A"), "scale"]
    rows = [
        dict(row(s, **MEANS, sd_t=sd, sd_c=sd), scale=scale)
        for s, sd, scale in (("A", 8, "x"), ("B", 9, "x"), ("C", 10, "x"), ("D", 1.7, "y"))
    ]
    text = "\n".join([",".join(names), *(",".join(r[n] for n in names) for r in rows)]) + "\n"
    assert not hits(tmp_path, "sd-or-se", outcomes=text, paper=paper_of("SMD"))


# --- one study twice


def test_the_same_numbers_under_two_names(tmp_path: Path) -> None:
    long = {"events_t": 131, "n_t": 247, "events_c": 107, "n_c": 251}
    short = {"events_t": 4, "n_t": 10, "events_c": 2, "n_c": 10}
    rows = (row("A", **long), row("B", **long), row("C", **short), row("D", **short))
    got = hits(tmp_path, "same-numbers", *rows)
    assert [(f.where, f.sure) for f in got] == [("outcomes.csv row 3 (B, response, 24 h)", "likely")]
    assert "has the very numbers of A: one study twice?" in got[0].message


def test_middling_numbers_are_possible_only(tmp_path: Path) -> None:
    cells = {"events_t": 14, "n_t": 40, "events_c": 12, "n_c": 40}
    (got,) = hits(tmp_path, "same-numbers", row("A", **cells), row("B", **cells))
    assert got.sure == "possible"


def test_two_trials_with_one_pubmed_id(tmp_path: Path) -> None:
    (got,) = hits(tmp_path, "same-numbers", trials="study,pmid\nA,1\nB,2\nC,1\n")
    assert got.where == "trials.csv row 4 (C)"


# --- arms against the trial


def test_arms_larger_than_what_was_randomised(tmp_path: Path) -> None:
    trials = (
        "study,design,n_randomised,randomised_t,randomised_c\n"
        "A,parallel,30,15,15\nB,parallel,72,47,25\nC,crossover,30,15,15\n"
    )
    rows = (
        row("A", events_t=8, n_t=18, events_c=1, n_c=18),
        row("B", events_t=30, n_t=47, events_c=7, n_c=25),
        row("C", events_t=12, n_t=30, events_c=9, n_c=30),
    )
    got = hits(tmp_path, "arm-totals", *rows, trials=trials)
    assert [f.message for f in got] == [
        "36 patients, but 30 were randomised",
        "n_t is 18, but 15 were randomised to it",
        "n_c is 18, but 15 were randomised to it",
    ]
    assert {f.sure for f in got} == {"likely"}


def test_arms_of_a_trial_that_do_not_fit_its_total(tmp_path: Path) -> None:
    trials = "study,n_randomised,randomised_t,randomised_c\nA,30,20,20\nB,,,\nC,,,\n"
    got = hits(tmp_path, "arm-totals", trials=trials)
    assert got[0].message == "randomised_t and randomised_c are 40 together, n_randomised is 30"
    assert (got[0].level, got[0].sure) == ("error", "certain")


def test_every_finding_says_how_sure_it_is(tmp_path: Path) -> None:
    write_paper(tmp_path, outcomes=table(row("A", events_t=31, n_t=18), row("B", status="missing")))
    document = check_paper(mk.load(tmp_path)).to_dict()
    assert document["findings"]
    assert all(f["sure"] in SURE and f["source"] for f in document["findings"])


# --- risk of bias


@pytest.mark.parametrize(
    ("d3", "overall", "source", "message"),
    [
        ("low", "low", "s1", ""),
        ("", "", "", ""),
        ("high", "low", "s1", "rob2_overall is low, better than high in D3"),
        ("hgih", "low", "s1", "row 2 (A): rob2_d3 is 'hgih'; RoB 2 has low, some concerns, high. Did you mean high?"),
        ("low", "low", "", "RoB 2 is judged but rob2_source is blank; say who judged"),
        ("low", "low", "s9", "rob2_source 's9' is not listed in paper.toml"),
    ],
)
def test_risk_of_bias(tmp_path: Path, d3: str, overall: str, source: str, message: str) -> None:
    rest = "low" if d3 else ""
    header = "study,rob2_d1,rob2_d2,rob2_d3,rob2_d4,rob2_d5,rob2_overall,rob2_source"
    trials = f"{header}\nA,{rest},,{d3},,,{overall},{source}\nB,,,,,,,\nC,,,,,,,\n"
    got = hits(tmp_path, "risk-of-bias", trials=trials)
    assert [f.message for f in got] == ([message] if message else [])
