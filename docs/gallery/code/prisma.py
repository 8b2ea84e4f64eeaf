"""PRISMA 2020 flow diagram

How records became included studies. The numbers are made up; what is not known stays blank, and numbers that do not
add up give a warning.
"""

import metaket as mk

counts = {
    "databases": 812,
    "registers": 41,
    "duplicates": 203,
    "screened": 650,
    "excluded": 571,
    "sought": 79,
    "not_retrieved": 4,
    "assessed": 75,
    "studies": 12,
    "reports": 14,
}
ax = mk.plots.prisma(counts, reasons={"no control arm": 38, "other population": 23}, title="A made-up search")
