"""Whoever doubts a pooled result takes it apart here: each diagnostic is a batched call of the engine."""
