"""The command line: one file a group of commands, argument parsing only."""

from metaket.cli import explain, new, papers, pool, recover
from metaket.cli.app import app, main, run

__all__ = ["app", "explain", "main", "new", "papers", "pool", "recover", "run"]
