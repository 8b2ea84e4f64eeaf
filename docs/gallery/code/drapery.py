"""Drapery plot

p-value functions: every interval of every study and of the pooled effect at once.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
ax = mk.plots.drapery(mk.p_value_function(result), title="BCG")
