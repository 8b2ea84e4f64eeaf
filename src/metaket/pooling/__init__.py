"""Effect sizes in, pooled results out."""
