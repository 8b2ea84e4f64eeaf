"""Forest plot with subgroups

Each way of allocation has its studies, diamond and heterogeneity; the test between subgroups stands below. A further
column shows the latitude.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
ax = mk.plots.forest(result, subgroups="allocation", left=["latitude"], title="BCG, by allocation")
