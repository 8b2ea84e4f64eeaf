"""Slips of the inputs: a study too few or too many, arms, signs, spreads, sample sizes, logarithms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from metaket._distributions import critical
from metaket.measures.registry import MEASURES
from metaket.reproduction.explain_inputs import Inputs
from metaket.reproduction.explain_registry import Edit, everywhere, in_each, slip

__all__ = ["is_log"]


@slip(
    "left-out",
    label="one study left out",
    remedy="look whether the study is in the paper's pool",
    prior=10,
    reference="Maassen et al. (2020) PLoS ONE 15:e0233107",
)
def left_out(inputs: Inputs) -> list[Edit]:
    """One study less."""
    return [Edit(i, f"{s} left out", times=0.0) for i, s in enumerate(inputs.study)] if inputs.k > 2 else []


@slip(
    "counted-twice",
    label="one study counted twice",
    remedy="look for two reports of the study, or two of its arms, in the paper's pool",
    prior=4,
    reference="Senn (2009) BMC Med Res Methodol 9:10",
)
def counted_twice(inputs: Inputs) -> list[Edit]:
    """One study more."""
    return [Edit(i, f"{s} counted twice", times=2.0) for i, s in enumerate(inputs.study)]


def _swap(cells: Mapping[str, Any]) -> dict[str, Any]:
    """Treatment for control; nothing for inputs without arms."""
    other = {"_t": "_c", "_c": "_t"}
    return {name: cells[name[:-2] + other[name[-2:]]] for name in cells if name[-2:] in other}


@slip(
    "arms-swapped",
    label="arms swapped in one study",
    remedy="check which arm is the treatment",
    prior=6,
    reference="Xu et al. (2022) BMJ 377:e069155",
)
def arms_swapped(inputs: Inputs) -> list[Edit]:
    """Treatment for control in one study."""
    return in_each(inputs, _swap, "arms swapped")


@slip("arms-swapped-all", label="arms swapped in all studies", remedy="check which arm is the treatment", prior=3)
def arms_swapped_all(inputs: Inputs) -> list[Edit]:
    """Treatment for control everywhere."""
    return everywhere(inputs, _swap, "arms swapped")


def _negate(cells: Mapping[str, Any]) -> dict[str, Any]:
    out = {name: -cells[name] for name in ("y", "mean_t", "mean_c") if name in cells}
    if "ci_low" in cells:
        out |= {"ci_low": -cells["ci_high"], "ci_high": -cells["ci_low"]}
    return out


@slip(
    "sign-flipped",
    label="sign flipped in one study",
    remedy="check whether a higher score is better or worse in that study's scale",
    prior=6,
    reference="Gøtzsche et al. (2007) JAMA 298:430-437",
)
def sign_flipped(inputs: Inputs) -> list[Edit]:
    """The other direction of the scale in one study."""
    return in_each(inputs, _negate, "sign flipped")


@slip(
    "sign-flipped-all",
    label="sign flipped in all studies",
    remedy="check the direction in which the paper reports its effect",
    prior=3,
)
def sign_flipped_all(inputs: Inputs) -> list[Edit]:
    """The other direction everywhere."""
    return everywhere(inputs, _negate, "sign flipped")


def _se_for_sd(c: Mapping[str, Any]) -> dict[str, Any]:
    return {f"sd{a}": c[f"sd{a}"] / np.sqrt(c[f"n{a}"]) for a in ("_t", "_c", "") if f"sd{a}" in c}


def _sd_for_se(c: Mapping[str, Any]) -> dict[str, Any]:
    return {f"sd{a}": c[f"sd{a}"] * np.sqrt(c[f"n{a}"]) for a in ("_t", "_c", "") if f"sd{a}" in c}


@slip(
    "se-for-sd",
    label="standard error taken for standard deviation in one study",
    remedy="multiply that study's spread by the root of n",
    prior=10,
    reference="Gøtzsche et al. (2007) JAMA 298:430-437; Kadlec et al. (2023) Sports Med 53:313-325",
)
def se_for_sd(inputs: Inputs) -> list[Edit]:
    """SD divided by the root of n in both arms of a study."""
    return in_each(inputs, _se_for_sd, "standard error taken for standard deviation")


@slip(
    "se-for-sd-all",
    label="standard error taken for standard deviation in all studies",
    remedy="multiply the spreads by the root of n",
    prior=3,
)
def se_for_sd_all(inputs: Inputs) -> list[Edit]:
    """SD divided by the root of n everywhere."""
    return everywhere(inputs, _se_for_sd, "standard error taken for standard deviation")


@slip(
    "sd-for-se",
    label="standard deviation taken for standard error in one study",
    remedy="do not multiply that study's spread by the root of n",
    prior=4,
)
def sd_for_se(inputs: Inputs) -> list[Edit]:
    """SD times the root of n in both arms of a study."""
    return in_each(inputs, _sd_for_se, "standard deviation taken for standard error")


@slip(
    "sd-for-se-all",
    label="standard deviation taken for standard error in all studies",
    remedy="do not multiply the spreads by the root of n",
    prior=1,
)
def sd_for_se_all(inputs: Inputs) -> list[Edit]:
    """SD times the root of n everywhere."""
    return everywhere(inputs, _sd_for_se, "standard deviation taken for standard error")


def _spread(c: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """Given effects with the standard error changed, in whatever form it is given."""
    if "se" in c:
        return {"se": change(c["se"])}
    if "v" in c:
        return {"v": change(np.sqrt(c["v"])) ** 2}
    if "ci_low" in c:
        q = float(critical(0.95, np.inf))
        half = q * change((c["ci_high"] - c["ci_low"]) / (2 * q))
        return {"ci_low": c["y"] - half, "ci_high": c["y"] + half}
    return {}


@slip(
    "variance-for-se",
    label="variance taken for standard error in one study",
    remedy="take the root of that study's variance",
    prior=4,
)
def variance_for_se(inputs: Inputs) -> list[Edit]:
    """Standard error squared."""
    return in_each(inputs, lambda c: _spread(c, np.square), "variance taken for standard error")


@slip(
    "variance-for-se-all",
    label="variance taken for standard error in all studies",
    remedy="take the root of the variances",
    prior=3,
)
def variance_for_se_all(inputs: Inputs) -> list[Edit]:
    """Standard errors squared."""
    return everywhere(inputs, lambda c: _spread(c, np.square), "variance taken for standard error")


@slip(
    "se-for-variance",
    label="standard error taken for variance in one study",
    remedy="square that study's standard error",
    prior=4,
)
def se_for_variance(inputs: Inputs) -> list[Edit]:
    """Root of the standard error."""
    return in_each(inputs, lambda c: _spread(c, np.sqrt), "standard error taken for variance")


@slip(
    "se-for-variance-all",
    label="standard error taken for variance in all studies",
    remedy="square the standard errors",
    prior=3,
)
def se_for_variance_all(inputs: Inputs) -> list[Edit]:
    """Roots of the standard errors."""
    return everywhere(inputs, lambda c: _spread(c, np.sqrt), "standard error taken for variance")


def _halved(c: Mapping[str, Any]) -> dict[str, Any]:
    """n of an arm read as the total: half of it goes to each arm, the odd patient to the treatment."""
    if "n_t" not in c:
        return {}
    return {"n_t": np.ceil(c["n_t"] / 2), "n_c": np.floor(c["n_c"] / 2)}


def _total(c: Mapping[str, Any]) -> dict[str, Any]:
    return {"n_t": c["n_t"] + c["n_c"], "n_c": c["n_t"] + c["n_c"]} if "n_t" in c else {}


@slip(
    "n-of-arm-or-total",
    label="n of an arm and total n confused in one study",
    remedy="check the arms' n against the study's total",
    prior=4,
    reference="Gøtzsche et al. (2007) JAMA 298:430-437",
)
def n_confused(inputs: Inputs) -> list[Edit]:
    """n of each arm taken for the total, or the total for each arm."""
    arm, whole = "n of each arm taken for the total", "total n taken for each arm"
    return in_each(inputs, _halved, arm) + in_each(inputs, _total, whole)


@slip(
    "n-of-arm-or-total-all",
    label="n of an arm and total n confused in all studies",
    remedy="check the arms' n against the studies' totals",
    prior=1,
)
def n_confused_all(inputs: Inputs) -> list[Edit]:
    """The same everywhere."""
    arm, whole = "n of each arm taken for the total", "total n taken for each arm"
    return everywhere(inputs, _halved, arm) + everywhere(inputs, _total, whole)


def is_log(inputs: Inputs) -> bool:
    """Whether effects are logarithms."""
    return MEASURES[inputs.measure].scale.startswith("log")


@slip(
    "log-forgotten",
    label="logarithm forgotten in one study",
    remedy="take the logarithm of that study's ratio",
    prior=4,
)
def log_forgotten(inputs: Inputs) -> list[Edit]:
    """A ratio (and its limits) where its logarithm belongs."""
    if not (is_log(inputs) and inputs.kind == "given"):
        return []
    return in_each(inputs, lambda c: {n: np.exp(c[n]) for n in ("y", "ci_low", "ci_high") if n in c}, "log forgotten")


@slip(
    "log-twice",
    label="logarithm taken twice in one study",
    remedy="use that study's effect as it is: it is a logarithm already",
    prior=2,
)
def log_twice(inputs: Inputs) -> list[Edit]:
    """The logarithm of what is a logarithm already."""

    def change(c: Mapping[str, Any]) -> dict[str, Any]:
        names = [n for n in ("y", "ci_low", "ci_high") if n in c]
        return {n: np.log(c[n]) for n in names} if all(c[n] > 0 for n in names) else {}

    return in_each(inputs, change, "logarithm taken twice") if is_log(inputs) and inputs.kind == "given" else []
