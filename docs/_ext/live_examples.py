"""Examples that run when the docs are built: what stands under them is what comes out.

`.. run-python::` runs Python and shows what it prints; a page's blocks share their names. `.. run-metaket::` runs
lines such as ``$ metaket list`` and shows output, messages and exit code. `.. written-file:: NAME` writes a file for
both. All of a page runs in one empty folder. `.. command-helps::` shows the help of every command.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from metaket.cli import app, main

__all__ = ["setup"]

WIDTH = "100"


class _Page:
    """The folder and the names that the examples of one page share."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.names: dict[str, Any] = {"__name__": "__main__", "DOCS": str(Path(__file__).parents[1])}


_pages: dict[str, _Page] = {}


@contextlib.contextmanager
def _inside(page: _Page) -> Iterator[io.StringIO]:
    """Standard output and errors caught, in the page's folder, at a fixed width and without colours."""
    caught = io.StringIO()
    before = {name: os.environ.get(name) for name in ("COLUMNS", "NO_COLOR")}
    os.environ.update(COLUMNS=WIDTH, NO_COLOR="1")
    try:
        with (
            contextlib.chdir(page.folder.name),
            contextlib.redirect_stdout(caught),
            contextlib.redirect_stderr(caught),
        ):
            yield caught
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class _Live(SphinxDirective):
    has_content = True

    @property
    def page(self) -> _Page:
        self.env.note_reread()  # the output may change although the page does not
        return _pages.setdefault(self.env.docname, _Page())

    def block(self, text: str, language: str) -> nodes.literal_block:
        node = nodes.literal_block(text, text, language=language, classes=[f"live-{language}"])
        self.set_source_info(node)
        return node


class RunPython(_Live):
    """Run the content; an exception other than the named one is an error of the build."""

    option_spec: ClassVar[dict[str, Any]] = {"raises": directives.unchanged, "hide": directives.flag}

    def run(self) -> list[nodes.Node]:
        source = "\n".join(self.content)
        expected = self.options.get("raises", "")
        with _inside(self.page) as caught:
            try:
                exec(compile(source, f"<{self.env.docname}>", "exec"), self.page.names)
            except Exception as error:  # any kind: it is shown where expected, and reported where not
                if type(error).__name__ != expected:
                    raise self.error(f"the example raises {type(error).__name__}: {error}") from error
                caught.write(f"{type(error).__name__}: {error}\n")
            else:
                if expected:
                    raise self.error(f"the example does not raise {expected}")
        shown = [] if "hide" in self.options else [self.block(source, "python")]
        text = caught.getvalue().rstrip()
        return [*shown, self.block(text, "text")] if text else [*shown]


class RunMetaket(_Live):
    """Run the content, one command a line, and show what a terminal would."""

    option_spec: ClassVar[dict[str, Any]] = {"head": directives.positive_int, "exit": directives.nonnegative_int}

    def run(self) -> list[nodes.Node]:
        out = []
        for line in self.content:
            words = shlex.split(line.removeprefix("$ "))
            if words[:1] != ["metaket"]:
                raise self.error(f"not a metaket command: {line}")
            with _inside(self.page) as caught:
                code = main(words[1:])
            if code != self.options.get("exit", 0):
                raise self.error(f"{line} ends with exit code {code}: {caught.getvalue()}")
            text = [f"$ {shlex.join(words)}", *self._shortened(caught.getvalue().rstrip().splitlines())]
            out.append(self.block("\n".join([*text, f"[exit code {code}]"] if code else text), "text"))
        return out

    def _shortened(self, lines: list[str]) -> list[str]:
        head = self.options.get("head", len(lines))
        return lines if len(lines) <= head else [*lines[:head], f"... ({len(lines) - head} more lines)"]


class CommandHelps(_Live):
    """A heading and the help text for each command that there is."""

    def run(self) -> list[nodes.Node]:
        out: list[nodes.Node] = []
        for command in app.registered_commands:
            with _inside(self.page) as caught:
                main([str(command.name), "--help"])
            section = nodes.section(ids=[nodes.make_id(f"help-{command.name}")])
            section += [nodes.title(text=f"{command.name}"), self.block(caught.getvalue().strip(), "text")]
            out.append(section)
        return out


class WrittenFile(_Live):
    """`.. written-file:: trials.csv`: show the content and write it into the page's folder."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content)
        path = Path(self.page.folder.name) / self.arguments[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
        caption = nodes.paragraph("", "", nodes.literal(text=self.arguments[0]), classes=["file-name"])
        return [caption, self.block(text, "text")]


def _finish(sphinx: Any, error: Exception | None) -> None:
    del sphinx, error
    for page in _pages.values():
        page.folder.cleanup()
    _pages.clear()


def setup(sphinx: Any) -> dict[str, Any]:
    sphinx.add_directive("run-python", RunPython)
    sphinx.add_directive("run-metaket", RunMetaket)
    sphinx.add_directive("written-file", WrittenFile)
    sphinx.add_directive("command-helps", CommandHelps)
    sphinx.connect("build-finished", _finish)
    return {"version": "1", "parallel_read_safe": False}
