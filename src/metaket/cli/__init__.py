"""The command line: one file a group of commands, argument parsing only."""

from metaket.cli import bias, diagnose, explain, new, papers, pool, recover
from metaket.cli.app import app, main, run

__all__ = ["app", "bias", "diagnose", "explain", "main", "new", "papers", "pool", "recover", "run"]
