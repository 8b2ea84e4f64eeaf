"""Rows of outcomes.csv: which of them enter a pool, and the effect of each.

`select` filters rows by any column of outcomes.csv or trials.csv, by status and by variant, and says of every study
that is left out why. `row_effects` turns the chosen rows into `EffectSizes`, whatever a row gives: counts, means, a
difference with an interval, or a standardised difference. An input printed as a range gives two sets, one an end.
"""

from metaket.outcomes.effects import FormOfRow, effect_arrays, form_of, row_effects
from metaket.outcomes.select import NUMBERS, SOURCED, STATUSES, Left, Rules, Selection, join_trials, matching, select

__all__ = [
    "NUMBERS",
    "SOURCED",
    "STATUSES",
    "FormOfRow",
    "Left",
    "Rules",
    "Selection",
    "effect_arrays",
    "form_of",
    "join_trials",
    "matching",
    "row_effects",
    "select",
]
