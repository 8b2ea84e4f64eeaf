"""Baujat plot

Who makes the heterogeneity, and who moves the result.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
ax = mk.plots.baujat(mk.baujat(result), title="BCG")
