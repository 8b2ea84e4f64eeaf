"""Study-level data and settings of a synthetic paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

NAMES = (
    "Abbott", "Baxter", "Chen", "Dimas", "Ekberg", "Fuchs", "Gomez", "Hansen", "Ito", "Jansen", "Kowal", "Lopez",
    "Meyer", "Novak", "Okafor", "Petit", "Quinn", "Rossi", "Singh", "Tanaka",
)  # fmt: skip
LOG = ("RR", "OR")


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
