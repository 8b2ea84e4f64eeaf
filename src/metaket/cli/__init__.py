"""The command line: one file a group of commands, argument parsing only."""

from metaket.cli import explain, papers, pool, recover
from metaket.cli.app import app, main, run

__all__ = ["app", "explain", "main", "papers", "pool", "recover", "run"]
