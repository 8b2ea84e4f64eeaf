"""Every way from the inputs to effects: measure, zero-cell rule, correction and variance formula, in batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from metaket._checks import Array
from metaket.measures.counts import ZERO_CELLS, adjust_zero_cells, both_empty
from metaket.measures.means import SMD_VARIANCES
from metaket.measures.registry import MEASURES, SCALES, TRAITS, takes_rho
from metaket.reproduction.explain_inputs import KINDS, Batch, Inputs

__all__ = ["FAMILIES", "Effects", "Variant", "effects_of", "valid", "variants_of"]

FAMILIES: dict[str, tuple[str, ...]] = {
    "counts": ("RR", "OR", "RD", "PETO"),
    "means": ("SMD", "MD", "SMDH", "SMD1", "ROM"),
    "rates": ("IRR", "IRD"),
    "proportions": ("PLO", "PR", "PLN", "PAS"),
    "correlations": ("ZCOR", "COR"),
}
VTYPES: dict[str, tuple[str, ...]] = {
    "RD": ("LS", "UB", "AV"),
    "MD": ("LS", "HO"),
    "SMD": SMD_VARIANCES,
    "SMD1": ("LS", "LS2", "UB", "AV"),
    "ROM": ("LS", "HO", "AV", "AVHO"),
}
WITH_ZERO_RULES = ("counts", "rates", "proportions")


@dataclass(frozen=True, slots=True)
class Variant:
    """How inputs become effects; a part that makes no difference to these data is empty.

    Attributes
    ----------
    measure, zero_cells, double_zero, vtype, j : str
    """

    measure: str
    zero_cells: str = ""
    double_zero: str = ""
    vtype: str = ""
    j: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Effects of a batch under one variant.

    Attributes
    ----------
    y, v, include : ndarray, shape (c, k)
        NaN and 0 where a version is not valid.
    counts : tuple of four ndarrays of shape (c, k), or None
        events_t, n_t, events_c, n_c, uncorrected, for Mantel-Haenszel.
    back : callable
        From the analysis scale to the printed one.
    """

    y: Array
    v: Array
    include: Array
    counts: tuple[Array, ...] | None
    back: Callable[[Array], Any]


def variants_of(inputs: Inputs) -> tuple[Variant, ...]:
    """Every variant that can differ on these inputs."""
    if inputs.kind == "given":
        return (Variant(inputs.measure),) if _defined(inputs.measure, inputs) else ()
    family = FAMILIES.get(inputs.kind, ())
    codes = dict.fromkeys((inputs.measure, *family))
    out: list[Variant] = []
    for code in codes:
        if set(MEASURES[code].needs) <= set(inputs.columns) and _defined(code, inputs):
            out += [Variant(code, *zero, *form) for zero in _zero_rules(code, inputs) for form in _formulas(code)]
    return tuple(out)


def _defined(code: str, inputs: Inputs) -> bool:
    """Whether the measure can be had, and its pooled value be shown without the sizes of the studies."""
    if SCALES[MEASURES[code].scale].size is not None:
        return False
    return (
        code != "ROM" or inputs.kind != "means" or bool(np.all(inputs.columns["mean_t"] * inputs.columns["mean_c"] > 0))
    )


def _zero_rules(code: str, inputs: Inputs) -> list[tuple[str, str]]:
    if not TRAITS[code].zero_cells or inputs.kind not in WITH_ZERO_RULES or code == "PETO":
        return [("", "")]
    changed = adjust_zero_cells(inputs.columns, "only0").changed
    rules = [r for r in ZERO_CELLS if r != "none" or code == "RD"] if changed.any() else ["", "all"]
    empty = TRAITS[code].uninformative and both_empty(inputs.columns).any()
    return [(rule, double) for rule in rules for double in (("drop", "keep") if empty else ("",))]


def _formulas(code: str) -> list[tuple[str, str]]:
    types = VTYPES.get(code, ("",))
    if code != "SMD":
        return [(t, "") for t in types]
    return [(t, j) for j in ("exact", "approx") for t in types] + [("LS", "none")]


def valid(batch: Batch) -> Array:
    """1 for each version whose cells can be, else 0: shape (c,)."""
    c = batch.columns
    ok = np.ones_like(batch.include, dtype=bool)
    for name, values in c.items():
        ok &= np.isfinite(values)
        if name.startswith(("sd", "se", "v", "n", "time")):
            ok &= values > 0
        elif name.startswith("events"):
            ok &= values >= 0
            n = name.replace("events", "n")
            ok &= values <= c[n] if n in c else True
        elif name == "r":
            ok &= np.abs(values) < 1
    if "mean_t" in c:
        ok &= (c["n_t"] >= 2) & (c["n_c"] >= 2)
    if "ci_low" in c:
        ok &= c["ci_low"] < c["ci_high"]
    return np.asarray((ok | (batch.include == 0)).all(axis=-1), dtype=np.float64)


def effects_of(batch: Batch, variant: Variant, inputs: Inputs) -> Effects:
    """y and v of every version of the inputs."""
    entry = MEASURES[variant.measure]
    columns, include = dict(batch.columns), batch.include
    counts: tuple[Array, ...] | None = None
    if inputs.kind in ("counts", "rates"):
        counts = tuple(columns[name] for name in KINDS[inputs.kind])
        if TRAITS[entry.code].uninformative and variant.double_zero != "keep":
            include = np.where(both_empty(columns), 0.0, include)
    rule = variant.zero_cells or ("none" if entry.code == "PETO" else TRAITS[entry.code].zero_cells)
    if rule and inputs.kind != "given":
        columns = adjust_zero_cells(columns, rule).columns
    options = {name: value for name, value in (("vtype", variant.vtype), ("j", variant.j)) if value}
    if inputs.rho is not None and takes_rho(entry.code):
        options["rho"] = inputs.rho  # type: ignore[assignment]
    with np.errstate(all="ignore"):
        if inputs.kind == "given":
            y, v = columns["y"], _given_variance(columns)
        else:
            y, v = entry.func(columns, **options)
    ok = valid(batch)[:, None] > 0
    y, v = np.where(ok, y, np.nan), np.where(ok, v, np.nan)
    return Effects(y, v, include, counts, _back(entry.scale))


def _given_variance(columns: dict[str, Array]) -> Array:
    from metaket.measures.generic import se_from_ci

    if "se" in columns:
        return np.asarray(columns["se"] ** 2)
    if "v" in columns:
        return columns["v"]
    return np.asarray(se_from_ci(np.minimum(columns["ci_low"], columns["ci_high"]), columns["ci_high"]) ** 2)


def _back(scale: str) -> Callable[[Array], Any]:
    """The scale's back-transformation; the exponential of a huge logarithm is infinite and no warning."""

    def back(values: Array) -> Any:
        with np.errstate(over="ignore", invalid="ignore"):
            return SCALES[scale].back(values)

    return back
