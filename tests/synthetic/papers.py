"""Synthetic papers: trials, known settings, one planted slip or none, and what would then be printed.

The numbers are computed by `effect_sizes` and `pool`, one study table at a time, and not by the batches of `explain`.
Every paper prints what papers usually do (see `figures`): the pooled effect with its interval; mostly I2, Q, tau2, p
and the number of studies; sometimes a prediction interval; and the rows of its forest plot (effect, interval, sometimes
weight). A slip that changes nothing that is printed cannot be seen by anybody, so such papers are drawn again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

import metaket as mk
from metaket.errors import MetaketError
from tests.synthetic.data import DRAW, NAMES, draw_settings
from tests.synthetic.prints import Style, SyntheticPaper, draw_style, figures, forest_rows
from tests.synthetic.slips import PLANTS

TRIES = 400


def paper_without_slip(rng: np.random.Generator, kind: str) -> tuple[SyntheticPaper, Style]:
    """Data, settings, statement and print; drawn again where they do not go together."""
    while True:
        k = int(rng.integers(3, 21))
        table = DRAW[kind](rng, k)
        table.insert(0, "study", [f"{n} {int(y)}" for n, y in zip(NAMES, rng.integers(1990, 2020, k), strict=False)])
        settings, style = draw_settings(rng, kind), draw_style(rng)
        stated: dict[str, Any] = {"measure": settings.measure, "model": settings.model}
        if settings.model == "random":
            stated |= {p: getattr(settings, p) for p, chance in (("tau2", 0.6), ("test", 0.4)) if rng.random() < chance}
        try:
            printed, rows = figures(table, settings, style), forest_rows(table, settings, style)
        except MetaketError:
            continue
        return SyntheticPaper(kind, table, settings, stated, printed, rows), style


def synthetic_paper(seed: int, slip: str = "") -> SyntheticPaper:
    """The paper of a seed, with the slip of that code or none."""
    rng = np.random.default_rng(seed)
    for _ in range(TRIES):
        paper, style = paper_without_slip(rng, str(rng.choice(list(DRAW))))
        if not slip:
            return paper
        planted = PLANTS[slip](rng, replace(paper, slip=slip))
        if planted is None:
            continue
        try:
            printed = planted.reprint(figures(planted.table, planted.settings, style))
            rows = forest_rows(planted.table, planted.settings, style)
        except MetaketError:
            continue
        rows = {study: row for study, row in rows.items() if study in paper.rows}
        before = {**paper.printed, **paper.rows}
        seen = any(text != before.get(name, text) for name, text in {**printed, **rows}.items())
        if seen:
            return replace(paper, settings=planted.settings, stated=planted.stated, printed=printed, rows=rows,
                           slip=slip, needle=planted.needle)  # fmt: skip
    raise RuntimeError(f"no paper with the slip {slip!r} from seed {seed}")


def slip_of(seed: int) -> str:
    """One paper of five is without a slip, the others have one of each kind in turn."""
    codes = list(PLANTS)
    return codes[(seed - seed // 5 - 1) % len(codes)] if seed % 5 else ""


def synthetic_papers(count: int, start: int = 0, *, clean: bool = False) -> Iterator[SyntheticPaper]:
    """Papers of consecutive seeds; `clean` ones have no slip."""
    for seed in range(start, start + count):
        yield synthetic_paper(seed, "" if clean else slip_of(seed))


def ranked_first(paper: SyntheticPaper, found: mk.Explanation) -> bool:
    """Whether the planted slip is the likeliest cause.

    Slips that give the same inputs are one event and come as one cause with several names; any of them counts.
    """
    if found.cause is None:
        return False
    names = ((found.cause.code, found.cause.what), *found.cause.also)
    return any(code == paper.slip and paper.needle in words for code, words in names)


def settings_listed(paper: SyntheticPaper, found: mk.Explanation) -> bool:
    """Whether the true settings are in a class that explain lists."""
    return any(paper.truth in c for c in found.settings)


@dataclass(frozen=True)
class Outcome:
    """What explain made of one synthetic paper."""

    seed: int
    slip: str
    verdict: str
    right: bool  # true settings listed and no alarm; or the planted slip ranked first
    alone: bool  # no other candidate reproduces the print


def outcomes(count: int, start: int, *, forest: bool = True, clean: bool = False) -> list[Outcome]:
    """explain on `count` papers."""
    out = []
    for i, paper in enumerate(synthetic_papers(count, start, clean=clean)):
        found = paper.explained(forest=forest)
        if paper.slip:
            right = ranked_first(paper, found)
        else:
            right = found.verdict == "reproduced" and not found.causes and settings_listed(paper, found)
        out.append(Outcome(start + i, paper.slip, found.verdict, right, len(found.causes) == 1))
    return out


def rates(found: list[Outcome]) -> pd.DataFrame:
    """Per kind: papers, planted slip ranked first, of these without a rival."""
    frame = pd.DataFrame(found).assign(alone=lambda f: f["alone"] & f["right"])
    table = frame.groupby("slip", sort=False)[["right", "alone"]].sum()
    return table.assign(papers=frame.groupby("slip", sort=False).size())


if __name__ == "__main__":  # python -m tests.synthetic: the table of docs/explain.rst
    for rows in (True, False):
        print("with the rows of the forest plot" if rows else "\npooled figures alone")
        print(rates(outcomes(1000 if rows else 500, 0, forest=rows)).to_string())
