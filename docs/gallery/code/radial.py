"""Radial plot

Galbraith's plot: the slope through 0 is the pooled effect.
"""

import metaket as mk

result = mk.reproduce("raudenbush1985").results["random"].result
ax = mk.plots.radial(result, title="Teacher expectancy")
