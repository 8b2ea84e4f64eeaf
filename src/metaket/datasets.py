"""Find and list the paper folders: those that come with the package, and any folder of the user's."""

from __future__ import annotations

from pathlib import Path

from metaket._registry import unknown_choice
from metaket.errors import InputError

__all__ = ["data_root", "find_paper", "list_papers"]


def data_root() -> Path:
    """The folder of the papers that come with metaket: inside the installed package, or in the checkout."""
    installed = Path(__file__).parent / "_data"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "data"


def list_papers() -> tuple[str, ...]:
    """Keys of the papers that come with metaket, sorted.

    Examples
    --------
    >>> import metaket as mk
    >>> "han2016" in mk.list_papers()
    True
    """
    root = data_root()
    if not root.is_dir():
        return ()
    return tuple(sorted(p.name for p in root.iterdir() if (p / "paper.toml").is_file()))


def find_paper(key: str | Path) -> Path:
    """The folder of a key, or of a path to a folder that holds a paper.toml.

    Raises
    ------
    UnknownChoiceError
        No such key, with the nearest one named.
    InputError
        The folder has no paper.toml.
    """
    text = str(key)
    if isinstance(key, str) and text in list_papers():
        return data_root() / text
    folder = Path(key)
    if folder.is_dir():
        if (folder / "paper.toml").is_file():
            return folder
        raise InputError(f"{folder} has no paper.toml; a paper folder needs paper.toml and outcomes.csv")
    if isinstance(key, Path) or "/" in text or "\\" in text:
        raise InputError(f"no folder {folder}")
    raise unknown_choice("paper", text, list_papers())
