"""Two models in one forest plot

The diamonds of the common-effect and of the random-effects model, each with its weights.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
common = mk.pool(result.effects, model="common")
ax = mk.plots.forest(result, also=common, title="BCG: random and common effects")
