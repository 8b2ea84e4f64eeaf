"""Effects over time: one pooled result per time point, and one model for all of them."""

from metaket.timecourse.course import JointCourse
from metaket.timecourse.curve import TimeCurve
from metaket.timecourse.joint import JointFit, TimeTest
from metaket.timecourse.over_rho import RhoBand
from metaket.timecourse.pool import pool_over_time
from metaket.timecourse.separate import TimeCourse, TimePoint, patients, pool_selection, time_label

__all__ = [
    "JointCourse",
    "JointFit",
    "RhoBand",
    "TimeCourse",
    "TimeCurve",
    "TimePoint",
    "TimeTest",
    "patients",
    "pool_over_time",
    "pool_selection",
    "time_label",
]
