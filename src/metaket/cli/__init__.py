"""The command line: one file a group of commands, argument parsing only."""

from metaket.cli import papers, pool, recover
from metaket.cli.app import app, main, run

__all__ = ["app", "main", "papers", "pool", "recover", "run"]
