"""Normal quantile plot

Studentised residuals with simulated envelopes, of each point and of all of them together.
"""

import metaket as mk

result = mk.reproduce("raudenbush1985").results["random"].result
ax = mk.plots.normal_quantiles(mk.normal_quantiles(result), title="Teacher expectancy")
