"""Named columns -> (y, v). Importing a family's module here puts its measures into the registry."""

from metaket.measures import binary, generic, means

__all__ = ["binary", "generic", "means"]
