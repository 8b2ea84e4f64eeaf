"""Influence panel

Eight measures of what each study does to the result, with the limits beyond which it counts.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
ax = mk.plots.influence_panel(mk.influence(result), title="BCG")
