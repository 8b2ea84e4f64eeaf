"""Cumulative forest

The pooled effect as trials come in, here from the equator outwards.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
ax = mk.plots.forest_refits(mk.cumulative(result, by="latitude"), title="BCG, cumulative by latitude")
