"""Files: written, the same twice, text as text, alt text inside; and nothing global is touched."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metaket.errors import InputError, UnknownChoiceError
from metaket.plots import agreement, alt_text, forest, save, specification_curve, time_course

MAGIC = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}


@pytest.fixture(params=["forest", "time_course", "specification_curve", "agreement"])
def draw(request: Any, bcg: Any, make_course: Any, make_curve: Any, make_claims: Any) -> Callable[..., Axes]:
    function, data = {
        "forest": (forest, bcg),
        "time_course": (time_course, make_course(4)),
        "specification_curve": (specification_curve, make_curve(20, families=("RR", "RD"))),
        "agreement": (agreement, make_claims(6)),
    }[request.param]
    return lambda **options: function(data, **options)  # type: ignore[operator]


def test_files_are_complete_and_the_same_twice(draw: Callable[..., Axes], tmp_path: Path) -> None:
    ax = draw()
    before = dict(mpl.rcParams)
    first = save(ax, tmp_path / "a" / "figure.v1", dpi=40)
    second = save(draw().figure, tmp_path / "b" / "figure.v1", ("svg", "png"), dpi=40)  # type: ignore[arg-type]
    assert [p.name for p in first] == ["figure.v1.svg", "figure.v1.pdf", "figure.v1.png"]
    assert all(p.read_bytes().startswith(MAGIC[p.suffix[1:]]) for p in first)
    assert [p.read_bytes() for p in (first[0], first[2])] == [p.read_bytes() for p in second]
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == sorted(p.name for p in first)
    assert dict(mpl.rcParams) == before
    _check_contents(ax, *(p.read_bytes() for p in first))


def _check_contents(ax: Axes, svg: bytes, pdf: bytes, png: bytes) -> None:
    """Text is text, the alt text is in each file, and no file has a date."""
    words = alt_text(ax)
    assert len(words) > 60
    shown = [t.get_text() for t in ax.texts if t.get_text().replace(" ", "").isalnum()]
    assert len(shown) > 3
    assert all(f">{text}</text>" in svg.decode() for text in shown)
    assert words.split(". ")[0][:60] in svg.decode()
    assert b"<dc:date>" not in svg
    assert b"/FontFile2" in pdf  # TrueType outlines, with the letters' codes
    assert b"/Type3" not in pdf
    assert b"CreationDate" not in pdf
    assert words[:20].encode("latin-1", "replace") in png


def test_pdf_is_the_same_twice(bcg: Any, tmp_path: Path) -> None:
    one, two = (save(forest(bcg), tmp_path / name, "pdf")[0].read_bytes() for name in "ab")
    assert one == two


def test_settings_of_the_user_do_not_leak_in(draw: Callable[..., Axes], tmp_path: Path) -> None:
    plain = save(draw(), tmp_path / "plain", "svg")[0]
    theirs = {"font.size": 20, "font.family": "serif", "text.color": "red", "axes.facecolor": "0.2",
              "lines.marker": "o", "axes.grid": True, "figure.facecolor": "0.1", "savefig.bbox": "tight",
              "axes.linewidth": 5,
              "lines.linestyle": "--", "figure.constrained_layout.use": True, "savefig.transparent": True,
              "axes.unicode_minus": False, "scatter.marker": "x", "patch.linewidth": 9}  # fmt: skip
    with mpl.rc_context(theirs):  # type: ignore[arg-type]
        styled = save(draw(), tmp_path / "styled", "svg")[0]
    # names of clip paths are hashes of rectangles and differ with the last bit
    same = [re.sub("p[0-9a-f]{10}", "", path.read_text(encoding="utf-8")) for path in (plain, styled)]
    assert same[0] == same[1]


def test_a_title_set_by_hand_is_not_cut(bcg: Any, tmp_path: Path) -> None:
    def height(path: Path) -> int:
        return int.from_bytes(path.read_bytes()[20:24], "big")

    ax = forest(bcg)
    plain = save(ax, tmp_path / "plain", "png", dpi=20)[0]
    ax.set_title("by hand")
    assert height(save(ax, tmp_path / "titled", "png", dpi=20)[0]) > height(plain)


def test_bad_arguments_are_named(bcg: Any, tmp_path: Path) -> None:
    ax = forest(bcg)
    with pytest.raises(UnknownChoiceError, match=r"unknown figure format 'svgz'.*Did you mean svg"):
        save(ax, tmp_path / "x", ("svgz",))
    with pytest.raises(InputError, match="formats is empty"):
        save(ax, tmp_path / "x", ())
    with pytest.raises(InputError, match="dpi must be above 0, got 0"):
        save(ax, tmp_path / "x", dpi=0)
    with pytest.raises(InputError, match="save takes an Axes or a Figure, got str"):
        save("figure", tmp_path / "x")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_nothing(bcg: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Figure, path: Path, **options: Any) -> None:
        Path(path).write_text("half")
        raise OSError("disk full")

    ax = forest(bcg)
    monkeypatch.setattr(Figure, "savefig", broken)
    with pytest.raises(OSError, match="disk full"):
        save(ax, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_figures_of_others_have_no_alt_text() -> None:
    assert alt_text(Figure().add_subplot()) == ""


def test_loading_and_drawing_need_no_pyplot() -> None:
    code = (
        "import sys, metaket as mk, metaket.plots as p; "
        "assert not {'matplotlib', 'pandas'} & set(sys.modules), 'loading'; "
        "from metaket.plots.forest import forest_layout; "
        "p.forest(mk.pool([.1, .2], [.1, .1])); "
        "assert 'matplotlib.pyplot' not in sys.modules, 'drawing'; "
        "assert callable(mk.plots.forest) and callable(mk.plots.time_course) and callable(mk.plots.agreement)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
