"""How much depends on rho

The joint model at every correlation that could have been assumed.
"""

import metaket as mk

course = mk.pool_over_time(mk.load("han2016"), outcome="depression", measure="SMD", where={}, model="joint")
ax = mk.plots.rho_band(course.over_rho(), title="The assumed correlation of two times")
