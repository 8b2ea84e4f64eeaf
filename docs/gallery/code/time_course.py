"""Time course

Han 2016: one pooled effect a time, with trials and patients under it. No line joins the times.
"""

import metaket as mk

course = mk.pool_over_time(mk.load("han2016"), outcome="depression", measure="SMD", tau2="DL", title="Depression score")
ax = mk.plots.time_course(course, favours=("ketamine", "control"))
