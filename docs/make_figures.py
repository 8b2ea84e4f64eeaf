"""Draw the figures of the README and of the gallery, and write the README's verdict table, from the data as they are.

A figure of the gallery is a file in ``gallery/code``: its docstring is the page's title and text, its code is shown on
the page and run here, and the Axes that it calls ``ax`` is the picture.
"""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path
from typing import Any

import metaket as mk

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "figures"
GALLERY = ROOT / "docs" / "gallery"
CODE = sorted((GALLERY / "code").glob("*.py"))
DPI = 110
ORDER = (
    *("forest_plain", "forest_revman", "forest_jama", "forest_bmj", "forest_subgroups", "forest_common_and_random"),
    *("forest_panels", "forest_together", "leave_one_out", "cumulative", "time_course", "joint_course", "rho_band"),
    *("funnel", "funnel_contours", "funnel_egger", "baujat", "labbe", "radial", "gosh", "influence_panel"),
    *(
        "normal_quantiles",
        "bubble",
        "drapery",
        "specification",
        "agreement",
        "rob_traffic_light",
        "rob_summary",
        "prisma",
    ),
)
FAVOURS = {"higher": ("placebo", "ketamine"), "lower": ("ketamine", "placebo")}


def draw() -> None:
    """The README's time course and forest plot."""
    FIGURES.mkdir(exist_ok=True)
    rep = mk.reproduce("han2016")
    course = mk.pool_over_time(rep.paper, outcome="depression", measure="SMD", tau2="DL", title="Depression score")
    mk.plots.save(mk.plots.time_course(course), FIGURES / "timecourse-depression", formats=("png",))
    joint = next(c.course for c in rep.courses if c.asked.id == "depression-course-wider")
    mk.plots.save(
        mk.plots.joint_course(joint, favours=FAVOURS["lower"]), FIGURES / "course-depression", formats=("png",)
    )
    found = rep.results["response-24h"]
    forest = mk.plots.forest(found.result, favours=FAVOURS[found.analysis.better])
    mk.plots.save(forest, FIGURES / "forest-response-24h", formats=("png",))
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    table = f"<!-- verdicts: made by docs/make_figures.py -->\n{verdict_table(rep)}\n<!-- /verdicts -->"
    text = re.sub(r"<!-- verdicts.*?<!-- /verdicts -->", lambda _: table, text, flags=re.DOTALL)
    readme.write_text(text, encoding="utf-8")


def verdict_table(rep: mk.Reproduction) -> str:
    """A Markdown table: who says what, what the data give, the verdict and its cause."""
    lines = ["| Who | Printed | Recomputed | Verdict | Cause |", "|---|---|---|---|---|"]
    for c in rep.comparisons:
        if c.quantity == "context":
            continue
        cells = (f"{c.by} `{c.id}`", c.printed, c.shown or "-", c.verdict, c.cause)
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines)


def words_of(path: Path) -> tuple[str, str]:
    """Title and text of a figure's page, from the docstring of its code."""
    title, _, text = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")
    return title.strip(), text.strip()


def page(path: Path) -> str:
    """The page of a figure, in reStructuredText."""
    title, text = words_of(path)
    picture = f".. image:: ../figures/gallery/{path.stem}.png\n   :alt: {title}\n   :width: 100%"
    lines = ast.parse(path.read_text(encoding="utf-8")).body[0].end_lineno or 0
    code = f".. literalinclude:: code/{path.name}\n   :language: python\n   :lines: {lines + 2}-\n"
    return f"{title}\n{'=' * len(title)}\n\n{text}\n\n{picture}\n\n{code}"


def index() -> str:
    """The gallery's own page: every figure small, with a link to its page."""
    known = {path.stem: path for path in CODE}
    names = [*(n for n in ORDER if n in known), *(n for n in known if n not in ORDER)]
    said = (
        "Every figure with the code that drew it, from Han 2016 and the bank. ``make figures`` draws all of them again."
    )
    lines = ["Gallery", "=======", "", said, "", ".. toctree::", "   :hidden:", "", *(f"   {n}" for n in names), ""]
    for name in names:
        title, _ = words_of(known[name])
        lines += [f":doc:`{title} <{name}>`", "", f".. image:: ../figures/gallery/{name}.png", f"   :alt: {title}",
                  f"   :target: {name}.html", "   :width: 45%", ""]  # fmt: skip
    return "\n".join(lines)


def draw_gallery() -> None:
    """Every figure of the gallery, and its page."""
    pictures = FIGURES / "gallery"
    pictures.mkdir(parents=True, exist_ok=True)
    for path in CODE:
        names: dict[str, Any] = runpy.run_path(str(path))
        mk.plots.save(names["ax"], pictures / path.stem, formats=("png",), dpi=DPI)
        (GALLERY / f"{path.stem}.rst").write_text(page(path), encoding="utf-8")
    (GALLERY / "index.rst").write_text(index(), encoding="utf-8")


if __name__ == "__main__":
    draw()
    draw_gallery()
