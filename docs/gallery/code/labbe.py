"""L'Abbe plot

Rates of the two arms against each other; the line is the pooled effect.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
ax = mk.plots.labbe(result.effects, pooled=result, named=3, title="BCG")
