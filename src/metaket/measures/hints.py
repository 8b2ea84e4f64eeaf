"""What to do with a table that has not got a measure's columns, but other numbers that papers print."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

__all__ = ["HINTS", "Hint", "hint_for"]

ARMS = ("_t", "_c")
QUANTILES = {
    "median",
    "q1",
    "q3",
    "iqr",
    "iqr_low",
    "iqr_high",
    "p25",
    "p75",
    "min",
    "max",
    "minimum",
    "maximum",
    "range",
}
# Names of effects -> the measure that they are of (empty: the one asked for), on the scale that is pooled.
PLAIN = dict.fromkeys(("y", "yi", "effect", "effect_size", "estimate", "es", "te"), "")
PLAIN |= dict.fromkeys(("md", "wmd", "mean_difference", "mean_diff"), "MD")
PLAIN |= dict.fromkeys(("smd", "d", "g", "cohens_d", "hedges_g"), "SMD")
PLAIN |= dict.fromkeys(("rd", "risk_difference"), "RD")
PLAIN |= {f"{log}{ratio}": ratio.upper() for log in ("log", "log_", "ln") for ratio in ("or", "rr", "irr")}
RATIOS = {"or": "OR", "odds_ratio": "OR", "rr": "RR", "risk_ratio": "RR", "relative_risk": "RR", "irr": "IRR"}
RATIOS |= {"rate_ratio": "IRR", "hr": "GEN", "hazard_ratio": "GEN"}
EFFECTS = PLAIN | RATIOS
LOW = ("ci_low", "lower", "low", "ci_lower", "lcl", "ll", "lci", "ci_lb", "lower_ci")
HIGH = ("ci_high", "upper", "high", "ci_upper", "ucl", "ul", "uci", "ci_ub", "upper_ci")
SPREADS = {
    "v": ("v", "vi", "var", "variance"),
    "se": ("se", "sei", "std_error", "standard_error", "sete"),
    "p": ("p", "pval", "p_value", "pvalue"),
}
NEED_SD = {"sd_t", "sd_c", "sd"}
NEED_CELLS = {"events_t", "events_c"}
METAFOR_CELLS = {
    "ai",
    "bi",
    "ci",
    "di",
    "n1i",
    "n2i",
    "x1i",
    "x2i",
    "m1i",
    "m2i",
    "sd1i",
    "sd2i",
    "xi",
    "ni",
    "ri",
    "mi",
}


@dataclass(frozen=True, slots=True)
class Table:
    """The names of a table.

    Attributes
    ----------
    measure : str
        The code of the measure asked for.
    missing : collection of str
        Columns that the measure needs and the table lacks, under our names.
    named : dict of str to str
        The table's columns: in small letters, with ``_`` for blanks and dots -> as they stand.
    """

    measure: str
    missing: Collection[str]
    named: dict[str, str]

    def first(self, *choices: str) -> str:
        """The first of `choices` that the table has, as it stands there; empty if there is none."""
        return next((self.named[c] for c in choices if c in self.named), "")

    def stems(self) -> set[str]:
        """The columns without the ending of an arm."""
        return {name.removesuffix(next((a for a in ARMS if name.endswith(a)), "")) for name in self.named}


@dataclass(frozen=True, slots=True)
class Hint:
    """One way out.

    Attributes
    ----------
    code : str
    say : callable
        The sentence for a table, empty where the hint is of no use.
    """

    code: str
    say: Callable[[Table], str]


def _metafor(t: Table) -> str:
    if len(METAFOR_CELLS & set(t.named)) < 2:
        return ""
    return "These look like metafor's names: columns='metafor' (--column metafor) reads them."


def _quantiles(t: Table) -> str:
    given = QUANTILES & t.stems()
    if not (NEED_SD & set(t.missing) and ("median" in given or len(given) > 1)):
        return ""
    return (
        "mk.complete_means(data) finds means and standard deviations from columns median_t q1_t q3_t min_t max_t n_t, "
        "and the same with _c or without an ending (one formula by itself: mk.conversions.mean_sd_luo_wan_shi, "
        "mean_sd_wan, mean_sd_quantile_estimation, mean_sd_box_cox)."
    )


def _sd(t: Table) -> str:
    arms = {f"{name}{arm}" for name in ("se", "ci_low", "lower") for arm in ARMS} & set(t.named)
    one = {"se", "ci_low"} & set(t.named) if "mean" in t.named else set()
    if not (NEED_SD & set(t.missing) and (arms or one)):
        return ""
    return (
        "mk.complete_means(data) finds standard deviations from columns se_t, or ci_low_t and ci_high_t, with n_t, and "
        "the same with _c or without an ending (one formula by itself: mk.conversions.sd_from_se, sd_from_interval)."
    )


def _cells(t: Table) -> str:
    given = {"or", "odds_ratio", "rr", "risk_ratio", "phi", "chi2", "chi_square"} & set(t.named)
    if not (given and NEED_CELLS & set(t.missing) and {"n_t", "n_c", "events"} <= set(t.named)):
        return ""
    return (
        "mk.complete_counts(data) finds the events of each arm from columns n_t n_c events and one of odds_ratio "
        "risk_ratio phi chi2 (one formula by itself: mk.conversions.cells_from_odds_ratio, cells_from_risk_ratio, "
        "cells_from_phi, cells_from_chi_square)."
    )


def _statistics(t: Table) -> str:
    given = t.first("t", "f", "d", "cohens_d", "r")
    if t.measure not in ("SMD", "SMD1") or not given or not {"n_t", "n_c"} <= set(t.named):
        return ""
    by = {"t": "d_from_t", "f": "d_from_f", "r": "d_from_r"}.get(given.strip().lower())
    first = f"mk.conversions.{by}({given}, n_t, n_c)['d'] gives d; then" if by else f"{given} is enough:"
    return f"{first} mean_t = d, mean_c = 0, sd_t = sd_c = 1 with n_t and n_c make {t.measure} and its variance."


def _effects(t: Table) -> str:
    effect = t.first(*EFFECTS)
    precision = _precision(t)
    if not effect or not precision:
        return ""
    key = next(k for k, c in t.named.items() if c == effect)
    measure = EFFECTS[key] or t.measure
    logged = {"y", "ci_low", "ci_high"} if key in RATIOS else set()
    pairs = {"y": effect, **precision}
    call = ", ".join(f"{n}=np.log(data[{c!r}])" if n in logged else f"{n}={c!r}" for n, c in pairs.items())
    kind = next(iter(precision))
    by = "" if kind == "v" else f" (mk.conversions.variance_from_{'interval' if kind == 'ci_low' else kind})"
    scale = " v and se must be those of the logarithm." if key in RATIOS and kind in ("v", "se") else ""
    flags = "" if key in RATIOS else "".join(f" --column {n}={c}" for n, c in pairs.items() if n != c)
    line = "" if key in RATIOS else f" On the command line: --measure GEN{flags}."
    return f"The table holds effects, not arms: mk.generic(data=data, {call}, measure={measure!r}){by}.{scale}{line}"


def _precision(t: Table) -> dict[str, str]:
    """Our names -> the columns of an interval, or else of the first other thing that gives a variance."""
    low, high = t.first(*LOW), t.first(*HIGH)
    if low and high:
        return {"ci_low": low, "ci_high": high}
    return next(({name: c} for name, choices in SPREADS.items() if (c := t.first(*choices))), {})


HINTS = (
    Hint("metafor", _metafor),
    Hint("quantiles", _quantiles),
    Hint("sd", _sd),
    Hint("cells", _cells),
    Hint("statistics", _statistics),
    Hint("effects", _effects),
)


def hint_for(measure: str, missing: Collection[str], columns: Collection[str]) -> str:
    """The first hint that fits; empty if none does."""
    named = {str(c).strip().lower().replace(" ", "_").replace(".", "_"): str(c) for c in columns}
    table = Table(measure, missing, named)
    return next((said for hint in HINTS if (said := hint.say(table))), "")
