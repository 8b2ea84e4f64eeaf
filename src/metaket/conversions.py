"""Numbers that papers print, turned into what a measure needs. Each conversion records itself in a `Conversion`.

``metaket.complete_means`` and ``metaket.complete_counts`` apply them to a table; ``metaket.mean_sd_from_quantiles``
chooses among them by what is printed.
"""

from __future__ import annotations

from metaket.measures.convert import (
    Conversion,
    variance_from_interval,
    variance_from_p,
    variance_from_se,
    variance_from_t,
    variance_from_z,
)
from metaket.measures.convert_d import (
    d_from_f,
    d_from_odds_ratio,
    d_from_r,
    d_from_t,
    f_from_d,
    odds_ratio_from_d,
    r_from_d,
    t_from_d,
)
from metaket.measures.convert_means import (
    mean_sd_luo_wan_shi,
    mean_sd_wan,
)
from metaket.measures.convert_quantiles import (
    mean_sd_box_cox,
    mean_sd_quantile_estimation,
)
from metaket.measures.convert_sd import sd_from_difference, sd_from_interval, sd_from_se
from metaket.measures.convert_tables import (
    cells_from_chi_square,
    cells_from_odds_ratio,
    cells_from_phi,
    cells_from_risk_ratio,
)

__all__ = [
    "Conversion",
    "cells_from_chi_square",
    "cells_from_odds_ratio",
    "cells_from_phi",
    "cells_from_risk_ratio",
    "d_from_f",
    "d_from_odds_ratio",
    "d_from_r",
    "d_from_t",
    "f_from_d",
    "mean_sd_box_cox",
    "mean_sd_luo_wan_shi",
    "mean_sd_quantile_estimation",
    "mean_sd_wan",
    "odds_ratio_from_d",
    "r_from_d",
    "sd_from_difference",
    "sd_from_interval",
    "sd_from_se",
    "t_from_d",
    "variance_from_interval",
    "variance_from_p",
    "variance_from_se",
    "variance_from_t",
    "variance_from_z",
]
