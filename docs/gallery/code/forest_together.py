"""Several estimates a row

The same three times in one panel, told apart by marker and colour.
"""

import metaket as mk

course = mk.pool_over_time(mk.load("han2016"), outcome="depression", measure="SMD", where={}, tau2="DL")
results = {point.label: point.result for point in course.points}
ax = mk.plots.forest_panels(results, together=True, title="Depression score", favours=("ketamine", "control"))
