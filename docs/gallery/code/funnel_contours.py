"""Contour-enhanced funnel with trim and fill

Zones of significance about no effect. Filled studies are hollow: a sensitivity analysis, not data.
"""

import metaket as mk

result = mk.reproduce("raudenbush1985").results["random"].result
ax = mk.plots.funnel(result, contours=True, filled=mk.trim_and_fill(result), title="Teacher expectancy")
