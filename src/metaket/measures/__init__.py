"""Named columns -> (y, v). Importing a family's module here puts its measures into the registry."""

from metaket.measures import (
    binary,
    correlation,
    generic,
    matched,
    means,
    paired,
    proportion,
    rate,
    ratio,
    single,
)

__all__ = [
    "binary",
    "correlation",
    "generic",
    "matched",
    "means",
    "paired",
    "proportion",
    "rate",
    "ratio",
    "single",
]
