"""Figures. Each is a layout (numbers and text, no matplotlib) that is then drawn on an Axes.

matplotlib is imported when a figure is drawn. The modules themselves are light and imported here at once: a function
that is loaded later would be hidden by the module of the same name.
"""

from metaket.plots._save import alt_text, save
from metaket.plots.agreement import agreement, agreement_layout
from metaket.plots.bubble import bubble, bubble_layout
from metaket.plots.forest import FOREST_STYLES, ForestStyle, forest, forest_layout
from metaket.plots.forest_panels import forest_panels, forest_panels_layout
from metaket.plots.forest_refits import forest_refits, forest_refits_layout
from metaket.plots.funnel import funnel, funnel_layout
from metaket.plots.joint_course import joint_course, joint_course_layout
from metaket.plots.prisma import prisma, prisma_layout
from metaket.plots.rho_band import rho_band, rho_band_layout
from metaket.plots.rob import rob_summary, rob_summary_layout, rob_traffic_light, rob_traffic_light_layout
from metaket.plots.scatter import (
    baujat,
    baujat_layout,
    labbe,
    labbe_layout,
    normal_quantiles,
    normal_quantiles_layout,
    radial,
    radial_layout,
)
from metaket.plots.specification import specification_curve, specification_layout
from metaket.plots.subsets import (
    drapery,
    drapery_layout,
    gosh,
    gosh_layout,
    influence_panel,
    influence_panel_layout,
)
from metaket.plots.time_course import time_course, time_course_layout

__all__ = [
    "FOREST_STYLES",
    "ForestStyle",
    "agreement",
    "agreement_layout",
    "alt_text",
    "baujat",
    "baujat_layout",
    "bubble",
    "bubble_layout",
    "drapery",
    "drapery_layout",
    "forest",
    "forest_layout",
    "forest_panels",
    "forest_panels_layout",
    "forest_refits",
    "forest_refits_layout",
    "funnel",
    "funnel_layout",
    "gosh",
    "gosh_layout",
    "influence_panel",
    "influence_panel_layout",
    "joint_course",
    "joint_course_layout",
    "labbe",
    "labbe_layout",
    "normal_quantiles",
    "normal_quantiles_layout",
    "prisma",
    "prisma_layout",
    "radial",
    "radial_layout",
    "rho_band",
    "rho_band_layout",
    "rob_summary",
    "rob_summary_layout",
    "rob_traffic_light",
    "rob_traffic_light_layout",
    "save",
    "specification_curve",
    "specification_layout",
    "time_course",
    "time_course_layout",
]
