"""Risk of bias: traffic light

Han 2016's trials as Dean 2021 (a Cochrane review) judged them; the sign in a dot says the judgement without colour.
Where none could be sourced there is no dot.
"""

import metaket as mk

rob = mk.risk_of_bias(mk.load("han2016").trials)
ax = mk.plots.rob_traffic_light(rob, title="Risk of bias as judged in Dean 2021")
