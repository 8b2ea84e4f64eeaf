"""Funnel with Egger's line

The regression of the effect on its standard error, with the reasons not to trust it below.
"""

import metaket as mk

result = mk.reproduce("hackshaw1997").results["all"].result
ax = mk.plots.funnel(result, egger=mk.egger(result), title="Passive smoking and lung cancer")
