"""Risk of bias: summary

The share of each judgement among the trials of Han 2016 that Dean 2021 judged, domain by domain.
"""

import metaket as mk

rob = mk.risk_of_bias(mk.load("han2016").trials)
ax = mk.plots.rob_summary(rob, title="Risk of bias as judged in Dean 2021")
