"""Synthetic papers: trials, known settings, one planted slip or none, and what would then be printed.

The numbers are computed by `effect_sizes` and `pool`, one study table at a time, and not by the batches of `explain`.
Every paper prints what papers usually do (see `figures`): the pooled effect with its interval; mostly I2, Q, tau2, p
and the number of studies; sometimes a prediction interval; and the rows of its forest plot (effect, interval, sometimes
weight). A slip that changes nothing that is printed cannot be seen by anybody, so such papers are drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

import metaket as mk
from metaket.errors import MetaketError
from metaket.measures.effect import EffectSizes
from metaket.pooling.result import PooledResult

NAMES = (
    "Abbott", "Baxter", "Chen", "Dimas", "Ekberg", "Fuchs", "Gomez", "Hansen", "Ito", "Jansen", "Kowal", "Lopez",
    "Meyer", "Novak", "Okafor", "Petit", "Quinn", "Rossi", "Singh", "Tanaka",
)  # fmt: skip
LOG = ("RR", "OR")
TRIES = 400


@dataclass(frozen=True)
class Settings:
    """How the paper's numbers were computed."""

    measure: str
    model: str = "random"
    tau2: str = "DL"
    test: str = "z"
    i2: str = "Q"
    prediction: str = "higgins"
    quantile: str = "exact"
    level: float = 0.95
    options: Mapping[str, Any] = field(default_factory=dict)
    raw: str = ""  # "log" pooled without logarithms, "exp" printed without exponentials, "round" rounded before them


@dataclass(frozen=True)
class SyntheticPaper:
    """A paper: the data as they are, what is stated and printed, and the truth."""

    kind: str
    table: pd.DataFrame  # texts, as typed
    settings: Settings
    stated: Mapping[str, Any]
    printed: Mapping[str, str]
    rows: Mapping[str, Mapping[str, str]]
    slip: str = ""
    needle: str = ""

    def explained(self, *, forest: bool = True) -> mk.Explanation:
        """What explain makes of it."""
        rows = self.rows if forest else None
        return mk.explain(self.table, self.printed, studies=rows, stated=self.stated, measure=self.settings.measure)

    @property
    def truth(self) -> dict[str, str]:
        """The true settings by explain's parts."""
        s = self.settings
        out = {"measure": s.measure, "model": s.model, "test": s.test, "quantile": s.quantile}
        if s.model == "peto":
            out["measure"] = "PETO"
        if s.model == "random":
            out |= {"tau2": s.tau2, "i2": s.i2, "prediction": s.prediction}
        return out | {p: str(v) for p, v in s.options.items()}


# --- data


def draw_counts(rng: np.random.Generator, k: int) -> pd.DataFrame:
    n_t, n_c = rng.integers(15, 250, (2, k))
    base = rng.uniform(0.08, 0.5)
    effect = rng.normal(rng.uniform(-0.7, 0.3), rng.choice([0.05, 0.3]), k)
    p_c = np.clip(base * np.exp(rng.normal(0, 0.3, k)), 0.02, 0.8)
    p_t = np.clip(p_c * np.exp(effect), 0.01, 0.9)
    return pd.DataFrame(
        {"events_t": rng.binomial(n_t, p_t), "n_t": n_t, "events_c": rng.binomial(n_c, p_c), "n_c": n_c}
    ).astype(str)


def draw_means(rng: np.random.Generator, k: int) -> pd.DataFrame:
    n_t, n_c = rng.integers(10, 150, (2, k))
    sd, places = rng.uniform(3, 9), int(rng.integers(1, 3))
    effect = sd * rng.normal(rng.uniform(-0.7, 0.3), rng.choice([0.05, 0.3]), k)
    base = rng.uniform(12, 25) + rng.normal(0, 2, k)
    noise = sd * rng.standard_normal((2, k)) / np.sqrt([n_t, n_c])
    sds = sd * rng.uniform(0.75, 1.3, (2, k))
    text = [[f"{x:.{places}f}" for x in a] for a in (base + effect + noise[0], sds[0], base + noise[1], sds[1])]
    columns = {"mean_t": text[0], "sd_t": text[1], "n_t": n_t.astype(str), "mean_c": text[2], "sd_c": text[3]}
    return pd.DataFrame(columns | {"n_c": n_c.astype(str)})


def draw_given(rng: np.random.Generator, k: int) -> pd.DataFrame:
    se = rng.uniform(0.08, 0.45, k)
    y = rng.normal(rng.uniform(-0.6, 0.4), rng.choice([0.05, 0.25]), k) + se * rng.standard_normal(k)
    places = int(rng.integers(2, 4))
    return pd.DataFrame({"y": [f"{x:.{places}f}" for x in y], "se": [f"{x:.{places}f}" for x in se]})


DRAW = {"counts": draw_counts, "means": draw_means, "given": draw_given}
MEASURES = {"counts": ("RR", "OR", "RD"), "means": ("SMD", "MD"), "given": ("OR", "RR", "GEN")}


def draw_settings(rng: np.random.Generator, kind: str) -> Settings:
    """The measure, model, estimator, test and formulas."""
    measure = str(rng.choice(MEASURES[kind]))
    models = ["random", "random", "random", "common"] + (["mh"] if kind == "counts" else [])
    model = str(rng.choice(models))
    if measure == "OR" and kind == "counts" and rng.random() < 0.1:
        model = "peto"
    tau2 = str(rng.choice(["DL", "DL", "DL", "REML", "REML", "PM", "SJ", "HE", "ML"]))
    test = str(rng.choice(["z", "z", "z", "hksj", "t"])) if model == "random" else "z"
    options: dict[str, Any] = {}
    if measure == "SMD":
        options = {
            "vtype": str(rng.choice(["LS", "LS", "LS2", "UB", "RevMan"])),
            "j": str(rng.choice(["exact", "approx"])),
        }
    i2 = "tau2" if model == "random" and tau2 != "DL" and rng.random() < 0.5 else "Q"
    prediction = str(rng.choice(["higgins", "k-1", "normal"]))
    quantile = str(rng.choice(["exact", "1.96"])) if test == "z" else "exact"
    return Settings(measure, model, tau2, test, i2, prediction, quantile, options=options)


# --- print


def effects(table: pd.DataFrame, s: Settings) -> EffectSizes:
    """The studies' effects."""
    numbers = table.assign(**{c: pd.to_numeric(table[c]) for c in table.columns if c != "study"})
    if "y" in table.columns:
        return mk.generic(data=numbers, measure=s.measure)
    return mk.effect_sizes(numbers, s.measure, **s.options)


def pooled(e: EffectSizes, s: Settings) -> PooledResult:
    """The pooled result, of the ratios themselves where logarithms were forgotten."""
    if s.raw == "log":
        low, high = (np.exp(e.y + x * 1.959963984540054 * np.sqrt(e.v)) for x in (-1, 1))
        e = EffectSizes(np.exp(e.y), ((high - low) / (2 * 1.959963984540054)) ** 2, e.study)
    return mk.pool(e, model=s.model, tau2=s.tau2, test=s.test, i2=s.i2)


@dataclass(frozen=True)
class Style:
    """Which figures a paper prints, and with how many decimals."""

    places: int
    i2: int
    q: int
    tau2: int
    which: frozenset[str]


def draw_style(rng: np.random.Generator) -> Style:
    chances = {"i2": 0.9, "q": 0.6, "tau2": 0.6, "p_value": 0.6, "k": 0.8, "pi": 0.25, "weights": 0.5, "rates": 0.3}
    which = frozenset(name for name, chance in chances.items() if rng.random() < chance)
    return Style(
        int(rng.integers(2, 4)), int(rng.integers(0, 2)), int(rng.integers(1, 3)), int(rng.integers(2, 5)), which
    )


def figures(table: pd.DataFrame, s: Settings, style: Style) -> dict[str, str]:
    """The pooled figures as texts."""
    r = pooled(effects(table, s), s)
    back = {"": r.back, "round": lambda x: r.back(round(x, 2))}.get(s.raw, float)
    low, high = r.ci(s.level)
    if s.quantile == "1.96" and s.level == 0.95 and s.test == "z":
        low, high = r.estimate - 1.96 * r.std_error, r.estimate + 1.96 * r.std_error
    d = style.places
    out = {"estimate": f"{back(r.estimate):.{d}f}", "ci_low": f"{back(low):.{d}f}", "ci_high": f"{back(high):.{d}f}"}
    more = {"i2": f"{r.i2:.{style.i2}f}%", "q": f"{r.q:.{style.q}f}", "k": str(r.k), "p_value": p_text(r.p_value)}
    if s.model == "random":
        more["tau2"] = f"{r.tau2:.{style.tau2}f}"
    out |= {name: text for name, text in more.items() if name in style.which}
    pi = r.prediction_interval(s.level, s.prediction) if "pi" in style.which else None
    if pi is not None:
        out |= {"pi_low": f"{back(pi.low):.{d}f}", "pi_high": f"{back(pi.high):.{d}f}"}
    if "rates" in style.which and "events_t" in table.columns:
        totals = {c: pd.to_numeric(table[c]).sum() for c in ("events_t", "n_t", "events_c", "n_c")}
        out |= {f"rate_{a}": f"{100 * totals[f'events_{a}'] / totals[f'n_{a}']:.1f}%" for a in ("t", "c")}
    return out


def p_text(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def forest_rows(table: pd.DataFrame, s: Settings, style: Style) -> dict[str, dict[str, str]]:
    """The rows of the forest plot as texts."""
    if s.model == "peto":
        s = replace(s, measure="PETO", options={"zero_cells": "none"})
    e = effects(table, s)
    frame = e.to_frame(transform=s.measure in (*LOG, "PETO"))
    d = style.places
    rows = {
        str(r.study): {
            "estimate": f"{r.estimate:.{d}f}",
            "ci_low": f"{r.ci_low:.{d}f}",
            "ci_high": f"{r.ci_high:.{d}f}",
        }
        for r in frame.itertuples()
    }
    if "weights" in style.which and s.model in ("random", "common") and not s.raw:
        for study, w in zip(e.study, pooled(e, s).weights, strict=True):
            rows[study]["weight"] = f"{w:.1f}"
    return rows


# --- slips, written without explain's own


@dataclass(frozen=True)
class Planted:
    """What the authors used, and what gives it away."""

    needle: str
    table: pd.DataFrame
    settings: Settings
    stated: Mapping[str, Any]
    reprint: Callable[[dict[str, str]], dict[str, str]] = dict


Plant = Callable[[np.random.Generator, "SyntheticPaper"], "Planted | None"]
PLANTS: dict[str, Plant] = {}


def plant(*codes: str) -> Callable[[Plant], Plant]:
    def register(func: Plant) -> Plant:
        for code in codes:
            PLANTS[code] = func
        return func

    return register


def edit(paper: SyntheticPaper, row: int | None, change: Callable[[dict[str, float]], dict[str, Any] | None]) -> Any:
    """The table with the change in one row or in all; None where it cannot be made."""
    table = paper.table.copy()
    for i in range(len(table)) if row is None else [row]:
        cells = {c: float(table.at[i, c]) for c in table.columns if c != "study"}
        new = change(cells)
        if not new:
            return None
        for name, value in new.items():
            table.at[i, name] = value if isinstance(value, str) else repr(float(value))
    return table


def one(code: str, change: Callable[[dict[str, float]], dict[str, Any] | None]) -> None:
    """Register a change of one study."""

    @plant(code)
    def func(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
        row = int(rng.integers(len(paper.table)))
        table = edit(paper, row, change)
        return None if table is None else Planted(paper.table.at[row, "study"], table, paper.settings, paper.stated)


def every(code: str, change: Callable[[dict[str, float]], dict[str, Any] | None]) -> None:
    """Register a change of all studies."""

    @plant(code)
    def func(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
        del rng
        table = edit(paper, None, change)
        return None if table is None else Planted("all studies", table, paper.settings, paper.stated)


def swapped(c: dict[str, float]) -> dict[str, Any] | None:
    return {n: c[n[:-1] + ("c" if n[-1] == "t" else "t")] for n in c if n[-2:] in ("_t", "_c")} or None


def flipped(c: dict[str, float]) -> dict[str, Any] | None:
    return {n: -c[n] for n in ("y", "mean_t", "mean_c") if n in c} or None


def se_as_sd(c: dict[str, float]) -> dict[str, Any] | None:
    return {f"sd_{a}": c[f"sd_{a}"] / c[f"n_{a}"] ** 0.5 for a in "tc"} if "sd_t" in c else None


def sd_as_se(c: dict[str, float]) -> dict[str, Any] | None:
    return {f"sd_{a}": c[f"sd_{a}"] * c[f"n_{a}"] ** 0.5 for a in "tc"} if "sd_t" in c else None


def variance_as_se(c: dict[str, float]) -> dict[str, Any] | None:
    return {"se": c["se"] ** 2} if "se" in c else None


def se_as_variance(c: dict[str, float]) -> dict[str, Any] | None:
    return {"se": c["se"] ** 0.5} if "se" in c else None


def total_for_arm(c: dict[str, float]) -> dict[str, Any] | None:
    return {"n_t": c["n_t"] + c["n_c"], "n_c": c["n_t"] + c["n_c"]} if "n_t" in c else None


for _code, _change in {
    "arms-swapped": swapped, "sign-flipped": flipped, "se-for-sd": se_as_sd, "sd-for-se": sd_as_se,
    "variance-for-se": variance_as_se, "se-for-variance": se_as_variance, "n-of-arm-or-total": total_for_arm,
}.items():  # fmt: skip
    one(_code, _change)
    every(f"{_code}-all", _change)


@plant("left-out")
def left_out(rng: np.random.Generator, paper: SyntheticPaper) -> Planted:
    row = int(rng.integers(len(paper.table)))
    table = paper.table.drop(index=row).reset_index(drop=True)
    return Planted(paper.table.at[row, "study"], table, paper.settings, paper.stated)


@plant("counted-twice")
def counted_twice(rng: np.random.Generator, paper: SyntheticPaper) -> Planted:
    row = int(rng.integers(len(paper.table)))
    again = paper.table.loc[[row]].assign(study="(a second report)")
    table = pd.concat([paper.table, again], ignore_index=True)
    return Planted(paper.table.at[row, "study"], table, paper.settings, paper.stated)


@plant("log-forgotten")
def log_forgotten(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
    row = int(rng.integers(len(paper.table)))
    if paper.kind != "given" or paper.settings.measure not in LOG:
        return None
    table = edit(paper, row, lambda c: {"y": np.exp(c["y"])})
    return Planted(paper.table.at[row, "study"], table, paper.settings, paper.stated)


@plant("log-forgotten-all", "exp-forgotten-all", "rounded-before-exp")
def transformation(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
    raw = {"log-forgotten-all": "log", "exp-forgotten-all": "exp", "rounded-before-exp": "round"}[paper.slip]
    usable = paper.settings.measure in LOG and paper.settings.model in ("random", "common")
    return Planted("", paper.table, replace(paper.settings, raw=raw), paper.stated) if usable else None


def typed(text: str, rng: np.random.Generator, how: str) -> str:
    """Another digit, or two neighbours exchanged."""
    places = [i for i, c in enumerate(text) if c.isdigit()]
    cells = list(text)
    at = int(rng.integers(len(places) - (how == "transposed")))
    if how == "transposed":
        i, j = places[at], places[at + 1]
        cells[i], cells[j] = cells[j], cells[i]
    else:
        cells[places[at]] = str(rng.integers(10))
    new = "".join(cells)
    plain = new.lstrip("-")
    clumsy = len(plain) > 1 and plain[0] == "0" and plain[1].isdigit()
    return text if clumsy else new


@plant("digits-transposed", "digit-mistyped")
def retyped(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
    row = int(rng.integers(len(paper.table)))
    column = str(rng.choice([c for c in paper.table.columns if c != "study"]))
    old, study = paper.table.at[row, column], paper.table.at[row, "study"]
    if sum(c.isdigit() for c in old) < 2:
        return None
    new = typed(old, rng, "transposed" if paper.slip == "digits-transposed" else "mistyped")
    if new == old:
        return None
    table = edit(paper, row, lambda _: {column: new})
    return Planted(f"{column} of {study} typed {new} instead of {old}", table, paper.settings, paper.stated)


@plant("model")
def other_model(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
    s = paper.settings
    if s.model == "random":
        return Planted("", paper.table, replace(s, model="common", test="z"), paper.stated)
    return (
        Planted("", paper.table, replace(s, model="random", tau2="DL"), paper.stated) if s.model == "common" else None
    )


@plant("level")
def other_level(rng: np.random.Generator, paper: SyntheticPaper) -> Planted:
    level = float(rng.choice([0.9, 0.99, 0.8]))
    return Planted(f"{100 * level:g} %", paper.table, replace(paper.settings, level=level), paper.stated)


@plant("print-transposed", "print-mistyped", "print-sign")
def misprinted(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
    name = str(rng.choice([n for n in paper.printed if n not in ("p_value", "k", "rate_t", "rate_c")]))
    old = paper.printed[name]
    if paper.slip == "print-sign":
        new = old[1:] if old.startswith("-") and float(old) != 0 else old
    elif sum(c.isdigit() for c in old) < 2:
        return None
    else:
        new = typed(old, rng, paper.slip.removeprefix("print-"))
    if new == old:
        return None
    needle = f"printed {new} instead of {old}"
    return Planted(needle, paper.table, paper.settings, paper.stated, lambda printed: printed | {name: new})


@plant("print-arms-exchanged")
def rates_exchanged(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
    del rng
    if "rate_t" not in paper.printed:
        return None
    rates = {"rate_t": paper.printed["rate_c"], "rate_c": paper.printed["rate_t"]}
    return Planted("", paper.table, paper.settings, paper.stated, lambda printed: printed | rates)


# --- papers


def paper_without_slip(rng: np.random.Generator, kind: str) -> tuple[SyntheticPaper, Style]:
    """Data, settings, statement and print; drawn again where they do not go together."""
    while True:
        k = int(rng.integers(3, 21))
        table = DRAW[kind](rng, k)
        table.insert(0, "study", [f"{n} {int(y)}" for n, y in zip(NAMES, rng.integers(1990, 2020, k), strict=False)])
        settings, style = draw_settings(rng, kind), draw_style(rng)
        stated: dict[str, Any] = {"measure": settings.measure, "model": settings.model}
        if settings.model == "random":
            stated |= {p: getattr(settings, p) for p, chance in (("tau2", 0.6), ("test", 0.4)) if rng.random() < chance}
        try:
            printed, rows = figures(table, settings, style), forest_rows(table, settings, style)
        except MetaketError:
            continue
        return SyntheticPaper(kind, table, settings, stated, printed, rows), style


def synthetic_paper(seed: int, slip: str = "") -> SyntheticPaper:
    """The paper of a seed, with the slip of that code or none."""
    rng = np.random.default_rng(seed)
    for _ in range(TRIES):
        paper, style = paper_without_slip(rng, str(rng.choice(list(DRAW))))
        if not slip:
            return paper
        planted = PLANTS[slip](rng, replace(paper, slip=slip))
        if planted is None:
            continue
        try:
            printed = planted.reprint(figures(planted.table, planted.settings, style))
            rows = forest_rows(planted.table, planted.settings, style)
        except MetaketError:
            continue
        rows = {study: row for study, row in rows.items() if study in paper.rows}
        before = {**paper.printed, **paper.rows}
        seen = any(text != before.get(name, text) for name, text in {**printed, **rows}.items())
        if seen:
            return replace(paper, settings=planted.settings, stated=planted.stated, printed=printed, rows=rows,
                           slip=slip, needle=planted.needle)  # fmt: skip
    raise RuntimeError(f"no paper with the slip {slip!r} from seed {seed}")


def slip_codes(count: int) -> list[str]:
    """One paper of five without a slip, the others with one of each kind in turn."""
    codes = list(PLANTS)
    return [codes[(i - i // 5 - 1) % len(codes)] if i % 5 else "" for i in range(count)]


def synthetic_papers(count: int, start: int = 0) -> Iterator[SyntheticPaper]:
    """Papers of consecutive seeds."""
    for i, code in enumerate(slip_codes(count)):
        yield synthetic_paper(start + i, code)


def ranked_first(paper: SyntheticPaper, found: mk.Explanation) -> bool:
    """Whether the planted slip is the likeliest cause.

    Slips that give the same inputs are one event and come as one cause with several names; any of them counts.
    """
    if found.cause is None:
        return False
    names = ((found.cause.code, found.cause.what), *found.cause.also)
    return any(code == paper.slip and paper.needle in words for code, words in names)
