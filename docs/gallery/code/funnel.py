"""Funnel plot

Precise studies at the top. Without bias and heterogeneity 95 % of them would lie inside the lines.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
ax = mk.plots.funnel(result, title="BCG")
