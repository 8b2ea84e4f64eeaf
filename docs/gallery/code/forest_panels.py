"""Forest plots side by side

Han 2016, depression score: a panel for each time, with shared rows. A trial that lacks a time leaves its place empty.
"""

import metaket as mk

course = mk.pool_over_time(mk.load("han2016"), outcome="depression", measure="SMD", where={}, tau2="DL")
results = {point.label: point.result for point in course.points}
ax = mk.plots.forest_panels(results, title="Depression score, every sourced trial", favours=("ketamine", "control"))
