"""Effect sizes in, pooled results out. Importing a model's module here puts it into the registry of models."""

from metaket.pooling import glmm, mantel_haenszel, peto, pool

__all__ = ["glmm", "mantel_haenszel", "peto", "pool"]
