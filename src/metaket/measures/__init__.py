"""Named columns -> (y, v). Importing a family's module here puts its measures into the registry."""

from metaket.measures import binary, correlation, generic, means, paired, proportion, rate

__all__ = ["binary", "correlation", "generic", "means", "paired", "proportion", "rate"]
