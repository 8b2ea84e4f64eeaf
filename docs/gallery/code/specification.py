"""Specification curve

The same question under every combination of the choices that the paper leaves open.
"""

import metaket as mk
from metaket.reproduction.specification import specification_curve

paper = mk.load("han2016")
ax = mk.plots.specification_curve(specification_curve(paper, paper.analysis("depression-24h")))
