"""``python -m metaket.cli`` is the console script ``metaket``."""

from metaket.cli.app import run

if __name__ == "__main__":
    run()
