"""Forest plot

Colditz 1994: BCG against tuberculosis. The area of a square is its weight; the diamond is the pooled effect, the line
through it the prediction interval.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
ax = mk.plots.forest(result, title="BCG against tuberculosis", favours=("BCG", "no BCG"))
