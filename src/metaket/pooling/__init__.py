"""Effect sizes in, pooled results out. Importing a model's module here puts it into the registry of models."""

from metaket.pooling import mantel_haenszel, peto, pool

__all__ = ["mantel_haenszel", "peto", "pool"]
