"""Effect sizes in, pooled results out. Importing a model's module here puts it into the registry of models."""

from metaket.pooling import pool

__all__ = ["pool"]
