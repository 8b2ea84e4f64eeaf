"""Printed against recomputed

Every printed claim of a paper beside what the data give, with the verdict.
"""

import metaket as mk

ax = mk.plots.agreement(mk.reproduce("berkey1995").comparisons)
