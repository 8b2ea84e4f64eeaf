"""GOSH plot

The pooled effect of every subset of the trials against its heterogeneity, with and without one trial.
"""

import metaket as mk

result = mk.reproduce("colditz1994").results["trials"].result
ax = mk.plots.gosh(mk.gosh(result), study="TPT Madras 1980", title="BCG: all subsets")
