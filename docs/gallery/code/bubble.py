"""Bubble plot of a meta-regression

BCG by latitude, with the interval of the line and that of a new trial.
"""

import metaket as mk

effects = mk.reproduce("colditz1994").results["trials"].result.effects
regression = mk.pool(effects, moderators=["latitude"])
ax = mk.plots.bubble(regression, "latitude", prediction=True, named=3, title="BCG by latitude")
