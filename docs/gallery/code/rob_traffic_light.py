"""Risk of bias: traffic light

A dot for each study and domain; the sign in it says the judgement without colour. These judgements are made up: for Han
2016 none could be sourced.
"""

import pandas as pd

import metaket as mk

judged = pd.DataFrame(
    {
        "study": ["Adams", "Brown", "Chen", "Diaz", "Evans"],
        "rob2_d1": ["low", "low", "some concerns", "low", "high"],
        "rob2_d2": ["low", "some concerns", "low", "low", "some concerns"],
        "rob2_d3": ["low", "low", "low", "high", "low"],
        "rob2_d4": ["some concerns", "low", "low", "low", "low"],
        "rob2_d5": ["low", "low", "some concerns", "low", ""],
        "rob2_overall": ["some concerns", "some concerns", "some concerns", "high", "high"],
    }
)
ax = mk.plots.rob_traffic_light(mk.risk_of_bias(judged), title="Made-up judgements")
