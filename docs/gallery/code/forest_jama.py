"""Forest plot, jama style

The same result in another look. A style is a frozen record in ``metaket.plots.FOREST_STYLES``; change a part of it by
``dataclasses.replace``.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
ax = mk.plots.forest(result, style="jama", title="BCG against tuberculosis", favours=("BCG", "no BCG"))
