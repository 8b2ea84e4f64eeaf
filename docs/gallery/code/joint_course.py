"""Joint model over time

Each time alone, all times in one model, and the curve between them.
"""

import metaket as mk

course = mk.pool_over_time(
    mk.load("han2016"), outcome="depression", measure="SMD", where={}, model="joint", title="How long does it last?"
)
ax = mk.plots.joint_course(course, favours=("ketamine", "control"))
