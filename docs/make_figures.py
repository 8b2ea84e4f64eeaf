"""Draw the figures of the README and write its verdict table, from the data as they are."""

from __future__ import annotations

import re
from pathlib import Path

import metaket as mk

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "figures"
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


if __name__ == "__main__":
    draw()
