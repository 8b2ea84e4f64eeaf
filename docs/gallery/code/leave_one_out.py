"""Leave-one-out forest

The pooled effect without each study: one batched fit.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
ax = mk.plots.forest_refits(mk.leave_one_out(result), title="BCG, leaving one trial out")
