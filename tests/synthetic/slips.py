"""One planted slip of each kind, written without explain's own functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tests.synthetic.data import LOG, MEASURES, Settings
from tests.synthetic.prints import SyntheticPaper


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


@plant("log-twice")
def log_twice(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
    row = int(rng.integers(len(paper.table)))
    if paper.kind != "given" or paper.settings.measure not in LOG or float(paper.table.at[row, "y"]) <= 0:
        return None
    table = edit(paper, row, lambda c: {"y": np.log(c["y"])})
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


@plant("measure")
def other_measure(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
    others = [m for m in MEASURES[paper.kind] if m != paper.settings.measure]
    if paper.kind == "given" or paper.settings.model == "peto":
        return None
    used = replace(paper.settings, measure=str(rng.choice(others)), options={})
    return Planted("", paper.table, used, paper.stated)


@plant("method")
def other_method(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
    told = [p for p in ("tau2", "test") if p in paper.stated]
    if not told:
        return None
    part = str(rng.choice(told))
    options = {"tau2": ["DL", "REML", "PM", "SJ", "ML"], "test": ["z", "hksj", "t"]}[part]
    used = str(rng.choice([o for o in options if o != paper.stated[part]]))
    settings = replace(paper.settings, **{part: used, "quantile": "exact"})
    return Planted(f"stated {part}", paper.table, settings, paper.stated)


@plant("formula")
def other_formula(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
    s = paper.settings
    if s.measure == "SMD" and rng.random() < 0.5:
        used = str(rng.choice([v for v in ("LS", "LS2", "UB", "RevMan") if v != s.options["vtype"]]))
        settings = replace(s, options={**s.options, "vtype": used})
        return Planted("stated vtype", paper.table, settings, {**paper.stated, "vtype": s.options["vtype"]})
    if s.model != "random":
        return None
    part = str(rng.choice(["i2", "prediction"]))
    used = str(rng.choice([o for o in {"i2": ["Q", "tau2"], "prediction": ["higgins", "k-1", "normal"]}[part]
                           if o != getattr(s, part)]))  # fmt: skip
    return Planted(f"stated {part}", paper.table, replace(s, **{part: used}), {**paper.stated, part: getattr(s, part)})


@plant("level")
def other_level(rng: np.random.Generator, paper: SyntheticPaper) -> Planted:
    level = float(rng.choice([0.9, 0.99, 0.8]))
    return Planted(f"{100 * level:g} %", paper.table, replace(paper.settings, level=level), paper.stated)


@plant("print-transposed", "print-mistyped", "print-sign", "print-unit")
def misprinted(rng: np.random.Generator, paper: SyntheticPaper) -> Planted | None:
    name = str(rng.choice([n for n in paper.printed if n not in ("p_value", "k", "rate_t", "rate_c")]))
    old = paper.printed[name]
    if paper.slip == "print-sign":
        new = old[1:] if old.startswith("-") and float(old) != 0 else old
    elif sum(c.isdigit() for c in old) < 2:
        return None
    elif paper.slip == "print-unit":
        bare = old.rstrip("%")
        unit = 10.0 ** -len(bare.partition(".")[2])
        new = f"{float(bare) + rng.choice([-1, 1]) * unit:.{len(bare.partition('.')[2])}f}" + old[len(bare) :]
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
